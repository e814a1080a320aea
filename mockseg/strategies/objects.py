"""Objects: which properties are there, and with which values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from mockseg.strategies.palette import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockseg.json_types import JsonObject

__all__ = ["Member", "Members", "miscounted", "object_strategy"]


@dataclass(frozen=True, slots=True)
class Member:
    """A property that may be there.

    Attributes:
        strategy: its values.
        required: whether it must be there.
        weight: how often an alternative with it is drawn beside others.
    """

    strategy: SearchStrategy[Any]
    required: bool
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """All that is known of the properties of an object.

    Attributes:
        always: the properties that no condition is about.
        factors: independent choices; each alternative gives the properties that it is about.
        order: the order of all names.
        least, most: how many properties there may be.
        others: the values of properties that nobody named; None if there may be none.
        names: names for those.
        most_others: how many of those there may be.
    """

    always: Mapping[str, Member]
    factors: tuple[tuple[Mapping[str, Member], ...], ...]
    order: tuple[str, ...]
    least: int
    most: int | None
    others: SearchStrategy[Any] | None
    names: SearchStrategy[str]
    most_others: int


def object_strategy(members: Members) -> SearchStrategy[JsonObject]:
    """Give the objects; of those with limits of their size, there must be some."""
    if members.least or members.most is not None:
        return _counted(members)
    extras = _extras(members)
    if not members.factors:
        row = tuple(
            (name, _optional(members.always[name]))
            for name in members.order
            if name in members.always
        )
        return _row(row, extras)
    return _chosen(members, extras)


def _optional(member: Member) -> SearchStrategy[Any]:
    return member.strategy if member.required else _perhaps(member.strategy)


@st.composite
def _perhaps(draw: DrawFn, strategy: SearchStrategy[Any]) -> Any:
    """Draw nothing, which is simplest, in one case of two.

    Of ``one_of`` that would be one case of many: Hypothesis counts the alternatives of an
    alternative as its own.
    """
    return draw(strategy) if draw(_BOOLEANS) else ABSENT


_BOOLEANS: Final = st.booleans()


def _extras(members: Members) -> SearchStrategy[JsonObject] | None:
    """Give properties that nobody named, in one object of three."""
    if members.others is None:
        return None
    known = frozenset(members.order)
    some = st.dictionaries(
        members.names, members.others, min_size=1, max_size=members.most_others
    ).map(lambda found: {name: value for name, value in found.items() if name not in known})
    # Nothing is the simplest, and most often what is there.
    return st.one_of(st.just({}), st.builds(dict), some)


@st.composite
def _row(
    draw: DrawFn,
    row: tuple[tuple[str, SearchStrategy[Any]], ...],
    extras: SearchStrategy[JsonObject] | None,
) -> JsonObject:
    value: JsonObject = {}
    for name, strategy in row:
        found = draw(strategy)
        if found is not ABSENT:
            value[name] = found
    if extras is not None:
        value |= draw(extras)
    return value


@st.composite
def _ways(
    draw: DrawFn,
    choices: tuple[tuple[SearchStrategy[int], tuple[Mapping[str, SearchStrategy[Any]], ...]], ...],
    always: Mapping[str, SearchStrategy[Any]],
    order: tuple[str, ...],
    extras: SearchStrategy[JsonObject] | None,
) -> JsonObject:
    present = dict(always)
    for index, ways in choices:
        present |= ways[draw(index)]
    value: JsonObject = {}
    for name in order:
        if name in present:
            found = draw(present[name])
            if found is not ABSENT:
                value[name] = found
    if extras is not None:
        value |= draw(extras)
    return value


def _chosen(
    members: Members, extras: SearchStrategy[JsonObject] | None
) -> SearchStrategy[JsonObject]:
    choices = tuple(
        (
            st.sampled_from(_table(factor)),
            tuple({name: _optional(m) for name, m in way.items()} for way in factor),
        )
        for factor in members.factors
    )
    always = {name: _optional(member) for name, member in members.always.items()}
    return _ways(choices, always, members.order, extras)


def _table(factor: tuple[Mapping[str, Member], ...]) -> list[int]:
    """Give the positions of alternatives, those that allow more values more often."""
    return [
        index
        for index, way in enumerate(factor)
        for _ in range(max((member.weight for member in way.values()), default=1))
    ]


def miscounted(members: Members) -> str | None:
    """Tell why there cannot be so many or so few properties; None if there can."""
    needed = sum(member.required for member in members.always.values())
    if members.most is not None and needed > members.most:
        return f"{needed} properties are required and at most {members.most} allowed"
    if members.most is not None and members.least > members.most:
        return f"it wants {members.least} properties and at most {members.most} are allowed"
    if members.others is None and len(members.always) < members.least:
        return f"it wants {members.least} properties and knows {len(members.always)}"
    return None


@st.composite
def _counted(draw: DrawFn, members: Members) -> JsonObject:
    """Draw an object with limits of its size: what is lacking is put in, in order."""
    present = members.always
    names = [name for name in members.order if name in present]
    value: JsonObject = {}
    needed = sum(present[name].required for name in names)
    room = len(names) if members.most is None else members.most - needed
    spare = len(names) - needed
    lacking = members.least - needed
    for name in names:
        member = present[name]
        if not member.required:
            spare -= 1
            if room <= 0 or (lacking <= spare and not draw(st.booleans())):
                continue
            room -= 1
            lacking -= 1
        value[name] = draw(member.strategy)
    count = 0
    while members.others is not None and len(value) < members.least:
        name = f"more{count}"
        count += 1
        if name not in members.order:
            value[name] = draw(members.others)
    return value
