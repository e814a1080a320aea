"""Segment's side of Personas: the identify calls that audiences and computed traits make.

Source: UserEngage Destination, "Personas" (rules UE-51 to UE-54); the shape of
`context.personas` is that of Segment's "Using Engage data". Nothing here is sent: who has the
messages gives them a message id, moments and a way to the destinations.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mockseg.destinations.snake_case import snake_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockseg.json_types import Json, JsonObject


class Audience:
    """A set of users that is synchronised with destinations.

    Its property is its name in snake_case: true for who is in it, false for who left (UE-52).
    The first synchronisation says true for every member; later ones only tell who came and
    who went (UE-53). Members are in the order in which they came.
    """

    def __init__(
        self,
        name: str,
        *,
        destinations: Iterable[str],
        key: str | None = None,
        space_id: str | None = None,
    ) -> None:
        """Make an audience without members.

        Args:
            name: as a person gave it, such as ``Order Completed Last 30days``.
            destinations: the names in the integrations object of those that it goes to.
            key: of its property; the name in snake_case without.
            space_id: of the space it is in; derived from nothing but a constant without.

        Raises:
            ValueError: neither the name nor the key has a letter or digit.
        """
        self._computation = _Computation("audience", name, key, destinations, space_id)
        self._members: dict[str, None] = {}

    @property
    def key(self) -> str:
        """The name of its property."""
        return self._computation.key

    @property
    def members(self) -> tuple[str, ...]:
        """The ids of its members."""
        return tuple(self._members)

    def enter(self, user_ids: Iterable[str]) -> list[JsonObject]:
        """Take users in; give the messages for those who were not in it.

        Raises:
            ValueError: an id is empty; nothing is changed.
        """
        new = [user for user in dict.fromkeys(user_ids) if user not in self._members]
        if "" in new:
            raise ValueError("the id of a member is empty")
        self._members.update(dict.fromkeys(new))
        return [self._computation.identify(user, True) for user in new]

    def leave(self, user_ids: Iterable[str]) -> list[JsonObject]:
        """Let users go; give the messages for those who were in it."""
        gone = [user for user in dict.fromkeys(user_ids) if user in self._members]
        for user in gone:
            del self._members[user]
        return [self._computation.identify(user, False) for user in gone]

    def sync(self, members: Iterable[str]) -> list[JsonObject]:
        """Have exactly these members; give the messages that tell who came, then who went.

        Raises:
            ValueError: an id is empty; nothing is changed.
        """
        wanted = dict.fromkeys(members)
        gone = [user for user in self._members if user not in wanted]
        return [*self.enter(wanted), *self.leave(gone)]


class ComputedTrait:
    """A value computed for each user, such as a sum of orders, sent when it changes (UE-54)."""

    def __init__(
        self,
        name: str,
        *,
        destinations: Iterable[str],
        key: str | None = None,
        space_id: str | None = None,
    ) -> None:
        """Make a trait that nobody has yet; arguments and errors as of `Audience`."""
        self._computation = _Computation("computed_trait", name, key, destinations, space_id)
        self._values: dict[str, Json] = {}

    @property
    def key(self) -> str:
        """The name of its property."""
        return self._computation.key

    def sync(self, values: Mapping[str, Json]) -> list[JsonObject]:
        """Have these values by user id; give the messages for those that changed.

        Who is left out keeps the value.

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
        return [self._computation.identify(user, value) for user, value in changed.items()]


class _Computation:
    """What audiences and computed traits have in common: how their calls look."""

    def __init__(
        self,
        kind: str,
        name: str,
        key: str | None,
        destinations: Iterable[str],
        space_id: str | None,
    ) -> None:
        self.key = snake_case(name) if key is None else key
        if not self.key:
            raise ValueError(f"{name!r} has neither a letter nor a digit to make a property of")
        space = _minted("spa", "mockseg") if space_id is None else space_id
        self._personas = {
            "computation_class": kind,
            "computation_id": _minted(
                "aud" if kind == "audience" else "tra", f"{space}/{self.key}"
            ),
            "computation_key": self.key,
            "namespace": space,
            "space_id": space,
        }
        self._integrations = {"All": False, **dict.fromkeys(destinations, True)}

    def identify(self, user_id: str, value: Json) -> JsonObject:
        """Give the call that tells one user's value."""
        return {
            "type": "identify",
            "userId": user_id,
            "traits": {self.key: value},
            "context": {"personas": dict(self._personas)},
            "integrations": dict(self._integrations),
        }


def _minted(prefix: str, text: str) -> str:
    """Give an id that looks like Segment's and is the same for the same text."""
    return f"{prefix}_{hashlib.blake2s(text.encode(), digest_size=13).hexdigest()}"
