"""The report of a run: plan coverage for the terminal, and files of JSON, HTML and JUnit XML."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

from mockseg import json_types
from mockseg.errors import PlanError
from mockseg.junit import Case, junit_xml
from mockseg.plans.coverage import Coverage
from mockseg.plans.coverage_report import coverage_cases, coverage_text
from mockseg.plans.model import Plan, plan_from_json

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class RunReport:
    """What a run sent.

    Attributes:
        tests: what each test sent, with its outcome.
        sources: of each test, by its id, as the page shows them.
        late: calls after the end of their test.
        notes: what else is to be said.
        coverage: of the plans, or None.
        threshold: of coverage, in per cent, or None.
        passed: whether pytest ends with 0.
        files: to write.
    """

    tests: list[dict[str, Any]]
    sources: dict[str, list[dict[str, Any]]]
    late: list[dict[str, Any]]
    notes: list[str]
    coverage: Coverage | None
    threshold: float | None
    passed: bool
    files: tuple[Path, ...]

    @property
    def text(self) -> str:
        if self.coverage is None:
            return ""
        return coverage_text(self.coverage.report(), threshold=self.threshold)

    def write(self) -> None:
        """Write the files; what cannot be written is noted, and the run goes on."""
        for path in self.files:
            text = {".json": self._json, ".html": self._html, ".xml": self._xml}[path.suffix]()
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                self.notes.append(f"--mockseg-report: {path} cannot be written: {error.strerror}")

    def _json(self) -> str:
        document = {
            "tests": self.tests,
            "late": self.late,
            "notes": self.notes,
            "coverage": None if self.coverage is None else self.coverage.as_json(),
            "threshold": self.threshold,
            "passed": self.passed,
        }
        return json_types.pretty(document) + "\n"

    def _html(self) -> str:
        from mockseg.web.page.report import ReportedSource, report_html

        return report_html(
            self.tests,
            sources={
                test: msgspec.convert(sources, list[ReportedSource])
                for test, sources in self.sources.items()
            },
            late=self.late,
            coverage=(Coverage(()) if self.coverage is None else self.coverage).report(),
            threshold=None if self.coverage is None else self.threshold,
        )

    def _xml(self) -> str:
        suites: list[tuple[str, list[Case]]] = []
        if self.coverage is not None:
            suites = coverage_cases(self.coverage.report(), threshold=self.threshold)
        calls = [
            Case(
                name=test["id"],
                classname="mockseg",
                failure=test["problems"][0].partition("\n")[0] if test["problems"] else None,
                details="\n".join(test["problems"]),
                output=", ".join(f"{name} {number}" for name, number in test["counts"].items()),
            )
            for test in self.tests
        ]
        return junit_xml("mockseg", [*suites, ("calls", calls)])


def coverage_of(
    documents: list[dict[str, Any]], seen_of_sources: list[dict[str, Any]], *, notes: list[str]
) -> Coverage | None:
    """Return the coverage of all plans, None without plans.

    Args:
        documents: the plans.
        seen_of_sources: what was seen of them, for each source.
        notes: what cannot be counted is added.
    """
    plans: dict[str, Plan] = {}
    for document in documents:
        plan = plan_from_json(document, file="plan", check=False)
        if plan.slug not in plans:
            plans[plan.slug] = plan
        elif plans[plan.slug] != plan:
            notes.append(f"two plans are called {plan.slug}; the coverage is of the first")
    if not plans:
        return None
    # What a test saw names only the rules that it saw; the rest is as in a run without calls.
    total = Coverage(plans.values())
    blank = {_identity(rule): rule for rule in total.as_json()["rules"]}
    for seen in seen_of_sources:
        rules = {_identity(rule): rule for rule in seen["rules"]}
        if rules.keys() - blank.keys():
            continue
        document = {
            "rules": [rules.get(name, rule) for name, rule in blank.items()],
            "unplanned": seen["unplanned"],
        }
        try:
            total.merge(Coverage.from_json(document, plans=plans.values()))
        except PlanError as error:
            notes.append(str(error))
    return total


def _identity(rule: dict[str, Any]) -> tuple[Any, ...]:
    return (rule["plan"], rule["type"], rule["key"], rule["version"])
