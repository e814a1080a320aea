"""What a filter means, as a tree.

Positions are characters from 0 in the text of the filter. They say where an error
lies and take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from mockseg.fql.tokens import Scalar


COMPARISONS = frozenset({"=", "!=", ">", ">=", "<", "<=", "in"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, bool or null written into the filter."""

    value: Scalar
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Path:
    """A field of the message; ``keys`` has at least one name."""

    keys: tuple[str, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values in square brackets."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function with as many arguments as it takes."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values and one of :data:`COMPARISONS`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negation:
    """``!`` before a value."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Two or more values joined by ``and``."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    """Two or more values joined by ``or``."""

    operands: tuple[Node, ...]


Node: TypeAlias = Literal | Path | ListOf | Call | Comparison | Negation | Conjunction | Disjunction
