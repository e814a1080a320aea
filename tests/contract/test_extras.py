"""Without its extras mockseg is whole but for what they are for, and says what to install."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mockseg.extras import EXTRAS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
# An environment that has the libraries, made to look like one that does not.
_HIDING = """
import importlib.abc, sys

class Hiding(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hiding())
"""
_PACKAGES = ("mockseg", "pytest_mockseg")
# Entry points of their pytest plugins are installed all the same; others need an ini of theirs.
_OTHERS = ("faker", "hypothesispytest", "randomly", "aiohttp", "asyncio", "cacheprovider")
_NO_PLUGINS = [word for name in _OTHERS for word in ("-p", f"no:{name}")]


@pytest.fixture(name="base")
def _base(tmp_path: Path) -> Run:
    """Run Python in an environment in which no extra is installed."""
    hidden = {name.partition(".")[0] for name in EXTRAS}
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_HIDING.format(hidden=hidden))
    paths = [tmp_path / "site", ROOT, ROOT / "pytest_plugin"]
    variables = {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONWARNINGS": "error",
        "PYTEST_ADDOPTS": "",  # those of the run that this test is part of name plugins of its own
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


_IMPORT_ALL = """
import importlib, pkgutil, sys
from mockseg.errors import MissingExtraError

def modules_of(package):
    yield package
    path = importlib.import_module(package).__path__
    for found in pkgutil.iter_modules(path, package + "."):
        if found.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(found.name)
        except MissingExtraError as error:
            print(found.name, error, sep=": ")
            continue
        yield from modules_of(found.name) if found.ispkg else [found.name]

count = sum(1 for package in sys.argv[1:] for _ in modules_of(package))
assert count > 300, count
loaded = {name.partition(".")[0] for name in sys.modules} & {"faker", "hypothesis", "locust"}
assert not loaded, loaded
"""


def test_every_module_but_two_packages_imports_without_extras(base: Run) -> None:
    """Those two say in one sentence which extra installs what they need."""
    done = base("-c", _IMPORT_ALL, *_PACKAGES)
    assert done.returncode == 0, done.stderr
    missing = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert missing == {
        module: f'{module} needs {library}, which is not installed: pip install "mockseg[{extra}]"'
        for module, library, extra in (
            ("mockseg.integrations.locust", "Locust", "locust"),
            ("mockseg.strategies", "Hypothesis", "strategies"),
        )
    }


def test_strategies_without_hypothesis_are_an_import_error_of_the_tree(base: Run) -> None:
    """`except ImportError`, `except MocksegError` and `pytest.importorskip` all know it."""
    code = (
        "import pytest, mockseg\n"
        "try:\n    from mockseg import strategies\n"
        "except mockseg.MissingExtraError as error:\n"
        "    assert isinstance(error, ModuleNotFoundError) and error.name == 'hypothesis'\n"
        "    print(error)\n"
        "with pytest.raises(pytest.skip.Exception):\n"
        "    pytest.importorskip('mockseg.strategies')\n"
    )
    done = base("-c", code)
    assert done.returncode == 0, done.stderr
    assert 'pip install "mockseg[strategies]"' in done.stdout


def test_realistic_strategies_without_faker_say_so_where_they_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in the middle of an example, where Hypothesis would show a traceback."""
    from mockseg import MissingExtraError
    from mockseg import strategies as seg

    monkeypatch.setitem(sys.modules, "faker", None)
    for make in (seg.event, seg.properties):
        with pytest.raises(MissingExtraError, match=r'^realistic=True .*"mockseg\[traffic\]"$'):
            make("Order Completed", realistic=True)
    with pytest.raises(MissingExtraError, match="realistic=True"):
        seg.journeys("userguiding", realistic=True)
    assert seg.event("Order Completed") is not None


def test_traffic_without_faker_is_one_line_and_writes_nothing(base: Run, tmp_path: Path) -> None:
    """Exit 2, before a file is opened or a server is asked."""
    asked = ("-m", "mockseg", "traffic", "--catalogue", "candu", "--rate", "1/s")
    for target in (("--out", "calls.ndjson"), ("--to", "http://127.0.0.1:9")):
        done = base(*asked, "--duration", "1s", *target)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "mockseg: synthetic traffic needs Faker, which is not installed:"
            ' pip install "mockseg[traffic]"\n'
        )
    assert not (tmp_path / "calls.ndjson").exists()


def test_samples_without_hypothesis_are_one_line_and_write_nothing(
    base: Run, tmp_path: Path
) -> None:
    """Exit 2, before a file is opened."""
    done = base("-m", "mockseg", "samples", "track", "--out", "samples.ndjson")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "mockseg: mockseg samples needs Hypothesis, which is not installed:"
        ' pip install "mockseg[strategies]"\n'
    )
    assert not (tmp_path / "samples.ndjson").exists()


def test_a_warehouse_in_postgresql_without_psycopg_is_one_line(base: Run) -> None:
    """Exit 2, before a server is asked; a schema that is named needs no question."""
    target = ("--to", "postgresql://127.0.0.1:9/x", "--schema", "x", "--url", "http://127.0.0.1:9")
    done = base("-m", "mockseg", "warehouse", "--source", "k", *target)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "mockseg: mockseg warehouse --to postgresql:// needs psycopg, which is not installed:"
        ' pip install "mockseg[postgres]"\n'
    )


@pytest.mark.parametrize(
    "command",
    [
        ("demo",),
        ("samples", "--help"),
        ("catalogue", "show", "guide button click (userguiding)"),
        ("traffic", "--help"),
        ("replay", "--help"),
        ("conform", "--list"),
        ("snippet", "python"),
    ],
    ids=" ".join,
)
def test_other_commands_need_no_extra(base: Run, command: tuple[str, ...]) -> None:
    """The demo sends over plain HTTP where the SDK is missing."""
    done = base("-m", "mockseg", *command)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_plugin_needs_no_extra(base: Run, tmp_path: Path) -> None:
    """Sources, plans, destinations and examples of a source, in an environment without them."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "from mockseg import track\n"
        "@pytest.mark.segment(catalogue='userguiding')\n"
        "def test_source(segment, segment_destination):\n"
        "    segment_destination('userengage')\n"
        "    segment.assert_not_called(track('A'), within=0)\n"
        "def test_example(segment_server):\n"
        "    with segment_server.example() as segment:\n"
        "        assert segment.calls() == []\n"
    )
    done = base("-m", "pytest", *_NO_PLUGINS, "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def _extras() -> Mapping[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {"": project["dependencies"], **project["optional-dependencies"]}


def test_the_base_install_brings_no_library_of_an_extra() -> None:
    """What pip installs with mockseg alone loads no plugin of its own into pytest."""
    base = " ".join(_extras()[""]).lower()
    assert [library for _, library in EXTRAS.values() if library.lower() in base] == []


def test_all_is_every_extra_for_users() -> None:
    """`mockseg[all]` names each extra but itself and what this repository's tests need."""
    extras = _extras()
    named = extras["all"][0].removeprefix("mockseg[").removesuffix("]").split(",")
    assert len(extras["all"]) == 1
    assert set(named) == set(extras) - {"", "all", "dev"}
    assert {extra for extra, _ in EXTRAS.values()} == set(named)
