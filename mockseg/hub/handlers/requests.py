"""Operations on requests: list and show."""

from __future__ import annotations

import base64
from typing import Literal

from mockseg.domain.call import KeptCall, call_id
from mockseg.domain.request import KeptRequest
from mockseg.domain.timestamps import format_moment
from mockseg.errors import OperationError
from mockseg.hub.paging import fitting
from mockseg.journal.memory import MemoryJournal
from mockseg.operations.requests import (
    AnswerView,
    GetRequest,
    ListRequests,
    RequestPage,
    RequestView,
)


async def list_requests(asked: ListRequests, *, journal: MemoryJournal) -> RequestPage:
    found = await _found(asked, journal)
    shown = fitting(
        found,
        limit=asked.limit,
        size=lambda each: len(each.body) + len(each.answer.body) if asked.body else 0,
    )
    return RequestPage(
        requests=[
            request_view(request, journal.calls_of(request), body=asked.body) for request in shown
        ],
        next=shown[-1].number if len(found) > len(shown) else None,
    )


async def _found(asked: ListRequests, journal: MemoryJournal) -> list[KeptRequest]:
    """Return the requests that are asked for, and one more where there are more."""
    found: list[KeptRequest] = []
    newest, after, before = asked.order == "newest", asked.after, asked.before
    portions = (
        journal.scan_requests_back(before=before, source=asked.source)
        if newest
        else journal.scan_requests(after=after, source=asked.source)
    )
    async for portion in portions:
        for request in portion:
            if request.number <= after or (before is not None and request.number >= before):
                return found
            if asked.refused in {None, request.refused}:
                found.append(request)
                if len(found) > asked.limit:
                    return found
    return found


async def get_request(asked: GetRequest, *, journal: MemoryJournal) -> RequestView:
    number = asked.id.removeprefix("req-")
    countable = number.isascii() and number.isdigit() and len(number) < 20
    request = journal.request(int(number)) if countable else None
    if request is None:
        raise OperationError(
            f'no request "{asked.id[:100]}" is kept', status=404, code="unknown_request"
        )
    return request_view(request, journal.calls_of(request))


def request_view(request: KeptRequest, calls: list[KeptCall], *, body: bool = True) -> RequestView:
    """Return a request as readers see it.

    Args:
        request: it.
        calls: those of its calls that are still kept.
        body: whether its body and that of its answer are shown.
    """
    text, encoding = text_of(request.body if body else b"")
    answer = request.answer
    return RequestView(
        id=request.id,
        number=request.number,
        source=request.source,
        method=request.method,
        path=request.path,
        query=request.query,
        headers=[_header(name, value, request) for name, value in request.headers],
        body=text,
        body_encoding=encoding,
        sent_bytes=request.sent_bytes,
        answer=AnswerView(
            status=answer.status,
            content_type=answer.content_type,
            body=text_of(answer.body)[0] if body else "",
        ),
        reason=request.reason,
        calls=[call_id(call.cursor) for call in calls],
        received_at=format_moment(request.received_ns),
        spent_milliseconds=request.spent_ns / 1_000_000,
        fault=request.fault,
    )


def _header(name: str, value: str, request: KeptRequest) -> tuple[str, str]:
    """Headers are shared by all requests that sent the same; only the length is their own."""
    return (name, str(request.sent_bytes) if name.lower() == "content-length" else value)


def text_of(body: bytes) -> tuple[str, Literal["utf-8", "base64"]]:
    """Return a body as text, base64 where it is not UTF-8, and which of both it is."""
    try:
        return body.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"
