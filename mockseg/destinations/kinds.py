"""The kinds of destination: what Segment's catalog says of each."""

from __future__ import annotations

import dataclasses

__all__ = ["KINDS", "Kind"]

_SIX = frozenset({"identify", "track", "page", "screen", "group", "alias"})


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """One kind of destination. Source: Segment's destination catalog, except where noted.

    Attributes:
        type: its name here and in URLs.
        names: the keys of the `integrations` object that mean it, previous ones among them.
        forwards: the call types that Segment forwards to it.
        timeout_seconds: of one attempt.
        urls: how many URLs of the user's own it may have.
    """

    type: str
    names: tuple[str, ...]
    forwards: frozenset[str]
    timeout_seconds: float = 10.0
    urls: int = 1


KINDS: dict[str, Kind] = {
    kind.type: kind
    for kind in (
        Kind(
            "userengage",
            ("User.com", "UserEngage", "“User.com”", "user-com", "userengage"),
            frozenset({"identify", "track", "page", "group"}),
        ),
        Kind(
            "userleap",
            ("Sprig Cloud", "UserLeap", "Sprig", "sprig-cloud", "userleap"),
            frozenset({"identify", "track", "page", "alias"}),
        ),
        Kind("userguiding", ("UserGuiding", "user_guiding"), frozenset({"identify", "track"})),
        Kind("candu", ("Candu",), _SIX - {"screen"}),
        Kind(
            "webhook",
            ("Webhooks", "Webhook"),
            _SIX | {"delete"},
            timeout_seconds=5.0,
            urls=5,
        ),
        Kind(
            "webhook-actions",
            ("Webhooks (Actions)", "Webhook (Actions)", "actions-webhook"),
            _SIX,
        ),
    )
}
