"""What Segment sends to a destination: pure. The requests are those of the delivery floor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mockseg.delivery.outgoing import as_sent, outgoing
from mockseg.delivery.settings import Settings
from mockseg.destinations.kinds import KINDS
from mockseg.domain.message import Shared, normalise
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import decode
from mockseg.traffic.packets import Group, Request

WEBHOOK: Final = "webhook"
# Which calls Segment forwards to each. A deletion is not a call, another edition of the webhook
# would receive the same, and a warehouse receives no requests.
DESTINATIONS: Final[dict[str, frozenset[str]]] = {
    name: kind.forwards - {"delete"}
    for name, kind in KINDS.items()
    if name != "webhook-actions" and not kind.storage
}


def to_destination(kind: str, key: str) -> Callable[[Group, int], Request]:
    """Return what makes requests as Segment makes them to a destination: one call a POST.

    Args:
        kind: one of :data:`DESTINATIONS`.
        key: the shared secret of a webhook, empty for none; of the others the API key, which
            is the user of HTTP Basic, without a password.
    """
    settings = Settings(shared_secret=key) if kind == WEBHOOK else Settings(api_key=key)

    def request(group: Group, now_ns: int) -> Request:
        made = group.calls[0]
        message = normalise(
            decode(made.line),
            type_=made.type,
            message_id=made.message_id,
            received_ns=now_ns,
            shared=Shared(sent_at=format_moment(now_ns)),
        )
        body = as_sent(message, kind=kind)
        (sent,) = outgoing([body], kind=kind, settings=settings, urls=("",))
        # The client that sends it counts the length by itself.
        headers = {name: value for name, value in sent.headers if name != "Content-Length"}
        return Request(sent.method, "", headers, sent.body)

    return request
