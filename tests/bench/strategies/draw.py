"""Draw examples of schemas for one side; speed.py asks on standard input."""

from __future__ import annotations

import itertools
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

# The cheapest thing that Hypothesis can give a test: one choice, as it is.
FLOOR = st.binary(min_size=1, max_size=16)


class OutOfTimeError(Exception):
    """The slice is over."""


def main() -> None:
    """Answer each line that asks for a rate."""
    warnings.simplefilter("ignore")
    if sys.argv[1] == "rival":
        from hypothesis_jsonschema import from_schema
    else:
        from mockseg.strategies import from_schema
    schemas = json.loads(Path(sys.argv[2]).read_text())
    strategies: dict[str, Any] = {}
    seeds = itertools.count()
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked["name"]
        if name not in strategies:
            strategies[name] = FLOOR if name == "floor" else from_schema(schemas[name])
        sys.stdout.write(f"{rate(strategies[name], asked['seconds'], seeds)}\n")
        sys.stdout.flush()


def rate(strategy: Any, seconds: float, seeds: Any) -> float:
    """Give how many examples Hypothesis draws in a second, in tests of 100 examples each.

    Seconds of the processor, so that what else the machine does counts for neither side.
    """
    drawn = 0
    started = time.process_time()
    while (spent := time.process_time() - started) < seconds:

        @seed(next(seeds))
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
    spent = time.process_time() - started
    return drawn / spent


if __name__ == "__main__":
    main()
