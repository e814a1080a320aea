"""Which values stand where a schema leaves a choice: the plain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from hypothesis import strategies as st

from mockseg.strategies.texts import format_text

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["ABSENT", "LARGEST", "PLAIN", "Palette", "PlainPalette"]

# Stands for a property that is not there.
ABSENT: Final = object()
# Up to here every whole number is a double.
LARGEST: Final = 2**53 - 1


class Palette(Protocol):
    """What stands where a schema leaves a choice.

    Attributes:
        named: whether the values depend on the names of properties.
        most_extras: how many properties nobody planned there may be in an open object.
    """

    named: bool
    most_extras: int

    def __hash__(self) -> int:
        """Palettes are keys of caches."""

    def text(self, name: str, least: int, most: int | None) -> SearchStrategy[str]:
        """Give strings of a length, for the property of a name."""

    def formatted(
        self, kind: str, name: str, least: int, most: int | None
    ) -> SearchStrategy[str] | None:
        """Give strings of a format that plans assert; None where they cannot be constructed."""

    def whole(self, least: int | None, most: int | None) -> SearchStrategy[int]:
        """Give whole numbers."""

    def fraction(
        self, least: float | None, most: float | None, *, above: bool, below: bool
    ) -> SearchStrategy[float]:
        """Give numbers, whole ones aside; ``above`` and ``below`` exclude the limits."""

    def anything(self) -> SearchStrategy[Any]:
        """Give any JSON value."""

    def names(self) -> SearchStrategy[str]:
        """Give names for properties that nobody planned."""


# What breaks consumers in practice: separators of lists and columns, quotes, line ends.
_SEPARATORS: Final = 'a,"\n\t;'
_TROUBLE: Final = "1' \\/.:%&=?<>{}[]|-_@#$\r\u00e9\u6f22\U0001f600"
# Around zero there are more mistakes than anywhere else.
_SMALL: Final = (-2, 5)


class PlainPalette:
    """The whole space of legal values, the simplest first."""

    named = False
    most_extras = 2

    def text(self, name: str, least: int, most: int | None) -> SearchStrategy[str]:
        """Give texts of all characters, and others of those that break consumers."""
        del name
        if most is not None and most <= 0:
            return st.just("")
        return st.one_of(
            st.text(min_size=least, max_size=most),
            st.text(_SEPARATORS, min_size=least, max_size=most),
            st.text(_TROUBLE, min_size=least, max_size=most),
        )

    def formatted(
        self, kind: str, name: str, least: int, most: int | None
    ) -> SearchStrategy[str] | None:
        """Give what the format allows."""
        del name
        return format_text(kind, least, most)

    def whole(self, least: int | None, most: int | None) -> SearchStrategy[int]:
        """Give numbers that a double holds, small ones more often."""
        if least is None and most is None:
            return st.one_of(st.integers(*_SMALL), st.integers(-LARGEST, LARGEST))
        low = min(-LARGEST, most or 0) if least is None else least
        high = max(LARGEST, least or 0) if most is None else most
        return st.integers(low, high)

    def fraction(
        self, least: float | None, most: float | None, *, above: bool, below: bool
    ) -> SearchStrategy[float]:
        """Give any finite double."""
        return st.floats(
            least,
            most,
            exclude_min=above and least is not None,
            exclude_max=below and most is not None,
            allow_nan=False,
            allow_infinity=False,
        )

    def anything(self) -> SearchStrategy[Any]:
        """Give a JSON value that is not deep."""
        return _ANYTHING

    def names(self) -> SearchStrategy[str]:
        """Give short names, most of them such as programmers choose."""
        return _NAMES


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

PLAIN: Final = PlainPalette()
