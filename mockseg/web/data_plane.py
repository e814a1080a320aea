"""Segment's own surface: tracking, pixels, CDN settings, tokens.

One handler looks a path up in one table. There is no middleware here and nothing that
runs for requests that do not need it: this is the way that every call takes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION

from mockseg import json_types
from mockseg.domain.credentials import REDACTED, key_of, shown_query
from mockseg.domain.findings import discard
from mockseg.domain.limits import MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.request import Answer, Arrival, Route
from mockseg.faults.routes import SCRIPT, SETTINGS, TOKEN
from mockseg.hub.answers import SUCCESS, refusal
from mockseg.web import cors
from mockseg.web.bodies import Body, body_at_hand, read_body
from mockseg.web.breaking import break_answer
from mockseg.web.cdn import UNKNOWN_KEY, host_for_clients, settings_body
from mockseg.web.constant import ConstantResponse
from mockseg.web.expectation import continue_if_expected
from mockseg.web.files import read_text
from mockseg.web.headers import HeaderStore
from mockseg.web.oauth import TOKEN_FIELDS, answer_token, check_public_key
from mockseg.web.pixel import GIF, callback_of, decode_data, jsonp, message_of_query
from mockseg.web.routes import DOCUMENTED, TRACKING, normalised

if TYPE_CHECKING:
    from mockseg.hub.machine import Hub

__all__ = ["DataPlane", "add_routes"]

_NOTHING = Route(path="", carries="nothing")
_BARE = frozenset({"/", "/v1"})
_NO_CACHE = "no-cache, max-age=0"
_CROSSDOMAIN = (
    b'<?xml version="1.0"?>\n<cross-domain-policy>'
    b'<allow-access-from domain="*" secure="false"/>'
    b'<allow-http-request-headers-from domain="*" headers="*" secure="false"/>'
    b"</cross-domain-policy>\n"
)


def add_routes(app: web.Application, hub: Hub) -> None:
    """Serve Segment's surface on every path that nothing else serves."""
    plane = DataPlane(hub)
    add_route = partial(app.router.add_route, "*", expect_handler=continue_if_expected)
    for path, route in TRACKING.items():
        # A path that is written as the table has it is found without a search.
        add_route(path, partial(plane.answer, route))
    # A dot would leave out paths with a line break.
    add_route(r"/{path:[\s\S]*}", plane.dispatch)


class DataPlane:
    """Segment's surface over a hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._headers = HeaderStore()
        self._success = ConstantResponse(SUCCESS)
        settings = hub.settings
        self._public_key = read_text(settings.oauth_public_key, "oauth_public_key")
        if self._public_key is not None:
            check_public_key(self._public_key, file=str(settings.oauth_public_key))
        self._analytics_js = read_text(settings.analytics_js, "analytics_js")

    async def dispatch(self, request: web.Request) -> web.StreamResponse:
        """Answer any request that is not for the control plane."""
        return await self.answer(TRACKING.get(normalised(request.path)), request)

    async def answer(self, route: Route | None, request: web.Request) -> web.StreamResponse:
        """Answer a request at a route of tracking, or at none."""
        method = request.method
        if method == "OPTIONS":
            return cors.preflight(request)
        if route is None:
            return await self._other(request)
        if method in {"POST", "PUT"} and not route.pixel:
            return await self._posted(request, route)
        if route.path in _BARE and method in {"GET", "HEAD"}:
            return await self._root(request)
        if method in {"GET", "HEAD"} and route.client:
            return await self._got(request, route)
        return await self._refused(request, 405, f"{method} is not allowed on {route.path}")

    # --- tracking

    async def _posted(self, request: web.Request, route: Route) -> web.StreamResponse:
        body = body_at_hand(request) or await self._read(request)
        url = request.rel_url
        arrival = Arrival(
            route=route,
            method=request.method,
            path=url.raw_path,
            query=shown_query(url.raw_query_string),
            headers=self._headers.keep(request.raw_headers),
            body=body.content,
            sent_bytes=body.sent_bytes,
            key=_key_in_headers(request),
            problem=body.problem,
        )
        broken = None
        if self._hub.faults.armed:
            answer, broken = self._hub.faults.accept(arrival)
        else:
            answer = self._hub.accept(arrival)
        if (
            answer is SUCCESS
            and broken is None
            and body.problem is None
            and ConstantResponse.suits(request)
        ):
            return self._success
        response = _response(answer)
        if body.problem is not None:
            # What is left of the body is of no use to anyone.
            response.force_close()
        cors.allow(request, response)
        if broken is not None:
            return await break_answer(request, self._hub, broken, usual=answer, response=response)
        return response

    async def _got(self, request: web.Request, route: Route) -> web.StreamResponse:
        query = request.rel_url.query
        body, problem = b"", None
        data = query.get("data")
        if data is not None:
            decoded = decode_data(data)
            if decoded is None:
                problem = discard("bad_request", "data", "data is not base64")
            body = decoded or b""
        elif route.pixel:
            pairs = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
            body = json_types.encode(message_of_query(pairs))
        else:
            problem = discard("bad_request", "data", "the query has no data")
        arrival = Arrival(
            route=route,
            method=request.method,
            path=request.rel_url.raw_path,
            query=shown_query(request.rel_url.raw_query_string),
            headers=self._headers.keep(request.raw_headers),
            body=body,
            sent_bytes=0,
            key=_key_in_headers(request),
            problem=problem,
        )
        broken = None
        if self._hub.faults.armed:
            answer, broken = self._hub.faults.accept(arrival)
        else:
            answer = self._hub.accept(arrival)
        if route.pixel:
            response = web.Response(body=GIF, headers={"Content-Type": "image/gif"})
        elif (callback := callback_of(query)) is not None:
            response = web.Response(
                status=answer.status,
                body=jsonp(callback, answer.body),
                headers={
                    "Content-Type": "text/javascript; charset=utf-8",
                    "X-Content-Type-Options": "nosniff",
                },
            )
        else:
            response = _response(answer)
        response.headers["Cache-Control"] = _NO_CACHE
        cors.allow(request, response)
        if broken is not None:
            return await break_answer(request, self._hub, broken, usual=answer, response=response)
        return response

    async def _read(self, request: web.Request, key: str = "") -> Body:
        """Read a body that may not have come whole yet; its source does not settle meanwhile.

        Args:
            request: as it came.
            key: the write key that the path names, or empty.
        """
        with self._hub.in_flight.reading(
            key or _key_in_headers(request)[:MAX_WRITE_KEY_CHARACTERS]
        ):
            return await read_body(request)

    # --- everything else

    async def _other(self, request: web.Request) -> web.StreamResponse:
        parts = [unquote(part) for part in request.rel_url.raw_path.split("/") if part]
        names = [part.lower() for part in parts]
        method = request.method
        if method in {"GET", "HEAD"}:
            match names:
                case ["v1", "projects", _, "settings"]:
                    return await self._settings(request, parts[2])
                case ["projects", _, "settings"]:
                    return await self._settings(request, parts[1])
                case ["analytics.js", "v1", _, *platform, "analytics.min.js"] if platform in (
                    [],
                    ["platform"],
                ):
                    return await self._script(request, parts[2])
                case ["internal", "health"]:
                    return web.Response()
                case ["crossdomain.xml"]:
                    return web.Response(body=_CROSSDOMAIN, content_type="text/xml")
                case _:
                    pass
        if names == ["token"] and method == "POST":
            return await self._token(request)
        paths = "; ".join(DOCUMENTED)
        return await self._refused(
            request, 404, f"{method} {request.path[:200]} does not exist. What exists: {paths}"
        )

    async def _root(self, request: web.Request) -> web.StreamResponse:
        """Lead people to the page; React Native fetches settings at its bare `cdnProxy`."""
        if "text/html" in request.headers.get("Accept", ""):
            raise web.HTTPFound("/_mockseg/")
        return await self._settings(request, "")

    async def _settings(self, request: web.Request, key: str) -> web.StreamResponse:
        if self._hub.write_key_known(key):
            host = host_for_clients(request.headers.get("Host"), listening=_listening(request))
            body = settings_body(key, host=host, scheme=request.scheme)
            answer = Answer(status=200, body=body)
        else:
            answer = refusal(404, UNKNOWN_KEY, code="not_found", plain=False)
        return await self._recorded(request, answer, key=key, route=SETTINGS)

    async def _script(self, request: web.Request, key: str) -> web.StreamResponse:
        if self._analytics_js is None:
            return await self._refused(
                request,
                404,
                "mockseg ships no analytics.js; serve your own copy with --analytics-js FILE",
                key=key,
            )
        answer = Answer(
            status=200,
            # Percent-encoded, a key cannot end the string that it is put into.
            body=self._analytics_js.replace("__WRITE_KEY__", quote(key, safe="")).encode(),
            content_type="text/javascript; charset=utf-8",
        )
        return await self._recorded(request, answer, key=key, route=SCRIPT)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        body = await self._read(request)
        fields = dict(parse_qsl(body.content.decode("utf-8", "replace"), keep_blank_values=True))
        now_seconds = self._hub.clock.now_ns() / 1_000_000_000
        answer = answer_token(fields, public_key=self._public_key, now_seconds=now_seconds)
        # The answer is kept without the token, the request without the assertion and
        # whatever else it has that may be a secret.
        shown_fields = {name: fields[name] for name in TOKEN_FIELDS if name in fields}
        if fields.get("client_assertion"):
            shown_fields["client_assertion"] = REDACTED
        kept = Body(json_types.encode(shown_fields), body.sent_bytes, body.problem)
        shown = (
            answer
            if answer.status >= 400
            else Answer(status=200, body=b'{"access_token":"[redacted]"}')
        )
        return await self._recorded(request, shown, body=kept, route=TOKEN, sent=answer)

    async def _refused(
        self, request: web.Request, status: int, sentence: str, *, key: str = ""
    ) -> web.StreamResponse:
        code = {404: "not_found", 405: "method_not_allowed"}[status]
        answer = refusal(status, sentence, code=code, plain=False)
        return await self._recorded(request, answer, key=key, sentence=sentence)

    async def _recorded(
        self,
        request: web.Request,
        answer: Answer,
        *,
        key: str = "",
        sentence: str = "",
        body: Body | None = None,
        route: str = "",
        sent: Answer | None = None,
    ) -> web.StreamResponse:
        """Record a request that carries no message, and answer it.

        Args:
            request: as it came.
            answer: that is kept, and sent unless `sent` is given.
            key: the write key that the path names.
            sentence: why it is refused, or empty.
            body: where it was read already.
            route: as faults call it; none hit a request without one.
            sent: the answer with what is not to be kept.
        """
        read = body or await self._read(request, key)
        problem = discard("bad_request", "", sentence) if sentence else read.problem
        key = key or _key_in_headers(request)
        faults = self._hub.faults
        broken = faults.choose(route, key) if faults.armed and route else None
        self._hub.record(
            Arrival(
                route=_NOTHING,
                method=request.method,
                path=request.rel_url.raw_path,
                query=shown_query(request.rel_url.raw_query_string),
                headers=self._headers.keep(request.raw_headers),
                body=read.content,
                sent_bytes=read.sent_bytes,
                key=key,
                problem=problem,
            ),
            answer if broken is None else broken.kept(answer),
            None if broken is None else broken.mark,
        )
        usual = sent or answer
        response = _response(usual)
        if read.problem is not None:
            response.force_close()
        cors.allow(request, response)
        if broken is not None:
            return await break_answer(request, self._hub, broken, usual=usual, response=response)
        return response


def _key_in_headers(request: web.Request) -> str:
    authorization = request.headers.get(AUTHORIZATION)
    return key_of(authorization) if authorization else ""


def _listening(request: web.Request) -> str:
    """Give the address at which this connection came in."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    host, port = name[:2] if isinstance(name, tuple) else ("127.0.0.1", 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _response(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type}
    )
