"""Examples a second, beside hypothesis-jsonschema, on the same schemas, interleaved in one run.

The rival runs in its own environment, with the last Hypothesis that it works with. Each
rotation asks both sides for as many examples as they draw in a slice of time, in random
order; the median of the ratios counts. Start-up and the making of the strategy are not
counted for either side, and seconds are those of the processor.

The last column is the most that any strategy could reach: Hypothesis takes its time for a
test case whatever is drawn in it, and a test of one choice that is not even decoded is
measured beside the others.

    python tests/bench/strategies/speed.py --rival RIVAL/bin/python [--rotations 5] [--only uuid]

Against another tree of mockseg, such as ``git worktree add DIR COMMIT``, both sides draw the
same schemas and the strategies of ``draw.STRATEGIES``, by turns: the same tests of 100 examples
with the same seeds. The ratio is seconds of the processor for an example, ours to the other's.

    python tests/bench/strategies/speed.py --against DIR [--rotations 9] [--only "Order Completed"]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from draw import STRATEGIES
from schemas import whole

from mockseg.catalogue.loader import load
from mockseg.catalogue.lookup import get

HERE = Path(__file__).parent

_PROPERTIES = {"at": "date-time", "mail": "email", "page": "uri", "id": "uuid"}


def cases() -> dict[str, tuple[str, Any]]:
    """Give the schemas: name -> what kind it is, and the schema."""
    found: dict[str, tuple[str, Any]] = {
        f"format {name}": ("formats", {"type": "string", "format": name})
        for name in ("date-time", "email", "uri", "uuid", "ipv6")
    }
    found["formats in an object"] = (
        "formats",
        {
            "type": "object",
            "required": ["at", "mail"],
            "properties": {k: {"type": "string", "format": f} for k, f in _PROPERTIES.items()},
            "additionalProperties": False,
        },
    )
    for plan, event, kind in (
        ("userguiding", "survey question answer (userguiding)", "conditionals"),
        ("userguiding", "guide started (userguiding)", "plain"),
        ("userguiding", "guide button click (userguiding)", "plain"),
        ("ecommerce", "Order Completed", "plain"),
        ("video", "Video Playback Started", "plain"),
        ("email", "Email Opened", "plain"),
        ("candu", "tutorial.interaction", "plain"),
    ):
        rule = load(plan, strictness="strict").rule(event)
        assert rule is not None
        found[event] = (kind, rule.schema)
    guide = get("guide started (userguiding)", strictness="strict")
    found["guide started, whole message"] = ("formats", whole(guide))
    found["text"] = ("scalar", {"type": "string"})
    found["number"] = ("scalar", {"type": "number", "minimum": 0})
    return found


class Side:
    """One side's process: asked for examples for a while, tells how many a second.

    Args:
        python: runs it.
        side: ``ours`` or ``rival``.
        schemas: file of the schemas, by name.
        tree: of mockseg, if not the one that is installed.
    """

    def __init__(self, python: str, side: str, schemas: Path, tree: Path | None = None) -> None:
        place = {} if tree is None else {"PYTHONPATH": str(tree.resolve())}
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(HERE / "draw.py"), side, str(schemas)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **place},
        )

    def rate(self, name: str, seconds: float) -> float:
        """Give examples a second, over as many tests as a time takes."""
        return self._asked({"name": name, "seconds": seconds})

    def rate_of(self, name: str, first: int, tests: int) -> float:
        """Give examples a second, over tests whose seeds are given."""
        return self._asked({"name": name, "first": first, "tests": tests})

    def _asked(self, question: dict[str, object]) -> float:
        asked: IO[str] | None = self._process.stdin
        told: IO[str] | None = self._process.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps(question) + "\n")
        asked.flush()
        return float(told.readline())

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    other = parser.add_mutually_exclusive_group(required=True)
    other.add_argument("--rival", help="the rival's Python")
    other.add_argument("--against", type=Path, help="another tree of mockseg")
    parser.add_argument("--rotations", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each slice")
    parser.add_argument("--only", default="", help="schemas whose names hold this")
    arguments = parser.parse_args()
    table = {name: case for name, case in cases().items() if arguments.only in name}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "schemas.json"
        file.write_text(json.dumps({name: schema for name, (_, schema) in table.items()}))
        ours = Side(sys.executable, "ours", file)
        if arguments.against is None:
            other_side = Side(arguments.rival, "rival", file)
            beside_rival(table, ours, other_side, arguments)
        else:
            other_side = Side(sys.executable, "ours", file, arguments.against)
            table |= {name: ("whole", None) for name in STRATEGIES if arguments.only in name}
            against_tree(table, ours, other_side, arguments)
        ours.end()
        other_side.end()


def beside_rival(
    table: dict[str, tuple[str, Any]], ours: Side, rival: Side, arguments: argparse.Namespace
) -> None:
    """Print a line for each schema: both sides, their ratio, and the most there could be."""
    for name, (kind, _) in table.items():
        for side in (ours, rival):
            side.rate(name, 0.2)
        rates: dict[str, list[float]] = {"ours": [], "rival": [], "floor": []}
        for _ in range(arguments.rotations):
            order = [("ours", ours, name), ("rival", rival, name), ("floor", ours, "floor")]
            random.shuffle(order)
            for which, side, asked in order:
                rates[which].append(side.rate(asked, arguments.seconds))
        ratios = [a / b for a, b in zip(rates["ours"], rates["rival"], strict=True)]
        bounds = [a / b for a, b in zip(rates["floor"], rates["rival"], strict=True)]
        middle = {which: statistics.median(found) for which, found in rates.items()}
        _say(
            f"{kind:13} {name:38} ours {middle['ours']:8.0f}/s  rival {middle['rival']:8.0f}/s"
            f"  ratio {statistics.median(ratios):6.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
            f"  at most {statistics.median(bounds):.1f}"
        )


def against_tree(
    table: dict[str, tuple[str, Any]], ours: Side, theirs: Side, arguments: argparse.Namespace
) -> None:
    """Print a line for each schema and strategy: time for an example, ours to the other tree's."""
    for name, (kind, _) in table.items():
        rates = [side.rate_of(name, 0, 1) for side in (theirs, ours)]
        # As many tests of 100 examples as fill about a slice of time, the same for both sides.
        tests = max(1, round(min(rates) * arguments.seconds / 100))
        ratios: list[float] = []
        for rotation in range(arguments.rotations):
            sides = [ours, theirs] if rotation % 2 else [theirs, ours]
            found = {side: side.rate_of(name, 1 + rotation * tests, tests) for side in sides}
            ratios.append(found[theirs] / found[ours])
        _say(
            f"{kind:13} {name:38} ratio {statistics.median(ratios):5.2f}"
            f" [{min(ratios):.2f}-{max(ratios):.2f}]  of {arguments.rotations} x {tests} tests"
        )


def _say(*cells: object) -> None:
    sys.stdout.write(" ".join(map(str, cells)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
