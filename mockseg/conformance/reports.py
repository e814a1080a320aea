"""What a run of the suite found: for people, as JSON, as JUnit XML."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mockseg.junit import Case, junit_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mockseg.conformance.verdicts import Verdict
    from mockseg.json_types import JsonObject


_MARKS = {"pass": "pass", "fail": "FAIL", "not applicable": "n/a "}
_MOST_STDERR_LINES = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """A whole run.

    Attributes:
        sdk: its name.
        command: its CLI, as it was given.
        verdicts: in the order of the checks.
        spent: seconds of the whole run.
        printable: makes of what was sent or said what a terminal and XML can hold.
    """

    sdk: str
    command: str
    verdicts: Sequence[Verdict]
    spent: float
    printable: Callable[[str], str]

    @property
    def failed(self) -> int:
        return self._count("fail")

    def as_text(self) -> str:
        """Return a line for each check, and of those that failed all there is to know."""
        lines: list[str] = []
        suite = ""
        # What failed in the same way as a check before it is reported once.
        reported: dict[tuple[object, ...], str] = {}
        for verdict in self.verdicts:
            if verdict.check.suite != suite:
                suite = verdict.check.suite
                lines += ["", suite] if lines else [suite]
            lines += self._lines(verdict, reported)
        passed, apart = self._count("pass"), self._count("not applicable")
        counts = (
            f"{self.printable(self.sdk)}: {len(self.verdicts)} checks: {passed} passed,"
            f" {self.failed} failed, {apart} not applicable; {self.spent:.1f} s"
        )
        lines += ["", counts]
        return "\n".join(lines) + "\n"

    def as_json(self) -> JsonObject:
        """Return the same as one JSON object, with the wire of every check."""
        return {
            "sdk": self.sdk,
            "command": self.command,
            "passed": self._count("pass"),
            "failed": self.failed,
            "notApplicable": self._count("not applicable"),
            "spentSeconds": round(self.spent, 3),
            "checks": [
                {
                    "id": verdict.check.id,
                    "suite": verdict.check.suite,
                    "expected": verdict.check.expected,
                    "source": verdict.check.source,
                    "verdict": verdict.status,
                    "seen": verdict.saw,
                    "wire": list(verdict.wire),
                    "stderr": verdict.stderr,
                    "spentSeconds": round(verdict.spent, 3),
                }
                for verdict in self.verdicts
            ],
        }

    def as_junit(self) -> str:
        """Write the same as JUnit XML, a suite for each suite."""
        suites: dict[str, list[Case]] = {}
        for verdict in self.verdicts:
            suites.setdefault(verdict.check.suite, []).append(self._case(verdict))
        return junit_xml(f"mockseg conform {self.printable(self.sdk)}", suites.items())

    def _case(self, verdict: Verdict) -> Case:
        saw = self.printable(verdict.saw)
        story = (verdict.check.expected, *self._story(verdict))
        failed = verdict.status == "fail"
        return Case(
            name=verdict.check.id,
            classname=f"mockseg.conform.{verdict.check.suite}",
            seconds=verdict.spent,
            skipped=saw if verdict.status == "not applicable" else None,
            failure=saw if failed else None,
            details="\n".join(line.strip() for line in story) if failed else "",
        )

    def _lines(self, verdict: Verdict, reported: dict[tuple[object, ...], str]) -> Iterator[str]:
        mark, check = _MARKS[verdict.status], verdict.check
        if verdict.status == "not applicable":
            yield f"  {mark}  {check.id:30}  {self.printable(verdict.saw)}"
            return
        yield f"  {mark}  {check.id:30}  {check.expected}"
        if verdict.status != "fail":
            return
        first = reported.setdefault((verdict.saw, verdict.wire, verdict.stderr), check.id)
        if first == check.id:
            yield from self._story(verdict)
        else:
            yield f"        source    {check.source}"
            yield f"        seen      the same as in {first}"

    def _story(self, verdict: Verdict) -> Iterator[str]:
        yield f"        source    {verdict.check.source}"
        yield f"        seen      {self.printable(verdict.saw)}"
        for line in verdict.wire or ("nothing",):
            yield f"        wire      {self.printable(line)}"
        for line in verdict.stderr.splitlines()[-_MOST_STDERR_LINES:]:
            yield f"        stderr    {self.printable(line)}"

    def _count(self, status: str) -> int:
        return sum(verdict.status == status for verdict in self.verdicts)
