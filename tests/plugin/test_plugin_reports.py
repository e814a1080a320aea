"""What a run leaves behind: artifacts, coverage, reports; one process or many."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

PLAN = {
    "name": "Shop",
    "rules": [
        {
            "type": "TRACK",
            "key": "Order Completed",
            "version": 1,
            "jsonSchema": {
                "type": "object",
                "properties": {
                    "properties": {
                        "type": "object",
                        "properties": {"total": {"type": "number"}},
                        "required": ["total"],
                    }
                },
            },
        },
        {
            "type": "TRACK",
            "key": "Order Refunded",
            "version": 1,
            "jsonSchema": {"type": "object"},
        },
    ],
}
_SHOP = """
    import pytest
    from mockseg import track

    @pytest.mark.parametrize("n", range(4))
    def test_order(segment, send, n):
        send(segment, "Order Completed", properties={"total": n})
        segment.assert_called(track("Order Completed"))

    @pytest.mark.segment(allow=["unplanned_event"])
    def test_unplanned(segment, send):
        send(segment, "Basket Viewed")
"""


def _project(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_SHOP)
    (pytester.path / "plan.json").write_text(json.dumps(PLAN))


def test_failed_tests_leave_their_calls(run: Run, pytester: pytest.Pytester) -> None:
    """`--mockseg-artifacts` writes NDJSON for each failed test, also from workers."""
    pytester.makepyfile(
        """
        def test_fails(segment, send):
            send(segment, "A")
            send(segment, "B")
            assert 0

        def test_bad(segment, send):
            send(segment, "C", user=None)

        def test_passes(segment, send):
            send(segment, "D")
        """
    )
    run("--mockseg-artifacts", "calls", "-n", "2").assert_outcomes(failed=1, passed=2, errors=1)
    files = sorted((pytester.path / "calls").iterdir())
    assert len(files) == 2
    assert all(file.suffix == ".ndjson" for file in files)
    kept = [[json.loads(line) for line in file.read_text().splitlines()] for file in files]
    assert [[call["event"] for call in calls] for calls in kept] == [["C"], ["A", "B"]]
    assert kept[0][0]["findings"][0]["code"] == "no_user_anon_id"


def test_coverage_is_told_and_judged(run: Run, pytester: pytest.Pytester) -> None:
    """The summary has the plan's coverage; below the threshold the run fails."""
    _project(pytester)
    result = run("--mockseg-plan", "plan.json", "--mockseg-cov-fail-under", "40")
    result.assert_outcomes(passed=5)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*mockseg: plan coverage*",
            "rule*seen*asserted*",
            "*Order Completed* 4 *4 *",
            "Planned, never seen:",
            "*Order Refunded*",
            "Seen, never planned:",
            "  Basket Viewed (1)",
            "*of the plan exercised, 1 of 2 rules seen; reaches the threshold of 40 %",
        ]
    )
    ini = "mockseg_plan = plan.json\nmockseg_cov_fail_under = 90\n"
    result = run(ini=ini)
    result.assert_outcomes(passed=5)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*is below the threshold of 90 %"])


def test_coverage_is_printed_when_asked_for(run: Run, pytester: pytest.Pytester) -> None:
    """A plan alone judges; `--mockseg-cov` or ini `mockseg_cov` prints what was seen of it."""
    _project(pytester)
    result = run("--mockseg-plan", "plan.json")
    result.assert_outcomes(passed=5)
    assert "mockseg: plan coverage" not in result.stdout.str()
    for result in (
        run("--mockseg-plan", "plan.json", "--mockseg-cov"),
        run("--mockseg-plan", "plan.json", ini="mockseg_cov = true\n"),
    ):
        assert result.ret == 0
        result.stdout.fnmatch_lines(
            ["*mockseg: plan coverage*", "*Order Completed* 4 *4 *", "  Basket Viewed (1)"]
        )


def test_a_plan_without_a_test_is_not_covered(run: Run, pytester: pytest.Pytester) -> None:
    """A threshold that no test could reach fails the run."""
    _project(pytester)
    pytester.makepyfile("def test_other(): pass")
    result = run("--mockseg-plan", "plan.json", "--mockseg-cov-fail-under", "1", "-k", "other")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["no test used a source*below the threshold of 1 %"])


def test_a_threshold_without_a_plan_is_not_reached(run: Run, pytester: pytest.Pytester) -> None:
    """A run that lost its plan is not green; with a report, too."""
    pytester.makepyfile(
        """
        def test_sends(segment):
            segment.send({"type": "track", "userId": "u", "event": "E"})
        """
    )
    for more in ((), ("--mockseg-report=out.json",)):
        result = run("--mockseg-cov-fail-under", "1", *more)
        assert result.ret == 1
        result.stdout.fnmatch_lines(["no source has a plan*below the threshold of 1 %"])
    assert json.loads((pytester.path / "out.json").read_text())["passed"] is False


def test_reports_of_workers_are_merged(run: Run, pytester: pytest.Pytester) -> None:
    """JSON, HTML and XML say the same with one process and with several."""
    _project(pytester)
    reports: dict[str, dict[str, object]] = {}
    for workers in ("0", "2"):
        result = run(
            *("-n", workers, "--mockseg-plan", "plan.json"),
            *(f"--mockseg-report=out/{workers}.{kind}" for kind in ("json", "html", "xml")),
        )
        result.assert_outcomes(passed=5)
        reports[workers] = json.loads((pytester.path / "out" / f"{workers}.json").read_text())
    assert reports["0"] == reports["2"]
    report = reports["2"]
    tests = report["tests"]
    assert isinstance(tests, list)
    assert [test["outcome"] for test in tests] == ["passed"] * 5
    assert report["passed"] is True
    assert sum(test["counts"]["total"] for test in tests) == 5
    coverage = report["coverage"]
    assert isinstance(coverage, dict)
    assert {rule["key"]: (rule["seen"], rule["asserted"]) for rule in coverage["rules"]} == {
        "Order Completed": (4, 4),
        "Order Refunded": (0, 0),
    }
    root = ET.parse(pytester.path / "out" / "2.xml").getroot()  # noqa: S314  (ours)
    assert {suite.get("name") for suite in root} == {"Shop", "calls"}
    assert "Order Refunded" in (pytester.path / "out" / "2.html").read_text()


def test_an_html_report_shows_the_calls_of_each_test(run: Run, pytester: pytest.Pytester) -> None:
    """As the page does: each finding at its value, what was broken, what became of all; offline."""
    pytester.makepyfile(
        """
        def test_shop(segment):
            message = {"type": "track", "userId": "u", "event": "Order Completed"}
            with segment.faults(status=503):
                segment.send({**message, "properties": {"total": "42"}, "messageId": "m"})
                segment.send({**message, "properties": {"total": "42"}, "messageId": "m"})
                for number in range(20):
                    segment.send({**message, "properties": {"total": 1, "text": "x" * 20_000}})
        """
    )
    result = run("--mockseg-report=out.html", "--mockseg-catalogue=ecommerce")
    result.assert_outcomes(passed=1, errors=1)
    html = (pytester.path / "out.html").read_text()
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))
    assert 'total "42" Invalid type. Expected: number, given: string' in text
    assert "delivered once" in text
    assert re.search(r"… and \d+ more; --mockseg-artifacts DIR", text)
    assert len(html) < 1_000_000
    assert not re.search(r"(?:src|href)=\"(?!#)", html)


def test_a_report_without_a_plan_tells_the_tests(run: Run, pytester: pytest.Pytester) -> None:
    """Problems and late calls are in it, escaped where that is due."""
    pytester.makepyfile(
        """
        def test_bad(segment, send):
            send(segment, "<script>", user=None)
        """
    )
    result = run(
        "--mockseg-report=out.json", "--mockseg-report=out.html", "--mockseg-report=out.xml"
    )
    result.assert_outcomes(passed=1, errors=1)
    report = json.loads((pytester.path / "out.json").read_text())
    [test] = report["tests"]
    assert (test["outcome"], report["passed"]) == ("failed", False)
    assert "no_user_anon_id" in test["problems"][0]
    assert report["coverage"] is None
    assert "<script>" not in (pytester.path / "out.html").read_text()
    [suite] = ET.parse(pytester.path / "out.xml").getroot()  # noqa: S314  (ours)
    assert suite.get("failures") == "1"
