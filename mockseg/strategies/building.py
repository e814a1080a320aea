"""From a schema to a strategy: built once, constructed rather than filtered.

Each conjunction of schemas becomes one strategy, which later uses share. Where no value
can be, the place and the reason are kept for the error that is raised at the end.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from mockseg.errors import PlanError
from mockseg.json_types import canonical
from mockseg.strategies.expansion import expand
from mockseg.strategies.objects import Member, Members, miscounted, object_strategy
from mockseg.strategies.scalars import identity, numbers, strings, without
from mockseg.strategies.shapes import merged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import SearchStrategy

    from mockseg.json_types import Json
    from mockseg.strategies.expansion import Conjunction
    from mockseg.strategies.palette import Palette
    from mockseg.strategies.shapes import Shape

__all__ = ["Builder"]

_LONGEST_LIST = 6


class Builder:
    """Makes strategies of schemas that :func:`mockseg.strategies.keywords.usable` gave.

    Args:
        palette: which values stand where a schema leaves a choice.
        file: the plan's name, for errors.
    """

    def __init__(self, palette: Palette, *, file: str) -> None:
        self._palette = palette
        self._file = file
        self._made: dict[tuple[bytes, str], SearchStrategy[Any] | None] = {}
        # Where no value can be, and why; the deepest is the one to be told.
        self._dead: list[tuple[str, str]] = []

    def build(self, schemas: Iterable[Json], *, place: str) -> SearchStrategy[Any]:
        """Give the values that satisfy all of these schemas.

        Raises:
            PlanError: no value does, or they cannot be constructed.
        """
        self._dead.clear()
        found = self.strategy(tuple(schemas), name="", place=place)
        if found is not None:
            return found
        where, why = max(self._dead, key=lambda each: len(each[0]), default=(place, "it is false"))
        raise PlanError(f"nothing satisfies this schema: {why}", file=self._file, place=where)

    def strategy(
        self, schemas: Conjunction, *, name: str, place: str
    ) -> SearchStrategy[Any] | None:
        """Give the values that satisfy all of these schemas; None where none does."""
        wanted = [schema for schema in schemas if schema not in (True, {})]
        if not wanted:
            return self._palette.anything()
        key = (canonical(wanted), name if self._palette.named else "")
        if key not in self._made:
            self._made[key] = self._strategy(tuple(wanted), name=name, place=place)
        return self._made[key]

    def _strategy(
        self, schemas: Conjunction, *, name: str, place: str
    ) -> SearchStrategy[Any] | None:
        expansion = expand(
            schemas,
            file=self._file,
            place=place,
            possible=lambda plain: self._is_possible(plain, place=place),
        )
        if expansion is None:
            self._dead.append((place, "it is false, or its conditions exclude each other"))
            return None
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
        return _one_of([each for each in made if each is not None])

    def _keyed(self, factors: tuple[tuple[Conjunction, ...], ...]) -> bool:
        """Tell whether the alternatives speak of named properties only."""
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
            self.strategy(shape.about(name), name=name, place=f"{place}.properties.{name}")
            is not None
            for name in shape.required
        )

    def _of_plain(
        self,
        plain: Conjunction,
        factors: tuple[tuple[Conjunction, ...], ...],
        *,
        name: str,
        place: str,
    ) -> SearchStrategy[Any] | None:
        shape = merged(plain)
        if shape.values is not None:
            values = [value for value in shape.values if canonical(value) not in shape.denied]
            if not values:
                self._dead.append((place, "none of its values is allowed by the rest of it"))
                return None
            chosen = st.sampled_from(values) if len(values) > 1 else st.just(values[0])
            holds = any(isinstance(value, dict | list) for value in values)
            return chosen.map(deepcopy) if holds else chosen
        if not shape.types:
            self._dead.append((place, "its types or limits exclude each other"))
        made = (self._of_kind(kind, shape, factors, name=name, place=place) for kind in shape.types)
        return _one_of([each for each in made if each is not None])

    def _of_kind(
        self,
        kind: str,
        shape: Shape,
        factors: tuple[tuple[Conjunction, ...], ...],
        *,
        name: str,
        place: str,
    ) -> SearchStrategy[Any] | None:
        if kind == "object":
            return self._object(shape, factors, place=place)
        if kind == "array":
            return self._array(shape, name=name, place=place)
        if kind == "string":
            texts = strings(shape, self._palette, name=name, file=self._file, place=place)
            return without(texts, shape.denied) if shape.denied else texts
        if kind == "number":
            found = numbers(shape, self._palette)
            if found is None:
                self._dead.append((place, "no number is within its limits"))
            elif shape.denied:
                return without(found, shape.denied)
            return found
        values = [None] if kind == "null" else [False, True]
        left = [value for value in values if canonical(value) not in shape.denied]
        return st.sampled_from(left) if left else None

    def _array(self, shape: Shape, *, name: str, place: str) -> SearchStrategy[Any] | None:
        least, most = shape.items_size.size
        item = self.strategy(tuple(shape.items), name=name, place=f"{place}.items")
        if item is None:
            if least:
                self._dead.append((place, f"it wants {least} items, of which there are none"))
                return None
            return st.builds(list)
        longest = max(least * 2, _LONGEST_LIST) if most is None else most
        if not shape.unique:
            return st.lists(item, min_size=least, max_size=longest)
        distinct = merged(tuple(each for each in shape.items if isinstance(each, dict))).values
        if distinct is not None:
            longest = min(longest, len(distinct))
            if longest < least:
                self._dead.append((place, f"it wants {least} items that differ"))
                return None
        found = st.lists(item, min_size=least, max_size=longest, unique_by=identity)
        try:
            # Hypothesis counts the values that alternatives leave, but only when asked.
            found.validate()
        except InvalidArgument:
            self._dead.append((place, f"it wants {least} items that differ"))
            return None
        return found

    def _object(
        self, shape: Shape, factors: tuple[tuple[Conjunction, ...], ...], *, place: str
    ) -> SearchStrategy[Any] | None:
        chosen = {
            name
            for factor in factors
            for alternative in factor
            for name in merged(alternative).names()
        }
        members: dict[str, Member] = {}
        for name in shape.names():
            if name in chosen:
                continue
            member = self._member(shape, name, place=place)
            if member is None:
                if name in shape.required:
                    self._dead.append((place, f"{name} is required and cannot be"))
                    return None
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
                self._dead.append((place, "what is required cannot be"))
                return None
        least, most = shape.members.size
        others = shape.others()
        open_ = not any(other is False for other in others)
        found = Members(
            always=members,
            factors=tuple(choices),
            order=tuple(dict.fromkeys((*shape.names(), *sorted(chosen)))),
            least=least,
            most=most,
            others=self.strategy(others, name="", place=f"{place}.additionalProperties")
            if open_
            else None,
            names=self._palette.names(),
            most_others=self._palette.most_extras,
        )
        if why := miscounted(found):
            self._dead.append((place, why))
            return None
        return object_strategy(found)

    def _member(self, shape: Shape, name: str, *, place: str) -> Member | None:
        strategy = self.strategy(shape.about(name), name=name, place=f"{place}.properties.{name}")
        return None if strategy is None else Member(strategy, required=name in shape.required)

    def _alternative(
        self, shape: Shape, alternative: Conjunction, known: list[str], *, place: str
    ) -> dict[str, Member] | None:
        """Give the properties that an alternative speaks of and the known ones of the others."""
        own = merged(alternative)
        spoken = own.names()
        found: dict[str, Member] = {}
        for name in dict.fromkeys((*spoken, *known)):
            about = (
                *shape.about(name),
                *(part["properties"][name] for part in own.objects if name in part["properties"]),
            )
            strategy = self.strategy(about, name=name, place=f"{place}.properties.{name}")
            required = name in own.required or name in shape.required
            if strategy is not None:
                values = merged(tuple(each for each in about if isinstance(each, dict))).values
                weight = (len(values or ()) + 1) // 2 if name in spoken else 1
                found[name] = Member(strategy, required=required, weight=max(1, min(weight, 4)))
            elif required:
                return None
        return found


def _one_of(strategies: list[SearchStrategy[Any]]) -> SearchStrategy[Any] | None:
    if not strategies:
        return None
    return strategies[0] if len(strategies) == 1 else st.one_of(strategies)
