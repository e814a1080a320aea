"""How often and when something occurred to a user, and with what the last time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mockseg.destinations.records import fill
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import Json

if TYPE_CHECKING:
    from collections.abc import MutableMapping


BEGINNING = "1970-01-01T00:00:00.000Z"
"""The moment of what is restored without one."""

_MILLISECOND = 1_000_000


class Occurrences(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is known of one event of one user.

    Attributes:
        count: how often it occurred.
        first_at, last_at: ISO 8601, to the millisecond.
        properties: of the latest one to arrive.
    """

    count: int
    first_at: str
    last_at: str
    properties: Json = None


def moment_text(moment_ns: int) -> str:
    """Write a moment with three digits, always: such texts sort as the moments do."""
    return format_moment(moment_ns // _MILLISECOND * _MILLISECOND)


def occur(
    events: MutableMapping[str, Occurrences], name: str, *, moment_ns: int, properties: Json
) -> None:
    """Count one occurrence; a late one moves the first moment, not the last."""
    moment = moment_text(moment_ns)
    known = events.get(name)
    if known is None:
        events[name] = Occurrences(count=1, first_at=moment, last_at=moment, properties=properties)
        return
    known.count += 1
    known.first_at = min(known.first_at, moment)
    known.last_at = max(known.last_at, moment)
    known.properties = properties


def fill_occurrences(records: Json, *names: str) -> None:
    """Add what was left out of the events of users who are to be restored.

    Args:
        records: users by key, changed in place.
        names: of the fields that hold their events.
    """
    if not isinstance(records, dict):
        return
    for record in records.values():
        if isinstance(record, dict):
            for name in names:
                fill(
                    record.get(name),
                    lambda _: {"count": 1, "firstAt": BEGINNING, "lastAt": BEGINNING},
                )
