"""A Locust master with two workers sends traffic: nobody twice, and the rates add up."""

from __future__ import annotations

import csv
import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mockseg.server import MockSegment

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("locust") is None, reason="locust is not installed: mockseg[locust]"
)

ROOT = Path(__file__).parents[2]
PEOPLE = 50
LOCUSTFILE = f"""
from mockseg.integrations.locust import SegmentUser

class Shoppers(SegmentUser):
    catalogue = "ecommerce"
    seed = "7"
    write_key = "locust"
    people = {PEOPLE}
    batch = 2
"""


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a Locust process."""
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", "locustfile.py", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def free_port() -> str:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return str(taken.getsockname()[1])


def test_two_workers_share_the_people(tmp_path) -> None:
    """Each worker has people of its own; all requests that Locust counts have arrived."""
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    port = free_port()
    with MockSegment() as server:
        master = started(
            tmp_path, "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port,
            "--headless", "--expect-workers", "2", "--users", "20", "--spawn-rate", "20",
            "--run-time", "4s", "--host", server.url, "--csv", "stats",
        )  # fmt: skip
        workers = [
            started(tmp_path, "--worker", "--master-host", "127.0.0.1", "--master-port", port)
            for _ in range(2)
        ]
        output = master.communicate()[0]
        for worker in workers:
            output += worker.communicate()[0]
        source = server.source("locust")
        calls = source.calls()
    assert master.returncode == 0, output
    ids = [call.message_id for call in calls]
    assert len(ids) == len(set(ids)) > 20
    assert all(call.good for call in calls), output
    with (tmp_path / "stats_stats.csv").open(newline="") as file:
        total = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    assert int(total["Request Count"]) * 2 == len(calls)
    people = {int(message_id.split("-")[1], 16) for message_id in ids}
    assert {person // PEOPLE for person in people} == {0, 1}
