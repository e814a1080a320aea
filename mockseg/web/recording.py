"""Recording requests that carry no message: refused ones, settings, tokens."""

from __future__ import annotations

from typing import TypeAlias

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION
from msgspec import structs

from mockseg.domain.credentials import (
    key_of,
    shown_form,
    shown_header,
    shown_json,
    shown_query,
    shown_url,
)
from mockseg.domain.findings import discard
from mockseg.domain.limits import MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.reading import key_of_refused
from mockseg.domain.request import Answer, Arrival, Headers, OwnHeaders, Route
from mockseg.errors import JournalError
from mockseg.hub.answers import refusal
from mockseg.hub.fault_registry import FaultedRequest
from mockseg.hub.hub import Hub
from mockseg.web.bodies import Body, inflated, read_body
from mockseg.web.pixel import decode_data
from mockseg.web.responses import allow_origin, response_of
from mockseg.web.unparsed import RawRequest

_Raw: TypeAlias = tuple[tuple[bytes, bytes], ...]

# Clients send the same headers over and over; more kinds than this are few clients no more.
_MOST_KINDS = 1000
_MOST_BYTES = 1_000_000
# Larger headers are hardly sent twice.
_MOST_SHARED_BYTES = 2000


class _HeaderStore:
    """Gives equal headers the same tuple, so that a hundred thousand requests share a few."""

    __slots__ = ("_as_sent", "_kept", "_size_bytes")

    def __init__(self) -> None:
        self._kept: dict[_Raw, Headers] = {}
        # The same by what was sent, with the lengths of bodies: few are sent over and over.
        self._as_sent: dict[_Raw, Headers] = {}
        self._size_bytes = 0

    def keep(self, raw: _Raw) -> Headers:
        """Return headers to keep; the length's value is left out, because it differs each time."""
        kept = self._as_sent.get(raw)
        if kept is not None:
            return kept
        alike = tuple([(n, b"" if n in _LENGTHS else v) for n, v in raw])
        kept = self._kept.get(alike)
        if kept is not None:
            if len(self._as_sent) >= _MOST_KINDS:
                self._as_sent.clear()
            self._as_sent[raw] = kept
            return kept
        own = OwnHeaders(_shown(name, value) for name, value in alike)
        size_bytes = own.size_bytes
        if size_bytes <= _MOST_SHARED_BYTES:
            if len(self._kept) >= _MOST_KINDS or self._size_bytes > _MOST_BYTES:
                self._kept.clear()
                self._as_sent.clear()
                self._size_bytes = 0
            self._kept[alike] = tuple(own)
            self._size_bytes += size_bytes
        return own


_LENGTHS = frozenset({b"Content-Length", b"content-length"})


def _shown(name: bytes, value: bytes) -> tuple[str, str]:
    text = name.decode("utf-8", "replace")
    return text, shown_header(text, value.decode("utf-8", "replace"))


_NOTHING = Route(path="", carries="nothing")
_FORM = "application/x-www-form-urlencoded"


class Recorder:
    """Puts requests into the journal, each in the source that it is for, secrets redacted."""

    __slots__ = ("_headers", "_hub")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._headers = _HeaderStore()

    def headers(self, request: web.BaseRequest) -> Headers:
        return self._headers.keep(request.raw_headers)

    async def read(self, request: web.BaseRequest, key: str = "", *, basic: bool = True) -> Body:
        """Read a body that may not have come whole yet; its source does not settle meanwhile.

        Args:
            request: as it came.
            key: the write key that the path names, or empty.
            basic: whether a user name in Authorization is a write key; a vendor's API key is not.
        """
        known = key or (key_in_headers(request)[:MAX_WRITE_KEY_CHARACTERS] if basic else "")
        with self._hub.in_flight.reading(known):
            return await read_body(request)

    async def refuse(
        self,
        request: web.BaseRequest,
        answer: Answer,
        *,
        reason: str,
        key: str = "",
        path: str = "",
        cors: bool = True,
    ) -> web.Response:
        """Record a refused request in the source that it was for, and return its response.

        Args:
            request: as it came.
            answer: with the error's status.
            reason: one sentence without a full stop.
            key: the write key, where the path names it; else it is looked for everywhere.
            path: as it is kept, where that is not the one of the request.
            cors: whether a page may read the answer.
        """
        body = await self.read(request, key)
        url = request.rel_url
        # A message in a query is base64.
        data = None if body.content else url.query.get("data")
        message = body.content if data is None else decode_data(data) or b""
        found = key or key_of_refused(
            header_key=key_in_headers(request),
            path=url.raw_path,
            query=url.raw_query_string,
            body=message,
        )
        arrival = self._arrival(request, body, key=found or body.write_key, path=path)
        self._refuse(arrival, answer, reason=reason, content_type=request.content_type)
        response = await self.unsaved() or response_of(answer)
        if body.problem is not None:
            # What is left of the body is of no use to anyone.
            response.force_close()
        if cors:
            allow_origin(request, response)
        return response

    async def unsaved(self) -> web.Response | None:
        """Wait until what was recorded is saved; where it cannot be, return the refusal."""
        saving = self._hub.journal.saving
        if saving is None:
            return None
        try:
            await saving
        except JournalError as error:
            answer = refusal(503, str(error), code="journal_full", plain=False)
            response = response_of(answer)
            response.headers["Retry-After"] = "1"
            return response
        return None

    def refuse_raw(
        self,
        raw: RawRequest,
        answer: Answer,
        *,
        reason: str,
        key: str = "",
        sent_bytes: int | None = None,
    ) -> None:
        """Record a request that the parser never handed over.

        Args:
            raw: as it was sent.
            answer: with the error's status.
            reason: one sentence without a full stop.
            key: the write key of its source, where it names none itself.
            sent_bytes: how many bytes came, where that is not the size of the body.
        """
        path, _, query = raw.target.partition("?")
        arrival = Arrival(
            route=_NOTHING,
            method=raw.method,
            path=shown_url(path),
            query=shown_query(query),
            headers=self._headers.keep(raw.headers),
            body=_content_of(raw).content,
            sent_bytes=len(raw.body) if sent_bytes is None else sent_bytes,
            key=self.key_of(raw) or key,
        )
        content_type = raw.header("content-type").partition(";")[0].strip().lower()
        self._refuse(arrival, answer, reason=reason, content_type=content_type)

    def key_of(self, raw: RawRequest) -> str:
        """Return the write key of a request that the parser never handed over, or empty."""
        path, _, query = raw.target.partition("?")
        body = _content_of(raw)
        header_key = key_of(raw.header("authorization"))
        key = key_of_refused(header_key=header_key, path=path, query=query, body=body.content)
        return key or body.write_key

    def record(
        self,
        request: web.BaseRequest,
        body: Body,
        answer: Answer,
        *,
        key: str,
        fault: FaultedRequest | None = None,
    ) -> None:
        """Record a request that was answered without a call, such as one for settings.

        Args:
            request: as it came.
            body: as far as it may be kept.
            answer: as it may be kept.
            key: its write key, or empty.
            fault: that hit it, or None.
        """
        arrival = self._arrival(request, body, key=key)
        self._hub.record(arrival, answer, fault)

    def _arrival(
        self, request: web.BaseRequest, body: Body, *, key: str, path: str = ""
    ) -> Arrival:
        return Arrival(
            route=_NOTHING,
            method=request.method,
            path=path or request.rel_url.raw_path,
            query=shown_query(request.rel_url.raw_query_string),
            headers=self.headers(request),
            body=body.content,
            sent_bytes=body.sent_bytes,
            key=key,
            problem=body.problem,
        )

    def _refuse(self, arrival: Arrival, answer: Answer, *, reason: str, content_type: str) -> None:
        """Record a refused request; its body may have been meant for another service."""
        body = arrival.body
        if content_type == _FORM:
            body = shown_form(body)
        elif not arrival.key:
            # What has a write key is a message of the tester's own.
            body = shown_json(body)
        problem = discard("bad_request", "", reason)
        self._hub.record(structs.replace(arrival, body=body, problem=problem), answer)


def key_in_headers(request: web.BaseRequest) -> str:
    authorization = request.headers.get(AUTHORIZATION)
    return key_of(authorization) if authorization else ""


def _content_of(raw: RawRequest) -> Body:
    return inflated(raw.body, raw.header("content-encoding"))
