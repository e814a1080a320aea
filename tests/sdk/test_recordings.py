"""The captures under fixtures/wire/ are what the SDKs send today."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import mockseg

HERE = Path(__file__).resolve().parent
WIRE = HERE.parents[1] / "fixtures" / "wire"


def _check(sdk: str) -> None:
    # The program lies in a folder from which this package could not be found.
    package = Path(mockseg.__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(HERE / "record.py"), "--check", "--sdk", sdk],
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_python_sdk_still_sends_what_was_recorded() -> None:
    """Ids, times and the HTTP library's own headers apart, nothing has changed."""
    installed = version("segment-analytics-python")
    if not (WIRE / f"segment-analytics-python-{installed}").is_dir():
        pytest.skip(f"there are no captures of segment-analytics-python {installed}")
    _check("python")


def test_the_node_sdk_still_sends_what_was_recorded(node: Any) -> None:
    """The lock file says which version that is."""
    _check("node")
