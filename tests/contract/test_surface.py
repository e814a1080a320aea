"""The public surface changes only on purpose."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="signatures are written as Python 3.11 prints them"
)
@pytest.mark.skipif(
    importlib.util.find_spec("hypothesis") is None, reason="the strategies are part of the surface"
)
def test_the_public_surface_is_the_written_one() -> None:
    """Commands, flags, settings, operations, verbs, fixtures, options, codes, routes, events."""
    done = subprocess.run(
        [sys.executable, HERE / "surface.py"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.returncode == 0, done.stderr
    written = (HERE / "surface.txt").read_text("utf-8").splitlines()
    now = done.stdout.splitlines()
    assert sorted(set(now) - set(written)) == [], "new; write it with tests/contract/surface.py"
    assert sorted(set(written) - set(now)) == [], "gone; was that meant?"


def test_the_page_of_man_is_that_of_the_help() -> None:
    """What `man mockseg` shows is what `--help` says."""
    done = subprocess.run(
        [sys.executable, HERE / "man_page.py"], capture_output=True, text=True, check=True
    )
    written = (HERE.parents[1] / "man" / "mockseg.1").read_text("utf-8")
    assert written == done.stdout, "write it with tests/contract/man_page.py > man/mockseg.1"
