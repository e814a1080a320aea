"""Sources that had to go: which ones, and that nothing passes as if they had been empty."""

from __future__ import annotations

import asyncio

import pytest

from mockseg.clock import breathe
from mockseg.errors import OperationError
from mockseg.hub import forgotten as bounds

NOON = "2026-01-31T12:00:00.000Z"
PLAN = {
    "name": "Shop",
    "rules": [{"type": "TRACK", "key": "Paid", "version": 1, "jsonSchema": {"required": ["x"]}}],
}
PAID = {"type": "track", "event": "Paid", "userId": "u1"}


@pytest.fixture
def few(monkeypatch):
    """Let a server remember three sources only."""
    monkeypatch.setattr("mockseg.hub.sources.MAX_SOURCES", 3)


@pytest.fixture
def flood(machine):
    """Give a function that sends a call to each of so many keys that nobody named."""
    numbers = iter(range(10**6))

    def flooded(count):
        for _ in range(count):
            machine.track(f"stray {next(numbers)}")

    return flooded


async def lost(machine, source="k"):
    """Give what was lost of a source, as its summary has it."""
    return (await machine.perform("summary", source=source)).lost


async def refusal(machine, operation, **asked):
    """Give why an operation is refused."""
    with pytest.raises(OperationError) as caught:
        await machine.perform(operation, **asked)
    return caught.value


async def test_what_was_forgotten_is_known(machine, few, flood):
    """Its calls, its requests, when it was, and the plan that it had."""
    await machine.perform("create_source", writeKey="k", plan=PLAN)
    machine.track("k", event="Paid")
    machine.send("/v1/track", b"{", key="k")
    for number in range(3):
        await machine.perform("create_source", writeKey=f"other {number}", plan=PLAN)
    summary = await machine.perform("summary", source="k")
    assert (summary.total, summary.evicted, summary.requests) == (0, 1, 0)
    told = summary.lost.forgotten
    assert (told.known, told.at, told.times, told.calls, told.requests, told.settings) == (
        *(True, NOON, 1, 1, 2),
        ("plan",),
    )
    assert (summary.lost.cursor, summary.lost.number) == (1, 2)
    assert (await machine.perform("summary")).evicted == 1
    assert machine.hub.tally.evicted == machine.hub.tally.forgotten == 1
    error = await refusal(machine, "get_source", writeKey="k")
    assert f"it was forgotten at {NOON} with 1 call and its plan" in error.message


async def test_a_source_that_comes_back_says_what_it_lacks(machine, few, flood):
    """Its calls are judged by no plan of its own: whoever looks at it reads that."""
    await machine.perform("create_source", writeKey="k", plan=PLAN, edge="2018")
    for number in range(3):
        await machine.perform("create_source", writeKey=f"other {number}", plan=PLAN)
    machine.track("k", event="Paid")
    source = await machine.perform("get_source", writeKey="k")
    assert (source.plans, source.edge) == ([], "2026")
    assert source.forgotten.settings == ("plan", "settings")
    assert (await lost(machine)).inside(after=machine.hub.journal.cursor)
    await machine.perform("put_plan", writeKey="k", plan=PLAN)
    assert (await lost(machine)).forgotten.settings == ("settings",)
    await machine.perform("patch_source", writeKey="k", edge="2018")
    assert (await lost(machine)).forgotten is None


@pytest.mark.parametrize(
    ("operation", "asked", "word"),
    [
        ("add_destination", {"type": "userleap", "source": "k"}, "destinations"),
        ("add_fault", {"source": "k", "effect": {"status": 500}}, "faults"),
        ("set_clock", {"source": "k", "now": "2030-01-01T00:00:00Z", "frozen": True}, "clock"),
        ("change_audience", {"writeKey": "k", "audience": "a", "enter": ["u1"]}, "audiences"),
        ("patch_source", {"writeKey": "k", "dedup": "server"}, "settings"),
        ("patch_source", {"writeKey": "k", "protocols": {"disabledEvents": ["E"]}}, "plan"),
    ],
)
async def test_everything_that_a_source_had_is_missed(machine, few, operation, asked, word):
    """Each kind by its name, until it is set up again."""
    machine.track("k")
    await machine.perform(operation, **asked)
    for number in range(3):
        await machine.perform("create_source", writeKey=f"other {number}", plan=PLAN)
    machine.hub.sources.use("k")
    assert (await lost(machine)).forgotten.settings == (word,)
    await machine.perform(operation, **asked)
    assert (await lost(machine)).forgotten.settings == ()


async def test_a_source_without_anything_is_not_missed(machine, few, flood):
    """Nothing was lost with it: it begins anew, and asserts what it likes."""
    await machine.perform("create_source", writeKey="k", name="web")
    for number in range(3):
        await machine.perform("create_source", writeKey=f"other {number}", plan=PLAN)
    assert machine.hub.sources.get("k") is None
    assert await lost(machine) == (await lost(machine, "never seen"))
    assert (await lost(machine)).forgotten is None


async def test_a_minted_key_is_new(machine, few, monkeypatch):
    """Whatever was forgotten, nothing was ever sent with it."""
    monkeypatch.setattr(bounds, "MAX_FORGOTTEN", 0)
    for key in "abcdef":
        machine.track(key)
    minted = await machine.perform("create_source")
    assert minted.forgotten is None
    assert not (await lost(machine, minted.write_key)).inside(after=0, after_request=0)


async def test_being_forgotten_twice_is_counted(machine, few, flood):
    """What was lost the first time is not lost from sight."""
    machine.track("k")
    flood(3)
    machine.batch(PAID, PAID, key="k")
    flood(3)
    told = (await lost(machine)).forgotten
    assert (told.times, told.calls, told.requests) == (2, 3, 2)
    assert (await machine.perform("list_sources")).forgotten == 5


async def test_evicted_calls_of_a_forgotten_source_are_counted(make_machine, few):
    """What it had evicted before it was forgotten stays evicted."""
    machine = make_machine(max_calls=2)
    for _ in range(4):
        machine.track("k")
    for key in "abc":
        machine.track(key)
    assert (await lost(machine)).calls == 4
    assert machine.hub.tally.evicted == 5


class TestWhichGoes:
    """Those that nobody named go first, the longest idle; then the longest idle of all."""

    async def test_a_minted_source_outlives_stray_keys(self, machine, few, flood):
        """However long it is idle."""
        minted = await machine.perform("create_source")
        machine.track(minted.write_key)
        flood(20)
        assert len(machine.calls(minted.write_key)) == 1
        assert machine.hub.sources.forgotten == 18

    @pytest.mark.parametrize(
        ("operation", "asked"),
        [
            ("put_plan", {"writeKey": "k", "plan": PLAN}),
            ("patch_source", {"writeKey": "k", "name": "n"}),
            ("open_window", {"writeKey": "k"}),
            ("add_destination", {"type": "userleap", "source": "k"}),
            ("add_fault", {"source": "k", "match": {"event": "F"}, "effect": {"status": 500}}),
            ("set_clock", {"source": "k", "now": "2030-01-01T00:00:00Z"}),
            ("list_calls", {"source": "k"}),
            ("summary", {"source": "k"}),
            ("wait_calls", {"match": {"source": "k"}}),
            ("get_coverage", {"writeKey": "k"}),
        ],
    )
    async def test_a_source_that_a_client_named_outlives_them(
        self, machine, few, flood, operation, asked
    ):
        """It was set up, or somebody reads it."""
        machine.track("k")
        await machine.perform(operation, **asked)
        flood(20)
        assert len(machine.calls("k")) == 1

    async def test_a_wait_keeps_its_source_from_its_first_call_on(self, machine, few, flood):
        """It was not open when the wait began."""
        asked = {"match": {"source": "k"}, "count": {"min": 2}, "timeout": 60}
        waiting = asyncio.ensure_future(machine.perform("wait_calls", **asked))
        await breathe()
        machine.track("k")
        flood(20)
        machine.track("k")
        assert len((await waiting).calls) == 2
        assert len(machine.calls("k")) == 2

    async def test_a_fault_keeps_its_source_from_its_first_call_on(self, machine, few, flood):
        """It was not open when the rule was made; without the rule it goes like others."""
        effect = {"status": 500, "store": True}
        fault = await machine.perform("add_fault", source="k", effect=effect, match={"event": "F"})
        machine.track("k")
        flood(20)
        assert len(machine.calls("k")) == 1
        await machine.perform("clear_faults", id=fault.id)
        await machine.perform("delete_source", writeKey="k")
        machine.track("k")
        flood(3)
        assert machine.hub.sources.get("k") is None

    async def test_a_server_full_of_named_sources_goes_on(self, machine, few, flood):
        """The longest idle one goes, and that is known; stray keys find their place."""
        for key in "abc":
            await machine.perform("create_source", writeKey=key)
            machine.track(key)
        machine.track("a")
        flood(1)
        assert [source.key for source in machine.hub.sources] == ["stray 0", "c", "a"]
        assert (await lost(machine, "b")).calls == 1
        flood(5)
        assert [source.key for source in machine.hub.sources] == ["stray 5", "c", "a"]

    @pytest.mark.parametrize(
        ("operation", "asked"),
        [
            ("put_plan", {"writeKey": "k", "plan": PLAN}),
            ("patch_source", {"writeKey": "k", "dedup": "server"}),
            ("add_destination", {"type": "userleap", "source": "k"}),
            ("add_fault", {"source": "k", "effect": {"status": 503}}),
            ("set_clock", {"source": "k", "now": "2020-01-01T00:00:00Z"}),
        ],
    )
    async def test_what_is_set_up_goes_last(self, machine, few, operation, asked):
        """A source that a client only named is forgotten before an older one that is set up."""
        await machine.perform("create_source", writeKey="k")
        await machine.perform(operation, **asked)
        for key in "abcd":
            await machine.perform("create_source", writeKey=key)
        assert [source.key for source in machine.hub.sources] == ["c", "d", "k"]
        for key in "xyz":
            await machine.perform("put_plan", writeKey=key, plan=PLAN)
        assert machine.hub.sources.get("k") is None
        assert (await lost(machine)).forgotten is not None

    async def test_what_is_waited_for_goes_last(self, machine, few):
        """As long as the wait lasts."""
        with machine.hub.sources.watching("k"):
            machine.track("k")
            for key in "abcd":
                await machine.perform("create_source", writeKey=key)
            assert machine.hub.sources.get("k") is not None
        machine.hub.sources.claim("k")
        for key in "efg":
            await machine.perform("create_source", writeKey=key)
        assert machine.hub.sources.get("k") is None

    async def test_some_places_are_never_taken_by_named_sources(self, machine, flood):
        """Ten thousand old tests leave room for a hundred keys that nobody named."""
        for _ in range(10_000):
            machine.hub.sources.open_minted()
        flood(150)
        listed = [source.key for source in machine.hub.sources]
        assert sum(key.startswith("stray") for key in listed) == 101
        assert len(listed) == 10_000

    async def test_the_longest_idle_is_listed_first(self, machine, few):
        """`GET /sources` is in the order in which they were used, whoever goes first."""
        await machine.perform("create_source", writeKey="named")
        machine.track("a")
        machine.track("b")
        machine.track("a")
        listed = (await machine.perform("list_sources")).sources
        assert [source.write_key for source in listed] == ["named", "b", "a"]
        assert [source.key for source in machine.hub.sources] == ["b", "a", "named"]


class TestBounds:
    """What is known of forgotten sources is bounded; beyond that, that is what is known."""

    @pytest.fixture(params=["count", "bytes"])
    def two(self, request, monkeypatch):
        """Let two records fit."""
        if request.param == "count":
            monkeypatch.setattr(bounds, "MAX_FORGOTTEN", 2)
        else:
            monkeypatch.setattr(bounds, "MAX_FORGOTTEN_BYTES", 2 * bounds._size_bytes("k") + 1)

    async def test_a_key_that_cannot_be_known_is_said_to_be_so(self, machine, few, two):
        """Both the one whose record went and one that was never there: nobody can say."""
        for key in "abcdefg":
            machine.track(key)
        told = (await lost(machine, "a")).forgotten
        assert (told.known, told.at, told.calls) == (False, None, 0)
        assert (await lost(machine, "x")).forgotten == told
        assert (await lost(machine, "d")).forgotten.known
        assert (await lost(machine, "e")).forgotten is None
        assert (await machine.perform("list_sources")).forgotten == 4
        assert (await machine.perform("summary")).evicted == 4

    async def test_what_is_not_known_holds_for_what_opens_later(self, machine, few, two):
        """A stray key that opens may have been here before; what came later is whole."""
        for key in "abcdefgx":
            machine.track(key)
        gone = await lost(machine, "x")
        assert not gone.forgotten.known
        assert gone.inside(after=0)
        assert not gone.inside(after=gone.cursor)
        assert gone.cursor == 3

    async def test_clearing_makes_known_again(self, machine, few, two):
        """Of one source, used or not; or of all."""
        for key in "abcdefg":
            machine.track(key)
        await machine.perform("clear_calls", source="x")
        assert (await lost(machine, "x")).forgotten is None
        assert (await lost(machine, "y")).forgotten is not None
        await machine.perform("clear_calls", all=True)
        for key in "yad":
            assert (await lost(machine, key)).forgotten is None
        assert (await machine.perform("summary")).evicted == 0

    async def test_records_of_plans_are_kept_longest(self, machine, few, two):
        """What had settings is missed most."""
        await machine.perform("create_source", writeKey="k", plan=PLAN)
        for key in "abc":
            await machine.perform("create_source", writeKey=key, plan=PLAN)
            machine.track(key)
        for key in "defgh":
            machine.track(key)
        told = (await lost(machine)).forgotten
        assert (told.known, told.settings) == (True, ("plan",))

    async def test_plans_beyond_the_bound_are_missed_everywhere(self, machine, few, two):
        """Any key may be one whose plan was forgotten, whatever is cleared."""
        for key in "abcdefg":
            await machine.perform("create_source", writeKey=key, plan=PLAN)
        await machine.perform("clear_calls", all=True)
        assert (await lost(machine, "x")).forgotten.settings == ("plan",)
        assert (await lost(machine, "x")).inside(after=machine.hub.journal.cursor)


class TestClearing:
    """What was lost is no matter after a clear; what is missing is."""

    @pytest.mark.parametrize("opened", [True, False])
    @pytest.mark.parametrize("asked", [{"source": "k"}, {"all": True}])
    async def test_cleared_calls_are_not_lost(self, machine, few, flood, opened, asked):
        """The source was forgotten, and may be open again."""
        machine.track("k")
        flood(3)
        if opened:
            machine.track("k")
        await machine.perform("clear_calls", **asked)
        assert not (await lost(machine)).inside(after=0, after_request=0)
        of_others = machine.hub.sources.forgotten - 1 if "source" in asked else 0
        assert (await machine.perform("summary")).evicted == of_others

    @pytest.mark.parametrize("asked", [{"source": "k"}, {"all": True}])
    async def test_a_plan_is_missed_after_a_clear(self, machine, few, asked):
        """Clearing keeps settings, so it does not bring back those that were forgotten."""
        await machine.perform("create_source", writeKey="k", plan=PLAN)
        machine.track("k")
        for key in "abc":
            await machine.perform("create_source", writeKey=key, plan=PLAN)
        await machine.perform("clear_calls", **asked)
        gone = await lost(machine)
        assert (gone.calls, gone.forgotten.settings) == (0, ("plan",))

    async def test_a_deleted_source_is_not_missed(self, machine, few, flood):
        """Whoever deletes it means it."""
        machine.track("k")
        flood(3)
        machine.track("k")
        await machine.perform("delete_source", writeKey="k")
        assert (await lost(machine)).forgotten is None


async def test_a_refused_source_leaves_no_trace(machine, few, flood):
    """A plan that cannot be used opens nothing, and takes no record away."""
    machine.track("k")
    flood(3)
    error = await refusal(machine, "create_source", writeKey="k", plan={"name": 5})
    assert error.status == 422
    assert machine.hub.sources.get("k") is None
    assert (await lost(machine)).calls == 1


async def test_the_case_of_the_issue(machine):
    """A strict source, its call, and one call to each of 10,001 other keys."""
    await machine.perform("create_source", writeKey="k", plan=PLAN)
    machine.track("k", event="Paid")
    for number in range(10_001):
        machine.track(str(number))
    assert [call.event for call in machine.calls("k")] == ["Paid"]
    assert (await machine.perform("get_source", writeKey="k")).plans == ["Shop"]
    assert (await lost(machine, "0")).calls == 1
    assert machine.hub.sources.forgotten == 2
