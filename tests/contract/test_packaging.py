"""What is shipped: the wheel and the sdist hold what they need, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="built", scope="module")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both from a clean export of what git tracks, or of the folder as it is."""
    out = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_wheel_holds_the_packages_with_their_data(built: Path) -> None:
    """Code, types, catalogue, templates; no tests, no fixtures, no benches."""
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    ours = {top for top in tops if not top.endswith((".dist-info", ".data"))}
    assert ours <= {"mockseg", "pytest_mockseg"}
    shipped = {str(file.relative_to(ROOT)) for file in (ROOT / "mockseg").rglob("*.py")}
    assert shipped <= set(names)
    assert "mockseg/py.typed" in names
    assert any(name.startswith("mockseg/catalogue/data/") for name in names)
    assert any(name.startswith("mockseg/web/page/templates/") for name in names)
    assert "mockseg/web/static/calls.js" in names
    assert "mockseg/manual/index.md" in names
    assert any(name.endswith("/share/man/man1/mockseg.1") for name in names)
    assert not [name for name in names if name.endswith((".pyc", ".pyo"))]


def test_the_wheel_says_what_it_is(built: Path) -> None:
    """The command, the licence and the version of Python are in its metadata."""
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        entries = next(name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        text = archive.read(metadata).decode()
        commands = archive.read(entries).decode()
    assert "License-Expression: MIT" in text
    assert "Requires-Python: >=3.11" in text
    assert "mockseg = mockseg.cli.main:main" in commands


def test_the_sdist_holds_what_it_takes_to_test_it(built: Path) -> None:
    """Tests and fixtures are in the sdist; what npm or an editor leaves behind is not."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = ["/".join(name.split("/")[1:]) for name in archive.getnames()]
    for needed in (
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "pyproject.toml",
        "Dockerfile",
        "man/mockseg.1",
    ):
        assert needed in names
    assert any(name.startswith("tests/unit/") for name in names)
    assert any(name.startswith("fixtures/events/") for name in names)
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]
