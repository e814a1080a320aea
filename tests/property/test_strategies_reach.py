"""What the strategies reach, and that they reach it without filters.

A handful of events stands for all: each of UserGuiding's with conditions or enumerations,
Candu's, and the two of every other plan that have most to reach. Every event of the
catalogue is tried where the environment variable ``MOCKSEG_ALL_EVENTS`` is ``1``.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis.statistics import collector

from mockseg import strategies as seg
from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import plan_of
from mockseg.plans.coverage import Coverage

if TYPE_CHECKING:
    from mockseg.plans.model import Rule

TWO_HUNDRED = settings(
    max_examples=200, database=None, deadline=None, derandomize=True, phases=[Phase.generate]
)
ALL = os.environ.get("MOCKSEG_ALL_EVENTS") == "1"


def _handful(plan: str) -> list[Rule]:
    """Give the rules of a plan that are tried."""
    rules = [rule for rule in load(plan, strictness="strict").rules if rule.type != "COMMON"]
    if ALL or plan == "candu":
        return rules
    if plan == "userguiding":
        return [rule for rule in rules if {"enum", "if"} & _keywords(rule.schema)]
    return sorted(rules, key=lambda rule: len(str(rule.schema)), reverse=True)[:1]


def _keywords(schema: object) -> set[str]:
    """Give the keywords of a schema, and the names in it."""
    if isinstance(schema, list):
        return set().union(*map(_keywords, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema).union(*map(_keywords, schema.values()))


TRACKED = [
    pytest.param(name, rule.name, rule.type, id=f"{name}-{rule.name}-{rule.type}")
    for name in catalogues()
    for rule in _handful(name)
]
SOURCE = Path(seg.__file__).parent
TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(("plan", "event", "kind"), TRACKED)
def test_200_examples_reach_all_that_the_event_allows(plan: str, event: str, kind: str) -> None:
    """Every branch, every value of every enumeration, every optional property there and not."""
    coverage = Coverage(plan_of(plan))
    present: dict[str, set[bool]] = {}

    @TWO_HUNDRED
    @given(seg.event(event, plan=plan, type=kind))
    def run(message: dict[str, Any]) -> None:
        coverage.saw(message)
        for name in _optional(plan, event, kind):
            holder = message.get("properties", message.get("traits", {}))
            present.setdefault(name, set()).add(name in holder)

    run()
    (rule,) = [each for each in coverage.report().rules if each.seen]
    assert [item.name for item in rule.missing] == []
    assert [name for name, seen in present.items() if seen != {True, False}] == []


def _optional(plan: str, event: str, kind: str) -> list[str]:
    rule = load(plan, strictness="strict").rule(event, type=kind)
    assert rule is not None
    fields = rule.schema.get("properties", {})
    body = fields.get("properties", fields.get("traits", {}))
    return [name for name in body.get("properties", {}) if name not in body.get("required", ())]


@pytest.mark.parametrize("plan", catalogues() if ALL else ["userguiding"])
def test_under_one_example_of_a_hundred_is_rejected(plan: str) -> None:
    """Counted by Hypothesis itself, over good, bad and nasty messages, and their sequences."""
    found: list[dict[str, Any]] = []
    for strategy in (
        seg.events(plan),
        seg.invalid_events(plan),
        seg.edge_events(plan),
        seg.journeys(plan, max_size=5),
        seg.requests(seg.events(plan)),
    ):

        @TWO_HUNDRED
        @given(strategy)
        def run(_: Any) -> None:
            pass

        # Hypothesis types what it collects with as None.
        with collector.with_value(cast("None", found.append)):
            run()
    cases = [case for stats in found for case in stats["generate-phase"]["test-cases"]]
    assert len(cases) >= 500
    rejected = [case for case in cases if case["status"] == "invalid"]
    assert len(rejected) <= len(cases) / 100
    # What Hypothesis itself ends, since its mutations made a case too long, is no filter's doing.
    too_long = [case for case in cases if case["status"] == "overrun"]
    assert len(too_long) <= len(cases) / 25


def _words(file: Path) -> set[str]:
    """Give every name that a module uses, as a variable, an attribute or an argument."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    return (
        {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        | {node.id for node in nodes if isinstance(node, ast.Name)}
        | {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}
    )


def test_nothing_is_filtered() -> None:
    """Strategies are put together: the source asks for no filter and no assumption.

    But for lists that say something of each place and whose items must differ: where two are
    equal, nothing else can stand in for one of them.
    """
    named = set().union(*map(_words, SOURCE.glob("*.py")))
    assert "composite" in named
    assert named & {"filter", "assume", "reject"} == {"filter"}
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.py"))
    assert sources.count(".filter(") == 1
    assert ".filter(differ)" in sources


def test_no_health_check_is_suppressed() -> None:
    """Neither by the strategies nor by any test of them.

    `seeded` draws for a command: a slow machine is no fault of a test there.
    """
    outside = SOURCE / "seeded.py"
    files = [path for path in SOURCE.glob("*.py") if path != outside]
    files += [*TESTS.rglob("test_strateg*.py"), *TESTS.rglob("test_shrink*")]
    named = set().union(*map(_words, files))
    assert len(files) > len(list(SOURCE.glob("*.py"))) + 5
    assert "max_examples" in named
    assert named & {"suppress_health_check", "HealthCheck"} == set()
