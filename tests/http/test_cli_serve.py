"""``mockseg serve`` as a process: what it prints, what it answers, how it ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from serve_process import Started, environment

if TYPE_CHECKING:
    from collections.abc import Callable


def track(user_id: str | None = "u1") -> dict[str, Any]:
    """Make a track call."""
    return {"writeKey": "wk", "userId": user_id, "event": "E", "properties": {}}


def test_a_settings_file_that_is_read_is_named(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """A forgotten mockseg.toml in the folder would explain itself to nobody."""
    (tmp_path / "mockseg.toml").write_text("port = 0")
    assert start().facts["settingsFile"] == str(tmp_path / "mockseg.toml")
    other = tmp_path / "other.toml"
    other.write_text("port = 0")
    assert start(MOCKSEG_CONFIG="other.toml").facts["settingsFile"] == str(other)


def test_json_prints_one_line_and_nothing_else(start: Callable[..., Started]) -> None:
    """Scripts read one line of standard output; the counts are on standard error."""
    server = start("--port", "0", "--seed", "7", "--edge", "2018")

    url = server.facts["url"]
    assert server.facts == {
        "url": url,
        "page": f"{url}/_mockseg/",
        "controlUrl": f"{url}/_mockseg/v1",
        "edge": "2018",
        "seed": 7,
        "pid": server.process.pid,
        "version": server.facts["version"],
    }
    assert server.send("/v1/track", track()) == (200, {"success": True})
    assert server.send("/v1/track", track(user_id=None)) == (200, {"success": True})
    status, out, err = server.stop()

    assert (status, out) == (0, "")
    assert err == "1 accepted, 1 bad, 1 would have been dropped by Segment, 0 evicted\n"


def test_the_end_names_the_setting_that_evicted_calls(start: Callable[..., Started]) -> None:
    """Who sees that calls are missing is told what to raise."""
    server = start("--port", "0", "--max-calls", "1")
    assert server.send("/v1/track", track()) == (200, {"success": True})
    assert server.send("/v1/track", track()) == (200, {"success": True})
    assert server.stop()[2] == (
        "2 accepted, 0 bad, 0 would have been dropped by Segment, 1 evicted (--max-calls)\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_it_with_the_counts_and_exit_0(
    start: Callable[..., Started], number: int
) -> None:
    """SIGTERM is Ctrl-C."""
    assert start("--port", "0").stop(number) == (
        0,
        "",
        "0 accepted, 0 bad, 0 would have been dropped by Segment, 0 evicted\n",
    )


def test_an_open_stream_does_not_hold_the_end(start: Callable[..., Started]) -> None:
    """Whoever watches is cut off, and the server ends at once."""
    server = start("--port", "0")
    connection = http.client.HTTPConnection(urlsplit(server.facts["url"]).netloc, timeout=30)
    connection.request("GET", "/_mockseg/v1/stream")
    with contextlib.closing(connection), connection.getresponse() as answer:
        assert answer.readline().startswith(b"id:")

        assert server.stop()[0] == 0


def test_a_person_is_told_where_it_is_and_a_line_for_each_sdk(tmp_path: Path) -> None:
    """URL, page, control API, edge, seed, journal, a line per SDK; the counts at the end."""
    arguments = ["--port", "0", "--seed", "7", "--journal", "journal.db"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mockseg", "serve", *arguments],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1].startswith("Ctrl-C ends it.")):
        lines.append(process.stdout.readline())
        assert lines[-1], "it ended"
    process.terminate()
    rest = process.communicate(timeout=30)[0]

    text = "".join(lines)
    url = next(line.split()[1] for line in lines if line.startswith("  url "))
    assert f"{url}/_mockseg/\n" in text
    assert f"{url}/_mockseg/v1\n" in text
    assert "  edge         2026\n" in text
    assert "  seed         7\n" in text
    assert "  journal      journal.db\n" in text
    assert "    keeps      requests, calls, verdicts, cursors, sources with" in text
    assert "    not kept   faults, waits, audiences and the requests that reached vendors\n" in text
    assert f'host: "{url}"' in text
    assert "speaks https only: start the server with --tls" in text
    assert rest == "0 accepted, 0 bad, 0 would have been dropped by Segment, 0 evicted\n"
    assert process.returncode == 0


def test_calls_are_shown_on_a_terminal_only(tmp_path: Path) -> None:
    """A terminal gets a line for each call; Ctrl-C typed there ends it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mockseg", "serve", "--port", "0"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = ""
    with os.fdopen(ours, "rb", buffering=0) as terminal:

        def read_until(mark: str) -> None:
            nonlocal seen
            while mark not in seen:
                seen += terminal.read(4096).decode()

        read_until("Ctrl-C ends it.")
        url = next(line.split()[1] for line in seen.splitlines() if line.startswith("  url "))
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        body = json.dumps(track() | {"event": "\x1b[2Jhello"})
        connection.request("POST", "/v1/track", body)
        assert connection.getresponse().read() == b'{"success":true}'
        connection.close()
        read_until("\\x1b[2Jhello")
        process.send_signal(signal.SIGINT)
        read_until("1 accepted")
    assert process.wait(timeout=30) == 0


def test_tls_is_served_beside_http_and_believed_with_the_ca(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """The JSON line has tlsUrl and ca; a client that trusts the CA is answered over https."""
    server = start("--port", "0", "--tls", "--tls-port", "0")

    assert server.facts["ca"] == str(tmp_path / "state" / "ca.pem")
    assert server.facts["tlsUrl"].startswith("https://")
    assert server.send("/v1/track", track(), ca=server.facts["ca"]) == (200, {"success": True})
    assert server.send("/v1/track", track()) == (200, {"success": True})
    assert server.stop()[2].startswith("2 accepted")


def test_readyz_and_calls_work_over_https(
    start: Callable[..., Started], run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """--ca is what the commands trust."""
    server = start("--port", "0", "--tls", "--tls-port", "0")
    url, ca = server.facts["tlsUrl"], server.facts["ca"]

    assert run("readyz", "--url", url, "--ca", ca).stdout == f"{url} is ready\n"
    assert run("summary", "--url", url, "--ca", ca).returncode == 0
    untrusted = run("summary", "--url", url)
    assert untrusted.returncode == 2
    assert len(untrusted.stderr.splitlines()) == 1


def test_trust_is_kept_from_start_to_start(start: Callable[..., Started]) -> None:
    """The second server is believed with the CA of the first."""
    first = start("--port", "0", "--tls", "--tls-port", "0")
    content = Path(first.facts["ca"]).read_bytes()
    first.stop()

    second = start("--port", "0", "--tls", "--tls-port", "0")

    assert Path(second.facts["ca"]).read_bytes() == content
    assert second.send("/v1/track", track(), ca=first.facts["ca"])[0] == 200


def test_a_taken_port_is_one_sentence_and_exit_2(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """It says which port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mockseg: port {port} of 127.0.0.1 is taken")
    assert len(done.stderr.splitlines()) == 1


def test_an_unreadable_certificate_is_one_sentence_and_exit_2(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """The file is named."""
    done = run("serve", "--port", "0", "--tls-port", "0", "--tls-cert", "no.pem", "--tls-key", "k")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mockseg: cannot read no.pem: No such file or directory")
    assert done.stderr.count("\n") == 1


def test_flags_go_before_variables_before_the_file(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """The three places, seen from outside."""
    (tmp_path / "mockseg.toml").write_text('port = 0\nseed = 1\nedge = "2018"\n')

    assert start().facts["seed"] == 1
    assert start(MOCKSEG_SEED="2").facts["seed"] == 2
    server = start("--seed", "3", MOCKSEG_SEED="2")
    assert (server.facts["seed"], server.facts["edge"]) == (3, "2018")


def test_listening_for_other_machines_is_warned_of(start: Callable[..., Started]) -> None:
    """On stderr: what they can do, and how to let them do more; no output has the token."""
    everywhere = ("--port", "0", "--host", "0.0.0.0")  # noqa: S104 - that is what is tested
    for token, said in (
        (None, "answer this machine only; to open them to others, set\n  --control-token or"),
        ("s3cret.token", "and others with the control token:\n  commands take --token"),
    ):
        server = start(*everywhere, **({} if token is None else {"MOCKSEG_CONTROL_TOKEN": token}))

        status, out, err = server.stop()

        assert status == 0
        assert out == ""
        assert "warning: 0.0.0.0 is not a loopback address: other machines can send" in err
        assert said in err
        assert ("In a container the host is another machine" in err) is (token is None)
        assert "s3cret" not in out + err + str(server.facts)


def test_a_wrong_token_is_not_shown(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Wherever it is written: the message says what a token may be, and not what was given."""
    allowed = "it must be 1 to 512 letters, digits and any of -._~+/, then perhaps =\n"
    (tmp_path / "wrong.toml").write_text('control_token = "not a token"\n')
    for arguments, place in (
        (("serve", "--control-token", "not a token"), "--control-token"),
        (("serve", "--config", "wrong.toml"), "wrong.toml: control_token"),
        (("calls", "--token", "not a token"), "--token"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"mockseg: {place} is not a token: {allowed}"


def test_readyz_says_what_is_and_waits_for_what_will_be(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Exit 1 when nobody answers; with --wait it returns when the server is there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    done = run("readyz", "--url", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"mockseg: {url} is not ready: ")

    waiting = subprocess.Popen(
        [sys.executable, "-m", "mockseg", "readyz", "--wait", "--timeout", "30", "--url", url],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "mockseg", "serve", "--port", port],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
    )
    try:
        assert waiting.communicate(timeout=60)[0] == f"{url} is ready\n"
        assert waiting.returncode == 0
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_readyz_gives_up_when_the_time_is_up(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """Something that accepts and never answers does not hold it; nor does what is no mockseg."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = run("readyz", "--wait", "--timeout", "0.3", "--url", url)

    assert done.returncode == 1
    assert "is not ready after 0.3 seconds: it did not answer in time" in done.stderr


def test_a_reader_that_has_enough_is_no_error(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """`mockseg calls | head -1` ends quietly with exit 0."""
    server = start("--port", "0")
    batch = [track() | {"type": "track", "event": "x" * 1000} for _ in range(300)]
    server.send("/v1/batch", {"writeKey": "wk", "batch": batch})
    process = subprocess.Popen(
        [sys.executable, "-m", "mockseg", "calls", "--json", "--limit", "300"],
        cwd=tmp_path,
        env=environment(tmp_path, MOCKSEG_URL=server.facts["url"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["type"] == "track"
    process.stdout.close()

    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 0
    process.stderr.close()
