"""The imitations by kind of destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockseg.destinations.vendor import Imitation

__all__ = ["imitation_of"]


def imitation_of(kind: str) -> type[Imitation] | None:
    """Give what imitates a kind of destination, or None; loaded when it is first asked for.

    Args:
        kind: the name of a `Kind`, such as ``userleap``.
    """
    match kind:
        case "userleap":
            from mockseg.destinations.userleap.imitation import UserLeap

            return UserLeap
        case "candu":
            from mockseg.destinations.candu.imitation import Candu

            return Candu
        case "userguiding":
            from mockseg.destinations.userguiding.imitation import UserGuiding

            return UserGuiding
        case "webhook" | "webhook-actions":
            from mockseg.destinations.webhook.imitation import Webhook

            return Webhook
        case _:
            return None
