"""The door of the REST API: routes, token, version, rate; then a handler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mockseg import json_types
from mockseg.destinations.userengage.answers import Refused, rest_error
from mockseg.destinations.userengage.rest import companies, records, users
from mockseg.destinations.userengage.rest.ask import Ask
from mockseg.errors import MalformedJsonError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mockseg.destinations.userengage.app import App
    from mockseg.destinations.userengage.setup import UserEngageSetup
    from mockseg.destinations.vendor import VendorRequest, VendorResponse
    from mockseg.json_types import JsonObject


REST_PREFIX: Final = "/api/public/"

_VERSION_2 = re.compile(r"version\s*=\s*2(?![0-9])")
_SECOND = 1_000_000_000

# By internal id, or by custom id: the two trees have the same leaves.
_USER = r"(?:users/(?P<id>[0-9]{1,15})|users-by-id/(?P<custom_id>.{1,1000}?))"
_COMPANY = r"(?:companies/(?P<id>[0-9]{1,15})|companies-by-id/(?P<custom_id>.{1,1000}?))"

# The first that matches counts: what ends in a word stands before the bare custom id.
_ROUTES: tuple[tuple[re.Pattern[str], Mapping[str, Callable[[Ask], VendorResponse]]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), methods)
    for pattern, methods in (
        ("users/", {"GET": users.listed, "POST": users.create}),
        ("users/search/", {"GET": users.search}),
        ("users/update_or_create/", {"POST": users.update_or_create}),
        ("users/mass_update_standard_attributes/", {"PUT": users.mass_update}),
        (f"{_USER}/set_attribute/", {"POST": users.set_attribute}),
        (f"{_USER}/set_multiple_attributes/", {"POST": users.set_attributes}),
        (f"{_USER}/add_tag/", {"POST": records.add_tag}),
        (f"{_USER}/remove_tag/", {"POST": records.remove_tag}),
        (f"{_USER}/ping_hits/", {"GET": users.ping_hits}),
        (r"users/(?P<id>[0-9]{1,15})/events/", {"GET": users.events}),
        (
            r"users-by-id/(?P<custom_id>.{1,1000}?)/events/",
            {"GET": users.events, "POST": records.create_user_event},
        ),
        (f"{_USER}/timeline/", {"GET": users.timeline}),
        (f"{_USER}/segments/", {"GET": users.segments}),
        (f"{_USER}/", {"GET": users.show, "PUT": users.update, "DELETE": users.delete}),
        ("companies/", {"GET": companies.listed, "POST": companies.create}),
        (f"{_COMPANY}/set_attribute/", {"POST": companies.set_attribute}),
        (f"{_COMPANY}/set_multiple_attributes/", {"POST": companies.set_attributes}),
        (f"{_COMPANY}/add_tag/", {"POST": records.add_company_tag}),
        (f"{_COMPANY}/remove_tag/", {"POST": records.remove_company_tag}),
        (f"{_COMPANY}/add_member/", {"POST": companies.add_member}),
        (f"{_COMPANY}/remove_member/", {"POST": companies.remove_member}),
        (
            f"{_COMPANY}/",
            {"GET": companies.show, "PUT": companies.update, "DELETE": companies.delete},
        ),
        ("events/", {"POST": records.create_event}),
        ("site-views/", {"POST": records.create_site_view}),
        ("attributes/", {"GET": records.attributes, "POST": records.create_attribute}),
        (
            "attribute-type/(?P<name_std>.{1,200}?)/(?P<of>users|companies)/",
            {"GET": records.attribute_type},
        ),
    )
)


def token_of(request: VendorRequest) -> str | None:
    """Read the token: ``Authorization: Token …``."""
    scheme, _, token = (request.header("Authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "token" else None


def token_error(request: VendorRequest) -> VendorResponse:
    """Answer 401 to a request without a token, or with one that is not known."""
    if token_of(request) is None:
        return rest_error(401, "unauthorized", "Send `Authorization: Token` with the API key.")
    return rest_error(401, "unauthorized", "Invalid token.")


class RestDoor:
    """Lets requests in to the REST API of one application, at most so many a second."""

    def __init__(self, setup: UserEngageSetup) -> None:
        self._setup = setup
        self._second = 0
        self._taken = 0

    def answer(self, app: App, request: VendorRequest) -> VendorResponse:
        """Answer a request whose path begins with `REST_PREFIX`; it is applied whole or not."""
        try:
            return self._answer(app, request)
        except Refused as refused:
            return refused.answer

    def _answer(self, app: App, request: VendorRequest) -> VendorResponse:
        names, methods = _route(request.path.removeprefix(REST_PREFIX))
        if not self._admits(app, token_of(request)):
            raise Refused(token_error(request))
        self._throttle(request.received_ns)
        handler = methods.get(request.method)
        if handler is None:
            allow = ", ".join(methods)
            sentence = f'Method "{request.method[:20]}" not allowed; {allow} is.'
            raise Refused(
                rest_error(405, "method_not_allowed", sentence, headers=(("Allow", allow),))
            )
        v1 = _VERSION_2.search(request.header("Accept") or "") is None
        return handler(Ask(app, self._setup, request, v1, names, _body(request)))

    def _admits(self, app: App, token: str | None) -> bool:
        if token is None:
            return False
        if token == app.rest_token:
            return True
        return self._setup.segment_key_for_rest and app.segment_keys.get(token) is False

    def _throttle(self, now_ns: int) -> None:
        most = self._setup.rest_requests_per_second
        if most is None:
            return
        second = now_ns // _SECOND
        if second != self._second:
            self._second, self._taken = second, 0
        self._taken += 1
        if self._taken > most:
            raise Refused(
                rest_error(
                    429,
                    "rate_limited",
                    f"Request was throttled: {most} a second are allowed.",
                    headers=(("Retry-After", "1"),),
                )
            )


def _route(path: str) -> tuple[dict[str, str], Mapping[str, Callable[[Ask], VendorResponse]]]:
    for pattern, methods in _ROUTES:
        match = pattern.fullmatch(path)
        if match is not None:
            names = {name: value for name, value in match.groupdict().items() if value is not None}
            return names, methods
    hint = "" if path.endswith("/") else " Every URL of this API ends with a slash."
    raise Refused(rest_error(404, "not_found", f"Not found.{hint}"))


def _body(request: VendorRequest) -> JsonObject:
    if not request.body or request.method in ("GET", "DELETE"):
        return {}
    try:
        body = json_types.decode(request.body)
    except MalformedJsonError as error:
        sentence = f"The body is not JSON: {error}."
        raise Refused(rest_error(400, "malformed", sentence)) from None
    if not isinstance(body, dict):
        raise Refused(rest_error(400, "malformed", "The body is not a JSON object."))
    return body
