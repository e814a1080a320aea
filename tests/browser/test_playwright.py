"""The fixture `segment` beside pytest-playwright's synchronous `page`, in Chromium."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_CONFTEST = """
import http.server
import threading

import pytest

PAGE = b'''<!doctype html><title>Shop</title><button onclick="buy()">Buy</button>
<script>
  const [url, writeKey] = location.hash.slice(1).split("|");
  async function buy() {{
    const body = JSON.stringify({{writeKey, userId: "u1", event: "Bought"}});
    await fetch(url + "/v1/track", {{method: "POST", body}});
    console.log("bought");
  }}
</script>'''


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def shop():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{{server.server_address[1]}}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    return {{**browser_type_launch_args, "executable_path": {chromium!r}, "args": flags}}
"""
_TESTS = """
import asyncio

import pytest

from mockseg import track


# The page first: its loop is marked as running when the source is set up.
def test_page_then_segment(page, segment, shop):
    assert asyncio._get_running_loop() is not None
    page.goto(f"{shop}#{segment.url}|{segment.write_key}")
    page.click("button")
    segment.assert_called(track("Bought", user_id="u1"))
    segment.assert_not_called(track("Returned"), within=0.05)
    segment.settle()
    segment.assert_all_good()


def test_segment_then_page(segment, page, shop):
    page.goto(f"{shop}#{segment.url}|{segment.write_key}")
    with segment.waiting_for(track("Bought")):
        page.click("button")


def test_in_a_handler(page, segment, shop):
    said = []
    page.on("console", lambda _: said.append(segment.assert_called(track("Bought"))))
    page.goto(f"{shop}#{segment.url}|{segment.write_key}")
    with page.expect_console_message():
        page.click("button")
    assert len(said) == 1


def test_the_sdk_in_this_process(page, segment):
    pytest.importorskip("segment.analytics")
    segment.analytics.track("u1", "Served")
    segment.assert_called(track("Served"))
"""


@pytest.fixture
def run(
    chromium: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., pytest.RunResult]:
    """Run the tests above with pytest-playwright; without it they are skipped, in CI they fail."""
    if importlib.util.find_spec("pytest_playwright") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("pytest-playwright is not installed")
        pytest.skip("pytest-playwright is not installed")
    for variable in ("MOCKSEG_URL", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeconftest(_CONFTEST.format(chromium=chromium))
    pytester.makepyfile(_TESTS)

    def run_pytest(*args: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{ini}")
        return pytester.runpytest_subprocess("-p", "no:randomly", *args, timeout=240)

    return run_pytest


@pytest.mark.timeout(300)  # a browser, on a machine that may be busy
def test_segment_and_a_synchronous_page_in_one_test(
    run: Callable[..., pytest.RunResult],
) -> None:
    """Playwright's loop is marked as running, and no verb would stop it: all of them work."""
    run().assert_outcomes(passed=4)


@pytest.mark.timeout(300)
def test_a_window_is_opened_beside_a_page(run: Callable[..., pytest.RunResult]) -> None:
    """With a write key that cannot change, setting `segment` up waits for what is under way."""
    run(ini="mockseg_write_key = shop\n").assert_outcomes(passed=4)


@pytest.mark.timeout(300)
def test_a_server_elsewhere_is_asked_beside_a_page(
    run: Callable[..., pytest.RunResult],
) -> None:
    """Over HTTP every verb blocks."""
    from mockseg import MockSegment

    with MockSegment() as server:
        run("--mockseg-url", server.url).assert_outcomes(passed=4)
