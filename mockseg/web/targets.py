"""Request targets that are no path: ``GET http://host/path``, ``CONNECT host:port``, ``*``.

A client sends the first two to a proxy. For this server's own address the first is answered as
the path alone would be: some clients always send it. For any other host the client expects its
traffic to be passed on, and an answer of ours would be taken for one of that host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from mockseg.domain.credentials import shown_url
from mockseg.domain.request import Answer
from mockseg.web import cors
from mockseg.web.guard import is_ours

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from mockseg.web.recording import Recorder


_PORTS = {"http": 80, "https": 443}


async def answer_elsewhere(
    request: web.BaseRequest,
    *,
    application: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    recorder: Recorder,
    allow_host: tuple[str, ...],
) -> web.StreamResponse:
    """Answer a request whose target is no path: as the application does, or with 403.

    Args:
        request: as it came.
        application: answers what is for this server.
        recorder: records what is not.
        allow_host: other names of this server.
    """
    target = request.raw_path
    if target == "*":
        return cors.preflight(request)
    authority = _authority(request.method, target)
    if authority is not None and _is_own(authority, request, allow_host):
        # Without a path it is for the root.
        return await application(request if request.path else request.clone(rel_url="/"))
    host = "another server" if authority is None else authority.netloc.rpartition("@")[2][:200]
    name = "NAME" if authority is None else (authority.hostname or "NAME")[:100]
    text = (
        f"mockseg is not a forward proxy, and this request is for {host}.\n"
        f"If that is a name of this mockseg, start it with --allow-host {name}"
        " (with the port, where it is another one than mockseg listens on).\n"
        "Else remove the proxy from the client's settings (HTTP_PROXY, HTTPS_PROXY), or add"
        f" {name} to NO_PROXY.\n"
    )
    answer = Answer(status=403, body=text.encode(), content_type="text/plain; charset=utf-8")
    response = await recorder.refuse(
        request,
        answer,
        reason=(
            f"the request is for {host}, and mockseg is not a forward proxy (if that is mockseg:"
            f" --allow-host {name})"
        ),
        path=shown_url(target.partition("?")[0]),
    )
    if request.method == "CONNECT":
        # What the client would send through the tunnel is not HTTP.
        response.force_close()
    return response


def _authority(method: str, target: str) -> SplitResult | None:
    """Return scheme, host and port of a target; None where there is no host."""
    try:
        parts = urlsplit(f"https://{target}" if method == "CONNECT" else target)
        # Reading it is the check.
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname else None


def _is_own(authority: SplitResult, request: web.BaseRequest, allow_host: tuple[str, ...]) -> bool:
    """Return whether a target is this server: one of its names, and the port of this connection."""
    if request.method == "CONNECT" or authority.scheme.lower() not in _PORTS:
        return False
    named = authority.netloc.rpartition("@")[2]
    if named.lower() in {allowed.lower() for allowed in allow_host if ":" in allowed}:
        return True
    listening = request.get_extra_info("sockname")
    if not isinstance(listening, tuple):
        return is_ours(named, allow_host)
    port = authority.port or _PORTS[authority.scheme.lower()]
    here = authority.hostname == listening[0] or is_ours(named, allow_host)
    return here and port == listening[1]
