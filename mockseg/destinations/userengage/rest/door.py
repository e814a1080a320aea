"""The door of the REST API: token, rate, version, routes; attributes, events and site views."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mockseg.clock import NANOSECONDS
from mockseg.destinations.inlet import Unreadable, decoded_body
from mockseg.destinations.rate_limit import RateLimit
from mockseg.destinations.userengage.app import CONTENT_TYPES, App
from mockseg.destinations.userengage.attributes import MOST_NAME
from mockseg.destinations.userengage.mapping import EMPTY_VISIT
from mockseg.destinations.userengage.objects import attribute_object
from mockseg.destinations.userengage.records import User
from mockseg.destinations.userengage.rest import commerce, groups, records
from mockseg.destinations.userengage.rest.call import RestCall, rest_error, timestamp_of
from mockseg.destinations.userengage.setup import UserEngageSetup
from mockseg.destinations.userengage.values import (
    FIXED,
    NUMBER,
    VALUE_TYPES,
    Unconvertible,
    shown,
    words,
)
from mockseg.destinations.vendor import Routes, VendorError, VendorRequest, VendorResponse
from mockseg.json_types import Json, JsonObject

REST_PREFIX: Final = "/api/public/"

_VERSION_2 = re.compile(r"version\s*=\s*2(?![0-9])")
# `number` is a word of the vendor's pages only; its API knows integer and float (UE-X2).
_REST_TYPES = tuple(kind for kind in VALUE_TYPES if kind != NUMBER)


def token_of(request: VendorRequest) -> str | None:
    """Read the token: ``Authorization: Token …``."""
    scheme, token = request.authorization
    return token or None if scheme == "token" else None


def token_error(request: VendorRequest) -> VendorResponse:
    """Answer 401 to a request without a token, or with one that is unknown."""
    if token_of(request) is None:
        return rest_error(401, "unauthorized", "Send `Authorization: Token` with the API key.")
    return rest_error(401, "unauthorized", "Invalid token.")


class RestDoor:
    """Lets requests in to the REST API of one application, up to a rate."""

    def __init__(self, setup: UserEngageSetup) -> None:
        self._setup = setup
        self.limit = RateLimit(setup.rest_requests_per_second, window_ns=NANOSECONDS)

    def answer(self, app: App, request: VendorRequest) -> VendorResponse:
        """Answer a request whose path begins with `REST_PREFIX`; it is applied whole or not.

        Raises:
            VendorError: it is refused.
        """
        path = request.path.removeprefix(REST_PREFIX)
        found = _ROUTES.find(path)
        if found is None:
            hint = "" if path.endswith("/") else " Every URL of this API ends with a slash."
            return rest_error(404, "not_found", f"Not found.{hint}")
        methods, names = found
        if not self._admits(app, token_of(request)):
            return token_error(request)
        if self.limit.refuses(request.received_ns):
            most = self._setup.rest_requests_per_second
            sentence = f"Request was throttled: {most} a second are allowed."
            return rest_error(429, "rate_limited", sentence, headers=(("Retry-After", "1"),))
        handler = methods.get(request.method)
        if handler is None:
            allow = ", ".join(methods)
            sentence = f'Method "{request.method[:20]}" not allowed; {allow} is.'
            return rest_error(405, "method_not_allowed", sentence, headers=(("Allow", allow),))
        v1 = _VERSION_2.search(request.header("Accept") or "") is None
        return handler(RestCall(app, self._setup, request, v1, names, _body(request)))

    def _admits(self, app: App, token: str | None) -> bool:
        if token is None:
            return False
        if token == app.rest_token:
            return True
        return self._setup.segment_key_for_rest and app.segment_keys.get(token) is False


def _body(request: VendorRequest) -> JsonObject:
    if not request.body or request.method == "GET":
        return {}
    body = decoded_body(request, refuse=_malformed)
    if not isinstance(body, dict):
        raise VendorError(rest_error(400, "malformed", "The body is not a JSON object."))
    return body


def _malformed(fault: Unreadable) -> VendorResponse:
    return rest_error(400, "malformed", f"{fault.sentence}.")


# --- attributes, events and site views


def _list_attributes(call: RestCall) -> VendorResponse:
    records = sorted(
        (attribute.id, (kind, attribute))
        for kind, namespace in call.app.attributes.items()
        for attribute in namespace.attributes.values()
    )
    return call.page(
        records,
        shown=lambda each: attribute_object(each[1], content_type=each[0], v1=call.v1),
    )


def _create_attribute(call: RestCall) -> VendorResponse:
    """``POST attributes/``. Source: User.com REST API v2, "Create attribute"."""
    name, value_type = call.need_text("name"), call.need_text("value_type")
    content_type = call.need_text("content_type")
    if len(name) > MOST_NAME:
        call.bad("name", f"It has {len(name)} characters; allowed are 1 to {MOST_NAME}.")
    for field, value, allowed in (
        ("value_type", value_type, _REST_TYPES),
        ("content_type", content_type, CONTENT_TYPES),
    ):
        if value not in allowed:
            call.bad(field, f"{value[:80]!r} is not one of {', '.join(allowed)}.")
    choices: Json = []
    if value_type == FIXED:
        choices = call.need("choices")
        if not isinstance(choices, list) or not choices or not _texts(choices):
            call.bad("choices", "A list of texts is needed.")
    namespace = call.app.attributes[content_type]
    if namespace.find(name) is not None:
        call.bad("name", f"An attribute called {name!r} exists already.")
    attribute = call.app.define(
        namespace,
        name,
        value_type,
        choices=tuple(choices),
        many=bool(choices) and call.body.get("allow_multiple_choices") is True,
    )
    return call.answer(
        attribute_object(attribute, content_type=content_type, v1=call.v1), status=201
    )


def _attribute_type(call: RestCall) -> VendorResponse:
    kind = call.directory.kind.content_type
    attribute = call.app.attributes[kind].attributes.get(call.names["name_std"])
    if attribute is None:
        call.missing()
    return call.answer({"value_type": attribute_object(attribute, v1=call.v1)["value_type"]})


def _create_event(call: RestCall) -> VendorResponse:
    """``POST events/``: an occurrence for the user with this internal id."""
    field = "client" if call.v1 else "user_id"
    number = call.need(field)
    user = call.app.users.by_id.get(number) if type(number) is int else None
    if user is None:
        call.bad(field, f"Unknown user {shown(number)}.")
    return _record_event(call, user)


def _create_user_event(call: RestCall) -> VendorResponse:
    return _record_event(call, call.user())


def _create_site_view(call: RestCall) -> VendorResponse:
    """``POST site-views/``: a page view of the user with this key. Only clients show it."""
    key = call.need_text("client_user")
    domain, path = call.need_text("page_domain"), call.need_text("page_path")
    user = call.app.users_by_key.get(key)
    if user is None:
        call.bad("client_user", "Unknown user.")
    timestamp_ns = timestamp_of(call)
    # Clients send the whole URL as the domain.
    url = domain if "://" in domain else f"https://{domain}{path}"
    visit = EMPTY_VISIT | {"url": url}
    view = call.app.record_page_view(user, timestamp_ns=timestamp_ns, visit=visit)
    user.updated_ns = call.now_ns
    return call.answer({"id": view.id}, status=201)


def _record_event(call: RestCall, user: User) -> VendorResponse:
    try:
        name = words(call.need("name"))
    except Unconvertible as error:
        call.bad("name", f"It {error}.")
    given = call.body.get("data")
    given = {} if given is None else given
    if not isinstance(given, dict):
        call.bad("data", "Not an object.")
    timestamp_ns = timestamp_of(call)
    resolved = call.app.event_attributes(name).resolve(given.items(), place="data")
    call.notes += resolved.notes
    occurrence, first = call.app.record_occurrence(
        user, name, timestamp_ns=timestamp_ns, now_ns=call.now_ns, resolved=resolved
    )
    return call.answer({"id": occurrence.id, "created": first}, status=201)


def _texts(values: list[Json]) -> bool:
    return all(isinstance(value, str) and value for value in values)


# By internal id, or by custom id: the two trees have the same leaves.
_ID = r"(?:/(?P<id>[0-9]{1,15})|-by-id/(?P<custom_id>.{1,1000}?))"
_USER = f"(?P<of>users){_ID}"
_COMPANY = f"(?P<of>companies){_ID}"
_EITHER = f"(?P<of>users|companies){_ID}"
_DEAL = f"(?P<of>deals){_ID}"
_PRODUCT = f"(?P<of>products){_ID}"
_GROUP = "(?P<group>[0-9]{1,15})"

# What ends in a word stands before the bare custom id.
_ROUTES: Routes[Callable[[RestCall], VendorResponse]] = Routes(
    {
        "(?P<of>users|companies)/": {"GET": records.list_records, "POST": records.create},
        "(?P<of>users)/search/": {"GET": records.search},
        "(?P<of>users)/update_or_create/": {"POST": records.update_or_create},
        "(?P<of>users)/mass_update_(?P<what>standard|custom)_attributes/": {
            "PUT": records.mass_update
        },
        f"{_EITHER}/set_attribute/": {"POST": records.set_attribute},
        f"{_EITHER}/set_multiple_attributes/": {"POST": records.update},
        f"{_EITHER}/add_tag/": {"POST": records.add_tag},
        f"{_EITHER}/remove_tag/": {"POST": records.remove_tag},
        f"{_EITHER}/add_many_tags/": {"POST": records.add_many_tags},
        f"{_EITHER}/remove_attribute/": {
            "POST": records.remove_attribute,
            "DELETE": records.remove_attribute,
        },
        f"{_USER}/add_to_list/": {"POST": groups.add_to_list},
        f"{_USER}/remove_from_list/": {"POST": groups.remove_from_list},
        f"{_USER}/emails/": {"GET": records.emails},
        f"{_USER}/product_events/": {"GET": commerce.product_events},
        f"{_USER}/ping_hits/": {"GET": records.ping_hits},
        r"(?P<of>users)/(?P<id>[0-9]{1,15})/events/": {"GET": records.events},
        r"(?P<of>users)-by-id/(?P<custom_id>.{1,1000}?)/events/": {
            "GET": records.events,
            "POST": _create_user_event,
        },
        f"{_USER}/timeline/": {"GET": records.timeline},
        f"{_USER}/segments/": {"GET": groups.segments_of},
        f"{_COMPANY}/add_member/": {"POST": records.add_member},
        f"{_COMPANY}/remove_member/": {"POST": records.remove_member},
        f"{_EITHER}/": {
            "GET": records.show,
            "PUT": records.update,
            "DELETE": records.delete,
        },
        "(?P<of>deals)/": {"GET": commerce.list_deals, "POST": commerce.create_deal},
        "(?P<of>deals)/update_or_create/": {"POST": commerce.update_or_create_deal},
        "(?P<of>deals)-by-id/": {"POST": commerce.deal_by_id},
        f"{_DEAL}/": {
            "GET": records.show,
            "PUT": commerce.update_deal,
            "DELETE": records.delete,
        },
        "(?P<of>products)/": {"GET": records.list_records, "POST": records.create},
        "(?P<of>products)/update_or_create/": {"POST": records.update_or_create},
        f"{_PRODUCT}/product_event/": {"POST": commerce.product_event},
        f"{_PRODUCT}/(?:details/)?": {
            "GET": records.show,
            "PUT": records.update,
            "DELETE": records.delete,
        },
        "tags/": {"GET": groups.list_tags, "POST": groups.create_tag},
        f"tags/{_GROUP}/": {"PUT": groups.rename_tag, "DELETE": groups.delete_tag},
        f"tags/{_GROUP}/(?P<of>users|companies)/": {"GET": groups.tagged},
        "lists/": {"GET": groups.list_lists, "POST": groups.create_list},
        f"lists/{_GROUP}/": {"PUT": groups.update_list, "DELETE": groups.delete_list},
        f"lists/{_GROUP}/(?P<of>users)/": {"GET": groups.on_list},
        "segments/": {"GET": groups.list_segments},
        f"segments/{_GROUP}/(?P<of>users)/": {"GET": groups.in_segment},
        "events/": {"POST": _create_event},
        "site-views/": {"POST": _create_site_view},
        "attributes/": {"GET": _list_attributes, "POST": _create_attribute},
        "attribute-type/(?P<name_std>.{1,200}?)/(?P<of>users|companies)/": {"GET": _attribute_type},
    }
)
