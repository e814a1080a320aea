"""What the tests of the catalogue share: judging a message by both libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from jsonschema import Draft7Validator

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.plans.model import Plan

CODES = {
    "required": "required",
    "type": "invalid_type",
    "enum": "enum",
    "const": "const",
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "maxLength": "max_length",
    "additionalProperties": "additional_property",
    "anyOf": "any_of",
    "not": "not_allowed",
}


def with_named_falsehood(schema: Any) -> Any:
    """Write the schema ``false`` as ``{"not": {}}``, because jsonschema loses its place."""
    if isinstance(schema, list):
        return [with_named_falsehood(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {"not": {}}
        if value is False and key != "additionalProperties"
        else with_named_falsehood(value)
        for key, value in schema.items()
    }


def complaints(schema: dict[str, Any], message: dict[str, Any]) -> set[tuple[str, str]]:
    """Give the codes and fields of what jsonschema finds wrong with a message."""
    found = set()
    for error in Draft7Validator(with_named_falsehood(schema)).iter_errors(message):
        path = list(error.absolute_path)
        names: list[list[Any]] = [[]]
        if error.validator == "required":
            names = [[n] for n in error.validator_value if n not in error.instance]
        elif error.validator == "additionalProperties":
            planned = error.schema.get("properties", {})
            names = [[n] for n in error.instance if n not in planned]
        for name in names:
            field = ".".join(map(str, [*path, *name])) or "(root)"
            found.add((CODES[str(error.validator)], field))
    return found


@pytest.fixture
def complaints_of() -> Callable[[dict[str, Any], dict[str, Any]], set[tuple[str, str]]]:
    """Give the function that names what is wrong with a message, by jsonschema."""
    return complaints


@pytest.fixture
def verdict_of() -> Callable[[dict[str, Any], dict[str, Any]], bool]:
    """Give the function that judges a message by both libraries, which must agree."""

    def verdict(schema: dict[str, Any], message: dict[str, Any]) -> bool:
        slow = Draft7Validator(schema).is_valid(message)
        fast = jsonschema_rs.Draft7Validator(schema).is_valid(message)
        assert slow == fast, (schema, message)
        return bool(slow)

    return verdict


@pytest.fixture
def is_good(
    verdict_of: Callable[[dict[str, Any], dict[str, Any]], bool],
) -> Callable[..., bool]:
    """Give the function that tells whether a plan calls a track call of this event good."""

    def good(plan: Plan, event: str, **properties: Any) -> bool:
        rule = plan.rule(event, type="TRACK")
        message = {"type": "track", "event": event, "userId": "u1", "properties": properties}
        return rule is not None and verdict_of(rule.schema, message)

    return good
