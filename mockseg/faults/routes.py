"""The routes that a fault can name."""

from __future__ import annotations

import dataclasses
from typing import Literal

from mockseg.domain.message import MESSAGE_TYPES

SETTINGS = "/v1/projects/{writeKey}/settings"
SCRIPT = "/analytics.js/v1/{writeKey}/analytics.min.js"
TOKEN = "/token"  # noqa: S105  (a path)


@dataclasses.dataclass(frozen=True, slots=True)
class FaultRoute:
    """A route that a fault can name.

    Attributes:
        path: as Segment documents it.
        carries: messages, telemetry without messages, or what it is fetched for.
        type: the message type that it names, or empty.
    """

    path: str
    carries: Literal["messages", "telemetry", "settings", "script", "token"]
    type: str = ""


def _routes() -> dict[str, FaultRoute]:
    routes = [
        *(FaultRoute(path, "messages") for path in ("/v1/batch", "/v1/import", "/v1/b")),
        *(FaultRoute(path, "messages") for path in ("/", "/v1")),
        FaultRoute("/v1/m", "telemetry"),
        FaultRoute(SETTINGS, "settings"),
        FaultRoute(SCRIPT, "script"),
        FaultRoute(TOKEN, "token"),
    ]
    for type_ in MESSAGE_TYPES:
        names = (f"/v1/{type_}", f"/v1/{type_[0]}", f"/v1/pixel/{type_}")
        routes += [FaultRoute(path, "messages", type_) for path in names]
    return {route.path: route for route in routes}


ROUTES = _routes()
_SHORT = {"settings": SETTINGS, "script": SCRIPT, "token": TOKEN}


def route_named(name: str) -> FaultRoute | None:
    """Find a route by its path, or by ``settings``, ``script`` or ``token``."""
    if name in _SHORT:
        return ROUTES[_SHORT[name]]
    lower = name.lower()
    if len(lower) > 1:
        lower = lower.removesuffix("/")
    return ROUTES.get(lower) or ROUTES.get(name)
