"""Rows of the table and their handlers; one door for arrivals."""

from __future__ import annotations

import inspect

import pytest

from mockseg.hub import hub as hub_module
from mockseg.hub import ingest
from mockseg.operations.table import OPERATIONS


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_row_has_its_handler(machine, operation):
    """It takes what the row says and parts that the hub has; it returns what the row says."""
    handler, parts = machine.hub._handlers[operation.name]
    asked, *others = inspect.signature(handler).parameters.values()
    assert asked.annotation in {operation.params.__name__, "msgspec.Struct"}
    assert handler.__annotations__["return"] == operation.result.__name__
    assert [other.name for other in others] == list(parts)
    for part in others:
        assert part.kind is inspect.Parameter.KEYWORD_ONLY
        assert hasattr(machine.hub, part.name)


def test_no_handler_is_without_a_row():
    """Every coroutine that a module of handlers offers by a public name is an operation's."""
    names = {operation.name for operation in OPERATIONS}
    offered = {
        name
        for module in hub_module._HANDLERS
        for name, value in vars(module).items()
        if inspect.iscoroutinefunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
    helpers = {"attempts_of", "explain_wait", "explain_deliveries"}
    assert offered - helpers == names


async def test_a_body_is_read_once_with_faults_in_force(machine, monkeypatch):
    """Choosing a fault and judging the calls share one reading."""
    read, bodies = ingest.read, []
    monkeypatch.setattr(ingest, "read", lambda arrival: bodies.append(arrival) or read(arrival))
    await machine.perform("add_fault", effect={"delay": 0.5}, match={"event": "E"})
    machine.track()
    assert len(bodies) == 1


async def test_accept_gives_the_usual_answer_and_what_the_fault_does(machine):
    """A fault that stores changes what goes out; one that does not leaves no call."""
    await machine.perform("add_fault", effect={"status": 503})
    outcome = machine.outcome("/v1/track", {"userId": "u1", "event": "E"}, key="k")
    assert outcome.answer.status == 200
    assert outcome.fault.serve(outcome.answer).answer.status == 503
    assert machine.calls() == []
    again = machine.outcome("/v1/track", {"userId": "u1", "event": "E"}, key="k")
    assert (again.answer.status, again.fault) == (200, None)
    assert len(machine.calls()) == 1


async def test_no_fault_hits_what_mockseg_records_itself(machine):
    """Imported calls and those of an audience are recorded; the fault waits for a client."""
    await machine.perform("add_fault", effect={"status": 503})
    call = {"source": "k", "message": {"type": "track", "event": "E", "userId": "u1"}}
    assert (await machine.perform("import_calls", calls=[call])).imported == 1
    await machine.perform("change_audience", writeKey="k", audience="Buyers", enter=["u1"])
    assert len(machine.calls("k")) == 2
    assert machine.outcome("/v1/track", {"userId": "u1", "event": "E"}, key="k").fault is not None
