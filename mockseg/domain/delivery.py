"""A delivery: the fate of one call at one destination."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from mockseg.printable import printable

DeliveryState: TypeAlias = Literal["queued", "retrying", "delivered", "filtered", "failed"]


class Note(msgspec.Struct, frozen=True, gc=False):
    """What a vendor refused, ignored or dropped of a request, whatever it answered.

    It stands in the ledger and with the recorded request, never in the vendor's state.

    Attributes:
        code: such as ``unknown_user``, ``value_ignored``, ``unsupported_type``.
        field: where, such as ``traits.age``; empty for the whole request.
        description: one sentence with the value seen and what is allowed.
    """

    code: str
    field: str
    description: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One try to deliver a call.

    Attributes:
        number: from 1.
        method, url: where it went; the URL of an imitation is that of this server.
        headers: as sent, secrets redacted.
        body: as sent, text; of a batch the element that is this call.
        status: that was answered; 0 for no answer.
        answer: the first 2,000 characters of the answer's body; without one, what is known of why.
        error: Segment's label, such as ``awaiting-retry.5xx`` or ``discarded.400``, or None.
        started_at: ISO 8601, by the clock of the source.
        milliseconds: until the answer.
        notes: what the vendor refused, ignored or dropped of it.
    """

    number: int
    method: str
    url: str
    headers: dict[str, str]
    body: str
    status: int
    answer: str
    error: str | None
    started_at: str
    milliseconds: float
    notes: tuple[Note, ...] = ()


class Delivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fate of one call at one destination, as far as is known.

    Attributes:
        cursor: its place in the ledger; rises, never repeats.
        call: the id of the call.
        message_id, type, event, user_id: of the call.
        source: the write key.
        destination: the id.
        state: queued, retrying, delivered, filtered or failed; the last three are final.
        reason: why it was filtered or failed: Segment's code, ``queue_full``,
            ``destination_removed``, ``call_evicted`` or ``device_mode``; else None.
        description: the reason in one sentence, or None.
        attempts: oldest first.
        next_attempt_at: ISO 8601, while it is retrying; else None.
    """

    cursor: int
    call: str
    message_id: str
    type: str
    event: str | None
    user_id: str | None
    source: str
    destination: str
    state: DeliveryState
    reason: str | None = None
    description: str | None = None
    attempts: tuple[Attempt, ...] = ()
    next_attempt_at: str | None = None

    def __repr__(self) -> str:
        """Name call, destination and state in one line."""
        name = "" if self.event is None else f" {self.event!r}"
        reason = "" if self.reason is None else f", {self.reason}"
        return printable(
            f"<Delivery of {self.call} {self.type}{name} to {self.destination}:"
            f" {self.state}{reason}>",
            longest=300,
        )
