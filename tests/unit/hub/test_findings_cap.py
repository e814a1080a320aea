"""A call with very many mistakes: some are told, the rest is counted, and little is kept."""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from typing import Any

import pytest
from msgspec import Raw

from mockseg import MockSegment
from mockseg.domain.call import KeptCall, Remark, extra_bytes
from mockseg.domain.request import Answer, KeptRequest
from mockseg.plans.model import plan_from_json
from mockseg.plans.planset import PlanSet
from mockseg.plans.violations import capped

RULE = {"properties": {"properties": {"properties": {"items": {"items": {"type": "number"}}}}}}
PLAN = {"name": "p", "rules": [{"type": "TRACK", "key": "A", "version": 1, "jsonSchema": RULE}]}


def told(items: list[Any], **settings: Any) -> list[str]:
    """Give the descriptions of the findings of a call with such items."""
    with MockSegment(**settings) as server:
        source = server.source(plan=PLAN)
        source.send({"type": "track", "event": "A", "userId": "u", "properties": {"items": items}})
        (call,) = source.calls()
        return [finding.description for finding in call.findings]


def test_twenty_mistakes_are_told_and_the_others_counted() -> None:
    """Each with its sentence; a few more are said to be so many."""
    assert len(told([""] * 20)) == 20
    descriptions = told([""] * 25)
    assert (len(descriptions), descriptions[20]) == (21, "and 5 more")


def test_fifteen_thousand_mistakes_cost_no_more_than_a_hundred() -> None:
    """Of a long list the beginning is looked at, and the answer says so."""
    descriptions = told([""] * 10_000)
    assert (len(descriptions), descriptions[20]) == (21, "and at least 80 more")
    assert len(json.dumps(descriptions)) < 4_000


@pytest.mark.parametrize("most", [1, 3])
def test_how_many_are_told_is_a_setting(most: int) -> None:
    """`max_findings`, as flag and variable too."""
    descriptions = told([""] * 5, max_findings=most)
    assert (len(descriptions), descriptions[most]) == (most + 1, f"and {5 - most} more")


def test_omitting_takes_every_wrong_value_out() -> None:
    """Where Protocols removes what violates, all of a call is looked at."""
    names = [f"n{number}" for number in range(300)]
    schema = {
        "properties": {"properties": {"properties": {name: {"type": "string"} for name in names}}}
    }
    plan = {
        "name": "p",
        "rules": [{"type": "TRACK", "key": "A", "version": 1, "jsonSchema": schema}],
    }
    omitting = {"track": {"allowPropertiesOnViolations": False}}
    with MockSegment() as server:
        source = server.source(plan=plan, protocols=omitting)
        wrong = dict.fromkeys(names, 1)
        source.send({"type": "track", "event": "A", "userId": "u", "properties": wrong})
        (call,) = source.calls()
        assert call.message["properties"] == {}
        assert len(call.findings) == 21


def calls_with_findings(names: list[str]) -> list[KeptCall]:
    """Return a hundred calls in which each of these properties is of a wrong type."""
    schemas = {name: {"type": "string"} for name in names}
    rule = {"properties": {"properties": {"properties": schemas}}}
    rules = [{"type": "TRACK", "key": "A", "version": 1, "jsonSchema": rule}]
    plans = PlanSet([plan_from_json({"name": "p", "rules": rules}, file="")])
    answer = Answer(200, b"{}")
    request = KeptRequest(1, "k", "POST", "/", "", (), b"", 0, 0, answer)
    message = {"type": "track", "event": "A", "properties": dict.fromkeys(names, 1)}
    return [
        KeptCall(
            cursor=number,
            request=request,
            index=0,
            raw=Raw(b"{}"),
            type="track",
            event="A",
            user_id="u",
            message_id="m",
            remark=Remark(
                findings=capped(plans.assess(message, type="track", event="A").all, most=20)
            ),
        )
        for number in range(100)
    ]


@pytest.mark.parametrize("count", [1, 25])
@pytest.mark.parametrize("length", [4, 40, 400])
def test_the_memory_of_findings_is_what_they_hold(count: int, length: int) -> None:
    """To within a third, however many there are and however long the names in them."""
    names = [f"{number:02}".ljust(length, "n") for number in range(count)]
    calls_with_findings(names)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        calls = calls_with_findings(names)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # The calls themselves are counted elsewhere.
    taken -= sum(map(sys.getsizeof, calls))
    assert 2 / 3 < extra_bytes(calls) / taken < 4 / 3
