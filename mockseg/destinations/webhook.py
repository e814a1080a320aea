"""A receiver of webhooks, for a destination without a URL of the user's own.

It answers 200 to any method and path, and checks the signature when it shares a secret.
Source: Segment's Webhooks destination, and its Actions edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from mockseg import json_types
from mockseg.destinations.records import StateRecord, plain, record_from
from mockseg.destinations.signature import SIGNATURE_HEADER, signed_part, verify_signature
from mockseg.destinations.vendor import (
    Action,
    Arguments,
    Headers,
    Imitation,
    Setup,
    VendorRequest,
    VendorResponse,
    partner_error,
)
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import format_moment
from mockseg.errors import MalformedJsonError
from mockseg.json_types import Json, JsonObject

_MOST_KEPT = 20
_FIELD_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z"
_FIELD_VALUE = r"^[ -~]{0,1000}\Z"
Signature: TypeAlias = Literal["good", "bad", "missing", "unchecked"]
HeaderName = Annotated[str, Meta(pattern=_FIELD_NAME)]
HeaderValue = Annotated[str, Meta(pattern=_FIELD_VALUE)]
Status = Annotated[int, Meta(ge=200, le=599)]
Times = Annotated[int, Meta(ge=1)]


class WebhookSetup(Setup, frozen=True, kw_only=True):
    """How it is set up.

    Attributes:
        shared_secret: with which Segment signs; nothing is checked without one.
        reject_bad_signatures: answer 401 to a wrong or missing signature; else it is noted only.
    """

    shared_secret: str | None = None
    reject_bad_signatures: bool = False


class SetAnswer(Arguments, frozen=True, kw_only=True):
    """What is answered instead of 200.

    Attributes:
        status: HTTP status.
        body: text.
        headers: by name.
        times: how often yet; None for ever. Afterwards it is 200 again.
    """

    status: Status
    body: str = ""
    headers: dict[HeaderName, HeaderValue] = {}
    times: Times | None = None


class ResetAnswer(Arguments, frozen=True, kw_only=True):
    """Takes no arguments."""


class ReceivedEvent(StateRecord, kw_only=True):
    """One event that came.

    Attributes:
        received_at: ISO 8601.
        method, path: of its request.
        type, event, user_id, message_id: of the event, where they are text.
        signature: what there was to say of it; unchecked without a shared secret.
    """

    received_at: str
    method: str
    path: str
    type: str | None
    event: str | None
    user_id: str | None
    message_id: str | None
    signature: Signature


class State(StateRecord, kw_only=True):
    """Counters and the last events; what came in full is recorded elsewhere.

    Attributes:
        requests: that came.
        events: in them; a batch has several.
        by_type: events by their `type`.
        bad_signatures: requests with a wrong or missing one.
        last: the last events, oldest first, at most 20.
        answer: instead of 200, or None.
    """

    requests: int = 0
    events: int = 0
    by_type: dict[str, int] = {}
    bad_signatures: int = 0
    last: Annotated[list[ReceivedEvent], Meta(max_length=_MOST_KEPT)] = []
    answer: SetAnswer | None = None


def _set_answer(webhook: Webhook, given: SetAnswer | None, _: int) -> JsonObject:
    webhook.store.answer = given
    return {"answer": None if given is None else plain(given)}


class Webhook(Imitation[WebhookSetup, State]):
    setup_type: ClassVar[type[Setup]] = WebhookSetup
    actions: ClassVar[Mapping[str, Action]] = {
        "set_answer": Action(
            "Answer this instead of 200, always or a number of times.", SetAnswer, _set_answer
        ),
        "reset_answer": Action(
            "Answer 200 again.",
            ResetAnswer,
            lambda webhook, _, now: _set_answer(webhook, None, now),
        ),
    }
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        "bad_request": VendorResponse(400),
        "unauthorized": VendorResponse(401),
        "not_found": VendorResponse(404),
        "rate_limited": VendorResponse(429, headers=(("Retry-After", "1"),)),
        "server_error": VendorResponse(500),
        "unavailable": VendorResponse(503),
    }

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        del request
        return None

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer 404: a receiver is known by its URL only."""
        sentence = f"No webhook destination has the URL {request.path[:100]!r}"
        return partner_error(404, sentence, code="not_found")

    def restored(self, state: JsonObject) -> State:
        return record_from(state, State)

    def handle(self, request: VendorRequest) -> VendorResponse:
        signature = self._judge(request)
        notes: tuple[Note, ...] = ()
        if signature in {"bad", "missing"}:
            wrong = "is not that of the body" if signature == "bad" else "is missing"
            sentence = f"{SIGNATURE_HEADER} {wrong}; it is the lower-case hex HMAC-SHA1 of it"
            notes = (Note("bad_signature", SIGNATURE_HEADER, sentence),)
        self._count(request, signature)
        if notes and self.setup.reject_bad_signatures:
            return partner_error(
                401, notes[0].description, code="bad_signature", field=SIGNATURE_HEADER
            )
        chosen = self.store.answer
        if chosen is None:
            return VendorResponse(200, notes=notes)
        if chosen.times is not None:
            left = chosen.times - 1
            self.store.answer = msgspec.structs.replace(chosen, times=left) if left else None
        headers: Headers = tuple(chosen.headers.items())
        return VendorResponse(chosen.status, chosen.body.encode(), headers, notes)

    def _judge(self, request: VendorRequest) -> Signature:
        secret = self.setup.shared_secret
        if not secret:
            return "unchecked"
        signature = request.header(SIGNATURE_HEADER)
        if signature is None:
            return "missing"
        # Of a batch the first element is signed, or the array: see the setting `batchSignature`.
        part = signed_part(request.body)
        good = part is not None and any(
            verify_signature(signed, signature, secret=secret)
            for signed in dict.fromkeys((part, request.body))
        )
        return "good" if good else "bad"

    def _count(self, request: VendorRequest, signature: Signature) -> None:
        store = self.store
        events = _events_in(request.body)
        store.requests += 1
        store.events += len(events)
        store.bad_signatures += signature in {"bad", "missing"}
        for event in events:
            type_ = _text(event.get("type")) or ""
            store.by_type[type_] = store.by_type.get(type_, 0) + 1
        new = [
            ReceivedEvent(
                received_at=format_moment(request.received_ns),
                method=_encodable(request.method),
                path=_encodable(request.path),
                type=_text(event.get("type")),
                event=_text(event.get("event")),
                user_id=_text(event.get("userId")),
                message_id=_text(event.get("messageId")),
                signature=signature,
            )
            for event in events[-_MOST_KEPT:]
        ]
        store.last = [*store.last, *new][-_MOST_KEPT:]


def _events_in(body: bytes) -> list[JsonObject]:
    """Return the objects of a body: one, or those of an array; nothing of anything else."""
    try:
        value: Json = json_types.decode(body)
    except MalformedJsonError:
        return []
    found = value if isinstance(value, list) else [value]
    return [event for event in found if isinstance(event, dict)]


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()
