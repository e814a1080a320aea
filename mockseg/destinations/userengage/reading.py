"""Reading a state that a person may have written: every refusal names its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from mockseg.destinations.userengage.fields import moment_of
from mockseg.destinations.userengage.values import Unconvertible, shown
from mockseg.errors import VendorStateError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mockseg.json_types import Json, JsonObject

__all__ = ["Entry", "entries"]

_LARGEST_ID = 2**53


class Entry:
    """An object of a state, with its place (``users[0]``)."""

    __slots__ = ("given", "place")

    def __init__(self, given: Json, *, place: str) -> None:
        if not isinstance(given, dict):
            raise VendorStateError(f"{shown(given)} is no object", place=place)
        self.given: JsonObject = given
        self.place = place

    def refuse(self, reason: str, name: str = "") -> NoReturn:
        """Refuse one of its values.

        Raises:
            VendorStateError: always.
        """
        raise VendorStateError(reason, place=f"{self.place}.{name}".strip("."))

    def allow_only(self, names: Iterable[str]) -> None:
        """Refuse names but these."""
        allowed = tuple(names)
        for name in self.given:
            if name not in allowed:
                self.refuse(unknown("field", name, allowed), name[:100])

    def get(self, name: str, default: Json = None) -> Json:
        """Give a value, or the default where it is missing or null."""
        value = self.given.get(name)
        return default if value is None else value

    def text(self, name: str, *, required: bool = False) -> str:
        """Give a text, empty where it may be missing."""
        value = self.get(name, "")
        if not isinstance(value, str):
            self.refuse(f"{shown(value)} is no text", name)
        if required and not value:
            self.refuse("is missing; give a text", name)
        return value

    def flag(self, name: str) -> bool:
        """Give a boolean, false where it is missing."""
        value = self.get(name, False)
        if not isinstance(value, bool):
            self.refuse(f"{shown(value)} is neither true nor false", name)
        return value

    def count(self, name: str) -> int:
        """Give a whole number from 0, which is also where it is missing."""
        value = self.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_ID:
            self.refuse(f"{shown(value)} is no whole number from 0", name)
        return value

    def new_id(self, taken: Iterable[int]) -> int | None:
        """Give an id that nothing else has, or None where it is left to be minted."""
        value = self.get("id")
        if value is None:
            return None
        if self.count("id") == 0:
            self.refuse("0 is no id; ids begin at 1", "id")
        if value in taken:
            self.refuse(f"{value} is taken; an id is unique", "id")
        return int(value)

    def moment(self, name: str) -> int | None:
        """Give a moment, or None."""
        value = self.get(name)
        return None if value is None else int(self.read(name, moment_of))

    def read(self, name: str, reader: Callable[[Json], Json]) -> Json:
        """Give a value as a reader takes it."""
        value = self.given[name]
        try:
            return reader(value)
        except Unconvertible as error:
            self.refuse(f"{shown(value)} {error}", name)

    def entries(self, name: str) -> Iterator[Entry]:
        """Give the objects of a list; of none where it is missing."""
        value = self.get(name, [])
        place = f"{self.place}.{name}".strip(".")
        if not isinstance(value, list):
            raise VendorStateError(f"{shown(value)} is no list", place=place)
        for number, item in enumerate(value):
            yield Entry(item, place=f"{place}[{number}]")


def entries(state: JsonObject, name: str) -> Iterator[Entry]:
    """Give the objects of one section of a state."""
    return Entry(state, place="").entries(name)
