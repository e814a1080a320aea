"""What a run of the suite found: for people, as JSON, as JUnit XML."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

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
        """Count checks that failed."""
        return self._count("fail")

    def as_text(self) -> str:
        """Tell every check in a line, and of those that failed all there is to know."""
        lines: list[str] = []
        suite = ""
        # What failed in the same way as a check before it is told once.
        told: dict[tuple[object, ...], str] = {}
        for verdict in self.verdicts:
            if verdict.check.suite != suite:
                suite = verdict.check.suite
                lines += ["", suite] if lines else [suite]
            lines += self._lines(verdict, told)
        passed, apart = self._count("pass"), self._count("not applicable")
        counts = (
            f"{self.printable(self.sdk)}: {len(self.verdicts)} checks: {passed} passed,"
            f" {self.failed} failed, {apart} not applicable; {self.spent:.1f} s"
        )
        lines += ["", counts]
        return "\n".join(lines) + "\n"

    def as_json(self) -> JsonObject:
        """Give the same as one JSON object, with the wire of every check."""
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
                    "verdict": verdict.ruling,
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
        root = ET.Element("testsuites", name=f"mockseg conform {self.printable(self.sdk)}")
        for suite in dict.fromkeys(verdict.check.suite for verdict in self.verdicts):
            members = [verdict for verdict in self.verdicts if verdict.check.suite == suite]
            counts = {
                "tests": str(len(members)),
                "failures": str(sum(verdict.ruling == "fail" for verdict in members)),
                "errors": "0",
                "skipped": str(sum(verdict.ruling == "not applicable" for verdict in members)),
            }
            element = ET.SubElement(root, "testsuite", {"name": suite, **counts})
            for verdict in members:
                self._add_case(element, verdict)
        ET.indent(root)
        # The library would declare the locale's encoding.
        declared = '<?xml version="1.0" encoding="utf-8"?>'
        return f"{declared}\n{ET.tostring(root, encoding='unicode')}\n"

    def _add_case(self, suite: ET.Element, verdict: Verdict) -> None:
        case = ET.SubElement(
            suite,
            "testcase",
            name=verdict.check.id,
            classname=f"mockseg.conform.{verdict.check.suite}",
            time=f"{verdict.spent:.3f}",
        )
        if verdict.ruling == "not applicable":
            ET.SubElement(case, "skipped", message=self.printable(verdict.saw))
        elif verdict.ruling == "fail":
            failure = ET.SubElement(case, "failure", message=self.printable(verdict.saw))
            story = [verdict.check.expected, *self._story(verdict)]
            failure.text = "\n".join(line.strip() for line in story)

    def _lines(self, verdict: Verdict, told: dict[tuple[object, ...], str]) -> Iterator[str]:
        mark, check = _MARKS[verdict.ruling], verdict.check
        if verdict.ruling == "not applicable":
            yield f"  {mark}  {check.id:30}  {self.printable(verdict.saw)}"
            return
        yield f"  {mark}  {check.id:30}  {check.expected}"
        if verdict.ruling != "fail":
            return
        first = told.setdefault((verdict.saw, verdict.wire, verdict.stderr), check.id)
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

    def _count(self, ruling: str) -> int:
        return sum(verdict.ruling == ruling for verdict in self.verdicts)
