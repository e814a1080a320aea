"""What a whole run sent, put together from its tests, in this process or in workers'.

Imports nothing of mockseg: in a run without our fixtures there is nothing to put together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mockseg import options as options_of

if TYPE_CHECKING:
    from mockseg.plans.coverage import Coverage
    from pytest_mockseg.options import Options


_MAX_LATE = 20


class Tally:
    """Collects what tests sent, judges the run as a whole, and tells it.

    Attributes:
        tests: what each test sent, by id.
        late: the calls that came after the end of their test.
        notes: what else is to be said at the end.
        plans: tracking plans that judged sources.
        coverage: what was seen of them, by source.
        sources: of each test, by id, as a report shows them.
        plans_sent: names of the plans that this process has handed on.
    """

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.tests: dict[str, dict[str, Any]] = {}
        self.late: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.plans: list[dict[str, Any]] = []
        self.coverage: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, list[dict[str, Any]]] = {}
        self.plans_sent: set[str] = set()
        self._config = config
        self._options = options
        self._outcomes: dict[str, str] = {}
        self._text = ""
        config.stash[TALLY] = self

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = self._outcomes.get(report.nodeid, "passed")
        if report.failed or (report.skipped and outcome == "passed"):
            self._outcomes[report.nodeid] = report.outcome
        sent = getattr(report, "mockseg", None)
        if sent is None or options_of.is_worker(self._config):
            return
        self.tests[report.nodeid] = sent
        self.coverage.update(sent.pop("coverage"))
        self.plans += sent.pop("plans")
        self.sources[report.nodeid] = sent.pop("sources")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        sent = getattr(node, "workeroutput", {}).get("mockseg")
        if sent is not None:
            self.late += sent["late"]
            self.notes += [note for note in sent["notes"] if note not in self.notes]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if options_of.is_worker(self._config):
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]  # of xdist
            output["mockseg"] = {"late": self.late, "notes": self.notes}
            return
        coverage = None
        if self.plans and self._options.wants_coverage:
            from pytest_mockseg.reporting import coverage_of

            coverage = coverage_of(self.plans, list(self.coverage.values()), notes=self.notes)
        threshold = self._options.threshold
        below = False
        if threshold is not None and coverage is not None:
            below = not coverage.report().reaches(threshold)
        elif threshold is not None:
            why = "no test used a source" if self._options.has_plan else "no source has a plan"
            self._text = (
                f"{why}: 0.0 % of the plan exercised; is below the threshold of {threshold:g} %\n"
            )
            below = threshold > 0
        late = bool(self.late) and self._options.late == "fail"
        if (below or late) and session.exitstatus in {0, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._options.reports or coverage is not None:
            self._report(coverage, passed=session.exitstatus == 0)

    def _report(self, coverage: Coverage | None, *, passed: bool) -> None:
        from pytest_mockseg.reporting import RunReport

        report = RunReport(
            tests=[
                {**sent, "outcome": self._outcomes.get(test, "passed")}
                for test, sent in sorted(self.tests.items())
            ],
            sources=self.sources,
            late=self.late,
            notes=self.notes,
            coverage=coverage,
            threshold=self._options.threshold,
            passed=passed,
            files=self._options.reports,
        )
        if coverage is not None and (self._options.coverage or self._options.threshold is not None):
            self._text = report.text
        report.write()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        def write(text: str) -> None:
            if not text.isprintable():
                # Not for a run that uses nothing of ours: that one loads nothing, either.
                from mockseg.printable import printable

                text = printable(text)
            terminalreporter.write_line(text)

        if self._options.late != "off" and self.late:
            terminalreporter.section("mockseg: calls after the end of their test")
            for call in self.late[:_MAX_LATE]:
                write(f"{call['test']}")
                write(f"  {call['text']}")
            if len(self.late) > _MAX_LATE:
                write(f"… and {len(self.late) - _MAX_LATE} more")
            write("A test has to wait for what it causes, or to flush its SDK before it ends.")
        if self._text:
            terminalreporter.section("mockseg: plan coverage")
            for line in self._text.splitlines():
                write(line)
        for note in self.notes:
            write(f"mockseg: {note}")


TALLY: pytest.StashKey[Tally] = pytest.StashKey()
