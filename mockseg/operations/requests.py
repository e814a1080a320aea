"""Operations on requests: list and show; and how refused ones are counted."""

from __future__ import annotations

from typing import Final, Literal

from mockseg.domain.findings import Discard
from mockseg.domain.request import FaultMark, KeptRequest, refusal_reason, refusal_text, route_text
from mockseg.operations.base import Cursor, Limit, Order, Params, Result, WriteKey
from mockseg.printable import printable

MOST_KINDS: Final = 10


class Refusals(Result, frozen=True):
    """Requests that were refused in the same way.

    Attributes:
        status: HTTP status.
        method, path: as sent.
        reason: one sentence; empty where none is known.
        count: how many.
    """

    status: int
    method: str
    path: str
    reason: str
    count: int = 1

    @property
    def route(self) -> str:
        """Return what they asked for: ``POST /v1/track``."""
        return route_text(self.method, self.path)

    @property
    def text(self) -> str:
        """Return them in a few words: ``404 POST /v1/v1/t; /v1 is doubled (3 times)``."""
        return self.kind if self.count == 1 else f"{self.kind} ({self.count:,} times)"

    @property
    def kind(self) -> str:
        return refusal_text(
            status=self.status, method=self.method, path=self.path, reason=self.reason
        )


class RefusalCounter:
    """Counts refused requests; of the first 10 kinds of refusals it knows how many each has.

    Attributes:
        total: how many were refused.
    """

    __slots__ = ("_kinds", "total")

    def __init__(self) -> None:
        self.total = 0
        self._kinds: dict[tuple[int, str, str, str], int] = {}

    def add(self, request: KeptRequest | RequestView) -> None:
        """Count a request, if it was answered 4xx or 5xx."""
        if request.answer.status < 400:
            return
        reason = refusal_reason(request.reason, request.fault)
        self.add_kind((request.answer.status, request.method, request.path, reason), 1)

    def add_kind(self, kind: tuple[int, str, str, str], count: int) -> None:
        """Count refused requests by status, method, path and reason."""
        self.total += count
        if kind in self._kinds or len(self._kinds) < MOST_KINDS:
            self._kinds[kind] = self._kinds.get(kind, 0) + count

    @property
    def kinds(self) -> list[Refusals]:
        """Return the kinds in the order in which they first came."""
        return [Refusals(*kind, count) for kind, count in self._kinds.items()]


class ListRequests(Params, frozen=True):
    """Which requests to list.

    Attributes:
        source: a write key; all sources if omitted.
        refused: only requests that were answered 4xx or 5xx or, because of a fault, not at all;
            or only the others.
        after: only later requests than this number.
        before: only earlier requests than this number.
        order: which come first, the oldest or the newest.
        limit: maximum number of requests; a page whose bodies exceed 4 MB has fewer.
        body: whether bodies are shown; without them ``body`` is empty, also of the answer.
    """

    source: WriteKey | None = None
    refused: bool | None = None
    after: Cursor = 0
    before: Cursor | None = None
    order: Order = "oldest"
    limit: Limit = 100
    body: bool = True


class AnswerView(Result, frozen=True):
    """What a request was answered.

    Attributes:
        status: HTTP status; 0 when a fault left it without an answer.
        content_type: of the body.
        body: text; a picture as base64.
    """

    status: int
    content_type: str
    body: str


class RequestView(Result, frozen=True):
    """One request, whole.

    Attributes:
        id: unique in the server.
        number: its place; ``after`` goes on from here.
        source: the write key; empty when it had none.
        method, path, query: as sent.
        headers: as sent, secrets redacted, write keys visible.
        body: inflated, as text; base64 when it is not UTF-8.
        body_encoding: ``utf-8`` or ``base64``.
        sent_bytes: of the body on the wire.
        answer: what it was answered.
        reason: why it was refused, or null.
        fault: the fault that hit it, or null.
        calls: the ids of its calls that are still kept.
        received_at: ISO 8601.
        spent_milliseconds: from the last byte read to the answer made.
    """

    id: str
    number: int
    source: str
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: str
    body_encoding: Literal["utf-8", "base64"]
    sent_bytes: int
    answer: AnswerView
    reason: Discard | None
    calls: list[str]
    received_at: str
    spent_milliseconds: float
    fault: FaultMark | None = None

    def __repr__(self) -> str:
        """Name the request and its answer in one line."""
        reason = "" if self.reason is None else f", {self.reason.code}"
        return printable(
            f"<Request {self.id} {self.method} {self.path}: {self.answer.status}{reason}>",
            longest=300,
        )

    @property
    def refusal_text(self) -> str:
        return refusal_text(
            status=self.answer.status,
            method=self.method,
            path=self.path,
            reason=refusal_reason(self.reason, self.fault),
        )


class RequestPage(Result, frozen=True):
    """Requests, in the order that was asked for.

    Attributes:
        requests: at most ``limit``.
        next: the number of the next page, ``after`` it where the oldest come first and
            ``before`` it where the newest do; null when nothing follows.
    """

    requests: list[RequestView]
    next: int | None


class GetRequest(Params, frozen=True):
    """Which request.

    Attributes:
        id: of the request.
    """

    id: str
