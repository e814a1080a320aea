"""The one door to standard output and standard error."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from mockseg.cli import output
from mockseg.cli.main import run

if TYPE_CHECKING:
    import pytest

EVIL = "a\x1b[2J\nb"


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What a client sent cannot end it, or forge another one."""
    output.say("event ", output.paint(EVIL, "red"))
    output.note(EVIL)
    output.warn(EVIL)

    out, err = capsys.readouterr()
    assert out == "event a\\x1b[2J\\nb\n"
    assert err == "a\\x1b[2J\\nb\nmockseg: a\\x1b[2J\nb\n"


def test_a_text_has_one_line_end_at_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    """With or without one of its own; an empty text prints nothing."""
    output.say_text("a\nb")
    output.say_text("a\x9bb\n")
    output.say_text("")

    assert capsys.readouterr().out == "a\nb\na\\x9bb\n"


def test_colours_are_for_terminals_that_want_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a pipe, and not where NO_COLOR is set."""
    output.say(output.paint("x", "green"))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.say(output.paint("x", "green"))
    monkeypatch.setenv("NO_COLOR", "1")
    output.say(output.paint("x", "green"))

    assert capsys.readouterr().out == "x\n\x1b[32mx\x1b[0m\nx\n"


def test_a_table_has_columns_in_a_pipe_and_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row a line in a pipe; on a terminal nothing in a cell is markup."""
    rows = [("one", output.paint("[bold]x", "red")), (EVIL, "")]
    output.say_table(("name", "what"), rows)
    assert capsys.readouterr().out == ("name         what\none          [bold]x\na\\x1b[2J\\nb\n")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    output.say_table(("name", "what"), rows)
    assert "[bold]x" in capsys.readouterr().out


def test_json_is_one_document_on_one_line_or_indented(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error where standard output has data."""
    output.say_json({"a": "\u202e\udc80"})
    output.say_json({"a": 1}, indented=True, err=True)

    assert capsys.readouterr() == ('{"a":"\\u202e\ufffd"}\n', '{\n  "a": 1\n}\n')


def test_what_is_logged_goes_through_the_door(capsys: pytest.CaptureFixture[str]) -> None:
    """With its traceback, which may quote a client; not after the block."""
    log = logging.getLogger("mockseg.web")
    with output.log_lines():
        try:
            int(EVIL)
        except ValueError:
            log.exception("%s failed", EVIL)
    log.warning("not shown")

    err = capsys.readouterr().err
    assert err.startswith("mockseg: ERROR: a\\x1b[2J\nb failed\nTraceback")
    assert "ValueError: invalid literal" in err
    assert "not shown" not in err


def test_what_click_says_is_escaped_too(capsys: pytest.CaptureFixture[str]) -> None:
    """It quotes the command line."""
    assert run(["calls", "--no-such\x9b"]) == 2
    assert run(["\x9bcalls"]) == 2
    assert run(["calls", "--limit", "\x9b"]) == 2

    assert "\x9b" not in capsys.readouterr().err
