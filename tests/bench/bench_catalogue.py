"""The catalogue: loading it whole, and judging UserGuiding's calls beside jsonschema alone.

Method: loading is timed in fresh interpreters, since a plan is read once in a process;
the libraries are imported before the clock starts. Checks are short bursts of each side
in turn; each burst of ours is divided into the one of jsonschema in the same round, and
the median of these ratios counts. Times are of this machine at this moment; the ratios
travel. The messages are the samples of every event of ``userguiding``, the bad ones have
one wrong type and one property missing.

    python tests/bench/bench_catalogue.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from jsonschema import Draft7Validator

from mockseg.catalogue.loader import load
from mockseg.catalogue.samples import message_for
from mockseg.plans.model import STRICTNESSES
from mockseg.plans.planset import PlanSet
from mockseg.plans.violations import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.plans.model import Strictness

PLAN = "userguiding"

# Figures of the task: 150 ms, 5 us a call, 3 ms an explanation.
LOADING = """
import time
from mockseg.catalogue.loader import catalogues, load
from mockseg.plans.model import plan_from_json
from mockseg.plans.planset import PlanSet
before = time.perf_counter()
plans = [load(name, strictness={strictness!r}) for name in catalogues()]
read = time.perf_counter()
PlanSet(plans)
ready = time.perf_counter()
PlanSet(plans)
whole = time.perf_counter()
print((read - before) * 1e3, (ready - before) * 1e3, (read - before + whole - ready) * 1e3)
"""


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15, help="bursts of each side")
    rounds = arguments.parse_args().rounds
    for strictness in STRICTNESSES:
        loading(strictness, rounds=min(rounds, 7))
    for strictness in STRICTNESSES:
        checking(strictness, rounds)


def loading(strictness: Strictness, *, rounds: int) -> None:
    """Time it in fresh interpreters: read, as a source has it, and with all compiled at once.

    A source compiles a schema when the first call of its event comes.
    """
    figures = []
    for _ in range(rounds):
        code = LOADING.format(strictness=strictness)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        figures.append([float(figure) for figure in done.stdout.split()])
    read, ready, whole = (statistics.median(column) for column in zip(*figures, strict=True))
    sys.stdout.write(
        f"whole catalogue, {strictness:7}     {read:9.1f} ms to read, {ready:.1f} ms as a source's"
        f" plans, {whole:.1f} ms with every schema checked and compiled\n"
    )


def checking(strictness: Strictness, rounds: int) -> None:
    """Time good and bad calls of every event of the plan."""
    catalogue = load(PLAN, strictness=strictness)
    plans = PlanSet([catalogue])
    good = [message_for(catalogue, rule) for rule in catalogue.rules]
    bad = [broken(message) for message in good]
    pure = {rule.key: Draft7Validator(rule.schema) for rule in catalogue.rules}

    def check(messages: list[dict[str, Any]]) -> list[Any]:
        return [plans.check(message, type="track", event=message["event"]) for message in messages]

    assert not any(check(good))
    assert all(check(bad))
    compare(
        f"good call, {strictness}",
        lambda: check(good),
        lambda: [pure[message["event"]].is_valid(message) for message in good],
        rounds,
        each=len(good),
    )
    compare(
        f"bad call explained, {strictness}",
        lambda: [
            [explain(one, message) for one in found]
            for message, found in zip(bad, check(bad), strict=True)
        ],
        lambda: [
            [error.message for error in pure[message["event"]].iter_errors(message)]
            for message in bad
        ],
        rounds,
        each=len(bad),
    )


def broken(message: dict[str, Any]) -> dict[str, Any]:
    """Take the first property away and give the second a wrong type."""
    first, second, *_ = message["properties"]
    properties = {key: each for key, each in message["properties"].items() if key != first}
    return message | {"properties": properties | {second: {"not": "a text"}}}


def compare(
    name: str, ours: Callable[[], Any], pure: Callable[[], Any], rounds: int, *, each: int
) -> None:
    """Time both sides in turn and print the median time of a call and the median ratio."""
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(burst(ours, each))
        theirs.append(burst(pure, each))
    ratios = sorted(their / my for my, their in zip(mine, theirs, strict=True))
    sys.stdout.write(
        f"{name:28} {statistics.median(mine):9.2f} us   jsonschema "
        f"{statistics.median(theirs):9.2f} us   {statistics.median(ratios):6.1f} times "
        f"({ratios[0]:.1f} to {ratios[-1]:.1f})\n"
    )


def burst(call: Callable[[], Any], each: int, *, times: int = 20) -> float:
    """Give the time of one message, in microseconds, over so many."""
    before = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - before) / times / each * 1e6


if __name__ == "__main__":
    main()
