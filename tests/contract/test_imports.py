"""The shape of the house, checked: floors, lonely imports, weight."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "mockseg"
FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(file: Path) -> str:
    """Name the module that a file is."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# Modules that stand for an extra import where it is installed.
EXTRAS = {"mockseg.integrations.locust": "locust"}
MODULES = [
    module
    for file in FILES
    if file.name != "__main__.py"
    and ((module := module_name(file)) not in EXTRAS or importlib.util.find_spec(EXTRAS[module]))
]


def run_python(
    code: str, *flags: str, arguments: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, *flags, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ""},
    )


def test_floors_are_kept() -> None:
    """A module imports only from floors below its own, and the pure floors do no IO."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout


# Imports each module in a child of its own. Other people's libraries are loaded before, once:
# what is asked is whether our modules find each other.
_EACH_ALONE = """
import importlib, os, sys, traceback
for library in ("aiohttp.web", "click", "faker", "hypothesis", "jinja2", "jsonschema",
                "jsonschema_rs", "jwt", "msgspec", "pytest", "rich.progress", "trustme"):
    importlib.import_module(library)
assert not [name for name in sys.modules if name.split(".")[0] == "mockseg"]
failed = 0
for module in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(module)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(module, file=sys.stderr)
        failed += 1
sys.exit(failed > 0)
"""


@pytest.mark.timeout(600)  # some hundred processes, on a machine that may be busy
def test_every_module_imports_alone() -> None:
    """Each module imports where no other of ours was, and where every warning is an error."""
    ours = [module for module in MODULES if module not in EXTRAS]
    done = run_python(_EACH_ALONE, "-W", "error", arguments=ours)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", sorted(set(EXTRAS) & set(MODULES)))
def test_what_an_extra_brings_imports_alone(module: str) -> None:
    """Locust patches the standard library, and wants to be the first that is imported."""
    done = run_python(f"import {module}", "-W", "error")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_no_module_imports_its_own_roof(file: Path) -> None:
    """No module imports the root package, or the package that it stands in."""
    own = module_name(file.parent / "__init__.py")
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            taken = [f"{node.module}.{alias.name}" for alias in node.names]
            known = [name for name in taken if name in MODULES]
            names = [] if known else [node.module or ""]
        else:
            continue
        assert not {"mockseg", own} & set(names) or file.name == "__init__.py", (
            f"line {node.lineno} imports {names}"
        )


def imports_of(tree: ast.Module) -> set[str]:
    """Name all that a file imports: at its top, inside of functions and for types only."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Neither at run time nor in functions nor by type, in the package and in the plugin."""
    plugin = ROOT / "pytest_plugin"
    found = {module_name(file): file for file in FILES}
    for file in (plugin / "pytest_mockseg").glob("*.py"):
        found[f"pytest_mockseg.{file.stem}"] = file
    graph = {
        module: imports_of(ast.parse(file.read_text("utf-8"))) & set(found) - {module}
        for module, file in found.items()
        if file.name != "__init__.py"
    }
    reached: dict[str, set[str]] = {}
    for module in graph:
        seen: set[str] = set()
        pending = [module]
        while pending:
            following = graph.get(pending.pop(), set()) - seen
            seen |= following
            pending += following
        reached[module] = seen
    circles = {
        tuple(sorted(other for other in seen if module in reached.get(other, ())))
        for module, seen in reached.items()
        if module in seen
    }
    assert circles == set()


def test_importing_mockseg_loads_nothing_heavy() -> None:
    """`import mockseg` costs next to nothing: names are loaded when they are used."""
    heavy = {"aiohttp", "asyncio", "click", "hypothesis", "jsonschema", "msgspec", "rich"}
    done = run_python("import mockseg, sys; print(*sys.modules)")
    assert heavy & set(done.stdout.split()) == set()


def test_help_loads_nothing_heavy() -> None:
    """`mockseg --help` answers without the server's or the journal's libraries."""
    code = (
        "import sys\nfrom mockseg.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(); print('LOADED', *sys.modules)"
    )
    done = run_python(code)
    loaded = set(done.stdout.partition("LOADED")[2].split())
    assert "mockseg.cli.main" in loaded, done.stderr
    assert {"aiohttp", "asyncio", "jsonschema", "msgspec", "rich"} & loaded == set()


def test_public_names_are_sorted_and_importable() -> None:
    """What `__all__` promises can be imported, and nothing else is promised."""
    code = (
        "import mockseg\n"
        "assert list(mockseg.__all__) == sorted(mockseg.__all__), mockseg.__all__\n"
        "missing = [name for name in mockseg.__all__ if not hasattr(mockseg, name)]\n"
        "assert not missing, missing\n"
        "assert set(mockseg.__all__) <= set(dir(mockseg))\n"
    )
    done = run_python(code, "-W", "error")
    assert done.returncode == 0, done.stderr


# A file is one concept. One past this needs a reason, which stands here.
MOST_LINES = 500
LONG_FILES: dict[str, str] = {
    "mockseg/operations/table.py": "one table: a row an operation, read as a whole",
}


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_functions_stay_small(file: Path) -> None:
    """No function is over 60 lines."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 60, f"{node.name} has {length} lines"


def test_a_long_file_has_a_reason() -> None:
    """A file over 500 lines, of the package, the plugin or the tests, has its reason above."""
    long = {
        file.relative_to(ROOT).as_posix()
        for folder in ("mockseg", "pytest_plugin", "tests")
        for file in (ROOT / folder).rglob("*.py")
        if "node_modules" not in file.parts and file.read_text("utf-8").count("\n") > MOST_LINES
    }
    assert long == set(LONG_FILES)


def test_only_the_clock_sleeps() -> None:
    """Nothing but the clock sleeps, in the package or in its tests."""
    sleeping = re.compile(r"\b(?:time|asyncio)\.sleep\(")
    places = [
        f"{file.relative_to(ROOT)}"
        for folder in ("mockseg", "tests", "pytest_plugin")
        for file in (ROOT / folder).rglob("*.py")
        # An adapter is an SDK at work, and SDKs wait.
        if not {"node_modules", "adapters"} & set(file.parts)
        and file != PACKAGE / "clock.py"
        and file != Path(__file__)
        and sleeping.search(file.read_text("utf-8"))
    ]
    assert places == []


def test_the_picture_of_the_house_is_that_of_the_imports() -> None:
    """CONTRIBUTING shows what each floor stands on."""
    script = Path(__file__).with_name("house.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert f"```text\n{done.stdout}```" in text, "write it with tests/contract/house.py"
