"""The plugin: its first use in a run, each further test, and a run that does not use it.

Beside pytest-httpserver, both in the same pytest run, in a process of its own, several times;
figures are medians, in milliseconds of wall time and of processor time of the phases of a
test. Needs pytest-httpserver beside mockseg in the environment that runs it.

    python tests/bench/bench_plugin.py [--tests 200] [--runs 5]

With `--empty`, a whole run of one empty test, in fresh environments without mockseg, with it,
and with its extras; pip installs what they need. Once with the compiled files that pytest
keeps of plugins, and once without, as where PYTHONDONTWRITEBYTECODE is set or the environment
is read-only: there pytest compiles every module of a plugin's distribution again.

    python tests/bench/bench_plugin.py --empty [--runs 15]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# What is installed beside pytest.
_ENVIRONMENTS = ("", "mockseg", "mockseg[strategies]", "mockseg[traffic]", "mockseg[all]")
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
    arguments.add_argument("--empty", action="store_true", help="a run of one empty test instead")
    options = arguments.parse_args()
    if options.empty:
        _empty_runs(options.runs)
        return
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


def _empty_runs(runs: int) -> None:
    """Print what a run of one empty test takes in each environment, and what that adds."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "project").mkdir()
        (home / "project" / "test_empty.py").write_text("def test_empty():\n    pass\n")
        pythons = [
            _environment(home / f"venv{number}", requirement)
            for number, requirement in enumerate(_ENVIRONMENTS)
        ]
        # What is kept once is read ever after: so without it first.
        for keeps in (False, True):
            # In turn, so that what else the machine does falls on all alike.
            # The first round fills caches.
            rounds = [
                [_empty_run(python, home / "project", keeps=keeps) for python in pythons]
                for _ in range(runs + 1)
            ][1:]
            _print_empty(rounds, "compiled files kept" if keeps else "nothing compiled kept")


def _print_empty(rounds: list[list[tuple[float, float]]], title: str) -> None:
    print(f"pytest on one empty test, {title}, {len(rounds)} runs; milliseconds")
    print(
        f"{'beside pytest':24} {'wall':>10} {'processor':>10} {'more wall':>10} {'processor':>10}"
    )
    medians = [
        [1000 * statistics.median(each) for each in zip(*spent, strict=True)]
        for spent in zip(*rounds, strict=True)
    ]
    for requirement, (wall, processor) in zip(_ENVIRONMENTS, medians, strict=True):
        print(
            f"{requirement or 'nothing':24} {wall:10.0f} {processor:10.0f}"
            f" {wall - medians[0][0]:10.0f} {processor - medians[0][1]:10.0f}"
        )


def _environment(folder: Path, requirement: str) -> str:
    """Make an environment with pytest and, where it is named, this mockseg."""
    venv.create(folder, with_pip=True)
    python = str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    ours = [requirement.replace("mockseg", str(ROOT))] if requirement else []
    subprocess.run([python, "-m", "pip", "install", "-q", "pytest", *ours], check=True)
    return python


def _empty_run(python: str, project: Path, *, keeps: bool) -> tuple[float, float]:
    """Run pytest once; seconds of wall time and of processor time."""
    name = "PYTHONDONTWRITEBYTECODE"
    env = {key: value for key, value in os.environ.items() if key != name}
    if not keeps:
        env[name] = "1"
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=project, env=env, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"pytest ended with {process.returncode} in {project}")
    return wall, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
