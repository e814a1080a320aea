"""Users, companies, deals, products and records as JSON, in the names of the vendor's REST API.

Source: User.com REST API v2, the samples; where its pages and clients differ, both names.
"""

from __future__ import annotations

import msgspec

from mockseg.destinations.userengage.app import App, named_data
from mockseg.destinations.userengage.attributes import Attribute
from mockseg.destinations.userengage.records import (
    COMPANIES,
    USERS,
    Deal,
    Event,
    Occurrence,
    PageView,
    ProductEvent,
    Record,
    User,
    UserList,
)
from mockseg.destinations.userengage.segments import Segment
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import Json, JsonObject

_V1_TYPES = {
    "boolean": 1,
    "integer": 2,
    "date": 3,
    "string": 4,
    "datetime": 5,
    "fixed": 6,
    "float": 7,
}


def moment(moment_ns: int | None) -> str | None:
    """Return ISO 8601 to the microsecond, as the vendor's responses have it."""
    return None if moment_ns is None else format_moment(moment_ns - moment_ns % 1000)


def record_object(app: App, record: Record, *, v1: bool = False) -> JsonObject:
    """Return a record, its custom attributes as a list."""
    kind = record.kind
    profile = {**kind.defaults, **record.profile}
    namespace = app.attributes[kind.content_type]
    shape: JsonObject = {
        "id": record.id,
        kind.id_v1 if v1 else "custom_id": record.custom_id,
        **profile,
        "tags": [{"id": app.tags[name], "name": name} for name in record.tags],
        "attributes": [
            {
                "id": namespace.attributes[std].id,
                "name": namespace.attributes[std].name,
                "name_std": std,
                "value": value,
            }
            for std, value in record.attributes.items()
        ],
        "created_at": moment(record.created_ns),
        "updated_at": moment(record.updated_ns),
    }
    if isinstance(record, User):
        return shape | _user_part(app, record, profile, v1=v1)
    if isinstance(record, Deal):
        return shape | _deal_part(app, profile, v1=v1)
    if v1 and kind.noun == COMPANIES.noun:
        shape["approx_employees"] = shape.pop("size")
    return shape


def _user_part(app: App, user: User, profile: JsonObject, *, v1: bool) -> JsonObject:
    names = (profile["first_name"], profile["last_name"])
    companies = app.companies.by_id
    return {
        "user_key": user.key,
        "key": user.key,
        "name": " ".join(name for name in names if name),
        **{alias: profile[field] for alias, field in USERS.aliases.items()},
        "lists": [list_object(app.lists[each]) for each in user.lists],
        "companies": [
            {
                "id": company_id,
                COMPANIES.id_v1 if v1 else "custom_id": companies[company_id].custom_id,
                "name": companies[company_id].profile.get("name"),
                "member_since": moment(since_ns),
            }
            for company_id, since_ns in user.companies.items()
        ],
        "page_views": user.page_views,
        "first_seen": moment(user.first_seen_ns),
        "last_seen": moment(user.last_seen_ns),
        "web_push_subscription": False,
        "chat_id": None,
    }


def _deal_part(app: App, profile: JsonObject, *, v1: bool) -> JsonObject:
    """Return what a deal shows of others: custom ids, and in version 1 their names."""
    user = app.users.by_id.get(profile["user_id"] or 0)
    company = app.companies.by_id.get(profile["company_id"] or 0)
    products = [app.products.by_id[each] for each in profile["products"]]
    part: JsonObject = {
        "user_custom_id": None if user is None else user.custom_id,
        "company_custom_id": None if company is None else company.custom_id,
        "products_custom_id": [each.custom_id for each in products],
        "created_by": None,
    }
    if v1:
        part |= {"person": profile["user_id"], "company": profile["company_id"]}
    return part


def list_object(list_: UserList) -> JsonObject:
    return {"id": list_.id, "name": list_.name, "description": list_.description}


def segment_object(segment: Segment) -> JsonObject:
    return {
        "id": segment.id,
        "name": segment.name,
        "conditions": [msgspec.to_builtins(condition) for condition, _ in segment.conditions],
    }


def product_event_object(app: App, event: ProductEvent) -> JsonObject:
    return {
        "id": event.id,
        "client": event.user,
        "product": event.product,
        "product_custom_id": app.products.by_id[event.product].custom_id,
        "event_type": event.event_type,
        "timestamp": moment(event.timestamp_ns),
        "custom_data": event.data.get("custom_data") or {},
        "data": {name: value for name, value in event.data.items() if name != "custom_data"},
    }


def attribute_object(
    attribute: Attribute, *, content_type: str | None = None, v1: bool = False
) -> JsonObject:
    """Return an attribute as it is defined; version 1 has codes for most types."""
    kind: Json = attribute.value_type
    shape: JsonObject = {
        "id": attribute.id,
        "name": attribute.name,
        "name_std": attribute.std,
        "value_type": _V1_TYPES.get(kind, kind) if v1 else kind,
    }
    if content_type is not None:
        shape["content_type"] = content_type
    if attribute.choices:
        shape["choices"] = list(attribute.choices)
        shape["allow_multiple_choices"] = attribute.many
    return shape


def event_object(event: Event, *, shared: bool) -> JsonObject:
    shape: JsonObject = {"id": event.id, "name": event.name}
    if not shared:
        shape["attributes"] = [
            attribute_object(each) for each in event.attributes.attributes.values()
        ]
    return shape


def occurrence_object(app: App, occurrence: Occurrence, *, v1: bool = False) -> JsonObject:
    return {
        "id": occurrence.id,
        "name": occurrence.event,
        "client" if v1 else "user_id": occurrence.user,
        "timestamp": moment(occurrence.timestamp_ns),
        "created_at": moment(occurrence.created_ns),
        "data": named_data(app, occurrence),
    }


def page_view_object(view: PageView) -> JsonObject:
    return {
        "id": view.id,
        "client": view.user,
        "timestamp": moment(view.timestamp_ns),
        **view.visit,
    }


def state_of(app: App) -> JsonObject:
    """Return the state in the names of REST version 2; `restoring.fill` reads it.

    Sections: ``users``, ``companies``, ``deals``, ``products``, ``product_events``, ``lists``,
    ``segments``, ``attributes``, ``events`` (with their attributes, or
    ``event_attributes`` where all share them), ``event_occurrences``, ``page_views``, ``tags``,
    ``segment_keys``, ``rest_token``, ``trusted_domains``; ``forgotten`` counts occurrences, page
    views and product events beyond those that are kept.
    """
    shared = app.shared
    state: JsonObject = {
        "users": [record_object(app, user) for user in app.users.by_id.values()],
        "companies": [record_object(app, company) for company in app.companies.by_id.values()],
        "deals": [record_object(app, deal) for deal in app.deals.by_id.values()],
        "products": [record_object(app, product) for product in app.products.by_id.values()],
        "product_events": [product_event_object(app, each) for each in app.product_events],
        "lists": [list_object(each) for each in app.lists.values()],
        "segments": [segment_object(each) for each in app.segments.values()],
        "attributes": [
            attribute_object(attribute, content_type=kind)
            for kind, namespace in app.attributes.items()
            for attribute in namespace.attributes.values()
        ],
        "events": [event_object(event, shared=shared is not None) for event in app.events.values()],
        "event_occurrences": [occurrence_object(app, each) for each in app.occurrences],
        "page_views": [page_view_object(view) for view in app.page_views],
        "tags": [{"id": tag_id, "name": name} for name, tag_id in app.tags.items()],
        "segment_keys": [
            {"key": key, "revoked": revoked} for key, revoked in app.segment_keys.items()
        ],
        "rest_token": app.rest_token,
        "trusted_domains": list(app.trusted_domains),
        "forgotten": {
            "event_occurrences": app.forgotten_occurrences,
            "page_views": app.forgotten_page_views,
            "product_events": app.forgotten_product_events,
        },
    }
    if shared is not None:
        state["event_attributes"] = [attribute_object(each) for each in shared.attributes.values()]
    return state
