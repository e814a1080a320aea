"""A call with very many mistakes: some are told, the rest is counted, and little is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockseg import MockSegment

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
