"""Survey filters: which users may be asked. Events and attributes filter; they never trigger.

Source: UserLeap's page on survey filters and triggers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from mockseg import json_types
from mockseg.destinations.values import Scalar
from mockseg.domain.timestamps import parse_moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.destinations.userleap.state import Event, User


Operator: TypeAlias = Literal["is set", "=", "!=", "≠", ">", ">=", "<", "<="]
Value: TypeAlias = Scalar | None
_UNEQUAL = frozenset({"!=", "≠"})
_MILLISECOND = 1_000_000


class Filter(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One condition on an event or on an attribute.

    Attributes:
        event: a name; either this or `attribute`.
        attribute: a name.
        of: what of the event is compared: how often it occurred, or when first or last.
        operator: events know no inequality.
        value: for ``is set`` a boolean, true if left out; for occurrences a whole number; for
            moments ISO 8601 text or milliseconds since 1970; for attributes text, a number or
            a boolean.
    """

    event: str | None = None
    attribute: str | None = None
    of: Literal["occurrences", "first occurred", "last occurred"] = "occurrences"
    operator: Operator = "is set"
    value: Value = None


def fault_of(condition: Filter) -> tuple[str, str] | None:
    """Give the field and the sentence of what is wrong with a filter, or None."""
    if (condition.event is None) == (condition.attribute is None):
        return "event", "a filter names either an event or an attribute"
    value, operator = condition.value, condition.operator
    shown = json_types.encode(value).decode()[:100]
    if operator == "is set":
        if value is not None and not isinstance(value, bool):
            return "value", f"`is set` compares with true or false, not {shown}"
        return None
    if condition.attribute is not None:
        return ("value", f"`{operator}` needs a value to compare with") if value is None else None
    if operator in _UNEQUAL:
        return "operator", "events are compared by is set, =, >, >=, < or <="
    if condition.of == "occurrences":
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            return "value", f"occurrences are compared with a whole number from 0, not {shown}"
    elif _moment(value) is None:
        return (
            "value",
            f"moments are compared with ISO 8601 text or milliseconds since 1970, not {shown}",
        )
    return None


def holds(condition: Filter, user: User) -> bool:
    """Tell whether a well-made filter holds for a user.

    An event that never occurred has 0 occurrences, and no moment that compares; an attribute
    that is not set is unequal to everything, and compares otherwise with nothing.
    """
    if condition.event is not None:
        return _event_holds(condition, user.events)
    assert condition.attribute is not None  # noqa: S101  (a filter has one of the two)
    stored = user.attributes.get(condition.attribute)
    if condition.operator == "is set":
        return (stored is not None) == (condition.value is not False)
    if stored is None:
        return condition.operator in _UNEQUAL
    return _attribute_holds(stored, condition.operator, condition.value)


def sentence_of(condition: Filter) -> str:
    """Say what a filter asks for."""
    if condition.event is not None:
        subject = f"event {condition.event!r}"
        if condition.operator != "is set":
            subject += f" {condition.of}"
    else:
        subject = f"attribute {condition.attribute!r}"
    if condition.operator == "is set":
        return f"{subject} is {'not ' if condition.value is False else ''}set"
    return f"{subject} {condition.operator} {json_types.encode(condition.value).decode()}"


def _event_holds(condition: Filter, events: Mapping[str, Event]) -> bool:
    assert condition.event is not None  # noqa: S101  (the caller looked)
    event = events.get(condition.event)
    if condition.operator == "is set":
        return (event is not None) == (condition.value is not False)
    wanted: float | None
    if condition.of == "occurrences":
        seen: float | None = 0 if event is None else event.count
        wanted = condition.value if isinstance(condition.value, int) else None
    else:
        seen = None
        if event is not None:
            first = condition.of == "first occurred"
            seen = event.created_at if first else event.updated_at
        wanted = _moment(condition.value)
    if seen is None or wanted is None:
        return False
    return _compares(seen, condition.operator, wanted)


def _attribute_holds(stored: Scalar, operator: Operator, wanted: Value) -> bool:
    """Compare as numbers where both are, numeric text too; else texts for equality only."""
    left, right = _number(stored), _number(wanted)
    if left is not None and right is not None:
        if operator in _UNEQUAL:
            return left != right
        return _compares(left, operator, right)
    same = _text(stored) == _text(wanted)
    return same if operator == "=" else operator in _UNEQUAL and not same


def _compares(left: float, operator: Operator, right: float) -> bool:
    if operator == "=":
        return left == right
    if operator == ">":
        return left > right
    if operator == ">=":
        return left >= right
    if operator == "<":
        return left < right
    return left <= right


def _moment(value: Value) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    moment = parse_moment(value)
    return None if moment is None else moment / _MILLISECOND


def _number(value: Value) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            # Far longer numbers are texts, and slow to read.
            number = float(value) if len(value) <= 40 else math.nan
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return value


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json_types.encode(value).decode()
