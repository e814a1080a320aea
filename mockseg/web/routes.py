"""Segment's routes, a table from path to what it carries; and what is wrong with other paths.

Paths are matched in lower case and without one trailing slash, as Segment's edge does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from mockseg import suggestions
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.domain.request import Route
from mockseg.errors import ConfigError
from mockseg.operations.table import OPERATIONS, PREFIX


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


def with_aliases(aliases: Iterable[str]) -> dict[str, Route]:
    """Return the routes of Segment, and with them paths of an in-house proxy.

    Args:
        aliases: each a path, ``=`` and the path of a route: ``/segment/b=/v1/b``.

    Raises:
        ConfigError: one of them is malformed; the sentence names it and what is allowed.
    """
    routes = dict(TRACKING)
    for alias in aliases:
        path, equals, target = (part.strip() for part in alias.partition("="))
        route = TRACKING.get(normalised(target))
        if not equals or not path.startswith("/") or route is None:
            raise ConfigError(
                f'route_aliases: "{alias[:100]}" must be a path, = and a route of Segment\'s,'
                " such as /segment/b=/v1/b"
            )
        own = normalised(path)
        if own in TRACKING or own.startswith(_TAKEN):
            raise ConfigError(f'route_aliases: "{path[:100]}" is a path of mockseg already')
        routes[own] = route
    return routes


_TAKEN = ("/_mockseg", "/vendors/")

# For the answer to an unknown path.
DOCUMENTED = (
    "POST /v1/{identify,track,page,screen,group,alias}",
    "POST /v1/{batch,import}",
    "POST or GET /v1/{i,t,p,s,g,a,b,m}",
    "GET /v1/pixel/{identify,track,page,screen,group,alias}",
    "GET /v1/projects/{writeKey}/settings",
    "GET /analytics.js/v1/{writeKey}/analytics.min.js",
    "GET /analytics-next/bundles/{file}",
    "GET /next-integrations/integrations/{name}/{version}/{file}",
    "POST /token",
    "GET /internal/health",
    "GET /crossdomain.xml",
    "GET /_mockseg/",
)


def normalised(path: str) -> str:
    lower = path.lower()
    return lower[:-1] if lower.endswith("/") and len(lower) > 1 else lower


# --- what is wrong with a path that does not exist: the mistakes of SDK configuration
#
# SDKs take a host, an endpoint or a proxy URL, and each adds a path of its own. A URL that is
# configured with one part too many or too few arrives here, and the sentence names that part.

SETTINGS_PATH = "/v1/projects/{writeKey}/settings"

_LONGEST = 100
_SETTINGS = re.compile(r"(?:/v1)?/projects/[^/]+/settings", re.IGNORECASE)
_SCRIPT = re.compile(r"/analytics\.js/v1/[^/]+(?:/platform)?/analytics\.min\.js", re.IGNORECASE)
_URL = re.compile(r"/https?:/{1,2}[^/]+", re.IGNORECASE)
# One letter is like everything.
_LAST_PARTS = tuple(path[4:] for path in TRACKING if len(path) > 5 and path.count("/") == 2)
_CONTROL = frozenset(operation.path.split("/")[1] for operation in OPERATIONS)


def what_is_wrong(path: str) -> str:
    """Return what is wrong with a path that nothing serves, and the path that was meant.

    Args:
        path: as sent, percent-encoded.
    """
    mistakes: list[str] = []
    meant = path
    for mend in _MENDS:
        if _exists(meant):
            break
        mended, mistake = mend(meant)
        if mistake:
            mistakes.append(mistake)
            meant = mended
    if not mistakes or not _exists(meant):
        return _unmended(path)
    shown = SETTINGS_PATH if _SETTINGS.fullmatch(meant) else meant[:_LONGEST]
    return f"{', and '.join(mistakes)}; {suggestions.meant(shown)}"


def _unmended(path: str) -> str:
    """Return what may be wrong with a path that no change turns into one that exists."""
    parts = [part for part in path.lower().split("/") if part]
    if "projects" in parts:
        following = parts[parts.index("projects") + 1 :]
        if not following or following == ["settings"]:
            return f"the write key is missing: settings are at {SETTINGS_PATH}"
        return f"/settings is missing after the write key: settings are at {SETTINGS_PATH}"
    if "analytics.js" in parts:
        return "the script is at /analytics.js/v1/{writeKey}/analytics.min.js"
    in_control = parts[1:] if parts[:1] == ["v1"] else parts
    if in_control and in_control[0] in _CONTROL:
        hint = suggestions.meant(f"{PREFIX}/{in_control[0]}")
        return f"the control API is below {PREFIX}; {hint}"
    near = suggestions.nearest(parts[-1], _LAST_PARTS) if parts else None
    hint = f"; {suggestions.meant(f'/v1/{near}')}" if near is not None else ""
    return f"this path does not exist{hint}"


def _exists(path: str) -> bool:
    if normalised(path) in TRACKING:
        return path not in {"", "/"}
    path = path.rstrip("/")
    return _SETTINGS.fullmatch(path) is not None or _SCRIPT.fullmatch(path) is not None


# --- each returns the path without one mistake, and its name; empty where it is not made


def _without_encoded_slashes(path: str) -> tuple[str, str]:
    return unquote(path), "percent-encoded slashes" if "%2f" in path.lower() else ""


def _without_blanks(path: str) -> tuple[str, str]:
    decoded = unquote(path)
    stripped = decoded.strip(" \t\r\n\"'`,;")
    return stripped, "a blank or a quote at the end" if stripped not in {path, decoded} else ""


def _without_url(path: str) -> tuple[str, str]:
    found = _URL.search(path)
    return (path[found.end() :], "a whole URL in the path") if found else (path, "")


def _without_double_slashes(path: str) -> tuple[str, str]:
    single = re.sub(r"/{2,}", "/", path)
    if single.endswith("/") and path.rstrip("/") == single.rstrip("/"):
        mistake = "more than one / at the end"
    else:
        mistake = "a double slash, as from a host that ends in /"
    return single, mistake if single != path else ""


def _without_doubled_version(path: str) -> tuple[str, str]:
    single = re.sub(r"^(/v1)(?:/v1)+(?=/|$)", r"\1", path, flags=re.IGNORECASE)
    return single, "/v1 is doubled" if single != path else ""


def _without_prefix(path: str) -> tuple[str, str]:
    """Leave out the parts before the longest end that exists."""
    parts = path.strip("/").split("/")
    for place in range(1, min(len(parts), 10)):
        rest = "/".join(["", *parts[place:]])
        if _exists(rest):
            return rest, f"unexpected prefix /{'/'.join(parts[:place])[:_LONGEST]}"
    return path, ""


def _with_version(path: str) -> tuple[str, str]:
    whole = f"/v1{path}"
    return whole, "/v1 is missing" if path.strip("/") and _exists(whole) else ""


def _with_prefix_for_version(path: str) -> tuple[str, str]:
    """Put ``/v1`` in the place of the parts before the type: ``/api/track``, ``/v2/track``."""
    before, _, last = path.strip("/").rpartition("/")
    whole = f"/v1/{last}"
    return whole, f"/{before[:_LONGEST]} instead of /v1" if before and _exists(whole) else ""


def _without_rest(path: str) -> tuple[str, str]:
    """Leave out the parts after a path that exists, or an ending: ``/v1/track.json``."""
    parts = path.strip("/").split("/")
    whole = "/".join(["", *parts[:2]])
    if len(parts) > 2 and _exists(whole):
        return whole, f"unexpected suffix /{'/'.join(parts[2:])[:_LONGEST]}"
    bare, dot, ending = path.rpartition(".")
    found = dot and "/" not in ending and _exists(bare)
    return bare, f"unexpected suffix .{ending[:_LONGEST]}" if found else ""


_MENDS: tuple[Callable[[str], tuple[str, str]], ...] = (
    _without_encoded_slashes,
    _without_blanks,
    _without_url,
    _without_double_slashes,
    _without_doubled_version,
    _without_prefix,
    _with_version,
    _with_prefix_for_version,
    _without_rest,
)
