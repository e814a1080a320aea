"""Which class imitates which kind of destination; imported when the first one is needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockseg.destinations.vendor import Imitation

__all__ = ["IMITATIONS", "imitation_class"]

# Kind of destination -> the module below this package that imitates it, and its class there.
IMITATIONS: dict[str, tuple[str, str]] = {
    "userengage": ("userengage", "UserEngage"),
    "userleap": ("userleap.imitation", "UserLeap"),
    "userguiding": ("userguiding", "UserGuiding"),
    "candu": ("candu", "Candu"),
    "webhook": ("webhook", "WebhookReceiver"),
    "webhook-actions": ("webhook", "WebhookReceiver"),
}


def imitation_class(type_: str) -> type[Imitation]:
    """Give the class that imitates a kind of destination."""
    module, name = IMITATIONS[type_]
    found: type[Imitation] = getattr(import_module(f"mockseg.destinations.{module}"), name)
    return found
