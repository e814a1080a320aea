"""Run the examples as a stranger would: an environment of their own, the built wheel, their tests.

python tests/examples/run.py [--wheel FILE] [--keep DIR] [NAME ...]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main() -> int:
    """Build, install and run; 0 when all examples pass."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--wheel", type=Path, help="use this wheel instead of building one")
    arguments.add_argument("--keep", type=Path, help="work in this folder, and keep it")
    arguments.add_argument("names", nargs="*", help="which examples; all by default")
    options = arguments.parse_args()
    known = sorted(path.parent.name for path in HERE.glob("*/requirements.txt"))
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        arguments.error(f"no example is called {unknown[0]}; there are {', '.join(known)}")
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        return _run(options.names or known, options.wheel, options.keep.resolve())
    with tempfile.TemporaryDirectory(prefix="mockseg-examples-") as folder:
        return _run(options.names or known, options.wheel, Path(folder))


def _run(names: list[str], wheel: Path | None, folder: Path) -> int:
    wheel = (wheel or _build(folder)).resolve()
    failed = []
    for name in names:
        # A copy: nothing of the repository is beside it.
        project = folder / name
        if project.exists():
            shutil.rmtree(project)
        shutil.copytree(HERE / name, project, ignore=shutil.ignore_patterns("__pycache__"))
        python = _environment(folder / f"{name}-venv", project, wheel)
        if (project / "package.json").exists():
            _do(["npm", "install", "--no-audit", "--no-fund", "--silent"], project)
        statuses = [
            subprocess.run(command, cwd=project, check=False).returncode
            for command in _commands(project, python)
        ]
        if any(statuses):
            failed.append(name)
    return 1 if failed else 0


def _commands(project: Path, python: str) -> list[list[str]]:
    """Return what runs the tests of a project: pytest, Django's own runner, or unittest."""
    commands = []
    if (project / "pytest.ini").exists():
        commands.append([python, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"])
    if (project / "manage.py").exists():
        commands.append([python, "-W", "error", "manage.py", "test"])
    return commands or [[python, "-m", "unittest"]]


def _build(folder: Path) -> Path:
    _do(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)],
        ROOT,
    )
    return max(folder.glob("mockseg-*.whl"), key=lambda path: path.stat().st_mtime)


def _environment(folder: Path, project: Path, wheel: Path) -> str:
    venv.create(folder, with_pip=True, clear=True)
    python = str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    requirements = str(project / "requirements.txt")
    _do([python, "-m", "pip", "install", "-q", str(wheel), "-r", requirements], project)
    return python


def _do(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True)


if __name__ == "__main__":
    sys.exit(main())
