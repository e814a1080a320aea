"""An application made from a state, as `state_of` gave it or as a person wrote it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userengage.app import CONTENT_TYPES
from mockseg.destinations.userengage.building import define, define_events, define_many, domain_of
from mockseg.destinations.userengage.reading import Entry, entries
from mockseg.destinations.userengage.restoring_people import restore_companies, restore_users
from mockseg.destinations.userengage.restoring_records import (
    restore_occurrences,
    restore_page_views,
)
from mockseg.destinations.userengage.setup import AttributeSetup
from mockseg.destinations.userengage.values import shown
from mockseg.errors import VendorStateError

if TYPE_CHECKING:
    from mockseg.destinations.userengage.app import App
    from mockseg.destinations.userengage.definitions import Namespace
    from mockseg.destinations.userengage.setup import UserEngageSetup
    from mockseg.json_types import Json, JsonObject

__all__ = ["fill"]

_SECTIONS = (
    "users",
    "companies",
    "attributes",
    "events",
    "event_attributes",
    "event_occurrences",
    "page_views",
    "tags",
    "segment_keys",
    "rest_token",
    "trusted_domains",
    "forgotten",
)


def fill(app: App, setup: UserEngageSetup, state: JsonObject) -> None:
    """Fill a bare application from a state; definitions, keys and domains left out are set up.

    Raises:
        VendorStateError: names the place and what is allowed; the application is of no use then.
    """
    whole = Entry(state, place="")
    whole.allow_only(_SECTIONS)
    _definitions(app, setup, state)
    for tag in entries(state, "tags"):
        tag.allow_only(("id", "name"))
        name = tag.text("name", required=True)
        if name in app.tags:
            tag.refuse(f"the tag {name!r} stands here twice", "name")
        app.tags[name] = app.next_id("tag", given=tag.new_id(app.tags.values()))
    _access(app, setup, whole)
    restore_companies(app, entries(state, "companies"))
    restore_users(app, entries(state, "users"))
    restore_occurrences(app, entries(state, "event_occurrences"))
    restore_page_views(app, entries(state, "page_views"))
    if state.get("forgotten") is not None:
        forgotten = Entry(state["forgotten"], place="forgotten")
        forgotten.allow_only(("event_occurrences", "page_views"))
        app.forgotten_occurrences += forgotten.count("event_occurrences")
        app.forgotten_page_views += forgotten.count("page_views")


def _definitions(app: App, setup: UserEngageSetup, state: JsonObject) -> None:
    """Define what the state has first, whose ids are given; then what is set up."""
    shared = app.shared
    for entry in entries(state, "attributes"):
        kind = entry.get("content_type", "clientuser")
        if kind not in CONTENT_TYPES:
            entry.refuse(f"{shown(kind)} is none of {', '.join(CONTENT_TYPES)}", "content_type")
        _attribute(app, app.attributes[kind], entry)
    for entry in entries(state, "event_attributes"):
        if shared is None:
            entry.refuse("each event has attributes of its own here: events[].attributes")
        _attribute(app, shared, entry)
    for entry in entries(state, "events"):
        _event(app, entry)
    if "attributes" not in state:
        define_many(app, app.attributes["clientuser"], setup.attributes, place="attributes")
        define_many(
            app, app.attributes["company"], setup.company_attributes, place="companyAttributes"
        )
    if shared is not None and "event_attributes" not in state:
        define_many(app, shared, setup.event_attributes, place="eventAttributes")
    if "events" not in state:
        define_events(app, setup.events, place="events")


def _event(app: App, entry: Entry) -> None:
    entry.allow_only(("id", "name", "attributes"))
    name = entry.text("name", required=True)
    if name in app.events:
        entry.refuse(f"the event {name!r} stands here twice", "name")
    taken = (event.id for event in app.events.values())
    event = app.define_event(name, given_id=entry.new_id(taken))
    for inner in entry.entries("attributes"):
        if app.shared is not None:
            entry.refuse("all events share their attributes here: event_attributes", "attributes")
        _attribute(app, event.attributes, inner)


def _attribute(app: App, namespace: Namespace, entry: Entry) -> None:
    entry.allow_only(
        (
            "id",
            "name",
            "name_std",
            "value_type",
            "content_type",
            "choices",
            "allow_multiple_choices",
        )
    )
    name = entry.text("name", required=True)
    if namespace.find(name) is not None:
        entry.refuse(f"the attribute {name!r} stands here twice", "name")
    choices = entry.get("choices", [])
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        entry.refuse("is no list of texts", "choices")
    given = AttributeSetup(
        type=entry.text("value_type") or "string",
        choices=tuple(choices),
        many=entry.flag("allow_multiple_choices"),
    )
    given_id = entry.new_id(app.attribute_ids)
    define(app, namespace, name, given, place=entry.place, given_id=given_id)


def _access(app: App, setup: UserEngageSetup, state: Entry) -> None:
    for entry in state.entries("segment_keys"):
        entry.allow_only(("key", "revoked"))
        app.segment_keys[entry.text("key", required=True)] = entry.flag("revoked")
    token = state.text("rest_token")
    if token:
        app.rest_token = token
    domains: Json = state.get("trusted_domains", list(setup.trusted_domains))
    if not isinstance(domains, list):
        state.refuse("is no list of domains", "trusted_domains")
    for number, domain in enumerate(domains):
        place = f"trusted_domains[{number}]"
        if not isinstance(domain, str):
            raise VendorStateError("is no text", place=place)
        trusted = domain_of(domain, place=place)
        if trusted not in app.trusted_domains:
            app.trusted_domains.append(trusted)
