"""REST: tags, lists and segments, and who is in them.

Sources: User.com REST API v2 for the users of a tag; the vendor's .NET and TypeScript clients.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from mockseg.destinations.userengage.objects import list_object, segment_object
from mockseg.destinations.userengage.records import Company, Record, User, UserList
from mockseg.destinations.userengage.rest.call import RestCall
from mockseg.destinations.userengage.segments import Segment
from mockseg.destinations.userengage.values import Unconvertible, tags_of
from mockseg.destinations.vendor import VendorResponse

# --- tags


def list_tags(call: RestCall) -> VendorResponse:
    rows = sorted((number, name) for name, number in call.app.tags.items())
    records = [(number, {"id": number, "name": name}) for number, name in rows]
    return call.page(records, shown=lambda shape: shape)


def create_tag(call: RestCall) -> VendorResponse:
    name = _free_tag(call)
    call.app.tags[name] = number = call.app.next_id("tag")
    return call.answer({"id": number, "name": name}, status=201)


def rename_tag(call: RestCall) -> VendorResponse:
    old = _tag(call)
    number = call.app.tags[old]
    name = _free_tag(call, of=old)
    if name != old:
        call.app.rename_tag(old, name)
    return call.answer({"id": number, "name": name})


def delete_tag(call: RestCall) -> VendorResponse:
    call.app.delete_tag(_tag(call))
    return call.answer(None, status=204)


def tagged(call: RestCall) -> VendorResponse:
    """``tags/:id/users/`` and ``tags/:id/companies/``."""
    kind = User if call.names["of"] == "users" else Company
    found = call.app.having_tag(_tag(call))
    return _page(call, (record for record in found if isinstance(record, kind)))


def _tag(call: RestCall) -> str:
    """Return the name of the tag in the path, else answer 404."""
    number = int(call.names["group"])
    found = next((name for name, id_ in call.app.tags.items() if id_ == number), None)
    if found is None:
        call.missing()
    return found


def _free_tag(call: RestCall, *, of: str = "") -> str:
    """Return the name that the body has for a tag, which no other may have."""
    name = call.need_text("name")
    try:
        tags_of([name])
    except Unconvertible as error:
        call.bad("name", f"It {error}.")
    if name in call.app.tags and name != of:
        call.bad("name", f"A tag called {name[:80]!r} exists already.")
    return name


# --- lists


def list_lists(call: RestCall) -> VendorResponse:
    return call.page(sorted(call.app.lists.items()), shown=list_object)


def create_list(call: RestCall) -> VendorResponse:
    name, description = _list_body(call, UserList(0, ""))
    list_ = UserList(call.app.next_id("list"), name, description)
    call.app.lists[list_.id] = list_
    return call.answer(list_object(list_), status=201)


def update_list(call: RestCall) -> VendorResponse:
    list_ = _list(call)
    list_.name, list_.description = _list_body(call, list_)
    return call.answer(list_object(list_))


def delete_list(call: RestCall) -> VendorResponse:
    call.app.delete_list(_list(call).id)
    return call.answer(None, status=204)


def add_to_list(call: RestCall) -> VendorResponse:
    """``POST users/:id/add_to_list/ {"list": id}``, once."""
    user, number = call.user(), _named_list(call)
    if number not in user.lists:
        user.lists.append(number)
        user.updated_ns = call.now_ns
    return call.answer(call.show(user))


def remove_from_list(call: RestCall) -> VendorResponse:
    user, number = call.user(), _named_list(call)
    if number in user.lists:
        user.lists.remove(number)
        user.updated_ns = call.now_ns
    return call.answer(call.show(user))


def on_list(call: RestCall) -> VendorResponse:
    number = _list(call).id
    return _page(call, (user for user in call.app.users.by_id.values() if number in user.lists))


def _list(call: RestCall) -> UserList:
    found = call.app.lists.get(int(call.names["group"]))
    if found is None:
        call.missing()
    return found


def _list_body(call: RestCall, before: UserList) -> tuple[str, str]:
    name, description = before.name, before.description
    if "name" in call.body or not name:
        name = call.need_text("name")
    if call.body.get("description") is not None:
        description = call.body["description"]
        if not isinstance(description, str):
            call.bad("description", "Not a valid string.")
    return name, description


def _named_list(call: RestCall) -> int:
    number = call.need("list")
    if type(number) is not int or number not in call.app.lists:
        call.bad("list", "Unknown list.")
    return number


# --- segments


def list_segments(call: RestCall) -> VendorResponse:
    return call.page(sorted(call.app.segments.items()), shown=segment_object)


def in_segment(call: RestCall) -> VendorResponse:
    """``GET segments/:id/users/``."""
    segment = call.app.segments.get(int(call.names["group"]))
    if segment is None:
        call.missing()
    history = call.app.history([segment])
    return _page(
        call,
        (
            user
            for user in call.app.users.by_id.values()
            if history.has(segment, user.id, functools.partial(call.value_of, user))
        ),
    )


def segments_of(call: RestCall) -> VendorResponse:
    """``GET users/:id/segments/``."""
    user = call.user()
    segments: Iterable[Segment] = call.app.segments.values()
    history = call.app.history(segments, user=user)
    value_of = functools.partial(call.value_of, user)
    records = [
        (segment.id, {"id": segment.id, "name": segment.name})
        for segment in segments
        if history.has(segment, user.id, value_of)
    ]
    return call.page(sorted(records, key=lambda record: record[0]), shown=lambda shape: shape)


def _page(call: RestCall, records: Iterable[Record]) -> VendorResponse:
    return call.page(
        sorted(((record.id, record) for record in records), key=lambda each: each[0]),
        shown=call.show,
    )
