"""Exit status of every command: 0 fine, 1 a check failed, 2 usage or environment."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from mockseg.cli.main import mockseg, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mockseg.server import MockSegment

_NOBODY = "http://127.0.0.1:1"
_TRAFFIC = "--catalogue userguiding --duration 0.2s --rate 100/s "

# Command -> arguments -> status. {good} and {bad} are files of calls, {none} is no file,
# {taken} is a port that something listens on, {id} is a destination. All commands find a server
# with one bad and one good call of the source wk. A command that is new belongs here.
CASES: dict[str, list[tuple[str, int]]] = {
    "calls": [
        ("", 0),
        ("--bad", 0),
        ("--source nobody", 0),
        ("--where (", 2),
        ("--limit 0", 2),
        ("is:bad --explain", 0),
        ("--explain", 2),
        ("is:bad --bad --explain", 2),
    ],
    "catalogue list": [("", 0)],
    "catalogue show": [("userguiding", 0), ("nope", 2), ("userguiding --plan nope", 2)],
    "clear": [("--source wk", 0), ("", 2), ("--source wk --all", 2)],
    "conform": [
        ("--list", 0),
        ("", 2),
        ("--cli nope", 2),
        ("--cli true --only nope", 2),
        ("--cli true --suites nope", 2),
        ("--cli true --config {none}", 2),
        ("--cli true --only url --junit -", 2),
        ("--cli false --only auth-header", 1),
        ("--cli false --only message-id", 1),
    ],
    "conform matrix": [("", 2), ("--cli nope", 2), ("--cli false --timeout 1", 1)],
    "coverage": [
        ("--source planned", 0),
        ("--source planned --fail-under 0", 0),
        ("--source planned --fail-under 100", 1),
        ("--source planned --fail-under 100 --format json", 1),
        ("--source wk", 2),
        ("--source nobody", 2),
        ("--source wk --all", 2),
        ("--source planned --fail-under 101", 2),
        ("--source planned --out {none}/x", 2),
    ],
    "deliveries": [("", 0), ("--state nope", 2)],
    "demo": [("", 0), ("--port {taken}", 2), ("--port -1", 2)],
    "destination act": [
        ("{id} generate_key", 0),
        ("{id} list", 2),
        ("{id} nope", 2),
        ("nope list", 2),
        ("{id} list {{", 2),
    ],
    "destination add": [
        ("userengage --source wk", 0),
        ("nope --source wk", 2),
        ("userengage", 2),
        ("userengage --source wk --rest {{", 2),
    ],
    "destination list": [("", 0), ("--source nobody", 0)],
    "destination remove": [("{id}", 0), ("nope", 2)],
    "destination requests": [("{id}", 0), ("nope", 2)],
    "destination state": [("{id}", 0), ("nope", 2), ("{id} --set {{", 2)],
    "export": [("{new}", 0), ("-", 0), ("{none}/x", 2), ("{new} --where (", 2)],
    "fault add": [
        ("lost-ack", 0),
        ("lost-ack --dry-run", 0),
        ("nope", 2),
        ("", 2),
        ("--status 99 --dry-run", 2),
        ("--status 99", 2),
        ("--rule {{", 2),
    ],
    "fault clear": [("--all", 0), ("", 2), ("nope", 2)],
    "fault list": [("", 0), ("--scenarios", 0)],
    "fault release": [("", 0), ("nope", 2)],
    "import": [("{exported}", 0), ("{none}", 2), ("{garbage}", 2)],
    "journal check": [("{none}", 2), ("{garbage}", 2), ("", 2)],
    "journal compact": [("{none}", 2), ("{garbage}", 2)],
    "journal info": [("{none}", 2), ("{garbage}", 2)],
    "plan diff": [
        ("userguiding userguiding", 0),
        ("userguiding candu", 1),
        ("userguiding nope", 2),
        ("userguiding {garbage}", 2),
    ],
    "plan export": [("userguiding", 0), ("nope", 2), ("userguiding -o {none}/x", 2)],
    "plan import": [("{plan}", 0), ("{none}", 2), ("{garbage}", 2)],
    "plan infer": [
        ("{good}", 0),
        ("--source wk", 0),
        ("--source nobody", 2),
        ("{garbage}", 2),
        ("{none}", 2),
        ("{good} --source wk", 2),
    ],
    "readyz": [("", 0), (f"--url {_NOBODY}", 1), ("--url nope", 2), ("--timeout nan", 2)],
    "redeliver": [("--source wk --to {id}", 0), ("--source wk --to nope", 2), ("--source wk", 2)],
    "replay": [
        ("{good} --new-ids", 0),
        ("{bad}", 1),
        ("{none}", 2),
        ("{garbage}", 2),
        ("{good} --speed nope", 2),
        ("{good} --to http://127.0.0.1:1", 2),
        ("-", 2),
    ],
    "requests": [("", 0), ("--source nobody", 0)],
    "run": [
        ("--allow-empty -- true", 0),
        ("-- true", 1),
        ("-- nope", 2),
        ("--report {none}/x -- true", 2),
        ("--allow-empty -- false", 1),
        ("--allow nope -- true", 2),
        ("", 2),
    ],
    "completion": [("bash", 0), ("zsh", 0), ("fish", 0), ("csh", 2), ("", 2)],
    "manual": [("", 0), ("faults", 0), ("nope", 2), ("faults#nope", 2), ("--search retry", 0)],
    "samples": [
        ("track --count 1", 0),
        ("--plan candu --count 1 --out {new}", 0),
        ("--plan {garbage}", 2),
        ("", 2),
        ("track --kinds enum", 2),
        ("track --count 0", 2),
        ("track --out {none}/x", 2),
    ],
    "serve": [
        ("--port {taken}", 2),
        ("--port 0 --tls --tls-port {taken}", 2),
        ("--port 0 --host nohost.invalid", 2),
        ("--port 0 --host 203.0.113.1", 2),
        ("--port 99999", 2),
        ("--port 0 --tls-cert {none} --tls-key {none} --tls-port 0", 2),
        ("--config {none}", 2),
        ("--plan {garbage}", 2),
        ("--faults {garbage}", 2),
        ("--destinations {none}", 2),
        ("--catalogue nope", 2),
    ],
    "show": [("1", 0), ("last", 0), ("req-1", 0), ("999", 2), ("nope", 2), ("req-999", 2)],
    "snippet": [("python", 0), ("nope", 2), ("", 2)],
    "sources": [("", 0)],
    "summary": [("", 0), ("--source nobody", 0)],
    "tail": [("--after 0 --limit 1", 0), ("--where (", 2), ("--limit 0", 2)],
    "traffic": [
        (_TRAFFIC + "--dry-run", 0),
        (_TRAFFIC + "--seed 1", 0),
        (_TRAFFIC + "--seed 1 --write-key refused", 1),
        (_TRAFFIC + "--url http://127.0.0.1:1", 2),
        ("--catalogue userguiding --rate nope", 2),
        (_TRAFFIC + "--out {none}/x", 2),
        (_TRAFFIC + "--dry-run --out {new}", 2),
        ("--profile {none}", 2),
        ("--dry-run", 2),
    ],
    "truth": [
        ("--source wk", 0),
        ("--source wk --check", 1),
        ("--source nobody --check", 1),
        ("", 2),
    ],
    "validate": [
        ("{good}", 0),
        ("{bad}", 1),
        ("{garbage}", 1),
        ("{none}", 2),
        ("{good} --plan {none}", 2),
        ("{good} --junit {none}/x", 2),
        ("{good} --junit -", 2),
    ],
    "warehouse": [
        ("--source wk", 0),
        ("--source nobody", 0),
        ("--source wk SELECT/**/id/**/FROM/**/good", 0),
        ("--source wk --to {new}", 0),
        ("", 2),
        ("--source wk nonsense", 2),
        ("--source wk --to {none}/x", 2),
        ("--source wk --to {garbage}", 2),
        ("--source wk --to {new} SELECT", 2),
        ("--source wk --dates nope", 2),
    ],
    "wait": [
        ("--event Good --timeout 0", 0),
        ("--event Nope --timeout 0", 1),
        ("--exactly 3 --timeout 0", 1),
        ("--where ( --timeout 0", 2),
        ("--count 1 --exactly 1", 2),
        ("--timeout nan", 2),
    ],
}


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Find every command of the tree, groups too."""
    if path:
        yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*path, name))


TREE = dict(commands(mockseg))
RUNNABLE = [
    name
    for name, command in TREE.items()
    if not isinstance(command, click.Group) or command.invoke_without_command
]


@pytest.fixture(name="names")
def _names(
    cli_server: MockSegment, send_batch: Callable[..., None], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """A server with calls, and files: what the cases are written with."""
    good = {"type": "track", "userId": "u1", "event": "Good"}
    bad = {"type": "track", "event": "Bad"}
    (tmp_path / "good.ndjson").write_text(json.dumps(good) + "\n")
    (tmp_path / "bad.ndjson").write_text(json.dumps(bad) + "\n")
    (tmp_path / "garbage").write_text("garbage\n")
    (tmp_path / "exported").write_text(json.dumps({"source": "wk", "message": good}) + "\n")
    rule = {"type": "TRACK", "key": "Planned", "version": 1, "jsonSchema": {"type": "object"}}
    (tmp_path / "plan.json").write_text(json.dumps({"name": "p", "rules": [rule]}))
    cli_server.source("planned", plan=str(tmp_path / "plan.json"))
    crm = cli_server.source("wk").destination("userengage")
    send_batch(good, bad)
    cli_server.source("wk").settle(timeout=30)
    refusing = cli_server.source("refused").faults(status=400, times="unlimited")
    with refusing, socket.create_server(("127.0.0.1", 0)) as taken:
        yield {
            "good": str(tmp_path / "good.ndjson"),
            "bad": str(tmp_path / "bad.ndjson"),
            "garbage": str(tmp_path / "garbage"),
            "exported": str(tmp_path / "exported"),
            "plan": str(tmp_path / "plan.json"),
            "new": str(tmp_path / "new"),
            "none": str(tmp_path / "none"),
            "taken": str(taken.getsockname()[1]),
            "id": crm.id,
        }


def test_every_command_has_cases() -> None:
    """Whoever adds a command says here with which status it ends."""
    assert set(RUNNABLE) == set(CASES)


@pytest.mark.parametrize("command", CASES)
def test_the_status_is_the_documented_one(
    command: str, names: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each case ends with its status, and says why on standard error when it is 2."""
    for arguments, status in CASES[command]:
        words = [word.format(**names) for word in arguments.split()]
        ended = run([*command.split(), *words])
        err = capsys.readouterr().err
        assert ended == status, (arguments, err)
        assert "internal error" not in err
        assert "Traceback" not in err
        assert err or status != 2


@pytest.mark.parametrize("command", TREE)
def test_a_wrong_flag_is_usage(
    command: str, names: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command and every group refuses what it does not know."""
    assert run([*command.split(), "--no-such-flag"]) == 2
    assert 'unknown option "--no-such-flag"' in capsys.readouterr().err
    if command not in RUNNABLE:
        assert run([*command.split(), "nope"]) == 2
        assert 'unknown command "nope"' in capsys.readouterr().err


# What these need besides a server that does not answer.
_NEEDS = {
    "warehouse": "--source wk",
    "clear": "--all",
    "destination act": "d list",
    "destination add": "userengage --source wk",
    "destination remove": "d",
    "destination requests": "d",
    "destination state": "d",
    "export": "-",
    "fault add": "lost-ack",
    "fault clear": "--all",
    "import": "{exported}",
    "redeliver": "--source wk --to d",
    "replay": "{good}",
    "show": "1",
    "traffic": _TRAFFIC,
    "truth": "--source wk",
}
CLIENTS = [
    name
    for name in RUNNABLE
    if any(param.name == "url" for param in TREE[name].params) and name != "snippet"
]


@pytest.mark.parametrize("command", CLIENTS)
@pytest.mark.parametrize("where", ["flag", "variable", "file", "not a URL"])
def test_a_server_that_does_not_answer_is_environment(
    command: str,
    *,
    where: str,
    names: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Named by flag, variable or file: 2, in one sentence; for readyz it is the check, so 1."""
    arguments = [word.format(**names) for word in _NEEDS.get(command, "").split()]
    expected = 1 if command == "readyz" else 2
    monkeypatch.delenv("MOCKSEG_URL")
    if where == "flag":
        arguments += ["--url", _NOBODY]
    elif where == "variable":
        monkeypatch.setenv("MOCKSEG_URL", _NOBODY)
    elif where == "file":
        (tmp_path / "mockseg.toml").write_text(f'url = "{_NOBODY}"\n')
    else:
        arguments += ["--url", "nope"]
        expected = 2
    assert run([*command.split(), *arguments]) == expected
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mockseg: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("validate {bad}", 1),
        ("validate {bad} --json", 1),
        ("validate {good}", 0),
        ("plan diff userguiding candu", 1),
        ("coverage --source planned --fail-under 100", 1),
        ("truth --source wk --check", 1),
        ("calls", 0),
        ("catalogue show userguiding", 0),
    ],
)
def test_a_reader_that_goes_away_does_not_change_the_status(
    arguments: str, status: int, names: dict[str, str]
) -> None:
    """`mockseg validate FILE | head -1` fails as without head, `>&-` as with; a list is fine."""
    words = [word.format(**names) for word in arguments.split()]
    closed = ["bash", "-c", '"$0" -m mockseg "$@" >&- 2>&-', sys.executable, *words]
    assert subprocess.run(closed, check=False).returncode == status
    process = subprocess.Popen(
        [sys.executable, "-m", "mockseg", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (status, False)
