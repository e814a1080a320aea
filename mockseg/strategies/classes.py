"""The distinguishable classes of values, over which the first examples are spread.

Code tells values apart by class: zero, negative, a fraction; empty, blank, with separators;
each member of an enumeration; absent, null. Independent draws miss classes: of 150 that are
equally likely, 200 examples leave out a quarter. So one choice, the first of a message, takes
a *row*: one class for each member, as the script of all other choices. These are forced, which
Hypothesis's tree of what it has tried knows, so it never takes a row twice, and 200 examples
see nearly every row of a plan. The row 0 and a few more leave all choices free.

Where a plan has few rows, they come in several *turns*. Each turn shows every class again, beside
other classes of the other members: code may look at two of them at once.

A script holds the very choices that the strategy makes when they are free. So nothing is kept
between examples: a failing row shrinks to the same message with free choices, then further,
and replays from the database like any other example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, Final, TypeAlias

from hypothesis.strategies import SearchStrategy

Choice: TypeAlias = "bool | int | float | str | bytes"
Step: TypeAlias = "Choice | None"
Script: TypeAlias = "tuple[Step, ...]"

# Ends the forced part of a script; what follows is drawn freely.
FREE: Final = None
# After this many examples nearly every row should have been drawn.
_EXAMPLES: Final = 200
# Rows of one event and turn at most; an event with more alternatives shows a part of them.
_MOST_ROWS: Final = 48
# Number of rows that those examples reach, beside a few free ones. Further turns fill a plan that
# has fewer, up to a maximum number of turns.
_ROWS: Final = 166
_TURNS: Final = 4
_FEWEST_FREE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The values of a schema: how they are drawn, and their classes.

    Attributes:
        strategy: draws any of the values.
        count: how many rows in succession show each class once.
        script: the choices that the strategy makes for the class of a row, for any row and turn
            from 0.
        beside: the same values with fewer classes, for where alternatives show the others.
    """

    strategy: SearchStrategy[Any]
    count: int
    script: Callable[[int, int], Script]
    beside: Values | None = None

    def changed(self, change: Callable[[Any], Any]) -> Values:
        return Values(strategy=self.strategy.map(change), count=self.count, script=self.script)


def classed(
    strategy: SearchStrategy[Any], scripts: Sequence[Script], *, count: int | None = None
) -> Values:
    """Return values with one class for each script.

    Args:
        strategy: draws the values.
        scripts: the strategy's choices for each class.
        count: how many of them every event should show; all when None.
    """
    found = tuple(scripts)
    shown = len(found) if count is None else min(count, len(found))
    return Values(strategy=strategy, count=shown, script=lambda row, _: found[row % len(found)])


def in_turn(strategy: SearchStrategy[Any], kinds: Sequence[Sequence[Script]]) -> Values:
    """Return values with one class for each kind; their scripts take turns."""
    found = tuple(tuple(kind) for kind in kinds if kind)

    def script(row: int, turn: int) -> Script:
        rounds, index = divmod(row, len(found))
        return found[index][(rounds + turn) % len(found[index])]

    return Values(strategy=strategy, count=len(found), script=script)


def by_turn(strategy: SearchStrategy[Any], kinds: Sequence[Sequence[Script]]) -> Values:
    """Return values with one class for each kind; each turn shows another script of a kind."""
    found = tuple(map(tuple, kinds))

    def script(row: int, turn: int) -> Script:
        kind = found[row % len(found)]
        return kind[turn % len(kind)]

    return Values(strategy=strategy, count=len(found), script=script)


def unclassed(strategy: SearchStrategy[Any]) -> Values:
    """Return values of which no classes are known: they are always drawn freely."""
    return classed(strategy, [(FREE,)])


def either(choices: Sequence[Values], weights: Sequence[int] | None = None) -> Values:
    """Return the values of all of these.

    Unlike ``one_of``, alternatives of an alternative are no alternatives of their own.

    Args:
        choices: at least one.
        weights: how often each is drawn freely; equally often when None.
    """
    if len(choices) == 1:
        return choices[0]
    shares = [1] * len(choices) if weights is None else weights
    table = tuple(index for index, share in enumerate(shares) for _ in range(share))

    def script(row: int, turn: int) -> Script:
        index, within = located(row, counts)
        return (table.index(index), *choices[index].script(within, turn))

    choices = [each.beside or each for each in choices]
    counts = [each.count for each in choices]
    strategies = [each.strategy for each in choices]
    drawn = _Either([strategies[index] for index in table])
    return Values(strategy=drawn, count=sum(counts), script=script)


class _Either(SearchStrategy[Any]):
    """Draws from one of several; without the cost that a composite has for each choice."""

    def __init__(self, strategies: Sequence[SearchStrategy[Any]]) -> None:
        super().__init__()
        self._strategies = tuple(strategies)

    def __repr__(self) -> str:
        return f"either({', '.join(map(repr, dict.fromkeys(self._strategies)))})"

    def do_draw(self, data: Any) -> Any:
        return data.draw(self._strategies[data.draw_integer(0, len(self._strategies) - 1)])


def located(row: int, counts: Sequence[int]) -> tuple[int, int]:
    """Return the alternative of a row, and the row within that alternative.

    Each alternative has as many successive rows as its count says, again and again.
    """
    rounds, position = divmod(row, sum(counts))
    for index, end in enumerate(accumulate(counts)):
        if position < end:
            return index, rounds * counts[index] + position - (end - counts[index])
    raise AssertionError(row)  # pragma: no cover  (the position is below the sum)


def classes_first(branches: Sequence[Values], weights: Sequence[int]) -> SearchStrategy[Any]:
    """Return the values of all branches, the first examples spread over their classes.

    Args:
        branches: at least one, such as the events of a plan.
        weights: how often each is drawn freely.
    """
    together = either(branches, weights)
    heads: list[Script] = [
        (before,) if len(branches) > 1 else () for before in accumulate(weights, initial=0)
    ]
    counts = [min(branch.count, _MOST_ROWS) for branch in branches]
    # What all branches have, such as a userId, goes on with its classes from branch to branch.
    starts = accumulate((branch.count for branch in branches), initial=0)
    first = [start - start % -branch.count for start, branch in zip(starts, branches, strict=False)]
    rows: list[Callable[[], Script]] = []
    for turn in range(_TURNS):
        room = _ROWS - len(rows) if turn else sum(counts)
        for branch, head, start, count in zip(branches, heads, first, counts, strict=False):
            shown = min(count, count * room // sum(counts))
            rows += (
                partial(_row, branch, head, start + step * branch.count // shown, turn)
                for step in range(shown)
            )
    return _ClassesFirst(together.strategy, tuple(rows))


def _row(branch: Values, head: Script, row: int, turn: int) -> Script:
    return (*head, *branch.script(row, turn))


class _ClassesFirst(SearchStrategy[Any]):
    def __init__(
        self, strategy: SearchStrategy[Any], rows: tuple[Callable[[], Script], ...]
    ) -> None:
        super().__init__()
        self._strategy = strategy
        self._rows = rows
        # The more rows there are, the less can be left to free examples before all are seen.
        self._free = max(_FEWEST_FREE, min(40, (_EXAMPLES - len(rows)) // 4))

    def __repr__(self) -> str:
        return repr(self._strategy)

    def do_draw(self, data: Any) -> Any:
        row = data.draw_integer(0, self._free + len(self._rows) - 1) - self._free
        if row < 0:
            return data.draw(self._strategy)
        with _forced(data, self._rows[row]()):
            return data.draw(self._strategy)


@contextmanager
def _forced(data: Any, script: Script) -> Iterator[None]:
    """Force the choices of a script while they are what the strategy asks for."""
    steps = iter(script)
    original = data._draw  # noqa: SLF001  (the one way of Hypothesis to force a choice)

    def draw(kind: str, constraints: Any, *, observe: bool, forced: Any) -> Any:
        nonlocal steps
        if observe and forced is None:
            step = next(steps, FREE)
            if _fits(step, kind, constraints):
                forced = step
            else:
                steps = iter(())
        return original(kind, constraints, observe=observe, forced=forced)

    data._draw = draw  # noqa: SLF001
    try:
        yield
    finally:
        del data._draw  # noqa: SLF001


def _fits(step: Step, kind: str, constraints: Any) -> bool:
    if kind == "integer":
        least, most = constraints["min_value"], constraints["max_value"]
        return (
            type(step) is int
            and (least is None or least <= step)
            and (most is None or step <= most)
        )
    if kind == "float":
        return type(step) is float and constraints["min_value"] <= step <= constraints["max_value"]
    if kind == "boolean":
        return type(step) is bool
    wanted: type[str | bytes] = str if kind == "string" else bytes
    return isinstance(step, wanted) and (
        constraints["min_size"] <= len(step) <= constraints["max_size"]
    )
