"""Recording requests that carry no message: refused ones, settings, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION

from mockseg.domain.credentials import key_of, shown_form, shown_json, shown_query
from mockseg.domain.findings import discard
from mockseg.domain.limits import MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.request import Arrival, Route
from mockseg.domain.write_keys import key_of_refused
from mockseg.web import cors
from mockseg.web.bodies import Body, read_body
from mockseg.web.headers import HeaderStore
from mockseg.web.pixel import decode_data

if TYPE_CHECKING:
    from mockseg.domain.request import Answer, Headers
    from mockseg.hub.broken import Broken
    from mockseg.hub.machine import Hub

__all__ = ["Recorder", "key_in_headers", "response_of"]

_NOTHING = Route(path="", carries="nothing")
_FORM = "application/x-www-form-urlencoded"


class Recorder:
    """Puts requests into the journal, each in the source that it is for, secrets redacted."""

    __slots__ = ("_headers", "_hub")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._headers = HeaderStore()

    def headers(self, request: web.BaseRequest) -> Headers:
        """Return the headers as they are kept."""
        return self._headers.keep(request.raw_headers)

    async def read(self, request: web.BaseRequest, key: str = "") -> Body:
        """Read a body that may not have come whole yet; its source does not settle meanwhile.

        Args:
            request: as it came.
            key: the write key that the path names, or empty.
        """
        known = key or key_in_headers(request)[:MAX_WRITE_KEY_CHARACTERS]
        with self._hub.in_flight.reading(known):
            return await read_body(request)

    async def refuse(
        self, request: web.BaseRequest, answer: Answer, *, reason: str, key: str = ""
    ) -> web.Response:
        """Record a refused request in the source that it was for, and return its response.

        Args:
            request: as it came.
            answer: with the error's status.
            reason: one sentence without a full stop.
            key: the write key, where the path names it; else it is looked for everywhere.
        """
        body = await self.read(request, key)
        key = key or _key_of_refused(request, body)
        problem = discard("bad_request", "", reason)
        kept = Body(_shown(request, body.content, key), body.sent_bytes, problem)
        self.record(request, kept, answer, key=key)
        response = response_of(answer)
        if body.problem is not None:
            # What is left of the body is of no use to anyone.
            response.force_close()
        cors.allow(request, response)
        return response

    def record(
        self,
        request: web.BaseRequest,
        body: Body,
        answer: Answer,
        *,
        key: str,
        broken: Broken | None = None,
    ) -> None:
        """Record a request that was answered without a call, such as one for settings.

        Args:
            request: as it came.
            body: as far as it may be kept.
            answer: as it may be kept.
            key: its write key, or empty.
            broken: what a fault makes of it, or None.
        """
        arrival = Arrival(
            route=_NOTHING,
            method=request.method,
            path=request.rel_url.raw_path,
            query=shown_query(request.rel_url.raw_query_string),
            headers=self.headers(request),
            body=body.content,
            sent_bytes=body.sent_bytes,
            key=key,
            problem=body.problem,
        )
        if broken is None:
            self._hub.record(arrival, answer)
        else:
            self._hub.record(arrival, broken.kept(answer), broken.mark)


def key_in_headers(request: web.BaseRequest) -> str:
    """Return the write key of the Authorization header, or empty."""
    authorization = request.headers.get(AUTHORIZATION)
    return key_of(authorization) if authorization else ""


def response_of(answer: Answer) -> web.Response:
    """Return a response with this answer."""
    return web.Response(
        status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type}
    )


def _key_of_refused(request: web.BaseRequest, body: Body) -> str:
    """Return the write key of a request whose messages are not read, from anywhere in it."""
    content, url = body.content, request.rel_url
    data = None if content else url.query.get("data")
    if data is not None:
        content = decode_data(data) or b""
    key = key_of_refused(
        header_key=key_in_headers(request),
        path=url.raw_path,
        query=url.raw_query_string,
        body=content,
    )
    return key or body.write_key


def _shown(request: web.BaseRequest, content: bytes, key: str) -> bytes:
    """Return a refused body without its secrets: it may have been meant for another service."""
    if request.content_type == _FORM:
        return shown_form(content)
    # What has a write key is a message of the tester's own.
    return content if key else shown_json(content)
