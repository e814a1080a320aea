"""The requests that carry calls to a destination, and what sends them.

:mod:`mockseg.web.sender` has the :class:`Sender` over HTTP.

Source: of partners Segment's page on building a subscription webhook; of webhooks the pages
of the two Webhooks destinations and the code of the Actions one.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from mockseg import json_types
from mockseg.clock import Clock
from mockseg.delivery.json_stringify import stringify
from mockseg.delivery.settings import Settings
from mockseg.destinations.signature import SIGNATURE_HEADER, sign
from mockseg.destinations.vendor import Headers, VendorRequest, VendorResponse
from mockseg.json_types import JsonObject

_INLET = "/segment"


class Unanswered(NamedTuple):
    """A request that got no answer.

    Attributes:
        code: as Segment labels it: ``ETIMEDOUT``, ``ENOTFOUND``, ``ECONNREFUSED`` ...
        detail: what is known beyond the code, a phrase; may be empty.
    """

    code: str
    detail: str = ""


class Sender(Protocol):
    """Sends requests. How long an answer may take is the caller's to say: it cancels."""

    async def send(self, request: Outgoing) -> VendorResponse | Unanswered:
        """Send a request; return what was answered, or why nothing was. Never raises for those."""

    async def close(self) -> None: ...


def hand_over(
    receive: Callable[[VendorRequest], VendorResponse], request: Outgoing, *, now_ns: int
) -> VendorResponse | Unanswered:
    """Let an imitation in this process have a request, at its inlet, in this very step."""
    asked = VendorRequest(
        method=request.method,
        path=_INLET,
        received_ns=now_ns,
        headers=request.headers,
        body=request.body,
    )
    try:
        return receive(asked)
    except Exception as error:  # noqa: BLE001  (one call must not stop all others)
        return Unanswered("INTERNAL", f"the imitation failed with {error!r}"[:500])


async def send_within(
    sender: Sender | None, request: Outgoing, clock: Clock, *, seconds: float
) -> VendorResponse | Unanswered:
    """Send a request; cancel it after this many seconds of the clock."""
    if sender is None:
        return Unanswered("EHOSTUNREACH", "this hub has no server that could send")
    sending = asyncio.ensure_future(sender.send(request))
    limit = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({sending, limit}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            return Unanswered("ETIMEDOUT", f"none within {seconds:g} s")
        return sending.result()
    except Exception as error:  # noqa: BLE001  (one call must not stop all others)
        return Unanswered("INTERNAL", repr(error)[:500])
    finally:
        limit.cancel()
        sending.cancel()
        await asyncio.gather(sending, limit, return_exceptions=True)


_USER_AGENT = "Segment.io/1.0"
_ACTIONS_USER_AGENT = "Segment (Actions)"
_JSON = ("Content-Type", "application/json")


# Of the form of messages; Segment writes it into each that it hands on.
_VERSION = 2


class Outgoing(NamedTuple):
    """A request to a destination.

    Attributes:
        method, url: where it goes.
        headers: all but Host.
        body: bytes.
    """

    method: str
    url: str
    headers: Headers
    body: bytes


_WEBHOOKS = frozenset({"webhook", "webhook-actions"})


def as_sent(message: JsonObject, *, kind: str) -> bytes:
    """Encode a message for a kind of destination: for webhooks as ``JSON.stringify`` does.

    Source: the code of the Actions webhook, which sends and signs ``JSON.stringify`` of the
    message. Of the classic one Segment's page has the same form in its example of a receiver.
    """
    sent = {**message, "version": message.get("version", _VERSION)}
    return stringify(sent) if kind in _WEBHOOKS else json_types.encode(sent)


def outgoing(
    messages: Sequence[bytes],
    *,
    kind: str,
    settings: Settings,
    urls: Sequence[str],
    own: JsonObject | None = None,
) -> list[Outgoing]:
    """Return the requests that carry messages to a destination, one for each URL.

    Args:
        messages: as JSON; more than one only where the destination takes batches.
        kind: the type of the destination.
        settings: of the destination.
        urls: those of the destination that are to be asked.
        own: settings that the call itself has for the destination.
    """
    if kind == "webhook":
        body, headers = messages[0], _webhook(_USER_AGENT, settings.headers)
    elif kind == "webhook-actions":
        body = messages[0]
        if settings.batch_size > 1:
            body = b"[" + b",".join(messages) + b"]"
        headers = _webhook(_ACTIONS_USER_AGENT, settings.headers)
    else:
        body = messages[0]
        if own:
            key = own.get("apiKey")
            api_key = key if isinstance(key, str) and key else settings.api_key
            extra = {**settings.extra, **{k: v for k, v in own.items() if k != "apiKey"}}
        else:
            api_key, extra = settings.api_key, settings.extra
        headers = _partner(api_key, json_types.encode(extra) if extra else b"")
    if settings.shared_secret:
        signed = body if settings.batch_signature == "array" else messages[0]
        signature = sign(signed, secret=settings.shared_secret)
        headers = (*headers, (SIGNATURE_HEADER, signature))
    headers = (*headers, ("Content-Length", str(len(body))))
    return [Outgoing(settings.method, url, headers, body) for url in urls]


@lru_cache(maxsize=1024)
def _partner(api_key: str, extra: bytes) -> Headers:
    # The key is the user name, the password empty, the colon always there.
    basic = base64.b64encode(f"{api_key}:".encode()).decode()
    headers = [
        ("Authorization", f"Basic {basic}"),
        _JSON,
        ("User-Agent", _USER_AGENT),
        ("Accept", "*/*"),
        ("Cache-Control", "no-cache"),
        ("Connection", "Keep-Alive"),
    ]
    if extra:
        headers.append(("X-Segment-Settings", base64.b64encode(extra).decode()))
    return tuple(headers)


@lru_cache(maxsize=1024)
def _webhook(user_agent: str, own: Headers) -> Headers:
    """Return the headers of a webhook; the user's own replace those of the same name."""
    taken = {name.lower() for name, _ in own}
    usual = (_JSON, ("User-Agent", user_agent), ("Accept", "*/*"))
    return (*(pair for pair in usual if pair[0].lower() not in taken), *own)
