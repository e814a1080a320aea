"""Lines on the server's terminal: dropped rather than awaited."""

from __future__ import annotations

import asyncio
import io
import sys
import threading

import pytest
from arrivals import arrival_at, batch_arrival

from mockseg.cli.lines import Times
from mockseg.cli.serve import LiveLines
from mockseg.config import Settings
from mockseg.hub.hub import Hub


class HeardTerminal(io.StringIO):
    """A terminal that says when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Semaphore(0)

    def write(self, text: str) -> int:
        """Take it, and say so."""
        length = super().write(text)
        self.written.release()
        return length


class StuckTerminal(io.StringIO):
    """A terminal that takes nothing until it is let go, as after Ctrl-S."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def write(self, text: str) -> int:
        """Wait, then take it."""
        self.entered.set()
        assert self.let_go.wait(30)
        return super().write(text)


@pytest.fixture(name="hub")
def _hub() -> Hub:
    return Hub(Settings(seed=1))


def send(hub: Hub, *events: str) -> None:
    """Record track calls in one batch."""
    batch = [{"type": "track", "event": event, "userId": "u"} for event in events]
    hub.accept(batch_arrival(*batch, source="wk", received_ns=1))


async def test_calls_are_shown_from_now_on(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before is not shown; what comes is, a line each, also at the very end."""
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)
    send(hub, "before")

    async with LiveLines(hub, times=Times()):
        send(hub, "one", "two")

    lines = terminal.getvalue().splitlines()
    assert ["one" in lines[0], "two" in lines[1], len(lines)] == [True, True, 2]


async def test_what_comes_right_after_a_line_is_shown_without_another_call(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause between two looks hides nothing."""
    terminal = HeardTerminal()
    monkeypatch.setattr(sys, "stdout", terminal)

    async with LiveLines(hub, times=Times()):
        for event in ("one", "two", "three"):
            send(hub, event)
            assert await asyncio.to_thread(terminal.written.acquire, timeout=30)
            assert event in terminal.getvalue()


async def test_a_refused_request_is_shown_too(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no JSON has no call, and its sender waits for a line all the same."""
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)

    async with LiveLines(hub, times=Times()):
        send(hub, "one")
        hub.accept(arrival_at("/v1/track", b"{nonsense", received_ns=1))

    one, refused = terminal.getvalue().splitlines()
    assert "one" in one
    assert "400" in refused
    assert "POST /v1/track  no write key  bad_request: " in refused


async def test_a_flood_is_cut_to_its_newest_and_counted(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads a thousand lines at once."""
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)

    async with LiveLines(hub, times=Times()):
        send(hub, *(f"event-{number}." for number in range(1000)))

    lines = terminal.getvalue().splitlines()
    assert lines[0] == "... 900 more calls"
    assert "event-900." in lines[1]
    assert "event-999." in lines[-1]


async def test_a_terminal_that_stands_still_is_not_waited_for(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that find no room are counted, and said when there is room again."""
    terminal = StuckTerminal()
    monkeypatch.setattr(sys, "stdout", terminal)

    async with LiveLines(hub, times=Times()) as lines:
        send(hub, "first")
        lines.show()
        assert terminal.entered.wait(30)
        for number in range(20):
            send(hub, f"call-{number}.")
            lines.show()
        terminal.let_go.set()

    shown = terminal.getvalue()
    assert "first" in shown
    assert "call-7." in shown
    assert "call-12." not in shown


async def test_a_terminal_that_is_gone_does_not_end_the_server(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever closed the window left the server running."""
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)
    terminal.close()

    async with LiveLines(hub, times=Times()) as lines:
        send(hub, "one")
        lines.show()

    assert hub.journal.cursor == 1
