"""Sources: opened by their first use, told apart, forgotten."""

from __future__ import annotations

import pytest

from mockseg.errors import OperationError


@pytest.fixture
def few(monkeypatch):
    """Let a server remember three sources only."""
    monkeypatch.setattr("mockseg.hub.sources.MAX_SOURCES", 3)


async def keys(machine):
    """Give the open sources, the longest idle first, and how many were forgotten."""
    listed = await machine.perform("list_sources")
    return [source.write_key for source in listed.sources], listed.forgotten


async def test_any_key_opens_its_source(machine):
    """The first call opens it, with the server's settings."""
    machine.track("any key \u00e9")
    source = await machine.perform("get_source", writeKey="any key \u00e9")
    assert (source.edge, source.dedup, source.error_body) == ("2026", "source", "edge")
    assert (source.calls, source.name) == (1, "")
    assert source.created_at == "2026-01-31T12:00:00.000Z"


async def test_sources_are_counted_when_asked_for(machine):
    """Good and bad calls and refused requests of each; nothing without asking."""
    machine.batch({"type": "track", "event": "E"}, {"type": "page", "userId": "u"}, key="a")
    machine.send("/v1/track", b"{nonsense", key="b")
    await machine.perform("create_source", writeKey="c")
    listed = (await machine.perform("list_sources")).sources
    assert [source.counts for source in listed] == [None] * 3
    listed = (await machine.perform("list_sources", counts=True)).sources
    counts = {
        one.write_key: (one.counts.good, one.counts.bad, one.counts.refused) for one in listed
    }
    assert counts == {"a": (1, 1, 0), "b": (0, 0, 1), "c": (0, 0, 0)}


async def test_counting_keeps_no_source_from_being_forgotten(machine, few):
    """A list names no source: a stray key goes before one that a client named, listed or not."""
    await machine.perform("create_source", writeKey="named")
    machine.track("stray")
    await machine.perform("list_sources", counts=True)
    for key in ("c", "d"):
        await machine.perform("create_source", writeKey=key)
    assert {"stray", "named"} & set((await keys(machine))[0]) == {"named"}


async def test_the_longest_idle_source_is_forgotten(machine, few):
    """The fourth of three makes the one go that was not used for longest, with its calls."""
    for key in ("a", "b", "c", "a", "d"):
        machine.track(key)
    assert await keys(machine) == (["c", "a", "d"], 1)
    assert machine.calls("b") == []
    assert machine.requests("b") == []
    assert len(machine.calls()) == 4


async def test_a_forgotten_source_begins_anew(machine, few):
    """Its messageIds are new again."""
    machine.track("a", messageId="m1")
    for key in ("b", "c", "d"):
        machine.track(key)
    assert machine.track("a", messageId="m1").verdict == "accepted"
    assert (await keys(machine))[1] == 2


async def test_ten_thousand_sources_are_remembered(machine):
    """The 10,001st makes the first go."""
    for number in range(10_001):
        machine.hub.sources.use(str(number))
    assert len(machine.hub.sources) == 10_000
    assert machine.hub.sources.get("0") is None
    assert machine.hub.sources.forgotten == 1


async def test_a_key_is_minted(machine):
    """Without a key there is a fresh one of 32 characters each time."""
    first = await machine.perform("create_source", name="web")
    second = await machine.perform("create_source")
    assert len(first.write_key) == len(second.write_key) == 32
    assert first.write_key != second.write_key
    assert first.name == "web"


async def test_a_seed_mints_the_same_keys_again(make_machine):
    """What a server mints depends on its seed alone."""
    one, other = make_machine(seed=7), make_machine(seed=7)
    assert (await one.perform("create_source")).write_key == (
        await other.perform("create_source")
    ).write_key
    assert one.track().message_id == other.track().message_id


async def test_a_key_is_opened_once(machine):
    """Opening it again is refused and changes nothing."""
    machine.track("k")
    with pytest.raises(OperationError) as caught:
        await machine.perform("create_source", writeKey="k", edge="2018")
    assert (caught.value.status, caught.value.code) == (409, "source_exists")
    assert (await machine.perform("get_source", writeKey="k")).edge == "2026"


async def test_settings_are_changed_one_by_one(machine):
    """What is left out stays."""
    await machine.perform("create_source", writeKey="k", name="n", dedup="server")
    await machine.perform("patch_source", writeKey="k", errorBody="text")
    source = await machine.perform("patch_source", writeKey="k", edge="2018")
    assert (source.name, source.dedup, source.error_body, source.edge) == (
        "n",
        "server",
        "text",
        "2018",
    )


@pytest.mark.parametrize("operation", ["get_source", "patch_source", "delete_source"])
async def test_an_unknown_source_is_404(machine, operation):
    """Asking does not open it."""
    with pytest.raises(OperationError) as caught:
        await machine.perform(operation, writeKey="nobody")
    assert (caught.value.status, caught.value.code) == (404, "unknown_source")
    assert await keys(machine) == ([], 0)


async def test_a_deleted_source_is_gone_with_all_it_had(machine):
    """Its calls, requests, settings and ids; its neighbour stays."""
    await machine.perform("create_source", writeKey="k", edge="2018")
    machine.track("k", messageId="m1")
    machine.track("b")
    await machine.perform("delete_source", writeKey="k")
    assert await keys(machine) == (["b"], 0)
    assert [call.source for call in machine.calls()] == ["b"]
    assert machine.track("k", messageId="m1").verdict == "accepted"
    assert (await machine.perform("get_source", writeKey="k")).edge == "2026"


async def test_clear_wants_to_know_what(machine):
    """Neither and both are refused; nothing is cleared by mistake."""
    machine.track("k")
    for asked in ({}, {"source": "k", "all": True}):
        with pytest.raises(OperationError) as caught:
            await machine.perform("clear_calls", **asked)
        assert caught.value.status == 422
    assert len(machine.calls()) == 1


async def test_clear_forgets_calls_and_keeps_settings(machine):
    """One source, or all; settings and neighbours stay, cursors go on."""
    await machine.perform("create_source", writeKey="a", name="n")
    machine.batch({"type": "track"}, {"type": "track"}, key="a")
    machine.track("b")
    assert (await machine.perform("clear_calls", source="a")).cleared == 2
    assert [call.source for call in machine.calls()] == ["b"]
    assert machine.requests("a") == []
    assert machine.track("a").cursor == 4
    assert (await machine.perform("clear_calls", all=True)).cleared == 2
    assert machine.calls() == []
    assert (await machine.perform("get_source", writeKey="a")).name == "n"


async def test_a_summary_counts_what_is_kept(make_machine):
    """By verdict and by event; total is good and bad."""
    machine = make_machine(max_calls=4)
    for fields in ({}, {"messageId": "m"}, {"messageId": "m"}, {"event": "F"}, {"event": 5}):
        machine.track(**fields)
    machine.send("/v1/identify", b"{", key="k")
    machine.track("other")
    summary = await machine.perform("summary", source="k")
    assert (summary.total, summary.good, summary.bad) == (3, 1, 2)
    assert (summary.accepted, summary.dropped, summary.rejected) == (1, 2, 0)
    assert summary.by_event == {"E": 1, "F": 1, "track": 1}
    assert (summary.requests, summary.refused, summary.evicted) == (4, 1, 2)
    assert (await machine.perform("summary")).total == 4


async def test_requests_are_listed_with_their_calls(machine):
    """What was sent, what was answered, which calls came of it, and why none."""
    machine.batch({"type": "track"}, 5, key="k")
    machine.send("/v1/track", b"\xff{", key="k")
    page = await machine.perform("list_requests", source="k")
    first, second = page.requests
    assert (first.calls, first.reason, first.answer.status) == (["call-1", "call-2"], None, 200)
    assert first.body == '{"batch":[{"type":"track"},5]}'
    assert (second.calls, second.body, second.body_encoding) == ([], "/3s=", "base64")
    assert (second.answer.status, second.reason.code) == (400, "bad_request")
    assert await machine.perform("get_request", id=first.id) == first
    assert page.next is None
    page = await machine.perform("list_requests", limit=1)
    assert (len(page.requests), page.next) == (1, 1)
    assert (await machine.perform("list_requests", after=1)).requests == [second]


@pytest.mark.parametrize("id_", ["req-9", "req-", "", "call-1", "req-\u0662", "req--1", "9" * 30])
async def test_an_unknown_request_is_404(machine, id_):
    """Whatever stands there."""
    machine.track()
    with pytest.raises(OperationError) as caught:
        await machine.perform("get_request", id=id_)
    assert caught.value.status == 404


async def test_calls_are_listed_in_pages(machine):
    """Each call once, `total` for all pages, `next` null at the end."""
    for number in range(7):
        machine.track(messageId=f"m{number}", event="E" if number % 2 else "F")
    seen, after = [], 0
    while after is not None:
        page = await machine.perform("list_calls", source="k", limit=3, after=after)
        assert page.total == 7
        seen += [call.message_id for call in page.calls]
        after = page.next
    assert seen == [f"m{number}" for number in range(7)]
    page = await machine.perform("list_calls", event="E", limit=3)
    assert (page.total, len(page.calls), page.next) == (3, 3, None)


async def test_the_sources_that_were_last_used_are_listed_without_a_look_at_all(
    make_machine, monkeypatch
):
    """Each view of the page offers some of ten thousand."""
    machine = make_machine()
    for number in range(30):
        machine.track(f"k{number}")
    machine.hub.sources.claim("k3")
    machine.track("k7")

    def walked(_):
        raise AssertionError("all sources were looked at")

    monkeypatch.setattr(type(machine.hub.sources), "__iter__", walked)
    listed = await machine.perform("list_sources", sort="recent", limit=3)
    assert [source.write_key for source in listed.sources] == ["k7", "k29", "k28"]
    assert listed.total == 30
    later = await machine.perform("list_sources", sort="recent", limit=2, skip=2)
    assert [source.write_key for source in later.sources] == ["k28", "k27"]


async def test_marks_of_asserted_calls_go_with_the_calls(make_machine, monkeypatch):
    """However often a source is filled, asserted and cleared, few of its cursors are remembered."""
    monkeypatch.setattr("mockseg.hub.handlers.sources._SPARE_CURSORS", 4)
    machine = make_machine(max_calls=10)
    sizes = []
    for _ in range(12):
        cursors = [machine.track("k").cursor for _ in range(5)]
        marked = await machine.perform("mark_asserted", writeKey="k", cursors=cursors)
        assert marked.marked == 5
        assert {*cursors} <= machine.hub.sources.get("k").asserted
        sizes.append(len(machine.hub.sources.get("k").asserted))
    assert max(sizes) <= 2 * 10 + 4
    await machine.perform("clear_calls", source="k")
    cursor = machine.track("k").cursor
    await machine.perform("mark_asserted", writeKey="k", cursors=[cursor])
    assert machine.hub.sources.get("k").asserted == {cursor}
