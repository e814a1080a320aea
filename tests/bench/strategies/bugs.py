"""Defects found, beside hypothesis-jsonschema: 200 examples for each of fifty-two consumers.

Forty of them were in view while the strategies were made, twelve were not; both are told.

The rival runs in its own environment, with the last Hypothesis that it works with:

    python -m venv RIVAL
    RIVAL/bin/pip install 'hypothesis==6.168.*' hypothesis-jsonschema
    python tests/bench/strategies/bugs.py --rival RIVAL/bin/python [--seeds 3]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from consumers import CONSUMERS
from held_out import HELD_OUT
from schemas import schema_for

HERE = Path(__file__).parent


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rival", help="the rival's Python; without it only ours")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=0.0, help="seconds for a hunt; 0: no end")
    arguments = parser.parse_args()
    sides = {"ours": sys.executable} | ({"rival": arguments.rival} if arguments.rival else {})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "schemas.json"
        file.write_text(
            json.dumps({each.name: schema_for(each) for each in (*CONSUMERS, *HELD_OUT)})
        )
        results = {
            side: _hunt(python, side, file, arguments.seeds, arguments.limit)
            for side, python in sides.items()
        }
    for consumer in (*CONSUMERS, *HELD_OUT):
        row = [
            f"{results[side][consumer.name]['found']}/{results[side][consumer.name]['of']}"
            f" {results[side][consumer.name]['note']}"
            for side in sides
        ]
        _say(f"{consumer.name:55} {consumer.feed:9}", *(f"{cell:26}" for cell in row))
    for title, corpus in (("in view", CONSUMERS), ("held out", HELD_OUT)):
        for side in sides:
            rows = [results[side][consumer.name] for consumer in corpus]
            found, hunts = sum(row["found"] for row in rows), sum(row["of"] for row in rows)
            share = 100 * found / hunts if hunts else 0
            _say(f"{title}, {side}: {found} of {hunts} hunts, {share:.1f} %")


def _hunt(python: str, side: str, file: Path, seeds: int, limit: float) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-W", "ignore", str(HERE / "hunt.py"), "--side", side, "--schemas", str(file),
         "--seeds", str(seeds), "--limit", str(limit)],
        check=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _say(*cells: object) -> None:
    sys.stdout.write(" ".join(map(str, cells)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
