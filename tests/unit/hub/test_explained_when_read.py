"""What a plan says of a call is decided when the call comes, and worded when it is read."""

from __future__ import annotations

import asyncio

import pytest
from arrivals import batch_arrival

from mockseg import MockSegment
from mockseg.clock import Turn, breathe
from mockseg.config import Settings
from mockseg.domain.call import Remark
from mockseg.domain.findings import discard
from mockseg.errors import OperationError
from mockseg.hub.explainer import Explanations
from mockseg.hub.hub import Hub
from mockseg.hub.paging import made_in_turns
from mockseg.json_types import encode
from mockseg.operations.calls import ListCalls, Settle
from mockseg.operations.plans import PutPlan
from mockseg.operations.sources import CreateSource
from mockseg.plans import plan_index
from mockseg.schemas import compiled

_RULE = {"properties": {"properties": {"properties": {"n": {"type": "string"}}}}}
_OMITS = {"track": {"allowUnplannedEventProperties": False}}
PLAN = {"name": "p", "rules": [{"type": "TRACK", "key": "E", "jsonSchema": _RULE}]}


def batch(count, *, first=0, source="k", value=1, event="E", **more):
    """Return a request with calls that violate the plan."""
    calls = [
        {
            "type": "track",
            "event": event,
            "userId": "u",
            "messageId": f"m{first + place}",
            "properties": {"n": value, **more},
        }
        for place in range(count)
    ]
    return batch_arrival(*calls, source=source)


@pytest.fixture
def walks(monkeypatch):
    """Return a list that has an entry for each walk through a schema."""
    walked = []
    walk = compiled.walk

    def counting(*args, **kwargs):
        walked.append(args)
        return walk(*args, **kwargs)

    monkeypatch.setattr(compiled, "walk", counting)
    return walked


class _Counting:
    """A compiled schema that counts how often it judges."""

    def __init__(self, schema):
        self._compiled = schema
        self.schema = schema.schema
        self.failures = schema.failures
        self.judged = 0

    def is_valid(self, value):
        self.judged += 1
        return self._compiled.is_valid(value)


async def opened(*, plan=PLAN, **settings):
    """Return a hub with a source that has the plan."""
    hub = Hub(Settings(**settings))
    await hub.perform("create_source", CreateSource(write_key="k", plan=plan))
    return hub


async def test_each_call_of_a_batch_is_judged_by_one_compiled_pass(monkeypatch, walks):
    """2,500 bad calls are 2,500 passes and not one walk, whoever may read them."""
    made = []
    compile_ = plan_index.compile_schema

    def counting(*args, **kwargs):
        made.append(_Counting(compile_(*args, **kwargs)))
        return made[-1]

    monkeypatch.setattr(plan_index, "compile_schema", counting)
    # No other test has compiled this one.
    hub = await opened(plan=PLAN | {"notes": "own"})
    hub.accept(batch(2_500))
    assert (len(made), made[0].judged, len(walks)) == (1, 2_500, 0)
    assert (hub.tally.bad, hub.tally.accepted) == (2_500, 0)
    assert not any(call.good for call in hub.journal.calls_after(0, limit=2_500))


async def test_a_call_is_explained_once_for_all_who_read_it(walks):
    """Its findings and its message come of the same walk."""
    hub = await opened()
    hub.accept(batch(3))
    call = hub.journal.call(2)
    assert [each.code for each in call.findings] == ["invalid_type"]
    reported = call.message()["context"]["protocols"]["violations"]
    assert [each["type"] for each in reported] == ["Invalid Type"]
    assert call.view().findings == call.findings
    assert len(walks) == 1


async def test_a_call_is_explained_by_the_plan_that_judged_it():
    """Whatever plan the source has when the call is read."""
    hub = await opened()
    hub.accept(batch(1))
    hub.sources.change(
        hub.sources.use("k"), CreateSource(write_key="k", plan={"name": "q", "rules": []})
    )
    (finding,) = hub.journal.call(1).findings
    assert finding.plan == "p"


async def test_questions_about_verdicts_explain_nothing(walks):
    """Nor does the number of violations: a scan of all calls costs no walk."""
    hub = await opened()
    hub.accept(batch(50))
    asked = ListCalls(q="is:violation", limit=1)
    page = await hub.perform("list_calls", asked)
    assert (page.total, len(walks)) == (50, 1)


def test_explanations_are_held_up_to_a_megabyte():
    """The oldest are dropped, and made again when they are read again."""
    held = Explanations(max_findings=20)
    remarks = [Remark(attempt=number) for number in range(2, 30)]
    explained = Remark(findings=(discard("bad_request", "", "x" * 100_000),))
    for remark in remarks:
        held.put(remark, explained)
    found = [held.get(remark) is explained for remark in remarks]
    assert found == [False] * 19 + [True] * 9


async def test_making_a_page_gives_the_loop_back(monkeypatch):
    """Between two records others have their turn when it is over."""
    monkeypatch.setattr(Turn, "is_over", True)
    turns = []

    async def other():
        while True:
            turns.append("other")
            await breathe()

    task = asyncio.create_task(other())
    assert await made_in_turns(lambda each: turns.append(each) or each, [1, 2, 3]) == [1, 2, 3]
    task.cancel()
    assert turns == [1, "other", 2, "other", 3, "other"]


async def test_a_file_gets_explanations_in_turns(tmp_path, monkeypatch, walks):
    """A commit waits for all of them, and after a restart they are what they were."""
    monkeypatch.setattr(Turn, "is_over", True)
    path = str(tmp_path / "j.db")
    hub = await opened(journal=path)
    hub.accept(batch(4))
    in_turns = []
    while hub.journal.saving is not None:
        in_turns.append(len(walks))
        await breathe()
    assert in_turns[:4] == [0, 1, 2, 3]
    before = [call.view() for call in hub.journal.calls_after(0, limit=10)]
    await hub.finish()
    hub.close()
    again = Hub(Settings(journal=path))
    try:
        assert [call.view() for call in again.journal.calls_after(0, limit=10)] == before
        assert len(walks) == 4
    finally:
        again.close()


async def test_a_server_that_stops_saves_what_is_not_explained_yet(tmp_path):
    """Closing the journal writes all of it at once."""
    path = str(tmp_path / "j.db")
    hub = await opened(journal=path)
    hub.accept(batch(4))
    hub.close()
    again = Hub(Settings(journal=path))
    try:
        assert [len(call.findings) for call in again.journal.calls_after(0, limit=10)] == [1] * 4
    finally:
        again.close()


async def test_answers_wait_for_a_file_that_is_far_behind(tmp_path):
    """With `off`, too, once a thousand requests are not written."""
    hub = await opened(journal=str(tmp_path / "j.db"), journal_sync="off")
    for number in range(1_000):
        hub.accept(batch(1, first=number))
    assert hub.journal.saving is None
    hub.accept(batch(1, first=1_000))
    assert hub.journal.saving is not None
    await hub.finish()
    hub.close()


async def test_forwarding_holds_no_request_up_and_is_waited_for():
    """A few violations are forwarded at once, the others at the next turns; settle waits."""
    hub = Hub(Settings())
    protocols = {"forwardingViolationsTo": "to"}
    await hub.perform("create_source", CreateSource(write_key="k", plan=PLAN, protocols=protocols))
    hub.accept(batch(200))
    assert hub.journal.count("to")[0] < 10
    await hub.perform("settle", Settle(source="to", quiet=0))
    ids = [
        call.message()["properties"]["eventMessageID"]
        for call in hub.journal.calls_after(0, limit=500, source="to")
    ]
    assert ids == [f"m{place}" for place in range(200)]


def test_an_answer_comes_when_all_is_forwarded():
    """What a client reads after its answer has the calls of the other source, too."""
    protocols = {"forwardingViolationsTo": "to"}
    with MockSegment() as server:
        source = server.source(plan=PLAN, protocols=protocols)
        wrong = {"type": "track", "event": "E", "userId": "u", "properties": {"n": 1}}
        source.send(*[wrong] * 60, batch=True)
        assert server.source("to").summary().total == 60


def _large(number, *, of=""):
    """Return a plan of 10 KB of JSON, each another; those of a test that counts are its own."""
    return {"name": f"p{number}{of}", "rules": PLAN["rules"], "notes": "x" * 10_000}


def _taken(hub):
    return hub.meter.accounts["plans"].size_bytes


async def _replace(hub, count, *, of=""):
    """Replace the plan of a source with a call in between that violates it."""
    for number in range(count):
        await hub.perform("put_plan", PutPlan(write_key="k", plan=_large(number, of=of)))
        hub.accept(batch(1, first=number))


async def test_a_replaced_plan_is_counted_as_long_as_calls_that_it_judged_are_kept():
    """And no longer: then nothing of it is left."""
    # Equal plans are shared with servers of other tests, which may be there still.
    hub = await opened(plan=_large(-2, of="counted"))
    await _replace(hub, 3, of="counted")
    one = _taken(hub) / 3
    assert 400_000 < one < 450_000
    hub.clear("k")
    while hub.journal.count()[1] or _taken(hub) > one * 1.01:
        await breathe()
        hub.accept(batch(0, source="other"))
        hub.clear("other")
    hub.drop(hub.sources.get("k"))
    await breathe()
    assert _taken(hub) == 0


async def test_replaced_plans_are_evicted_over_the_limit_and_their_calls_say_so():
    """They keep their verdicts; what was found of them is said to be unknown, never to be good."""
    hub = await opened(max_bytes=4_000_000)
    await _replace(hub, 50)
    assert hub.meter.size_bytes < 4_000_000
    assert hub.journal.count() == (50, 50)
    first, last = hub.journal.call(1), hub.journal.call(50)
    assert [each.code for each in first.findings] == ["plan_evicted"]
    assert [each.code for each in last.findings] == ["invalid_type"]
    assert (first.good, first.violates, first.verdict) == (False, True, "accepted")
    assert "plan_evicted" in first.view().findings[0].code


async def test_what_an_evicted_plan_only_changed_is_a_warning():
    """A call that it let through is good still, and its message is told to be the one before."""
    hub = await opened(max_bytes=4_000_000)
    await hub.perform("put_plan", PutPlan(write_key="k", plan=_large(-1), protocols=_OMITS))
    hub.accept(batch(1, value="text", extra=1))
    await _replace(hub, 50)
    call = hub.journal.call(1)
    assert [(type(each).__name__, each.code) for each in call.findings] == [
        ("CallWarning", "plan_evicted")
    ]
    assert call.good
    assert call.message()["properties"] == {"n": "text", "extra": 1}


async def test_plans_that_are_too_large_are_refused_before_they_are_read():
    """The source keeps what it has; no source is opened for them."""
    hub = await opened(max_bytes=4_000_000)
    for number in range(4):
        await hub.perform("put_plan", PutPlan(write_key=f"k{number}", plan=_large(number)))
    for asked in (
        PutPlan(write_key="k9", plan=_large(9)),
        PutPlan(write_key="k", plan=_large(9)),
        PutPlan(write_key="k9", plan={"name": "n", "rules": [], "notes": "x" * 60_000}),
    ):
        with pytest.raises(OperationError, match="allowed are 2,000,000, half of --max-bytes") as e:
            await hub.perform("put_plan", asked)
        assert (e.value.status, e.value.code) == (413, "plans_too_large")
    with pytest.raises(OperationError, match="half of --max-bytes"):
        await hub.perform("create_source", CreateSource(write_key="k9", plan=_large(9)))
    assert hub.sources.get("k9") is None
    assert hub.sources.plans_of("k").own[0].name == "p"
    # Another for one of those that take the room.
    await hub.perform("put_plan", PutPlan(write_key="k0", plan=_large(9)))
    assert hub.sources.plans_of("k0").own[0].name == "p9"


async def test_equal_plans_of_many_sources_are_kept_once():
    """As when each test opens a source with the plan of the application."""
    hub = await opened()
    for number in range(100):
        asked = CreateSource(write_key=f"s{number}", plan=_large(0))
        await hub.perform("create_source", asked)
    plans = [hub.sources.plans_of(f"s{number}") for number in range(100)]
    assert len({id(each) for each in plans}) == 1
    assert _taken(hub) < 500_000


def test_schemas_that_are_no_longer_used_are_kept_up_to_a_size():
    """Their compiled form takes thirty times their text."""
    cache = compiled._Compiled(most_bytes=1000)
    made = [cache(encode({"title": f"{n:0400d}"})) for n in range(4)]
    used = made[0]
    del made
    assert len(cache._used) == 3
    assert cache(encode({"title": f"{0:0400d}"})) is used


async def test_rules_are_compiled_when_a_plan_is_set_and_not_by_its_calls(monkeypatch):
    """One batch may have calls of all rules: to compile them then would hold the loop."""
    made = []
    compile_ = plan_index.compile_schema
    monkeypatch.setattr(
        plan_index, "compile_schema", lambda schema: made.append(schema) or compile_(schema)
    )
    rules = [{"type": "TRACK", "key": f"E{n}", "jsonSchema": _RULE} for n in range(30)]
    hub = await opened(plan={"name": "thirty", "rules": rules})
    assert len(made) == 30
    for number in range(30):
        hub.accept(batch(1, first=number, event=f"E{number}"))
    assert hub.tally.bad == 30
    assert len(made) == 30
