"""JUnit XML, as continuous integration servers read it; the one writer of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from mockseg.printable import printable, printable_lines


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case; each text may have been sent by any client.

    Attributes:
        name: of the case.
        classname: that it is grouped under.
        seconds: that it took.
        skipped: why it was skipped, or None.
        failure: why it failed in one line, or None.
        details: what is shown of a failure besides.
        output: its standard output.
    """

    name: str
    classname: str
    seconds: float = 0
    skipped: str | None = None
    failure: str | None = None
    details: str = ""
    output: str = ""


def junit_xml(name: str, suites: Iterable[tuple[str, Sequence[Case]]]) -> str:
    """Return the document of a run: suites by name, each with its cases in order."""
    root = ET.Element("testsuites", name=printable(name))
    for suite, cases in suites:
        counts = {
            "tests": len(cases),
            "failures": sum(case.failure is not None for case in cases),
            "errors": 0,
            "skipped": sum(case.skipped is not None for case in cases),
        }
        attributes = {key: str(count) for key, count in counts.items()}
        element = ET.SubElement(root, "testsuite", {"name": printable(suite), **attributes})
        for case in cases:
            _add(element, case)
    ET.indent(root)
    # The library would declare the locale's encoding.
    declared = '<?xml version="1.0" encoding="utf-8"?>'
    return f"{declared}\n{ET.tostring(root, encoding='unicode')}\n"


def _add(suite: ET.Element, case: Case) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        name=printable(case.name),
        classname=printable(case.classname),
        time=str(round(case.seconds, 3)),
    )
    if case.skipped is not None:
        ET.SubElement(element, "skipped", message=printable(case.skipped))
    if case.failure is not None:
        failure = ET.SubElement(element, "failure", message=printable(case.failure))
        failure.text = printable_lines(case.details)
    if case.output:
        ET.SubElement(element, "system-out").text = printable_lines(case.output)
