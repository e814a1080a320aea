"""The distinguishable classes of values, over which the first examples are spread.

Code tells values apart by class: zero, negative, a fraction; empty, blank, with separators;
each member of an enumeration; absent, null. Independent draws miss classes: of 150 that are
equally likely, 200 examples leave out a quarter. So one choice, the first of a message, takes
a *row*: one class for each member, as the script of all other choices. These are forced, which
Hypothesis's tree of what it has tried knows, so it never takes a row twice, and 200 examples
see nearly every row of a plan. The row 0 and a few more leave all choices free.

Where a plan has few rows, they come in several *turns*. Each turn shows every class again, beside
other classes of the other members: code may look at two of them at once. Some classes have
several scripts, which take turns as well.

A script holds the very choices that the strategy makes when they are free. So nothing is kept
between examples: a failing row shrinks to the same message with free choices, then further,
and replays from the database like any other example. What has no script is forced too, to
choices that follow from the row's number, so that a row is never drawn twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import accumulate
from random import Random
from typing import Any, Final, Literal, TypeAlias

from hypothesis.strategies import SearchStrategy

Choice: TypeAlias = "bool | int | float | str | bytes"
Script: TypeAlias = "tuple[Choice, ...]"

# Rows of one event and turn at most; an event with more alternatives shows a part of them.
_MOST_ROWS: Final = 48
# Number of rows that 200 examples reach. Further turns fill a plan that has fewer, up to a maximum
# number of turns.
_ROWS: Final = 190
_TURNS: Final = 4
# A strategy with fewer rows than this draws free examples more often, one to this many rows, and
# the fewer the nearer it is to the limit. Hypothesis tries rows that were seen again and again
# before it takes a free example, so these are slow where the first choice has one value for them.
_FEW_ROWS: Final = 100
_ROWS_TO_FREE: Final = 8
# Where choices that no script makes have no limit, and what stands for none.
_MOST_OTHER: Final = 2**20
_NO_STEP: Final = object()
# How many orders of a member's classes there are; one for each member and turn.
_ORDERS: Final = 61


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The values of a schema: how they are drawn, and their classes.

    Attributes:
        strategy: draws any of the values.
        count: how many rows in succession show each class once.
        script: the choices that the strategy makes for the class of a row, for any row and turn
            from 0.
        beside: the same values with fewer classes, for where alternatives show the others.
        bare: whether the first row is an object without anything.
        sampled: whether they are drawn from a list of them, each class one of it.
        numbers: ``whole`` or ``fraction`` numbers only, or ``both``: then the first class has the
            whole ones, all others have fractions.
    """

    strategy: SearchStrategy[Any]
    count: int
    script: Callable[[int, int], Script]
    beside: Values | None = None
    bare: bool = False
    sampled: bool = False
    numbers: Literal["", "whole", "fraction", "both"] = ""

    def changed(self, change: Callable[[Any], Any]) -> Values:
        return replace(self, strategy=self.strategy.map(change), beside=None)

    def class_of(self, row: int, turn: int, place: int) -> int:
        """Return the class that :meth:`mixed` shows."""
        rounds, position = divmod(row, self.count)
        return _orders(self.count)[(7 * place + 29 * turn + 13 * rounds) % _ORDERS][position]

    def mixed(self, row: int, turn: int, place: int, *, same: bool = False) -> Script:
        """Return the script of a row, the classes in an order of this place and turn.

        So other classes of different members meet in each turn.

        Args:
            row: from 0.
            turn: from 0.
            place: of the member in its object.
            same: whether all rounds of rows have the scripts of the first.
        """
        first = 0 if same else row - row % self.count
        return self.script(first + self.class_of(row, turn, place), turn)


@lru_cache(maxsize=256)
def _orders(count: int) -> list[list[int]]:
    chance = Random(count)  # noqa: S311  (an order, no secret)
    return [chance.sample(range(count), count) for _ in range(_ORDERS)]


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


def unclassed(strategy: SearchStrategy[Any]) -> Values:
    """Return values of which no classes are known: they are always drawn freely."""
    return Values(strategy=Unscripted(strategy), count=1, script=lambda _, __: ())


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

    both = [each.numbers for each in choices] == ["whole", "fraction"]
    choices = [each.beside or each for each in choices]
    counts = [each.count for each in choices]
    strategies = [each.strategy for each in choices]
    drawn = _Either([strategies[index] for index in table])
    numbers: Final = "both" if both and counts[0] == 1 else ""
    return Values(strategy=drawn, count=sum(counts), script=script, numbers=numbers)


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
        # Of a turn that is cut, each branch has its share.
        made = sorted(
            ((step + 0.5) / count, place, step)
            for place, count in enumerate(counts)
            for step in range(count)
        )
        for _, place, step in made[: max(0, _ROWS - len(rows))] if turn else made:
            branch, count = branches[place], counts[place]
            row = first[place] + step * branch.count // count
            rows.append(partial(_row, branch, heads[place], row, turn))
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
        few = min(len(rows), _FEW_ROWS - len(rows))
        self._last = len(rows) + max(0, few // _ROWS_TO_FREE)

    def __repr__(self) -> str:
        return repr(self._strategy)

    def do_draw(self, data: Any) -> Any:
        # Most free examples come when all rows were drawn; until then they are rare.
        row = data.draw_integer(0, self._last)
        if not 0 < row <= len(self._rows):
            return data.draw(self._strategy)
        with _forced(data, self._rows[row - 1](), row):
            return data.draw(self._strategy)


@contextmanager
def _forced(data: Any, script: Script, row: int) -> Iterator[None]:
    """Force the choices of a script while they are what the strategy asks for, then others."""
    data._draw = _Forcing(data, script, row)  # noqa: SLF001  (the one way to force a choice)
    try:
        yield
    finally:
        del data._draw  # noqa: SLF001


class _Forcing:
    """Takes the place of the method that makes all choices of an example.

    Attributes:
        aside: above 0 inside of what has no script.
    """

    def __init__(self, data: Any, script: Script, row: int) -> None:
        self.aside = 0
        self._draw = data._draw  # noqa: SLF001  (the one way to force a choice)
        self._steps = iter(script)
        self._row = row
        self._chance: Random | None = None

    def __call__(self, kind: str, constraints: Any, *, observe: bool, forced: Any) -> Any:
        if observe and forced is None:
            step = _NO_STEP if self.aside else next(self._steps, _NO_STEP)
            if _fits(step, kind, constraints):
                forced = step
            else:
                if not self.aside:
                    self._steps = iter(())
                forced = self._other(kind, constraints)
        return self._draw(kind, constraints, observe=observe, forced=forced)

    def _other(self, kind: str, constraints: Any) -> Any:
        if self._chance is None:
            self._chance = Random(self._row)  # noqa: S311  (not a secret)
        return _any_choice(kind, constraints, self._chance)


class Unscripted(SearchStrategy[Any]):
    """Draws what has no script; the script goes on behind it."""

    def __init__(self, strategy: SearchStrategy[Any]) -> None:
        super().__init__()
        self._strategy = strategy

    def __repr__(self) -> str:
        return repr(self._strategy)

    def do_draw(self, data: Any) -> Any:
        forcing = data.__dict__.get("_draw")
        if forcing is None:
            return data.draw(self._strategy)
        forcing.aside += 1
        try:
            return data.draw(self._strategy)
        finally:
            forcing.aside -= 1


def _any_choice(kind: str, constraints: Any, chance: Random) -> Any:
    """Return a choice that fits, the same for a row each time."""
    if kind == "boolean":
        return chance.random() < constraints["p"]
    if kind in {"integer", "float"}:
        least, most = constraints["min_value"], constraints["max_value"]
        low = -_MOST_OTHER if least is None else least
        high = _MOST_OTHER if most is None else most
        if kind == "integer":
            low, high = min(low, high), max(low, high)
            return chance.randint(low, high)
        low, high = max(low, -float(_MOST_OTHER)), min(high, float(_MOST_OTHER))
        return (
            chance.uniform(low, high) if low < high else (least if least > -_MOST_OTHER else most)
        )
    size = min(constraints["max_size"], constraints["min_size"] + chance.randrange(4))
    if kind == "bytes":
        return chance.randbytes(size)
    characters = constraints["intervals"]
    return "".join(
        characters.char_in_shrink_order(chance.randrange(len(characters))) for _ in range(size)
    )


def _fits(step: object, kind: str, constraints: Any) -> bool:
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
