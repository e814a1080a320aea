"""What a trial left: the requests as they came over the wire, their fate, what the CLI said."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Sequence

from mockseg import json_types
from mockseg.clock import NANOSECONDS
from mockseg.conformance.contract import CliResult
from mockseg.domain.call import Call
from mockseg.domain.reading import is_too_deep
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import MalformedJsonError
from mockseg.json_types import Json, JsonObject
from mockseg.operations.faults import Truth
from mockseg.operations.requests import RequestView

_MOST_LINES = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """How the CLI ended.

    Attributes:
        result: what it said, or None.
        problem: why it cannot be judged at all: it is missing, hung, crashed, said nothing;
            else empty.
        stderr: its end.
        status: its exit status; negative for a signal, None when it did not end by itself.
        spent: seconds.
    """

    result: CliResult | None
    problem: str
    stderr: str
    status: int | None
    spent: float


@dataclasses.dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that should carry messages.

    Attributes:
        at: seconds since the first request of the trial.
        method, path: as sent.
        headers: names in lower case.
        document: the body, None where it is not JSON, or is nested deeper than Segment reads.
        body_bytes: inflated.
        messages: that it carries.
        status: that it was answered; 0 for no answer.
        refused: why mockseg refused it, or empty.
    """

    at: float
    method: str
    path: str
    headers: dict[str, str]
    document: Json
    body_bytes: int
    messages: tuple[JsonObject, ...]
    status: int
    refused: str

    @property
    def retry_count(self) -> str | None:
        return self.headers.get("x-retry-count")

    @property
    def line(self) -> str:
        count = len(self.messages)
        what = (
            f", {count} {'message' if count == 1 else 'messages'}" if self.method != "GET" else ""
        )
        retry = "" if self.retry_count is None else f", X-Retry-Count {self.retry_count}"
        answer = f"{self.status}" if self.status else "no answer"
        return f"+{self.at:.3f} s {self.method} {self.path}{what}{retry}: {answer}"


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """What a trial left.

    Attributes:
        requests: that should carry messages, in the order in which they came.
        settings: those for the CDN's settings.
        calls: what was recorded, every verdict.
        truth: the fate of each messageId.
        outcome: how the CLI ended.
        write_key: that it was given.
        types: of the calls that it was told to make.
        hint: what to look at where nothing came, or empty.
    """

    requests: tuple[SentRequest, ...]
    settings: tuple[SentRequest, ...]
    calls: tuple[Call, ...]
    truth: Truth
    outcome: Outcome
    write_key: str
    types: tuple[str, ...] = ()
    hint: str = ""

    @property
    def result(self) -> CliResult:
        """What the CLI said; a trial without that is not judged."""
        assert self.outcome.result is not None  # noqa: S101  (else there is a problem)
        return self.outcome.result

    @property
    def messages(self) -> list[JsonObject]:
        """Every message of every request, resent ones again."""
        return [message for request in self.requests for message in request.messages]

    @property
    def accepted(self) -> list[Call]:
        """The calls that count: each was let through, and none twice."""
        return [call for call in self.calls if call.verdict == "accepted"]

    def carrying(self, event: str) -> list[SentRequest]:
        """Return the requests that carry a track call of this name: the attempts to deliver it."""
        return [
            request
            for request in self.requests
            if any(message.get("event") == event for message in request.messages)
        ]

    def lines(self) -> list[str]:
        """Say what came over the wire, a line for each request, the middle of many left out."""
        lines = [request.line for request in (*self.settings, *self.requests)]
        if not lines and self.hint:
            return [f"nothing; {self.hint}"]
        if len(lines) <= _MOST_LINES:
            return lines
        half = _MOST_LINES // 2
        left = f"… {len(lines) - 2 * half} more …"
        return [*lines[:half], left, *lines[-half:]]


def evidence_of(
    requests: Sequence[RequestView],
    *,
    calls: Sequence[Call],
    truth: Truth,
    outcome: Outcome,
    write_key: str,
    sent: Sequence[JsonObject] = (),
    hint: str = "",
) -> Evidence:
    """Gather what a trial left.

    Args:
        requests: of its source, in order.
        calls: of its source.
        truth: of its source.
        outcome: how the CLI ended.
        write_key: of its source.
        sent: the sequences that the CLI was given.
        hint: what to look at where nothing came.
    """
    first = _moment(requests[0]) if requests else 0.0
    tracking, settings = [], []
    for request in requests:
        if request.path.lower().rstrip("/").endswith("/settings"):
            settings.append(_sent(request, first))
        elif request.method in {"POST", "PUT"} and not request.path.lower().endswith("/m"):
            tracking.append(_sent(request, first))
    return Evidence(
        requests=tuple(tracking),
        settings=tuple(settings),
        calls=tuple(calls),
        truth=truth,
        outcome=outcome,
        write_key=write_key,
        types=tuple(event["type"] for sequence in sent for event in sequence["events"]),
        hint=hint,
    )


def _sent(request: RequestView, first: float) -> SentRequest:
    body = request.body.encode()
    if request.body_encoding == "base64":
        body = base64.b64decode(body)
    document = _document(body)
    return SentRequest(
        at=_moment(request) - first,
        method=request.method,
        path=request.path,
        headers={name.lower(): value for name, value in request.headers},
        document=document,
        body_bytes=len(body),
        messages=_messages(document),
        status=request.answer.status,
        refused="" if request.reason is None else request.reason.description,
    )


def _document(body: bytes) -> Json:
    try:
        document = json_types.decode_leniently(body)
    except MalformedJsonError:
        return None
    return None if is_too_deep(document) else document


def _messages(document: Json) -> tuple[JsonObject, ...]:
    if not isinstance(document, dict):
        return ()
    items = document.get("batch", [document])
    if not isinstance(items, list):
        return ()
    return tuple(item for item in items if isinstance(item, dict))


def _moment(request: RequestView) -> float:
    return (parse_moment(request.received_at) or 0) / NANOSECONDS
