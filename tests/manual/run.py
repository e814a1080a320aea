"""Try the examples of the README and the manual as a stranger would, from the built wheel.

python tests/manual/run.py [--wheel FILE] [PAGE ...]

Each distinct install line gets an environment of its own, in which ``mockseg`` is the wheel.
Blocks run alone, each in an empty folder, as ``tests/support/manual_examples.py`` says.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from manual_examples import Example, ExampleError, check, examples  # noqa: E402  (the path is first)

# Runs the page's browser; a system's own Chromium instead of a download.
_BROWSER = """
import pytest


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {{**browser_type_launch_args, "executable_path": {path!r}, "args": ["--no-sandbox"]}}
"""


def main() -> int:
    """Try all pages, or those that are named; 0 when each example does what it shows."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--wheel", type=Path, help="use this wheel instead of building one")
    arguments.add_argument("pages", nargs="*", help="which pages; all by default")
    options = arguments.parse_args()
    chosen = [each for each in examples() if not options.pages or each.page in options.pages]
    if not chosen:
        arguments.error("no page has this name")
    with tempfile.TemporaryDirectory(prefix="mockseg-manual-") as folder:
        wheel = (options.wheel or _build(Path(folder))).resolve()
        failed = _try_all(chosen, wheel, Path(folder))
    print(f"{len(chosen) - failed} of {len(chosen)} examples do what their page shows")
    return 1 if failed else 0


def _try_all(chosen: list[Example], wheel: Path, folder: Path) -> int:
    failed = 0
    environments: dict[tuple[str, ...], Path] = {}
    for number, example in enumerate(chosen):
        runs = example.language in {"python", "console"}
        needed = example.install if runs else ()
        if needed not in environments:
            print("pip install", *needed, flush=True)
            environments[needed] = _environment(folder / f"venv-{len(environments)}", needed, wheel)
        place = folder / f"example-{number}"
        place.mkdir()
        if "pytest-playwright" in needed:
            (place / "conftest.py").write_text(_BROWSER.format(path=shutil.which("chromium")))
        try:
            check(example, place, environments[needed])
        except (ExampleError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAILED {error}", flush=True)
    return failed


def _environment(folder: Path, needed: tuple[str, ...], wheel: Path) -> Path:
    """Return the interpreter of a new environment with these packages."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    # The readers of a page with tests have pytest.
    packages = [re.sub(r"^mockseg", str(wheel), each) for each in needed or ("mockseg",)]
    subprocess.run([python, "-m", "pip", "install", "-q", *packages, "pytest"], check=True)
    return python


def _build(folder: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    return next(folder.glob("mockseg-*.whl"))


if __name__ == "__main__":
    sys.exit(main())
