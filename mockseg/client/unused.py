"""Verbs that were called and never awaited, and blocks that were made and never entered.

Such a verb asserts nothing, and the test that forgot its ``await`` would pass. Whoever ends
what the verbs belong to (a ``with`` block of a server, the pytest plugin at the end of a test)
asks here what was left unused. Without such an end Python's own warning about coroutines
remains.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

from mockseg.errors import UnmetExpectationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


_OURS = frozenset({"mockseg", "pytest_mockseg"})
# From this many entries on, those that were used are dropped now and then.
_PRUNE_AT = 64


@dataclasses.dataclass(slots=True, eq=False)
class _Made:
    """A coroutine that must be awaited, or a block that must be entered.

    Attributes:
        verb: its name.
        place: where it was made, as ``test_shop.py:12``.
        how: the keyword before it: ``await``, ``with`` or ``async with``.
        coroutine: of a verb; None for a block.
        entered: the block was entered.
    """

    verb: str
    place: str
    how: str
    coroutine: Coroutine[Any, Any, Any] | None = None
    entered: bool = False

    @property
    def unused(self) -> bool:
        if self.coroutine is None:
            return not self.entered
        return inspect.getcoroutinestate(self.coroutine) == inspect.CORO_CREATED

    @property
    def unfinished(self) -> bool:
        if self.coroutine is None:
            return False
        return inspect.getcoroutinestate(self.coroutine) == inspect.CORO_SUSPENDED

    @property
    def text(self) -> str:
        if self.coroutine is None:
            return (
                f"{self.place}: {self.verb}() was not entered, so it did nothing;"
                f" write `{self.how} ...{self.verb}(...):`"
            )
        if self.unfinished:
            return (
                f"{self.place}: {self.verb}() was not awaited to its end, so its result was lost;"
                " await the task that runs it"
            )
        return (
            f"{self.place}: {self.verb}() was not awaited, so it did nothing;"
            f" write `await ...{self.verb}(...)`"
        )


class Unused:
    """What was made of a server's verbs and blocks, until it is used.

    Attributes:
        watched: an end will check them; without that nothing is noted, and coroutines that are
            dropped have Python's own warning.
    """

    __slots__ = ("_made", "_prune_at", "watched")

    def __init__(self) -> None:
        self.watched = False
        self._made: list[_Made] = []
        self._prune_at = _PRUNE_AT

    def note_verb(self, coroutine: Coroutine[Any, Any, Any], verb: str) -> None:
        if self.watched:
            self._add(_Made(verb, _place(), "await", coroutine))

    def note_block(self, verb: str, *, how: str = "with") -> Callable[[], None]:
        """Note a block that has to be entered; call what is returned when it is."""
        made = _Made(verb, _place(), how)
        if self.watched:
            self._add(made)
        return functools.partial(setattr, made, "entered", True)

    def take(self, *, unfinished: bool = False) -> list[str]:
        """Return a sentence for each that was left unused, and forget all.

        Args:
            unfinished: include those that were started and not awaited to their end.
        """
        made, self._made = self._made, []
        left = [each for each in made if each.unused or (unfinished and each.unfinished)]
        texts = [each.text for each in left]
        for each in left:
            if each.coroutine is not None and each.unused:
                # Python would warn of it a second time.
                each.coroutine.close()
        return texts

    def refuse(self, error: BaseException | None) -> None:
        """Raise what was left unused, at the end of a ``with`` block.

        Args:
            error: that ends the block; what is left is then only noted on it.

        Raises:
            UnmetExpectationError: with a line for each.
        """
        texts = self.take()
        if not texts:
            return
        if error is not None:
            error.add_note("\n".join(texts))
            return
        raise UnmetExpectationError("\n".join(texts))

    def _add(self, made: _Made) -> None:
        if len(self._made) >= self._prune_at:
            self._made = [each for each in self._made if each.unused or each.unfinished]
            self._prune_at = max(_PRUNE_AT, 2 * len(self._made))
        self._made.append(made)


def _place() -> str:
    frame = sys._getframe(1)  # noqa: SLF001  (documented; `inspect.stack` reads files)
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] in _OURS:
        frame = frame.f_back
    file = frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{file}:{frame.f_lineno}"
