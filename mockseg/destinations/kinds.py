"""The kinds of destination: what Segment's catalog says of each, and the class that imitates it."""

from __future__ import annotations

import dataclasses
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockseg.destinations.vendor import Imitation


_SIX = frozenset({"identify", "track", "page", "screen", "group", "alias"})


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """One kind of destination. Source: Segment's destination catalog, except where noted.

    Attributes:
        type: its name here and in URLs.
        names: the keys of the `integrations` object that mean it, previous ones among them.
        forwards: the call types that Segment forwards to it, as the destination's own page says:
            the catalog's flag ``screen`` is false of nearly every destination and says nothing.
        timeout_seconds: of one attempt.
        imitation: the module in this floor that imitates it, and the class in it; imported when
            it is first needed.
        urls: how many URLs of the user's own it may have.
        settings: of its page at Segment, what each is before a person changes it.
        storage: Segment writes calls into it. Of a call's integrations object only the key
            ``Warehouses`` counts then, and destination filters do nothing.
        in_browsers: whether it has a script that an SDK in a browser can load.
    """

    type: str
    names: tuple[str, ...]
    forwards: frozenset[str]
    imitation: tuple[str, str]
    timeout_seconds: float = 10.0
    urls: int = 1
    settings: tuple[tuple[str, str], ...] = ()
    storage: bool = False
    in_browsers: bool = True


KINDS: dict[str, Kind] = {
    kind.type: kind
    for kind in (
        Kind(
            "userengage",
            ("User.com", "UserEngage", "“User.com”", "user-com", "userengage"),
            frozenset({"identify", "track", "page", "group"}),
            ("userengage.imitation", "UserEngage"),
        ),
        Kind(
            "userleap",
            ("Sprig Cloud", "UserLeap", "Sprig", "sprig-cloud", "userleap"),
            frozenset({"identify", "track", "page", "alias"}),
            ("userleap.imitation", "UserLeap"),
        ),
        Kind(
            "userguiding",
            ("UserGuiding", "user_guiding"),
            frozenset({"identify", "track"}),
            ("userguiding", "UserGuiding"),
            settings=(("region", "us"),),
        ),
        Kind("candu", ("Candu",), _SIX, ("candu", "Candu")),
        Kind(
            "webhook",
            ("Webhooks",),
            _SIX | {"delete"},
            ("webhook", "Webhook"),
            timeout_seconds=5.0,
            urls=5,
            in_browsers=False,
        ),
        Kind(
            "webhook-actions",
            ("Webhooks (Actions)", "Webhook", "Webhook (Actions)", "actions-webhook"),
            _SIX,
            ("webhook", "Webhook"),
            in_browsers=False,
        ),
        Kind(
            "warehouse",
            ("Warehouses",),
            _SIX,
            ("warehouse", "Warehouse"),
            urls=0,
            storage=True,
            in_browsers=False,
        ),
    )
}


def is_imported(type_: str) -> bool:
    """Return whether the imitation of a kind was needed before."""
    return f"{__package__}.{KINDS[type_].imitation[0]}" in sys.modules


def imitation_class(type_: str) -> type[Imitation[Any, Any]]:
    module, name = KINDS[type_].imitation
    found: type[Imitation[Any, Any]] = getattr(import_module(f"{__package__}.{module}"), name)
    return found
