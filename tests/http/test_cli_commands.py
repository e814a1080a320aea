"""Commands that talk to a running server: in this process, against a real one."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockseg.cli.main import run
from mockseg.server import MockSegment

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="server")
def _server(cli_server: MockSegment) -> MockSegment:
    """A server that the commands find by themselves."""
    return cli_server


def send(server: MockSegment, *messages: dict[str, Any], key: str = "wk") -> None:
    """Send messages as one batch."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request("POST", "/v1/batch", json.dumps({"writeKey": key, "batch": messages}))
    assert connection.getresponse().read() == b'{"success":true}'
    connection.close()


def track(event: str = "E", **fields: Any) -> dict[str, Any]:
    """Make a track call."""
    return {"type": "track", "event": event, "userId": "u1", "properties": {}} | fields


def stdin_of(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Let standard input be these bytes."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_readyz_says_that_it_is(server: MockSegment, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, one line; nothing with --quiet."""
    assert run(["readyz"]) == 0
    assert run(["readyz", "--quiet"]) == 0
    assert capsys.readouterr().out == f"{server.url} is ready\n"


def test_calls_are_listed_oldest_first_with_their_fate(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each; a bad one says why."""
    send(server, track("one"), track("two", userId=None))

    assert run(["calls"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert ["one" in lines[0], "two" in lines[1]] == [True, True]
    assert "good" in lines[0]
    assert "no_user_anon_id: neither userId nor anonymousId was given" in lines[1]
    assert ["  call-1  " in lines[0], "  call-2  " in lines[1]] == [True, True]


@pytest.mark.parametrize(
    ("flags", "events"),
    [
        (["--source", "other"], ["three"]),
        (["--event", "one"], ["one"]),
        (["--user-id", "u2"], ["three"]),
        (["--message-id", "m2"], ["two"]),
        (["--good"], ["one", "three"]),
        (["--bad"], ["two"]),
        (["--verdict", "dropped"], ["two"]),
        (["--where", "properties.n = 3"], ["three"]),
        (["--type", "identify"], []),
        (["--source", "wk", "--good", "--where", "event != 'x'"], ["one"]),
    ],
)
def test_match_keys_narrow_what_is_listed(
    server: MockSegment, capsys: pytest.CaptureFixture[str], flags: list[str], events: list[str]
) -> None:
    """The match keys are flags, and --json gives a call a line."""
    send(server, track("one"), track("two", userId=None, messageId="m2"))
    send(server, track("three", userId="u2", properties={"n": 3}), key="other")

    assert run(["calls", "--json", *flags]) == 0

    calls = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [call["event"] for call in calls] == events
    assert all({"id", "cursor", "verdict", "message", "raw"} <= set(call) for call in calls)


def test_a_broken_filter_is_said_with_its_place(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server's sentence, exit 2, for calls and for tail."""
    for command in ("calls", "tail"):
        assert run([command, "--where", "event ="]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "character" in err


def test_a_limit_says_how_to_go_on(server: MockSegment, capsys: pytest.CaptureFixture[str]) -> None:
    """What is left out is said, with the cursor to go on from."""
    send(server, *(track(f"e{number}") for number in range(5)))

    assert run(["calls", "--limit", "3", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["e0", "e1", "e2"]
    assert err == "mockseg: there are more calls: --after 3 goes on, --last 3 lists the newest\n"

    assert run(["calls", "--after", "3", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["e3", "e4"]
    assert err == ""


def test_more_calls_than_a_page_can_be_listed(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The API's page of a thousand is not the command's limit."""
    send(server, *(track(str(number)) for number in range(1300)))

    assert run(["calls", "--limit", "1200", "--json"]) == 0

    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events == [str(number) for number in range(1200)]


def test_the_summary_counts(server: MockSegment, capsys: pytest.CaptureFixture[str]) -> None:
    """Totals, fates, and by event; of one source or of all; as JSON too."""
    send(server, track("a"), track("a"), track("b", userId=None))
    send(server, track("c"), key="other")

    assert run(["summary"]) == 0
    assert run(["summary", "--source", "other", "--json"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("4 calls: 3 good, 1 bad (1 dropped, 0 blocked, 0 rejected); 0 evicted\n")
    assert "       2  a\n" in out
    assert json.loads(out[out.index("{") :])["byEvent"] == {"c": 1}


def test_clear_forgets_one_source_or_all(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says how many."""
    send(server, track(), track())
    send(server, track(), key="other")

    assert run(["clear", "--source", "wk"]) == 0
    assert run(["clear", "--all"]) == 0

    assert capsys.readouterr().out == "2 calls forgotten\n1 calls forgotten\n"


@pytest.mark.parametrize("name", ["calls.ndjson", "calls.ndjson.gz"])
def test_what_was_exported_can_be_imported(
    server: MockSegment, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    """The same events come back, judged anew; more than a page of them."""
    send(server, *(track(str(number)) for number in range(1200)))
    send(server, track("bad", userId=None), key="other")

    assert run(["export", name]) == 0
    assert capsys.readouterr() == ("", f"1201 calls exported to {name}\n")
    opened = gzip.open if name.endswith(".gz") else open
    with opened(tmp_path / name, "rb") as file:
        assert sum(1 for _ in file) == 1201

    assert run(["clear", "--all"]) == 0
    assert run(["import", name]) == 0
    assert capsys.readouterr().out == "1201 calls forgotten\n1201 calls imported\n"
    summary = server.summary()
    assert (summary.total, summary.bad) == (1201, 1)
    assert server.summary().by_event["1199"] == 1


def test_export_follows_match_keys_and_the_pipe(
    server: MockSegment,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """- is standard output and standard input; --source records elsewhere."""
    send(server, track("good"), track("bad", userId=None))

    assert run(["export", "-", "--good"]) == 0
    exported = capsysbinary.readouterr().out
    assert [json.loads(line)["event"] for line in exported.splitlines()] == ["good"]

    stdin_of(monkeypatch, exported)
    assert run(["import", "-", "--source", "copy"]) == 0
    assert server.source("copy").summary().total == 1


def test_an_import_of_what_the_source_has_says_that_it_is_dropped(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The calls are recorded as duplicates, which is said with the way out."""
    send(server, track("one"), track("two"))
    assert run(["export", "f"]) == 0
    assert run(["import", "f", "--source", "copy"]) == 0
    capsys.readouterr()

    assert run(["import", "f"]) == 0

    out, err = capsys.readouterr()
    assert out == "2 calls imported\n"
    assert err.startswith("2 of them are recorded as dropped duplicates")
    assert server.source("wk").summary().dropped == 2


def test_an_export_of_nothing_says_why(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelled match key would otherwise make an empty file without a word."""
    send(server, track("one"))
    assert run(["export", "f", "--event", "tow"]) == 0
    said = "0 calls exported to f\nno call matches: 1 call was recorded\n"
    assert capsys.readouterr() == ("", said)


def test_a_broken_line_of_a_file_is_named_and_nothing_is_recorded(
    server: MockSegment, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The number of the line, what it must be, exit 2; a file is all or nothing."""
    good = json.dumps({"source": "wk", "message": track()})
    for broken in ("{", "5", '"x"', '{"message": {}}', '{"source": 1}', "\udcff", "nonsense"):
        (tmp_path / "f").write_text(f"{good}\n\n{broken}\n", errors="surrogateescape")

        assert run(["import", "f"]) == 2

        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("mockseg: f, line 3: not an exported call: ")
    assert server.summary().total == 0


def test_a_broken_line_of_the_pipe_says_how_much_was_recorded(
    server: MockSegment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe cannot be read twice; nothing is half-silent."""
    good = json.dumps({"source": "wk", "message": track()}).encode()
    stdin_of(monkeypatch, good + b"\n" + good + b"\nnonsense\n" + good)

    assert run(["import", "-"]) == 2

    err = capsys.readouterr().err
    assert err.startswith("mockseg: 2 calls were imported before this:\nmockseg: -, line 3: ")
    assert server.summary().total == 2


def test_an_interrupted_import_says_how_much_was_recorded(
    server: MockSegment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is no reason to be silent about what is there."""
    lines = io.BytesIO(
        b"".join(
            json.dumps({"source": "wk", "message": track()}).encode() + b"\n" for _ in range(600)
        )
    )
    read = lines.read

    def read_until_interrupted(size: int = -1) -> bytes:
        found = read(size)
        if not found:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(lines, "read", read_until_interrupted)
    monkeypatch.setattr(lines, "read1", read_until_interrupted)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(lines))

    assert run(["import", "-"]) == 2

    said = "mockseg: 500 calls were imported before this:\n\nmockseg: interrupted\n"
    assert capsys.readouterr().err.endswith(said)
    assert server.summary().total == 500


def test_tail_shows_what_is_there_and_goes_on(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """--after 0 begins with the first kept call, --limit ends it."""
    send(server, track("one"), track("two", userId=None), track("three"))

    assert run(["tail", "--after", "0", "--limit", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [event in line for event, line in zip(("one", "two", "three"), lines, strict=True)] == [
        True,
        True,
        True,
    ]

    assert run(["tail", "--after", "0", "--limit", "1", "--bad", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == "two"


def test_tail_shows_refused_requests_too(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no call at all is a line with its status, unless match keys narrow."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request("POST", "/v1/track", b"{nonsense")
    assert connection.getresponse().status == 400
    connection.close()
    send(server, track())

    assert run(["tail", "--after", "0", "--limit", "1"]) == 0

    out = capsys.readouterr().out
    assert "track     E" in out


def test_tail_survives_a_restart_of_the_server(server: MockSegment, tmp_path: Path) -> None:
    """It says that the server went away and came back, and goes on; Ctrl-C ends it with exit 0."""
    port = urlsplit(server.url).port
    assert port is not None
    send(server, track("before"))
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    tail = subprocess.Popen(
        [sys.executable, "-u", "-m", "mockseg", "tail", "--after", "0"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tail.stdout is not None
        assert "before" in tail.stdout.readline()
        server.stop()
        assert tail.stdout.readline().startswith("... ")
        with MockSegment(port=port) as again:
            assert "was restarted" in tail.stdout.readline()
            send(again, track("after"))
            assert "after" in tail.stdout.readline()
            tail.send_signal(2)
            listening = f"mockseg: listening at {again.url}; Ctrl-C ends it\n"
            assert tail.communicate(timeout=30) == ("", listening)
        assert tail.returncode == 0
    finally:
        tail.kill()
        tail.communicate()


def test_tail_gives_up_when_the_server_does_not_come_back(
    server: MockSegment, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """After --patience seconds: one sentence, exit 2."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    send(server, track("before"))
    tail = subprocess.Popen(
        [sys.executable, "-m", "mockseg", "tail", "--after", "0", "--patience", "0.5"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tail.stdout is not None
    assert "before" in tail.stdout.readline()

    server.stop()

    _, err = tail.communicate(timeout=60)
    assert tail.returncode == 2
    assert "did not come back in 0.5 seconds" in err
    assert "Traceback" not in err
