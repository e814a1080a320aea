"""The live page in a real Chromium, each figure beside its bar.

Method: one server in a process of its own, one Chromium without a window and without a GPU, and a
sender that keeps a fixed rate. Frames are counted by requestAnimationFrame, long tasks by
PerformanceObserver, the heap after a garbage collection, CPU by the processes' own clocks.
Ingestion is measured by turns, with a page and without. Each row takes less than four minutes.

    python tests/bench/bench_page.py [ROW ...]
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

from browser import Progress, opened
from load import closed_loop, open_loop
from messages import batches, many_sources
from page_calls import EXTREMES, fill, fill_extremes, row_query
from servers import Running, mockseg, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEPT: Final = 100_000
SOURCES: Final = 10_000
# Of so many sources the calls are that saturate the server.
INGESTED: Final = (1, 1000, SOURCES)
# Rounds of which the median counts.
ROUNDS: Final = 5
FRAME_SECONDS: Final = 2.5


class Result(NamedTuple):
    """One line of the table."""

    what: str
    bar: str
    measured: str
    is_met: bool


def _most(what: str, measured: float, bar: float, unit: str) -> Result:
    return Result(what, f"<= {bar:,g} {unit}", f"{measured:,.4g} {unit}", measured <= bar)


def _least(what: str, measured: float, bar: float, unit: str) -> Result:
    return Result(what, f">= {bar:,g} {unit}", f"{measured:,.4g} {unit}", measured >= bar)


def first() -> Iterator[Result]:
    """Open the page of a server that keeps 100,000 calls of 10,000 sources."""
    with running(mockseg) as server, opened(server.port) as browser:
        fill(server.port, calls=KEPT, sources=SOURCES)
        painted, live = [], []
        for _ in range(ROUNDS):
            browser.open("")
            # The list is in the document before that is painted.
            browser.until(f"{_PAINTS}.length > 0", seconds=60)
            painted.append(browser.page.evaluate(f"{_PAINTS}[0].startTime"))
            live.append(browser.page.evaluate("bench.firstRows"))
            # The next one finds nothing in a cache.
            browser.restart()
        yield _most("first rows painted", statistics.median(painted), 300, "ms")
        yield _most("first rows of the live list", statistics.median(live), 300, "ms")


def wire() -> Iterator[Result]:
    """Count what the page loads before its rows."""
    with running(mockseg) as server, opened(server.port) as browser:
        fill(server.port, calls=1000)
        loaded = browser.loaded("")
        size = sum(loaded.values())
        yield _most("script, style and document over the wire", size / 1000, 80, "KB")
        yield _most("their files", len(loaded), 18, "files")


def rows() -> Iterator[Result]:
    """Load 100,000 rows, and scroll in them."""
    with running(mockseg) as server, opened(server.port) as browser:
        fill(server.port, calls=KEPT)
        browser.open("")
        yield _most("100,000 rows loaded", browser.page.evaluate(_TO_THE_END), 2000, "ms")
        yield _most("their heap", browser.heap_bytes() / 1e6, 40, "MB")
        nodes = browser.page.evaluate("document.querySelectorAll('*').length")
        yield _most("elements of the document", nodes, 1500, "elements")
        for how, step in (("slowly", 37), ("wildly", 2900)):
            frames = browser.frames(FRAME_SECONDS, step)
            yield _least(f"scrolling {how}", 1000 / statistics.mean(frames), 55, "fps")
            yield _most(f"scrolling {how}, p99 of frames", _percentile(frames, 0.99), 50, "ms")


def steady() -> Iterator[Result]:
    """Receive 500 calls/s with the page open and without."""
    seconds = 10.0
    with running(mockseg) as server, opened(server.port) as browser:
        fill(server.port, calls=1000)
        renderer, cpu = 0.0, {}
        for has_page in (False, True):
            if has_page:
                browser.open("")
            with _sending(server, rate=500, seconds=seconds + 2, size=1) as sent:
                browser.page.wait_for_timeout(1000)
                before, began = browser.renderer_seconds(), time.perf_counter()
                used = server.cpu_seconds()
                browser.page.wait_for_timeout(seconds * 1000)
                spent = time.perf_counter() - began
                cpu[has_page] = (server.cpu_seconds() - used) / spent * 100
                renderer = (browser.renderer_seconds() - before) / spent * 100
                sent()
        yield _most("500/s: renderer", renderer, 15, "% of a core")
        yield _most("500/s: server, more than without", cpu[True] - cpu[False], 8, "% of a core")


def flood() -> Iterator[Result]:
    """Receive 5,000 calls/s for 10 s, and 20,000 in one."""
    with running(mockseg) as server, opened(server.port) as browser:
        fill(server.port, calls=1000)
        for what, rate, seconds in (("5,000/s for 10 s", 50, 10.0), ("20,000 in 1 s", 200, 1.0)):
            browser.open("")
            browser.page.evaluate("bench.tasks.length = bench.rows = bench.skipped = 0")
            with _sending(server, rate=rate, seconds=seconds, size=100) as sent:
                frames = browser.frames(seconds, 0)
                sent()
            expected = int(rate * seconds) * 100
            browser.until(f"bench.rows + bench.skipped >= {expected}", seconds=10)
            counted = browser.page.evaluate("bench.rows + bench.skipped")
            longest = browser.page.evaluate("Math.max(0, ...bench.tasks)")
            yield _least(f"{what}: frames", 1000 / statistics.mean(frames), 50, "fps")
            yield _most(f"{what}: longest task", longest, 100, "ms")
            yield _most(f"{what}: uncounted", abs(expected - counted), 0, "calls")


def arrival() -> Iterator[Result]:
    """Send single calls to an idle server and see when each is in the document."""
    with running(mockseg) as server, opened(server.port) as browser:
        fill(server.port, calls=1000)
        browser.open("")
        browser.page.wait_for_timeout(1000)
        spent = []
        for number in range(20):
            name = f"arrival {number}"
            browser.page.evaluate("name => bench.await(name)", name)
            began = time.time()
            fill(server.port, calls=1, event=name)
            browser.until("bench.seen > 0", seconds=10)
            spent.append(browser.page.evaluate("bench.seen") - began * 1000)
            browser.page.wait_for_timeout(400 + 13 * number)
        yield _most("arrival to in the document, median", statistics.median(spent), 50, "ms")


def reader() -> Iterator[Result]:
    """Read a row below the top while 500 calls/s arrive."""
    with running(mockseg) as server, opened(server.port) as browser:
        fill(server.port, calls=5000)
        browser.open("")
        with _sending(server, rate=500, seconds=6, size=1) as sent:
            moved = browser.page.evaluate(_READER)
            sent()
        yield _most("a reader's row under 500/s moves", moved, 0, "px")


def ingestion() -> Iterator[Result]:
    """Saturate the server by turns, with the page open and without."""
    for sources in INGESTED:
        with running(mockseg) as server, opened(server.port) as browser:
            # As many as are kept: in all turns each call evicts another.
            fill(server.port, calls=KEPT, sources=sources)
            requests = many_sources(server.port, sources)
            rates: dict[bool, list[float]] = {True: [], False: []}
            # The server's own, whatever the browser takes of the cores.
            spent: dict[bool, list[float]] = {True: [], False: []}
            closed_loop(server.port, requests, seconds=1)
            for turn in range(2 * 7):
                # With, without, without, with: neither is always later than the other.
                has_page = turn % 4 in {0, 3}
                if has_page:
                    browser.open("")
                else:
                    browser.page.goto("about:blank")
                browser.page.wait_for_timeout(300)
                used = server.cpu_seconds()
                burst = closed_loop(server.port, requests, seconds=1.5)
                spent[has_page].append((server.cpu_seconds() - used) / burst.answers * 1e6)
                rates[has_page].append(burst.rate)
            ratio = statistics.median(rates[True]) / statistics.median(rates[False])
            more = statistics.median(spent[True]) / statistics.median(spent[False])
            name = f"ingestion with a page open, {sources:,} source{'s' * (sources > 1)}"
            yield _least(name, ratio, 0.95, "of without")
            yield _most("  the server's CPU a request", more, 1.05, "of without")


def query() -> Iterator[Result]:
    """Ask for rows of 100,000 kept calls of which few match."""
    asked = (
        *(("keys", "type:identify", 50), ("text", '"needle in a haystack"', 150)),
        ("property", "properties.coupon:WINTER", 200),
    )
    with running(mockseg) as server:
        fill(server.port, calls=KEPT)
        for what, q, bar in asked:
            server.watch_loop()
            spent = [row_query(server.port, q) for _ in range(ROUNDS)]
            pause = server.longest_pause_ms()
            yield _most(f"query over 100,000 by {what}", statistics.median(spent), bar, "ms")
            yield _most(f"query by {what}: longest pause of the loop", pause, 20, "ms")


def opening() -> Iterator[Result]:
    """Open calls that are large, deep or full of findings."""
    with running(mockseg) as server, opened(server.port) as browser:
        ids = fill_extremes(server.port)
        browser.open("")
        for name in EXTREMES:
            spent = []
            for _ in range(ROUNDS):
                spent.append(browser.page.evaluate(_OPENING, ids[name]))
                browser.page.keyboard.press("Escape")
            yield _most(f"a call {name} opens, with layout", statistics.median(spent), 150, "ms")


def hour() -> Iterator[Result]:
    """Receive an hour of 50 calls/s in two minutes; the heap at a sixth of it and at its end."""
    rate, calls = 1500, 180_000
    heaps = []
    with running(mockseg) as server, opened(server.port) as browser:
        fill(server.port, calls=100)
        browser.open("")
        for part in (calls / 6, calls * 5 / 6):
            seconds = part / rate
            with _sending(server, rate=rate / 10, seconds=seconds, size=10) as sent:
                browser.page.wait_for_timeout(seconds * 1000)
                sent()
            browser.page.wait_for_timeout(3000)
            heaps.append(browser.heap_bytes())
        grown = (heaps[1] / heaps[0] - 1) * 100
        yield _most("180,000 calls: heap after the 30,000th grows by", grown, 10, "%")


ROWS: Final[dict[str, Callable[[], Iterator[Result]]]] = {
    each.__name__: each
    for each in (
        *(first, wire, rows, steady, flood, arrival, reader, ingestion, query, opening, hour),
    )
}

_PAINTS = "performance.getEntriesByName('first-contentful-paint')"
_TO_THE_END = """async () => {
  const grid = document.getElementById('grid'), began = performance.now()
  while (true) {
    grid.scrollTop = grid.scrollHeight
    await new Promise(requestAnimationFrame)
    const count = Number(grid.getAttribute('aria-rowcount'))
    const last = grid.querySelector(`[aria-rowindex="${count}"] [data-column=label]`)
    if (last && grid.scrollTop > 0) return performance.now() - began
  }
}"""
_READER = """async () => {
  const grid = document.getElementById('grid')
  grid.scrollTop = 50_000
  const middle = grid.getBoundingClientRect().top + 200
  let row = null
  while (!row || row.classList.contains('note')) {
    await new Promise(requestAnimationFrame)
    row = document.elementFromPoint(300, middle).closest('[role=row]')
  }
  const [top, text, began] = [row.getBoundingClientRect().top, row.textContent, performance.now()]
  let moved = 0
  while (performance.now() - began < 5000) {
    await new Promise(requestAnimationFrame)
    moved = Math.max(moved, Math.abs(row.getBoundingClientRect().top - top))
    if (row.textContent !== text || !row.isConnected) return Infinity
  }
  return moved
}"""
_OPENING = """async (id) => {
  const link = document.querySelector(`#grid a[href$="/${id}"]`), began = performance.now()
  link.click()
  const frame = document.getElementById('pane-frame')
  await new Promise((done) => frame.addEventListener('load', done, { once: true }))
  if (!frame.contentDocument.body.offsetHeight) return Infinity
  return performance.now() - began
}"""


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@contextlib.contextmanager
def _sending(
    server: Running, *, rate: float, seconds: float, size: int
) -> Iterator[Callable[[], object]]:
    """Send batches beside the block, at a rate; yield what waits until all are sent."""
    requests = batches(server.port, size)
    with ThreadPoolExecutor(1) as beside:
        burst = beside.submit(open_loop, server.port, requests, rate=rate, seconds=seconds)
        yield burst.result


def main() -> None:
    """Measure the rows that are asked for and print the table."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    asked = arguments.parse_args().rows or list(ROWS)
    if unknown := set(asked) - set(ROWS):
        arguments.error(f"unknown row {min(unknown)!r}: expected one of {', '.join(ROWS)}")
    print(_line("what", "bar", "measured", "met"))
    for name in asked:
        with Progress(name):
            results = list(ROWS[name]())
        for what, bar, measured, is_met in results:
            print(_line(what, bar, measured, "yes" if is_met else "NO"), flush=True)


def _line(what: str, bar: str, measured: str, met: str) -> str:
    return f"{what:<54}{bar:<20}{measured:<22}{met}"


if __name__ == "__main__":
    main()
