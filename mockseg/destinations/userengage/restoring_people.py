"""The users and companies of a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userengage.fields import COMPANY_FIELDS, USER_FIELDS, tags_of
from mockseg.destinations.userengage.mapping import words
from mockseg.destinations.userengage.objects import REST_NAMES
from mockseg.destinations.userengage.records import COMPANY_PROFILE, PROFILE, Company, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mockseg.destinations.userengage.app import App
    from mockseg.destinations.userengage.reading import Entry
    from mockseg.json_types import Json, JsonObject

__all__ = ["restore_companies", "restore_users"]

_USER_NAMES = (
    *("id", "custom_id", "user_key", "key", "name", *PROFILE, *REST_NAMES),
    *("tags", "lists", "companies", "attributes", "page_views", "first_seen", "last_seen"),
    *("created_at", "updated_at", "web_push_subscription", "chat_id"),
)
_COMPANY_NAMES = (
    *("id", "custom_id", *COMPANY_PROFILE, "tags", "attributes", "created_at", "updated_at"),
)
# A state keeps what calls brought, which need not look like an address; REST asks for more.
_USER_READERS = {**USER_FIELDS, "email": words}
_COMPANY_READERS = {**COMPANY_FIELDS, "email": words}


def restore_companies(app: App, given: Iterable[Entry]) -> None:
    """Add the companies of a state.

    Raises:
        VendorStateError: names the place.
    """
    for entry in given:
        entry.allow_only(_COMPANY_NAMES)
        custom_id = entry.text("custom_id") or None
        if custom_id in app.companies_by_custom_id:
            entry.refuse(f"{custom_id!r} stands here twice; it is unique", "custom_id")
        created_ns, updated_ns = _written(entry)
        company = Company(
            id=app.next_id("company", given=entry.new_id(app.companies)),
            custom_id=custom_id,
            created_ns=created_ns,
            updated_ns=updated_ns,
            profile=_profile(entry, _COMPANY_READERS, COMPANY_PROFILE),
            attributes=_attributes(app, "company", entry),
        )
        app.tag(company, _tags(entry))
        app.index_company(company)


def restore_users(app: App, given: Iterable[Entry]) -> None:
    """Add the users of a state, whose companies are there.

    Raises:
        VendorStateError: names the place.
    """
    for entry in given:
        entry.allow_only(_USER_NAMES)
        custom_id = entry.text("custom_id") or None
        if custom_id in app.users_by_custom_id:
            entry.refuse(f"{custom_id!r} stands here twice; it is unique", "custom_id")
        key = entry.text("user_key") or entry.text("key") or app.mint_user_key()
        if key in app.users_by_key:
            entry.refuse(f"{key!r} stands here twice; it is unique", "user_key")
        created_ns, updated_ns = _written(entry)
        user = User(
            id=app.next_id("user", given=entry.new_id(app.users)),
            custom_id=custom_id,
            key=key,
            created_ns=created_ns,
            updated_ns=updated_ns,
            profile=_profile(entry, _USER_READERS, PROFILE),
            attributes=_attributes(app, "clientuser", entry),
            page_views=entry.count("page_views"),
            first_seen_ns=entry.moment("first_seen"),
            last_seen_ns=entry.moment("last_seen"),
        )
        for membership in entry.entries("companies"):
            company = _company(app, membership)
            user.companies[company.id] = membership.moment("member_since")
        app.tag(user, _tags(entry))
        app.index_user(user)


def _written(entry: Entry) -> tuple[int | None, int | None]:
    created_ns = entry.moment("created_at")
    updated_ns = entry.moment("updated_at")
    return created_ns, created_ns if updated_ns is None else updated_ns


def _profile(
    entry: Entry,
    readers: Mapping[str, Callable[[Json], Json]],
    defaults: Mapping[str, Json],
) -> dict[str, Json]:
    """Read standard fields; what is as at first is not kept. REST's other names count, too."""
    profile: dict[str, Json] = {}
    for field, default in defaults.items():
        if entry.get(field) is not None:
            value = entry.read(field, readers[field])
            if value != default:
                profile[field] = value
    for alias, field in REST_NAMES.items():
        if field in defaults and field not in profile and entry.get(alias) is not None:
            profile[field] = entry.read(alias, readers[field])
    return profile


def _tags(entry: Entry) -> list[str]:
    """Read tags as REST shows them, or as their names."""
    tags = entry.get("tags", [])
    if isinstance(tags, list) and any(isinstance(tag, dict) for tag in tags):
        return [tag.text("name", required=True) for tag in entry.entries("tags")]
    names: list[str] = [] if tags == [] else entry.read("tags", tags_of)
    return names


def _attributes(app: App, kind: str, entry: Entry) -> dict[str, Json]:
    """Read custom attributes: a list as REST shows them, or an object of values by name.

    One that is not defined is created as a string, as the inlet would.
    """
    given = entry.get("attributes", {})
    values: JsonObject = {}
    if isinstance(given, dict):
        values = given
    else:
        for item in entry.entries("attributes"):
            item.allow_only(("id", "name", "name_std", "value"))
            values[item.text("name", required=True)] = item.get("value")
    namespace = app.attributes[kind]
    resolved = namespace.resolve(values.items(), place="")
    for name, reason in resolved.refused.items():
        entry.refuse(reason, f"attributes.{name}"[:200])
    app.create_new(namespace, resolved)
    return resolved.values


def _company(app: App, membership: Entry) -> Company:
    membership.allow_only(("id", "custom_id", "name", "member_since"))
    custom_id = membership.text("custom_id")
    found = (
        app.companies_by_custom_id.get(custom_id)
        if custom_id
        else app.companies.get(membership.count("id"))
    )
    if found is None:
        which = repr(custom_id) if custom_id else f"with the id {membership.count('id')}"
        membership.refuse(f"no company {which} stands among the companies of this state")
    return found
