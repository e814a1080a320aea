"""Duplicates by messageId, and how often one was carried."""

from __future__ import annotations

DAY = 24 * 60 * 60


def attempts(machine, source=None):
    """Give verdict, attempt and duplicateOf of each call."""
    return [
        (call.verdict, call.request.attempt, call.duplicate_of) for call in machine.calls(source)
    ]


def test_a_second_call_with_the_id_is_dropped(machine, codes):
    """It names the call that it repeats, and is the second attempt."""
    machine.track(messageId="m1")
    call = machine.track(messageId="m1")
    assert codes(call) == ["duplicate_message_id"]
    assert "call-1" in call.findings[0].description
    machine.track(messageId="m1")
    assert attempts(machine) == [
        ("accepted", 1, None),
        ("dropped", 2, "call-1"),
        ("dropped", 3, "call-1"),
    ]


def test_a_duplicate_that_is_also_bad_says_both(machine, codes):
    """Being a duplicate hides no other fault."""
    machine.track(messageId="m1")
    call = machine.track(messageId="m1", event=5)
    assert codes(call) == ["event_not_string", "duplicate_message_id"]
    assert call.duplicate_of == "call-1"


def test_what_was_dropped_is_no_original(machine):
    """A bad call does not make a good one with its id a duplicate."""
    machine.track(messageId="m1", event=None)
    machine.track(messageId="m1")
    machine.track(messageId="m1")
    assert attempts(machine) == [
        ("dropped", 1, None),
        ("accepted", 2, None),
        ("dropped", 3, "call-2"),
    ]


def test_what_was_rejected_may_be_sent_again(make_machine):
    """A retry after a refusal is accepted, at its second attempt."""
    machine = make_machine(edge="debug-api")
    batch = [{"type": "track", "userId": "u", "event": "E", "messageId": "m1"}]
    machine.batch(*batch, {"type": "track", "messageId": "m2"})
    machine.batch(*batch)
    assert attempts(machine) == [
        ("rejected", 1, None),
        ("rejected", 1, None),
        ("accepted", 2, None),
    ]


def test_a_duplicate_within_one_batch_is_the_same_attempt(machine):
    """One request carried the id, twice: the second is dropped, the attempt is one."""
    good = {"type": "track", "userId": "u", "event": "E"}
    machine.batch(
        good | {"messageId": "m1"}, good | {"messageId": "m1"}, good | {"messageId": "m2"}
    )
    machine.batch(good | {"messageId": "m1"}, good | {"messageId": "m1"})
    assert attempts(machine) == [
        ("accepted", 1, None),
        ("dropped", 1, "call-1"),
        ("accepted", 1, None),
        ("dropped", 2, "call-1"),
        ("dropped", 2, "call-1"),
    ]


def test_a_bad_and_a_good_one_in_one_batch_are_one_attempt(machine):
    """Within a request an id is carried once, whatever its calls are like."""
    good = {"type": "track", "userId": "u", "event": "E", "messageId": "m1"}
    machine.batch(good | {"event": None}, good, good)
    assert attempts(machine) == [
        ("dropped", 1, None),
        ("accepted", 1, None),
        ("dropped", 1, "call-2"),
    ]


def test_after_24_hours_an_id_is_new(machine):
    """Segment looks back a day."""
    machine.track(messageId="m1")
    machine.clock.advance(DAY - 1)
    machine.track(messageId="m1")
    machine.clock.advance(1)
    machine.track(messageId="m1")
    assert [call.verdict for call in machine.calls()] == ["accepted", "dropped", "accepted"]


def test_sources_do_not_see_each_others_ids(machine):
    """By default a messageId must be new in its source only."""
    machine.track("a", messageId="m1")
    assert machine.track("b", messageId="m1").verdict == "accepted"


def test_dedup_over_the_server_is_realitys(make_machine):
    """With dedup=server an id is new once for all sources."""
    machine = make_machine(dedup="server")
    machine.track("a", messageId="m1")
    call = machine.track("b", messageId="m1")
    assert (call.verdict, call.duplicate_of, call.request.attempt) == ("dropped", "call-1", 2)


async def test_dedup_is_a_sources_own_choice(machine):
    """One source may share the server's window while the others do not."""
    for key in ("a", "b"):
        await machine.perform("create_source", writeKey=key, dedup="server")
    machine.track("a", messageId="m1")
    assert machine.track("b", messageId="m1").verdict == "dropped"
    assert machine.track("c", messageId="m1").verdict == "accepted"


async def test_a_cleared_source_has_seen_nothing(machine):
    """After a clear the same ids are new, at their first attempt."""
    machine.track(messageId="m1")
    machine.track(messageId="m1")
    assert (await machine.perform("clear_calls", source="k")).cleared == 2
    call = machine.track(messageId="m1")
    assert (call.verdict, call.request.attempt) == ("accepted", 1)


async def test_clearing_all_clears_the_servers_window(make_machine):
    """With dedup=server a server that was cleared has seen nothing either."""
    machine = make_machine(dedup="server")
    machine.track("a", messageId="m1")
    await machine.perform("clear_calls", all=True)
    assert machine.track("b", messageId="m1").verdict == "accepted"


async def test_a_window_has_its_own_dedup(machine):
    """An app whose key is fixed may send the same ids in the next test."""
    machine.track(messageId="m1")
    window = await machine.perform("open_window", writeKey="k")
    assert window.cursor == 1
    call = machine.track(messageId="m1")
    assert (call.verdict, call.request.attempt) == ("accepted", 1)
    assert [kept.cursor for kept in machine.hub.journal.calls_after(window.cursor, limit=9)] == [2]
    assert len(machine.calls("k")) == 2


async def test_a_window_of_a_new_key_opens_its_source(machine):
    """A window may be opened before anything was sent."""
    window = await machine.perform("open_window", writeKey="new")
    assert window.cursor == 0
    assert [source.key for source in machine.hub.sources] == ["new"]


def test_duplicates_point_to_what_was_evicted_too(make_machine):
    """The window reaches further back than the journal."""
    machine = make_machine(max_calls=1)
    machine.track(messageId="m1")
    machine.track(messageId="m2")
    call = machine.track(messageId="m1")
    assert (call.verdict, call.duplicate_of) == ("dropped", "call-1")


async def test_a_clock_set_back_keeps_ids_known(machine):
    """Time travel makes no duplicate new."""
    machine.track(messageId="m1")
    await machine.perform("set_clock", now="2020-01-01T00:00:00Z", frozen=True, source="k")
    assert machine.track(messageId="m1").verdict == "dropped"
    machine.track(messageId="m2")
    await machine.perform("advance_clock", seconds=DAY, source="k")
    assert machine.track(messageId="m2").verdict == "accepted"
