"""Attributes as they are defined, and the values of a call resolved against them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from mockseg.destinations.snake_case import snake_case
from mockseg.destinations.userengage.values import (
    STRING,
    Unconvertible,
    convert,
    shown,
)
from mockseg.domain.delivery import Note
from mockseg.json_types import Json

MOST_NAME = 32
"""Characters of an attribute's name at most. Source: User.com REST API, "Create attribute"."""


def name_std(name: str) -> str:
    """Return the name that an attribute is found by: snake_case, or as it is if that is empty."""
    return snake_case(name) or name


def name_problem(name: str) -> str | None:
    """Say what is wrong with an attribute's name as the end of a sentence, or None (UE-17)."""
    if 1 <= len(name) <= MOST_NAME:
        return None
    return f"has {len(name)} characters; allowed are 1 to {MOST_NAME}"


@dataclasses.dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        id: unique among all attributes of the application.
        name: as it was first written.
        std: `name_std` of it; unique in its namespace.
        value_type: one of `VALUE_TYPES`.
        choices: of a ``fixed`` one.
        many: whether a ``fixed`` one takes several choices.
    """

    id: int
    name: str
    std: str
    value_type: str
    choices: tuple[str, ...] = ()
    many: bool = False

    def convert(self, value: Json) -> Json:
        """Convert a value to its type.

        Raises:
            Unconvertible: it cannot be.
        """
        return convert(value, self.value_type, choices=self.choices, many=self.many)


@dataclasses.dataclass(slots=True)
class Resolved:
    """What a call's custom values come to, before anything is changed.

    Attributes:
        values: by `Attribute.std`, converted.
        new: names of attributes to create with the type string, by `Attribute.std`.
        unknown: names that have no attribute, where none may be created.
        refused: by name, why a value was ignored, as the end of a sentence.
        notes: one for each name that was ignored.
    """

    values: dict[str, Json] = dataclasses.field(default_factory=dict)
    new: dict[str, str] = dataclasses.field(default_factory=dict)
    unknown: list[str] = dataclasses.field(default_factory=list)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: list[Note] = dataclasses.field(default_factory=list)


class Namespace:
    """The attributes of clients, of companies, or of one event: by name."""

    __slots__ = ("_of_name", "attributes")

    def __init__(self, attributes: Iterable[Attribute] = ()) -> None:
        self.attributes: dict[str, Attribute] = {}
        self._of_name: dict[str, Attribute] = {}
        for attribute in attributes:
            self.add(attribute)

    def find(self, name: str) -> Attribute | None:
        """Return the attribute of this name in any casing, or None."""
        if len(name) > MOST_NAME:
            return None
        found = self._of_name.get(name)
        return found if found is not None else self.attributes.get(name_std(name))

    def add(self, attribute: Attribute) -> None:
        """Define one, whose `std` is new here."""
        self.attributes[attribute.std] = attribute
        self._of_name[attribute.name] = attribute

    def resolve(
        self, given: Iterable[tuple[str, Json]], *, place: str, creates: bool = True
    ) -> Resolved:
        """Find the attribute of each value and convert it; nothing is changed.

        Args:
            given: names and values, in order; of two with one attribute the last wins.
            place: where they came, for notes: ``traits``.
            creates: whether an unknown name may become an attribute (UE-11).
        """
        resolved = Resolved()
        for name, value in given:
            # Null says nothing: it neither creates an attribute nor empties one (UE-16).
            if value is None:
                continue
            attribute = self.find(name)
            try:
                if attribute is not None:
                    resolved.values[attribute.std] = attribute.convert(value)
                    continue
                problem = name_problem(name)
                if problem is not None:
                    _ignore(resolved, place, name, problem, code="name_ignored")
                elif creates:
                    std = name_std(name)
                    resolved.values[std] = convert(value, STRING)
                    resolved.new.setdefault(std, name)
                else:
                    resolved.unknown.append(name)
            except Unconvertible as error:
                kind = STRING if attribute is None else attribute.value_type
                sentence = f"{shown(value)} {error}; the attribute's type is {kind}"
                _ignore(resolved, place, name, sentence, code="value_ignored")
        return resolved


def _ignore(resolved: Resolved, place: str, name: str, sentence: str, *, code: str) -> None:
    resolved.refused[name] = sentence
    field = f"{place}.{name}" if place else name
    words = f"the name {sentence}" if code == "name_ignored" else sentence
    resolved.notes.append(Note(code, field[:200], f"Ignored: {words}."))
