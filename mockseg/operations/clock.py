"""Operations on clocks: the server's, or one source's; and the server's health."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from mockseg.operations.base import Params, Result, WriteKey


class SetClock(Params, frozen=True):
    """What time it shall be, for the server or for one source.

    Attributes:
        now: ISO 8601; null follows the real time again.
        frozen: stand still there until advanced.
        source: only for this source.
    """

    now: str | None
    frozen: bool = False
    source: WriteKey | None = None


class AdvanceClock(Params, frozen=True):
    """How far to move on.

    Attributes:
        seconds: 0 or more.
        source: only for this source.
    """

    seconds: Annotated[float, Meta(ge=0, le=100 * 366 * 86_400)]
    source: WriteKey | None = None


class ClockView(Result, frozen=True):
    """What time it is.

    Attributes:
        now: ISO 8601.
        frozen: whether it stands still.
        offset_seconds: ahead of the clock below: a source's of the server's, that of the machine's.
    """

    now: str
    frozen: bool
    offset_seconds: float


class Health(Result, frozen=True):
    """The server is ready.

    Attributes:
        status: ``ok``.
        version: of mockseg.
        seed: of ids and write keys.
    """

    status: Literal["ok"]
    version: str
    seed: int
