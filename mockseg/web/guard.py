"""The guard of the control plane and the page.

The data plane answers every web page of the world, as Segment does. What reads and
changes the journal must not: a page that a developer happens to have open could do both.
So here only this machine and holders of the control token get in (:mod:`mockseg.web.access`),
a foreign ``Origin`` is refused, the ``Host`` must be one of ours (a foreign name
that resolves to 127.0.0.1 is DNS rebinding), a body must be declared as JSON (the types
that a form can send need no preflight), and no answer carries a CORS header. The page's own
forms cannot send JSON: they have routes of their own, and must show that they are ours.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

from mockseg.errors import FqlError, JournalDamagedError, MocksegError, OperationError
from mockseg.printable import printable
from mockseg.web.control_answers import error_answer
from mockseg.web.keys import ACCESS, HUB
from mockseg.web.responses import CONTINUE, continue_if_expected

Handler: TypeAlias = "Callable[[web.Request], Awaitable[web.StreamResponse]]"

_log = logging.getLogger("mockseg.web")

# A host is a name, an IPv4 address or an IPv6 address in brackets; then perhaps a port.
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def add_guarded(
    app: web.Application,
    method: str,
    path: str,
    handler: Handler,
    *,
    head: bool = True,
    any_peer: bool = False,
) -> None:
    """Add a route behind the guard.

    Args:
        app: the application.
        method: of HTTP.
        path: a pattern of aiohttp's.
        handler: answers what was admitted.
        head: answer HEAD where GET is answered.
        any_peer: answer other machines without the control token too.
    """
    guard = guarded(handler, any_peer=any_peer)
    for served in ("GET", "HEAD") if method == "GET" and head else (method,):
        app.router.add_route(served, path, guard, expect_handler=_expect)


async def _expect(request: web.Request) -> web.StreamResponse | None:
    expectation = request.headers.get("Expect", "")
    if expectation.lower() != CONTINUE:
        unknown = OperationError(
            f'the header Expect is "{expectation[:100]}": only 100-continue is known',
            status=417,
            code="expectation_failed",
        )
        return error_answer(unknown)
    await continue_if_expected(request)
    return None


def guarded(handler: Handler, *, any_peer: bool = False) -> Handler:
    """Return a handler that answers admitted requests only, and every error in one shape."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            admit(request, allow_host=request.app[HUB].settings.allow_host)
            if not any_peer:
                request.app[ACCESS].check(request)
            return await handler(request)
        except MocksegError as error:
            return error_answer(as_operation_error(error))
        except web.HTTPRequestEntityTooLarge:
            return error_answer(_too_large(request))
        except ConnectionError:
            # The client went away: nothing reads an answer.
            raise
        except Exception:  # noqa: BLE001  (whatever it is, the client gets our one shape)
            _log.exception("%s %s failed", printable(request.method), printable(request.path))
            failure = OperationError(
                "mockseg failed; its log has the traceback", status=500, code="internal_error"
            )
            return error_answer(failure)

    return answer


def admit(request: web.Request, *, allow_host: tuple[str, ...]) -> None:
    """Let a request in, or not.

    Raises:
        OperationError: 403; the host is not ours or a page of another origin asks.
    """
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not is_ours(hosts[0], allow_host):
        shown = ", ".join(hosts)[:200]
        name = hosts[0].rsplit(":", 1)[0][:100] if hosts else "NAME"
        raise OperationError(
            f'the host "{shown}" is not allowed here: it must be localhost or a loopback'
            f" address; to allow it, start mockseg with --allow-host {name}",
            status=403,
            code="foreign_host",
            details={"host": shown, "allowed": ["localhost", "127.0.0.0/8", "::1", *allow_host]},
        )
    origins = request.headers.getall("Origin", [])
    if any(not is_same_origin(origin, hosts[0]) for origin in origins):
        shown = ", ".join(origins)[:200]
        raise OperationError(
            f'pages of "{shown}" may not ask the control plane: only programs and its own page may',
            status=403,
            code="foreign_origin",
            details={"origin": shown},
        )
    # Browsers say so even where they send no Origin: pictures, scripts, style sheets.
    # To follow a link to us is fine: only the reader sees the answer.
    site = request.headers.get("Sec-Fetch-Site", "none")
    navigates = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
    if site in {"cross-site", "same-site"} and not navigates:
        raise OperationError(
            "a page of another site may not load anything of the control plane",
            status=403,
            code="foreign_origin",
            details={"site": site},
        )


def admit_form(request: web.Request) -> None:
    """Let a form of our own page in, after :func:`admit` has refused every foreign ``Origin``.

    Any page may send a form to us, unasked; so it is not enough that nothing speaks against
    it. A browser says where a form comes from, and this one must come from here.

    Raises:
        OperationError: 403 it does not show where it comes from, 415 it is not a form.
    """
    site = request.headers.get("Sec-Fetch-Site")
    shows_origin = "Origin" in request.headers
    if not (site == "same-origin" or (site is None and shows_origin)):
        raise OperationError(
            "this takes forms of mockseg's own page only; programs send JSON to the routes below"
            " /_mockseg/v1",
            status=403,
            code="foreign_origin",
            details={"site": site},
        )
    if request.content_type != "application/x-www-form-urlencoded":
        raise OperationError(
            f'the form is sent as "{request.content_type[:100]}"',
            status=415,
            code="unsupported_media_type",
            details={"allowed": ["application/x-www-form-urlencoded"]},
        )


def is_ours(host: str, allow_host: tuple[str, ...] = ()) -> bool:
    """Return whether a ``Host`` names this machine, or was allowed (with or without a port)."""
    match = _HOST.fullmatch(host)
    if match is None or int(match[3] or 0) > 65_535:
        return False
    bracketed, name, _port = match.groups()
    known = {allowed.lower().rstrip(".") for allowed in allow_host}
    bare = (f"[{bracketed}]" if bracketed else name).lower().rstrip(".")
    if host.lower() in known or bare in known or (bracketed or "").lower() in known:
        return True
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        address = ipaddress.IPv6Address(bracketed) if bracketed else ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return address.is_loopback


def is_same_origin(origin: str, host: str) -> bool:
    """Return whether an ``Origin`` is the one that a ``Host`` serves; ``null`` never is."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return False
    return _with_port(parts.netloc, default) == _with_port(host, default)


def as_operation_error(error: MocksegError) -> OperationError:
    if isinstance(error, OperationError):
        return error
    if isinstance(error, FqlError):
        return OperationError(
            str(error),
            status=422,
            code="invalid_filter",
            details={"parameter": "where", "position": error.position, "reason": error.reason},
        )
    if isinstance(error, JournalDamagedError):
        return OperationError(str(error), status=503, code="journal_damaged")
    return OperationError(str(error), status=422, code="invalid_parameter")


def _too_large(request: web.Request) -> OperationError:
    most = request.client_max_size
    return OperationError(
        f"the body is larger than {most} bytes, the maximum",
        status=413,
        code="body_too_large",
        details={"allowedBytes": most},
    )


def _with_port(netloc: str, default: str) -> tuple[str, str]:
    match = _HOST.fullmatch(netloc)
    if match is None:
        return netloc, ""
    bracketed, name, port = match.groups()
    return (bracketed or name).lower(), port or default
