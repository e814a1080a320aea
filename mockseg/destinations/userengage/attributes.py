"""Attributes as they are defined, and the values of a call resolved against them."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from mockseg.destinations.snake_case import snake_case
from mockseg.destinations.userengage.setup import AttributeSetup
from mockseg.destinations.userengage.values import (
    FIXED,
    STRING,
    VALUE_TYPES,
    Unconvertible,
    convert,
    shown,
)
from mockseg.domain.delivery import Note
from mockseg.errors import VendorStateError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockseg.destinations.userengage.app import App
    from mockseg.destinations.userengage.setup import Types
    from mockseg.json_types import Json


_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,20}|\[[0-9a-f:.]{2,45}\]")
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


# --- definitions that a person wrote


def define(
    app: App,
    namespace: Namespace,
    name: str,
    given: str | AttributeSetup,
    *,
    place: str,
    given_id: int | None = None,
) -> Attribute:
    """Define an attribute; the same again is no change.

    Raises:
        VendorStateError: a wrong name or type, or defined otherwise already; nothing is changed.
    """
    wanted = AttributeSetup(type=given) if isinstance(given, str) else given
    problem = name_problem(name)
    if problem is not None:
        raise VendorStateError(f"the name {problem}", place=place)
    if wanted.type not in VALUE_TYPES:
        raise VendorStateError(unknown("type of attribute", wanted.type, VALUE_TYPES), place=place)
    if wanted.type == FIXED and not wanted.choices:
        raise VendorStateError("a fixed attribute has no choices; give at least one", place=place)
    if wanted.type != FIXED and (wanted.choices or wanted.many):
        raise VendorStateError(
            f"choices are given for the type {wanted.type}; only fixed has them", place=place
        )
    found = namespace.find(name)
    if found is None:
        return app.define(
            namespace,
            name,
            wanted.type,
            choices=wanted.choices,
            many=wanted.many,
            given_id=given_id,
        )
    if (found.value_type, found.choices, found.many) != (wanted.type, wanted.choices, wanted.many):
        raise VendorStateError(
            f"`{found.name}` is defined already, as {found.value_type}; types do not change",
            place=place,
        )
    return found


def define_many(app: App, namespace: Namespace, types: Types, *, place: str) -> None:
    """Define attributes by name.

    Raises:
        VendorStateError: as `define`; those before it are defined.
    """
    for name, given in types.items():
        define(app, namespace, name, given, place=f"{place}.{name}")


def define_events(app: App, events: Mapping[str, Types], *, place: str) -> None:
    """Define events with their attributes.

    Raises:
        VendorStateError: as `define`; those before it are defined.
    """
    for name, types in events.items():
        if not name:
            raise VendorStateError("an event has an empty name", place=place)
        event = app.events.get(name) or app.define_event(name)
        define_many(app, event.attributes, types, place=f"{place}.{name}")


def domain_of(text: str, *, place: str) -> str:
    """Read a domain to trust.

    Raises:
        VendorStateError: not a bare host name.
    """
    domain = text.strip().lower().rstrip(".")
    if _DOMAIN.fullmatch(domain) is None:
        sentence = f"{text[:100]!r} is not a domain; expected the bare host, such as example.com"
        raise VendorStateError(sentence, place=place)
    return domain
