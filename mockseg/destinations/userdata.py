"""What vendors keep of a user: flat values, and how often each event occurred."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TypeAlias

from mockseg.destinations.records import StateRecord
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import Json

Scalar: TypeAlias = str | int | float | bool

BEGINNING = "1970-01-01T00:00:00.000Z"
"""The moment of what is restored without one."""

_MILLISECOND = 1_000_000


def kind_of(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "an array" if isinstance(value, list) else "an object"


def flat_values(given: Mapping[str, Json], *, place: str) -> tuple[dict[str, Scalar], list[Note]]:
    """Return the texts, numbers and booleans, and a note for each other value by its place."""
    kept: dict[str, Scalar] = {}
    ignored = []
    for name, value in given.items():
        if isinstance(value, (str, int, float, bool)):
            kept[name] = value
        else:
            sentence = f"The value is {kind_of(value)}; allowed: text, a number, a boolean"
            ignored.append(Note("value_ignored", f"{place}.{name}", sentence))
    return kept, ignored


class Occurrences(StateRecord, kw_only=True):
    """How often one event of one user occurred.

    Attributes:
        first_at, last_at: ISO 8601, to the millisecond.
        properties: of the latest one to arrive.
    """

    count: int = 1
    first_at: str = BEGINNING
    last_at: str = BEGINNING
    properties: Json = None


def moment_text(moment_ns: int) -> str:
    """Write a moment with three digits, always: such texts sort as the moments do."""
    return format_moment(moment_ns // _MILLISECOND * _MILLISECOND)


def occur(
    events: MutableMapping[str, Occurrences], name: str, *, moment_ns: int, properties: Json
) -> None:
    """Count one occurrence; a late one moves the first moment, not the last."""
    moment = moment_text(moment_ns)
    known = events.setdefault(name, Occurrences(count=0, first_at=moment, last_at=moment))
    known.count += 1
    known.first_at = min(known.first_at, moment)
    known.last_at = max(known.last_at, moment)
    known.properties = properties
