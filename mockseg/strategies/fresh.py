"""Examples that are drawn anew each time.

Of the examples of a test, Hypothesis makes some five of six by copying one part of an
earlier example over another part of the same kind. That finds bugs that need equal
values, and hides branches: of 200 examples about 35 have a first choice of their own.
A message has few parts that are worth being equal, and many branches. Inside of a
collection of distinct elements nothing is copied, so a message is drawn as the one
element of such a collection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["fresh"]

T = TypeVar("T")


def fresh(strategy: SearchStrategy[T]) -> SearchStrategy[T]:
    """Give the same values, each drawn without copies of its own parts."""
    return st.lists(strategy, min_size=1, max_size=1, unique_by=_same).map(_only)


def _same(_: Any) -> int:
    return 0


def _only(values: list[T]) -> T:
    return values[0]
