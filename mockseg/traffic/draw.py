"""Seeded choices, the same on every machine and every supported Python.

Python promises for one seed the same ``random()`` in all versions, and nothing of the
sort for ``choice``, ``shuffle`` and their like; a logarithm may differ in its last bit
between machines. So everything is made of ``random()``, multiplication and whole numbers.
Where a schema leaves a choice, values are plain, such as people send.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Final, TypeVar

from mockseg.json_types import Json, JsonObject
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.formats import format_text
from mockseg.schemas.members import Member, Members
from mockseg.schemas.patterns import character_row, write_text
from mockseg.schemas.values import differ, identity

_WORDS: Final = ("first", "second", "Welcome", "monthly", "text", "large", "blue", "step")
# What such a text usually is, where its length allows it.
_FORMATTED: Final = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "time": "09:30:00Z",
    "email": "someone@example.net",
    "uri": "https://app.example.com/page",
    "hostname": "app.example.com",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
}
# Tried one after the other where a pattern is more than a row of characters.
_TEXTS: Final = (
    *_WORDS, *_FORMATTED.values(), "12", "7", "1234", "123456789", "a", "A", "ABC", "abcdef",
    "ABC-123", "abc_def", "SKU-1001", "EUR", "USD", "en", "en-US", "en_US", "1.0.0", "v1.0.0",
    "#a0b1c2", "+12025550100", "/path", "$1.00", "12.50", "usr_123", "2026-01", "09:30",
    "0123456789abcdef", "0123456789abcdef0123456789abcdef", "hello world", "",
)  # fmt: skip
_TRIES: Final = 100
_ABOVE: Final = 2


class SeededChooser:
    """Makes functions that draw a value each time they are called.

    Args:
        draw: where the choices come from.
    """

    named = False

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def anything(self) -> Callable[[], Any]:
        return self.among(list(_WORDS))

    def among(self, values: list[Json]) -> Callable[[], Any]:
        # "Or null" is for what is rarely there.
        there = [value for value in values if value is not None] or values
        return lambda: self._draw.pick(there)

    def one_of(self, choices: list[Callable[[], Any]]) -> Callable[[], Any]:
        return lambda: self._draw.pick(choices)()  # noqa: PLW0108  (another one each time)

    def changed(self, value: Callable[[], Any], change: Callable[[Any], Any]) -> Callable[[], Any]:
        return lambda: change(value())

    def text(self, name: str, least: int, most: int | None) -> Callable[[], Any]:
        del name
        return lambda: self._draw.pick(_WORDS).ljust(least, "x")[:most]

    def formatted(
        self, kind: str, name: str, least: int, most: int | None
    ) -> Callable[[], Any] | None:
        del name
        usual = _FORMATTED.get(kind)
        if usual is not None and least <= len(usual) and (most is None or len(usual) <= most):
            return lambda: usual
        coded = format_text(kind, least, most)
        if coded is None:
            return None
        return lambda: coded.read(bytes(self._draw.below(256) for _ in range(coded.size)))

    def matching(self, pattern: str, least: int, most: int | None) -> Callable[[], Any] | None:
        row = character_row(pattern, least, most)
        if row is not None:
            return lambda: self._drawn(row)
        schema: JsonObject = {"pattern": pattern, "minLength": least}
        if most is not None:
            schema["maxLength"] = most
        is_valid = compile_schema(schema).is_valid
        usual = [text for text in _TEXTS if is_valid(text)]

        above = max(_ABOVE, least)

        def made() -> str | None:
            tries = (write_text(pattern, self._draw.below, above=above) for _ in range(_TRIES))
            found = (text for text in tries if text is not None and is_valid(text))
            return next(found, self._draw.pick(usual) if usual else None)

        return None if made() is None else made

    def kept(
        self, value: Callable[[], Any], test: Callable[[Any], bool], known: list[Any]
    ) -> Callable[[], Any]:
        def made() -> Any:
            drawn = (value() for _ in range(_TRIES))
            found = (each for each in drawn if test(each))
            return next(found, self._draw.pick(known))

        return made

    def distinct(self, rows: Callable[[], Any]) -> Callable[[], Any]:
        def made() -> Any:
            for _ in range(_TRIES):
                row = rows()
                if differ(row):
                    break
            return row

        return made

    def _drawn(self, row: list[tuple[str, int, int]]) -> str:
        return "".join(
            self._draw.pick(chars)
            for chars, low, high in row
            for _ in range(low + self._draw.below(min(high - low, 8) + 1))
        )

    def whole(self, least: int | None, most: int | None) -> Callable[[], Any]:
        if least is None:
            least = 1 if most is None or most >= 1 else most - 100
        width = 100 if most is None else most - least
        return lambda: least + self._draw.below(width + 1)

    def fraction(
        self, least: float | None, most: float | None, *, above: bool, below: bool
    ) -> Callable[[], Any]:
        if least is None:
            least = 1.0 if most is None or most > 1 or (most == 1 and not below) else most - 100
        high = least + 100 if most is None else most

        def made() -> float:
            number = least + (high - least) * (0.01 + 0.98 * self._draw.random())
            short = round(number, 2)
            fits = (least < short or (short == least and not above)) and (
                short < high or (short == high and not below)
            )
            return short if fits else number

        return made

    def listed(
        self, item: Callable[[], Any], least: int, most: int, *, unique: bool
    ) -> Callable[[], Any] | None:

        def made() -> list[Any]:
            count = min(max(least, 1) + self._draw.below(2), most)
            found: dict[bytes | int, Any] = {}
            for number in range(count * _TRIES if unique else count):
                value = item()
                found.setdefault(identity(value) if unique else number, value)
                if len(found) == count:
                    break
            return list(found.values())

        return made

    def mapping(self, members: Members[Callable[[], Any]]) -> Callable[[], Any]:
        # Three of four optional properties are there.
        tables = [(factor, members.table(factor)) for factor in members.factors]

        def made() -> JsonObject:
            present = dict(members.always)
            for factor, table in tables:
                present |= factor[self._draw.pick(table)]
            there = [
                name
                for name in members.order
                if name in present and (present[name].required or self._draw.below(4))
            ]
            return self._counted({name: present[name] for name in there}, present, members)

        return made

    def _counted(
        self,
        there: dict[str, Member[Callable[[], Any]]],
        present: dict[str, Member[Callable[[], Any]]],
        members: Members[Callable[[], Any]],
    ) -> JsonObject:
        optional = [name for name, member in there.items() if not member.required]
        while members.most is not None and len(there) > members.most and optional:
            del there[optional.pop()]
        for name in members.order:
            if len(there) < members.least and name in present:
                there.setdefault(name, present[name])
        value = {name: there[name].value() for name in members.order if name in there}
        count = 0
        while members.others is not None and len(value) < members.least:
            value.setdefault(f"more{count}", members.others())
            count += 1
        return value


_T = TypeVar("_T")
_STEPS: Final = 64


def _exponential() -> tuple[int, ...]:
    """Return quantiles of the exponential distribution of mean 1, in thousandths.

    They are the expected order statistics, sums of 1/n, which need no logarithm.
    """
    shares = (1000 / (_STEPS - step) for step in range(_STEPS))
    return tuple(round(total) for total in accumulate(shares))


# How long people think, beside the mean of 1000: mostly short, sometimes long.
EXPONENTIAL: Final = _exponential()


class Draw:
    """A seeded stream of draws.

    Attributes:
        random: gives the next number from 0 up to, but not including, 1.
    """

    __slots__ = ("random",)

    def __init__(self, *seed: object) -> None:
        """Begin a stream; other words give a stream that has nothing to do with this one."""
        # A text is seeded through SHA-512, a tuple would be through `hash`.
        self.random: Callable[[], float] = random.Random("/".join(map(str, seed))).random  # noqa: S311 - not for secrets

    def below(self, count: int) -> int:
        return int(self.random() * count)

    def pick(self, items: Sequence[_T]) -> _T:
        return items[int(self.random() * len(items))]

    def hexadecimal(self, digits: int) -> str:
        text = ""
        while len(text) < digits:
            # Ten digits are well within the bits of one draw.
            text += f"{int(self.random() * (1 << 40)):010x}"
        return text[:digits]

    def uuid(self) -> str:
        text = self.hexadecimal(30)
        return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-a{text[15:18]}-{text[18:30]}"
