"""One JSON value of a file as messages.

It is a message, an exported call, a batch, or an event as Segment's archive and debugger have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from mockseg.cli.json_values import values_of
from mockseg.cli.output import shorten
from mockseg.domain.findings import Discard, discard
from mockseg.domain.limits import MAX_BATCH_BYTES, MAX_BATCH_CALLS
from mockseg.domain.message import Shared
from mockseg.domain.reading import Reading, read_batch, read_message
from mockseg.errors import ConfigError
from mockseg.json_types import Json, JsonObject, encode

# What the server adds to a message and does anew; and where a message goes to.
_ADDED: Final = frozenset({"receivedAt", "timestamp", "originalTimestamp", "writeKey"})
# What Segment adds to an event besides, as its archive, debugger and destinations have it.
_ADDED_BY_SEGMENT: Final = frozenset({"projectId", "version", "channel"})
# Of these the normalised form knows more than the message that was sent: its route and batch.
_FROM_NORMALISED: Final = frozenset({"type", "context", "integrations", "writeKey"})


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as it was sent.

    Attributes:
        place: in its batch, from 0; None outside of a batch.
        message: decoded; any JSON value.
        raw: its JSON, whose size counts.
        shared: what its batch says for all of its messages, or None.
        received_at: when the server that exported it received it, ISO 8601; None if unknown.
    """

    place: int | None
    message: Json
    raw: msgspec.Raw
    shared: Shared | None = None
    received_at: Json = None


def messages_of(file: str, *, outcome: str = "") -> Iterator[tuple[str, Sent]]:
    """Yield the messages of a file, or of all files in a folder, each with its place.

    Args:
        file: its name, or ``-``.
        outcome: what an error says at its end.

    Raises:
        ConfigError: a value cannot be read; the message has file and line.
    """
    for value in values_of(file):
        found = read_value(value.text)
        if isinstance(found, Discard):
            raise ConfigError(f"{value.place}: {shorten(found.description)}{outcome}")
        yield from ((value.place, sent) for sent in found)


def read_value(line: bytes) -> tuple[Sent, ...] | Discard:
    # Only a batch has this word, or a message that speaks of it; who has it is asked.
    if b'"batch"' in line:
        batch = read_batch(line)
        if batch.problem is not None and batch.problem.field == "batch":
            return batch.problem
        if batch.problem is None and (
            # Even an empty one.
            batch.items or any("batch" in message for _, message in read_message(line).items)
        ):
            return _batch(line, batch)
    read = read_message(line)
    if read.problem is not None:
        text = read.problem.description.replace("the body", "it")
        description = f"{text}; expected a JSON object, or an array of objects"
        return discard(read.problem.code, "", description)
    raw, message = read.items[0]
    if "raw" in message or isinstance(message.get("message"), dict):
        return (_exported(message),)
    if is_archived(message):
        return (_exported({"message": archived(message)}),)
    return (Sent(None, message, raw),)


def is_archived(message: JsonObject) -> bool:
    """Return whether an object is an event as Segment's archive and debugger have it.

    No library sends its own ``projectId`` or ``receivedAt``: Segment adds them.
    """
    return "type" in message and ("projectId" in message or "receivedAt" in message)


def archived(event: JsonObject) -> JsonObject:
    """Return the normalised message of an event of Segment's archive or debugger."""
    message = {key: value for key, value in event.items() if key not in _ADDED_BY_SEGMENT}
    if message.get("originalTimestamp") is None and message.get("timestamp") is not None:
        message["originalTimestamp"] = message["timestamp"]
    return message


def _batch(line: bytes, read: Reading) -> tuple[Sent, ...] | Discard:
    """Return the messages of a batch, or why Segment would reject a request with this body."""
    if not read.items:
        return discard("empty_batch", "batch")
    if len(line) > MAX_BATCH_BYTES:
        text = f"the batch has {len(line)} bytes, at most {MAX_BATCH_BYTES} are allowed"
        return discard("payload_too_large", "", text)
    if len(read.items) > MAX_BATCH_CALLS:
        text = f"the batch has {len(read.items)} calls, at most {MAX_BATCH_CALLS} are allowed"
        return discard("batch_too_many_calls", "batch", text)
    return tuple(
        Sent(place, message, raw, read.shared) for place, (raw, message) in enumerate(read.items)
    )


def _exported(call: JsonObject) -> Sent:
    """Make the message again that led to an exported call.

    What was sent stands in ``raw``, without what its route and its batch text; that stands
    in ``message``, where on the other hand the source's plans may have omitted something.
    """
    raw, message = call.get("raw"), call.get("message")
    if not isinstance(message, dict) or not message:
        return Sent(None, raw, msgspec.Raw(encode(raw)), received_at=call.get("receivedAt"))
    sent: Json = {key: value for key, value in message.items() if key not in _ADDED}
    if isinstance(raw, dict):
        sent |= {key: value for key, value in raw.items() if key not in _FROM_NORMALISED}
    elif message.get("originalTimestamp") is not None:
        sent["timestamp"] = message["originalTimestamp"]
    if not sent.get("type"):
        sent["type"] = raw.get("type") if isinstance(raw, dict) else None
    received_at = call.get("receivedAt") or message.get("receivedAt")
    whole = msgspec.Raw(encode(sent if raw is None else raw))
    return Sent(None, sent, whole, received_at=received_at)
