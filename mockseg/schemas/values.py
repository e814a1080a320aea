"""From a schema to its values: constructed rather than filtered; a chooser makes the choices.

Each conjunction of schemas becomes one value of the chooser's own kind (a Hypothesis
strategy, a function that draws), which later uses share. Where no value can be, the place
and the reason are kept for the error that is raised at the end.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from copy import deepcopy
from fractions import Fraction
from math import inf, lcm, nextafter
from typing import Any, Final, Generic, Protocol, TypeVar

from mockseg.errors import PlanError
from mockseg.json_types import Json, canonical
from mockseg.schemas.format_checks import ASSERTED
from mockseg.schemas.formats import MOMENT
from mockseg.schemas.members import Member, Members
from mockseg.schemas.shapes import Conjunction, Shape, expand, merged
from mockseg.schemas.texts import known_texts, text_test

V = TypeVar("V")

_LONGEST_LIST: Final = 6
_MOST_FACTOR: Final = 10**9


class PlanWarning(UserWarning):
    """An optional property is never drawn, because its values cannot be constructed."""


class Chooser(Protocol[V]):
    """What makes the choices that a schema leaves; each method returns a value to draw later.

    Attributes:
        named: whether values depend on the names of properties.
    """

    named: bool

    def anything(self) -> V:
        """Any JSON value."""

    def among(self, values: list[Json]) -> V:
        """One of these JSON values."""

    def one_of(self, choices: list[V]) -> V:
        """What one of these draws."""

    def changed(self, value: V, change: Callable[[Any], Any]) -> V:
        """What a function makes of the value that is drawn."""

    def text(self, name: str, least: int, most: int | None) -> V:
        """Strings of a length in characters, for the property of a name."""

    def formatted(self, kind: str, name: str, least: int, most: int | None) -> V | None:
        """Strings of a format that plans assert; None where they cannot be constructed."""

    def matching(self, pattern: str, least: int, most: int | None) -> V | None:
        """Strings that match a pattern; None where they cannot be constructed."""

    def kept(self, value: V, test: Callable[[Any], bool], known: list[Any]) -> V:
        """Those values that pass a test; some that do are known, the simplest first."""

    def distinct(self, rows: V) -> V:
        """Those lists whose items all differ."""

    def whole(self, least: int | None, most: int | None) -> V:
        """Whole numbers."""

    def fraction(self, least: float | None, most: float | None, *, above: bool, below: bool) -> V:
        """Numbers, whole ones aside; ``above`` and ``below`` exclude the limits."""

    def listed(self, item: V, least: int, most: int, *, unique: bool) -> V | None:
        """Lists of items; None where there are too few that differ."""

    def mapping(self, members: Members[V]) -> V:
        """Objects."""


class Builder(Generic[V]):
    """Makes values of schemas that :func:`mockseg.schemas.soundness.usable` returned.

    Args:
        chooser: makes the choices.
        file: the plan's name, for errors.
    """

    def __init__(self, chooser: Chooser[V], *, file: str) -> None:
        self._chooser = chooser
        self._file = file
        self._made: dict[tuple[bytes, str], V | None] = {}
        # Where no value can be, and why; the deepest is reported.
        self._dead: list[tuple[str, str]] = []
        # Places of what is never left out.
        self._whole: set[str] = set()

    def build(self, schemas: Iterable[Json], *, place: str) -> V:
        """Return the values that satisfy all of these schemas.

        Raises:
            PlanError: no value does, or they cannot be constructed.
        """
        self._dead.clear()
        self._whole = {f"{place}.properties.{name}" for name in ("properties", "traits")}
        found = self.value(tuple(schemas), name="", place=place)
        if found is not None:
            return found
        where, why = max(self._dead, key=lambda each: len(each[0]), default=(place, "it is false"))
        raise PlanError(f"nothing satisfies this schema: {why}", file=self._file, place=where)

    def value(self, schemas: Conjunction, *, name: str, place: str) -> V | None:
        wanted = [schema for schema in schemas if schema not in (True, {})]
        if not wanted:
            return self._chooser.anything()
        key = (canonical(wanted), name if self._chooser.named else "")
        if key not in self._made:
            self._made[key] = self._value(tuple(wanted), name=name, place=place)
        return self._made[key]

    def _dead_end(self, place: str, why: str) -> V | None:
        self._dead.append((place, why))
        return None

    def _value(self, schemas: Conjunction, *, name: str, place: str) -> V | None:
        expansion = expand(
            schemas,
            file=self._file,
            place=place,
            possible=lambda plain: self._is_possible(plain, place=place),
        )
        if expansion is None:
            return self._dead_end(place, "it is false, or its conditions exclude each other")
        if not expansion.factors:
            return self._of_plain(expansion.plain, (), name=name, place=place)
        shape = merged(expansion.plain)
        apart = shape.types == ["object"] and shape.values is None
        counted = shape.members.least is not None or shape.members.most is not None
        if apart and not counted and self._keyed(expansion.factors):
            return self._of_plain(expansion.plain, expansion.factors, name=name, place=place)
        ways: list[Conjunction] = [expansion.plain]
        for factor in expansion.factors:
            ways = [(*one, *other) for one in ways for other in factor]
        made = [self._of_plain(way, (), name=name, place=place) for way in ways]
        return self._one_of([each for each in made if each is not None])

    def _keyed(self, factors: tuple[tuple[Conjunction, ...], ...]) -> bool:
        known = {"properties", "required", "type", "title", "description"}
        return all(
            set(schema) <= known and schema.get("type", "object") == "object"
            for factor in factors
            for alternative in factor
            for schema in alternative
        )

    def _is_possible(self, plain: Conjunction, *, place: str) -> bool:
        shape = merged(plain)
        if not shape.types:
            return False
        if shape.types != ["object"] or shape.values is not None:
            return True
        return all(
            self.value(shape.about(name), name=name, place=f"{place}.properties.{name}") is not None
            for name in shape.required
        )

    def _of_plain(
        self,
        plain: Conjunction,
        factors: tuple[tuple[Conjunction, ...], ...],
        *,
        name: str,
        place: str,
    ) -> V | None:
        shape = merged(plain)
        if shape.values is not None:
            values = [value for value in shape.values if canonical(value) not in shape.denied]
            if not values:
                return self._dead_end(place, "none of its values is allowed by the rest of it")
            chosen = self._chooser.among(values)
            holds = any(isinstance(value, dict | list) for value in values)
            return self._chooser.changed(chosen, deepcopy) if holds else chosen
        if not shape.types:
            self._dead.append((place, "its types or limits exclude each other"))
        made = (self._of_kind(kind, shape, factors, name=name, place=place) for kind in shape.types)
        return self._one_of([each for each in made if each is not None])

    def _of_kind(
        self,
        kind: str,
        shape: Shape,
        factors: tuple[tuple[Conjunction, ...], ...],
        *,
        name: str,
        place: str,
    ) -> V | None:
        if kind == "object":
            return self._object(shape, factors, place=place)
        if kind == "array":
            return self._array(shape, name=name, place=place)
        if kind == "string":
            return self._without(self._text(shape, name=name, place=place), shape.denied)
        if kind == "number":
            found = self._number(shape)
            if found is None:
                return self._dead_end(place, "no number is within its limits")
            return self._without(found, shape.denied)
        values = [None] if kind == "null" else [False, True]
        left = [value for value in values if canonical(value) not in shape.denied]
        return self._chooser.among(left) if left else None

    def _array(self, shape: Shape, *, name: str, place: str) -> V | None:
        if shape.tuples or shape.contains:
            return self._row(shape, name=name, place=place)
        least, most = shape.items_size.size
        item = self.value(tuple(shape.items), name=name, place=f"{place}.items")
        if item is None:
            if least:
                return self._dead_end(place, f"it wants {least} items, of which there are none")
            return self._chooser.changed(self._chooser.among([[]]), deepcopy)
        longest = max(least * 2, _LONGEST_LIST) if most is None else most
        if not shape.unique:
            return self._chooser.listed(item, least, longest, unique=False)
        distinct = merged(tuple(each for each in shape.items if isinstance(each, dict))).values
        if distinct is not None:
            longest = min(longest, len(distinct))
            if longest < least:
                return self._dead_end(place, f"it wants {least} items that differ")
        found = self._chooser.listed(item, least, longest, unique=True)
        if found is None:
            self._dead.append((place, f"it wants {least} items that differ"))
        return found

    def _row(self, shape: Shape, *, name: str, place: str) -> V | None:
        """Return lists with an item for each place that is spoken of, and for what they contain."""
        least, most = shape.items_size.size
        planned = max((len(part["items"]) for part in shape.tuples), default=0)
        if most is not None:
            planned = min(planned, most - len(shape.contains))
        schemas = [shape.item(at) for at in range(max(planned, 0))]
        schemas += [
            (held, *shape.item(len(schemas) + at)) for at, held in enumerate(shape.contains)
        ]
        schemas += [shape.item(at) for at in range(len(schemas), least)]
        if most is not None and len(schemas) > most:
            return self._dead_end(
                place, f"it wants {len(schemas)} items, at most {most} are allowed"
            )
        items: dict[str, Member[V]] = {}
        for at, schema in enumerate(schemas):
            item = self.value(schema, name=name, place=f"{place}.items[{at}]")
            if item is None:
                return self._dead_end(place, f"item {at} cannot be")
            items[str(at)] = Member(item, required=True)
        row = self._chooser.mapping(
            Members(always=items, factors=(), order=tuple(items), least=0, most=None, others=None)
        )
        found = self._chooser.changed(row, lambda each: list(each.values()))
        return self._chooser.distinct(found) if shape.unique else found

    def _object(
        self, shape: Shape, factors: tuple[tuple[Conjunction, ...], ...], *, place: str
    ) -> V | None:
        chosen = {
            name
            for factor in factors
            for alternative in factor
            for name in merged(alternative).names()
        }
        members: dict[str, Member[V]] = {}
        for name in shape.names():
            if name in chosen:
                continue
            member = self._member(shape, name, place=place)
            if member is None:
                if name in shape.required:
                    return self._dead_end(place, f"{name} is required and cannot be")
                continue
            members[name] = member
        choices = []
        for factor in factors:
            spoken = [name for each in factor for name in merged(each).names()]
            # What one alternative speaks of may be known or required in the others too.
            known = [name for name in shape.names() if name in spoken]
            made = [self._alternative(shape, each, known, place=place) for each in factor]
            choices.append(tuple(each for each in made if each is not None))
            if not choices[-1]:
                return self._dead_end(place, "what is required cannot be")
        least, most = shape.members.size
        others = shape.others()
        open_ = not any(other is False for other in others)
        found = Members(
            always=members,
            factors=tuple(choices),
            order=tuple(dict.fromkeys((*shape.names(), *sorted(chosen)))),
            least=least,
            most=most,
            others=self.value(others, name="", place=f"{place}.additionalProperties")
            if open_
            else None,
        )
        if why := found.miscounted():
            return self._dead_end(place, why)
        return self._chooser.mapping(found)

    def _member(self, shape: Shape, name: str, *, place: str) -> Member[V] | None:
        required = name in shape.required
        here = f"{place}.properties.{name}"
        called = _called(name, place)
        value = self._left_out(shape.about(name), required=required, name=called, place=here)
        return None if value is None else Member(value, required=required)

    def _left_out(self, schemas: Conjunction, *, required: bool, name: str, place: str) -> V | None:
        """Return the values of a property; of an optional one that cannot be constructed, none.

        Raises:
            PlanError: it is required, or all that a message is about.
        """
        try:
            return self.value(schemas, name=name, place=place)
        except PlanError as error:
            if required or place in self._whole:
                raise
            at = "" if error.place == place else f"{error.place}: "
            sentence = f"{self._file}: {place} is left out of all values: {at}{error.reason}"
            warnings.warn(sentence, PlanWarning, stacklevel=2)
            return None

    def _alternative(
        self, shape: Shape, alternative: Conjunction, known: list[str], *, place: str
    ) -> dict[str, Member[V]] | None:
        own = merged(alternative)
        spoken = own.names()
        found: dict[str, Member[V]] = {}
        for name in dict.fromkeys((*spoken, *known)):
            about = (
                *shape.about(name),
                *(part["properties"][name] for part in own.objects if name in part["properties"]),
            )
            required = name in own.required or name in shape.required
            here, called = f"{place}.properties.{name}", _called(name, place)
            value = self._left_out(about, required=required, name=called, place=here)
            if value is not None:
                values = merged(tuple(each for each in about if isinstance(each, dict))).values
                weight = (len(values or ()) + 1) // 2 if name in spoken else 1
                found[name] = Member(value, required=required, weight=max(1, min(weight, 4)))
            elif required:
                return None
        return found

    def _text(self, shape: Shape, *, name: str, place: str) -> V:
        least, most = shape.length.size
        formats = [each for each in shape.formats if each in ASSERTED or each == MOMENT]
        found, described = self._of_one(shape, formats, name=name)
        if len(formats) + len(shape.patterns) <= 1 and not shape.avoided:
            if found is not None:
                return found
            upper = "or more" if most is None else f"to {most}"
            why = (
                f"strings of {described} with {least} {upper} characters cannot be constructed; "
                "allowed are lengths that it has by itself"
            )
        else:
            test = text_test(shape, formats)
            known = known_texts(shape, formats, test)
            if known:
                drawn = self._chooser.among(list(known)) if found is None else found
                return self._chooser.kept(drawn, test, known)
            why = (
                f"no string was found that satisfies {described} and all else that is said of it; "
                "allowed are patterns, formats and lengths that some string satisfies at once"
            )
        raise PlanError(why, file=self._file, place=place)

    def _of_one(self, shape: Shape, formats: list[str], *, name: str) -> tuple[V | None, str]:
        """Return the strings of the first format or pattern, and what that is."""
        least, most = shape.length.size
        if formats:
            found = self._chooser.formatted(formats[0], name, least, most)
            return found, f'the format "{formats[0]}"'
        if shape.patterns:
            pattern = shape.patterns[0]
            return self._chooser.matching(pattern, least, most), f'the pattern "{pattern[:80]}"'
        return self._chooser.text(name, least, most), "the length"

    def _number(self, shape: Shape) -> V | None:
        if shape.factors:
            return self._multiple(shape)
        least, most = shape.number.whole()
        possible = least is None or most is None or least <= most
        whole = self._chooser.whole(least, most) if possible else None
        if shape.whole:
            return whole
        bounds = shape.number
        low, high = _inner(bounds.least, up=True), _inner(bounds.most, up=False)
        if inf in {low, high} or -inf in {low, high}:
            return whole
        above = bounds.above and low == bounds.least
        below = bounds.below and high == bounds.most
        if low is not None and high is not None:
            first = nextafter(low, inf) if above else low
            last = nextafter(high, -inf) if below else high
            if first > last:
                return whole
        fraction = self._chooser.fraction(low, high, above=above, below=below)
        return fraction if whole is None else self._chooser.one_of([whole, fraction])

    def _multiple(self, shape: Shape) -> V | None:
        factors = [*shape.factors, *([Fraction(1)] if shape.whole else [])]
        shared = lcm(*(each.denominator for each in factors))
        factor = Fraction(lcm(*(int(each * shared) for each in factors)), shared)
        bounds = shape.number
        low_share, high_share = (
            None if limit is None else Fraction(str(limit)) / factor
            for limit in (bounds.least, bounds.most)
        )
        least, most = bounds._replace(least=low_share, most=high_share).whole()
        low = -_MOST_FACTOR if least is None else least
        high = _MOST_FACTOR if most is None else most
        if low > high and (least is None or most is None):
            low, high = (low, low + _MOST_FACTOR) if most is None else (high - _MOST_FACTOR, high)
        if low > high:
            return None

        def times(count: int) -> int | float:
            product = count * factor
            return int(product) if product.denominator == 1 else float(product)

        return self._chooser.changed(self._chooser.whole(low, high), times)

    def _without(self, found: V, denied: set[bytes]) -> V:
        def other(value: Any) -> Any:
            while identity(value) in denied:
                value = value + "_" if isinstance(value, str) else value + 1
            return value

        return self._chooser.changed(found, other) if denied else found

    def _one_of(self, choices: list[V]) -> V | None:
        if not choices:
            return None
        return choices[0] if len(choices) == 1 else self._chooser.one_of(choices)


def _inner(limit: Json, *, up: bool) -> float | None:
    """Return the last double within a limit; None where all are, infinity where none is."""
    if limit is None:
        return None
    try:
        number = float(limit)
    except OverflowError:
        beyond = inf if limit > 0 else -inf
        return beyond if up == (limit > 0) else None
    if up and number < limit:
        return nextafter(number, inf)
    if not up and number > limit:
        return nextafter(number, -inf)
    return number


def _called(name: str, place: str) -> str:
    """Return what a property is called: a bare "name" says nothing without what has it."""
    owner = place.rpartition(".properties.")[2].removesuffix(".items")
    return f"{owner}_name" if name == "name" and owner.isidentifier() else name


def identity(value: Json) -> bytes:
    """Return what equal values share; unlike canonical JSON of lone surrogates too."""
    try:
        return canonical(value)
    except UnicodeEncodeError:
        return json.dumps(value, sort_keys=True).encode()


def differ(items: Iterable[Json]) -> bool:
    """Return whether no two items are equal."""
    found = [identity(item) for item in items]
    return len(set(found)) == len(found)
