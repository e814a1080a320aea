"""Signals while a command runs.

Handlers of the signal module, not of the event loop: those do not exist on Windows.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator


@contextlib.contextmanager
def handling(names: Iterable[str], handle: Callable[[signal.Signals], object]) -> Iterator[None]:
    """Handle signals until the block ends; names that the system does not know are ignored."""
    before = {
        number: signal.signal(number, lambda number, _frame: handle(signal.Signals(number)))
        for name in names
        if (number := getattr(signal, name, None)) is not None
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def until_stopped() -> Iterator[asyncio.Event]:
    """Yield an event that Ctrl-C and SIGTERM set; the second of them ends the process at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stopped.set)

    with handling(("SIGINT", "SIGTERM"), stop):
        yield stopped
