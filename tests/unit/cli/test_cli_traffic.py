"""``mockseg traffic`` and ``mockseg replay`` without a server: files, profiles, bad input."""

from __future__ import annotations

import gzip
import json
import socket

import pytest

from mockseg.cli.main import run

SHORT = ["traffic", "--catalogue", "userguiding", "--users", "20", "--duration", "2s"]


def test_out_writes_the_same_lines_again(tmp_path, capsys) -> None:
    """The same seed and arguments write the same file, plain, zipped or as a stream."""
    one, zipped = tmp_path / "a.ndjson", tmp_path / "b.ndjson.gz"
    assert run([*SHORT, "--seed", "7", "--out", str(one)]) == 0
    assert run([*SHORT, "--seed", "7", "--out", str(zipped)]) == 0
    capsys.readouterr()
    assert run([*SHORT, "--seed", "7", "--out", "-"]) == 0
    streamed = capsys.readouterr()
    assert one.read_bytes() == gzip.decompress(zipped.read_bytes()) == streamed.out.encode()
    assert "200 calls made" in streamed.err
    lines = [json.loads(line) for line in one.read_bytes().splitlines()]
    assert len(lines) == 200
    assert lines[0]["timestamp"].startswith("2026-01-01T00:00:00")


def test_dry_run_tells_what_would_be_made(capsys) -> None:
    """A dry run sends and writes nothing, and tells counts, seed, faker and a digest."""
    assert run([*SHORT, "--dry-run", "--invalid", "10%", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["made"] == 200
    assert report["labels"]["invalid"] > 0
    assert sum(report["labelledCodes"].values()) == report["labels"]["invalid"]
    assert set(report) >= {"seed", "faker", "start", "sha256", "byEvent"}


def test_profiles_are_read(tmp_path, capsys) -> None:
    """A profile stands for flags, and flags win."""
    file = tmp_path / "p.toml"
    file.write_text(
        'catalogue = "ecommerce"\nrate = "10/s"\nduration = "3s"\n[mix]\n"Order Completed" = 1\n'
    )
    asked = ["traffic", "--profile", str(file), "--rate", "20/s", "--dry-run", "--json"]
    assert run(asked) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["byEvent"] == {"Order Completed": 60}


def test_plans_of_files_are_used(tmp_path, capsys) -> None:
    """A plan in a file makes traffic of its events."""
    rule = {"type": "TRACK", "key": "Report Exported", "jsonSchema": {"type": "object"}}
    file = tmp_path / "ours.json"
    file.write_text(json.dumps({"name": "ours", "rules": [rule]}))
    asked = ["traffic", "--plan", str(file), "--mix", "Report Exported=1", "--dry-run", "--json"]
    assert run(asked) == 0
    assert json.loads(capsys.readouterr().out)["byEvent"] == {"Report Exported": 1000}


def test_traces_are_shapes(tmp_path, capsys) -> None:
    """A trace of calls a second is a shape."""
    file = tmp_path / "trace"
    file.write_text("5\n0\n10 # a peak\n")
    assert run([*SHORT, "--shape", f"trace:{file}", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["made"] == 15


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name plans"),
        (["--catalogue", "userguidin", "--dry-run"], 'did you mean "userguiding"'),
        (["--catalogue", "candu"], "--to URL"),
        (["--catalogue", "candu", "--dry-run", "--rate", "5/parsec"], "--rate is"),
        (["--catalogue", "candu", "--dry-run", "--rate", "much"], "such as 200/s"),
        (["--catalogue", "candu", "--dry-run", "--duration", "30"], "--duration is"),
        (["--catalogue", "candu", "--dry-run", "--shape", "sinus"], 'did you mean "sine"'),
        (["--catalogue", "candu", "--dry-run", "--shape", "trace"], "trace:FILE"),
        (["--catalogue", "candu", "--dry-run", "--shape", "trace:/none"], "cannot read"),
        (["--catalogue", "candu", "--dry-run", "--invalid", "200%"], "--invalid is"),
        (["--catalogue", "candu", "--dry-run", "--mix", "tutorial.vew=1"], "tutorial.view"),
        (["--catalogue", "candu", "--dry-run", "--mix", "tutorial.view"], "EVENT=WEIGHT"),
        (["--catalogue", "candu", "--dry-run", "--users", "none"], "--users is"),
        (
            ["--catalogue", "candu", "--dry-run", "--locale", "de_XX"],
            'unknown locale "de_XX"',
        ),
        (["--catalogue", "candu", "--dry-run", "--start", "soon"], "--start is"),
        (["--catalogue", "candu", "--dry-run", "--strictness", "strickt"], "strict"),
        (["--catalogue", "candu", "--dry-run", "--profile", "/none.toml"], "cannot read"),
        (["--catalogue", "candu", "--out", "/none/x.ndjson"], "cannot write"),
        (["--catalogue", "candu", "--out", "x", "--to", "http://127.0.0.1:1"], "--to"),
        (["--catalogue", "candu", "--to", "http://h", "--url", "http://h"], "exclude each other"),
        (["--catalogue", "candu", "--as", "webhook", "--key", "k"], "pass --to URL"),
        (["--catalogue", "candu", "--to", "nowhere"], "nowhere"),
        (
            ["--catalogue", "candu", "--to", "http://h", "--transport", "sdkk"],
            "--transport: unknown transport",
        ),
        (
            [
                "--catalogue",
                "candu",
                "--to",
                "http://h",
                "--transport",
                "sdk",
                "--connections",
                "2",
            ],
            "--connections",
        ),
        (["--catalogue", "candu", "--to", "http://h", "--as", "webhok"], 'did you mean "webhook"'),
        (["--catalogue", "candu", "--to", "http://h", "--as", "userleap"], "--key"),
        (["--catalogue", "candu", "--to", "http://h", "--as", "webhook", "--gzip"], "--gzip"),
        (["--catalogue", "candu", "--to", "http://h", "--connections", "0"], "--connections is"),
        (["--plan", "/none.json", "--dry-run"], "/none.json"),
    ],
)
def test_bad_input_is_one_sentence(arguments, told, nobody, monkeypatch, capsys) -> None:
    """What cannot be done is one sentence that names the place, and exit 2."""
    monkeypatch.setenv("MOCKSEG_URL", nobody)
    to = [] if {"--to", "--out", "--dry-run"} & set(arguments) or arguments else ["--dry-run"]
    assert run(["traffic", *arguments, *to]) == 2
    output = capsys.readouterr()
    assert told in output.err
    assert output.out == ""
    assert "Traceback" not in output.err
    assert output.err.count("\n") == 1


@pytest.fixture
def nobody() -> str:
    """Give an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_target_that_is_down_is_told_before_anything(nobody: str, tmp_path, capsys) -> None:
    """When nobody answers nothing is sent, and the status is 2."""
    assert run([*SHORT, "--to", nobody]) == 2
    assert "nothing was sent" in capsys.readouterr().err
    file = tmp_path / "a.ndjson"
    file.write_text('{"type":"track","event":"E","userId":"u"}\n')
    assert run(["replay", str(file), "--to", nobody]) == 2
    assert "nothing was sent" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (("", []), "has no calls"),
        (('{"type":"track"}\nnonsense\n', []), "line 2"),
        (("[1]\n", []), "line 1"),
        (('{"type":"track"}\n', ["--speed", "fast"]), "--speed is"),
        (('{"type":"track"}\n', ["--shift-to", "later"]), "--shift-to is"),
        (('{"type":"track"}\n', ["--transport", "post"]), "--transport: unknown transport"),
    ],
)
def test_bad_replays_are_one_sentence(broken, told, tmp_path, nobody, capsys) -> None:
    """A file that cannot be replayed is told of with its line, and nothing is sent."""
    content, flags = broken
    file = tmp_path / "a.ndjson"
    file.write_text(content)
    assert run(["replay", str(file), "--to", nobody, *flags]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", [["traffic", "--dry-run", "--duration", "1s"], ["samples"]])
def test_a_property_that_cannot_be_constructed_is_named_once(tmp_path, capsys, command) -> None:
    """As one line, not as a warning of Python; the rest of the plan is used."""
    odd = {"type": "string", "pattern": "^a+$", "not": {"pattern": "a"}}
    body = {"type": "object", "properties": {"odd": odd}}
    schema = {"type": "object", "properties": {"properties": body}}
    rule = {"type": "TRACK", "key": "A", "jsonSchema": schema}
    file = tmp_path / "ours.json"
    file.write_text(json.dumps({"name": "ours", "rules": [rule]}))
    assert run([*command, "--plan", str(file)]) == 0
    [warning] = [line for line in capsys.readouterr().err.splitlines() if "odd" in line]
    place = "ours: A.jsonSchema.properties.properties.properties.odd"
    assert warning.startswith(f"mockseg: warning: {place} is left out of all values: no string")
