"""Completion of commands, flags and values in a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mockseg.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path


# Shell -> the variable of the user's folder, the file below it, and what remains to be done.
PLACES = {
    "bash": ("XDG_DATA_HOME", "bash-completion/completions/mockseg", ""),
    "zsh": ("ZDOTDIR", ".zfunc/_mockseg", "fpath"),
    "fish": ("XDG_CONFIG_HOME", "fish/completions/mockseg.fish", ""),
}


@pytest.mark.parametrize("shell", PLACES)
def test_a_script_is_written_where_the_shell_looks(
    shell: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is the script that is printed without --install; what remains to be done is said."""
    variable, place, told = PLACES[shell]
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    monkeypatch.setenv(variable, str(tmp_path))
    assert run(["completion", shell, "--install"]) == 0
    assert (tmp_path / place).read_text("utf-8").strip() == script.strip()
    err = capsys.readouterr().err
    assert str(tmp_path / place) in err
    assert told in err


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("mockseg summ", ["plain,summary"]),
        ("mockseg fault add --st", ["plain,--status"]),
        ("mockseg fault add --ty", ["plain,--type"]),
        ("mockseg manual find", ["plain,findings"]),
        ("mockseg snippet nod", ["plain,node"]),
        ("mockseg serve --edge 20", ["plain,2026", "plain,2025", "plain,2018"]),
        ("mockseg validate ca", ["file,ca"]),
        ("mockseg run --report ou", ["file,ou"]),
        (
            "mockseg catalogue show user",
            ["plain,userguiding", "plain,userguiding-segment"],
        ),
        ("mockseg destination add web", ["plain,webhook", "plain,webhook-actions"]),
        # A word that is wrong so far is the shell's, not an error in the middle of a line.
        ("mockseg fautl add", []),
    ],
)
def test_the_shell_is_answered_with_what_may_stand_there(words: str, answer: list[str]) -> None:
    """What the script asks is answered by the command itself."""
    asked = {
        "_MOCKSEG_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from mockseg.cli.main import main; main()"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (answer, "")
