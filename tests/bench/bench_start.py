"""Start, stop, import and help: what a test run and a person at a prompt pay.

Each figure is the median of several runs; imports and help in fresh interpreters, beside
an interpreter that does nothing.

    python tests/bench/bench_start.py [--runs 15]
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=15, help="runs of each figure")
    runs = arguments.parse_args().runs
    nothing = _process([sys.executable, "-c", "pass"], runs)
    imported = _process([sys.executable, "-c", "import mockseg"], runs)
    command = Path(sys.executable).with_name("mockseg")
    helped = _process([str(command), "--help"], runs)
    print(f"an interpreter that does nothing: {nothing:.0f} ms")
    print(f"import mockseg: +{imported - nothing:.1f} ms")
    print(f"mockseg --help: {helped:.0f} ms")
    started, stopped = _start_and_stop(runs)
    print(f"MockSegment start to first 200: {started:.1f} ms; stop: {stopped:.1f} ms")
    if (rival := _rival(runs)) is not None:
        print(f"pytest-httpserver the same: {rival[0]:.1f} ms; stop: {rival[1]:.1f} ms")


def _process(command: list[str], runs: int) -> float:
    spent = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent)


def _post(url: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    body = '{"userId":"u1","event":"Started","writeKey":"benchkey"}'
    connection.request("POST", "/v1/track", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"answered {answer.status}")


def _start_and_stop(runs: int) -> tuple[float, float]:
    from mockseg import MockSegment

    MockSegment().start().stop()  # imports are paid once, before
    started, stopped = [], []
    for _ in range(runs):
        begun = time.perf_counter()
        server = MockSegment().start()
        _post(server.url)
        started.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        server.stop()
        stopped.append((time.perf_counter() - begun) * 1000)
    return statistics.median(started), statistics.median(stopped)


def _rival(runs: int) -> tuple[float, float] | None:
    try:
        from pytest_httpserver import HTTPServer
    except ImportError:
        return None
    started, stopped = [], []
    for _ in range(min(runs, 5)):
        begun = time.perf_counter()
        server = HTTPServer(host="127.0.0.1", port=0)
        server.expect_request("/v1/track").respond_with_json({"success": True})
        server.start()
        _post(server.url_for("/"))
        started.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        server.stop()
        stopped.append((time.perf_counter() - begun) * 1000)
    return statistics.median(started), statistics.median(stopped)


if __name__ == "__main__":
    main()
