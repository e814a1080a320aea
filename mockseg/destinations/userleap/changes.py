"""What changes users: attributes, events and page views, from wherever they come.

Every function here succeeds: what can be refused is refused by its caller beforehand.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Literal

from mockseg.destinations.userleap.state import PAGEVIEW, Event, EventDefinition, User
from mockseg.destinations.values import kind_of
from mockseg.domain.delivery import Note
from mockseg.schemas.search import compile_search

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from mockseg.destinations.userleap.state import Environment
    from mockseg.destinations.values import Scalar
    from mockseg.json_types import Json


LONGEST_URL = 2048
"""Characters of a URL that is compared with patterns; a longer one matches none."""

_RESERVED = "!"


def mint_uuid(random: random.Random) -> str:
    """Make a UUID from the seed."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def create_user(
    environment: Environment,
    user_id: str | None,
    *,
    now_ms: int,
    visible_ms: int,
    random: random.Random,
) -> User:
    """Add a user without attributes; without a user id it is kept by its own."""
    user = User(
        id=mint_uuid(random),
        external_user_id=user_id,
        created_at=now_ms,
        visible_at=visible_ms,
    )
    environment.users[user.id if user_id is None else user_id] = user
    return user


def attributes_from(
    given: Mapping[str, Json], *, place: str
) -> tuple[dict[str, Scalar], list[Note]]:
    """Flatten objects to dotted names (UL-02); what no attribute can hold is noted.

    Attributes are text, numbers and booleans; names with ``!`` in front are reserved.
    """
    attributes: dict[str, Scalar] = {}
    notes = []
    # From the last to the first, so that taking from the end keeps the order.
    waiting: list[tuple[str, Json]] = list(given.items())[::-1]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{name}.{key}", inner) for key, inner in list(value.items())[::-1])
        elif name.startswith(_RESERVED):
            sentence = f"Names of attributes that begin with {_RESERVED} are reserved"
            notes.append(Note("attribute_reserved", f"{place}.{name}", sentence))
        elif isinstance(value, (str, int, float, bool)):
            attributes[name] = value
        else:
            sentence = (
                f"The value is {kind_of(value)}; allowed: text, a number, a boolean, an object"
            )
            notes.append(Note("value_ignored", f"{place}.{name}", sentence))
    return attributes, notes


def merge_attributes(
    user: User, attributes: Mapping[str, Scalar], *, limit: int, place: str
) -> list[Note]:
    """Write attributes, the last value wins; new ones over the limit are ignored (UL-19)."""
    notes = []
    for name, value in attributes.items():
        if name in user.attributes or len(user.attributes) < limit:
            user.attributes[name] = value
        else:
            sentence = f"A user has at most {limit} attributes"
            notes.append(Note("attribute_limit", f"{place}.{name}", sentence))
    return notes


def track_or_hold(environment: Environment, name: str) -> Note | None:
    """Have an event tracked, defined on arrival while auto-accept is on (UL-06, UL-12).

    Returns:
        None when it is tracked, else why not; then it waits in the list of pending ones.
    """
    definition = environment.events.get(name)
    if definition is None:
        status: Literal["accepted", "pending"] = (
            "accepted" if environment.auto_accept else "pending"
        )
        definition = EventDefinition(name=name, status=status)
        environment.events[name] = definition
    if definition.status == "accepted":
        return None
    sentence = f"The event {name[:100]!r} is not tracked until it is chosen on the Events page"
    return Note("event_pending", "event", sentence)


def record_event(user: User, name: str, *, moment_ms: int) -> None:
    """Count one occurrence; late ones move the first, not the last."""
    event = user.events.get(name)
    if event is None:
        user.events[name] = Event(event=name, count=1, created_at=moment_ms, updated_at=moment_ms)
        return
    event.count += 1
    event.created_at = min(event.created_at, moment_ms)
    event.updated_at = max(event.updated_at, moment_ms)


def url_events(environment: Environment, url: str | None) -> tuple[str, ...]:
    """Give the names that a page view counts as: itself, and each pattern found in its URL."""
    if url is None or len(url) > LONGEST_URL:
        return (PAGEVIEW,)
    names = [PAGEVIEW]
    for definition in environment.events.values():
        if definition.pattern is None or definition.status != "accepted":
            continue
        search = compile_search(definition.pattern)
        if search is not None and search(url):
            names.append(definition.name)
    return tuple(names)
