"""The command: help of everything, and an exit status for every end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import msgspec
import pytest
from click.testing import CliRunner
from manual_examples import check_flags

from mockseg.cli import main as cli
from mockseg.cli.examples import EXAMPLES
from mockseg.cli.flags import MATCH_KEYS
from mockseg.config import SERVER_SETTINGS
from mockseg.errors import (
    ConfigError,
    MocksegError,
    OperationError,
    ServerStartError,
    UnmetExpectationError,
    UnreachableError,
)
from mockseg.matching.match import ScalarMatch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MOCKSEG_URL", "MOCKSEG_CONFIG", "MOCKSEG_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_help_names_every_command_and_the_exit_status() -> None:
    """The first thing that anybody sees."""
    result = CliRunner().invoke(cli.mockseg, ["--help"])

    assert result.exit_code == 0
    for title, section in cli.SECTIONS.items():
        assert f"\n{title}:\n" in result.output
        for name, (_, line) in section.items():
            assert f"\n  {name} " in result.output
            assert line in result.output
    assert "Exit status: 0 fine, 1 a check failed, 2 usage or environment." in result.output


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_help(name: str) -> None:
    """Each command explains itself, with the sentence that the table has or more."""
    result = CliRunner().invoke(cli.mockseg, [name, "--help"])

    assert result.exit_code == 0, result.output
    assert f"Usage: mockseg {name}" in result.output
    assert len(result.output.splitlines()) > 4


def _names(command: click.Command, name: str) -> list[str]:
    """Give the whole names of a command and of those below it."""
    below = command.commands if isinstance(command, click.Group) else {}
    return [name, *(each for one in below for each in _names(below[one], f"{name} {one}"))]


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_help_ends_with_an_example(name: str) -> None:
    """It is one line to paste, and has the flags of its command."""
    command = cli.mockseg.get_command(click.Context(cli.mockseg), name)
    assert command is not None
    for whole in _names(command, name):
        help_text = CliRunner().invoke(cli.mockseg, [*whole.split(), "--help"]).output
        assert help_text.endswith(f"  Example:\n    {EXAMPLES[whole]}\n")
        check_flags(EXAMPLES[whole], place=whole)


def _options(command: click.Command, name: str) -> dict[str, set[str]]:
    """Give the flags of a command and of those below it, by its whole name."""
    if isinstance(command, click.Group):
        below = [(f"{name} {one}", command.commands[one]) for one in command.commands]
        return {key: flags for one in below for key, flags in _options(one[1], one[0]).items()}
    return {name: {flag for each in command.params for flag in each.opts}}


def test_every_command_that_talks_to_a_server_takes_its_address() -> None:
    """--url, --token and --ca are everywhere but where a server is started, or none is needed."""
    flags: dict[str, set[str]] = {}
    for name in cli.COMMANDS:
        command = cli.mockseg.get_command(click.Context(cli.mockseg), name)
        assert command is not None
        flags |= _options(command, name)
    without = {name for name, each in flags.items() if "--url" not in each}
    starts_its_own = {"conform", "conform matrix", "demo", "run", "serve"}
    reads_files = {"plan diff", "plan export", "plan import", "samples", "validate"}
    reads_files |= {"journal info", "journal check", "journal compact"}
    shipped = {"catalogue list", "catalogue show", "completion", "manual"}
    assert without <= starts_its_own | reads_files | shipped
    names_it_whole = {name for name, each in flags.items() if {"--url", "--token", "--ca"} <= each}
    assert set(flags) - without - names_it_whole <= {"snippet"}


def test_serve_has_a_flag_for_every_setting() -> None:
    """Flags are the table's rows; each names its variable and its default."""
    output = CliRunner(env={"COLUMNS": "400"}).invoke(cli.mockseg, ["serve", "--help"]).output

    for setting in SERVER_SETTINGS:
        assert setting.flag in output
        assert f"[{setting.variable};" in output


def test_the_match_flags_are_the_match_keys() -> None:
    """What can be asked of the API can be asked on the command line."""
    fields = {field.name for field in msgspec.structs.fields(ScalarMatch)}

    assert {name for name, _ in MATCH_KEYS} | {"good"} == fields


def test_no_command_at_all_is_help_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever types nothing is shown what there is."""
    status = cli.run([])

    assert status == 2
    assert "Run:" in "".join(capsys.readouterr())


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """--version."""
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("mockseg ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serv"], 'unknown command "serv"; did you mean "serve"?'),
        (["zzzzz"], 'unknown command "zzzzz". Allowed: serve, demo'),
        (["serve", "--prot", "1"], "unknown option"),
        (["serve", "--port", "x"], '--port is "x": it must be a whole number from 0 to 65535'),
        (["serve", "--edge", "2052"], 'unknown value "2052"; did you mean "2025"?'),
        (["serve", "--profle", "x"], 'unknown option "--profle". Allowed: --json'),
        (["serve", "--profile", "2052"], "--profile is deprecated: its new name is --edge"),
        (["serve", "--profile", "2018", "--edge", "2018"], "the old name of --edge; pass only"),
        (["serve", "--config", "none.toml"], "cannot read none.toml: No such file"),
        (["serve", "--tls-cert", "c.pem"], "tls_cert is given without tls_key"),
        (["calls", "--url", "nonsense"], 'url is "nonsense"'),
        (["calls", "--url", "http://a:b"], 'invalid address "http://a:b"'),
        (["readyz", "--timeout", "nan"], "'nan' is not a number of seconds"),
        (["readyz", "--timeout", "soon"], "'soon' is not a number of seconds; write it as 5, 5s"),
        (["tail", "--patience", "inf"], "inf is not in the range"),
        (["calls", "--limit", "0"], "0 is not in the range x>=1"),
        (["calls", "--verdict", "great"], 'unknown value "great"'),
        (["clear"], "say which: --source WRITE_KEY, or --all"),
        (["clear", "--source", "a", "--all"], "say which: --source WRITE_KEY, or --all"),
        (["snippet", "pyhton"], 'unknown SDK "pyhton"; did you mean "python"?'),
        (["snippet", "cobol"], 'unknown SDK "cobol". Allowed: python, node'),
        (["export"], "Missing argument"),
    ],
)
def test_usage_errors_are_one_sentence_and_exit_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, where, what is allowed, the nearest name; never a traceback."""
    status = cli.run(arguments)

    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["calls"],
        ["summary"],
        ["tail"],
        ["clear", "--all"],
        ["export", "-"],
    ],
)
def test_an_unreachable_server_is_one_sentence_and_exit_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody listens on port 9 of this machine."""
    status = cli.run([*arguments, "--url", "http://127.0.0.1:9"])

    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert "http://127.0.0.1:9" in err
    assert len(err.splitlines()) == 1


def test_an_unknown_variable_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt variable is said, and does not stop the command."""
    monkeypatch.setenv("MOCKSEG_ULR", "http://127.0.0.1:9")

    assert cli.run(["snippet", "python"]) == 0
    assert 'warning: unknown variable MOCKSEG_ULR is ignored; did you mean "MOCKSEG_URL"' in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (ServerStartError("taken"), 2, "mockseg: taken"),
        (UnmetExpectationError("not called"), 1, "mockseg: not called"),
        (ConfigError("wrong"), 2, "mockseg: wrong"),
        (UnreachableError("gone"), 2, "mockseg: gone"),
        (OperationError("refused", status=422, code="x"), 2, "mockseg: refused"),
        (MocksegError("other"), 2, "mockseg: other"),
        (FileNotFoundError(2, "No such file", "f"), 2, "mockseg: No such file: f"),
        (KeyboardInterrupt(), 2, "mockseg: interrupted"),
        (click.UsageError("usage"), 2, "Error: usage"),
        (
            ZeroDivisionError("oops"),
            2,
            "internal error in mockseg (please report it): ZeroDivisionError: oops (in ",
        ),
        (click.exceptions.Exit(1), 1, ""),
    ],
)
def test_every_end_has_its_status_and_its_sentence(
    raised: BaseException,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 fine, 1 a check failed, 2 usage or environment; never a traceback."""

    def broken() -> None:
        raise raised

    command = click.command(name="summary")(broken)
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: command)

    assert cli.run(["summary"]) == status
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_main_ends_the_process_with_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point of the script."""
    monkeypatch.setattr(sys, "argv", ["mockseg", "zzzzz"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 2


def test_snippets_follow_flags_variables_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Address, port of https and CA are the ones of the settings."""
    (tmp_path / "mockseg.toml").write_text(f'tls_port = 4712\nstate_dir = "{tmp_path}/state"\n')
    monkeypatch.setenv("MOCKSEG_URL", "http://127.0.0.1:4711")

    assert cli.run(["snippet", "python"]) == 0
    assert cli.run(["snippet", "ruby", "--write-key", "wk"]) == 0

    out = capsys.readouterr().out
    assert 'analytics.host = "http://127.0.0.1:4711"' in out
    assert f"SSL_CERT_FILE={tmp_path}/state/ca.pem" in out
    assert "write_key: 'wk', host: 'localhost', port: 4712" in out
