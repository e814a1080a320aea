"""Access to the control plane: from this machine, or with the control token.

The ``Host`` and ``Origin`` of a request are the client's own words, so on a server that listens
for other machines they prove nothing. The address of the peer does: it is the other end of the
TCP connection. A loopback peer, or one of a Unix socket, needs nothing; every other peer needs
the token, as ``Authorization: Bearer`` or, for the page, as the cookie that the token was
exchanged for. Headers such as ``X-Forwarded-For`` are never looked at.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets

from aiohttp import web

from mockseg.errors import OperationError

# Operations that need no token: probes of containers come from other machines and have none.
FOR_EVERY_PEER = frozenset({"health"})

_ROOT = "/_mockseg"


class Access:
    """The rule of one server.

    Args:
        token: the control token, or None when other machines are never let in.
    """

    __slots__ = ("_cookie", "_token")

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else _digest(token)
        # Not the token: a cookie jar is a file. No seed: a client must not be able to guess it.
        self._cookie = secrets.token_urlsafe(32)

    def check(self, request: web.Request) -> None:
        """Refuse a request that may not use the control plane.

        Raises:
            OperationError: 403, the server has no token; 401, the request has none or a wrong one.
        """
        peer = _peer(request)
        given = _bearer(request)
        cookie = request.cookies.get(_cookie_name(request))
        if (
            is_this_machine(peer)
            or (given is not None and self.accepts(given))
            or (self._token is not None and cookie is not None and self._is_cookie(cookie))
        ):
            return
        shown = str(peer[0]) if isinstance(peer, tuple) and peer else "an unknown address"
        details = {"peer": shown}
        if self._token is None:
            raise OperationError(
                "the control plane and the page answer loopback addresses only, and this request"
                f" comes from {shown}: start mockseg with --control-token TOKEN or"
                " MOCKSEG_CONTROL_TOKEN, and send that token",
                status=403,
                code="foreign_peer",
                details=details,
            )
        if given is not None:
            raise OperationError(
                "the control token is wrong: it must be the one that mockseg was started with"
                " (--control-token or MOCKSEG_CONTROL_TOKEN)",
                status=401,
                code="wrong_token",
                details=details,
            )
        raise OperationError(
            f"this request comes from {shown}, not from a loopback address, so it needs the"
            " control token: send Authorization: Bearer TOKEN (commands: --token; pytest: ini"
            " mockseg_control_token; both: MOCKSEG_CONTROL_TOKEN; Python: Client(url, token=...);"
            " browser: open the page)",
            status=401,
            code="token_required",
            details=details,
        )

    @property
    def has_token(self) -> bool:
        return self._token is not None

    def accepts(self, token: str) -> bool:
        """Return whether this is the token; the time taken says nothing about it."""
        return self._token is not None and hmac.compare_digest(_digest(token), self._token)

    def remember(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Set the cookie that this browser sends instead of the token, until the server ends."""
        answer.set_cookie(
            _cookie_name(request),
            self._cookie,
            path=_ROOT,
            httponly=True,
            secure=request.secure,
            samesite="Strict",
        )

    def _is_cookie(self, text: str) -> bool:
        return hmac.compare_digest(_digest(text), _digest(self._cookie))


def is_this_machine(peer: object) -> bool:
    """Return whether a connection comes from this machine.

    Args:
        peer: ``peername`` of its transport: host and port, a path (or an empty text) for a Unix
            socket, None for a connection that is gone.
    """
    if isinstance(peer, str | bytes):
        return True
    if not isinstance(peer, tuple) or not peer:
        return False
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return False
    # ::ffff:127.0.0.1 is how a socket for both families sees IPv4.
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _bearer(request: web.Request) -> str | None:
    """Return the Bearer token of a request, None without one or with several."""
    values = request.headers.getall("Authorization", [])
    scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    return token.strip() if scheme.lower() == "bearer" else None


def _peer(request: web.Request) -> object:
    return None if request.transport is None else request.transport.get_extra_info("peername")


def _cookie_name(request: web.Request) -> str:
    # Cookies know no ports: two servers on one machine would take each other's away.
    name = None if request.transport is None else request.transport.get_extra_info("sockname")
    port = name[1] if isinstance(name, tuple) else 0
    return f"mockseg_control_{port}"


def _digest(text: str) -> bytes:
    """Return a text as bytes of one length, so that comparing tells nothing about the length."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
