"""Which class imitates which kind of destination; imported when the first one is needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockseg.destinations.vendor import Imitation

__all__ = ["IMITATIONS", "imitation_class"]

# Kind of destination -> the package that imitates it, and the class in its `imitation`.
IMITATIONS: dict[str, tuple[str, str]] = {
    "userengage": ("userengage", "UserEngage"),
    "userleap": ("userleap", "UserLeap"),
    "userguiding": ("userguiding", "UserGuiding"),
    "candu": ("candu", "Candu"),
    "webhook": ("webhook", "Webhook"),
    "webhook-actions": ("webhook", "Webhook"),
}


def imitation_class(type_: str) -> type[Imitation]:
    """Give the class that imitates a kind of destination."""
    package, name = IMITATIONS[type_]
    module = import_module(f"mockseg.destinations.{package}.imitation")
    found: type[Imitation] = getattr(module, name)
    return found
