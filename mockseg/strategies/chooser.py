"""How Hypothesis makes the choices that a schema leaves; here the plain values.

Values come from the whole space that a schema allows, the simplest first, for Hypothesis
shrinks towards what is simple.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import shake_128
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.json_types import Json, JsonObject, as_object, encode_for_wire
from mockseg.schemas.formats import Coded, format_text
from mockseg.schemas.members import Member, Members
from mockseg.schemas.values import differ, identity
from mockseg.strategies.classes import Script, Values, classed, either, in_turn, unclassed
from mockseg.strategies.nested_classes import list_values, object_values, optional
from mockseg.strategies.objects import Properties, Ways
from mockseg.strategies.patterned import passing, patterned

_PADDING: Final = "padding"


def encode(message: Json) -> bytes:
    """Encode as compact JSON in UTF-8; where a lone surrogate is in it, all in escapes.

    Raises:
        MalformedJsonError: it is not JSON.
    """
    return encode_for_wire(message)


def padded(message: JsonObject, size: int, *, char: str = "x") -> JsonObject:
    """Return a message padded to exactly this many bytes, by a text in its context.

    One that is too large already comes back as it is.

    Args:
        message: the message.
        size: in bytes.
        char: what the text is made of; where its bytes do not fill the size, ``x`` does.
    """

    def filled(text: str) -> JsonObject:
        context = {**as_object(message.get("context")), _PADDING: text}
        return {**message, "context": context}

    bare = len(encode(filled("")))
    if bare > size:
        return message
    # In a message with a lone surrogate, all other characters are escapes too.
    count, rest = divmod(size - bare, len(encode(filled(char))) - bare)
    return filled(char * count + "x" * rest)


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


# Up to here every whole number is a double.
LARGEST: Final = 2**53 - 1
# What breaks consumers in practice: separators of lists and columns, quotes, line ends.
_SEPARATORS: Final = 'a,"\n\t;'
_TROUBLE: Final = "1' \\/.:%&=?<>{}[]|-_@#$\r\u00e9\u6f22\U0001f600"
# Around zero there are more mistakes than anywhere else.
_SMALL: Final = (-2, 5)
# Maximum number of a format's codes, those that look different.
_TRIED_CODES: Final = 48
_MOST_FORMS: Final = 8

# What breaks consumers, all in one. Between its two ends are characters of four bytes, which begin
# at an odd byte: any even number of bytes from 14 on cuts inside of one. The middle is as long as
# fits. Hypothesis gives up a message of more than 8 KB, so a text has less than 300 bytes.
_HEAD: Final = " A,,b;\"c\"\n'd'"
_MIDDLE: Final = "\U0001f600"
_TAIL: Final = "\t\u00e9e\u0301\u00df\u0130\u6f22\\<e>&|$%s{1}[2]/:?=#.@_-+*!^~`\r "
_LONGEST_MIDDLE: Final = 50
# Classes of texts, each with scripts that take turns: all that breaks consumers, or nothing
# special; empty, or an id of digits; nearly empty.
_TEXTS: Final = (("a", "A, b"), ("", "007", ""), ("   ", "0", "null"))
# Classes of numbers, likewise: zero, negative, beyond 32 bits; where fractions may be, as
# fractions, of more digits than a cent has.
_WHOLE: Final = ((0,), (-1, 3, 7), (2**33 + 7, 1, 10, 2))
_FRACTIONS: Final = ((-2.015625, 0.015625, 7.5), (2**33 + 0.5, 19.99))
# Up to this many whole numbers are told apart like the members of an enumeration.
_FEW_NUMBERS: Final = 6


class PlainChooser:
    """The whole space of legal values, the simplest first.

    Attributes:
        named: whether the values depend on the names of properties.
        most_extras: maximum number of unplanned properties in an open object.
    """

    named = False
    most_extras = 2

    def among(self, values: list[Json]) -> Values:
        if len(values) == 1:
            return classed(st.just(values[0]), [()])
        found = classed(st.sampled_from(values), [(index,) for index in range(len(values))])
        return replace(found, sampled=True)

    def one_of(self, choices: list[Values]) -> Values:
        return either(choices)

    def changed(self, value: Values, change: Callable[[Any], Any]) -> Values:
        return value.changed(change)

    def text(self, name: str, least: int, most: int | None) -> Values:
        # Of all characters, and of those that break consumers.
        del name
        if most is not None and most <= 0:
            return classed(st.just(""), [()])
        drawn = st.one_of(
            st.text(min_size=least, max_size=most),
            st.text(_SEPARATORS, min_size=least, max_size=most),
            st.text(_TROUBLE, min_size=least, max_size=most),
        )
        first, *others = _TEXTS
        kinds = dict.fromkeys(
            fitting(texts, least, most) for texts in ((_troublesome(most), *first), *others)
        )
        return in_turn(drawn, [[(0, text) for text in texts] for texts in kinds])

    def formatted(self, kind: str, name: str, least: int, most: int | None) -> Values | None:
        del name
        coded = format_text(kind, least, most)
        return None if coded is None else coded_text(coded)

    def whole(self, least: int | None, most: int | None) -> Values:
        # Numbers that a double holds, small ones more often.
        if least is None and most is None:
            drawn = st.one_of(st.integers(*_SMALL), st.integers(-LARGEST, LARGEST))
            return _whole_numbers(drawn, _WHOLE, lambda number: (1, number))
        low = min(-LARGEST, most or 0) if least is None else least
        high = max(LARGEST, least or 0) if most is None else most
        drawn = st.integers(low, high)
        if high - low < _FEW_NUMBERS:
            return classed(drawn, [(number,) for number in range(low, high + 1)])
        limits = [(limit,) for limit in (least, most) if limit is not None]
        inside = [[number for number in kind if low < number < high] for kind in _WHOLE]
        return _whole_numbers(drawn, [*limits, *filter(None, inside)], lambda number: (number,))

    def fraction(
        self, least: float | None, most: float | None, *, above: bool, below: bool
    ) -> Values:
        drawn = st.floats(
            least,
            most,
            exclude_min=above and least is not None,
            exclude_max=below and most is not None,
            allow_nan=False,
            allow_infinity=False,
        )
        inside = [
            [
                number
                for number in kind
                if (least is None or number > least) and (most is None or number < most)
            ]
            for kind in _FRACTIONS
        ]
        kinds = list(filter(None, inside))
        if not kinds:
            return unclassed(drawn)
        found = in_turn(drawn, [[(number,) for number in kind] for kind in kinds])
        return replace(found, numbers="fraction")

    def anything(self) -> Values:
        return in_turn(_ANYTHING, [[(1, 0), (2, False)], [(0, "a"), (4, 0.5)], [(3,), (5, False)]])

    def names(self) -> Values:
        return classed(_NAMES, [(0, "extra"), (1, " \u00e9.$")], count=1)

    def matching(self, pattern: str, least: int, most: int | None) -> Values | None:
        return patterned(pattern, least, most)

    def kept(self, value: Values, test: Callable[[Any], bool], known: list[Any]) -> Values:
        return passing(value.strategy, test, known)

    def distinct(self, rows: Values) -> Values:
        # Each item has values of its own, so that none can stand in for another.
        return unclassed(rows.strategy.filter(differ))

    def listed(self, item: Values, least: int, most: int, *, unique: bool) -> Values | None:
        if not unique:
            drawn = st.lists(item.strategy, min_size=least, max_size=most)
            return list_values(drawn, item, least, most)
        found = st.lists(item.strategy, min_size=least, max_size=most, unique_by=identity)
        try:
            # Hypothesis counts the values that alternatives leave, but only when asked.
            found.validate()
        except InvalidArgument:
            return None
        return list_values(found, item, least, most, unique=True)

    def mapping(self, members: Members[Values]) -> Values:
        # Where the size is limited, what is lacking is put in, in order.
        if members.least or members.most is not None:
            return unclassed(_counted(members))
        extras = self._extras(members)
        always = _drawn(members.always)
        factors = [
            [{name: optional(m) for name, m in way.items()} for way in factor]
            for factor in members.factors
        ]
        tables = [members.table(factor) for factor in members.factors]
        choices = tuple(
            (table, tuple(map(_drawn, factor)))
            for table, factor in zip(tables, members.factors, strict=True)
        )
        strategy = Ways(choices, always, members.order, None if extras is None else extras.strategy)
        return object_values(strategy, members, factors, tables, extras)

    def _extras(self, members: Members[Values]) -> Values | None:
        """Return unplanned properties, in one object of three."""
        others = members.others
        if others is None:
            return None
        known = frozenset(members.order)
        names = self.names()
        some = st.dictionaries(
            names.strategy, others.strategy, min_size=1, max_size=self.most_extras
        ).map(lambda found: {name: value for name, value in found.items() if name not in known})

        def script(row: int, turn: int) -> Script:
            if row % 3 < 2:
                return (row % 3,)
            # Each turn begins with another name, for a turn may have few rows.
            return (2, *names.script(row // 3 + turn, turn), *others.script(row // 3, turn), False)

        # Nothing is the simplest, and most often what is there.
        return Values(
            strategy=st.one_of(st.just({}), st.builds(dict), some), count=1, script=script
        )


def _drawn(members: Mapping[str, Member[Values]]) -> Properties:
    return {name: (member.value.strategy, member.required) for name, member in members.items()}


def _troublesome(most: int | None) -> str:
    """Return what breaks consumers, its middle as long as this many characters allow."""
    length = _LONGEST_MIDDLE
    if most is not None:
        length = max(1, min(length, most - len(_HEAD) - len(_TAIL)))
    return _HEAD + _MIDDLE * length + _TAIL


def fitting(texts: Iterable[str], least: int, most: int | None) -> tuple[str, ...]:
    """Return texts, each made as long as it must be and as short as it may be."""
    return tuple(dict.fromkeys(text.ljust(least, "x")[:most] for text in texts))


def _whole_numbers(
    drawn: SearchStrategy[Any],
    kinds: Sequence[Sequence[Any]],
    script: Callable[[Any], Script],
) -> Values:
    """Return whole numbers with one class for each kind; beside fractions with one in all."""
    once = dict.fromkeys(number for several in zip_longest(*kinds) for number in several)
    together = [script(number) for number in once if number is not None]
    return replace(
        in_turn(drawn, [[script(number) for number in kind] for kind in kinds]),
        beside=in_turn(drawn, [together]),
        numbers="whole",
    )


def coded_text(coded: Coded) -> Values:
    """Return texts of a format; those of the rows differ in their form."""
    # The first is the simplest.
    codes = [bytes(coded.size), *coded.telling]
    codes += [shake_128(bytes([number])).digest(coded.size) for number in range(1, _TRIED_CODES)]
    forms: dict[str, bytes] = {}
    for code in codes:
        form = re.sub("[0-9]+", "0", re.sub("[A-Za-z]+", "a", coded.read(code)))
        forms.setdefault(form, code)
    # Those of one form differ in what they say, such as the day.
    shown = list(dict.fromkeys((*coded.telling, *forms.values(), *codes)))[:_MOST_FORMS]
    drawn = st.binary(min_size=coded.size, max_size=coded.size).map(coded.read)
    return classed(
        drawn, [(code,) for code in shown], count=min(4, len(coded.telling) or len(forms))
    )


@st.composite
def _counted(draw: DrawFn, members: Members[Values]) -> JsonObject:
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
        value[name] = draw(member.value.strategy)
    count = 0
    while members.others is not None and len(value) < members.least:
        name = f"more{count}"
        count += 1
        if name not in members.order:
            value[name] = draw(members.others.strategy)
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
