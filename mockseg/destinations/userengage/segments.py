"""Segments: users chosen by what they are, by events that occurred, and by pages viewed.

Source: UserEngage Destination: an event occurrence "can be used to filter and bucket users", and
a page view "for filtering and aggregation". How the vendor writes such filters is not public.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Callable, Iterable
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from mockseg.destinations.userengage.lookups import Lookup, all_hold, read_lookup
from mockseg.destinations.userengage.values import Unconvertible
from mockseg.errors import VendorStateError
from mockseg.json_types import Json, JsonObject

MOST_SEGMENTS = 100
_Times = Annotated[int, Meta(ge=0)]


class Condition(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What a user of a segment is or did.

    Attributes:
        event: the name of an event, whose occurrences are counted.
        page_view: whether page views are counted; without either the user itself is looked at.
        where: lookups (``total__gt``, ``url__contains``, ``email__endswith``) and their values,
            over the event's data, the page view's fields or the user's.
        at_least, at_most: how many must have occurred; at least one by default.
    """

    event: str | None = None
    page_view: bool = False
    where: dict[str, str | int | float | bool] = {}
    at_least: _Times = 1
    at_most: _Times | None = None


Conditions: TypeAlias = Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=10)]


@dataclasses.dataclass(frozen=True, slots=True)
class Segment:
    """A segment; a user is in it while all conditions hold.

    Attributes:
        id: internal.
        name: unique.
        conditions: as they were defined, each with its lookups.
    """

    id: int
    name: str
    conditions: tuple[tuple[Condition, tuple[Lookup, ...]], ...]


_Reader: TypeAlias = Callable[[str], Json]


class History:
    """What users did: their events by name with the data, and their page views.

    Args:
        events: user, event and data.
        views: user and fields.
        key_of: returns under which key of its data an event has an attribute, None if it has none.
    """

    def __init__(
        self,
        events: Iterable[tuple[int, str, JsonObject]],
        views: Iterable[tuple[int, JsonObject]],
        *,
        key_of: Callable[[str, str], str | None],
    ) -> None:
        self._events: dict[tuple[int, str], list[JsonObject]] = collections.defaultdict(list)
        self._views: dict[int, list[JsonObject]] = collections.defaultdict(list)
        self._key_of = key_of
        # By event and lookups: those lookups, over the data as it is kept.
        self._keyed: dict[tuple[str, tuple[Lookup, ...]], tuple[Lookup, ...]] = {}
        for user, event, data in events:
            self._events[user, event].append(data)
        for user, visit in views:
            self._views[user].append(visit)

    def has(self, segment: Segment, user: int, value_of: _Reader) -> bool:
        """Return whether a user is in a segment.

        Args:
            segment: which.
            user: the internal id.
            value_of: returns the user's value of a field or an attribute.
        """
        return all(
            self._holds(condition, lookups, user, value_of)
            for condition, lookups in segment.conditions
        )

    def _holds(
        self, condition: Condition, lookups: tuple[Lookup, ...], user: int, value_of: _Reader
    ) -> bool:
        least, most = condition.at_least, condition.at_most
        # More of them change nothing.
        enough = least if most is None else most + 1
        if condition.event is not None:
            done = self._events.get((user, condition.event), [])
            count = _count(done, self._over_data(condition.event, lookups), enough)
        elif condition.page_view:
            count = _count(self._views.get(user, []), lookups, enough)
        else:
            count = int(all_hold(lookups, value_of))
        return count >= least and (most is None or count <= most)

    def _over_data(self, event: str, lookups: tuple[Lookup, ...]) -> tuple[Lookup, ...]:
        """Return lookups with the keys of an event's data as fields; once for all occurrences."""
        found = self._keyed.get((event, lookups))
        if found is None:
            keyed = [(self._key_of(event, each.field), each) for each in lookups]
            found = self._keyed[event, lookups] = tuple(
                Lookup(each.field, _never) if key is None else each._replace(field=key)
                for key, each in keyed
            )
        return found


def _never(_value: Json) -> bool:
    return False


def _count(done: list[JsonObject], lookups: tuple[Lookup, ...], enough: int) -> int:
    """Return how many of these satisfy the lookups; stops when it is enough."""
    if not lookups:
        return len(done)
    matching = (None for each in done if all_hold(lookups, each.get))
    return sum(1 for _ in itertools.islice(matching, enough))


def define_segment(
    segments: dict[int, Segment], id_: int, name: str, conditions: Conditions, *, place: str
) -> Segment:
    """Define a segment, or define it anew under its id.

    Raises:
        VendorStateError: wrong conditions, or too many segments; nothing is changed.
    """
    if not name:
        raise VendorStateError("is empty", place=place)
    if id_ not in segments and len(segments) >= MOST_SEGMENTS:
        raise VendorStateError(f"there are {MOST_SEGMENTS} segments already", place=place)
    read = []
    for number, condition in enumerate(conditions):
        here = f"conditions[{number}]"
        if condition.event is not None and condition.page_view:
            raise VendorStateError("counts events or page views, not both", place=here)
        if condition.at_most is not None and condition.at_most < condition.at_least:
            sentence = f"must be {condition.at_least} or more, as `atLeast`"
            raise VendorStateError(sentence, place=f"{here}.atMost")
        try:
            lookups = tuple(read_lookup(key, value) for key, value in condition.where.items())
        except Unconvertible as error:
            raise VendorStateError(f"a lookup {error}", place=f"{here}.where") from None
        read.append((condition, lookups))
    segments[id_] = segment = Segment(id_, name, tuple(read))
    return segment
