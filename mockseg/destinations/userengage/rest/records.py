"""REST: users, companies, deals and products, which share most routes; members, tags, history.

A body is read whole before anything is changed. Sources: User.com REST API v2, "Users", and the
vendor's clients; of companies the clients only.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection
from typing import Final, cast

from mockseg.destinations.userengage.attributes import Resolved
from mockseg.destinations.userengage.lookups import Lookup, all_hold, read_lookup
from mockseg.destinations.userengage.objects import occurrence_object, page_view_object
from mockseg.destinations.userengage.records import (
    COMPANIES,
    REST_NAMES,
    USERS,
    Company,
    Record,
    User,
)
from mockseg.destinations.userengage.rest.call import RestCall, rest_error
from mockseg.destinations.userengage.values import Unconvertible, shown, tags_of, words
from mockseg.destinations.vendor import VendorError, VendorResponse
from mockseg.domain.delivery import Note
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


# --- records of all kinds


def list_records(call: RestCall) -> VendorResponse:
    """List a directory; of the query, lookups such as ``email__icontains`` filter it."""
    lookups = lookups_of(call)
    records = [
        (number, record)
        for number, record in sorted(call.directory.by_id.items())
        if not lookups or all_hold(lookups, functools.partial(call.value_of, record))
    ]
    return call.page(records, shown=call.show)


def lookups_of(call: RestCall, *, apart: Collection[str] = ()) -> list[Lookup]:
    """Read the lookups of the query; what names no field is noted.

    Args:
        call: whose.
        apart: names that are read elsewhere.

    Raises:
        VendorError: 400, an unknown lookup.
    """
    kind = call.directory.kind
    names = {*kind.defaults, *kind.aliases, *kind.derived, call.id_name}
    attributes = call.app.attributes[kind.content_type]
    lookups = []
    for name, value in call.request.query:
        if name == "cursor" or name in apart:
            continue
        try:
            lookup = read_lookup(name, value)
        except Unconvertible as error:
            call.bad(name, f"It {error}.")
        attribute = attributes.find(lookup.field)
        if lookup.field in names:
            lookups.append(lookup)
        elif attribute is not None:
            lookups.append(lookup._replace(field=attribute.name))
        else:
            sentence = f"Ignored: no field of a {kind.noun} has this name."
            call.notes.append(Note("unknown_lookup", name[:200], sentence))
    return lookups


def create(call: RestCall) -> VendorResponse:
    return call.answer(call.show(write(call, call.body, of=None)), status=201)


def show(call: RestCall) -> VendorResponse:
    return call.answer(call.show(call.record()))


def update(call: RestCall) -> VendorResponse:
    """``PUT``, and ``set_multiple_attributes/``: what is left out stays."""
    return call.answer(call.show(write(call, call.body, of=call.record())))


def set_attribute(call: RestCall) -> VendorResponse:
    """``set_attribute/``, of a standard field or a custom attribute."""
    record = call.record()
    return call.answer(call.show(write(call, call.one_attribute(), of=record)))


def remove_attribute(call: RestCall) -> VendorResponse:
    """``remove_attribute/``: by POST or DELETE, as clients differ; a standard field is emptied."""
    record, name = call.record(), call.need_text("attribute")
    field = record.kind.aliases.get(name, name)
    attribute = call.app.attributes[record.kind.content_type].find(name)
    if field in record.kind.readers:
        record.profile.pop(field, None)
    elif attribute is not None:
        record.attributes.pop(attribute.std, None)
    else:
        call.bad("attribute", f"No attribute is called {name[:80]!r}.")
    record.updated_ns = call.now_ns
    return call.answer(call.show(record))


def delete(call: RestCall) -> VendorResponse:
    call.app.remove(call.record())
    return call.answer(None, status=204)


def add_tag(call: RestCall) -> VendorResponse:
    """``add_tag/``; `created` says whether the tag is new to the application."""
    record, name = call.record(), _tag(call)
    created = name not in call.app.tags
    call.app.tag(record, [name])
    record.updated_ns = call.now_ns
    return call.answer({"created": created, "tag": {"name": name}})


def add_many_tags(call: RestCall) -> VendorResponse:
    """``add_many_tags/``: ``{"tag_names": [...]}``."""
    record, names = call.record(), call.need("tag_names")
    try:
        call.app.tag(record, tags_of(names))
    except Unconvertible as error:
        call.bad("tag_names", f"It {error}.")
    record.updated_ns = call.now_ns
    return call.answer({"status": "ok"})


def remove_tag(call: RestCall) -> VendorResponse:
    record, name = call.record(), _tag(call)
    if name in record.tags:
        record.tags.remove(name)
        record.updated_ns = call.now_ns
    return call.answer({"status": "ok"})


def _tag(call: RestCall) -> str:
    name = call.need("name")
    try:
        return tags_of([name])[0]
    except Unconvertible as error:
        call.bad("name", f"It {error}.")


# --- users


def update_or_create(call: RestCall) -> VendorResponse:
    """``POST users/update_or_create/``, by custom id; of deals and products the same."""
    wanted = call.need(call.id_name)
    found = call.directory.by_custom_id.get(str(wanted))
    record, created = write(call, call.body, of=found), found is None
    return call.answer({"created": created, "id": record.id}, status=201 if created else 200)


def search(call: RestCall) -> VendorResponse:
    """``GET users/search/``: by email or key one user, by phone number, or with many, a list."""
    email, key, phone = (call.request.argument(name) for name in ("email", "key", "phone_number"))
    if key is not None:
        by_key = call.app.users_by_key.get(key)
        if by_key is None:
            call.missing()
        return call.answer(call.show(by_key))
    if email is not None:
        found = _having(call, "email", email.lower())
        if (call.request.argument("many") or "").lower() in ("true", "1"):
            return call.answer([call.show(user) for user in found])
        if not found:
            call.missing()
        return call.answer(call.show(found[0]))
    if phone is None:
        call.bad("non_field_errors", "Search by `email`, `key` or `phone_number`.")
    records = [(user.id, user) for user in _having(call, "phone_number", phone.lower())]
    return call.page(records, shown=call.show)


def mass_update(call: RestCall) -> VendorResponse:
    """``PUT users/mass_update_standard_attributes/``: one standard field of many users.

    ``mass_update_custom_attributes/`` is the same for a custom attribute.
    """
    ids = call.need("ids")
    name = call.need_text("attribute")
    if not isinstance(ids, list) or not all(type(number) is int for number in ids):
        call.bad("ids", "A list of the users' ids is needed.")
    missing = [number for number in ids if number not in call.app.users.by_id]
    if missing:
        call.bad("ids", f"No users have the ids {missing[:10]}.")
    is_standard = REST_NAMES.get(name, name) in USERS.readers
    if is_standard != (call.names["what"] == "standard"):
        call.bad("attribute", f"Unknown {call.names['what']} attribute {name[:80]!r}.")
    write = _read(call, call.one_attribute(), of=None)
    for number in ids:
        _apply(call, write, of=call.app.users.by_id[number])
    return call.answer({"status": "ok"})


def ping_hits(call: RestCall) -> VendorResponse:
    """``GET users/:id/ping_hits/``: page views."""
    user = call.user()
    records = [(view.id, view) for view in call.app.page_views if view.user == user.id]
    return call.page(records, shown=page_view_object)


def events(call: RestCall) -> VendorResponse:
    user = call.user()
    records = [(each.id, each) for each in call.app.occurrences if each.user == user.id]
    return call.page(records, shown=lambda each: occurrence_object(call.app, each, v1=call.v1))


def timeline(call: RestCall) -> VendorResponse:
    """``GET users/:id/timeline/``: page views and event occurrences, oldest first."""
    user, app = call.user(), call.app
    visits = [
        (view.timestamp_ns, {"type": "page_view", **page_view_object(view)})
        for view in app.page_views
        if view.user == user.id
    ]
    occurred = [
        (each.timestamp_ns, {"type": "event", **occurrence_object(app, each, v1=call.v1)})
        for each in app.occurrences
        if each.user == user.id
    ]
    shapes = [shape for _, shape in sorted(visits + occurred, key=lambda each: each[0])]
    return call.page(list(enumerate(shapes, start=1)), shown=lambda shape: shape)


def emails(call: RestCall) -> VendorResponse:
    """``GET users/:id/emails/``: none, since nothing here sends emails."""
    call.user()
    return call.page([], shown=lambda shape: shape)


def _having(call: RestCall, field: str, wanted: str) -> list[User]:
    users = call.app.users.by_id.values()
    return [user for user in users if (user.profile.get(field) or "").lower() == wanted]


# --- companies


def add_member(call: RestCall) -> VendorResponse:
    """``POST companies/:id/add_member/``: by `user_id`, the internal one, or `user_custom_id`."""
    company, user = call.company(), member(call)
    call.app.join(user, company, now_ns=call.now_ns)
    return call.answer(call.show(company))


def remove_member(call: RestCall) -> VendorResponse:
    """``POST companies/:id/remove_member/``; of a user who is not one, nothing changes."""
    company, user = call.company(), member(call)
    user.companies.pop(company.id, None)
    return call.answer(call.show(company))


def member(call: RestCall) -> User:
    # The internal id wins where both are given, as the vendor's RudderStack integration sends.
    found = call.referred(
        call.app.users,
        user_id=call.body.get("user_id"),
        user_custom_id=call.body.get("user_custom_id"),
    )
    if found is None:
        call.bad("user_id", "This field is required, or `user_custom_id`.")
    return found


# --- the body of a write


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


def write(call: RestCall, body: JsonObject, *, of: Record | None) -> Record:
    """Apply a body to a record, or to a new one.

    Raises:
        VendorError: 400; nothing is changed.
    """
    return _apply(call, _read(call, body, of=of), of=of)


def _read(call: RestCall, body: JsonObject, *, of: Record | None) -> Write:
    """Read a body for a record, which may not exist yet.

    Raises:
        VendorError: 400.
    """
    directory, id_name = call.directory, call.id_name
    is_user = directory.kind == USERS
    company_name = ("company_id" if call.v1 else "company_custom_id") if is_user else ""
    for field in directory.kind.required:
        if of is None or field in body:
            call.need(field)
    write = _read_fields(call, body, apart=(id_name, company_name))
    other = directory.by_custom_id.get(write.custom_id or "")
    if other is not None and other is not of:
        call.bad(id_name, f"A {directory.kind.noun} with {write.custom_id!r} exists already.")
    if body.get(company_name) is not None:
        wanted = _text_id(call, body, company_name)
        write.company = call.app.companies.by_custom_id.get(wanted or "")
        if write.company is None:
            call.bad(company_name, f"Unknown company {wanted!r}.")
    return write


def _read_fields(call: RestCall, body: JsonObject, *, apart: tuple[str, str]) -> Write:
    kind = call.directory.kind
    aliases = {name: field for name, field in kind.aliases.items() if name not in _READ_ONLY}
    if call.v1 and kind.noun == COMPANIES.noun:
        aliases = {"approx_employees": "size"}
    errors: dict[str, str] = {}
    profile: dict[str, Json] = {}
    tags: list[str] = []
    custom: list[tuple[str, Json]] = []
    for name, value in body.items():
        field = aliases.get(name, name)
        # Version 1 has another name for this one, and only that.
        hidden = call.v1 and field == name == "size"
        try:
            if name in apart:
                continue
            if name == "tags":
                tags = tags_of([] if value is None else value)
            elif field in kind.readers and not hidden:
                # Null empties a standard field.
                empty = value is None
                profile[field] = kind.defaults[field] if empty else kind.readers[field](value)
            elif name in _READ_ONLY:
                call.notes.append(Note("read_only", name, f"Ignored: `{name}` cannot be written."))
            else:
                custom.append((name, value))
        except Unconvertible as error:
            errors[name] = f"{shown(value)} {error}."
    resolved = _resolve(call, custom, errors)
    if errors:
        raise VendorError(rest_error(400, "malformed", "", errors=errors))
    return Write(
        profile=profile,
        resolved=resolved,
        tags=tags,
        renames=apart[0] in body,
        custom_id=_text_id(call, body, apart[0]),
    )


def _resolve(call: RestCall, custom: list[tuple[str, Json]], errors: dict[str, str]) -> Resolved:
    """Resolve custom attributes; what REST does with unknown ones is the setup's to say (UE-X3)."""
    kind = call.directory.kind
    policy = "create" if kind.creates_attributes else call.setup.rest_unknown_attributes
    resolved = call.app.attributes[kind.content_type].resolve(
        custom, place="", creates=policy == "create"
    )
    errors.update({name: f"{reason}." for name, reason in resolved.refused.items()})
    for name in resolved.unknown:
        hint = _OTHER_VERSION.get(name, "it has to be created first")
        sentence = f"No attribute is called {name!r}: {hint}."
        if policy == "refuse":
            errors[name] = sentence
        else:
            call.notes.append(Note("unknown_attribute", name[:200], f"Ignored: {sentence}"))
    return resolved


def _text_id(call: RestCall, body: JsonObject, name: str) -> str | None:
    value = body.get(name)
    if value is None or value == "":
        return None
    try:
        return words(value)
    except Unconvertible:
        call.bad(name, "Not a valid string.")


def _apply(call: RestCall, write: Write, *, of: Record | None) -> Record:
    app, directory = call.app, call.directory
    if of is None:
        of = app.add(directory.kind, write.custom_id, now_ns=call.now_ns)
    elif write.renames and of.custom_id != write.custom_id:
        directory.rename(of, write.custom_id)
    app.tag(of, write.tags)
    app.apply(of, profile=write.profile, resolved=write.resolved, now_ns=call.now_ns)
    if write.company is not None:
        app.join(cast("User", of), write.company, now_ns=call.now_ns)
    return of
