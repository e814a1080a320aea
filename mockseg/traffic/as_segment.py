"""What Segment sends to a destination: pure.

A webhook is signed; the others are Subscriptions, which know Segment by a key (Segment:
"Webhooks Destination", "Build a Subscription Webhook").
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from mockseg.domain.message import MESSAGE_TYPES, Shared, normalise
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import decode, encode
from mockseg.traffic.packets import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.traffic.packets import Group

__all__ = ["DESTINATIONS", "WEBHOOK", "signature", "to_destination"]

WEBHOOK: Final = "webhook"
# Which calls Segment forwards to each, by its catalog of destinations.
DESTINATIONS: Final[dict[str, frozenset[str]]] = {
    WEBHOOK: frozenset(MESSAGE_TYPES),
    "userengage": frozenset({"identify", "track", "page", "group"}),
    "userleap": frozenset({"identify", "track", "page", "alias"}),
    "userguiding": frozenset({"identify", "track"}),
    "candu": frozenset({"identify", "track", "page", "group", "alias"}),
}
_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": "Segment.io/1.0",
    "Accept": "*/*",
    "Cache-Control": "no-cache",
    "Connection": "Keep-Alive",
}


def signature(secret: str, body: bytes) -> str:
    """Give ``X-Signature``: the HMAC-SHA1 of the bytes that are sent, in lower case hex."""
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def to_destination(kind: str, key: str) -> Callable[[Group, int], Request]:
    """Give what makes requests as Segment makes them to a destination: one call a POST.

    Args:
        kind: one of :data:`DESTINATIONS`.
        key: the shared secret of a webhook, empty for none; of the others the API key, which
            is the user of HTTP Basic, without a password.
    """
    headers = dict(_HEADERS)
    if kind != WEBHOOK:
        headers["Authorization"] = f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"

    def request(group: Group, now_ns: int) -> Request:
        made = group.calls[0]
        message = normalise(
            decode(made.line),
            type_=made.type,
            message_id=made.message_id,
            received_ns=now_ns,
            shared=Shared(sent_at=format_moment(now_ns)),
        )
        body = encode({**message, "version": 2})
        if kind == WEBHOOK and key:
            return Request("POST", "", headers | {"X-Signature": signature(key, body)}, body)
        return Request("POST", "", headers, body)

    return request
