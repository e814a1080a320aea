"""A journal whose process is killed again and again; `kill_loop.py` beside it does more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_LOOP = Path(__file__).with_name("kill_loop.py")


@pytest.mark.parametrize("sync", ["off", "normal", "full"])
def test_what_was_answered_is_there_after_each_kill(sync: str) -> None:
    """Nothing answered is lost or half there; with `off` what waited for its commit may be."""
    command = [sys.executable, str(_LOOP), "--kills", "3", "--sync", sync]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 0 lost, 0 half stored, no hole in the numbers;" in done.stdout
    if sync != "off":
        assert done.stdout.endswith("0 answered before their commit and gone\n")
