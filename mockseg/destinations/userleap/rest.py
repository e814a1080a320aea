"""What the REST APIs of both versions share: keys, routes, plain answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mockseg import json_types
from mockseg.destinations.inlet import (
    INLET,
    JSON_HEADERS,
    authorization,
    basic_key,
    stranger_at_inlet,
)
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from mockseg.destinations.userleap.state import Environment, User
    from mockseg.destinations.vendor import VendorRequest
    from mockseg.json_types import Json


TOO_MANY = "Your application has made too many requests in too short a time."

Name: TypeAlias = Literal[
    "users_v1",
    "user_v1",
    "user_events",
    "bulk",
    "surveys",
    "responses",
    "themes",
    "users_v2",
    "user_v2",
    "purge",
]


class Route(NamedTuple):
    """A resource of the REST API.

    Attributes:
        name: which.
        user_id: of the user in the path, else empty.
        methods: that it knows.
        schemes: of authorization that it takes, lower case.
    """

    name: Name
    user_id: str
    methods: tuple[str, ...]
    schemes: tuple[str, ...]


_FIXED: dict[str, tuple[Name, tuple[str, ...], tuple[str, ...]]] = {
    "/v1/users": ("users_v1", ("POST",), ("api-key",)),
    "/v1/users/bulk": ("bulk", ("POST",), ("bearer",)),
    "/v1/surveys": ("surveys", ("GET",), ("bearer",)),
    "/v1/responses": ("responses", ("GET",), ("bearer",)),
    "/v1/themes": ("themes", ("GET",), ("bearer",)),
    "/v2/users": ("users_v2", ("POST",), ("api-key", "bearer")),
    "/v2/purge/visitors": ("purge", ("POST",), ("bearer",)),
}


def route_of(path: str) -> Route | None:
    """Find what a path names, or None."""
    fixed = _FIXED.get(path.removesuffix("/"))
    if fixed is not None:
        name, methods, schemes = fixed
        return Route(name, "", methods, schemes)
    if path.startswith("/v2/users/"):
        user_id = path.removeprefix("/v2/users/")
        return Route("user_v2", user_id, ("GET",), ("api-key", "bearer"))
    if path.startswith("/v1/users/"):
        user_id = path.removeprefix("/v1/users/")
        if user_id.endswith("/events") and user_id != "/events":
            return Route("user_events", user_id.removesuffix("/events"), ("POST",), ("api-key",))
        return Route("user_v1", user_id, ("GET", "POST"), ("api-key",))
    return None


def key_of(request: VendorRequest) -> str | None:
    """Read the key: at the inlet from Basic, elsewhere after ``API-Key`` or ``Bearer``."""
    if request.path == INLET:
        return basic_key(request)
    given = authorization(request)
    if given is None or given[0] not in {"api-key", "bearer"}:
        return None
    return given[1] or None


def stranger(request: VendorRequest) -> VendorResponse:
    """Answer 401 at the inlet, and 403 without a message at the REST API."""
    if request.path == INLET:
        return stranger_at_inlet(request)
    sentence = "The API key is missing or invalid; expected `API-Key <key>` or `Bearer <key>`"
    return VendorResponse(403, notes=(Note("forbidden", "Authorization", sentence),))


def as_text(status: int, text: str, *, notes: tuple[Note, ...] = ()) -> VendorResponse:
    """Answer with text."""
    headers = (("Content-Type", "text/plain; charset=utf-8"),)
    return VendorResponse(status, text.encode(), headers, notes)


def not_found(sentence: str) -> VendorResponse:
    """Answer 404 as the documents have it."""
    return as_text(404, "Not Found", notes=(Note("not_found", "", sentence),))


def with_error(sentence: str, *, field: str = "", code: str = "invalid_request") -> VendorResponse:
    """Answer 400 with ``{"error": ...}``."""
    value: Json = {"error": sentence}
    notes = (Note(code, field, sentence),)
    return VendorResponse(400, json_types.encode(value), JSON_HEADERS, notes)


def invalid(sentence: str, *, field: str) -> VendorResponse:
    """Answer 422, which has no body."""
    return VendorResponse(422, notes=(Note("invalid_request", field, sentence),))


def find_user(environment: Environment, user_id: str, *, now_ms: int) -> User | None:
    """Find a user that reads can see by now (UL-14)."""
    user = environment.users.get(user_id)
    return None if user is None or user.visible_at > now_ms else user
