"""The scripts of the page that touch no document, as Node.js runs them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "modules"
STATIC = Path(__file__).parents[2] / "mockseg" / "web" / "static"


@pytest.mark.parametrize("name", sorted(path.name for path in TESTS.iterdir()))
def test_a_module_of_the_page(name: str, tmp_path: Path) -> None:
    """Each file of tests passes, and has some."""
    node = shutil.which("node")
    assert node is not None, "no node in PATH (Debian: apt-get install nodejs)"
    shutil.copytree(STATIC, tmp_path / "static")
    shutil.copytree(TESTS, tmp_path / "modules")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    run = subprocess.run(
        [node, "--test", "--test-reporter=tap", f"modules/{name}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "\n# fail 0\n" in run.stdout
    assert "\n# pass 0\n" not in run.stdout
