from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import queue
import threading
from types import TracebackType
from typing import Self, TypeAlias

import click

from mockseg.cli.flags import json_flag, server_settings, settings_file
from mockseg.cli.lines import Times, call_line, is_refused, request_line, time_flags
from mockseg.cli.output import Part, log_lines, note, on_terminal, say, say_json, say_text, warn
from mockseg.cli.signals import until_stopped
from mockseg.clock import SystemClock
from mockseg.config import JOURNAL_KEEPS, JOURNAL_OMITS, Settings
from mockseg.domain.lost import Lost
from mockseg.hub.handlers.requests import request_view
from mockseg.hub.hub import Hub, Tally
from mockseg.json_types import JsonObject
from mockseg.matching.render import bounds_words
from mockseg.operations.table import PREFIX
from mockseg.server import RunningServer, event_loop_runner, serve
from mockseg.snippets import start_lines
from mockseg.version import version

Line: TypeAlias = tuple[Part, ...]
# What a person is shown of these facts, in this order.
_LABELS = {
    "url": "url",
    "tlsUrl": "tls url",
    "ca": "trust",
    "page": "page",
    "controlUrl": "control api",
    "edge": "edge",
    "seed": "seed",
    "settingsFile": "settings",
    "journal": "journal",
    "journalKeeps": "  keeps",
    "journalOmits": "  not kept",
}
# Too many lines to read at a time; the page and `mockseg calls` have them all.
_AT_ONCE = 100
_QUEUED_PORTIONS = 8
# Between two looks at the journal, so that a flood of calls costs next to nothing.
_PAUSE_SECONDS = 0.05
_STOP_SECONDS = 0.5


@click.command(name="serve")
@json_flag("Print one JSON object on one line, and nothing else.")
@time_flags
@server_settings()
def command(*, settings: Settings, as_json: bool, times: Times) -> None:
    """Run the local Segment until Ctrl-C or SIGTERM.

    Each setting is also a variable and a key of mockseg.toml, as it stands in brackets:
    MOCKSEG_PORT is `port`. A flag goes before a variable, a variable before the file.
    """
    with log_lines(), event_loop_runner(settings) as runner:
        runner.run(_run(settings, as_json=as_json, times=times, file=settings_file()))


async def _run(settings: Settings, *, as_json: bool, times: Times, file: str | None) -> None:
    with until_stopped() as stopped:
        async with serve(settings) as running:
            # What stands by now stays: the collector need not walk it while clients wait.
            gc.freeze()
            if running.exposed:
                warn(exposed_warning(settings))
            if as_json:
                say_json(start_json(running, file=file))
            else:
                say_text(start_text(running, file=file))
            async with contextlib.AsyncExitStack() as stack:
                if not as_json and on_terminal():
                    await stack.enter_async_context(LiveLines(running.hub, times=times))
                await stopped.wait()
        tally = running.hub.tally
    # A script reads one line; the counts are for a person.
    (note if as_json else say)(end_text(tally))


def page_url(url: str) -> str:
    return f"{url}/_mockseg/"


def control_url(url: str) -> str:
    return f"{url}{PREFIX}"


def start_json(running: RunningServer, *, file: str | None) -> JsonObject:
    """Return what scripts need.

    Args:
        running: the server.
        file: the settings file that was read, or None.

    Returns:
        ``tlsUrl``, ``ca``, ``settingsFile`` and what starts with ``journal`` only if they exist.
    """
    facts: JsonObject = {
        "url": running.url,
        "tlsUrl": running.tls_url,
        "ca": None if running.ca_path is None else str(running.ca_path),
        "settingsFile": file,
        **_journal_json(running.settings),
        "page": page_url(running.url),
        "controlUrl": control_url(running.url),
        "edge": running.settings.edge,
        "seed": running.hub.seed,
        "pid": os.getpid(),
        "version": version(),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _journal_json(settings: Settings) -> JsonObject:
    if settings.journal is None:
        return {}
    return {
        "journal": settings.journal,
        "journalKeeps": JOURNAL_KEEPS,
        "journalOmits": JOURNAL_OMITS,
    }


def start_text(running: RunningServer, *, file: str | None) -> str:
    """Return what a person needs: where it is, and a line to paste for each SDK.

    Args:
        running: the server.
        file: the settings file that was read, or None.
    """
    facts = start_json(running, file=file)
    return "\n".join(
        [
            f"mockseg {version()}, the local Segment",
            "",
            *(f"  {label:12} {facts[name]}" for name, label in _LABELS.items() if name in facts),
            "",
            "Point an SDK at it (any write key will do; more: mockseg snippet SDK):",
            "",
            *(f"  {name:12} {line}" for name, line in start_lines(running.url, running.tls_url)),
            "",
            "Ctrl-C ends it. Good calls here do not prove that the real Segment accepted anything.",
        ]
    )


def exposed_warning(settings: Settings) -> str:
    """Return a warning about a server that other machines can reach, in a few lines."""
    if settings.control_token is None:
        opened = (
            "The control API and the page answer this machine only; to open them to others, set",
            "--control-token or MOCKSEG_CONTROL_TOKEN. In a container the host is another machine",
            "too: its requests come from the address of the bridge.",
        )
    else:
        opened = (
            "The control API and the page answer this machine, and others with the control token:",
            "commands take --token or MOCKSEG_CONTROL_TOKEN, Python Client(url, token=...); the",
            "page asks for it.",
        )
    names = ", ".join(("localhost", *settings.allow_host))
    return "\n  ".join(
        (
            (
                f"warning: {settings.host} is not a loopback address: other machines can send calls"
                " here."
            ),
            *opened,
            f"Both must be addressed as {names} or a loopback address; --allow-host adds names.",
        )
    )


def end_text(tally: Tally) -> str:
    # No setting evicted the calls of sources that were forgotten.
    named = tally.evicted and tally.bounds
    over = f" ({bounds_words(Lost(bounds=tally.bounds), flags=True)})" if named else ""
    forgotten = f", {tally.forgotten} sources forgotten" if tally.forgotten else ""
    return (
        f"{tally.accepted} accepted, {tally.bad} bad, {tally.dropped} would have been dropped by"
        f" Segment, {tally.evicted} evicted{over}{forgotten}"
    )


class LiveLines:
    """Shows calls and refused requests from now on, until the block ends.

    A terminal can block (Ctrl-S, a slow connection). A thread of its own writes the lines from a
    short queue; what does not fit is counted and shown as a number, so the server never waits.

    Args:
        hub: of the server.
        times: how moments are written.
    """

    def __init__(self, hub: Hub, *, times: Times) -> None:
        self._hub = hub
        self._times = times
        self._cursor = hub.journal.cursor
        self._number = hub.tally.requests
        self._skipped = 0
        self._portions: queue.Queue[list[Line] | None] = queue.Queue(maxsize=_QUEUED_PORTIONS)
        # A daemon: a terminal that stands still must not keep the process.
        self._writer = threading.Thread(target=self._write, name="mockseg-lines", daemon=True)
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._writer.start()
        self._watch = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        self.show()
        await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        """End the writer, unless its terminal blocks it."""
        with contextlib.suppress(queue.Full):
            self._portions.put(None, timeout=_STOP_SECONDS)
            self._writer.join(_STOP_SECONDS)

    def show(self) -> None:
        fresh = self._hub.journal.cursor - self._cursor
        after = max(self._cursor, self._hub.journal.cursor - _AT_ONCE)
        calls = self._hub.journal.calls_after(after, limit=_AT_ONCE) if fresh else []
        lines = [call_line(call.view(), times=self._times) for call in calls] + self._refused()
        missing = self._skipped + max(fresh - len(calls), 0)
        self._cursor = self._hub.journal.cursor
        if not lines:
            self._skipped = missing
            return
        if missing:
            lines.insert(0, (f"... {missing} more calls",))
        try:
            self._portions.put_nowait(lines)
            self._skipped = 0
        except queue.Full:
            self._skipped = missing + len(calls)

    def _refused(self) -> list[Line]:
        total = self._hub.tally.requests
        after = max(self._number, total - _AT_ONCE)
        requests = self._hub.journal.requests_after(after, limit=_AT_ONCE) if total > after else []
        self._number = total
        views = (
            request_view(each, self._hub.journal.calls_of(each), body=False) for each in requests
        )
        return [request_line(view, times=self._times) for view in views if is_refused(view)]

    async def _look(self) -> None:
        clock = SystemClock()
        while True:
            # What came during the pause has rung already.
            if (
                self._cursor == self._hub.journal.cursor
                and self._number == self._hub.tally.requests
            ):
                await self._hub.bell.wait()
            self.show()
            await clock.sleep(_PAUSE_SECONDS)

    def _write(self) -> None:
        while (portion := self._portions.get()) is not None:
            try:
                for line in portion:
                    say(*line)
            except (OSError, ValueError):
                # The terminal is gone; the server stays.
                return
