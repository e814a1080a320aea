"""The README runs: its Python, its shell, its tables against the code."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockseg import MockSegment
from mockseg import strategies as seg
from mockseg.cli.main import COMMANDS
from mockseg.config import SERVER_SETTINGS
from mockseg.domain.findings import DISCARD_CODES
from mockseg.operations.table import OPERATIONS
from mockseg.snippets import SDKS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
_TEST = re.compile(r"^\s*(?:async )?def test_", re.MULTILINE)
BLOCKS = [
    (README.count("\n", 0, match.start()) + 2, match["language"], match["code"])
    for match in re.finditer(
        r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
]


def python_blocks(*, tests: bool) -> list[Any]:
    """Return the Python blocks, each with the text that is shown to be printed, or None.

    Args:
        tests: those that pytest runs, or all others.
    """
    pairs = zip(BLOCKS, [*BLOCKS[1:], (0, "", "")], strict=True)
    return [
        pytest.param(code, after if kind == "text" else None, id=f"line {line}")
        for (line, name, code), (_, kind, after) in pairs
        if name == "python" and bool(_TEST.search(code)) == tests
    ]


def as_shown(shown: str) -> str:
    """Give the pattern of an output in which `...` stands for anything."""
    return ".*".join(map(re.escape, shown.strip().split("...")))


@pytest.mark.parametrize(("code", "shown"), python_blocks(tests=False))
def test_python_examples_run(
    code: str, shown: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python block runs as it stands, and prints what is shown below it."""
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})  # noqa: S102  (ours)
    if shown is not None:
        assert re.fullmatch(as_shown(shown), printed.getvalue().strip(), re.DOTALL), (
            printed.getvalue()
        )


@pytest.mark.parametrize(("code", "shown"), python_blocks(tests=True))
def test_examples_that_are_tests_pass(
    code: str, shown: str | None, pytester: pytest.Pytester
) -> None:
    """Every block with tests passes as a file of its own."""
    assert shown is None
    pytester.makepyfile(code)
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:locust")
    assert result.parseoutcomes().keys() == {"passed"}, result.stdout.str()


@pytest.fixture(name="shell", scope="module")
def _shell() -> Iterator[dict[str, str]]:
    """A running server, and an environment in which `mockseg` talks to it."""
    with MockSegment() as server:
        scripts = str(Path(sys.executable).parent)
        yield {
            **os.environ,
            "MOCKSEG_URL": server.url,
            "PATH": scripts + os.pathsep + os.environ["PATH"],
            "COLUMNS": "200",
        }


def commands(code: str) -> Iterator[tuple[str, str]]:
    """Take a console block apart: each command with the output that it shows."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def test_console_examples_run_and_show_what_they_say(shell: dict[str, str]) -> None:
    """Every command of the console blocks runs, in order, and prints what is shown for it."""
    for line, language, code in BLOCKS:
        if language != "console":
            continue
        for command, shown in commands(code):
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                capture_output=True,
                text=True,
                check=False,
                env=shell,
            )
            assert done.returncode == 0, f"line {line}: {command}\n{done.stderr}"
            assert re.fullmatch(as_shown(shown), done.stdout.strip(), re.DOTALL), (
                f"line {line}: {command}\nshown:\n{shown}\nprinted:\n{done.stdout}"
            )


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    """CI reads its test command and its demo command here, so there is one of each."""
    lines = README.splitlines()
    assert (
        len([line for line in lines if re.fullmatch(r"python3 -m venv .*-m pytest.*", line)]) == 1
    )
    assert (
        len([line for line in lines if re.fullmatch(r"python3 -m venv .*mockseg demo", line)]) == 1
    )
    assert "README.md" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_command_is_documented() -> None:
    """The table of commands is that of the program."""
    documented = set(re.findall(r"^\| `mockseg ([a-z]+)` \|", README, re.MULTILINE))
    assert documented == set(COMMANDS)


def test_every_operation_is_documented() -> None:
    """The table of operations is that of the control plane, with the stream, metrics, document."""
    documented = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", README))
    offered = {f"{operation.method} {operation.path}" for operation in OPERATIONS}
    extra = {"GET /stream", "GET /feed", "GET /metrics", "GET /openapi.json"}
    assert documented == offered | extra


def test_every_setting_is_documented_with_its_default() -> None:
    """The table of settings is that of the program."""
    documented = set(re.findall(r"^\| `--([a-z-]+)` \|", README, re.MULTILINE))
    assert documented == {setting.flag.removeprefix("--") for setting in SERVER_SETTINGS}


def test_every_sdk_is_documented() -> None:
    """The SDK table names each SDK that has a snippet."""
    for sdk in SDKS:
        assert re.search(rf"\b{re.escape(sdk.name)}\b", README), sdk.name


def test_every_strategy_is_documented() -> None:
    """The table of strategies is what the module offers, types and records aside."""
    section = README.split("\n| strategy |")[1].split("\n\n")[0]
    documented = set(re.findall(r"`([a-z_]+)\(", section))
    offered = {name for name in seg.__all__ if name.islower()}
    assert documented == offered - {"encode", "register_type_strategies"}


def test_every_discard_code_is_documented() -> None:
    """Each code that a finding may carry stands in the README, alone or by its beginning."""
    patterns = [re.escape(code).replace("…", ".*") for code in re.findall(r"`([a-z_…]+)`", README)]
    missing = [
        code
        for code in DISCARD_CODES
        if not any(re.fullmatch(pattern, code) for pattern in patterns)
    ]
    assert missing == []


def test_the_changelog_begins_with_this_version() -> None:
    """The newest section is unreleased, or the version of the package."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version = re.search(
        r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    newest = re.search(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert version is not None
    assert newest is not None
    assert newest[1] in {"Unreleased", version[1]}
