"""REST: users. Source: User.com REST API v2, "Users", and the vendor's clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userengage.fields import USER_FIELDS
from mockseg.destinations.userengage.objects import REST_NAMES, occurrence_object, page_view_object
from mockseg.destinations.userengage.rest.paging import page
from mockseg.destinations.userengage.rest.writing import read_user, write_user

if TYPE_CHECKING:
    from mockseg.destinations.userengage.records import User
    from mockseg.destinations.userengage.rest.ask import Ask
    from mockseg.destinations.vendor import VendorResponse
    from mockseg.json_types import JsonObject


def listed(ask: Ask) -> VendorResponse:
    """``GET users/``."""
    return ask.answer(page(ask, sorted(ask.app.users.items()), shown=ask.show_user))


def create(ask: Ask) -> VendorResponse:
    """``POST users/``."""
    user = write_user(ask, read_user(ask, ask.body, of=None), of=None)
    return ask.answer(ask.show_user(user), status=201)


def show(ask: Ask) -> VendorResponse:
    """``GET users/:id/``."""
    return ask.answer(ask.show_user(ask.user()))


def update(ask: Ask) -> VendorResponse:
    """``PUT users/:id/``: what is left out stays."""
    return _write(ask, ask.user(), ask.body)


def delete(ask: Ask) -> VendorResponse:
    """``DELETE users/:id/``."""
    ask.app.remove_user(ask.user())
    return ask.answer(None, status=204)


def update_or_create(ask: Ask) -> VendorResponse:
    """``POST users/update_or_create/``, by custom id."""
    id_name = ask.named("custom_id", "user_id")
    wanted = ask.need(id_name)
    found = ask.app.users_by_custom_id.get(str(wanted))
    user = write_user(ask, read_user(ask, ask.body, of=found), of=found)
    created = found is None
    return ask.answer({"created": created, "id": user.id}, status=201 if created else 200)


def search(ask: Ask) -> VendorResponse:
    """``GET users/search/``: by email or key one user, by phone number, or with many, a list."""
    email, key, phone = (ask.request.argument(name) for name in ("email", "key", "phone_number"))
    if key is not None:
        by_key = ask.app.users_by_key.get(key)
        if by_key is None:
            ask.missing()
        return ask.answer(ask.show_user(by_key))
    if email is not None:
        found = _having(ask, "email", email.lower())
        if (ask.request.argument("many") or "").lower() in ("true", "1"):
            return ask.answer([ask.show_user(user) for user in found])
        if not found:
            ask.missing()
        return ask.answer(ask.show_user(found[0]))
    if phone is None:
        ask.bad("non_field_errors", "Search by `email`, `key` or `phone_number`.")
    records = [(user.id, user) for user in _having(ask, "phone_number", phone.lower())]
    return ask.answer(page(ask, records, shown=ask.show_user))


def set_attribute(ask: Ask) -> VendorResponse:
    """``POST users/:id/set_attribute/``, of a standard field or a custom attribute."""
    return _write(ask, ask.user(), ask.one_attribute())


def set_attributes(ask: Ask) -> VendorResponse:
    """``POST users/:id/set_multiple_attributes/``."""
    return _write(ask, ask.user(), ask.body)


def mass_update(ask: Ask) -> VendorResponse:
    """``PUT users/mass_update_standard_attributes/``: one standard field of many users."""
    ids = ask.need("ids")
    name = ask.need_text("attribute")
    if not isinstance(ids, list) or not all(type(number) is int for number in ids):
        ask.bad("ids", "A list of the users' ids is needed.")
    missing = [number for number in ids if number not in ask.app.users]
    if missing:
        ask.bad("ids", f"No users have the ids {missing[:10]}.")
    if REST_NAMES.get(name, name) not in USER_FIELDS:
        ask.bad("attribute", f"No standard attribute is called {name[:80]!r}.")
    write = read_user(ask, ask.one_attribute(), of=None)
    for number in ids:
        write_user(ask, write, of=ask.app.users[number])
    return ask.answer({"status": "ok"})


def ping_hits(ask: Ask) -> VendorResponse:
    """``GET users/:id/ping_hits/``: page views."""
    user = ask.user()
    records = [(view.id, view) for view in ask.app.page_views if view.user == user.id]
    return ask.answer(page(ask, records, shown=page_view_object))


def events(ask: Ask) -> VendorResponse:
    """``GET users/:id/events/``: event occurrences."""
    user = ask.user()
    records = [(each.id, each) for each in ask.app.occurrences if each.user == user.id]
    return ask.answer(
        page(ask, records, shown=lambda each: occurrence_object(ask.app, each, v1=ask.v1))
    )


def timeline(ask: Ask) -> VendorResponse:
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
    return ask.answer(page(ask, list(enumerate(shapes, start=1)), shown=lambda shape: shape))


def segments(ask: Ask) -> VendorResponse:
    """``GET users/:id/segments/``: none, since nothing here defines segments."""
    ask.user()
    return ask.answer(page(ask, [], shown=lambda shape: shape))


def _write(ask: Ask, user: User, body: JsonObject) -> VendorResponse:
    return ask.answer(ask.show_user(write_user(ask, read_user(ask, body, of=user), of=user)))


def _having(ask: Ask, field: str, wanted: str) -> list[User]:
    return [
        user for user in ask.app.users.values() if (user.profile.get(field) or "").lower() == wanted
    ]
