"""Deliveries as the ledger keeps them: bytes, decoded when they are read."""

from __future__ import annotations

import msgspec

from mockseg.destinations.vendor import Headers
from mockseg.domain.call import call_id
from mockseg.domain.credentials import shown_header, shown_url
from mockseg.domain.delivery import Attempt, Delivery, DeliveryState, Note
from mockseg.domain.timestamps import format_moment
from mockseg.journal.meter import TEXT_BYTES, text_bytes

FINAL = frozenset({"delivered", "filtered", "failed"})
_MOST_ANSWER = 2000

# A delivery with its places in the ledger, a messageId and a sentence; an attempt; a note.
_DELIVERY_BYTES = 450
_ATTEMPT_BYTES = 250
NOTE_BYTES = 100


class KeptAttempt(msgspec.Struct, frozen=True, gc=False):
    """One attempt; the body is shared by all attempts of a delivery.

    Attributes:
        method, url, headers: as sent; Content-Length is not among them. Readers see them without
            their secrets.
        body: the call's own message, of a batch its element.
        sent_bytes: of the whole body.
        status: that was answered; 0 for no answer.
        answer: the answer's body.
        error: Segment's label, or None.
        started_ns: a moment by the clock of the source.
        spent_ns: until the answer.
        notes: of an imitation.
    """

    method: str
    url: str
    headers: Headers
    body: bytes
    sent_bytes: int
    status: int
    answer: bytes
    error: str | None
    started_ns: int
    spent_ns: int
    notes: tuple[Note, ...] = ()

    def view(self, number: int) -> Attempt:
        """Return the attempt as readers see it.

        Args:
            number: its place among those of the delivery, from 1.
        """
        return Attempt(
            number=number,
            method=self.method,
            url=shown_url(self.url),
            headers={
                **{name: shown_header(name, value) for name, value in self.headers},
                "Content-Length": str(self.sent_bytes),
            },
            body=self.body.decode("utf-8", "replace"),
            status=self.status,
            # A character has up to four bytes.
            answer=self.answer[: 4 * _MOST_ANSWER].decode("utf-8", "replace")[:_MOST_ANSWER],
            error=self.error,
            started_at=format_moment(self.started_ns),
            milliseconds=self.spent_ns / 1e6,
            notes=self.notes,
        )


class KeptDelivery(msgspec.Struct, gc=False, eq=False):
    """A delivery in the ledger. Only the ledger changes it; nothing it holds points back.

    Attributes:
        cursor: its place in the ledger.
        call: the cursor of the call; 0 for a deletion, which is not a call.
        message_id, type, event, user_id, source, destination: as in
            :class:`mockseg.domain.delivery.Delivery`.
        state, reason, description: so far.
        attempts: oldest first.
        next_ns: when it is tried again, a moment; 0 when it is not.
        gone: it is in the ledger no more: evicted, or of a source that was dropped.
        finished: its place among those that became final, from 1; 0 before.
        again: it is a replay.
    """

    cursor: int
    call: int
    message_id: str
    type: str
    event: str | None
    user_id: str | None
    source: str
    destination: str
    state: DeliveryState = "queued"
    reason: str | None = None
    description: str | None = None
    attempts: tuple[KeptAttempt, ...] = ()
    next_ns: int = 0
    gone: bool = False
    finished: int = 0
    again: bool = False

    @property
    def final(self) -> bool:
        return self.state in FINAL

    @property
    def size_bytes(self) -> int:
        """Memory that it takes, to within a third (measured); what attempts share counts once."""
        size = _DELIVERY_BYTES + len(self.message_id)
        if self.description is not None:
            size += len(self.description)
        if self.attempts:
            size += TEXT_BYTES + len(self.attempts[0].body)
            before: bytes | None = None
            for attempt in self.attempts:
                size += _ATTEMPT_BYTES
                if attempt.answer is not before:
                    size += TEXT_BYTES + len(attempt.answer)
                before = attempt.answer
                for note in attempt.notes:
                    size += NOTE_BYTES + text_bytes((note.field, note.description))
        return size

    def view(self) -> Delivery:
        return Delivery(
            cursor=self.cursor,
            call=call_id(self.call) if self.call else "",
            message_id=self.message_id,
            type=self.type,
            event=self.event,
            user_id=self.user_id,
            source=self.source,
            destination=self.destination,
            state=self.state,
            reason=self.reason,
            description=self.description,
            attempts=tuple(each.view(place) for place, each in enumerate(self.attempts, 1)),
            next_attempt_at=format_moment(self.next_ns) if self.next_ns else None,
        )
