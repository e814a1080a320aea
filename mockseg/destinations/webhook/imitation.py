"""A receiver of webhooks, for a destination without a URL of the user's own.

It answers 200 to any method and path, and checks the signature when it shares a secret.
Source: Segment's Webhooks destination, and its Actions edition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from mockseg import json_types
from mockseg.destinations.inlet import refused
from mockseg.destinations.records import Arguments, arguments_of, plain, record_from
from mockseg.destinations.signature import SIGNATURE_HEADER, signed_part, verify_signature
from mockseg.destinations.vendor import Action, Setup, VendorRequest, VendorResponse
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import format_moment
from mockseg.errors import MalformedJsonError

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from mockseg.json_types import Json, JsonObject


_MOST_KEPT = 20
_FIELD_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z"
_FIELD_VALUE = r"^[ -~]{0,1000}\Z"
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


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is answered instead of 200.

    Attributes:
        status: HTTP status.
        body: text.
        headers: by name.
        times: how often yet; None for ever.
    """

    status: Status
    body: str = ""
    headers: dict[HeaderName, HeaderValue] = {}
    times: Times | None = None


class SetAnswer(Arguments, frozen=True, kw_only=True):
    """What to answer from now on; afterwards it is 200 again."""

    status: Status
    body: str = ""
    headers: dict[HeaderName, HeaderValue] = {}
    times: Times | None = None


class ResetAnswer(Arguments, frozen=True, kw_only=True):
    """To answer 200 again takes no arguments."""


class Seen(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
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
    signature: Literal["good", "bad", "missing", "unchecked"]


class State(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
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
    last: Annotated[list[Seen], Meta(max_length=_MOST_KEPT)] = []
    answer: Answer | None = None


class Webhook:
    """Receives webhooks. Pure; see `Imitation`."""

    setup_type: ClassVar[type[Setup]] = WebhookSetup
    actions: ClassVar[Mapping[str, Action]] = {
        "set_answer": Action("Answer so instead of 200, always or a number of times.", SetAnswer),
        "reset_answer": Action("Answer 200 again.", ResetAnswer),
    }
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        "bad_request": VendorResponse(400),
        "unauthorized": VendorResponse(401),
        "not_found": VendorResponse(404),
        "rate_limited": VendorResponse(429, headers=(("Retry-After", "1"),)),
        "server_error": VendorResponse(500),
        "unavailable": VendorResponse(503),
    }

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        assert isinstance(setup, WebhookSetup)  # noqa: S101  (the registry goes by setup_type)
        del random
        self._setup = setup
        self._key = key
        self._state = State()

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Give None: webhooks carry no key."""
        del request
        return None

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer 404: a receiver is known by its URL only."""
        sentence = f"No webhook destination has the URL {request.path[:100]!r}"
        return refused(404, sentence, code="not_found")

    def knows(self, key: str) -> bool:
        """Tell whether this is the key that it was made with, although nobody sends it."""
        return key == self._key

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Count a request and answer it; never raises."""
        signature = self._judge(request)
        notes: tuple[Note, ...] = ()
        if signature in {"bad", "missing"}:
            wrong = "is not that of the body" if signature == "bad" else "is missing"
            sentence = f"{SIGNATURE_HEADER} {wrong}; it is the lower-case hex HMAC-SHA1 of it"
            notes = (Note("bad_signature", SIGNATURE_HEADER, sentence),)
        self._count(request, signature)
        if notes and self._setup.reject_bad_signatures:
            return refused(401, notes[0].description, code="bad_signature", field=SIGNATURE_HEADER)
        chosen = self._state.answer
        if chosen is None:
            return VendorResponse(200, notes=notes)
        if chosen.times is not None:
            left = chosen.times - 1
            again = msgspec.structs.replace(chosen, times=left) if left else None
            self._state.answer = again
        return VendorResponse(
            chosen.status, chosen.body.encode(), tuple(chosen.headers.items()), notes
        )

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Choose what is answered.

        Raises:
            VendorStateError: no such action, or wrong arguments.
        """
        del now_ns
        given = arguments_of(self.actions, action, arguments)
        self._state.answer = None
        if isinstance(given, SetAnswer):
            self._state.answer = Answer(
                status=given.status, body=given.body, headers=given.headers, times=given.times
            )
        return {"answer": None if self._state.answer is None else plain(self._state.answer)}

    def state(self) -> JsonObject:
        """Give counters and the last events."""
        return plain(self._state)

    def restore(self, state: JsonObject) -> None:
        """Have these counters and last events instead.

        Raises:
            VendorStateError: names the place and what is allowed.
        """
        self._state = record_from(state, State)

    def _judge(self, request: VendorRequest) -> Literal["good", "bad", "missing", "unchecked"]:
        secret = self._setup.shared_secret
        if not secret:
            return "unchecked"
        signature = request.header(SIGNATURE_HEADER)
        if signature is None:
            return "missing"
        part = signed_part(request.body)
        good = part is not None and verify_signature(part, signature, secret=secret)
        return "good" if good else "bad"

    def _count(
        self, request: VendorRequest, signature: Literal["good", "bad", "missing", "unchecked"]
    ) -> None:
        state = self._state
        events = _events_in(request.body)
        state.requests += 1
        state.events += len(events)
        state.bad_signatures += signature in {"bad", "missing"}
        for event in events:
            kind = _text(event.get("type")) or ""
            state.by_type[kind] = state.by_type.get(kind, 0) + 1
        state.last = [
            *state.last,
            *(
                Seen(
                    received_at=format_moment(request.received_ns),
                    method=_shown(request.method),
                    path=_shown(request.path),
                    type=_text(event.get("type")),
                    event=_text(event.get("event")),
                    user_id=_text(event.get("userId")),
                    message_id=_text(event.get("messageId")),
                    signature=signature,
                )
                for event in events[-_MOST_KEPT:]
            ),
        ][-_MOST_KEPT:]


def _events_in(body: bytes) -> list[JsonObject]:
    """Give the objects of a body: one, or those of an array; nothing of anything else."""
    try:
        value: Json = json_types.decode(body)
    except MalformedJsonError:
        return []
    found = value if isinstance(value, list) else [value]
    return [event for event in found if isinstance(event, dict)]


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _shown(text: str) -> str:
    """Mend what cannot be encoded again."""
    return text.encode(errors="replace").decode()
