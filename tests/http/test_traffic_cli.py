"""``mockseg traffic`` and ``mockseg replay`` against servers: reports, checks, Ctrl-C."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mockseg.cli.main import run
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SHORT = ["traffic", "--users", "50", "--duration", "1s", "--rate", "400/s", "--seed", "7", "--json"]


@pytest.fixture(scope="module")
def server() -> Iterator[MockSegment]:
    """Run a server for all tests of this module."""
    with MockSegment() as running:
        yield running


def report(capsys) -> dict:
    """Give the report."""
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("strictness", ["lenient", "strict"])
def test_labels_are_held_against_what_the_server_found(server, strictness, capsys) -> None:
    """On a fresh source with the plans of the run every label is found, and nothing else."""
    asked = ["--catalogue", "userguiding,ecommerce", "--strictness", strictness]
    shares = ["--invalid", "10%", "--duplicates", "5%", "--late", "5%"]
    assert run([*SHORT, *asked, *shares, "--to", server.url]) == 0
    told = report(capsys)
    assert (told["made"], told["answered"]) == (400, 400)
    assert told["server"]["labelsMissing"] == told["server"]["unexpectedlyBad"] == 0
    assert told["server"]["good"] == told["labels"]["good"] + told["labels"]["late"]
    assert told["server"]["bad"] == told["labels"]["invalid"] + told["labels"]["duplicate"]


def test_a_source_without_plans_does_not_find_the_labels(server, capsys) -> None:
    """Where the source has no plan the broken calls are not found, which is told, and exit 1."""
    asked = ["--catalogue", "userguiding", "--invalid", "20%", "--write-key", "no-plans"]
    assert run([*SHORT, *asked, "--to", server.url]) == 1
    assert report(capsys)["server"]["labelsMissing"] > 0


def test_bad_calls_without_a_label_are_told(server, capsys) -> None:
    """When the source judges by another plan, what it finds bad is unexpected, and exit 1."""
    source = server.source(catalogue="candu", strictness="strict")
    asked = ["--catalogue", "userguiding", "--write-key", source.write_key]
    assert run([*SHORT, *asked, "--to", server.url]) == 1
    assert report(capsys)["server"]["unexpectedlyBad"] > 0


def test_the_same_run_twice_is_no_duplicate(server, capsys) -> None:
    """A second run now has messageIds of its own; with a start given it has the same."""
    key = ["--catalogue", "candu", "--write-key", "twice", "--to", server.url]
    assert [run([*SHORT, *key]), run([*SHORT, *key])] == [0, 0]
    fixed = [*key, "--start", "2026-03-01"]
    assert [run([*SHORT, *fixed]), run([*SHORT, *fixed])] == [0, 1]


def test_exported_calls_are_replayed(server, tmp_path, capsys) -> None:
    """What was written is replayed with its ids; again it needs new ones."""
    file = tmp_path / "calls.ndjson"
    made = ["traffic", "--catalogue", "candu", "--duration", "2s", "--rate", "50/s"]
    assert run([*made, "--out", str(file)]) == 0
    source = server.source()
    asked = ["replay", str(file), "--to", server.url, "--write-key", source.write_key]
    assert run([*asked, "--speed", "10x"]) == 0
    ids = [json.loads(line)["messageId"] for line in file.read_text().splitlines()]
    assert sorted(call.message_id for call in source.calls()) == sorted(ids)
    assert run([*asked, "--speed", "50x", "--new-ids", "--shift-to", "now", "--json"]) == 0
    assert source.summary().good == 200


def test_a_replay_of_what_the_source_has_is_told_as_duplicates(server, tmp_path, capsys) -> None:
    """Every call is dropped: the report counts them, names the way out, and the status is 1."""
    file = tmp_path / "calls.ndjson"
    lines = [
        {"type": "track", "event": "E", "userId": "u", "messageId": f"m{n}"} for n in range(30)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    asked = ["replay", str(file), "--to", server.url, "--write-key", "replayed-twice"]
    assert run(asked) == 0
    out = capsys.readouterr().out
    assert "30 calls made: 30 replayed" in out
    assert "found 30 good and 0 bad calls; mockseg calls --source replayed-twice shows them" in out

    assert run(asked) == 1
    out = capsys.readouterr().out
    assert "answered 30, lost 0" in out
    assert "the server found 0 good and 30 bad calls" in out
    assert (
        "30 dropped as duplicates, because the source has their messageIds: pass --new-ids to"
        " send them as new calls"
    ) in out

    assert run([*asked, "--json"]) == 1
    found = report(capsys)["server"]
    assert (found["duplicates"], found["unexpectedlyBad"]) == (30, 30)
    assert found["source"] == "replayed-twice"
    assert run([*asked, "--new-ids"]) == 0


def test_a_replay_says_what_a_mockseg_finds_bad(server, tmp_path, capsys) -> None:
    """A captured call that Segment drops is answered 200, and is told all the same: exit 1."""
    file = tmp_path / "calls.ndjson"
    file.write_text('{"type":"track","event":"Nobody","messageId":"m1"}\n')
    assert run(["replay", str(file), "--to", server.url]) == 1
    assert "m1 (Nobody): no_user_anon_id" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["flag", "variable", "file"])
def test_url_names_the_server_as_in_all_commands(
    how, server, tmp_path, monkeypatch, capsys
) -> None:
    """--url, MOCKSEG_URL and mockseg.toml, for traffic and for replay; a fresh source each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOCKSEG_URL", raising=False)
    flags = ["--url", server.url] if how == "flag" else []
    if how == "variable":
        monkeypatch.setenv("MOCKSEG_URL", server.url)
    if how == "file":
        (tmp_path / "mockseg.toml").write_text(f'url = "{server.url}"\n')
    (tmp_path / "calls").write_text('{"type":"track","event":"E","userId":"u"}\n')
    assert run([*SHORT, "--catalogue", "candu", *flags]) == 0
    assert report(capsys)["server"]["good"] == 400
    assert run(["replay", "calls", *flags, "--json"]) == 0
    assert report(capsys)["server"]["good"] == 1


def test_to_wins_over_the_variable(server, inbox: Inbox, monkeypatch, capsys) -> None:
    """--to may name anything, so what MOCKSEG_URL names is not asked."""
    monkeypatch.setenv("MOCKSEG_URL", server.url)
    url = f"http://127.0.0.1:{inbox.server_port}"
    asked = [*SHORT, "--catalogue", "candu", "--transport", "single"]
    run([*asked, "--to", url, "--write-key", "k"])
    assert "server" not in report(capsys)
    assert len(inbox.got) == 400


def test_the_token_of_the_variable_goes_to_no_other_target(
    inbox: Inbox, monkeypatch, capsys
) -> None:
    """MOCKSEG_CONTROL_TOKEN opens the server of MOCKSEG_URL; with --to only --token is sent."""
    monkeypatch.setenv("MOCKSEG_CONTROL_TOKEN", "a-secret-of-the-server")
    url = f"http://127.0.0.1:{inbox.server_port}"
    asked = [*SHORT, "--catalogue", "candu", "--to", url, "--write-key", "k"]
    run(asked)
    assert report(capsys)["made"] == 400
    run([*asked, "--token", "a-token-by-hand"])
    sent = [headers.get("Authorization") for headers in inbox.asked]
    assert sent == [None, "Bearer a-token-by-hand"]
    assert {headers["Authorization"] for headers, _ in inbox.got} == {"Basic azo="}


def test_url_must_be_a_mockseg(inbox: Inbox, tmp_path, capsys) -> None:
    """Nothing is sent to what is none; --to is for other targets."""
    url = f"http://127.0.0.1:{inbox.server_port}"
    file = tmp_path / "calls"
    file.write_text('{"type":"track","event":"E","userId":"u"}\n')
    for asked in ([*SHORT, "--catalogue", "candu"], ["replay", str(file)]):
        assert run([*asked, "--url", url, "--write-key", "k"]) == 2
        error = capsys.readouterr().err
        assert "nothing was sent" in error
        assert "--to URL" in error
    assert inbox.got == []


class Inbox(http.server.ThreadingHTTPServer):
    """A receiver of webhooks that keeps what it gets."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.asked: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers 200, or 501 to what it does not know."""

    protocol_version = "HTTP/1.1"
    server: Inbox

    def do_GET(self) -> None:
        """Know nothing, and keep who asked."""
        self.server.asked.append(dict(self.headers))
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """Keep a call."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(501 if b'"type":"page"' in body else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Run a receiver of webhooks."""
    with Inbox() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


def test_webhooks_are_called_as_segment_does(inbox: Inbox, capsys) -> None:
    """A receiver gets signed calls; what it refuses is counted, and exit 1."""
    url = f"http://127.0.0.1:{inbox.server_port}/hook"
    asked = ["--catalogue", "userguiding", "--as", "webhook", "--key", "abc123", "--to", url]
    assert run([*SHORT, *asked]) == 1
    told = report(capsys)
    assert told["refused"] == {"501": told["byEvent"]["page"]}
    assert len(inbox.got) == 400
    for headers, body in inbox.got:
        assert headers["X-Signature"] == hmac.new(b"abc123", body, hashlib.sha1).hexdigest()


def test_partners_get_only_what_segment_forwards(inbox: Inbox, capsys) -> None:
    """UserEngage gets its key and no call of a type that Segment does not forward to it."""
    url = f"http://127.0.0.1:{inbox.server_port}"
    asked = ["--catalogue", "candu", "--as", "userengage", "--key", "segment", "--to", url]
    run([*SHORT, *asked])
    assert report(capsys)["made"] == 400
    assert {json.loads(body)["type"] for _, body in inbox.got} <= {
        "identify", "track", "page", "group",
    }  # fmt: skip
    assert {headers["Authorization"] for headers, _ in inbox.got} == {"Basic c2VnbWVudDo="}


def test_a_target_that_is_no_mockseg_needs_a_key(inbox: Inbox, capsys) -> None:
    """Elsewhere no source can be opened, so the write key has to be named."""
    url = f"http://127.0.0.1:{inbox.server_port}"
    assert run([*SHORT, "--catalogue", "candu", "--to", url]) == 2
    assert "--write-key" in capsys.readouterr().err


def started(*asked: str, err: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start the command."""
    return subprocess.Popen(
        [sys.executable, "-m", "mockseg", *SHORT, "--catalogue", "candu", *asked],
        stdout=subprocess.PIPE,
        stderr=err,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80"},
    )


def test_a_mockseg_that_goes_away_leaves_the_report() -> None:
    """When the target is lost in the middle the schedule goes on, and the report comes: exit 1."""
    with MockSegment() as lost:
        process = started("--duration", "4s", "--invalid", "5%", "--to", lost.url)
        assert process.stderr is not None
        process.stderr.readline()
    with process:
        out, err = process.communicate()
    told = json.loads(out)
    assert told["made"] == 1600 == told["answered"] + sum(told["failed"].values())
    assert any(kind.startswith("cannot connect") for kind in told["failed"])
    assert "could not be asked" in told["server"]["incomplete"]
    assert "Traceback" not in err
    assert process.returncode == 1


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no such terminals")
def test_a_terminal_shows_a_bar(server) -> None:
    """On a terminal there is a bar, with rate, good, bad, latency and what waits, on one line."""
    ours, theirs = os.openpty()
    with started("--duration", "1h", "--to", server.url, err=theirs) as process:
        os.close(theirs)
        shown = b""
        while b"waiting" not in shown:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    os.close(ours)
    line = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode()).splitlines()[-1]
    assert re.search(r"/1440000 +[0-9]+/s  good [0-9]+  bad 0  p99 [0-9]+ ms  waiting", line)
    assert len(line) < 80
    assert json.loads(out)["interrupted"] is True


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no such terminals")
def test_the_bar_ends_full(server) -> None:
    """However short a run is: the last that is shown is all of it."""
    ours, theirs = os.openpty()
    shown = b""
    with started("--duration", "0.2s", "--to", server.url, err=theirs) as process:
        os.close(theirs)
        while chunk := read_terminal(ours):
            shown += chunk
        process.communicate()
    os.close(ours)
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode()).strip().splitlines()[-1]
    assert re.search(r"\b80/80 +[0-9]+/s  good 80  bad 0 .* waiting 0", last)


def read_terminal(file: int) -> bytes:
    """Read what a terminal was written; nothing once nobody writes to it any more."""
    try:
        return os.read(file, 4096)
    except OSError:
        return b""


def test_the_table_of_latencies_comes_when_asked_for(server, capsys) -> None:
    """As text and as JSON; without --histogram neither has it."""
    asked = [*SHORT[:-1], "--duration", "0.1s", "--catalogue", "candu", "--to", server.url]
    asked += ["--transport", "single"]
    assert run(asked) == 0
    assert "1/(1-p)" not in capsys.readouterr().out
    assert run([*asked, "--histogram"]) == 0
    table = capsys.readouterr().out.partition("1/(1-p)\n")[2].splitlines()
    assert table[-1].split()[1:] == ["1.000000", "40", "inf"]
    assert run([*asked, "--json"]) == 0
    assert "histogram" not in report(capsys)
    assert run([*asked, "--json", "--histogram"]) == 0
    rows = report(capsys)["histogram"]
    assert (rows[-1]["share"], rows[-1]["count"]) == (1.0, 40)
    assert sorted(row["ms"] for row in rows) == [row["ms"] for row in rows]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_the_report(server, number) -> None:
    """Ctrl-C ends a run cleanly: all that was sent is in the report."""
    with started("--duration", "1h", "--to", server.url) as process:
        assert process.stderr is not None
        progress = json.loads(process.stderr.readline())
        process.send_signal(number)
        out, err = process.communicate()
    told = json.loads(out)
    assert set(progress) >= {"seconds", "made", "rate", "good", "bad", "p99Ms", "waiting"}
    assert told["interrupted"] is True
    assert told["made"] == told["answered"] + told["unsent"] >= progress["good"] > 0
    assert "Traceback" not in err
    assert process.returncode == 1
