"""``mockseg demo``: it ends by itself and shows good and bad, and why."""

from __future__ import annotations

import http.client
import json
import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockseg import track
from mockseg.cli.demo import CALLS, LIVE_KEY
from mockseg.cli.main import run
from mockseg.client.client import Client

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo quiets a logger and names a host that needs no proxy: put both back."""
    monkeypatch.setenv("NO_PROXY", "")
    level = logging.getLogger("segment").level
    monkeypatch.setattr(logging.getLogger("segment"), "level", level)


def environment(**variables: str) -> dict[str, str]:
    """Give an environment in which this mockseg is found."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return os.environ | {"PYTHONPATH": path} | variables


def check(output: str) -> None:
    """See that all of it is told."""
    for call in CALLS:
        name = call.get("event") or call.get("name") or ""
        assert any(
            line.startswith(call["type"]) and name in line and "good" in line
            for line in output.splitlines()
        ), call
    assert "duplicate_message_id at messageId: " in output
    assert "no_user_anon_id: " in output
    assert "payload_too_large: " in output
    assert f"\n{len(CALLS) + 1} good, 3 bad\n" in output
    assert "/_mockseg/\n" in output
    assert "/_mockseg/v1/calls?source=demo&good=false" in output


def test_the_real_sdk_sends_and_the_demo_ends_by_itself(tmp_path: Path) -> None:
    """As a person runs it: exit 0, nothing on stderr."""
    pytest.importorskip("segment.analytics")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "mockseg", "demo"],
        cwd=tmp_path,
        env=environment(HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "Sent through segment-analytics-python " in done.stdout
    check(done.stdout)


def test_without_the_sdk_it_says_so_and_sends_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain HTTP carries the same calls."""
    monkeypatch.setitem(sys.modules, "segment.analytics.client", None)

    assert run(["demo"]) == 0

    output = capsys.readouterr().out
    assert "segment-analytics-python is not installed" in output
    check(output)


def test_keep_leaves_it_running_until_it_is_stopped(tmp_path: Path) -> None:
    """What was sent can be asked for; SIGTERM ends it with the counts."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "mockseg", "demo", "--keep"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while not lines[-1].startswith("It is still running"):
            lines.append(process.stdout.readline())
            assert lines[-1], "it ended"
        url = lines[0].split()[-1]
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("GET", "/_mockseg/v1/calls?source=demo&good=false")
        bad = json.loads(connection.getresponse().read())
        connection.close()
        assert bad["total"] == 3
        with Client(url) as client:
            live = client.source(LIVE_KEY)
            # The tenth request is answered 503, and comes again.
            live.wait_for(track(CALLS[9]["event"]), timeout=60)
            answers = [request.answer.status for request in live.requests()[:11]]
        assert answers == [200] * 9 + [503, 200]

        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=30)[0]
        assert re.search(r"\d+ accepted, \d+ bad, \d+ would have been dropped", rest)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_a_taken_port_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """--port names a port that may be taken."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["demo", "--port", str(taken.getsockname()[1])]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert "is taken" in err
