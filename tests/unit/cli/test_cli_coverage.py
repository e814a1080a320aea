"""``mockseg coverage``: flags, and the merging of what several sources saw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree as ET

import pytest

from mockseg.catalogue.loader import load
from mockseg.catalogue.samples import sample
from mockseg.cli import coverage as coverage_command
from mockseg.cli.coverage import Gathered, gather
from mockseg.cli.main import run
from mockseg.errors import ConfigError, PlanError
from mockseg.operations.plans import CoverageView
from mockseg.operations.sources import SourceList, SourceView
from mockseg.plans.coverage import Coverage
from mockseg.plans.model import Plan, plan_from_json, plan_to_json

if TYPE_CHECKING:
    from pathlib import Path

    import msgspec

    from mockseg.cli.target import Target
    from mockseg.plans.model import Strictness


def candu(strictness: Strictness = "strict") -> Plan:
    """Give a plan with three rules."""
    document = plan_to_json(load("candu", strictness=strictness))
    return plan_from_json(document, file="candu", check=False)


def covered(*messages: dict[str, Any], plan: Plan | None = None) -> Coverage:
    """Count messages; the first one is asserted on."""
    coverage = Coverage(plan or candu())
    for message in messages:
        coverage.saw(message)
    if messages:
        coverage.asserted(messages[0])
    return coverage


def view(coverage: Coverage, *, evicted: int = 0) -> CoverageView:
    """Give what a server answers."""
    report = coverage.report()
    return CoverageView(
        percent=report.percent,
        coverage=json.loads(json.dumps(coverage.as_json())),
        never_seen=[],
        never_asserted=[],
        evicted=evicted,
        plans=[plan_to_json(plan) for plan in coverage.plans],
    )


class Answers:
    """A server that answers from a table."""

    def __init__(self, **views: CoverageView) -> None:
        self.views = views

    def ask(self, operation: str, params: Any, result: type) -> msgspec.Struct:
        """Answer."""
        if operation == "get_coverage":
            return self.views[params.write_key]
        assert operation == "list_sources"
        return SourceList(sources=[source(key) for key in [*self.views, ""]], forgotten=0)


def source(key: str) -> SourceView:
    """Give a source as a server shows it."""
    return SourceView(
        write_key=key,
        name="",
        edge="2025",
        dedup="source",
        error_body="json",
        plans=[],
        calls=0,
        created_at="",
    )


def target(**views: CoverageView) -> Target:
    """Give what a command asks."""
    return cast("Target", Answers(**views))


SCREEN = sample("tutorial.view", type="screen")
TRACK = sample("tutorial.view", type="track")
UNPLANNED = {"type": "track", "event": "Other", "userId": "u"}


def test_sources_are_merged() -> None:
    """What one saw and what the other saw is seen; calls are added up; evictions too."""
    asked = target(
        a=view(covered(SCREEN, UNPLANNED), evicted=2),
        b=view(covered(SCREEN, TRACK), evicted=3),
    )

    gathered = gather(asked, None)

    report = gathered.coverage.report()
    assert (gathered.sources, gathered.evicted) == (("a", "b"), 5)
    assert [(each.seen, each.asserted) for each in report.rules] == [(2, 2), (1, 0), (0, 0)]
    assert report.unplanned == (("Other", 1),)


def test_one_source_is_taken_alone() -> None:
    """The others are not asked for."""
    gathered = gather(target(a=view(covered(SCREEN)), b=view(covered(TRACK))), "b")

    assert gathered.sources == ("b",)
    assert [each.seen for each in gathered.coverage.report().rules] == [0, 1, 0]


def test_sources_without_plans_are_left_out_and_none_is_refused() -> None:
    """Nothing planned is not everything covered."""
    empty = view(Coverage(()))

    assert gather(target(a=view(covered()), b=empty), None).sources == ("a",)
    with pytest.raises(ConfigError, match="no source has a plan, so nothing can be covered"):
        gather(target(b=empty), None)
    with pytest.raises(ConfigError, match='source "b" does not have a plan'):
        gather(target(a=view(covered()), b=empty), "b")


def test_an_unknown_source_is_refused_with_the_nearest() -> None:
    """A misspelt write key is not an empty source."""
    with pytest.raises(ConfigError, match='unknown source "source-on"; did you mean "source_one"'):
        gather(target(source_one=view(covered())), "source-on")


def test_plans_of_one_name_that_differ_are_refused() -> None:
    """The sentence says which source, and what to do."""
    asked = target(a=view(covered()), b=view(covered(plan=candu_with_another_property())))

    with pytest.raises(PlanError, match=r"^candu: .*source b has another one, .* --source"):
        gather(asked, None)


def candu_with_another_property() -> Plan:
    """Change a rule without changing its name."""
    document = plan_to_json(candu())
    document["rules"][0]["jsonSchema"] = {"properties": {"more": {"type": "string"}}}
    return plan_from_json(document, file="candu")


@pytest.fixture(name="served")
def _served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the command find a source that saw two of three rules and two calls evicted."""
    monkeypatch.chdir(tmp_path)
    gathered = Gathered(covered(SCREEN, TRACK, UNPLANNED), ("wk",), 2)
    monkeypatch.setattr(coverage_command, "gather", lambda *_: gathered)


@pytest.mark.usefixtures("served")
def test_text_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """A table, what is missing, the total; what was evicted is warned of."""
    assert run(["coverage"]) == 0

    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["rule", "seen", "asserted", "exercised"]
    assert 'Planned, never seen:\n  candu: TRACK "tutorial.interaction"\n' in out
    assert 'Seen, never asserted on:\n  candu: TRACK "tutorial.view"\n' in out
    assert "Seen, never planned:\n  Other (1)\n" in out
    assert out.endswith(" % of the plan exercised, 2 of 3 rules seen\n")
    assert err.startswith("mockseg: 2 calls were evicted and are not counted; ")


@pytest.mark.usefixtures("served")
def test_json_can_be_read_as_coverage_again(capsys: pytest.CaptureFixture[str]) -> None:
    """It has all that the operation has, for all sources together."""
    assert run(["coverage", "--format", "json", "--fail-under", "60"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert set(document) == {
        "sources",
        "percent",
        "failUnder",
        "reached",
        "neverSeen",
        "neverAsserted",
        "evicted",
        "missing",
        "coverage",
        "plans",
    }
    assert (document["sources"], document["reached"]) == (["wk"], True)
    assert document["neverSeen"] == ['TRACK "tutorial.interaction"']
    plans = [plan_from_json(plan, file="p") for plan in document["plans"]]
    again = Coverage.from_json(document["coverage"], plans=plans)
    assert again.report().percent == document["percent"]


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("kind", ["text", "json", "junit", "html"])
def test_below_the_threshold_is_exit_1_in_every_format(
    kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The report is written all the same, and the total is told."""
    assert run(["coverage", "--format", kind, "--fail-under", "99.5"]) == 1
    assert run(["coverage", "--format", kind, "--fail-under", "99.5", "-o", "out"]) == 1

    out, err = capsys.readouterr()
    assert "is below the threshold of 99.5 %; written to out" in err
    assert kind == "json" or "99.5 %" in out
    assert (tmp_path / "out").read_text("utf-8") == out


@pytest.mark.usefixtures("served")
def test_the_threshold_itself_is_reached(capsys: pytest.CaptureFixture[str]) -> None:
    """At least, not more than."""
    assert run(["coverage", "--format", "json"]) == 0
    percent = json.loads(capsys.readouterr().out)["percent"]

    assert run(["coverage", "--fail-under", str(percent)]) == 0
    assert run(["coverage", "--fail-under", str(percent + 0.1)]) == 1
    assert run(["coverage", "--fail-under", "0"]) == 0


@pytest.mark.usefixtures("served")
def test_junit_and_html_are_whole_documents(capsys: pytest.CaptureFixture[str]) -> None:
    """XML with a case for each rule, and a page that needs nothing else."""
    assert run(["coverage", "--format", "junit", "-o", "j.xml"]) == 0
    assert run(["coverage", "--format", "html"]) == 0

    cases = [case.attrib["name"] for case in ET.parse("j.xml").iter("testcase")]  # noqa: S314 - ours
    assert cases == [rule.label for rule in candu().rules]
    out = capsys.readouterr().out
    assert out.startswith("<!doctype html>")
    assert "http" not in out.replace('http-equiv="', "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fail-under", "101"], "101.0 is not in the range 0<=x<=100"),
        (["--fail-under", "-0.1"], "-0.1 is not in the range 0<=x<=100"),
        (["--fail-under", "nan"], "'nan' is not a number from 0 to 100."),
        (["--fail-under", "most"], "'most' is not a valid number from 0 to 100."),
        (["--format", "xml"], 'unknown value "xml". Allowed: text, json, junit, html.'),
        (["--source", "wk", "--all"], "say which: --source WRITE_KEY, or --all"),
        (["--url", "nonsense"], 'url is "nonsense"'),
        (["--url", "http://127.0.0.1:9"], "no mockseg answers at http://127.0.0.1:9"),
        (["--surce", "x"], "unknown option"),
    ],
)
def test_usage_errors_are_one_sentence_and_exit_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong and what is allowed; never a traceback."""
    assert run(["coverage", *arguments]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert said in " ".join(err.split())
    assert "internal error" not in err


@pytest.mark.usefixtures("served")
def test_a_report_that_cannot_be_written_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with the file's name."""
    assert run(["coverage", "-o", "no/where.html"]) == 2
    assert "cannot write no/where.html: No such file" in capsys.readouterr().err
