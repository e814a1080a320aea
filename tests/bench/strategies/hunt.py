"""Hunt the defects of the corpus with one side's strategies; bugs.py starts it.

Both sides get 200 examples, however long they take: the rival's health checks are switched
off, for Hypothesis would end many of its hunts as too slow. An error of its own counts as not
found and is named. Beyond the limit of processor seconds, if one is set, a hunt is not
counted.

python hunt.py --side ours|rival --schemas FILE --seeds N
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consumers import CONSUMERS
from held_out import HELD_OUT
from hypothesis import HealthCheck, Phase, given, seed, settings

if TYPE_CHECKING:
    from corpus import Consumer

EXAMPLES = 200
OUT_OF_TIME = "out of time"


class FoundError(Exception):
    """A consumer failed."""


def main() -> None:
    """Hunt and print one JSON object: consumer -> how many hunts found its defect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", choices=["ours", "rival"], required=True)
    parser.add_argument("--schemas", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=0.0, help="seconds for a hunt; 0: no end")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    schemas = json.loads(arguments.schemas.read_text())
    results: dict[str, Any] = {}
    for consumer in (*CONSUMERS, *HELD_OUT):
        strategy = ours(consumer) if arguments.side == "ours" else rival(schemas[consumer.name])
        found, hunts, note, started = 0, 0, "", time.process_time()
        for number in range(arguments.seeds):
            hit, said = hunt(consumer, strategy, number, arguments)
            found, hunts, note = found + hit, hunts + (said != OUT_OF_TIME), said or note
        seconds = time.process_time() - started
        results[consumer.name] = {
            "found": found,
            "of": hunts,
            "note": note,
            "seconds": seconds,
        }
        sys.stderr.write(
            f"{arguments.side} {found}/{arguments.seeds} {consumer.name} {note} {seconds:.1f} s\n"
        )
    sys.stdout.write(json.dumps(results))


def hunt(
    consumer: Consumer, strategy: Any, number: int, arguments: argparse.Namespace
) -> tuple[bool, str]:
    """Give one hunt of 200 examples; tell whether the defect was found, and what hindered it."""
    until = time.process_time() + (arguments.limit or float("inf"))
    lenient = list(HealthCheck) if arguments.side == "rival" else []

    class OutOfTimeError(Exception):
        pass

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=lenient,
    )
    @given(strategy)
    def run(drawn: Any) -> None:
        if time.process_time() > until:
            raise OutOfTimeError
        messages = copy.deepcopy(drawn if isinstance(drawn, list) else [drawn])
        try:
            consumer.take(messages)
        except Exception as error:
            raise FoundError(str(error)) from error

    try:
        run()
    except FoundError:
        return True, ""
    except OutOfTimeError:
        return False, OUT_OF_TIME
    except Exception as error:  # noqa: BLE001  (the rival's own failures)
        return False, f"{type(error).__name__}: {str(error)[:80]}"
    return False, ""


def ours(consumer: Consumer) -> Any:
    """Give what a user of mockseg would use for such a consumer."""
    from mockseg import strategies as seg

    if consumer.feed == "sequence":
        return seg.reordered(seg.duplicated(seg.journeys(consumer.plan)))
    if consumer.feed == "edge":
        assert consumer.event is not None
        return seg.edge_event(consumer.event, plan=consumer.plan, strictness="lenient")
    if consumer.event is None:
        return seg.events(consumer.plan)
    return seg.event(consumer.event, plan=consumer.plan)


def rival(schema: Any) -> Any:
    """Give what hypothesis-jsonschema makes of the same schema."""
    from hypothesis_jsonschema import from_schema

    return from_schema(schema)


if __name__ == "__main__":
    main()
