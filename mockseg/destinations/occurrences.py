"""How often and when something occurred to a user, and with what the last time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mockseg.domain.timestamps import format_moment
from mockseg.json_types import Json

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["Occurrences", "moment_text", "occur"]

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
