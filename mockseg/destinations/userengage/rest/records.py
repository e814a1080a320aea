"""REST: users and companies, which share most of their routes; their members, tags and history.

A body is read whole before anything is changed. Sources: User.com REST API v2, "Users", and the
vendor's clients; of companies the clients only.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, cast

from mockseg.destinations.userengage.objects import occurrence_object, page_view_object
from mockseg.destinations.userengage.records import REST_NAMES, USERS, Company, Record, User
from mockseg.destinations.userengage.rest.request import RestRequest, rest_error
from mockseg.destinations.userengage.values import Unconvertible, shown, tags_of, words
from mockseg.destinations.vendor import VendorError
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from mockseg.destinations.userengage.attributes import Resolved
    from mockseg.destinations.vendor import VendorResponse
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


# --- users and companies alike


def list_records(ask: RestRequest) -> VendorResponse:
    return ask.page(sorted(ask.directory.by_id.items()), shown=ask.show)


def create(ask: RestRequest) -> VendorResponse:
    return ask.answer(ask.show(_write(ask, ask.body, of=None)), status=201)


def show(ask: RestRequest) -> VendorResponse:
    return ask.answer(ask.show(ask.record()))


def update(ask: RestRequest) -> VendorResponse:
    """``PUT``, and ``set_multiple_attributes/``: what is left out stays."""
    return ask.answer(ask.show(_write(ask, ask.body, of=ask.record())))


def set_attribute(ask: RestRequest) -> VendorResponse:
    """``set_attribute/``, of a standard field or a custom attribute."""
    record = ask.record()
    return ask.answer(ask.show(_write(ask, ask.one_attribute(), of=record)))


def delete(ask: RestRequest) -> VendorResponse:
    ask.app.remove(ask.record())
    return ask.answer(None, status=204)


def add_tag(ask: RestRequest) -> VendorResponse:
    """``add_tag/``; `created` says whether the tag is new to the application."""
    record, name = ask.record(), _tag(ask)
    created = name not in ask.app.tags
    ask.app.tag(record, [name])
    record.updated_ns = ask.now_ns
    return ask.answer({"created": created, "tag": {"name": name}})


def remove_tag(ask: RestRequest) -> VendorResponse:
    record, name = ask.record(), _tag(ask)
    if name in record.tags:
        record.tags.remove(name)
        record.updated_ns = ask.now_ns
    return ask.answer({"status": "ok"})


def _tag(ask: RestRequest) -> str:
    name = ask.need("name")
    try:
        return tags_of([name])[0]
    except Unconvertible as error:
        ask.bad("name", f"It {error}.")


# --- users


def update_or_create(ask: RestRequest) -> VendorResponse:
    """``POST users/update_or_create/``, by custom id."""
    wanted = ask.need(ask.id_name)
    found = ask.app.users.by_custom_id.get(str(wanted))
    user, created = _write(ask, ask.body, of=found), found is None
    return ask.answer({"created": created, "id": user.id}, status=201 if created else 200)


def search(ask: RestRequest) -> VendorResponse:
    """``GET users/search/``: by email or key one user, by phone number, or with many, a list."""
    email, key, phone = (ask.request.argument(name) for name in ("email", "key", "phone_number"))
    if key is not None:
        by_key = ask.app.users_by_key.get(key)
        if by_key is None:
            ask.missing()
        return ask.answer(ask.show(by_key))
    if email is not None:
        found = _having(ask, "email", email.lower())
        if (ask.request.argument("many") or "").lower() in ("true", "1"):
            return ask.answer([ask.show(user) for user in found])
        if not found:
            ask.missing()
        return ask.answer(ask.show(found[0]))
    if phone is None:
        ask.bad("non_field_errors", "Search by `email`, `key` or `phone_number`.")
    records = [(user.id, user) for user in _having(ask, "phone_number", phone.lower())]
    return ask.page(records, shown=ask.show)


def mass_update(ask: RestRequest) -> VendorResponse:
    """``PUT users/mass_update_standard_attributes/``: one standard field of many users."""
    ids = ask.need("ids")
    name = ask.need_text("attribute")
    if not isinstance(ids, list) or not all(type(number) is int for number in ids):
        ask.bad("ids", "A list of the users' ids is needed.")
    missing = [number for number in ids if number not in ask.app.users.by_id]
    if missing:
        ask.bad("ids", f"No users have the ids {missing[:10]}.")
    if REST_NAMES.get(name, name) not in USERS.readers:
        ask.bad("attribute", f"Unknown standard attribute {name[:80]!r}.")
    write = _read(ask, ask.one_attribute(), of=None)
    for number in ids:
        _apply(ask, write, of=ask.app.users.by_id[number])
    return ask.answer({"status": "ok"})


def ping_hits(ask: RestRequest) -> VendorResponse:
    """``GET users/:id/ping_hits/``: page views."""
    user = ask.user()
    records = [(view.id, view) for view in ask.app.page_views if view.user == user.id]
    return ask.page(records, shown=page_view_object)


def events(ask: RestRequest) -> VendorResponse:
    """``GET users/:id/events/``: event occurrences."""
    user = ask.user()
    records = [(each.id, each) for each in ask.app.occurrences if each.user == user.id]
    return ask.page(records, shown=lambda each: occurrence_object(ask.app, each, v1=ask.v1))


def timeline(ask: RestRequest) -> VendorResponse:
    """``GET users/:id/timeline/``: page views and event occurrences, oldest first."""
    user, app = ask.user(), ask.app
    visits = [
        (view.timestamp_ns, {"type": "page_view", **page_view_object(view)})
        for view in app.page_views
        if view.user == user.id
    ]
    occurred = [
        (each.timestamp_ns, {"type": "event", **occurrence_object(app, each, v1=ask.v1)})
        for each in app.occurrences
        if each.user == user.id
    ]
    shapes = [shape for _, shape in sorted(visits + occurred, key=lambda each: each[0])]
    return ask.page(list(enumerate(shapes, start=1)), shown=lambda shape: shape)


def segments(ask: RestRequest) -> VendorResponse:
    """``GET users/:id/segments/``: none, since nothing here defines segments."""
    ask.user()
    return ask.page([], shown=lambda shape: shape)


def _having(ask: RestRequest, field: str, wanted: str) -> list[User]:
    users = ask.app.users.by_id.values()
    return [user for user in users if (user.profile.get(field) or "").lower() == wanted]


# --- companies


def add_member(ask: RestRequest) -> VendorResponse:
    """``POST companies/:id/add_member/``: by `user_id`, the internal one, or `user_custom_id`."""
    company, user = ask.company(), _member(ask)
    ask.app.join(user, company, now_ns=ask.now_ns)
    return ask.answer(ask.show(company))


def remove_member(ask: RestRequest) -> VendorResponse:
    """``POST companies/:id/remove_member/``; of a user who is not one, nothing changes."""
    company, user = ask.company(), _member(ask)
    user.companies.pop(company.id, None)
    return ask.answer(ask.show(company))


def _member(ask: RestRequest) -> User:
    number, custom_id = ask.body.get("user_id"), ask.body.get("user_custom_id")
    if number is None and custom_id is None:
        ask.bad("user_id", "This field is required, or `user_custom_id`.")
    # The internal id wins where both are given, as the vendor's RudderStack integration sends.
    if number is not None:
        found = ask.app.users.by_id.get(number) if type(number) is int else None
        if found is None:
            ask.bad("user_id", "Unknown user.")
        return found
    by_custom = ask.app.users.by_custom_id.get(custom_id) if isinstance(custom_id, str) else None
    if by_custom is None:
        ask.bad("user_custom_id", "Unknown user.")
    return by_custom


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


def _write(ask: RestRequest, body: JsonObject, *, of: Record | None) -> Record:
    """Read a body and apply it to a user or a company, or to a new one."""
    return _apply(ask, _read(ask, body, of=of), of=of)


def _read(ask: RestRequest, body: JsonObject, *, of: Record | None) -> Write:
    """Read a body for a user or a company, which may not exist yet.

    Raises:
        VendorError: 400.
    """
    directory, id_name = ask.directory, ask.id_name
    is_user = directory.kind is USERS
    company_name = ("company_id" if ask.v1 else "company_custom_id") if is_user else ""
    write = _read_fields(ask, body, apart=(id_name, company_name))
    other = directory.by_custom_id.get(write.custom_id or "")
    if other is not None and other is not of:
        ask.bad(id_name, f"A {directory.kind.noun} with {write.custom_id!r} exists already.")
    if body.get(company_name) is not None:
        wanted = _text_id(ask, body, company_name)
        write.company = ask.app.companies.by_custom_id.get(wanted or "")
        if write.company is None:
            ask.bad(company_name, f"Unknown company {wanted!r}.")
    return write


def _read_fields(ask: RestRequest, body: JsonObject, *, apart: tuple[str, str]) -> Write:
    kind = ask.directory.kind
    aliases = {name: field for name, field in kind.aliases.items() if name not in _READ_ONLY}
    if ask.v1 and kind is not USERS:
        aliases = {"approx_employees": "size"}
    errors: dict[str, str] = {}
    profile: dict[str, Json] = {}
    tags: list[str] = []
    custom: list[tuple[str, Json]] = []
    for name, value in body.items():
        field = aliases.get(name, name)
        # Version 1 has another name for this one, and only that.
        hidden = ask.v1 and field == name == "size"
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
                ask.notes.append(Note("read_only", name, f"Ignored: `{name}` cannot be written."))
            else:
                custom.append((name, value))
        except Unconvertible as error:
            errors[name] = f"{shown(value)} {error}."
    resolved = _resolve(ask, custom, errors)
    if errors:
        raise VendorError(rest_error(400, "malformed", "", errors=errors))
    return Write(
        profile=profile,
        resolved=resolved,
        tags=tags,
        renames=apart[0] in body,
        custom_id=_text_id(ask, body, apart[0]),
    )


def _resolve(ask: RestRequest, custom: list[tuple[str, Json]], errors: dict[str, str]) -> Resolved:
    """Resolve custom attributes; what REST does with unknown ones is the setup's to say (UE-X3)."""
    policy = ask.setup.rest_unknown_attributes
    resolved = ask.app.attributes[ask.directory.kind.content_type].resolve(
        custom, place="", creates=policy == "create"
    )
    errors.update({name: f"{reason}." for name, reason in resolved.refused.items()})
    for name in resolved.unknown:
        hint = _OTHER_VERSION.get(name, "it has to be created first")
        sentence = f"No attribute is called {name!r}: {hint}."
        if policy == "refuse":
            errors[name] = sentence
        else:
            ask.notes.append(Note("unknown_attribute", name[:200], f"Ignored: {sentence}"))
    return resolved


def _text_id(ask: RestRequest, body: JsonObject, name: str) -> str | None:
    value = body.get(name)
    if value is None or value == "":
        return None
    try:
        return words(value)
    except Unconvertible:
        ask.bad(name, "Not a valid string.")


def _apply(ask: RestRequest, write: Write, *, of: Record | None) -> Record:
    app, directory = ask.app, ask.directory
    if of is None:
        add = app.add_user if directory.kind is USERS else app.add_company
        of = add(write.custom_id, now_ns=ask.now_ns)
    elif write.renames and of.custom_id != write.custom_id:
        directory.rename(of, write.custom_id)
    app.tag(of, write.tags)
    app.apply(of, profile=write.profile, resolved=write.resolved, now_ns=ask.now_ns)
    if write.company is not None:
        app.join(cast("User", of), write.company, now_ns=ask.now_ns)
    return of
