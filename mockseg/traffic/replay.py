"""Calls that were captured, sent again with the distances in time that they had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.domain.message import MESSAGE_TYPES
from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.json_types import encode
from mockseg.traffic.packets import GeneratedCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    from mockseg.json_types import Json, JsonObject


# Where a message says when it happened, the first that does wins.
_TIMES = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")


def moment_of(message: JsonObject) -> int | None:
    """Return the moment at which a message says that it happened, or None."""
    for name in _TIMES:
        moment = parse_moment(message.get(name))
        if moment is not None:
            return moment
    return None


def replayed(
    messages: Iterable[JsonObject],
    *,
    speed: Fraction,
    shift_to_ns: int | None,
    ids: str | None,
) -> Iterator[GeneratedCall]:
    """Yield each message with its due time.

    A message without a time is due with the one before it, and so is one that happened
    earlier than that.

    Args:
        messages: in the order in which they are sent.
        speed: how many times faster than it was.
        shift_to_ns: the moment to which the first is moved, the others by as much; None
            leaves the times alone.
        ids: the beginning of new messageIds, None to keep the old ones.
    """
    first: int | None = None
    due = 0
    for number, message in enumerate(messages):
        moment = moment_of(message)
        if moment is not None:
            first = moment if first is None else first
            due = max(due, int((moment - first) / speed))
        changed = dict(message)
        if shift_to_ns is not None and first is not None:
            for name in _TIMES[:2]:
                told = parse_moment(changed.get(name))
                if told is not None:
                    changed[name] = format_moment(told - first + shift_to_ns)
        # It is sent and received now.
        changed.pop("sentAt", None)
        changed.pop("receivedAt", None)
        if ids is not None:
            changed["messageId"] = f"{ids}-{number:08x}"
        yield _made(changed, due)


def _made(message: JsonObject, due: int) -> GeneratedCall:
    type_ = _text(message.get("type"))
    event = _text(message.get("event"))
    message_id = _text(message.get("messageId"))
    routed = type_ if type_ in MESSAGE_TYPES else ""
    return GeneratedCall(
        due, encode(message), routed, event or type_ or "(none)", "replayed", "", message_id
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
