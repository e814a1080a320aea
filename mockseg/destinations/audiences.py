"""Segment's side of Personas: the identify calls that audiences and computed traits make.

Source: UserEngage Destination, "Personas" (rules UE-51 to UE-54); the shape of
`context.personas` is that of Segment's "Using Engage data". Nothing here is sent: the caller
adds a message id and moments to the messages, and sends them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import ClassVar

from mockseg.destinations.snake_case import snake_case
from mockseg.json_types import Json, JsonObject


class _Computation:
    """What audiences and computed traits have in common: a name, and how their calls look.

    Attributes:
        key: the name of its property: its own name in snake_case (UE-52).
    """

    class_: ClassVar[str]
    prefix: ClassVar[str]

    def __init__(self, name: str, *, destinations: Iterable[str]) -> None:
        """Make one that nothing was computed for yet.

        Args:
            name: as a person wrote it, such as ``Order Completed Last 30days``.
            destinations: the names in the integrations object of those that it goes to.

        Raises:
            ValueError: the name has neither a letter nor a digit.
        """
        self.key = snake_case(name)
        if not self.key:
            raise ValueError(f"{name!r} has neither a letter nor a digit to make a property of")
        space = _minted("spa", "mockseg")
        self._personas = {
            "computation_class": self.class_,
            "computation_id": _minted(
                "aud" if self.class_ == "audience" else "tra", f"{space}/{self.key}"
            ),
            "computation_key": self.key,
            "namespace": space,
            "space_id": space,
        }
        self._integrations = {"All": False, **dict.fromkeys(destinations, True)}

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
    Members are in the order in which they came.
    """

    class_, prefix = "audience", "aud"

    def __init__(self, name: str, *, destinations: Iterable[str]) -> None:
        super().__init__(name, destinations=destinations)
        self._members: dict[str, None] = {}

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(self._members)

    def enter(self, user_ids: Iterable[str]) -> list[JsonObject]:
        """Take users in; return the messages for those who were not in it.

        Raises:
            ValueError: an id is empty; nothing is changed.
        """
        new = [user for user in dict.fromkeys(user_ids) if user not in self._members]
        if "" in new:
            raise ValueError("the id of a member is empty")
        self._members.update(dict.fromkeys(new))
        return [self._identify(user, True) for user in new]

    def leave(self, user_ids: Iterable[str]) -> list[JsonObject]:
        """Let users go; return the messages for those who were in it."""
        gone = [user for user in dict.fromkeys(user_ids) if user in self._members]
        for user in gone:
            del self._members[user]
        return [self._identify(user, False) for user in gone]

    def sync(self, members: Iterable[str]) -> list[JsonObject]:
        """Have exactly these members; return the messages for new ones, then for those who left.

        Raises:
            ValueError: an id is empty; nothing is changed.
        """
        wanted = dict.fromkeys(members)
        gone = [user for user in self._members if user not in wanted]
        return [*self.enter(wanted), *self.leave(gone)]


class ComputedTrait(_Computation):
    """A value computed for each user, such as a sum of orders, sent when it changes (UE-54)."""

    class_, prefix = "computed_trait", "tra"

    def __init__(self, name: str, *, destinations: Iterable[str]) -> None:
        super().__init__(name, destinations=destinations)
        self._values: dict[str, Json] = {}

    def sync(self, values: Mapping[str, Json]) -> list[JsonObject]:
        """Have these values by user id; return the messages for those that changed.

        A user who is left out keeps the value.

        Raises:
            ValueError: an id is empty; nothing is changed.
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
        self._values.update(changed)
        return [self._identify(user, value) for user, value in changed.items()]


def _minted(prefix: str, text: str) -> str:
    """Return an id that looks like Segment's and is the same for the same text."""
    return f"{prefix}_{hashlib.blake2s(text.encode(), digest_size=13).hexdigest()}"
