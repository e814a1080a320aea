"""Segment's side of Personas: the identify calls that audiences and computed traits make.

Source: UserEngage Destination, "Personas" (rules UE-51 to UE-54); the shape of
`context.personas` is that of Segment's "Using Engage data". Nothing here is sent: the caller
adds a message id and moments to the messages, and sends them.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import ClassVar, Final

from mockseg import json_types
from mockseg.destinations.snake_case import snake_case
from mockseg.json_types import Json, JsonObject

# A user's place in a dict that grows, in CPython 3.11; a value takes a few times its JSON.
_USER_BYTES: Final = 130
_VALUE_FACTOR: Final = 4


class _Computation:
    """What audiences and computed traits have in common: a name, and how their calls look.

    Attributes:
        key: the name of its property: its own name in snake_case (UE-52).
        size_bytes: that its users and their values take, about.
    """

    class_: ClassVar[str]
    prefix: ClassVar[str]

    def __init__(
        self,
        name: str,
        *,
        destinations: Iterable[str],
        count: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Make one that nothing was computed for yet.

        Args:
            name: as a person wrote it, such as ``Order Completed Last 30days``.
            destinations: the names in the integrations object of those that it goes to.
            count: called with the bytes that a change takes, with a minus those that it gives
                back. Raises ValueError over the limit; the change is then not made.

        Raises:
            ValueError: the name has neither a letter nor a digit.
        """
        self.key = snake_case(name)
        if not self.key:
            raise ValueError(f"{name!r} has neither a letter nor a digit to make a property of")
        space = _minted("spa", "mockseg")
        self.size_bytes = 0
        self._count_bytes = count
        self._personas = {
            "computation_class": self.class_,
            "computation_id": _minted(self.prefix, f"{space}/{self.key}"),
            "computation_key": self.key,
            "namespace": space,
            "space_id": space,
        }
        self._integrations = {"All": False, **dict.fromkeys(destinations, True)}

    def _count(self, size_bytes: int) -> None:
        self._count_bytes(size_bytes)
        self.size_bytes += size_bytes

    def _identify_all(self, changed: Mapping[str, Json]) -> Iterator[JsonObject]:
        return (self._identify(user, value) for user, value in changed.items())

    def _identify(self, user_id: str, value: Json) -> JsonObject:
        return {
            "type": "identify",
            "userId": user_id,
            "traits": {self.key: value},
            "context": {"personas": dict(self._personas)},
            "integrations": dict(self._integrations),
        }


class Audience(_Computation):
    """A set of users that is synchronised with destinations.

    Its property is true for members, and false for users who left (UE-52). The first
    synchronisation says true for every member; later ones only say what changed (UE-53).
    Members are in the order in which they came. The change is made at once, each of its messages
    when it is asked for.
    """

    class_, prefix = "audience", "aud"

    def __init__(
        self,
        name: str,
        *,
        destinations: Iterable[str],
        count: Callable[[int], object] = lambda _: None,
    ) -> None:
        super().__init__(name, destinations=destinations, count=count)
        self._members: dict[str, None] = {}

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(self._members)

    def enter(self, user_ids: Iterable[str]) -> Iterator[JsonObject]:
        """Take users in; return the messages for those who were not in it.

        Raises:
            ValueError: an id is empty, or the limit is reached; nothing is changed.
        """
        new = {user: True for user in user_ids if user not in self._members}
        if "" in new:
            raise ValueError("the id of a member is empty")
        self._count(sum(map(_user_bytes, new)))
        self._members.update(dict.fromkeys(new))
        return self._identify_all(new)

    def leave(self, user_ids: Iterable[str]) -> Iterator[JsonObject]:
        """Let users go; return the messages for those who were in it."""
        gone = {user: False for user in user_ids if user in self._members}
        self._count(-sum(map(_user_bytes, gone)))
        for user in gone:
            del self._members[user]
        return self._identify_all(gone)

    def sync(self, members: Iterable[str]) -> Iterator[JsonObject]:
        """Have exactly these members; return the messages for new ones, then for those who left.

        Raises:
            ValueError: as for `enter`.
        """
        wanted = dict.fromkeys(members)
        gone = [user for user in self._members if user not in wanted]
        return chain(self.enter(wanted), self.leave(gone))


class ComputedTrait(_Computation):
    """A value computed for each user, such as a sum of orders, sent when it changes (UE-54)."""

    class_, prefix = "computed_trait", "tra"

    def __init__(
        self,
        name: str,
        *,
        destinations: Iterable[str],
        count: Callable[[int], object] = lambda _: None,
    ) -> None:
        super().__init__(name, destinations=destinations, count=count)
        self._values: dict[str, Json] = {}

    def sync(self, values: Mapping[str, Json]) -> Iterator[JsonObject]:
        """Have these values by user id; return the messages for those that changed.

        A user who is left out keeps the value.

        Raises:
            ValueError: an id is empty, or the limit is reached; nothing is changed.
        """
        if "" in values:
            raise ValueError("the id of a user is empty")
        # True and 1 are equal in Python and two values in JSON.
        changed = {
            user: value
            for user, value in values.items()
            if user not in self._values
            or self._values[user] != value
            or isinstance(self._values[user], bool) is not isinstance(value, bool)
        }
        kept = {user: self._values[user] for user in changed if user in self._values}
        self._count(_values_bytes(changed) - _values_bytes(kept))
        self._values.update(changed)
        return self._identify_all(changed)


def _user_bytes(user_id: str) -> int:
    return sys.getsizeof(user_id) + _USER_BYTES


def _values_bytes(values: Mapping[str, Json]) -> int:
    """Return what values by user id take, about."""
    json_bytes = sum(len(json_types.encode(value)) for value in values.values())
    return sum(map(_user_bytes, values)) + _VALUE_FACTOR * json_bytes


def _minted(prefix: str, text: str) -> str:
    """Return an id that looks like Segment's and is the same for the same text."""
    return f"{prefix}_{hashlib.blake2s(text.encode(), digest_size=13).hexdigest()}"
