"""Export and import: calls come back as they were."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from mockseg.clock import Turn, breathe

GOOD = {"type": "track", "userId": "u1", "event": "E"}


def essence(call):
    """What of a call does not say where and when it was recorded."""
    return (
        call.source,
        call.type,
        call.event,
        call.user_id,
        call.message_id,
        call.message,
        call.received_at,
        call.verdict,
        [finding.code for finding in call.findings],
    )


async def test_exported_calls_are_the_same_after_an_import(machine, make_machine):
    """Ids, times, merged context, verdicts: as they were, in another server at another time."""
    machine.batch(
        GOOD | {"messageId": "m1", "context": {"a": 1}, "integrations": {"All": False}},
        GOOD | {"timestamp": "2026-01-31T10:00:00.123456789+02:00", "userId": None},
        GOOD | {"messageId": "m1"},
        5,
        None,
        GOOD | {"timestamp": "never", "sentAt": 5},
        {"type": "page", "anonymousId": "a", "name": "\u2028"},
        context={"b": 2},
        sentAt="2026-01-31T11:59:58Z",
    )
    machine.send("/v1/group", {"groupId": "g", "userId": "u", "traits": {}}, key="other")
    machine.clock.advance(10)
    machine.track(originalTimestamp="2026-01-01T00:00:00Z")
    exported = msgspec.json.decode(msgspec.json.encode(machine.calls()))
    copy = make_machine(seed=99)
    copy.clock.advance(5000)
    wanted = ("source", "message", "raw", "receivedAt")
    portion = [{key: call[key] for key in wanted} for call in exported]
    assert (await copy.perform("import_calls", calls=portion)).imported == len(exported)
    for before, after in zip(machine.calls(), copy.calls(), strict=True):
        if isinstance(before.raw, dict):
            assert essence(after) == essence(before)
        else:
            # What is no message has no place for the id that it was given.
            assert (after.raw, after.verdict) == (before.raw, "dropped")


async def test_an_import_can_go_to_one_source(machine):
    """`source` is where all of them go, whatever they say themselves."""
    calls = [
        {"source": "a", "message": GOOD},
        {"source": "b", "raw": GOOD | {"writeKey": "c"}},
        {"source": "", "message": GOOD | {"writeKey": "d"}},
    ]
    await machine.perform("import_calls", calls=calls, source="here")
    assert [call.source for call in machine.calls()] == ["here"] * 3


async def test_an_imported_call_goes_where_it_says(machine):
    """The source beside the message counts, not a key in it."""
    await machine.perform("import_calls", calls=[{"source": "a", "raw": GOOD | {"writeKey": "b"}}])
    assert [call.source for call in machine.calls()] == ["a"]


async def test_imported_calls_are_judged_anew(machine):
    """A messageId that is there already makes a duplicate."""
    machine.track(messageId="m1")
    call = {"source": "k", "message": GOOD | {"messageId": "m1"}}
    await machine.perform("import_calls", calls=[call])
    assert machine.calls()[-1].duplicate_of == "call-1"


@pytest.mark.parametrize("received_at", [None, "", "never"])
async def test_a_call_without_a_time_comes_now(machine, received_at):
    """An unreadable time of arrival is none."""
    call = {"source": "k", "message": GOOD, "receivedAt": received_at}
    await machine.perform("import_calls", calls=[call])
    assert machine.calls()[0].received_at == "2026-01-31T12:00:00.000Z"


async def test_an_old_import_does_not_make_new_calls_duplicates(machine):
    """The 24 hours are counted from when a call was recorded at first."""
    call = {
        "source": "k",
        "message": GOOD | {"messageId": "m1"},
        "receivedAt": "2026-01-01T00:00:00Z",
    }
    await machine.perform("import_calls", calls=[call])
    assert machine.track(messageId="m1").verdict == "accepted"


async def test_a_very_deep_message_is_refused_as_everywhere(machine):
    """What nobody could read is recorded as a refused request."""
    deep = {}
    for _ in range(600):
        deep = {"a": deep}
    await machine.perform("import_calls", calls=[{"source": "k", "message": deep}])
    assert machine.calls() == []
    assert machine.requests("k")[0].reason.code == "bad_request"


async def test_others_have_their_turn_between_imported_calls(machine, monkeypatch):
    """No import holds the loop until its end, and none of its calls is lost or told twice."""
    monkeypatch.setattr(Turn, "is_over", True)
    calls = [{"source": "k", "message": GOOD | {"messageId": f"m{n % 4}"}} for n in range(5)]
    importing = asyncio.ensure_future(machine.perform("import_calls", calls=calls))
    seen = []
    while not importing.done():
        await breathe()
        seen.append(len(machine.calls("k")))
        machine.track("other")
    imported = await importing
    assert (imported.imported, imported.duplicates) == (5, 1)
    assert {1, 2, 3, 4} <= {*seen}
    assert len(machine.calls("other")) == len(seen)
