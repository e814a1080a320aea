"""A question looks at the calls that it is about, however many others are kept."""

from __future__ import annotations

import msgspec
import pytest
from arrivals import arrival_at

from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.journal.memory import MemoryJournal
from mockseg.operations.table import by_name

_CALLS = 640
# Calls that are in no index yet, and portions, of which the last is read whole.
_RUN = 16
_SLACK = 4 * _RUN
_PLAN = {
    "name": "Shop",
    "rules": [
        {
            "type": "TRACK",
            "key": "Order Completed",
            "version": 1,
            "jsonSchema": {
                "type": "object",
                "properties": {
                    "properties": {"type": "object", "properties": {"total": {"type": "number"}}}
                },
            },
        }
    ],
}


def _message(number):
    if number % 160 == 7:
        event = {"event": "Order Completed", "userId": "rare"}
        return {"type": "track", "messageId": f"m-{number}", "properties": {"total": 2}} | event
    if number % 160 == 9:
        return {"type": "identify", "messageId": f"m-{number}", "anonymousId": "nobody"}
    if number % 160 == 11:
        # It was sent before, so it is bad.
        return {"type": "track", "messageId": "m-7", "event": "Seen", "userId": "rare"}
    user = f"user-{number % 50}"
    return {"type": "track", "messageId": f"m-{number}", "event": "Seen", "userId": user}


def _filled(hub):
    hub.sources.claim("k")
    for number in range(_CALLS):
        message = _message(number)
        path = f"/v1/{message['type']}"
        body = {"writeKey": "k", **message}
        hub.accept(arrival_at(path, body, received_ns=10**18 + number))
    return hub


@pytest.fixture(name="hub", params=["memory", "file"])
def _hub(request, tmp_path, monkeypatch):
    """Return a server with its calls in memory, or one that found them in a file."""
    monkeypatch.setattr("mockseg.journal.memory._FEW_CALLS", 0)
    monkeypatch.setattr("mockseg.journal.key_index.RUN_RECORDS", _RUN)
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", _RUN)
    monkeypatch.setattr("mockseg.journal.segmented._FEW_CALLS", 0)
    monkeypatch.setattr("mockseg.journal.segmented._FEW_A_SHARE", 0)
    monkeypatch.setattr("mockseg.hub.handlers.explanations._MAX_SEEN", _RUN)
    settings = {"seed": 1}
    if request.param == "file":
        settings["journal"] = str(tmp_path / "journal.db")
        _filled(Hub(Settings(**settings))).close()
        hub = Hub(Settings(**settings))
    else:
        hub = _filled(Hub(Settings(**settings)))
    yield hub
    hub.close()


@pytest.fixture(name="looked")
def _looked(monkeypatch):
    """Return a list of the calls and requests that the journal is asked for from now on."""
    looked = []

    def noted(records):
        for record in records:
            looked.append(record)
            yield record

    for name in ("_alive_calls", "_alive_requests"):
        alive = getattr(MemoryJournal, name)
        monkeypatch.setattr(
            MemoryJournal, name, lambda self, some, alive=alive: noted(alive(self, some))
        )
    for name in ("call", "request"):
        one = getattr(MemoryJournal, name)
        monkeypatch.setattr(
            MemoryJournal,
            name,
            lambda self, number, one=one: looked.append(number) or one(self, number),
        )
    return looked


async def _asked(hub, name, **params):
    return await hub.perform(name, msgspec.convert(params, by_name(name).params))


_QUESTIONS = [
    ("list_calls", {"userId": "rare"}),
    ("list_calls", {"where": "event = 'Order Completed'", "total": True}),
    ("list_calls", {"q": "user:rare event:Seen"}),
    ("call_rows", {"q": "user:rare", "total": True}),
    ("call_rows", {"q": 'event:"Order Completed" properties.total:2', "source": "k"}),
    ("call_rows", {"q": "where:\"userId = 'rare'\"", "total": True}),
    ("call_counts", {"q": "user:rare", "buckets": 3, "facets": "event,verdict"}),
    ("copy_calls", {"form": "ndjson", "q": "user:rare"}),
    ("copy_calls", {"form": "ndjson", "q": "message:m-7"}),
    ("get_call", {"id": "call-8"}),
    ("explain_calls", {"match": {"source": "k", "event": "Order Completed"}}),
    ("explain_calls", {"match": {"source": "k", "userId": "rare"}, "count": {"min": 9}}),
]


@pytest.mark.parametrize(("name", "params"), _QUESTIONS, ids=str)
async def test_a_question_looks_at_few_calls(hub, looked, name, params):
    """Asked again, it reads what it tells of and the newest calls, not all that are kept."""
    first = await _asked(hub, name, **params)
    looked.clear()
    assert await _asked(hub, name, **params) == first
    assert len(looked) <= 3 * 8 + _SLACK < _CALLS / 4


async def test_rare_types_and_bad_calls_are_known_in_memory(hub, looked):
    """Rows by type and of bad calls need no look at the others; a file has no index of them."""
    for q, count in (("type:identify", 4), ("is:bad", 4), ("code:duplicate_message_id", 4)):
        page = await _asked(hub, "call_rows", q=q, total=True)
        looked.clear()
        again = await _asked(hub, "call_rows", q=q, total=True)
        assert (again, again.total, len(again.rows)) == (page, count, count)
        assert len(looked) <= 2 * count + _SLACK or hub.settings.journal


async def test_an_index_takes_in_what_comes_and_lets_go_of_what_is_cleared(hub):
    """Answers stay right when calls come, one is cleared, and all are cleared."""
    for clears in ((), ({"id": "call-8"},)):
        for params in clears:
            await _asked(hub, "clear_call", **params)
        rows = await _asked(hub, "call_rows", q="user:rare", total=True)
        assert rows.total == 8 - len(clears)
    _filled(hub)
    rows = await _asked(hub, "call_rows", q="user:rare", total=True)
    assert rows.total == 15
    before = hub.meter.accounts["journal"].size_bytes
    await _asked(hub, "clear_calls", source="k")
    assert hub.meter.accounts["journal"].size_bytes < before / 10
    assert (await _asked(hub, "call_rows", q="user:rare", total=True)).total == 0
    _filled(hub)
    assert (await _asked(hub, "call_rows", q="user:rare", total=True)).total == 8


async def test_the_coverage_of_an_event_decodes_its_calls_only(hub, monkeypatch):
    """A rule of one event is counted from the calls of that event."""
    await _asked(hub, "put_plan", writeKey="k", plan=_PLAN)
    decoded = []
    message = type(hub.journal.calls_after(0, limit=1)[0]).message
    monkeypatch.setattr(
        "mockseg.domain.call.KeptCall.message",
        lambda call: decoded.append(call) or message(call),
    )
    rules = await _asked(hub, "get_rule", plan="Shop", event="Order Completed", source="k")
    assert [rule.seen for rule in rules.rules] == [4]
    assert len(decoded) == 4


async def test_neighbours_of_an_anonymous_user_are_looked_for_nearby(hub, looked, monkeypatch):
    """No index knows an anonymousId, so some hundred calls on each side are looked at."""
    monkeypatch.setattr("mockseg.hub.handlers.calls._NEAR", 32)
    await _asked(hub, "get_call", id="call-330")
    looked.clear()
    details = await _asked(hub, "get_call", id="call-330")
    assert (details.before, details.after) == ([], [])
    assert len(looked) < _CALLS / 4
