"""A Chromium that benches look through, and how they show what they do."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Browser", "Progress", "opened"]

# Runs before the page's own scripts: when the first rows are there, long tasks, what the feed told.
_PROBE = """
if (window === top) {
  const bench = window.bench = { tasks: [], firstRows: 0, rows: 0, skipped: 0, seen: 0 }
  new PerformanceObserver((list) => bench.tasks.push(...list.getEntries().map((e) => e.duration)))
    .observe({ type: 'longtask', buffered: true })
  const look = () => {
    if (document.querySelector('#grid:not([hidden]) .body > [role=row]')) {
      bench.firstRows = performance.now()
    } else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
  window.EventSource = class extends EventSource {
    constructor (address) {
      super(address)
      this.addEventListener('rows', (event) => {
        const told = JSON.parse(event.data)
        bench.rows += told.rows.length
        bench.skipped += told.skipped?.count ?? 0
      })
    }
  }
  bench.await = (name) => {
    bench.seen = 0
    const observer = new MutationObserver(() => {
      const label = document.querySelector('#grid [aria-rowindex="2"] [data-column=label]')
      if (label?.textContent !== name) return
      bench.seen = performance.timeOrigin + performance.now()
      observer.disconnect()
    })
    observer.observe(document.getElementById('grid'), { subtree: true, childList: true })
  }
}
"""
_FRAMES = """async ([seconds, step]) => {
  const grid = document.getElementById('grid'), times = []
  let down = 1
  await new Promise((done) => {
    const frame = (now) => {
      times.push(now)
      const before = grid.scrollTop
      grid.scrollTop += step * down
      if (step && grid.scrollTop === before) down = -down
      if (now - times[0] < seconds * 1000) requestAnimationFrame(frame)
      else done()
    }
    requestAnimationFrame(frame)
  })
  return times.slice(1).map((now, at) => now - times[at])
}"""


class Browser:
    """One tab of a Chromium.

    Attributes:
        page: of Playwright.
    """

    def __init__(self, chromium: Any, url: str) -> None:
        self._chromium = chromium
        self._url = url
        self._whole = chromium.new_browser_cdp_session()
        self.page: Any = None
        self.restart()

    def restart(self) -> None:
        """Begin with an empty cache."""
        if self.page is not None:
            self.page.context.close()
        self.page = self._chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
        self.page.set_default_timeout(120_000)
        self.page.add_init_script(_PROBE)

    def open(self, view: str) -> None:
        """Show a view and wait until its list is live."""
        self.page.goto(f"{self._url}/_mockseg/{view}")
        self.until("bench.firstRows > 0", seconds=60)

    def until(self, condition: str, *, seconds: float) -> None:
        """Wait until an expression is true, or for a time."""
        end = time.perf_counter() + seconds
        while not self.page.evaluate(condition) and time.perf_counter() < end:
            self.page.wait_for_timeout(20)

    def frames(self, seconds: float, step: int) -> list[float]:
        """Return the milliseconds between frames while the list scrolls by so many pixels each."""
        times: list[float] = self.page.evaluate(_FRAMES, [seconds, step])
        return times

    def heap_bytes(self) -> int:
        """Return the size of the heap after a garbage collection."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("HeapProfiler.enable")
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = session.send("Performance.getMetrics")["metrics"]
        session.detach()
        return int(next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize"))

    def renderer_seconds(self) -> float:
        """Return how much CPU the renderers have used."""
        told = self._whole.send("SystemInfo.getProcessInfo")["processInfo"]
        return float(sum(each["cpuTime"] for each in told if each["type"] == "renderer"))

    def loaded(self, view: str) -> dict[str, int]:
        """Return the document, scripts and styles of a view, with their bytes over the wire."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        kinds: dict[str, str] = {}
        sizes: dict[str, int] = {}

        def note(told: Any) -> None:
            if told["type"] in {"Document", "Script", "Stylesheet"}:
                kinds[told["requestId"]] = told["response"]["url"]

        def add(told: Any) -> None:
            if told["requestId"] in kinds:
                sizes[kinds[told["requestId"]]] = int(told["encodedDataLength"])

        session.on("Network.responseReceived", note)
        session.on("Network.loadingFinished", add)
        self.open(view)
        self.page.wait_for_timeout(500)
        session.detach()
        return sizes


@contextlib.contextmanager
def opened(port: int) -> Iterator[Browser]:
    """Run a Chromium for as long as the block takes."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("no chromium in PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"],
        )
        yield Browser(chromium, f"http://127.0.0.1:{port}")
        chromium.close()


class Progress:
    """Tells that something long goes on: in one line of a terminal, else a line a second."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Self:
        """Begin to tell."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Tell no more."""
        self._ended.set()
        self._thread.join()

    def _tell(self) -> None:
        is_terminal = sys.stderr.isatty()
        began = time.monotonic()
        while not self._ended.wait(1):
            line = f"{self._what}: {time.monotonic() - began:.0f} s"
            print(line, end="\r" if is_terminal else "\n", file=sys.stderr, flush=True)
