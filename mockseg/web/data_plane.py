"""Segment's own surface: tracking, pixels, CDN settings, tokens.

One handler looks a path up in one table. Without middleware, nothing runs for requests that do
not need it: every call takes this way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from mockseg import json_types
from mockseg.clock import NANOSECONDS
from mockseg.domain.credentials import REDACTED, shown_query
from mockseg.domain.findings import discard
from mockseg.domain.request import Answer, Arrival, Route
from mockseg.errors import ConfigError, UnreadableFileError
from mockseg.faults.routes import SCRIPT, SETTINGS, TOKEN
from mockseg.files import read_text
from mockseg.hub.answers import MALFORMED_JSON, SUCCESS, refusal
from mockseg.hub.fault_registry import FaultedRequest
from mockseg.hub.hub import Hub
from mockseg.web import edge_2018
from mockseg.web.bodies import Body, body_at_hand
from mockseg.web.browser_scripts import BrowserScripts, stand_in
from mockseg.web.cdn import UNKNOWN_KEY, host_for_clients, settings_body
from mockseg.web.client_ip import client_ip
from mockseg.web.fault_effects import break_answer
from mockseg.web.keys import DIRECT, OPEN_REQUESTS, RECORDER, Handler
from mockseg.web.oauth import TOKEN_FIELDS, answer_token, check_public_key
from mockseg.web.open_requests import OpenRequests
from mockseg.web.pixel import GIF, callback_of, decode_data, jsonp, message_of_query
from mockseg.web.recording import Recorder, key_in_headers
from mockseg.web.responses import (
    ConstantResponse,
    allow_origin,
    continue_if_expected,
    preflight,
    response_of,
)
from mockseg.web.routes import DOCUMENTED, TRACKING, normalised, what_is_wrong, with_aliases

_POSTED = frozenset({"POST", "PUT"})
_BARE = frozenset({"/", "/v1"})
# Of ``context.direct``; an escaped spelling of the name is not looked for.
_DIRECT = b'"direct"'
_NO_CACHE = "no-cache, max-age=0"
_CROSSDOMAIN = (
    b'<?xml version="1.0"?>\n<cross-domain-policy>'
    b'<allow-access-from domain="*" secure="false"/>'
    b'<allow-http-request-headers-from domain="*" headers="*" secure="false"/>'
    b"</cross-domain-policy>\n"
)


def add_routes(app: web.Application, hub: Hub) -> None:
    """Serve Segment's surface on every path that nothing else serves."""
    plane = DataPlane(hub, recorder=app[RECORDER], held=app[OPEN_REQUESTS])
    # Nearly all targets are written as the table has them: each call would pay for the search.
    direct: dict[str, Handler] = {
        path: partial(plane.answer, route) for path, route in plane.routes.items()
    }
    app[DIRECT] = direct
    add_route = partial(app.router.add_route, "*", expect_handler=continue_if_expected)
    for path in TRACKING:
        if path not in _BARE:
            # For SDKs that were given the address of the page as their host.
            add_route(f"/_mockseg{path}", plane.unknown)
    # A dot would leave out paths with a line break.
    add_route(r"/{path:[\s\S]*}", plane.dispatch)


class DataPlane:
    """Segment's surface over a hub.

    Args:
        hub: judges and records what carries messages.
        recorder: records everything else.
        held: the requests that a stop of the server ends.

    Attributes:
        routes: by path, in lower case and without a slash at the end.
    """

    def __init__(self, hub: Hub, *, recorder: Recorder, held: OpenRequests) -> None:
        self._hub = hub
        self._recorder = recorder
        self._held = held
        self._success = ConstantResponse(SUCCESS)
        settings = hub.settings
        self.routes = with_aliases(settings.route_aliases)
        # What belongs to no source follows the server's edge.
        self._of_2018 = hub.sources.defaults.edge_rules.routes_of_2018
        if self._of_2018:
            for path in edge_2018.MISSING:
                del self.routes[path]
        self._public_key = _named_text(settings.oauth_public_key, "oauth_public_key")
        if self._public_key is not None:
            check_public_key(self._public_key, file=str(settings.oauth_public_key))
        self._scripts = BrowserScripts(settings.analytics_js)

    async def dispatch(self, request: web.Request) -> web.StreamResponse:
        return await self.answer(self.routes.get(normalised(request.path)), request)

    async def _answer_rest(self, route: Route | None, request: web.Request) -> web.StreamResponse:
        """Answer what is not a message or a batch in a body."""
        method = request.method
        if method == "OPTIONS" and not self._of_2018:
            return preflight(request)
        if route is None:
            return await self._other(request)
        if method == "OPTIONS" and not route.pixel:
            return edge_2018.preflight(request, client=route.client)
        if route.path in _BARE and method in {"GET", "HEAD"}:
            return await self._root(request)
        if method in {"GET", "HEAD"} and route.client:
            return await self._got(request, route)
        return await self._wrong_method(request, _methods_of(route), route=route)

    # --- tracking

    async def answer(self, route: Route | None, request: web.Request) -> web.StreamResponse:
        method = request.method
        if route is None or route.pixel or method not in _POSTED:
            return await self._answer_rest(route, request)
        body = body_at_hand(request) or await self._recorder.read(request)
        url = request.rel_url
        query = url.raw_query_string
        arrival = Arrival(
            route=route,
            method=method,
            path=url.raw_path,
            query=query and shown_query(query),
            headers=self._recorder.headers(request),
            body=body.content,
            sent_bytes=body.sent_bytes,
            key=key_in_headers(request) or body.write_key,
            problem=body.problem,
            # Most servers send neither; no message of theirs asks for the address.
            ip=self._ip(request) if route.client or _DIRECT in body.content else "",
        )
        answer, fault = self._hub.accept(arrival)
        if self._hub.forwarding:
            await self._hub.forwarding.done()
        if self._hub.journal.saving is not None and (refused := await self._recorder.unsaved()):
            return refused
        if self._of_2018 and route.client and (callback := callback_of(url.query)) is not None:
            response = edge_2018.jsonp(callback)
            return await self._finish(request, response, usual=answer, fault=fault, route=route)
        if (
            answer is SUCCESS
            and not self._of_2018
            and fault is None
            and body.problem is None
            and ConstantResponse.suits(request)
        ):
            return self._success
        response = response_of(answer)
        unread = body.problem is not None
        return await self._finish(
            request, response, usual=answer, fault=fault, unread=unread, route=route
        )

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
            headers=self._recorder.headers(request),
            body=body,
            sent_bytes=0,
            key=key_in_headers(request),
            problem=problem,
            ip=self._ip(request),
        )
        answer, fault = self._hub.accept(arrival)
        await self._hub.forwarding.done()
        if refused := await self._recorder.unsaved():
            return refused
        if route.pixel:
            response = web.Response(body=GIF, headers={"Content-Type": "image/gif"})
        elif self._of_2018 and (callback := callback_of(query)) is not None:
            response = edge_2018.jsonp(callback)
            return await self._finish(request, response, usual=answer, fault=fault, route=route)
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
            response = response_of(answer)
        response.headers["Cache-Control"] = _NO_CACHE
        return await self._finish(request, response, usual=answer, fault=fault, route=route)

    def _ip(self, request: web.Request) -> str:
        return client_ip(request, trust_forwarded_for=self._hub.settings.trust_forwarded_for)

    async def _finish(
        self,
        request: web.Request,
        response: web.Response,
        *,
        usual: Answer,
        fault: FaultedRequest | None,
        unread: bool = False,
        route: Route | None = None,
    ) -> web.StreamResponse:
        """Send a response, unless a fault changes it.

        Args:
            request: as it came.
            response: to send.
            usual: the same, as the hub answered it.
            fault: that hit the request, or None.
            unread: whether a part of the body was not read.
            route: that it took, where it carries messages.
        """
        if unread:
            response.force_close()
        self._allow_origin(request, response, route)
        if fault is None:
            return response
        return await break_answer(
            request, self._hub, fault, held=self._held, usual=usual, response=response
        )

    def _allow_origin(
        self, request: web.Request, response: web.Response, route: Route | None
    ) -> None:
        if not self._of_2018 or route is None:
            allow_origin(request, response)
        elif not route.pixel:
            edge_2018.allow_origin(request, response, client=route.client)

    # --- everything else

    async def _other(self, request: web.Request) -> web.StreamResponse:
        parts = [unquote(part) for part in request.rel_url.raw_path.split("/") if part]
        fetched: Callable[[], Awaitable[web.StreamResponse]] | None
        match [part.lower() for part in parts]:
            case ["internal", "health"]:
                return await self._got_only(request, self._healthy)
            case ["crossdomain.xml"]:
                return await self._got_only(request, self._crossdomain)
            case ["token"] if request.method == "POST":
                return await self._token(request)
            case ["token"]:
                fetched, allowed = None, "POST"
            case _:
                fetched, allowed = self._of_the_cdn(request, parts), "GET"
                if fetched is None:
                    return await self.unknown(request)
        # What the double of 2018 does not have, it does not answer in its way.
        if request.method == "OPTIONS":
            return preflight(request)
        if fetched is not None and request.method in {"GET", "HEAD"}:
            return await fetched()
        return await self._wrong_method(request, allowed, of_today=True)

    async def _got_only(
        self, request: web.Request, answer: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.method in {"GET", "HEAD"}:
            return await answer()
        return await self._wrong_method(request, "GET")

    def _of_the_cdn(
        self, request: web.Request, parts: list[str]
    ) -> Callable[[], Awaitable[web.StreamResponse]] | None:
        """Return what answers a path of Segment's CDN, None for any other path."""
        match [part.lower() for part in parts]:
            case ["v1", "projects", _, "settings"]:
                return partial(self._settings, request, parts[2])
            case ["projects", _, "settings"]:
                return partial(self._settings, request, parts[1])
            case ["analytics.js", "v1", _, "analytics.min.js"] | [
                "analytics.js",
                "v1",
                _,
                "platform",
                "analytics.min.js",
            ]:
                return partial(self._script, request, parts[2])
            case ["analytics-next", "bundles", _]:
                return partial(self._chunk, request, parts[2])
            case ["next-integrations", "integrations", name, _, _]:
                return partial(self._device_script, request, name)
            case _:
                return None

    async def _healthy(self) -> web.StreamResponse:
        return edge_2018.health() if self._of_2018 else web.Response()

    async def _crossdomain(self) -> web.StreamResponse:
        if self._of_2018:
            return edge_2018.crossdomain()
        return web.Response(body=_CROSSDOMAIN, content_type="text/xml")

    async def _root(self, request: web.Request) -> web.StreamResponse:
        """Redirect a browser to the page; React Native fetches settings at its bare `cdnProxy`."""
        if _wants_page(request):
            raise web.HTTPFound("/_mockseg/")
        return await self._settings(request, "")

    async def _settings(self, request: web.Request, key: str) -> web.StreamResponse:
        if self._hub.write_key_known(key):
            behaviour = self._hub.sources.behaviour_of(key)
            host = host_for_clients(request.headers.get("Host"), listening=_listening(request))
            body = settings_body(
                key,
                host=host,
                scheme=request.scheme,
                destinations=[each.destination for each in self._hub.destinations.of(key)],
                plans=behaviour.plans.used,
                patch=behaviour.cdn_settings,
            )
            answer = Answer(status=200, body=body)
        else:
            answer = refusal(404, UNKNOWN_KEY, code="not_found", plain=False)
        return await self._fetched(request, answer, key=key, route=SETTINGS)

    async def _script(self, request: web.Request, key: str) -> web.StreamResponse:
        script = self._scripts.analytics_js(key)
        reason = "mockseg ships no analytics.js; serve your own copy with --analytics-js FILE"
        return await self._fetched_script(request, script, missing=reason, key=key)

    async def _chunk(self, request: web.Request, name: str) -> web.StreamResponse:
        reason = (
            f"{name[:100]} is a part of analytics.js, and it is not beside your copy of it; pass "
            "--analytics-js the file dist/umd/standalone.js of the package @segment/analytics-next"
        )
        return await self._fetched_script(request, await self._scripts.chunk(name), missing=reason)

    async def _device_script(self, request: web.Request, name: str) -> web.StreamResponse:
        reason = f"mockseg has no script for a destination {name[:100]}"
        return await self._fetched_script(request, stand_in(name), missing=reason)

    async def _fetched_script(
        self, request: web.Request, script: bytes | None, *, missing: str, key: str = ""
    ) -> web.StreamResponse:
        if script is None:
            answer = refusal(404, missing, code="not_found", plain=False)
            return await self._recorder.refuse(request, answer, reason=missing, key=key)
        answer = Answer(status=200, body=script, content_type="text/javascript; charset=utf-8")
        return await self._fetched(request, answer, key=key, route=SCRIPT)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        body = await self._recorder.read(request)
        fields = dict(parse_qsl(body.content.decode("utf-8", "replace"), keep_blank_values=True))
        now_seconds = self._hub.clock.now_ns() / NANOSECONDS
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
        return await self._fetched(request, shown, body=kept, route=TOKEN, sent=answer)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        method, path = request.method, request.path[:200]
        if self._of_2018 and normalised(request.path) in edge_2018.MISSING:
            if method in {"GET", "HEAD"} and _wants_page(request):
                raise web.HTTPFound("/_mockseg/")
            reason = f"the edge of 2018 has no route {path}"
        else:
            reason = what_is_wrong(request.rel_url.raw_path)
        paths = "; ".join(DOCUMENTED)
        stop = "" if reason.endswith("?") else "."
        message = f"{method} {path}: {reason}{stop} What exists: {paths}"
        # What is wrong with the path is in the recorded request all the same.
        answer = refusal(404, message, code="not_found", plain=self._of_2018)
        response = await self._recorder.refuse(
            request, answer, reason=reason, cors=not self._of_2018
        )
        if self._of_2018:
            edge_2018.as_error(response)
        return response

    async def _wrong_method(
        self,
        request: web.Request,
        allowed: str,
        *,
        route: Route | None = None,
        of_today: bool = False,
    ) -> web.StreamResponse:
        """Refuse a method.

        Args:
            request: as it came.
            allowed: the methods, for a sentence.
            route: that the path has, where it carries messages.
            of_today: whether the double of 2018 does not have the path.
        """
        reason = f"{request.method} is not allowed on {request.path[:200]}, only {allowed}"
        behaviour = self._hub.sources.behaviour_of(key_in_headers(request))
        of_2018 = self._of_2018 and not of_today
        reads_get = route is not None and not route.client and behaviour.edge_rules.get_is_malformed
        if of_2018:
            answer = refusal(405, reason, plain=True)
        elif reads_get and request.method in {"GET", "HEAD"}:
            answer = refusal(400, MALFORMED_JSON, plain=behaviour.plain_errors)
        else:
            answer = refusal(405, reason, code="method_not_allowed", plain=False)
        response = await self._recorder.refuse(request, answer, reason=reason, cors=not of_2018)
        if of_2018:
            edge_2018.as_error(response, allow=edge_2018.allowed_methods(route))
            if route is not None:
                self._allow_origin(request, response, route)
        return response

    async def _fetched(
        self,
        request: web.Request,
        answer: Answer,
        *,
        route: str,
        key: str = "",
        body: Body | None = None,
        sent: Answer | None = None,
    ) -> web.StreamResponse:
        """Record a request for settings, a script or a token, and answer it.

        Args:
            request: as it came.
            answer: that is kept, and sent unless `sent` is given.
            route: as faults call it.
            key: the write key that the path names.
            body: where it was read already.
            sent: the answer with what is not to be kept.
        """
        read = body or await self._recorder.read(request, key)
        key = key or key_in_headers(request)
        faults = self._hub.faults
        fault = faults.hit_fetch(route, key) if faults.armed else None
        self._recorder.record(request, read, answer, key=key, fault=fault)
        if refused := await self._recorder.unsaved():
            return refused
        usual = sent or answer
        response = response_of(usual)
        return await self._finish(
            request, response, usual=usual, fault=fault, unread=read.problem is not None
        )


def _methods_of(route: Route) -> str:
    if route.pixel:
        return "GET"
    return "GET and POST" if route.client else "POST"


def _wants_page(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _listening(request: web.Request) -> str:
    name = request.transport.get_extra_info("sockname") if request.transport else None
    host, port = name[:2] if isinstance(name, tuple) else ("127.0.0.1", 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _named_text(path: str | None, setting: str) -> str | None:
    if path is None:
        return None
    try:
        return read_text(path)
    except UnreadableFileError as error:
        raise ConfigError(f"{setting}: {error}") from None
