"""An application made from a state, as `state_of` gave it or as a person wrote it by hand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Iterable
from typing import Any, NoReturn, TypeVar

from mockseg.destinations.records import record_from
from mockseg.destinations.userengage import state_shapes as shapes
from mockseg.destinations.userengage.app import App, Directory, define, define_events, define_many
from mockseg.destinations.userengage.attributes import Namespace
from mockseg.destinations.userengage.mapping import EMPTY_VISIT
from mockseg.destinations.userengage.records import (
    COMPANIES,
    DEALS,
    PRODUCTS,
    USERS,
    Company,
    Deal,
    Occurrence,
    PageView,
    Product,
    ProductEvent,
    RecordKind,
    User,
    UserList,
)
from mockseg.destinations.userengage.segments import define_segment
from mockseg.destinations.userengage.setup import AttributeSetup, UserEngageSetup, domain_of
from mockseg.destinations.userengage.values import (
    Unconvertible,
    convert,
    moment_of,
    shown,
    tags_of,
    words,
)
from mockseg.errors import VendorStateError
from mockseg.json_types import Json, JsonObject

_T = TypeVar("_T")


def fill(app: App, setup: UserEngageSetup, state: Json) -> None:
    """Fill a bare application from a state; definitions, keys and domains left out are set up.

    Raises:
        VendorStateError: names the place and what is allowed; the application is half made then.
    """
    given = record_from(state, shapes.State)
    _define(app, setup, given)
    for place, tag in _each("tags", given.tags):
        _refuse_twice(tag.name, app.tags, place=f"{place}.name")
        app.tags[tag.name] = _id_of(app, "tag", tag.id, app.tags.values(), place=place)
    for key in given.segment_keys or ():
        app.segment_keys[key.key] = bool(key.revoked)
    app.rest_token = given.rest_token or app.rest_token
    section, domains = "trusted_domains", given.trusted_domains
    if domains is None:
        section, domains = "trustedDomains", list(setup.trusted_domains)
    for place, domain in _each(section, domains):
        trusted = domain_of(domain, place=place)
        if trusted not in app.trusted_domains:
            app.trusted_domains.append(trusted)
    _restore_groups(app, given)
    _restore_companies(app, given)
    _restore_users(app, given)
    _restore_products(app, given)
    _restore_deals(app, given)
    _restore_occurrences(app, given)
    _restore_page_views(app, given)
    _restore_product_events(app, given)
    if given.forgotten is not None:
        app.forgotten_occurrences += given.forgotten.event_occurrences or 0
        app.forgotten_page_views += given.forgotten.page_views or 0
        app.forgotten_product_events += given.forgotten.product_events or 0


# --- definitions


def _define(app: App, setup: UserEngageSetup, given: shapes.State) -> None:
    """Define what the state has first, whose ids are given; then what is set up."""
    for place, attribute in _each("attributes", given.attributes):
        namespace = app.attributes[attribute.content_type or "clientuser"]
        _define_attribute(app, namespace, attribute, place=place)
    for place, attribute in _each("event_attributes", given.event_attributes):
        if app.shared is None:
            _refuse("each event has attributes of its own: use events[].attributes", place)
        _define_attribute(app, app.shared, attribute, place=place)
    for place, event in _each("events", given.events):
        _refuse_twice(event.name, app.events, place=f"{place}.name")
        taken = {each.id for each in app.events.values()}
        _refuse_twice(event.id, taken, place=f"{place}.id")
        defined = app.define_event(event.name, given_id=event.id)
        for inner, attribute in _each(f"{place}.attributes", event.attributes):
            if app.shared is not None:
                _refuse("all events share their attributes: use event_attributes", inner)
            _define_attribute(app, defined.attributes, attribute, place=inner)
    if given.attributes is None:
        of_users, of_companies = app.attributes["clientuser"], app.attributes["company"]
        define_many(app, of_users, setup.attributes, place="attributes")
        define_many(app, of_companies, setup.company_attributes, place="companyAttributes")
    if app.shared is not None and given.event_attributes is None:
        define_many(app, app.shared, setup.event_attributes, place="eventAttributes")
    if given.events is None:
        define_events(app, setup.events, place="events")


def _define_attribute(
    app: App, namespace: Namespace, given: shapes.Attribute, *, place: str
) -> None:
    if namespace.find(given.name) is not None:
        _refuse(f"duplicate attribute {given.name!r}", f"{place}.name")
    _refuse_twice(given.id, _attribute_ids(app), place=f"{place}.id")
    wanted = AttributeSetup(
        type=given.value_type or "string",
        choices=given.choices or (),
        many=bool(given.allow_multiple_choices),
    )
    define(app, namespace, given.name, wanted, place=place, given_id=given.id)


def _attribute_ids(app: App) -> set[int]:
    namespaces = [*app.attributes.values(), *(each.attributes for each in app.events.values())]
    if app.shared is not None:
        namespaces.append(app.shared)
    return {each.id for space in namespaces for each in space.attributes.values()}


# --- users, companies, deals and products


def _restore_groups(app: App, given: shapes.State) -> None:
    for place, each in _each("lists", given.lists):
        number = _id_of(app, "list", each.id, app.lists, place=place)
        app.lists[number] = UserList(number, each.name, each.description or "")
    for place, segment in _each("segments", given.segments):
        names = {known.name for known in app.segments.values()}
        _refuse_twice(segment.name, names, place=f"{place}.name")
        number = _id_of(app, "segment", segment.id, app.segments, place=place)
        conditions = segment.conditions
        define_segment(app.segments, number, segment.name, conditions, place=place)


def _restore_products(app: App, given: shapes.State) -> None:
    for place, raw in _each("products", given.products):
        profile, rest = _profile(raw, PRODUCTS, place=place)
        record = record_from(rest, shapes.Record, place=place)
        product = Product(profile=profile, **_common(app, app.products, record, place=place))
        app.tag(product, _tags(record, place=place))
        app.index(product)


def _restore_deals(app: App, given: shapes.State) -> None:
    for place, raw in _each("deals", given.deals):
        profile, rest = _profile(raw, DEALS, place=place)
        record = record_from(rest, shapes.Deal, place=place)
        for field, known in (("user_id", app.users), ("company_id", app.companies)):
            if profile.get(field) is not None and profile[field] not in known.by_id:
                _refuse(f"unknown {known.kind.noun} {profile[field]}", f"{place}.{field}")
        for number in profile.get("products", ()):
            if number not in app.products.by_id:
                _refuse(f"unknown product {number}", f"{place}.products")
        deal = Deal(profile=profile, **_common(app, app.deals, record, place=place))
        app.tag(deal, _tags(record, place=place))
        app.index(deal)


def _restore_product_events(app: App, given: shapes.State) -> None:
    ids: set[int] = set()
    for place, record in _each("product_events", given.product_events):
        user = _user_of(app, record.client, place=f"{place}.client")
        if record.product not in app.products.by_id:
            _refuse(f"unknown product {record.product}", f"{place}.product")
        data = {**(record.data or {})}
        data |= {"custom_data": record.custom_data} if record.custom_data else {}
        _read(data, functools.partial(convert, value_type="json"), place=f"{place}.data")
        event = ProductEvent(
            id=_id_of(app, "product_event", record.id, ids, place=place),
            user=user.id,
            product=record.product,
            event_type=record.event_type,
            timestamp_ns=_moment(record.timestamp, place=f"{place}.timestamp") or 0,
            data=data,
        )
        ids.add(event.id)
        app.keep_product_event(event)


def _restore_companies(app: App, given: shapes.State) -> None:
    for place, raw in _each("companies", given.companies):
        profile, rest = _profile(raw, COMPANIES, place=place)
        record = record_from(rest, shapes.Record, place=place)
        company = Company(profile=profile, **_common(app, app.companies, record, place=place))
        app.tag(company, _tags(record, place=place))
        app.index(company)


def _restore_users(app: App, given: shapes.State) -> None:
    for place, raw in _each("users", given.users):
        profile, rest = _profile(raw, USERS, place=place)
        record = record_from(rest, shapes.User, place=place)
        key = record.user_key or record.key or app.mint_user_key()
        _refuse_twice(key, app.users_by_key, place=f"{place}.user_key")
        user = User(
            key=key,
            profile=profile,
            page_views=record.page_views or 0,
            first_seen_ns=_moment(record.first_seen, place=f"{place}.first_seen"),
            last_seen_ns=_moment(record.last_seen, place=f"{place}.last_seen"),
            **_common(app, app.users, record, place=place),
        )
        for inner, listed in _each(f"{place}.lists", record.lists):
            if listed.id not in app.lists:
                _refuse(f"unknown list {listed.id}: it must be among the lists", inner)
            user.lists.append(listed.id)
        for inner, membership in _each(f"{place}.companies", record.companies):
            company = _company_of(app, membership, place=inner)
            since_ns = _moment(membership.member_since, place=f"{inner}.member_since")
            user.companies[company.id] = since_ns
        app.tag(user, _tags(record, place=place))
        app.index(user)


def _common(
    app: App, directory: Directory[Any], record: shapes.Record, *, place: str
) -> dict[str, Any]:
    kind, custom_id = directory.kind, record.custom_id or None
    _refuse_twice(custom_id, directory.by_custom_id, place=f"{place}.custom_id")
    created_ns = _moment(record.created_at, place=f"{place}.created_at")
    updated_ns = _moment(record.updated_at, place=f"{place}.updated_at")
    given = record.attributes or {}
    pairs = (
        given.items() if isinstance(given, dict) else ((each.name, each.value) for each in given)
    )
    namespace = app.attributes[kind.content_type]
    return {
        "id": _id_of(app, kind.noun, record.id, directory.by_id, place=place),
        "custom_id": custom_id,
        "created_ns": created_ns,
        "updated_ns": created_ns if updated_ns is None else updated_ns,
        # One that is not defined is created as a string, as the inlet does.
        "attributes": _resolved(app, namespace, pairs, place=f"{place}.attributes"),
    }


def _profile(
    raw: JsonObject, kind: RecordKind, *, place: str
) -> tuple[dict[str, Json], JsonObject]:
    """Split off the standard fields; REST's other names count, too.

    Returns:
        The fields that differ from their defaults, and the rest of the object.
    """
    profile: dict[str, Json] = {}
    names = {**dict(zip(kind.defaults, kind.defaults, strict=True)), **kind.aliases}
    for name, field in names.items():
        if field not in profile and raw.get(name) is not None:
            # A state keeps what calls brought, which need not look like an address.
            reader = words if field == "email" else kind.readers[field]
            value = _read(raw[name], reader, place=f"{place}.{name}")
            if value != kind.defaults[field]:
                profile[field] = value
    return profile, {name: value for name, value in raw.items() if name not in names}


def _tags(record: shapes.Record, *, place: str) -> list[str]:
    """Return tags, given as REST shows them or as their names."""
    names = [tag if isinstance(tag, str) else tag.name for tag in record.tags or ()]
    tags: list[str] = _read(names, tags_of, place=f"{place}.tags")
    return tags


def _company_of(app: App, membership: shapes.Membership, *, place: str) -> Company:
    custom_id, company_id = membership.custom_id, membership.id or 0
    found = (
        app.companies.by_custom_id.get(custom_id)
        if custom_id
        else app.companies.by_id.get(company_id)
    )
    if found is None:
        which = repr(custom_id) if custom_id else f"with the id {company_id}"
        _refuse(f"unknown company {which}: it must be among the companies of this state", place)
    return found


# --- what users did


def _restore_occurrences(app: App, given: shapes.State) -> None:
    ids: set[int] = set()
    for place, record in _each("event_occurrences", given.event_occurrences):
        user = _user_of(app, record.user_id, place=f"{place}.user_id")
        event = app.events.get(record.name) or app.define_event(record.name)
        data = (record.data or {}).items()
        values = _resolved(app, event.attributes, data, place=f"{place}.data")
        event.occurred = True
        timestamp_ns = _moment(record.timestamp, place=f"{place}.timestamp") or 0
        created_ns = _moment(record.created_at, place=f"{place}.created_at")
        occurrence = Occurrence(
            id=_id_of(app, "occurrence", record.id, ids, place=place),
            user=user.id,
            event=record.name,
            timestamp_ns=timestamp_ns,
            created_ns=timestamp_ns if created_ns is None else created_ns,
            data=values,
        )
        ids.add(occurrence.id)
        app.keep_occurrence(occurrence)


def _restore_page_views(app: App, given: shapes.State) -> None:
    """Add page views; the counters of users are the users' own."""
    ids: set[int] = set()
    for place, record in _each("page_views", given.page_views):
        user = _user_of(app, record.client, place=f"{place}.client")
        visit = {name: getattr(record, name) for name in EMPTY_VISIT}
        if record.extra_data is not None:
            reader = functools.partial(convert, value_type="json")
            _read(record.extra_data, reader, place=f"{place}.extra_data")
        view = PageView(
            id=_id_of(app, "page_view", record.id, ids, place=place),
            user=user.id,
            timestamp_ns=_moment(record.timestamp, place=f"{place}.timestamp") or 0,
            visit=visit,
        )
        ids.add(view.id)
        app.keep_page_view(view)


def _user_of(app: App, user_id: int | None, *, place: str) -> User:
    user = app.users.by_id.get(user_id or 0)
    if user is None:
        _refuse(f"unknown user {user_id!r}: it must be the id of a user of this state", place)
    return user


# --- reading


def _each(section: str, given: Iterable[_T] | None) -> list[tuple[str, _T]]:
    return [(f"{section}[{number}]", item) for number, item in enumerate(given or ())]


def _refuse(reason: str, place: str) -> NoReturn:
    raise VendorStateError(reason, place=place)


def _refuse_twice(given: _T | None, taken: Container[_T], *, place: str) -> None:
    if given is not None and given in taken:
        _refuse(f"duplicate {given!r}: it must be unique", place)


def _id_of(app: App, kind: str, given: int | None, taken: Container[int], *, place: str) -> int:
    """Return the given id, which nothing else may have, or a new one."""
    _refuse_twice(given, taken, place=f"{place}.id")
    return app.next_id(kind, given=given)


def _read(value: Json, reader: Callable[[Json], Json], *, place: str) -> Json:
    try:
        return reader(value)
    except Unconvertible as error:
        _refuse(f"{shown(value)} {error}", place)


def _moment(value: Json, *, place: str) -> int | None:
    return None if value is None else int(_read(value, moment_of, place=place))


def _resolved(
    app: App, namespace: Namespace, given: Iterable[tuple[str, Json]], *, place: str
) -> dict[str, Json]:
    resolved = namespace.resolve(given, place="")
    for name, reason in resolved.refused.items():
        _refuse(reason, f"{place}.{name}"[:200])
    app.create_new(namespace, resolved)
    return resolved.values
