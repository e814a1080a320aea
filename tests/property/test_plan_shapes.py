"""Any plan that the server takes gives strategies, journeys and traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from plan_shapes import SHAPES

from mockseg import strategies as seg
from mockseg.catalogue.lookup import matches_of
from mockseg.errors import PlanError
from mockseg.plans.model import plan_from_json
from mockseg.plans.planset import PlanSet
from mockseg.strategies.seeded import drawn, samples
from mockseg.traffic.scenario import with_examples

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Plan


def _plan(name: str) -> Plan:
    return plan_from_json({"name": name, "rules": SHAPES[name]}, file="plan.json")


def _is_judged(message: JsonObject) -> bool:
    """Return whether it is without a lone surrogate, which edge messages have at times."""
    try:
        msgspec.json.encode(message)
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("name", SHAPES)
def test_strategies_draw_messages_of_the_plan(name: str) -> None:
    """Valid and edge messages satisfy it, and there are invalid ones, of each of its rules."""
    plan = _plan(name)
    checks = PlanSet([plan])
    for match in matches_of(plan):
        for kind in ("valid", "edge"):
            for sample in samples(match, kind, count=5, seed="1"):  # type: ignore[arg-type]
                message = sample["message"]
                if _is_judged(message):
                    found = checks.check(message, type=message["type"], event=message.get("event"))
                    assert [violation.description for violation in found] == []
        assert len(list(samples(match, "invalid", count=3, seed="1"))) == 3


@pytest.mark.parametrize("name", SHAPES)
def test_journeys_and_traffic_are_made_of_the_plan(name: str) -> None:
    """Every rule for a call has examples that satisfy it."""
    plan = _plan(name)
    assert len(list(drawn(seg.journeys(plan), count=2, seed="1"))) == 2
    assert all(
        rule.examples for rule in with_examples(plan, seed="1").rules if rule.type != "COMMON"
    )


def _own(body: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"properties": {"type": "object", **body}}}
    return {"rules": [{"type": "TRACK", "key": "A", "version": 1, "jsonSchema": schema}]}


_ODD = {"type": "string", "pattern": "^a+$", "not": {"pattern": "a"}}


def test_an_optional_property_that_cannot_be_constructed_is_left_out() -> None:
    """A warning names it, and the rest of the plan works; a required one is an error there."""
    body = {"properties": {"good": {"type": "integer"}, "odd": _ODD}}
    plan = _own(body)

    place = r"A.jsonSchema.properties.properties.properties.odd is left out of all values"
    with pytest.warns(seg.PlanWarning, match=place):
        strategy = seg.properties("A", plan=plan)
    values = list(drawn(strategy, count=20, seed="1"))

    assert any("good" in value for value in values)
    assert not any("odd" in value for value in values)
    with pytest.raises(PlanError, match=r"properties\.odd: no string was found that satisfies the"):
        seg.properties("A", plan=_own({**body, "required": ["odd"]}))


def test_a_plan_that_no_call_of_traffic_satisfies_says_what_is_wrong_with_one() -> None:
    """Such as timestamps of a form that traffic does not write."""
    schema = {"properties": {"timestamp": {"pattern": "^m-[0-9]+$"}}, "required": ["timestamp"]}
    rules = [{"type": "TRACK", "key": "A", "version": 1, "jsonSchema": schema}]
    plan = plan_from_json({"name": "own", "rules": rules}, file="plan.json")
    with pytest.raises(PlanError, match=r"no call of traffic satisfies TRACK \"A\": .*pattern"):
        with_examples(plan, seed="1")
