"""Samples in processes of their own: the bytes depend on the seed alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from mockseg.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


_WRITE = """
import json, sys
from mockseg.cli.main import run
for number, arguments in enumerate(json.loads(sys.argv[1])):
    assert run([*arguments, "--out", str(number)]) == 0
"""


def test_another_process_writes_the_same_bytes(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Not even the modules that this process has loaded change them, nor hash seeds.

    Nothing but the files is left in the user's folder.
    """
    folder = tmp_path / "mine"
    folder.mkdir()
    asked = [
        ["samples", "Order Completed", "identify", "--count", "12", "--seed", "7", kind]
        for kind in ("--valid", "--invalid", "--edge")
    ]
    subprocess.run(
        [sys.executable, "-c", _WRITE, json.dumps(asked)],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": "5", "XDG_CACHE_HOME": str(tmp_path / "cache")},
        check=True,
        stderr=subprocess.PIPE,
    )

    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(written) == ["0", "1", "2"]
    for number, arguments in enumerate(asked):
        assert run(arguments) == 0
        assert capfdbinary.readouterr().out == written[str(number)]
