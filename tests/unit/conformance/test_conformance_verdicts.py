"""Reports: for people, as JSON, as JUnit XML; and the matrix."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from mockseg.conformance.answers import ANSWERS
from mockseg.conformance.matrix import Cell, Matrix
from mockseg.conformance.verdicts import CHECKS, Report, Verdict
from mockseg.printable import printable

BY_ID = {check.id: check for check in CHECKS}
WIRE = ("+0.000 s POST /v1/batch, 1 message: 503",)


@pytest.fixture
def report() -> Report:
    """A run with one check of each kind; what was sent and said is not trusted."""
    return Report(
        sdk="go",
        command="go run .",
        verdicts=[
            Verdict(BY_ID["sent-at"], "pass", "each request says it", WIRE, spent=0.5),
            Verdict(BY_ID["retry-count"], "fail", "absent, \x1b[31mabsent", WIRE, "boom\n\x00", 2),
            Verdict(BY_ID["auth-header"], "not applicable", "AUTH_HEADER is not true"),
        ],
        spent=3.21,
        strays=["404 GET /v2/nothing (3 times): this path \x1bdoes not exist"],
        printable=printable,
    )


def test_the_text_tells_all_of_what_failed(report: Report) -> None:
    """Expected and by whom, seen, the wire, the end of stderr; control characters as escapes."""
    lines = report.as_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("  FAIL"))
    assert lines[place : place + 6] == [
        "  FAIL  retry-count                     X-Retry-Count is absent at first, then 1, 2, 3.",
        f"        source    {BY_ID['retry-count'].source}",
        "        seen      absent, \\x1b[31mabsent",
        f"        wire      {WIRE[0]}",
        "        stderr    boom",
        "        stderr    \\x00",
    ]
    assert lines[-4:-1] == [
        "refused, without a write key that says of which check",
        "  404 GET /v2/nothing (3 times): this path \\x1bdoes not exist",
        "",
    ]
    assert lines[-1] == "go: 3 checks: 1 passed, 1 failed, 1 not applicable; 3.2 s"


def test_json_has_every_check_with_its_wire(report: Report) -> None:
    """For scripts: the same, and the wire of what passed too."""
    told: dict[str, Any] = report.as_json()
    assert (told["passed"], told["failed"], told["notApplicable"]) == (1, 1, 1)
    assert [check["verdict"] for check in told["checks"]] == ["pass", "fail", "not applicable"]
    assert told["checks"][0]["wire"] == list(WIRE)


def test_junit_has_a_suite_for_each_suite(report: Report) -> None:
    """Failures have the whole story, what does not apply is skipped with its reason."""
    root = ET.fromstring(report.as_junit().encode())  # noqa: S314  (ours)
    counts = {
        suite.get("name"): (suite.get("tests"), suite.get("failures"), suite.get("skipped"))
        for suite in root
    }
    assert counts == {"basic": ("2", "0", "1"), "retry": ("1", "1", "0")}
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "absent, \\x1b[31mabsent"
    story = (failure.text or "").splitlines()
    assert story[0] == "X-Retry-Count is absent at first, then 1, 2, 3."
    assert f"wire      {WIRE[0]}" in story


def test_the_matrix_is_a_table_of_answers_and_sdks() -> None:
    """Attempts with what the CLI made of them; what could not be measured is said."""
    cells = [Cell(attempts=1, endless=False, success=True) for _ in ANSWERS]
    cells[1] = Cell(attempts=7, endless=True, success=True)
    cells[2] = Cell(attempts=0, endless=False, success=False, problem="it printed nothing")
    matrix = Matrix({"py": cells})
    assert matrix.as_text().splitlines()[:5] == [
        "answer                              py",
        "----------------------------------  -------",
        "200, empty body                     1 ok",
        "200, text body                      endless",
        "201                                 ?",
    ]
    assert matrix.problems == ["py, 201: it printed nothing"]
    first: dict[str, Any] = matrix.as_json()["answers"][0]
    assert (first["id"], first["sdks"]["py"]["attempts"]) == ("200-empty", 1)
