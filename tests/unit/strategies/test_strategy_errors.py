"""What cannot be made is refused when the strategy is made, with the place and what is near."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockseg import strategies as seg
from mockseg.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSALS: list[tuple[Callable[[], Any], list[str]]] = [
    (lambda: seg.event("guide startd (userguiding)"), ["guide started (userguiding)"]),
    (lambda: seg.event("x", plan="usergiding"), ['"usergiding"; did you mean "userguiding"?']),
    (lambda: seg.events("nothing"), ["nothing", "Allowed: userguiding"]),
    (lambda: seg.invalid_event("Ordr Completed"), ["Order Completed"]),
    (lambda: seg.edge_event("Ordr Completed"), ["Order Completed"]),
    (lambda: seg.messages(["trak"]), ['"trak"; did you mean "track"?']),
    (lambda: seg.messages([]), ["Allowed: identify"]),
    (lambda: seg.invalid_messages(["paeg"]), ['"paeg"; did you mean "page"?']),
    (lambda: seg.journeys("userguiding", name="gide"), ['did you mean "guide"?']),
    (lambda: seg.journeys("usergiding"), ['did you mean "userguiding"?']),
    (lambda: seg.journey_machine("userguiding", name="gide"), ['did you mean "guide"?']),
    (lambda: seg.properties("identify"), ["traits"]),
    (lambda: seg.traits("Order Completed"), ["properties"]),
    (lambda: seg.event("x", plan={"name": "p", "rules": []}), ["no rules"]),
    (
        lambda: seg.event(
            "Sigend Up",
            plan={"rules": [{"type": "TRACK", "key": "Signed Up", "jsonSchema": {}}]},
        ),
        ['"Sigend Up"; did you mean "Signed Up"?'],
    ),
    (
        lambda: seg.from_schema({"type": "string", "requierd": ["a"]}),
        ["$.requierd", '"requierd"; did you mean "required"?'],
    ),
    (lambda: seg.from_schema({"type": "strng"}), ["$.type", 'did you mean "string"?']),
    (lambda: seg.from_schema({"minContains": 1}), ["minContains", "Allowed: "]),
    (lambda: seg.from_schema({"items": [{"prefixItems": []}]}), ["$.items[0].prefixItems"]),
    (lambda: seg.from_schema(False), ["nothing satisfies"]),
    (lambda: seg.from_schema({"enum": [1], "type": "string"}), ["$", "nothing satisfies"]),
    (lambda: seg.from_schema({"type": "integer", "minimum": 3, "maximum": 2}), ["limits"]),
    (
        lambda: seg.from_schema(
            {
                "type": "object",
                "required": ["a"],
                "properties": {"a": {"type": "integer", "minimum": 3, "maximum": 2}},
            }
        ),
        ["$.properties.a", "nothing satisfies"],
    ),
    (lambda: seg.from_schema({"type": "object", "required": ["a"], "properties": {"a": False}}),
     ["nothing satisfies", "$.properties.a"]),
    (lambda: seg.from_schema({"properties": {"a": {"$ref": "#"}}}), ["refers to itself"]),
    (lambda: seg.from_schema({"not": {"uniqueItems": True}}), ["$.not.uniqueItems"]),
    (lambda: seg.from_schema({"type": "string", "format": "date", "maxLength": 3}), ["date", "3"]),
    (lambda: seg.from_schema(3), ["must be a JSON object"]),
    (lambda: seg.from_schema({"const": object()}), ["JSON"]),
]  # fmt: skip


@pytest.mark.parametrize(("make", "told"), REFUSALS)
def test_a_mistake_is_told_when_the_strategy_is_made(
    make: Callable[[], Any], told: list[str]
) -> None:
    """Not when it is drawn; the sentence names the place or the value, and what is allowed."""
    with pytest.raises(PlanError) as caught:
        make()
    assert [part for part in told if part not in str(caught.value)] == []


def test_a_machine_without_a_consumer_says_what_is_missing() -> None:
    """The method to write is named."""
    machine = seg.journey_machine("userguiding")
    with pytest.raises(NotImplementedError, match="deliver"):
        machine().deliver({})


def test_what_is_no_json_cannot_be_encoded() -> None:
    """NaN is no JSON, and a set neither."""
    from mockseg.errors import MalformedJsonError

    with pytest.raises(MalformedJsonError):
        seg.encode({"a": float("nan")})
    with pytest.raises(MalformedJsonError):
        seg.encode({"a": {1}})


def test_every_public_name_is_there() -> None:
    """``__all__`` is what it says, and in order."""
    assert [name for name in seg.__all__ if not hasattr(seg, name)] == []
    assert sorted(seg.__all__) == seg.__all__
