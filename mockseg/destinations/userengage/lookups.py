"""Lookups: ``field__op`` and a value, by which REST filters lists, and segments choose users.

Source: the vendor's .NET and TypeScript clients; in which order values of different types are,
nothing public says: numbers by size, everything else as text.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from mockseg.destinations.userengage.values import Unconvertible, read_number, text
from mockseg.json_types import Json

_Test: TypeAlias = Callable[[Json], bool]


def _in_order(compare: Callable[[Any, Any], bool]) -> Callable[[str], _Test]:
    def prepared(wanted: str) -> _Test:
        number = None
        with contextlib.suppress(Unconvertible):
            number = read_number(wanted)

        def holds(value: Json) -> bool:
            if number is None:
                return compare(text(value), wanted)
            try:
                return compare(read_number(value), number)
            except Unconvertible:
                return compare(text(value), wanted)

        return holds

    return prepared


def _icontains(wanted: str) -> _Test:
    lowered = wanted.lower()
    return lambda value: lowered in text(value).lower()


# Each prepares a test of values for what is wanted.
OPERATIONS: Final[Mapping[str, Callable[[str], _Test]]] = {
    "exact": lambda wanted: lambda value: text(value) == wanted,
    "contains": lambda wanted: lambda value: wanted in text(value),
    "icontains": _icontains,
    "startswith": lambda wanted: lambda value: text(value).startswith(wanted),
    "endswith": lambda wanted: lambda value: text(value).endswith(wanted),
    "gt": _in_order(operator.gt),
    "gte": _in_order(operator.ge),
    "lt": _in_order(operator.lt),
    "lte": _in_order(operator.le),
}


class Lookup(NamedTuple):
    """One lookup.

    Attributes:
        field: of the record.
        test: returns whether a value of the field, which is not null, compares as is wanted.
    """

    field: str
    test: _Test


def read_lookup(name: str, value: Json) -> Lookup:
    """Read a lookup; a name without an operation asks for exactly the value.

    Raises:
        Unconvertible: unknown operation; the message names those that are known.
    """
    field, separator, operation = name.rpartition("__")
    if not separator or not field:
        field, operation = name, "exact"
    elif operation not in OPERATIONS:
        raise Unconvertible(
            f"ends in an unknown lookup {operation[:40]!r}; known: {', '.join(OPERATIONS)}"
        )
    return Lookup(field, OPERATIONS[operation](text(value)))


def all_hold(lookups: Iterable[Lookup], value_of: Callable[[str], Json]) -> bool:
    """Return whether all lookups hold of a record; null is like nothing that is wanted.

    Args:
        lookups: any number.
        value_of: returns the value of a field, None without one.
    """
    for field, test in lookups:
        value = value_of(field)
        if value is None or not test(value):
            return False
    return True
