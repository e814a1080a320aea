"""How Hypothesis makes the choices that a schema leaves; here the plain values.

Values come from the whole space that a schema allows, the simplest first, for Hypothesis
shrinks towards what is simple.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.json_types import Json, JsonObject, as_object, encode_for_wire
from mockseg.schemas.formats import Coded, format_text
from mockseg.schemas.patterns import character_row, to_python
from mockseg.schemas.values import Member, Members, identity

_PADDING: Final = "padding"


def encode(message: Json) -> bytes:
    """Encode as compact JSON in UTF-8; where a lone surrogate is in it, all in escapes.

    Raises:
        MalformedJsonError: it is not JSON.
    """
    return encode_for_wire(message)


def padded(message: JsonObject, size: int) -> JsonObject:
    """Return a message padded to this many bytes, by a text in its context.

    One that is too large already comes back as it is.
    """
    filled = {**message, "context": {**as_object(message.get("context")), _PADDING: ""}}
    lacking = size - len(encode(filled))
    if lacking < 0:
        return message
    filled["context"][_PADDING] = "x" * lacking
    return filled


T = TypeVar("T")


def fresh(strategy: SearchStrategy[T]) -> SearchStrategy[T]:
    """Return the same values, each drawn without copies of its own parts.

    Of the examples of a test, Hypothesis makes some five of six by copying one part of an
    earlier example over another part of the same kind. That finds bugs that need equal
    values, and hides branches: of 200 examples about 35 have a first choice of their own.
    A message has few parts that are worth being equal, and many branches. Inside of a
    collection of distinct elements nothing is copied, so a message is drawn as the one
    element of such a collection.
    """
    return st.lists(strategy, min_size=1, max_size=1, unique_by=lambda _: 0).map(itemgetter(0))


# Stands for a property that is not there.
ABSENT: Final = object()
# Up to here every whole number is a double.
LARGEST: Final = 2**53 - 1
# What breaks consumers in practice: separators of lists and columns, quotes, line ends.
_SEPARATORS: Final = 'a,"\n\t;'
_TROUBLE: Final = "1' \\/.:%&=?<>{}[]|-_@#$\r\u00e9\u6f22\U0001f600"
# Around zero there are more mistakes than anywhere else.
_SMALL: Final = (-2, 5)
_BOOLEANS: Final = st.booleans()


class PlainChooser:
    """The whole space of legal values, the simplest first.

    Attributes:
        named: whether the values depend on the names of properties.
        most_extras: maximum number of unplanned properties in an open object.
    """

    named = False
    most_extras = 2

    def among(self, values: list[Json]) -> SearchStrategy[Any]:
        return st.sampled_from(values) if len(values) > 1 else st.just(values[0])

    def one_of(self, choices: list[SearchStrategy[Any]]) -> SearchStrategy[Any]:
        return st.one_of(choices)

    def changed(
        self, value: SearchStrategy[Any], change: Callable[[Any], Any]
    ) -> SearchStrategy[Any]:
        return value.map(change)

    def text(self, name: str, least: int, most: int | None) -> SearchStrategy[str]:
        # Of all characters, and of those that break consumers.
        del name
        if most is not None and most <= 0:
            return st.just("")
        return st.one_of(
            st.text(min_size=least, max_size=most),
            st.text(_SEPARATORS, min_size=least, max_size=most),
            st.text(_TROUBLE, min_size=least, max_size=most),
        )

    def formatted(
        self, kind: str, name: str, least: int, most: int | None
    ) -> SearchStrategy[str] | None:
        del name
        coded = format_text(kind, least, most)
        return None if coded is None else coded_text(coded)

    def whole(self, least: int | None, most: int | None) -> SearchStrategy[int]:
        # Numbers that a double holds, small ones more often.
        if least is None and most is None:
            return st.one_of(st.integers(*_SMALL), st.integers(-LARGEST, LARGEST))
        low = min(-LARGEST, most or 0) if least is None else least
        high = max(LARGEST, least or 0) if most is None else most
        return st.integers(low, high)

    def fraction(
        self, least: float | None, most: float | None, *, above: bool, below: bool
    ) -> SearchStrategy[float]:
        return st.floats(
            least,
            most,
            exclude_min=above and least is not None,
            exclude_max=below and most is not None,
            allow_nan=False,
            allow_infinity=False,
        )

    def anything(self) -> SearchStrategy[Any]:
        return _ANYTHING

    def names(self) -> SearchStrategy[str]:
        return _NAMES

    def matching(self, pattern: str, least: int, most: int | None) -> SearchStrategy[str] | None:
        # Class by class where a pattern is a row of them, which is fast and shrinks well.
        row = character_row(pattern, least, most)
        if row is None:
            expression = to_python(pattern)
            # Of a row it is known that the length does not fit.
            if expression is None or least or most is not None:
                return None
            return st.from_regex(expression)
        parts = [st.text(chars, min_size=low, max_size=high) for chars, low, high in row if high]
        return parts[0] if len(parts) == 1 else st.tuples(*parts).map("".join)

    def listed(
        self, item: SearchStrategy[Any], least: int, most: int, *, unique: bool
    ) -> SearchStrategy[list[Any]] | None:
        if not unique:
            return st.lists(item, min_size=least, max_size=most)
        found = st.lists(item, min_size=least, max_size=most, unique_by=identity)
        try:
            # Hypothesis counts the values that alternatives leave, but only when asked.
            found.validate()
        except InvalidArgument:
            return None
        return found

    def mapping(self, members: Members[SearchStrategy[Any]]) -> SearchStrategy[JsonObject]:
        # Where the size is limited, what is lacking is put in, in order.
        if members.least or members.most is not None:
            return _counted(members)
        extras = self._extras(members)
        always = {name: _optional(member) for name, member in members.always.items()}
        choices = tuple(
            (
                st.sampled_from(members.table(factor)),
                tuple({name: _optional(m) for name, m in way.items()} for way in factor),
            )
            for factor in members.factors
        )
        return _ways(choices, always, members.order, extras)

    def _extras(self, members: Members[SearchStrategy[Any]]) -> SearchStrategy[JsonObject] | None:
        """Return unplanned properties, in one object of three."""
        if members.others is None:
            return None
        known = frozenset(members.order)
        some = st.dictionaries(
            self.names(), members.others, min_size=1, max_size=self.most_extras
        ).map(lambda found: {name: value for name, value in found.items() if name not in known})
        # Nothing is the simplest, and most often what is there.
        return st.one_of(st.just({}), st.builds(dict), some)


def coded_text(coded: Coded) -> SearchStrategy[str]:
    return st.binary(min_size=coded.size, max_size=coded.size).map(coded.read)


def _optional(member: Member[SearchStrategy[Any]]) -> SearchStrategy[Any]:
    return member.value if member.required else _perhaps(member.value)


@st.composite
def _perhaps(draw: DrawFn, strategy: SearchStrategy[Any]) -> Any:
    """Draw nothing, which is simplest, in one case of two.

    Of ``one_of`` that would be one case of many: Hypothesis counts the alternatives of an
    alternative as its own.
    """
    return draw(strategy) if draw(_BOOLEANS) else ABSENT


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


@st.composite
def _counted(draw: DrawFn, members: Members[SearchStrategy[Any]]) -> JsonObject:
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
        value[name] = draw(member.value)
    count = 0
    while members.others is not None and len(value) < members.least:
        name = f"more{count}"
        count += 1
        if name not in members.order:
            value[name] = draw(members.others)
    return value


_NAMES: Final = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8), st.text(max_size=8)
)
_SCALARS: Final = st.one_of(
    st.text(max_size=10),
    st.integers(-LARGEST, LARGEST),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)
_ANYTHING: Final = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=3),
    st.dictionaries(_NAMES, _SCALARS, max_size=3),
    st.dictionaries(_NAMES, st.lists(_SCALARS, max_size=2), max_size=2),
)

PLAIN: Final = PlainChooser()
