"""Lookups: ``field__op`` and a value, by which REST filters lists, and segments choose users.

Source: the vendor's .NET and TypeScript clients; in which order values of different types are,
nothing public says: numbers by size, everything else as text.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from mockseg.destinations.userengage.values import Unconvertible, read_number, text
from mockseg.json_types import Json

_Compare: TypeAlias = Callable[[Json, str], bool]


def _in_order(compare: Callable[[Any, Any], bool]) -> _Compare:
    def holds(value: Json, wanted: str) -> bool:
        try:
            return compare(read_number(value), read_number(wanted))
        except Unconvertible:
            return compare(text(value), wanted)

    return holds


def _exact(value: Json, wanted: str) -> bool:
    return text(value) == wanted


OPERATIONS: Final[Mapping[str, _Compare]] = {
    "exact": _exact,
    "contains": lambda value, wanted: wanted in text(value),
    "icontains": lambda value, wanted: wanted.lower() in text(value).lower(),
    "startswith": lambda value, wanted: text(value).startswith(wanted),
    "endswith": lambda value, wanted: text(value).endswith(wanted),
    "gt": _in_order(operator.gt),
    "gte": _in_order(operator.ge),
    "lt": _in_order(operator.lt),
    "lte": _in_order(operator.le),
}


class Lookup(NamedTuple):
    """One lookup.

    Attributes:
        field: of the record.
        operation: one of `OPERATIONS`.
        value: to compare with, as text.
    """

    field: str
    operation: str
    value: str

    def holds(self, value: Json) -> bool:
        """Return whether the value of the field compares so; null never does."""
        return value is not None and OPERATIONS[self.operation](value, self.value)


def read_lookup(name: str, value: Json) -> Lookup:
    """Read a lookup; a name without an operation asks for exactly the value.

    Raises:
        Unconvertible: unknown operation; the message names those that are known.
    """
    field, separator, operation = name.rpartition("__")
    if not separator or not field:
        return Lookup(name, "exact", text(value))
    if operation not in OPERATIONS:
        raise Unconvertible(
            f"ends in an unknown lookup {operation[:40]!r}; known: {', '.join(OPERATIONS)}"
        )
    return Lookup(field, operation, text(value))


def all_hold(lookups: Iterable[Lookup], value_of: Callable[[str], Json]) -> bool:
    """Return whether all lookups hold of a record.

    Args:
        lookups: any number.
        value_of: returns the value of a field, None without one.
    """
    return all(lookup.holds(value_of(lookup.field)) for lookup in lookups)
