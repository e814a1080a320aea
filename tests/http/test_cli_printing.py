"""Every command on names that would command a terminal: nothing of them leaves as it came."""

from __future__ import annotations

import http.client
import json
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import click
import pytest

from mockseg.cli.main import mockseg, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mockseg.server import MockSegment

EVIL = "a\x1b[8m\x9b2J\u202eb\r\x07\u2028c\x7f\u200b\u2066d"
# Colours of our own, which `EVIL` does not use.
_COLOURS = re.compile(r"\x1b\[(?:[0-5]|[39][0-7])(?:;(?:[0-5]|[349][0-7]))*m")

_NOBODY = "http://127.0.0.1:1/hook"
_TRAFFIC = ["--plan", "{plan}", "--calls", "20", "--seed", "1"]
# An application that sends a hostile call.
_APP = f"""
import json, os, urllib.request
body = {{"writeKey": os.environ["SEGMENT_WRITE_KEY"], "event": {EVIL!r}, "properties": {{}}}}
host = os.environ["SEGMENT_HOST"] + "/v1/track"
urllib.request.urlopen(urllib.request.Request(host, json.dumps(body).encode())).read()
"""

# Command -> what it is run with; {key} is the hostile write key, {file} a file of hostile calls,
# {plan} a hostile plan, {out} a file that is not there yet, {id} a destination. A command that is
# new belongs here.
CASES: dict[str, list[list[str]]] = {
    "calls": [
        [],
        ["--json"],
        ["--event", EVIL],
        ["--where", EVIL],
        ["--source", EVIL + "?"],
        [f"!{EVIL}", "--explain"],
    ],
    "catalogue list": [[], ["--json"]],
    "catalogue show": [
        ["userguiding"],
        ["userguiding", "--json"],
        [EVIL],
        ["SignedUp", "--plan", EVIL],
    ],
    "clear": [["--source", EVIL + "?"], [EVIL]],
    "conform": [["--cli", EVIL], ["--cli", "true", "--only", EVIL], ["--config", EVIL]],
    "conform matrix": [["--cli", EVIL], ["--cli", f"{EVIL}={EVIL}"]],
    "coverage": [
        ["--source", "{key}"],
        ["--source", "{key}", "--format", "json"],
        ["--source", "{key}", "--format", "junit"],
        ["--source", "{key}", "--format", "html"],
        ["--source", EVIL + "?"],
    ],
    "deliveries": [[], ["--json"], ["--to", EVIL]],
    "demo": [["--port", EVIL]],
    "destination act": [["{id}", EVIL], [EVIL, "list"], ["{id}", "list", EVIL]],
    "destination add": [
        [EVIL, "--source", EVIL],
        ["webhook", "--source", EVIL, "--to", EVIL],
        ["webhook", "--source", EVIL, "--to", _NOBODY, "--rest", json.dumps({"name": EVIL})],
        ["webhook", "--source", EVIL, "--to", _NOBODY, "--json"],
    ],
    "destination list": [[], ["--json"]],
    "destination remove": [[EVIL]],
    "destination requests": [["{id}"], ["{id}", "--json"], [EVIL]],
    "destination state": [["{id}"], [EVIL], ["{id}", "--set", EVIL]],
    "export": [["-"], ["{out}"], [EVIL + "/"]],
    "fault add": [
        ["--status", "503", "--event", EVIL, "--source", EVIL],
        ["--status", "503", "--event", EVIL, "--source", EVIL, "--json"],
        ["--status", "503", "--event", EVIL, "--source", EVIL, "--dry-run"],
        [EVIL],
        ["--rule", EVIL],
        ["--where", EVIL],
        ["--until", EVIL],
    ],
    "fault clear": [[EVIL], ["--source", EVIL + "?"], ["--all"]],
    "fault list": [[], ["--json"], ["--scenarios"]],
    "fault release": [[], ["--source", EVIL], [EVIL]],
    "import": [["{file}"], [EVIL], ["{plan}"]],
    "journal check": [[EVIL], ["{plan}"], ["{plan}", "--json"]],
    "journal compact": [[EVIL], ["{plan}"]],
    "journal info": [[EVIL], ["{plan}"], [EVIL, "--json"]],
    "plan diff": [
        ["{plan}", "userguiding"],
        ["userguiding", "{plan}"],
        ["{plan}", "userguiding", "--json"],
        [EVIL, EVIL],
    ],
    "plan export": [
        ["{plan}"],
        ["{plan}", "--format", "csv"],
        [EVIL],
        ["{plan}", "-o", EVIL + "/"],
    ],
    "plan import": [["{plan}"], ["{plan}", "--name", EVIL], [EVIL]],
    "plan infer": [["{file}"], ["--source", "{key}"], ["--name", EVIL], [EVIL]],
    "readyz": [[], ["--url", f"http://{EVIL}"], ["--url", EVIL]],
    "redeliver": [["--source", "{key}", "--to", "{id}"], ["--source", EVIL + "?", "--to", EVIL]],
    "replay": [
        ["{file}", "--write-key", "{key}", "--new-ids"],
        ["{file}", "--write-key", "{key}", "--json"],
        [EVIL],
        ["{file}", "--speed", EVIL],
        ["{file}", "--transport", EVIL],
    ],
    "requests": [[], ["--json"], ["--source", EVIL + "?"]],
    "run": [
        ["--", sys.executable, "-c", _APP],
        ["--report", "{out}", "--", sys.executable, "-c", _APP],
        ["--allow", EVIL, "--", "true"],
        ["--env-host", EVIL, "--", "true"],
        ["--", EVIL],
    ],
    "samples": [
        ["--plan", "{plan}", "--count", "2"],
        ["--plan", "{plan}", "--count", "2", "--invalid", "--out", "{out}"],
        ["--plan", "{plan}", "--count", "30", "--edge"],
        ["--plan", EVIL],
        [EVIL],
        ["track", "--seed", EVIL, "--count", "1"],
        ["track", "--invalid", "--kinds", EVIL],
        ["track", "--out", EVIL + "/"],
    ],
    "serve": [
        ["--host", EVIL],
        ["--config", EVIL],
        ["--profile", EVIL],
        ["--plan", "{out}" + EVIL],
    ],
    "show": [
        *([name] for name in ("1", "4", "5", "last", "req-1", "req-4", EVIL)),
        ["1", "--json"],
        ["req-1", "--json"],
    ],
    "completion": [[EVIL], ["bash"]],
    "manual": [[EVIL], [f"faults#{EVIL}"], ["--search", EVIL], ["faults"]],
    "snippet": [["python", "--write-key", EVIL], [EVIL], ["ruby", "--tls-url", EVIL, "--ca", EVIL]],
    "sources": [[], ["--json"]],
    "summary": [[], ["--json"], ["--source", EVIL]],
    "tail": [
        ["--after", "0", "--limit", "3"],
        ["--after", "0", "--limit", "3", "--json"],
        ["--where", EVIL],
    ],
    "traffic": [
        [*_TRAFFIC, "--dry-run"],
        [*_TRAFFIC, "--out", "-"],
        [*_TRAFFIC, "--rate", "1000/s", "--write-key", "{key}"],
        [*_TRAFFIC, "--rate", "1000/s", "--write-key", "{key}", "--json"],
        ["--catalogue", EVIL, "--dry-run"],
        ["--rate", EVIL],
        ["--profile", EVIL],
        ["--as", EVIL, "--to", _NOBODY],
        ["--locale", EVIL],
    ],
    "truth": [["--source", "{key}"], ["--source", "{key}", "--json"]],
    "validate": [
        ["{file}"],
        ["{file}", "--plan", "{plan}"],
        ["{file}", "--json"],
        ["{file}", "--junit", "{out}"],
        [EVIL],
    ],
    "warehouse": [
        ["--source", "{key}"],
        ["--source", "{key}", "--json"],
        ["--source", "{key}", "SELECT event_text, user_id FROM tracks"],
        ["--source", "{key}", "SELECT event_text FROM tracks", "--json"],
        ["--source", "{key}", f"SELECT '{EVIL}' AS \"{EVIL}\""],
        ["--source", "{key}", "--to", "{out}"],
        ["--source", "{key}", "--to", EVIL + "/"],
        ["--source", EVIL + "?", "SELECT * FROM tracks"],
        ["--source", "{key}", EVIL],
    ],
    "wait": [
        ["--event", EVIL, "--timeout", "0"],
        ["--event", EVIL, "--timeout", "0", "--json"],
        ["--source", EVIL + "?", "--timeout", "0"],
        ["--where", EVIL],
    ],
}
# These print much and show nothing of a client.
_KNOWS_NO_CLIENT = {"catalogue list"}


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Find every command of the tree that can be run."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    if path and command.invoke_without_command:
        yield " ".join(path)
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from commands(below, (*path, name))


def unsafe(text: str) -> set[str]:
    """Find what a terminal would obey, what reorders a line, and what cannot be seen."""
    return {
        char
        for char in text.replace("\r\n", "\n")
        if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"} and char not in "\n\t"
    }


@pytest.fixture(name="names")
def _names(cli_server: MockSegment, tmp_path: Path) -> dict[str, str]:
    """Fill a server with hostile names everywhere; give what the cases are written with."""
    rule = {"type": "object", "properties": {EVIL: {"type": "string", "enum": [EVIL]}}}
    plan = {
        "name": EVIL,
        "description": EVIL,
        "rules": [
            {
                "type": "TRACK",
                "key": EVIL,
                "version": 1,
                "jsonSchema": {
                    "type": "object",
                    "description": EVIL,
                    "properties": {"properties": rule | {"required": [EVIL]}},
                },
            }
        ],
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    key = cli_server.source(EVIL, plan=plan, name=EVIL).write_key
    crm = cli_server.source(key).destination("userengage", name=EVIL)
    messages: list[dict[str, Any]] = [
        {
            "type": "track",
            "event": EVIL,
            "userId": EVIL,
            "properties": {EVIL: EVIL},
        },
        {"type": "track", "event": "x" + EVIL, "userId": EVIL, "context": {EVIL: EVIL}},
        {"type": "identify", "userId": EVIL, "traits": {EVIL: EVIL, "email": EVIL}},
        {"type": "track", "event": EVIL, "messageId": EVIL},
        {"type": EVIL, "userId": EVIL},
    ]
    (tmp_path / "calls.ndjson").write_text("".join(f"{json.dumps(m)}\n" for m in messages))
    connection = http.client.HTTPConnection(urlsplit(cli_server.url).netloc, timeout=30)
    for path, body in (
        ("/v1/batch", json.dumps({"writeKey": key, "batch": messages})),
        ("/v1/batch", json.dumps({"writeKey": key, "batch": messages[:1]})),
        ("/v1/" + quote(EVIL), json.dumps({"writeKey": key})),
        ("/v1/track?" + quote(EVIL), f'{{"writeKey":"k","event":"{EVIL}'),
    ):
        # Controls below the space are no HTTP; bytes that are C1, or no UTF-8, may come.
        headers = {"User-Agent": b"\x9b2J", "X-Evil": "\u202e\x9b".encode()}
        connection.request("POST", path, body.encode(), headers)
        assert connection.getresponse().read() != b""
    connection.close()
    cli_server.source(key).settle(timeout=30)
    run(["fault", "add", "--status", "503", "--event", EVIL + "?", "--source", key])
    return {
        "key": key,
        "id": crm.id,
        "plan": str(tmp_path / "plan.json"),
        "file": str(tmp_path / "calls.ndjson"),
        "out": str(tmp_path / "out"),
    }


def filled(arguments: list[str], names: dict[str, str]) -> list[str]:
    """Write a case out."""
    for name, value in names.items():
        arguments = [argument.replace(f"{{{name}}}", value) for argument in arguments]
    return arguments


def test_every_command_has_a_case() -> None:
    """Whoever adds a command says here how it meets hostile names."""
    assert set(commands(mockseg)) == set(CASES)


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("command", CASES)
def test_no_command_prints_what_a_terminal_obeys(
    command: str,
    *,
    terminal: bool,
    names: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither as text nor as JSON, neither in results nor in errors; the escapes are shown."""
    if terminal:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = ""
    for arguments in CASES[command]:
        run([*command.split(), *filled(arguments, names)])
        out, err = capsys.readouterr()
        if terminal:
            out = _COLOURS.sub("", out)
        assert unsafe(out) == set(), arguments
        assert unsafe(err) == set(), arguments
        assert "internal error" not in err
        shown += out + err
    assert ("9b2J" in shown) is (command not in _KNOWS_NO_CLIENT)


@pytest.mark.parametrize(
    "command",
    [
        "calls --json",
        "deliveries --json",
        "export -",
        "requests --json",
        "sources --json",
        "show 1 --json",
        "summary --json",
        "tail --after 0 --limit 3 --json",
        "truth --source {key} --json",
    ],
)
def test_json_says_the_same_escaped(
    command: str, names: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """A reader of the JSON gets the very name that was sent."""
    run(filled(command.split(" "), names))
    out = capfd.readouterr().out
    whole = {"show", "summary", "truth"}
    documents = [out] if command.split(maxsplit=1)[0] in whole else out.splitlines()
    assert EVIL in "".join(strings(json.loads(document)) for document in documents)


def strings(value: Any) -> str:
    """Join all keys and texts of a JSON value."""
    if isinstance(value, dict):
        return "".join(f"{key}{strings(each)}" for key, each in value.items())
    if isinstance(value, list):
        return "".join(map(strings, value))
    return str(value)
