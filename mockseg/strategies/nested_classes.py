"""The classes of objects and lists, made of the classes of what is in them.

An object has as many rows as its member with most classes: in each row every member shows
another of its classes. Members that may be absent are so in two of these rows, each in two of
its own, and one row more is without any of them. So of any two such members a plan shows both,
either without the other, and neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from random import Random
from typing import Any, Final, TypeAlias

from hypothesis.strategies import SearchStrategy

from mockseg.schemas.members import Member, Members
from mockseg.strategies.classes import Choice, Script, Values, located

# The fields around the body: every event has them, so none needs rows of its own for them.
_AROUND: Final = frozenset(
    {"type", "userId", "anonymousId", "messageId", "timestamp", "context", "integrations"}
)
_BODIES: Final = frozenset({"properties", "traits"})
# Maximum number of rows that show each class of a type with each class of what depends on it.
_MOST_COMBINED: Final = 20
_CONTEXT: Final = "context"
# Every how many rows there is a context, and among how many rows those of absence are chosen.
_ROWS_OF_CONTEXT: Final = 4
_MOST_ABSENCES: Final = 24
# In how many rows a member is absent, beside others that may be.
_ABSENT_ROWS: Final = 2
Way: TypeAlias = Mapping[str, Values]


def optional(member: Member[Values]) -> Values:
    """Return the values of a member, with the class of its absence where it may be absent.

    The choice whether it is there is made by the object, not by the strategy.
    """
    value = member.value
    if member.required:
        return value

    def script(row: int, turn: int) -> Script:
        rounds, position = divmod(row, value.count + 1)
        if not position:
            return (False,)
        return (True, *value.script(rounds * value.count + position - 1, turn))

    return Values(strategy=value.strategy, count=value.count + 1, script=script)


def list_values(
    strategy: SearchStrategy[Any], item: Values, least: int, most: int, *, unique: bool = False
) -> Values:
    """Return lists: without items, with one, with two that are equal, with two that differ.

    Args:
        strategy: draws the lists, item by item.
        item: what they hold.
        least: minimum number of items.
        most: maximum number of items.
        unique: whether all items differ.
    """
    sampled = unique and item.sampled
    # One item, two equal ones, and all further classes two by two.
    full = item.count if most == 1 else 2 + item.count // 2
    count = full + (not least)

    def script(row: int, turn: int) -> Script:
        rounds, position = divmod(row, count)
        if not (position or least):
            return (False,)
        place = position - (not least)
        size = min(max(least, 1 if most == 1 or not place else 2), most)
        start = rounds * item.count + (place if place < 2 or most == 1 else 2 * place - 2)
        step = 0 if place == 1 and not unique else 1
        found = [item.script(start + index * step, turn) for index in range(size)]
        if sampled:
            # Hypothesis draws the others from those that are left, which need not be many.
            found[1:] = [(0,)] * (min(size, item.count) - 1)
        elif unique:
            found = list(dict.fromkeys(found))
        return _of_items(found, least, most)

    return Values(strategy=strategy, count=count, script=script)


def _of_items(items: Sequence[Script], least: int, most: int) -> Script:
    steps: list[Choice] = []
    for index, item in enumerate(items):
        # A list that must go on, or end, leaves nothing to choose.
        if index >= least:
            steps.append(True)
        steps += item
    return (*steps, False) if least <= len(items) < most else tuple(steps)


def object_values(
    strategy: SearchStrategy[Any],
    members: Members[Values],
    factors: Sequence[Sequence[Way]],
    tables: Sequence[Sequence[int]],
    extras: Values | None,
) -> Values:
    """Return objects with their classes.

    Args:
        strategy: draws them: an alternative of each factor, then the members in their order.
        members: all that is known of their properties.
        factors: the alternatives, each with the values of its members.
        tables: of each factor, the alternatives as often as each is drawn.
        extras: draws the properties that the schema does not name; None if there may be none.
    """
    classes = _Object(members, factors, tables, extras)
    return Values(strategy=strategy, count=classes.count, script=classes.script, bare=classes.bare)


class _Object:
    """The rows of one object.

    Attributes:
        count: how many there are.
        bare: whether nothing is in the object of the first one.
    """

    def __init__(
        self,
        members: Members[Values],
        factors: Sequence[Sequence[Way]],
        tables: Sequence[Sequence[int]],
        extras: Values | None,
    ) -> None:
        # Only a message has these fields, whatever the names in a body are.
        message = "type" in members.order and not _BODIES.isdisjoint(members.order)
        self._around = _AROUND if message else frozenset()
        self._bodies = _BODIES if message else frozenset()
        self._order, self._extras = members.order, extras
        self._factors = list(zip(factors, tables, strict=True))
        self._sizes = [[self._combined(way)[1] for way in factor] for factor in factors]
        inside = {n: m for n, m in members.always.items() if n not in self._around}
        spread = [n for n, m in inside.items() if not m.required and n not in self._bodies]
        self._spread = {name: at for at, name in enumerate(spread)} if len(spread) > 1 else {}
        # A body that may be empty or absent is so in the same row, by turns.
        self._bare_bodies = {
            n for n in self._bodies & set(inside) if inside[n].value.bare and not inside[n].required
        }
        context = members.always.get(_CONTEXT)
        self._rare_context = message and context is not None and not context.required
        apart = {*self._spread, *self._bare_bodies, *([_CONTEXT] if self._rare_context else ())}
        self._values = {
            name: member.value if name in apart else optional(member)
            for name, member in members.always.items()
        }
        self._enumeration = _most_told(inside)
        self._number_rows: dict[tuple[str, int, int], list[int]] = {}
        absent = _ABSENT_ROWS if self._spread else 0
        lengths = [self._values[n].count + absent * (n in self._spread) for n in inside]
        self._own = max((1, *lengths, *map(sum, self._sizes)))
        self._shown = self._own - absent
        self._first = int(bool(self._spread))
        self.count = self._own + self._first
        self.bare = bool(self._spread) and len(spread) == len(members.always) and not factors

    def script(self, row: int, turn: int) -> Script:
        rounds, position = divmod(row, self.count)
        steps: list[Choice] = []
        present: dict[str, Script] = {}
        of_way = max(0, position - self._first)
        for (factor, table), sizes in zip(self._factors, self._sizes, strict=True):
            # What all events have goes on from event to event; each body starts anew.
            anew = any(not self._bodies.isdisjoint(way) for way in factor)
            index, within = located(of_way if anew else rounds * self._own + of_way, sizes)
            # One thing leaves nothing to choose.
            steps += [table.index(index)] if len(table) > 1 else []
            present |= self._of_way(factor[index], within, turn)
        for place, name in enumerate(self._order):
            if name in present:
                steps += present[name]
            elif name in self._spread:
                shown = self._shown_row(name, row, turn)
                steps += (
                    (False,)
                    if shown is None
                    else (True, *self._mixed(name, shown, row, turn, place))
                )
            elif name in self._values:
                steps += self._of_member(name, row, turn, place)
        if self._extras is not None:
            steps += self._extras.script(row, turn)
        return tuple(steps)

    def _of_member(self, name: str, row: int, turn: int, place: int) -> Script:
        value = self._values[name]
        if name in self._bodies:
            rounds, position = divmod(row, self.count)
            if name not in self._bare_bodies:
                return value.script(position, turn)
            if not position % value.count and (rounds + turn) % 2:
                return (False,)
            return (True, *value.script(position, turn))
        if name == _CONTEXT and self._rare_context:
            return self._of_context(row, turn, place)
        return self._mixed(name, row, row, turn, place)

    def _mixed(self, name: str, shown: int, row: int, turn: int, place: int) -> Script:
        """Return the script of a member; of numbers one with or without a fraction, by turns.

        So each value of an enumeration, such as a currency, meets both in two turns.
        """
        value = self._values[name]
        if value.numbers != "both" or self._enumeration is None:
            return value.mixed(shown, turn, place)
        rounds, position = divmod(row, self.count)
        return value.script(self._numbers(name, self._enumeration, rounds, turn)[position], turn)

    def _numbers(self, name: str, enumeration: str, rounds: int, turn: int) -> list[int]:
        """Return which row of its own a number shows in each row of this round."""
        key = (name, rounds, turn)
        if key not in self._number_rows:
            fractions = self._values[name].count - 1
            others, place = self._values[enumeration], self._order.index(enumeration)
            counts = [rounds * (self._shown // 2)] * 2
            found = self._number_rows[key] = []
            for row in range(rounds * self.count, (rounds + 1) * self.count):
                among = others.class_of(self._shown_row(enumeration, row, turn) or 0, turn, place)
                whole = (among + turn) % 2
                at = counts[whole]
                turns, fraction = divmod(at, fractions)
                found.append(
                    at * (fractions + 1) if whole else turns * (fractions + 1) + 1 + fraction
                )
                counts[whole] += self._shown_row(name, row, turn) is not None
        return self._number_rows[key]

    def _of_context(self, row: int, turn: int, place: int) -> Script:
        # A context has forty fields, which take their time, so it is in one row of four.
        rounds, position = divmod(row, _ROWS_OF_CONTEXT)
        if position:
            return (False,)
        return (True, *self._values[_CONTEXT].mixed(rounds, turn, place))

    def _shown_row(self, name: str, row: int, turn: int) -> int | None:
        """Return which row of its own a member shows; None where it is absent."""
        if name not in self._spread:
            return row
        rounds, position = divmod(row, self.count)
        absent = _absences(self._own, self._spread[name], turn + rounds)
        at = position - self._first
        if at < 0 or at in absent:
            return None
        return rounds * self._shown + at - sum(each < at for each in absent)

    def _of_way(self, way: Way, row: int, turn: int) -> dict[str, Script]:
        first, count = self._combined(way)
        found = {
            name: member.mixed(row, turn, place, same=first is not None)
            for place, (name, member) in enumerate(way.items())
        }
        if first is not None:
            found[first] = way[first].script(row * way[first].count // count, turn)
        return found

    def _combined(self, way: Way) -> tuple[str | None, int]:
        """Return what an alternative is about, and how many rows show it.

        That is a type and the like, which conditions name first: it stays the same until the
        rest had all its classes, if that does not take too long.
        """
        first = next(iter(way), None)
        longest = max(
            (each.count for name, each in way.items() if name not in self._around), default=1
        )
        if first is None or first in self._around:
            return None, longest
        rest = max(
            (each.count for name, each in way.items() if name not in {first, *self._around}),
            default=1,
        )
        both = way[first].count * rest
        return (None, longest) if both > _MOST_COMBINED else (first, both)


def _most_told(members: Mapping[str, Member[Values]]) -> str | None:
    """Return the enumeration that numbers may depend on: a currency, else the largest."""
    told = [name for name, member in members.items() if member.value.sampled]
    return max(
        told, key=lambda name: ("currency" in name.lower(), members[name].value.count), default=None
    )


@lru_cache(maxsize=4096)
def _absences(rows: int, member: int, turn: int) -> tuple[int, ...]:
    """Return the rows that leave a member out; of few members no two are left out in the same."""
    among = list(combinations(range(min(rows, _MOST_ABSENCES)), _ABSENT_ROWS))
    Random(turn).shuffle(among)  # noqa: S311  (an order, no secret)
    rounds, at = divmod(member, len(among))
    return among[(at + rounds * turn) % len(among)]
