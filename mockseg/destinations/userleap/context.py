"""What changes an environment: attributes, events and page views, from wherever they come.

Every change here succeeds: what can be refused is refused by its caller beforehand.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Mapping

from mockseg.destinations.userdata import flat_values
from mockseg.destinations.userleap.state import (
    PAGEVIEW,
    Environment,
    Event,
    EventDefinition,
    User,
    UserLeapSetup,
    mint_uuid,
)
from mockseg.destinations.vendor import VendorRequest
from mockseg.domain.delivery import Note
from mockseg.json_types import Json
from mockseg.schemas.search import compile_search

LONGEST_URL = 2048
"""Characters of a URL that is compared with patterns; a longer one matches none."""

_RESERVED = "!"
_MILLISECOND = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is needed to apply a request or an action.

    Attributes:
        setup: of the destination.
        environment: that the key selects.
        random: mints ids.
        now_ns: when it came.
    """

    setup: UserLeapSetup
    environment: Environment
    random: random.Random
    now_ns: int

    @property
    def now_ms(self) -> int:
        return self.now_ns // _MILLISECOND

    def apply_purges(self) -> None:
        environment = self.environment
        for purge in environment.purges:
            if purge.due_at <= self.now_ms:
                for key in purge.users:
                    environment.users.pop(key, None)
        environment.purges = [each for each in environment.purges if each.due_at > self.now_ms]

    def user(self, user_id: str | None, *, lags: bool = False) -> User:
        """Return the user, made now if it is new.

        Args:
            user_id: or None for a new one, which is kept by its own id.
            lags: reads find a new one only after a while (UL-14).
        """
        users = self.environment.users
        known = None if user_id is None else users.get(user_id)
        if known is not None:
            return known
        delay_ms = round(self.setup.visible_after * 1000) if lags else 0
        user = User(
            id=mint_uuid(self.random),
            external_user_id=user_id,
            created_at=self.now_ms,
            visible_at=self.now_ms + delay_ms,
        )
        users[user.id if user_id is None else user_id] = user
        return user

    def merge(self, user: User, given: Mapping[str, Json], *, place: str) -> list[Note]:
        """Write attributes, the last value wins; return what was ignored.

        Attributes are text, numbers and booleans; names with ``!`` in front are reserved. New
        ones over the limit are ignored (UL-19).
        """
        dotted = dict(_dotted(given))
        reserved = [name for name in dotted if name.startswith(_RESERVED)]
        others = {name: value for name, value in dotted.items() if name not in reserved}
        attributes, notes = flat_values(others, place=place)
        sentence = f"Names of attributes that begin with {_RESERVED} are reserved"
        notes += [Note("attribute_reserved", f"{place}.{name}", sentence) for name in reserved]
        limit = self.setup.attribute_limit
        for name, value in attributes.items():
            if name in user.attributes or len(user.attributes) < limit:
                user.attributes[name] = value
            else:
                sentence = f"A user has at most {limit} attributes"
                notes.append(Note("attribute_limit", f"{place}.{name}", sentence))
        return notes

    def record(self, user: User, name: str, *, moment_ms: int) -> Note | None:
        """Count an event, which is defined on arrival while auto-accept is on (UL-06, UL-12).

        Returns:
            None when it is tracked, else why not; then it waits in the list of pending ones.
        """
        definitions = self.environment.events
        if name != PAGEVIEW:
            if name not in definitions:
                definition = EventDefinition(name=name)
                if not self.environment.auto_accept:
                    definition.status = "pending"
                definitions[name] = definition
            if definitions[name].status != "accepted":
                sentence = (
                    f"The event {name[:100]!r} is not tracked until it is chosen on the Events page"
                )
                return Note("event_pending", "event", sentence)
        count_event(user, name, moment_ms=moment_ms)
        return None

    def record_page(self, user: User, url: str | None, *, moment_ms: int) -> tuple[str, ...]:
        """Count a page view; return the names it counts as: itself, and each pattern in its URL."""
        names = [PAGEVIEW]
        for definition in self.environment.events.values():
            if url is None or len(url) > LONGEST_URL:
                break
            if definition.pattern is None or definition.status != "accepted":
                continue
            search = compile_search(definition.pattern)
            if search is not None and search(url):
                names.append(definition.name)
        for name in names:
            count_event(user, name, moment_ms=moment_ms)
        return tuple(names)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RestCall(Context):
    """A request to the REST API.

    Attributes:
        request: that came.
        user_id: of the user in the path, else empty.
    """

    request: VendorRequest
    user_id: str


def count_event(user: User, name: str, *, moment_ms: int) -> None:
    """Count one occurrence; a late one moves the first moment, not the last."""
    new = Event(event=name, count=0, created_at=moment_ms, updated_at=moment_ms)
    event = user.events.setdefault(name, new)
    event.count += 1
    event.created_at = min(event.created_at, moment_ms)
    event.updated_at = max(event.updated_at, moment_ms)


def _dotted(given: Mapping[str, Json], prefix: str = "") -> Iterator[tuple[str, Json]]:
    """Yield the values of an object and of those inside it, by dotted names (UL-02)."""
    for name, value in given.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
