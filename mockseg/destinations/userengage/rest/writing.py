"""The body of a write to a user or a company, read whole before anything is changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from mockseg.destinations.userengage.answers import Refused, rest_error
from mockseg.destinations.userengage.fields import COMPANY_FIELDS, USER_FIELDS, tags_of
from mockseg.destinations.userengage.mapping import words
from mockseg.destinations.userengage.objects import REST_NAMES
from mockseg.destinations.userengage.records import COMPANY_PROFILE, PROFILE, Company, User
from mockseg.destinations.userengage.values import Unconvertible, shown
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from mockseg.destinations.userengage.definitions import Resolved
    from mockseg.destinations.userengage.rest.ask import Ask
    from mockseg.json_types import Json, JsonObject


_READ_ONLY: Final = frozenset(
    (
        *("id", "user_key", "key", "name", "lists", "companies", "attributes", "page_views"),
        *("first_seen", "last_seen", "created_at", "updated_at", "last_ip", "chat_id"),
        "web_push_subscription",
    )
)
_OTHER_VERSION = {
    "custom_id": "a name of version 2; send `Accept: */*; version=2`",
    "company_custom_id": "a name of version 2; send `Accept: */*; version=2`",
    "user_id": "a name of version 1; in version 2 it is `custom_id`",
    "company_id": "a name of version 1; in version 2 it is `custom_id`, or of a user"
    " `company_custom_id`",
    "approx_employees": "a name of version 1; in version 2 it is `size`",
    "size": "a name of version 2; send `Accept: */*; version=2`",
}


@dataclasses.dataclass(slots=True)
class Write:
    """A body that may be applied.

    Attributes:
        profile: standard fields.
        resolved: custom attributes.
        tags: to add.
        renames: whether it has a custom id; `custom_id` is that, or None.
        company: that a user becomes a member of, or None.
    """

    profile: dict[str, Json]
    resolved: Resolved
    tags: list[str]
    renames: bool
    custom_id: str | None
    company: Company | None = None


def read_user(ask: Ask, body: JsonObject, *, of: User | None) -> Write:
    """Read a body for a user, who may not exist yet.

    Raises:
        Refused: 400.
    """
    id_name = ask.named("custom_id", "user_id")
    company_name = ask.named("company_custom_id", "company_id")
    aliases = {name: field for name, field in REST_NAMES.items() if name not in _READ_ONLY}
    write = _read(ask, body, kind="clientuser", id_name=id_name, aliases=aliases, also=company_name)
    other = ask.app.users_by_custom_id.get(write.custom_id or "")
    if other is not None and other is not of:
        ask.bad(id_name, f"A user with {write.custom_id!r} exists already.")
    if body.get(company_name) is not None:
        wanted = _text_id(ask, body, company_name)
        write.company = ask.app.companies_by_custom_id.get(wanted or "")
        if write.company is None:
            ask.bad(company_name, f"No company has {wanted!r}.")
    return write


def read_company(ask: Ask, body: JsonObject, *, of: Company | None) -> Write:
    """Read a body for a company, which may not exist yet.

    Raises:
        Refused: 400.
    """
    id_name = ask.named("custom_id", "company_id")
    aliases = {"approx_employees": "size"} if ask.v1 else {}
    write = _read(ask, body, kind="company", id_name=id_name, aliases=aliases)
    other = ask.app.companies_by_custom_id.get(write.custom_id or "")
    if other is not None and other is not of:
        ask.bad(id_name, f"A company with {write.custom_id!r} exists already.")
    return write


def write_user(ask: Ask, write: Write, *, of: User | None) -> User:
    """Apply a body to a user, or to a new one."""
    app = ask.app
    user = app.add_user(write.custom_id, now_ns=ask.now_ns) if of is None else of
    if write.renames and user.custom_id != write.custom_id:
        app.rename_user(user, write.custom_id)
    app.tag(user, write.tags)
    app.apply(user, profile=write.profile, resolved=write.resolved, now_ns=ask.now_ns)
    if write.company is not None:
        app.join(user, write.company, now_ns=ask.now_ns)
    return user


def write_company(ask: Ask, write: Write, *, of: Company | None) -> Company:
    """Apply a body to a company, or to a new one."""
    app = ask.app
    company = app.add_company(write.custom_id, now_ns=ask.now_ns) if of is None else of
    if write.renames and company.custom_id != write.custom_id:
        app.rename_company(company, write.custom_id)
    app.tag(company, write.tags)
    app.apply(company, profile=write.profile, resolved=write.resolved, now_ns=ask.now_ns)
    return company


def _read(
    ask: Ask,
    body: JsonObject,
    *,
    kind: str,
    id_name: str,
    aliases: dict[str, str],
    also: str | None = None,
) -> Write:
    fields, defaults = (
        (USER_FIELDS, PROFILE) if kind == "clientuser" else (COMPANY_FIELDS, COMPANY_PROFILE)
    )
    errors: dict[str, str] = {}
    profile: dict[str, Json] = {}
    tags: list[str] = []
    custom: list[tuple[str, Json]] = []
    for name, value in body.items():
        field = aliases.get(name, name)
        # Version 1 has another name for this one, and only that.
        hidden = ask.v1 and field == name == "size"
        try:
            if name in (id_name, also):
                continue
            if name == "tags":
                tags = tags_of([] if value is None else value)
            elif field in fields and not hidden:
                # Null empties a standard field.
                profile[field] = defaults[field] if value is None else fields[field](value)
            elif name in _READ_ONLY:
                ask.notes.append(Note("read_only", name, f"Ignored: `{name}` cannot be written."))
            else:
                custom.append((name, value))
        except Unconvertible as error:
            errors[name] = f"{shown(value)} {error}."
    resolved = _resolve(ask, kind, custom, errors)
    if errors:
        raise Refused(rest_error(400, "malformed", "", errors=errors))
    return Write(
        profile=profile,
        resolved=resolved,
        tags=tags,
        renames=id_name in body,
        custom_id=_text_id(ask, body, id_name),
    )


def _resolve(
    ask: Ask, kind: str, custom: list[tuple[str, Json]], errors: dict[str, str]
) -> Resolved:
    """Resolve custom attributes; what REST does with unknown ones is the setup's to say (UE-X3)."""
    policy = ask.setup.rest_unknown_attributes
    resolved = ask.app.attributes[kind].resolve(custom, place="", creates=policy == "create")
    errors.update({name: f"{reason}." for name, reason in resolved.refused.items()})
    for name in resolved.unknown:
        hint = _OTHER_VERSION.get(name, "it has to be created first")
        sentence = f"No attribute is called {name!r}: {hint}."
        if policy == "refuse":
            errors[name] = sentence
        else:
            ask.notes.append(Note("unknown_attribute", name[:200], f"Ignored: {sentence}"))
    return resolved


def _text_id(ask: Ask, body: JsonObject, name: str) -> str | None:
    value = body.get(name)
    if value is None or value == "":
        return None
    try:
        return words(value)
    except Unconvertible:
        ask.bad(name, "Not a valid string.")
