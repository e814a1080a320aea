"""Draw examples of schemas for one side; speed.py asks on standard input."""

from __future__ import annotations

import itertools
import json
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterable

# The cheapest thing that Hypothesis can give a test: one choice, as it is.
FLOOR = st.binary(min_size=1, max_size=16)

# What speed.py draws beside schemas, of two trees of mockseg: name -> the function of
# mockseg.strategies and its argument.
STRATEGIES = {
    'events("spec")': ("events", "spec"),
    'events("ecommerce")': ("events", "ecommerce"),
    'events("userguiding")': ("events", "userguiding"),
    'edge_events("userguiding")': ("edge_events", "userguiding"),
    'event("Order Completed")': ("event", "Order Completed"),
    'event("Product Viewed")': ("event", "Product Viewed"),
    'event("survey question answer (userguiding)")': (
        "event",
        "survey question answer (userguiding)",
    ),
    "messages()": ("messages", None),
}


class OutOfTimeError(Exception):
    """The slice is over."""


def main() -> None:
    """Answer each line that asks for a rate."""
    warnings.simplefilter("ignore")
    if sys.argv[1] == "rival":
        from hypothesis_jsonschema import from_schema
    else:
        from mockseg import strategies as seg
        from mockseg.strategies import from_schema
    schemas = json.loads(Path(sys.argv[2]).read_text())
    strategies: dict[str, Any] = {}
    seeds = itertools.count()
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked["name"]
        if name not in strategies:
            if name in STRATEGIES:
                function, argument = STRATEGIES[name]
                strategies[name] = getattr(seg, function)(argument)
            else:
                strategies[name] = FLOOR if name == "floor" else from_schema(schemas[name])
        if "tests" in asked:
            of_tests = range(asked["first"], asked["first"] + asked["tests"])
            found = rate(strategies[name], float("inf"), of_tests)
        else:
            found = rate(strategies[name], asked["seconds"], seeds)
        sys.stdout.write(f"{found}\n")
        sys.stdout.flush()


def rate(strategy: Any, seconds: float, seeds: Iterable[int]) -> float:
    """Give how many examples Hypothesis draws in a second, in tests of 100 examples each.

    Seconds of the processor, so that what else the machine does counts for neither side. There
    is a test for each seed, until the time is over.
    """
    drawn = 0
    started = time.process_time()
    for number in seeds:

        @seed(number)
        @settings(max_examples=100, database=None, deadline=None, phases=[Phase.generate])
        @given(strategy)
        def run(_: Any) -> None:
            nonlocal drawn
            drawn += 1
            if time.process_time() - started > seconds * 20:
                raise OutOfTimeError

        try:
            run()
        except OutOfTimeError:
            break
        except Exception as error:
            if "HealthCheck" not in str(error) and "health check" not in str(error):
                raise
        if time.process_time() - started >= seconds:
            break
    spent = time.process_time() - started
    return drawn / spent


if __name__ == "__main__":
    main()
