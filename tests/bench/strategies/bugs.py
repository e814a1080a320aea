"""Defects found, beside hypothesis-jsonschema: the corpus of forty consumers, 200 examples each.

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
from schemas import schema_for

HERE = Path(__file__).parent


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rival", help="the rival's Python; without it only ours")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=20.0, help="seconds a hunt may take")
    arguments = parser.parse_args()
    sides = {"ours": sys.executable} | ({"rival": arguments.rival} if arguments.rival else {})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "schemas.json"
        file.write_text(json.dumps({each.name: schema_for(each) for each in CONSUMERS}))
        results = {
            side: _hunt(python, side, file, arguments.seeds, arguments.limit)
            for side, python in sides.items()
        }
    for consumer in CONSUMERS:
        row = [
            f"{results[side][consumer.name]['found']}/{results[side][consumer.name]['of']}"
            f" {results[side][consumer.name]['note']}"
            for side in sides
        ]
        _say(f"{consumer.name:55} {consumer.feed:9}", *(f"{cell:26}" for cell in row))
    for side in sides:
        found = sum(each["found"] for each in results[side].values())
        hunts = sum(each["of"] for each in results[side].values())
        _say(f"{side}: {found} of {hunts} hunts, {100 * found / hunts:.1f} %")


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
