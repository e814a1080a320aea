# /// script
# requires-python = ">=3.11"
# dependencies = ["cosmic-ray==8.7.0"]
# ///
"""Run the tests of a floor against a seeded sample of cosmic-ray's mutants of it.

    uv run tests/mutants/run.py fql --seed 1 --sample 50

A mutant is one change of one place: `<` becomes `<=`, `and` becomes `or`, a number is one more,
a decorator is gone. Each is tried in a scratch copy of the repository; the work tree stays as it
is. A mutant is killed when a test fails or the run takes too long; the others survived, and are
printed with their diff. What only a type checker reads is left out. `equivalent.toml` names the
mutants that behave exactly like the original, and says why.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import warnings
from dataclasses import dataclass
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cosmic_ray import plugins
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_db import WorkDB, use_db

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")

_PLANS = "tests/property/test_plans_properties.py"
# The tests that judge a floor, quick ones first: the run ends with the first failure.
FLOORS: dict[str, tuple[str, ...]] = {
    "domain": (
        "tests/unit/domain",
        "tests/property/test_timestamps_properties.py",
        "tests/property/test_reading_properties.py",
        "tests/property/test_spec_properties.py",
    ),
    "schemas": (
        "tests/unit/schemas",
        f"{_PLANS}::test_both_validators_agree_on_good_and_bad",
        f"{_PLANS}::test_a_schema_is_compiled_or_refused_in_one_sentence",
    ),
    "plans": (
        "tests/unit/plans",
        f"{_PLANS}::test_traffic_satisfies_the_plan_inferred_from_it",
        f"{_PLANS}::test_merged_coverage_is_coverage_of_all",
        f"{_PLANS}::test_a_plan_is_read_and_written_back_or_refused",
    ),
    "fql": ("tests/unit/fql", "tests/property/test_fql_properties.py"),
    "matching": ("tests/unit/matching",),
    "delivery": ("tests/unit/delivery", "tests/property/test_delivery_properties.py"),
}
# What holds for the records of each floor.
RECORDS = (
    "tests/contract/test_records.py::test_values_are_frozen[{floor}]",
    "tests/contract/test_records.py::test_values_have_slots[{floor}]",
    "tests/contract/test_records.py::test_the_collector_skips_what_is_kept_in_masses[{floor}]",
)
# The plugins are those that these tests do not use and that take seconds to load.
_UNUSED = ["-p", "no:randomly", "-p", "no:faker", "-p", "no:xdist", "-p", "no:anyio"]
# What was loaded before the fork cannot have its assertions rewritten, and need not.
_LOADED = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
# Many a mutant waits for ever: after 20 seconds a test has failed.
_PYTEST = ["-x", "-q", "--timeout=20", *_UNUSED, *_LOADED, "--hypothesis-profile=short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one place."""

    file: str
    function: str
    operator: str
    before: str
    after: str

    @property
    def compiles(self) -> bool:
        """Return whether Python accepts the changed file."""
        with warnings.catch_warnings():
            # `x is "text"` warns, and runs.
            warnings.simplefilter("ignore")
            try:
                compile(self.after, self.file, "exec")
            except SyntaxError:
                return False
        return True

    @property
    def diff(self) -> str:
        """Return the change as a unified diff with a line of context."""
        lines = difflib.unified_diff(
            self.before.splitlines(),
            self.after.splitlines(),
            self.file,
            self.operator,
            lineterm="",
            n=1,
        )
        return "\n".join(lines)

    @property
    def change(self) -> tuple[str, str, str, str]:
        """Return file and function, the lines of code that go and those that come."""
        changed = [(line[0], line[1:].strip()) for line in self.diff.splitlines()[2:]]
        told = [(sign, text) for sign, text in changed if text and not text.startswith("#")]
        gone = [text for sign, text in told if sign == "-"]
        come = [text for sign, text in told if sign == "+"]
        return self.file, self.function, "\n".join(gone), "\n".join(come)


def places(floor: str) -> dict[str, list[tuple[Path, str, int, str]]]:
    """Return the mutants of a floor by the name of the place that they change.

    A mutant is told by its file, its operator, which occurrence the operator changes, and the
    function that it is in. A place is named by file, function, line and a number, so that a
    change elsewhere leaves its name as it is.
    """
    files = sorted((ROOT / "mockseg" / floor).rglob("*.py"))
    with use_db(":memory:", WorkDB.Mode.create) as db:
        init(files, db, {})
        specs = [mutation for item in db.work_items for mutation in item.mutations]
    unrun = {file: list(_for_the_type_checker(file)) for file in files}
    texts = {file: file.read_text(encoding="utf-8").splitlines() for file in files}
    found: dict[tuple[Path, tuple[int, int]], list[tuple[Path, str, int, str]]] = {}
    for spec in specs:
        file, at = Path(spec.module_path), tuple(spec.start_pos)
        # cosmic-ray takes the bare `*` of parameters for a product.
        marker = texts[file][at[0] - 1][at[1] :].startswith("*,")
        if not marker and not any(start <= at < end for start, end in unrun[file]):
            told = (file, spec.operator_name, spec.occurrence, spec.definition_name or "")
            found.setdefault((file, at), []).append(told)
    named: dict[str, list[tuple[Path, str, int, str]]] = {}
    for (file, at), mutants in sorted(found.items()):
        line = texts[file][at[0] - 1].strip()
        name = f"{file.relative_to(ROOT)} {mutants[0][3]} {line}"
        number = next(n for n in count() if f"{name} {n}" not in named)
        named[f"{name} {number}"] = sorted(mutants)
    return named


def _for_the_type_checker(file: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield start and end (line, column) of what only a type checker reads.

    Annotations, imports below TYPE_CHECKING, overloads and the bodies of Protocols.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        found: list[ast.AST | None] = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            found = [node.annotation]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            overloads = [one for one in node.decorator_list if ast.unparse(one) == "overload"]
            found = [node.returns, *overloads]
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found = [node.test, *node.body]
        elif isinstance(node, ast.ClassDef) and any(
            ast.unparse(base).startswith("Protocol") for base in node.bases
        ):
            found = [*node.body, *(one for each in node.body for one in _decorators(each))]
        for each in found:
            if each is not None:
                # A decorator's mutant begins at its @.
                at: Any = each
                yield (at.lineno, max(0, at.col_offset - 1)), (at.end_lineno, at.end_col_offset)


def _decorators(node: ast.stmt) -> list[ast.expr]:
    return node.decorator_list if isinstance(node, ast.FunctionDef) else []


def sample(floor: str, *, seed: int, size: int) -> list[Mutant]:
    """Return a seeded sample of the mutants of a floor, each of another place.

    cosmic-ray knows eleven other operators for a `+`, and two other numbers for a 1: places are
    drawn, and one mutant of each, so that a sum weighs no more than a number. What does not
    compile is no mutant.
    """
    named = places(floor)
    drawn = {name: random.Random(f"{seed} {name}") for name in named}
    ranks = {name: chance.random() for name, chance in drawn.items()}
    made: list[Mutant] = []
    for name in sorted(named, key=ranks.__getitem__):
        if len(made) == size:
            break
        file, operator, occurrence, function = drawn[name].choice(named[name])
        before = file.read_text(encoding="utf-8")
        after = mutate_code(before, plugins.get_operator(operator)(), occurrence)
        mutant = Mutant(
            file=str(file.relative_to(ROOT)),
            function=function,
            operator=operator.removeprefix("core/"),
            before=before,
            after=after,
        )
        if mutant.compiles:
            made.append(mutant)
    return sorted(made, key=lambda one: (one.file, one.diff))


def copied(scratch: Path, *, tests: tuple[str, ...], python: str) -> Scratch:
    """Copy what the repository holds, files that are not yet committed as well."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, scratch / name)
    return Scratch(scratch, tests=tests, python=python)


class Scratch:
    """A copy of the repository in which the tests of a floor run, again and again.

    Args:
        root: where the copy is.
        tests: what pytest runs.
        python: interpreter with everything that the tests need.
    """

    def __init__(self, root: Path, *, tests: tuple[str, ...], python: str) -> None:
        self._root = root
        self._log = (root / "mutants.log").open("w+", encoding="utf-8")
        path = os.pathsep.join([str(root), str(root / "pytest_plugin")])
        self._forks = subprocess.Popen(
            [python, str(Path(__file__).with_name("forks.py")), *_PYTEST, *tests],
            cwd=root,
            env=os.environ | {"PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._forks.communicate()
        self._log.close()

    def judge(self, mutant: Mutant, *, seconds: float) -> bool:
        """Return whether the tests kill a mutant; a run over the time limit counts as killed."""
        file = self._root / mutant.file
        self._write(file, mutant.after)
        try:
            return self.run(seconds=seconds) != 0
        finally:
            self._write(file, mutant.before)

    def run(self, *, seconds: float) -> int:
        """Return the exit status of the tests; -1 when they take longer than these seconds."""
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._forks.stdin.write(f"{seconds}\n")
        self._forks.stdin.flush()
        return int(self._forks.stdout.readline())

    def said(self) -> str:
        """Return what the tests have written so far."""
        self._log.seek(0)
        return self._log.read()

    @staticmethod
    def _write(file: Path, text: str) -> None:
        file.write_text(text, encoding="utf-8")
        # A compiled file is told from its source by size and second: not enough here.
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            compiled.unlink()


def equivalents() -> dict[tuple[str, str, str, str], str]:
    """Return why a mutant is equivalent, by file, function, lines that go and that come."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    return {
        (one["file"], one["function"], one["before"], one["after"]): one["why"] for one in listed
    }


def report(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what became of each mutant of the sample."""
    chosen = sample(arguments.floor, seed=arguments.seed, size=arguments.sample)
    reasons = equivalents()
    survivors = []
    began = time.monotonic()
    tests = (*(one.format(floor=arguments.floor) for one in RECORDS), *FLOORS[arguments.floor])
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        copied(Path(folder), tests=tests, python=arguments.python) as scratch,
    ):
        begun = time.monotonic()
        if scratch.run(seconds=600) != 0:
            sys.exit(f"{scratch.said()}\nthe tests fail without a mutant: nothing to judge")
        seconds = 10 + 3 * (time.monotonic() - begun)
        for number, mutant in enumerate(chosen, 1):
            killed = scratch.judge(mutant, seconds=seconds)
            word = "killed" if killed else "SURVIVED"
            print(
                f"{number:3}/{len(chosen)} {word:8} {mutant.file} {mutant.operator}",
                file=sys.stderr,
            )
            if not killed:
                survivors.append(
                    {
                        "file": mutant.file,
                        "function": mutant.function,
                        "diff": mutant.diff,
                        "equivalent": reasons.get(mutant.change),
                    }
                )
    killed_count = len(chosen) - len(survivors)
    judged = len(chosen) - sum(one["equivalent"] is not None for one in survivors)
    return {
        "floor": arguments.floor,
        "engine": f"cosmic-ray {metadata.version('cosmic-ray')}",
        "seed": arguments.seed,
        "sample": len(chosen),
        "killed": killed_count,
        "equivalent": len(chosen) - judged,
        "killed_percent": round(100 * killed_count / len(chosen), 1),
        "killed_percent_without_equivalent": round(100 * killed_count / judged, 1),
        "seconds": round(time.monotonic() - began),
        "survivors": survivors,
    }


def main() -> None:
    """Try a sample of the mutants of a floor and print the survivors and the share killed."""
    parser = argparse.ArgumentParser(description="Mutants of a floor; gates nothing.")
    parser.add_argument("floor", choices=FLOORS)
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample (default 1)")
    parser.add_argument("--sample", type=int, default=50, help="size of the sample (default 50)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--python",
        default=str(ROOT / ".venv/bin/python"),
        help="interpreter that runs the tests (default .venv/bin/python)",
    )
    arguments = parser.parse_args()
    found = report(arguments)
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    for one in found["survivors"]:
        why = f"equivalent: {one['equivalent']}" if one["equivalent"] else "survived"
        print(f"\n{one['diff']}\n{why}")
    print(
        f"\n{found['floor']}: {found['killed']} of {found['sample']} killed "
        f"({found['killed_percent']} %; {found['killed_percent_without_equivalent']} % without "
        f"{found['equivalent']} equivalent), seed {found['seed']}, "
        f"{found['engine']}, {found['seconds']} s"
    )


if __name__ == "__main__":
    main()
