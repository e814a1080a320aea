"""What a source object sees, and how long its verbs wait."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Final

from mockseg.client.unused import Unused

if TYPE_CHECKING:
    from mockseg.errors import UnmetExpectationError
    from mockseg.operations.sources import Window


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

# The most that the control plane waits.
_MAX_SECONDS = 3600


class Patience(float):
    """Seconds to wait where a caller names none: the default of arguments of verbs.

    Where an argument has this default, the scope decides; see :attr:`Scope.wait`.
    """

    __slots__ = ()


WAIT: Final = Patience(1.0)
# For how long a call may not come that must not come: SDKs send from other threads.
WITHIN_SECONDS: Final = 0.3


@dataclasses.dataclass(slots=True)
class Scope:
    """Which calls a source object sees.

    Shared by a source and its ``.aio``, and changed in place, so that clearing a window
    through one is seen through the other.

    Attributes:
        write_key: of the source.
        after: only calls later than this cursor.
        after_request: only requests with a higher number.
        window: seen from a moment on; clearing moves that moment instead of forgetting.
        opened_at: that moment, ISO 8601; None for a whole source.
        asserted: cursors of the calls that assertions matched.
        marked: those of them that the server knows of.
        soft: what failed in the soft block that is open, or None.
        wait: seconds that verbs wait where the caller names none.
        unused: awaitable verbs and blocks of the server that are not used yet.
    """

    write_key: str
    after: int = 0
    after_request: int = 0
    window: bool = False
    opened_at: str | None = None
    asserted: set[int] = dataclasses.field(default_factory=set)
    marked: set[int] = dataclasses.field(default_factory=set)
    soft: list[UnmetExpectationError] | None = None
    wait: float = float(WAIT)
    unused: Unused = dataclasses.field(default_factory=Unused, repr=False)

    def patience(self, seconds: float) -> float:
        return self.wait if isinstance(seconds, Patience) else seconds

    def move_to(self, window: Window) -> None:
        self.after = window.cursor
        self.after_request = window.request
        self.opened_at = window.opened_at
        self.window = True


class Deadline:
    """The time that is left for a wait, independent of the server's clocks.

    Raises:
        TypeError: the seconds are not a number.
        ValueError: they are not from 0 to 3600.
    """

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise TypeError(f"invalid wait {seconds!r}: expected a number of seconds")
        if not 0 <= seconds <= _MAX_SECONDS:
            raise ValueError(f"invalid wait {seconds!r}: expected 0 to {_MAX_SECONDS} seconds")
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())
