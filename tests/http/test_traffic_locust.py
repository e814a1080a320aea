"""A Locust master with two workers sends traffic: nobody twice, and the rates add up."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PEOPLE = 50
USERS = 20
SECONDS = 4
BATCH = 2
# Longer than any machine takes to start three Python processes.
PATIENCE_SECONDS = 90
LOCUSTFILE = f"""
import pathlib

from locust import events

from mockseg.integrations.locust import SegmentUser

requests = []

@events.request.add_listener
def count(exception, **_):
    requests.append(exception)

# What a worker reports to its master at the end may come too late for the master's own sum.
@events.quitting.add_listener
def write(environment, **_):
    if hasattr(environment.runner, "worker_index"):
        assert not any(requests), requests
        file = pathlib.Path(f"worker-{{environment.runner.worker_index}}")
        file.write_text(str(len(requests)))

class Shoppers(SegmentUser):
    catalogue = "ecommerce"
    seed = "7"
    write_key = "locust"
    people = {PEOPLE}
    batch = {BATCH}
"""


@contextlib.contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a Locust process; at the end of the block there is none."""
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", "locustfile.py", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def free_port() -> str:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return str(taken.getsockname()[1])


def test_two_workers_share_the_people(tmp_path) -> None:
    """Each worker has people of its own; what Locust counts has arrived, at Locust's rate."""
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    port = free_port()
    mastering = (
        "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--headless",
        "--expect-workers", "2", "--users", f"{USERS}", "--spawn-rate", f"{USERS}",
        "--run-time", f"{SECONDS}s", "--stop-timeout", f"{PATIENCE_SECONDS}",
    )  # fmt: skip
    working = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
    with (
        MockSegment() as server,
        started(tmp_path, *mastering, "--host", server.url) as master,
        started(tmp_path, *working) as one,
        started(tmp_path, *working) as other,
    ):
        output = master.communicate(timeout=PATIENCE_SECONDS)[0]
        for worker in (one, other):
            output += worker.communicate(timeout=PATIENCE_SECONDS)[0]
        calls = server.source("locust").calls()
    assert [each.returncode for each in (master, one, other)] == [0, 0, 0], output
    ids = [call.message_id for call in calls]
    assert len(ids) == len(set(ids))
    assert all(call.good for call in calls), output
    by_worker = [0, 0]
    for message_id in ids:
        by_worker[int(message_id.split("-")[1], 16) // PEOPLE] += 1
    counted = [int((tmp_path / f"worker-{index}").read_text()) for index in range(2)]
    assert by_worker == [requests * BATCH for requests in counted], output
    # A user sends one request a second: every one of them did, and none more often.
    times = [datetime.fromisoformat(call.received_at) for call in calls]
    seconds = (times[-1] - times[0]).total_seconds()
    assert USERS <= sum(counted) <= USERS * (seconds + 2)
    assert min(counted) >= USERS // 2
