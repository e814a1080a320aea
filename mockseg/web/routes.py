"""Segment's routes: one table from path to what it carries.

Paths are matched in lower case and without one trailing slash, as Segment's edge does.
"""

from __future__ import annotations

from mockseg.domain.message import MESSAGE_TYPES
from mockseg.domain.request import Route


def _tracking() -> dict[str, Route]:
    routes = [
        Route(path="/v1/batch", carries="batch"),
        Route(path="/v1/import", carries="batch"),
        Route(path="/v1/b", carries="batch", client=True),
        Route(path="/v1/m", carries="nothing", client=True),
        # React Native posts its batches to the bare URL of its `proxy`.
        Route(path="/", carries="batch", client=True),
        Route(path="/v1", carries="batch", client=True),
    ]
    for type_ in MESSAGE_TYPES:
        routes += [
            Route(path=f"/v1/{type_}", carries="message", type=type_),
            Route(path=f"/v1/{type_[0]}", carries="message", type=type_, client=True),
            Route(
                path=f"/v1/pixel/{type_}", carries="message", type=type_, client=True, pixel=True
            ),
        ]
    return {route.path: route for route in routes}


TRACKING = _tracking()

# For the answer to an unknown path.
DOCUMENTED = (
    "POST /v1/{identify,track,page,screen,group,alias}",
    "POST /v1/{batch,import}",
    "POST or GET /v1/{i,t,p,s,g,a,b,m}",
    "GET /v1/pixel/{identify,track,page,screen,group,alias}",
    "GET /v1/projects/{writeKey}/settings",
    "GET /analytics.js/v1/{writeKey}/analytics.min.js",
    "POST /token",
    "GET /internal/health",
    "GET /crossdomain.xml",
    "GET /_mockseg/",
)


def normalised(path: str) -> str:
    """Give a path as the table has it."""
    lower = path.lower()
    return lower[:-1] if lower.endswith("/") and len(lower) > 1 else lower
