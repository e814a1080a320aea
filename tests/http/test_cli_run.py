"""``mockseg run``: a program against a server of its own, its signals, and the judgement."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.cli.main import run
from mockseg.cli.run.program import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]

# An app without an SDK: send(...) posts a batch, or the bytes of a request.
APP = """
import json, os, signal, socket, sys, urllib.error, urllib.request
host, key = os.environ["SEGMENT_HOST"], os.environ["SEGMENT_WRITE_KEY"]

def post(path, body):
    request = urllib.request.Request(host + path, data=body)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code

def send(*messages, key=key):
    return post("/v1/batch", json.dumps({"writeKey": key, "batch": messages}).encode())

def track(event="E", **fields):
    return {"type": "track", "event": event, "userId": "u1"} | fields

"""


@pytest.fixture(name="app")
def _app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """A function that writes an app and gives the command that starts it."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOCKSEG_")]:
        monkeypatch.delenv(name)

    def write(code: str) -> list[str]:
        (tmp_path / "app.py").write_text(APP + code)
        return [sys.executable, "app.py"]

    return write


def err_of(capfd: pytest.CaptureFixture[str]) -> str:
    """Give what was said on standard error."""
    return capfd.readouterr().err


def test_a_good_run_is_silent_on_standard_output(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """The program's output is all that is there; the judgement is on standard error, exit 0."""
    program = app('print("out \\x1b[1m"); print("err", file=sys.stderr)\nsend(track())')
    assert run(["run", "--", *program]) == 0
    out, err = capfd.readouterr()
    assert out == "out \x1b[1m\n"
    assert err.startswith("err\n")
    assert "mockseg: 1 call: 1 good, 0 bad; 1 request, 0 refused\n" in err
    assert "does not prove that the real Segment accepted anything" in err


def test_a_settings_file_that_is_read_is_named(
    app: Callable[[str], list[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Before the program runs, on standard error."""
    (tmp_path / "mockseg.toml").write_text("seed = 7")
    assert run(["run", "--", *app("send(track())")]) == 0
    assert err_of(capfd).startswith(f"mockseg: settings are read from {tmp_path}/mockseg.toml\n")


def test_bad_calls_are_told_by_field_with_the_value(
    app: Callable[[str], list[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same mistake is told once with its count, the first call and what it sent: exit 1."""
    schema = {"properties": {"properties": {"properties": {"total": {"type": "number"}}}}}
    rule = {"type": "TRACK", "key": "Paid", "jsonSchema": schema}
    (tmp_path / "plan.json").write_text(json.dumps({"name": "shop", "rules": [rule]}))
    program = app(
        'paid = [track("Paid", properties={"total": str(n)}) for n in (40, 41, 42)]\n'
        'send(track("Paid", properties={"total": 1}), *paid, {"type": "page", "name": "Cart"})'
    )
    assert run(["run", "--plan", "plan.json", "--", *program]) == 1
    err = err_of(capfd)
    assert "mockseg: 5 calls: 1 good, 4 bad; 1 request, 0 refused\n" in err
    assert '     3 x  invalid_type at properties.total of track "Paid": Invalid type.' in err
    assert 'sent "40", first in call-2\n' in err
    assert "     1 x  no_user_anon_id of page: neither userId nor anonymousId was given\n" in err
    assert "to allow it, pass --allow invalid_type --allow no_user_anon_id\n" in err

    allowed = ["--allow", "invalid_type", "--allow", "dropped"]
    assert run(["run", "--plan", "plan.json", *allowed, *program]) == 0
    assert "1 good, 0 bad, 4 bad but allowed" in err_of(capfd)


def test_refused_requests_are_told_with_the_reason(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """A request that was refused fails the run, although every call is good."""
    program = app('assert send(track()) == 200\nassert post("/v1/track", b"{nonsense") == 400')
    assert run(["run", *program]) == 1
    err = err_of(capfd)
    assert "mockseg: 1 call: 1 good, 0 bad; 2 requests, 1 refused\n" in err
    assert "     1 x  400 POST /v1/track; malformed JSON: " in err
    for word in ("bad_request", "refused", "bad"):
        assert run(["run", "--allow", word, *program]) == 0


def test_nothing_recorded_is_no_success(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """It says so with what the program was given, exit 1; --allow-empty allows it."""
    program = app("pass")
    assert run(["run", *program]) == 1
    err = err_of(capfd)
    assert "nothing was recorded" in err
    assert re.search(r"SEGMENT_HOST=http://127\.0\.0\.1:\d+ and SEGMENT_WRITE_KEY=\w{32}", err)
    assert run(["run", "--allow-empty", *program]) == 0
    assert "does not prove" not in err_of(capfd)


def test_fewer_calls_than_expected_are_no_success(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """--expect-calls is a minimum."""
    program = app("send(track(), track())")
    assert run(["run", "--expect-calls", "2", *program]) == 0
    assert run(["run", "--expect-calls", "3", *program]) == 1
    assert "2 calls recorded, at least 3 expected" in err_of(capfd)


@pytest.mark.parametrize(
    ("code", "status"),
    [("sys.exit(7)", 7), ("os.kill(os.getpid(), signal.SIGKILL)", 128 + signal.SIGKILL)],
)
def test_the_status_of_the_program_wins(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str], code: str, status: int
) -> None:
    """As a shell reports it, whatever is good or bad; what it sent is judged all the same."""
    assert run(["run", *app(f"send(track())\n{code}")]) == status
    err = err_of(capfd)
    assert f"ended with status {status}\n" in err
    assert "1 call: 1 good" in err


def test_variables_can_have_other_names(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Each may be given several times; then the usual names are not set."""
    names = ["--env-host", "A", "--env-host", "B", "--env-write-key", "K"]
    program = app("")
    (Path.cwd() / "app.py").write_text(
        APP.replace('os.environ["SEGMENT_HOST"]', 'os.environ["A"]').replace(
            'os.environ["SEGMENT_WRITE_KEY"]', 'os.environ["K"]'
        )
        + 'assert os.environ["A"] == os.environ["B"] == os.environ["MOCKSEG_URL"]\n'
        + 'assert "SEGMENT_HOST" not in os.environ\nsend(track())'
    )
    assert run(["run", *names, "--", *program]) == 0
    assert "1 good" in err_of(capfd)


def test_an_app_with_a_key_of_its_own_is_judged_too(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Everything that reached the server counts, in whichever source."""
    assert run(["run", *app('send({"type": "track", "event": "E"}, key="hard-wired")')]) == 1
    assert "1 call: 0 good, 1 bad" in err_of(capfd)


def test_a_resend_is_no_mistake_and_a_second_use_of_an_id_is(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """As at the end of a test: the same messageId with the same content is a retry."""
    same = 'send(track(messageId="m"))\nsend(track(messageId="m"))'
    assert run(["run", *app(same)]) == 0
    assert "1 good, 0 bad, 1 bad but allowed" in err_of(capfd)
    assert run(["run", *app(f'{same}\nsend(track("other", messageId="m"))')]) == 1
    assert "duplicate_message_id at messageId" in err_of(capfd)


def test_what_a_fault_refused_is_no_mistake_of_the_app(
    app: Callable[[str], list[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Faults are for testing what the app does then."""
    faults = {"faults": [{"effect": {"status": 503}, "times": 1}]}
    (tmp_path / "faults.json").write_text(json.dumps(faults))
    program = app("assert [send(track()), send(track())] == [503, 200]")
    assert run(["run", "--faults", "faults.json", *program]) == 0
    assert "1 call: 1 good, 0 bad; 2 requests, 0 refused" in err_of(capfd)


def test_what_was_evicted_cannot_be_called_good(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """A bad call may have been among them: exit 1, with what to do."""
    program = app('send({"type": "track", "event": "bad"}, track(), track())')
    assert run(["run", "--max-calls", "2", *program]) == 1
    assert "1 call was evicted and cannot be checked; raise --max-calls" in err_of(capfd)


def test_a_request_whose_sender_did_not_wait_is_judged(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Some SDKs write to a socket and end without reading the answer."""
    program = app(
        "body = json.dumps(track() | {'writeKey': key}).encode()\n"
        "place = host.removeprefix('http://').split(':')\n"
        "wire = socket.create_connection((place[0], int(place[1])))\n"
        "head = f'POST /v1/track HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: {len(body)}'\n"
        "wire.sendall(head.encode() + b'\\r\\n\\r\\n' + body)\n"
        "os._exit(0)"
    )
    assert run(["run", *program]) == 0
    assert "1 call: 1 good" in err_of(capfd)


def test_commands_inside_find_the_server(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """MOCKSEG_URL names it, whatever it named before."""
    program = app(
        "import subprocess\nsend(track('Inside'))\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from mockseg.cli.main import run\nsys.exit(run(['wait', '--event', 'Inside', '--json']))"
    )
    assert run(["run", "--", *program]) == 0
    assert '"event":"Inside"' in capfd.readouterr().out


def test_the_judgement_can_be_written_as_json(
    app: Callable[[str], list[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the program's status, what is wrong, and which requests were refused."""
    program = app('send({"type": "track", "event": "E"})\npost("/v1/track", b"{")\nsys.exit(3)')
    assert run(["run", "--report", "out.json", *program]) == 3
    report = json.loads((tmp_path / "out.json").read_text())
    assert (report["status"], report["fine"], report["bad"]) == (3, False, 1)
    assert report["wrong"][0] | {"description": ""} == {
        "what": 'track "E"',
        "code": "no_user_anon_id",
        "field": "",
        "description": "",
        "first": "call-1",
        "sent": "",
        "count": 1,
    }
    assert report["refused"][0]["status"] == 400
    assert err_of(capfd)


def test_what_was_sent_cannot_command_the_terminal(
    app: Callable[[str], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Names of events and paths are escaped in the judgement."""
    program = app(
        'send({"type": "track", "event": "\\x1b[2J\\u202e"})\npost("/v1/%1b%5b2J", b"{}")'
    )
    assert run(["run", *program]) == 1
    assert not set(err_of(capfd)) & set("\x1b\u202e")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "CMD"),
        (["no-such-program-here"], 'cannot run "no-such-program-here": No such file'),
        (["--allow", "requird", "true"], 'did you mean "required"?'),
        (["--env-host", "A B", "true"], 'invalid --env-host "A B"'),
        (["--report", "/none/x", "true"], "cannot write /none/x"),
        (["--catalogue", "userguidin", "true"], "userguiding"),
        (["--expect-calls", "0", "true"], "--expect-calls"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(
    app: Callable[[str], list[str]],
    arguments: list[str],
    told: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Exit 2, before anything was run."""
    assert app("")
    assert run(["run", *arguments]) == 2
    out, err = capfd.readouterr()
    assert (out, told in err, "Traceback" in err) == ("", True, False)


@pytest.fixture(name="start")
def _start(app: Callable[[str], list[str]]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts ``mockseg run`` with an app, in a session without a terminal."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *flags: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "mockseg", "run", *flags, "--", *app(code)],
            env=os.environ | {"PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_reaches_the_program_which_ends_in_its_own_way(
    start: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    """It flushes and ends with its own status, and what it flushed is judged."""
    process = start(
        "def end(number, frame):\n    send(track('Flushed'))\n    sys.exit(0)\n"
        f"signal.signal({int(number)}, end)\nprint('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("", 0)
    assert f"{number.name} forwarded to " in err
    assert "1 call: 1 good" in err


def test_a_program_that_a_signal_ends_gives_its_status(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    """128 and the signal's number; what it had sent is judged."""
    process = start("send(track())\nprint('ready', flush=True)\nwhile True: signal.pause()")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "1 call: 1 good" in err


IGNORING = (
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsend(track())\nprint('ready', flush=True)\n"
    "while True: signal.pause()"
)


def test_a_program_that_ignores_sigterm_is_killed_by_the_second(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    """The first asks, the second does not; the judgement comes all the same."""
    process = start(IGNORING, "--grace", "1h")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert "SIGTERM forwarded" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGKILL
    assert "1 call: 1 good" in err


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace_time(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    """With no grace at all that is at once."""
    process = start(IGNORING, "--grace", "0s")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGKILL
    assert "1 call: 1 good" in err


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no such terminals")
def test_ctrl_c_in_a_terminal_reaches_the_program_once(app: Callable[[str], list[str]]) -> None:
    """The terminal sends it to the program itself, so it is not forwarded as well."""
    program = app(
        "got = []\nsignal.signal(signal.SIGINT, lambda *_: got.append(1))\n"
        "print('ready', flush=True)\nwhile not got: signal.pause()\n"
        "send(track())\nsend(track())\nprint('got', len(got))"
    )
    launch = (
        "import fcntl, os, sys, termios\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'mockseg', 'run', '--', *sys.argv[1:]])"
    )
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", launch, *program],
        env=os.environ | {"PYTHONPATH": path, "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        shown = b""
        while b"ready" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, b"\x03")
        while b"does not prove" not in shown:
            shown += os.read(ours, 4096)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"got 1" in shown
    assert b"forwarded" not in shown
    assert b"2 calls: 2 good" in shown


def test_the_program_reads_our_input(start: Callable[..., subprocess.Popen[str]]) -> None:
    """Standard input is the program's own."""
    process = start("send(track(sys.stdin.readline().strip()))\nprint(sys.stdin.read())")
    out, err = process.communicate("Typed\nrest", timeout=60)
    assert (out, process.returncode) == ("rest\n", 0)
    assert "1 call: 1 good" in err


def test_a_destination_that_is_not_done_is_no_success(
    app: Callable[[str], list[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is still under way at the end is said, because nobody knows its end."""
    destination: dict[str, Any] = {
        "type": "webhook",
        "source": "wk",
        "settings": {"url": "http://127.0.0.1:1/"},
    }
    (tmp_path / "d.json").write_text(json.dumps({"destinations": [destination]}))
    program = app("send(track(), key='wk')")
    asked = ["run", "--destinations", "d.json", "--settle", "0.2", *program]
    assert run(asked) == 1
    assert "not settled within 0.2 s" in err_of(capfd)


async def test_a_signal_while_the_program_is_started_reaches_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is forwarded as soon as there is a program, and not taken as our own end."""
    start = asyncio.create_subprocess_exec

    async def interrupted(*command: str, **how: Any) -> asyncio.subprocess.Process:
        process = await start(*command, **how)
        signal.raise_signal(signal.SIGTERM)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", interrupted)
    command = [sys.executable, "-c", "import signal\nwhile True: signal.pause()"]
    status = await run_program(command, env=os.environ, grace_seconds=60)
    assert status == 128 + signal.SIGTERM
