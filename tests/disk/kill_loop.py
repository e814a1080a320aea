"""Kill a journal's process again and again, and look for what it had answered.

    python tests/disk/kill_loop.py [--kills 20] [--sync off|normal|full] [--seed 1]

A process records batches of three calls and says which it has answered; it is killed with SIGKILL
at a moment that chance chooses, and the next one goes on with its file. After each kill the file is
checked whole. At the end: what was answered and is missing (with `off` one batch a kill may be),
holes in the numbers, batches that are half there. Exit 1 when there is any.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Report:
    """What was found.

    Attributes:
        answered: how many batches.
        lost: names of batches that were answered and are missing, although they may not be.
        unanswered: how many were stored and not answered before the kill.
        may_be_lost: answered before their commit, and missing (with `off`).
        holes: whether a cursor is missing or doubled.
        half: names of batches that are not there whole and in order.
    """

    answered: int = 0
    lost: list[str] = field(default_factory=list)
    unanswered: int = 0
    may_be_lost: int = 0
    holes: bool = False
    half: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.holes or self.half)

    def __str__(self) -> str:
        return (
            f"{self.answered:,} batches answered: {len(self.lost)} lost, {len(self.half)} half"
            f" stored, {'holes' if self.holes else 'no hole'} in the numbers;"
            f" {self.unanswered} stored and not answered yet, {self.may_be_lost} answered before"
            " their commit and gone"
        )


def kill_loop(file: Path, *, kills: int, sync: str, seed: int) -> Report:
    """Start and kill a recorder so many times; return what its file has then.

    Args:
        file: of the journal.
        kills: how many.
        sync: ``journal_sync``.
        seed: chooses the moments.
    """
    from mockseg.config import Settings
    from mockseg.hub.hub import Hub
    from mockseg.journal.upkeep import check_journal

    chance = random.Random(seed)
    answered: list[list[str]] = []
    for kill in range(kills):
        answered.append(_killed(file, f"r{kill}", sync, after=chance.randrange(1, 60)))
        check_journal(str(file))
    hub = Hub(Settings(journal=str(file)))
    calls = hub.journal.calls_after(0, limit=10**6)
    hub.close()
    ids = [call.message_id for call in calls]
    stored: dict[str, list[str]] = {}
    for id_ in ids:
        stored.setdefault(id_.partition(".")[0], []).append(id_)
    missing = [[name for name in names if name not in stored] for names in answered]
    # The last of a run that does not wait for its commits.
    allowed = [names[-1:] if sync == "off" else [] for names in answered]
    said = {name for names in answered for name in names}
    return Report(
        answered=len(said),
        lost=[
            name
            for gone, may in zip(missing, allowed, strict=True)
            for name in gone
            if name not in may
        ],
        unanswered=len(stored.keys() - said),
        may_be_lost=sum(
            name in may for gone, may in zip(missing, allowed, strict=True) for name in gone
        ),
        holes=[call.cursor for call in calls] != list(range(1, len(calls) + 1)),
        half=[
            name
            for name, theirs in stored.items()
            if theirs != [f"{name}.{place}" for place in range(3)]
        ],
    )


def _killed(file: Path, name: str, sync: str, *, after: int) -> list[str]:
    """Run a recorder until it has answered so many batches, kill it, and return which it did."""
    folders = (ROOT, ROOT / "tests" / "support")
    path = os.pathsep.join([*map(str, folders), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("recorder.py")), str(file), name, sync],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(after)]
    process.kill()
    # And what it still said before it was killed.
    return said + process.communicate()[0].split()


def main() -> int:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--sync", choices=("off", "normal", "full"), default="normal")
    arguments.add_argument("--seed", type=int, default=1, help="chooses the moments")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal.db"
        report = kill_loop(file, kills=asked.kills, sync=asked.sync, seed=asked.seed)
    print(f"{asked.kills} kills, journal_sync {asked.sync}: {report}")
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    raise SystemExit(main())
