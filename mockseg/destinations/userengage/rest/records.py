"""REST: tags, attributes, events and site views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userengage.app import CONTENT_TYPES
from mockseg.destinations.userengage.definitions import MOST_NAME
from mockseg.destinations.userengage.fields import moment_of, tags_of
from mockseg.destinations.userengage.mapping import words
from mockseg.destinations.userengage.objects import attribute_object
from mockseg.destinations.userengage.page_view import EMPTY_VISIT
from mockseg.destinations.userengage.rest.paging import page
from mockseg.destinations.userengage.values import FIXED, NUMBER, VALUE_TYPES, Unconvertible, shown

if TYPE_CHECKING:
    from mockseg.destinations.userengage.records import Company, User
    from mockseg.destinations.userengage.rest.ask import Ask
    from mockseg.destinations.vendor import VendorResponse
    from mockseg.json_types import Json


# `number` is a word of the vendor's pages only; its API knows integer and float (UE-X2).
_REST_TYPES = tuple(kind for kind in VALUE_TYPES if kind != NUMBER)


def add_tag(ask: Ask) -> VendorResponse:
    """``POST users/:id/add_tag/``; `created` tells whether the application had no such tag."""
    return _add_tag(ask, ask.user())


def remove_tag(ask: Ask) -> VendorResponse:
    """``POST users/:id/remove_tag/``."""
    return _remove_tag(ask, ask.user())


def add_company_tag(ask: Ask) -> VendorResponse:
    """``POST companies/:id/add_tag/``."""
    return _add_tag(ask, ask.company())


def remove_company_tag(ask: Ask) -> VendorResponse:
    """``POST companies/:id/remove_tag/``."""
    return _remove_tag(ask, ask.company())


def attributes(ask: Ask) -> VendorResponse:
    """``GET attributes/``."""
    records = sorted(
        (attribute.id, (kind, attribute))
        for kind, namespace in ask.app.attributes.items()
        for attribute in namespace.attributes.values()
    )
    return ask.answer(
        page(
            ask,
            records,
            shown=lambda each: attribute_object(each[1], content_type=each[0], v1=ask.v1),
        )
    )


def create_attribute(ask: Ask) -> VendorResponse:
    """``POST attributes/``. Source: User.com REST API v2, "Create attribute"."""
    name, value_type = ask.need_text("name"), ask.need_text("value_type")
    content_type = ask.need_text("content_type")
    if len(name) > MOST_NAME:
        ask.bad("name", f"It has {len(name)} characters; allowed are 1 to {MOST_NAME}.")
    for field, value, allowed in (
        ("value_type", value_type, _REST_TYPES),
        ("content_type", content_type, CONTENT_TYPES),
    ):
        if value not in allowed:
            ask.bad(field, f"{value[:80]!r} is none of {', '.join(allowed)}.")
    choices: Json = []
    if value_type == FIXED:
        choices = ask.need("choices")
        if not isinstance(choices, list) or not choices or not _texts(choices):
            ask.bad("choices", "A list of texts is needed.")
    namespace = ask.app.attributes[content_type]
    if namespace.find(name) is not None:
        ask.bad("name", f"An attribute called {name!r} exists already.")
    attribute = ask.app.define(
        namespace,
        name,
        value_type,
        choices=tuple(choices),
        many=bool(choices) and ask.body.get("allow_multiple_choices") is True,
    )
    return ask.answer(attribute_object(attribute, content_type=content_type, v1=ask.v1), status=201)


def attribute_type(ask: Ask) -> VendorResponse:
    """``GET attribute-type/:name_std/users/`` or ``…/companies/``."""
    kind = "clientuser" if ask.names["of"] == "users" else "company"
    attribute = ask.app.attributes[kind].attributes.get(ask.names["name_std"])
    if attribute is None:
        ask.missing()
    return ask.answer({"value_type": attribute_object(attribute, v1=ask.v1)["value_type"]})


def create_event(ask: Ask) -> VendorResponse:
    """``POST events/``: an occurrence for the user with this internal id."""
    field = ask.named("user_id", "client")
    number = ask.need(field)
    user = ask.app.users.get(number) if type(number) is int else None
    if user is None:
        ask.bad(field, f"No user has the id {shown(number)}.")
    return _record_event(ask, user)


def create_user_event(ask: Ask) -> VendorResponse:
    """``POST users-by-id/:custom_id/events/``."""
    return _record_event(ask, ask.user())


def create_site_view(ask: Ask) -> VendorResponse:
    """``POST site-views/``: a page view of the user with this key. Only clients show it."""
    key = ask.need_text("client_user")
    domain, path = ask.need_text("page_domain"), ask.need_text("page_path")
    user = ask.app.users_by_key.get(key)
    if user is None:
        ask.bad("client_user", "No user has this key.")
    timestamp_ns = _timestamp(ask)
    # Clients send the whole URL as the domain.
    url = domain if "://" in domain else f"https://{domain}{path}"
    visit = EMPTY_VISIT | {"url": url}
    view = ask.app.record_page_view(user, timestamp_ns=timestamp_ns, visit=visit)
    user.updated_ns = ask.now_ns
    return ask.answer({"id": view.id}, status=201)


def _add_tag(ask: Ask, record: User | Company) -> VendorResponse:
    name = _tag(ask)
    created = name not in ask.app.tags
    ask.app.tag(record, [name])
    record.updated_ns = ask.now_ns
    return ask.answer({"created": created, "tag": {"name": name}})


def _remove_tag(ask: Ask, record: User | Company) -> VendorResponse:
    name = _tag(ask)
    if name in record.tags:
        record.tags.remove(name)
        record.updated_ns = ask.now_ns
    return ask.answer({"status": "ok"})


def _tag(ask: Ask) -> str:
    name = ask.need("name")
    try:
        return tags_of([name])[0]
    except Unconvertible as error:
        ask.bad("name", f"It {error}.")


def _record_event(ask: Ask, user: User) -> VendorResponse:
    try:
        name = words(ask.need("name"))
    except Unconvertible as error:
        ask.bad("name", f"It {error}.")
    given = ask.body.get("data")
    given = {} if given is None else given
    if not isinstance(given, dict):
        ask.bad("data", "Not an object.")
    timestamp_ns = _timestamp(ask)
    resolved = ask.app.event_attributes(name).resolve(given.items(), place="data")
    ask.notes += resolved.notes
    occurrence, first = ask.app.record_occurrence(
        user, name, timestamp_ns=timestamp_ns, now_ns=ask.now_ns, resolved=resolved
    )
    return ask.answer({"id": occurrence.id, "created": first}, status=201)


def _timestamp(ask: Ask) -> int:
    given = ask.body.get("timestamp")
    if given is None:
        return ask.now_ns
    try:
        return moment_of(given)
    except Unconvertible as error:
        ask.bad("timestamp", f"{shown(given)} {error}.")


def _texts(values: list[Json]) -> bool:
    return all(isinstance(value, str) and value for value in values)
