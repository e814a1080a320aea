"""How events change Candu's state: first all of a request are read, then all are applied.

Source: Candu's page on its REST API, and Segment's on the destination. Their words do not
settle what becomes of alias, nor of values that are neither text, number nor boolean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.candu.state import Group as KeptGroup
from mockseg.destinations.candu.state import User
from mockseg.destinations.inlet import (
    Alias,
    Group,
    Identify,
    Page,
    Screen,
    Track,
    call_from,
    moment_of,
    refused,
    text_id,
)
from mockseg.destinations.occurrences import moment_text, occur
from mockseg.destinations.values import flat_values
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from mockseg.destinations.candu.state import State
    from mockseg.destinations.inlet import Call
    from mockseg.json_types import Json


def read_events(value: Json, *, anonymous_users: bool) -> list[Call] | VendorResponse:
    """Read one event or an array of them; a refusal names the place in the array."""
    calls = []
    single = not isinstance(value, list)
    for index, item in enumerate([value] if single else value):
        place = "" if single else f"[{index}]"
        call = call_from(item, place=place)
        if isinstance(call, VendorResponse):
            return call
        # A group may have nobody in it.
        if not isinstance(call, Group) and _key(call, anonymous_users=anonymous_users) is None:
            field = f"{place}.userId" if place else "userId"
            return refused(400, f"`{field}` is missing", code="missing_user_id", field=field)
        calls.append(call)
    return calls


def apply_events(
    state: State, calls: list[Call], *, received_ns: int, anonymous_users: bool
) -> list[Note]:
    """Apply events in their order; give what was ignored of them."""
    notes: list[Note] = []
    for index, call in enumerate(calls):
        place = "" if len(calls) == 1 else f"[{index}]."
        moment_ns = moment_of(call, received_ns=received_ns)
        key = _key(call, anonymous_users=anonymous_users)
        user = None if key is None else _user(state, key, call, moment_ns=moment_ns)
        if isinstance(call, Group):
            notes += _group(state, call, key, place=place)
        elif user is not None:
            notes += _of_user(user, call, place=place, moment_ns=moment_ns)
    return notes


def _of_user(user: User, call: Call, *, place: str, moment_ns: int) -> list[Note]:
    if isinstance(call, Identify):
        traits, notes = flat_values(call.traits or {}, place=f"{place}traits")
        user.identified = True
        user.traits.update(traits)
        email = traits.get("email")
        if isinstance(email, str):
            user.email = email
        return notes
    if isinstance(call, Track):
        occur(user.events, call.event, moment_ns=moment_ns, properties=call.properties)
    elif isinstance(call, Page):
        kept = user.screens if isinstance(call, Screen) else user.pages
        occur(kept, call.name or "", moment_ns=moment_ns, properties=call.properties)
    elif isinstance(call, Alias):
        sentence = "An alias selects its user and changes nothing: no merge is documented"
        return [Note("previous_id_ignored", f"{place}previousId", sentence)]
    return []


def _group(state: State, call: Group, key: str | None, *, place: str) -> list[Note]:
    group_id = str(text_id(call.group_id))
    traits, notes = flat_values(call.traits or {}, place=f"{place}traits")
    group = state.groups.setdefault(group_id, KeptGroup(group_id=group_id))
    group.traits.update(traits)
    if key is not None and key not in group.members:
        group.members.append(key)
    return notes


def _key(call: Call, *, anonymous_users: bool) -> str | None:
    key = text_id(call.user_id)
    if key is None and anonymous_users:
        key = text_id(call.anonymous_id)
    return key


def _user(state: State, key: str, call: Call, *, moment_ns: int) -> User:
    moment = moment_text(moment_ns)
    user = state.users.get(key)
    if user is None:
        user = User(user_id=text_id(call.user_id), created_at=moment, updated_at=moment)
        state.users[key] = user
    user.user_id = text_id(call.user_id) or user.user_id
    user.anonymous_id = text_id(call.anonymous_id) or user.anonymous_id
    user.updated_at = max(user.updated_at, moment)
    return user
