"""The plugin: the first use in a run, and each further test, beside pytest-httpserver.

Both run in the same pytest run, in a process of its own, several times; figures are medians,
in milliseconds of wall time and of processor time of the phases of a test. Needs
pytest-httpserver beside mockseg in the environment that runs it.

    python tests/bench/bench_plugin.py [--tests 200] [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# Measures each phase where pytest calls it, other plugins' fixtures apart.
_CONFTEST = """
import json
import time

import pytest

SPENT = {}


def spent(item, phase):
    wall, processor = time.perf_counter(), time.process_time()
    try:
        return (yield)
    finally:
        SPENT.setdefault(item.originalname, {}).setdefault(item.nodeid, {})[phase] = (
            time.perf_counter() - wall,
            time.process_time() - processor,
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    return (yield from spent(item, "setup"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    return (yield from spent(item, "call"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item):
    return (yield from spent(item, "teardown"))


def pytest_unconfigure(config):
    with open("spent.json", "w") as file:
        json.dump(SPENT, file)
"""
_TESTS = """
import base64
import urllib.request

import pytest

NUMBERS = pytest.mark.parametrize("n", range({tests}))


def post(url, body, key="none"):
    secret = base64.b64encode((key + ":").encode()).decode()
    headers = {{"Content-Type": "application/json", "Authorization": "Basic " + secret}}
    request = urllib.request.Request(url, data=body.encode(), headers=headers)
    with urllib.request.urlopen(request) as answer:
        answer.read()


@NUMBERS
def test_nothing(n):
    pass


@NUMBERS
def test_mockseg(segment, n):
    pass


@NUMBERS
def test_httpserver(httpserver, n):
    pass


@NUMBERS
def test_mockseg_one_call(segment, n):
    post(segment.url + "/v1/track", '{{"event":"A","userId":"u"}}', segment.write_key)
    assert len(segment.calls()) == 1


@NUMBERS
def test_httpserver_one_call(httpserver, n):
    httpserver.expect_request("/v1/track").respond_with_json({{"success": True}})
    post(httpserver.url_for("/v1/track"), '{{"event":"A","userId":"u"}}')
    httpserver.check()
    assert len(httpserver.log) == 1
"""


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--tests", type=int, default=200, help="of each kind")
    arguments.add_argument("--runs", type=int, default=5, help="of pytest")
    options = arguments.parse_args()
    runs = [_run(options.tests) for _ in range(options.runs)]
    print(f"{options.tests} tests of each kind, {options.runs} runs; milliseconds")
    print(f"{'':24} {'first test':>12} {'processor':>10} {'further':>10} {'processor':>10}")
    for kind in runs[0]:
        first, first_processor, further, further_processor = (
            1000 * statistics.median(run[kind][place] for run in runs) for place in range(4)
        )
        print(
            f"{kind.removeprefix('test_'):24} {first:12.1f} {first_processor:10.1f}"
            f" {further:10.2f} {further_processor:10.2f}"
        )


def _run(tests: int) -> dict[str, tuple[float, float, float, float]]:
    """Run pytest once; for each kind what its first test took, and the median of the others."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "conftest.py").write_text(_CONFTEST)
        (project / "test_bench.py").write_text(_TESTS.format(tests=tests))
        others = ["no:cacheprovider", "no:randomly", "no:faker", "no:hypothesispytest", "no:xdist"]
        command = [sys.executable, "-m", "pytest", "-q"]
        for other in others:
            command += ["-p", other]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        spent: dict[str, Any] = json.loads((project / "spent.json").read_text())
    return {kind: _figures(list(each.values())) for kind, each in spent.items()}


def _figures(tests: list[dict[str, tuple[float, float]]]) -> tuple[float, float, float, float]:
    """Sum the phases of each test: wall and processor, of the first and of the others."""
    wall = [sum(phase[0] for phase in test.values()) for test in tests]
    processor = [sum(phase[1] for phase in test.values()) for test in tests]
    # The last one of a kind may stop a server.
    return (
        wall[0],
        processor[0],
        statistics.median(wall[1:-1]),
        statistics.median(processor[1:-1]),
    )


if __name__ == "__main__":
    main()
