"""Requests and sources as readers see them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from mockseg.domain.call import call_id
from mockseg.domain.timestamps import format_moment
from mockseg.operations.requests import AnswerView, RequestView
from mockseg.operations.sources import SourceView

if TYPE_CHECKING:
    from typing import Literal

    from mockseg.domain.call import KeptCall
    from mockseg.domain.lost import Lost
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.sources import Source


def request_view(request: KeptRequest, calls: list[KeptCall], *, body: bool = True) -> RequestView:
    """Return a request with the ids of its calls that are still kept.

    Args:
        request: it.
        calls: of it, those that are kept.
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


def source_view(source: Source, calls: int, *, lost: Lost) -> SourceView:
    """Return a source with the number of calls that are kept, and what was lost of it."""
    return SourceView(
        write_key=source.key,
        name=source.name,
        profile=source.profile,
        dedup=source.dedup,
        error_body=source.error_body,
        plans=[plan.slug for plan in source.plans.set.plans],
        calls=calls,
        evicted=lost.calls,
        forgotten=lost.forgotten,
        created_at=format_moment(source.created_ns),
    )


def _header(name: str, value: str, request: KeptRequest) -> tuple[str, str]:
    """Headers are shared by all requests that sent the same; only the length is their own."""
    return (name, str(request.sent_bytes) if name.lower() == "content-length" else value)


def text_of(body: bytes) -> tuple[str, Literal["utf-8", "base64"]]:
    """Give a body as text, base64 where it is no UTF-8, and which of both it is."""
    try:
        return body.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"
