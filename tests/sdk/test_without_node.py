"""Node is needed in CI, and only there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mockseg

HERE = Path(__file__).resolve().parent
ONE_TEST = "test_node_sdk.py::test_nulls_are_good"


@pytest.mark.parametrize(("ci", "outcome"), [("true", "1 error"), ("", "1 skipped")])
def test_a_missing_node_is_an_error_in_ci_and_a_skip_elsewhere(
    ci: str, outcome: str, tmp_path: Path
) -> None:
    """Either way the reason is said."""
    package = Path(mockseg.__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rsE", str(HERE / ONE_TEST)],
        cwd=HERE.parents[1],
        env={**os.environ, "PATH": str(tmp_path), "CI": ci, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout.splitlines()[-1]
    assert "there is no node on the path" in done.stdout


def test_the_lock_file_names_no_registry() -> None:
    """Packages come from wherever npm is told to look, and are known by their hashes."""
    lock = json.loads((HERE / "node" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {place: package for place, package in lock["packages"].items() if place}
    assert all("resolved" not in package for package in packages.values())
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
