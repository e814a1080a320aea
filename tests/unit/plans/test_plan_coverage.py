"""What of a plan was seen."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from mockseg.errors import PlanError
from mockseg.json_types import decode, encode
from mockseg.plans.coverage import Coverage, items_of
from mockseg.plans.coverage_report import coverage_html, coverage_junit, coverage_text
from mockseg.plans.model import Plan, plan_from_json

HOSTILE = '<script>alert("1")</script>\x1b[31m\x00&'


def names(plan: Plan) -> list[str]:
    """Give the names of all that the plan's first rule allows."""
    return [item.name for item in items_of(plan.rules[0].schema)]


def missing(coverage: Coverage) -> list[str]:
    """Give what of the first rule was never exercised."""
    return [item.name for item in coverage.report().rules[0].missing]


def of_schema(schema: Any, **other: Any) -> Plan:
    """Make a plan of one alias rule, whose schema is over the whole message."""
    return plan_from_json(
        {"name": "one", "rules": [{"type": "ALIAS", "jsonSchema": schema}], **other}, file="one"
    )


def test_a_rule_allows_properties_values_and_branches(survey: Plan) -> None:
    """All of them in the order of the schema, each once, without the envelope."""
    assert names(survey) == [
        "properties.questionType",
        'properties.questionType = "NPS Rating"',
        'properties.questionType = "Written Feedback"',
        "properties.pageUrl",
        "properties.score",
        "properties.feedback",
        "properties.tags",
        'if properties.questionType is "NPS Rating"',
        'if properties.questionType is "Written Feedback"',
    ]


def test_what_a_call_exercises_is_no_longer_missing(survey: Plan, answered: dict[str, Any]) -> None:
    """Its properties, its values, and the branch that it took."""
    coverage = Coverage(survey)
    coverage.saw(answered)
    assert missing(coverage) == [
        'properties.questionType = "Written Feedback"',
        "properties.feedback",
        "properties.tags",
        'if properties.questionType is "Written Feedback"',
    ]


def test_alternatives_lists_and_else_are_branches() -> None:
    """Each needs a call that takes it; items of lists are looked into."""
    schema = {
        "properties": {
            "id": {"anyOf": [{"type": "integer"}, {"type": "string", "title": "digits"}]},
            "list": {"items": {"properties": {"n": {"enum": [1, True]}}}},
        },
        "if": {"required": ["id"]},
        "then": {},
        "else": {},
    }
    coverage = Coverage(of_schema(schema))
    coverage.saw({"type": "alias", "id": 1, "list": [{}, {"n": True}]})
    assert missing(coverage) == ["id as digits", "list.*.n = 1", "unless with id"]
    coverage.saw({"type": "alias", "list": [{"n": 1}]})
    coverage.saw({"type": "alias", "id": "1"})
    assert missing(coverage) == []
    assert coverage.report().percent == 100.0


def test_properties_that_may_not_be_there_need_no_call() -> None:
    """What a rule forbids is passed over, and what follows it is not."""
    schema = {"properties": {"a": {}, "b": False, "c": {}, "d": True}}
    assert names(of_schema(schema)) == ["a", "c", "d"]


def test_the_first_200_values_of_an_enum_are_counted() -> None:
    """Lists of thousands, of countries or currencies, do not drown the rest."""
    schema = {"properties": {"a": {"enum": list(range(300))}}}
    found = names(of_schema(schema))
    assert (len(found), found[-1]) == (201, "a = 199")


def test_objects_are_looked_into_thirteen_deep() -> None:
    """What is nested deeper is not counted."""
    schema: dict[str, Any] = {}
    for level in range(20, 0, -1):
        schema = {"properties": {f"p{level}": schema}}
    found = names(of_schema(schema))
    assert (len(found), found[-1].rpartition(".")[2]) == (13, "p13")


def test_equal_numbers_are_one_value() -> None:
    """A call with 1.0 exercises the value 1; true does not."""
    coverage = Coverage(of_schema({"properties": {"a": {"enum": [1, 2]}}}))
    coverage.saw({"type": "alias", "a": True})
    assert missing(coverage) == ["a = 1", "a = 2"]
    coverage.saw({"type": "alias", "a": 1.0})
    assert missing(coverage) == ["a = 2"]


def test_a_schema_that_holds_itself_has_an_end() -> None:
    """References are followed, in circles only once."""
    schema = {
        "properties": {"child": {"$ref": "#/definitions/node"}},
        "definitions": {"node": {"properties": {"next": {"$ref": "#/definitions/node"}}}},
    }
    found = names(of_schema(schema))
    assert found[:2] == ["child", "child.next"]
    assert len(found) < 20


def test_a_schema_that_multiplies_has_an_end() -> None:
    """Ten properties that each hold ten of the next kind are not all counted."""
    definitions = {
        f"d{n}": {"properties": {f"p{m}": {"$ref": f"#/definitions/d{n + 1}"} for m in range(10)}}
        for n in range(10)
    }
    schema = {"$ref": "#/definitions/d0", "definitions": definitions | {"d10": {}}}
    assert len(names(of_schema(schema))) == 5000


def test_the_report_tells_seen_planned_and_asserted_apart(
    survey: Plan, answered: dict[str, Any]
) -> None:
    """Planned and never seen, seen and never planned, seen and never asserted on."""
    coverage = Coverage(survey)
    shown = {"type": "track", "event": "Survey Shown", "properties": {}}
    for message in (answered, answered, shown, {"type": "track", "event": "Else"}):
        coverage.saw(message)
    coverage.asserted(answered)
    report = coverage.report()
    assert [each.rule.label for each in report.never_seen] == ["IDENTIFY"]
    assert [each.rule.label for each in report.never_asserted] == ['TRACK "Survey Shown"']
    assert report.unplanned == (("Else", 1),)
    assert [(each.seen, each.asserted) for each in report.rules] == [(2, 1), (1, 0), (0, 0)]
    # Rules: 2 of 3 seen; what they allow: 5 of 9 and 0 of 0 and 0 of 1.
    assert report.percent == 53.8
    assert report.reaches(53.8)
    assert not report.reaches(53.9)


def test_an_empty_plan_is_wholly_covered() -> None:
    """Nothing planned, nothing missing."""
    assert Coverage(()).report().percent == 100.0


def test_an_event_of_two_plans_is_seen_in_both() -> None:
    """What one plan knows is not unplanned because another does not."""
    rule = {"type": "TRACK", "jsonSchema": {}}
    one = plan_from_json({"name": "1", "rules": [{**rule, "key": "A"}]}, file="1")
    two = plan_from_json(
        {"name": "2", "rules": [{**rule, "key": "A"}, {**rule, "key": "B"}]}, file="2"
    )
    coverage = Coverage([one, two])
    coverage.saw({"type": "track", "event": "A"})
    coverage.saw({"type": "track", "event": "B"})
    assert [each.seen for each in coverage.report().rules] == [1, 1, 1]
    assert coverage.report().unplanned == ()


def test_coverages_of_sources_merge_into_one_of_the_run(
    survey: Plan, answered: dict[str, Any]
) -> None:
    """Counts add up, and what one exercised is exercised; further plans join."""
    one, two = Coverage(survey), Coverage([survey, of_schema({})])
    one.saw(answered)
    two.saw({**answered, "properties": {"questionType": "Written Feedback", "tags": []}})
    two.saw({"type": "alias"})
    one.merge(two)
    assert missing(one) == ["properties.feedback"]
    assert [each.seen for each in one.report().rules] == [2, 0, 0, 1]


def test_what_one_plan_did_not_know_another_may_after_merging() -> None:
    """An event is unplanned in the run only if no plan of the run knows it."""
    rule = {"type": "TRACK", "jsonSchema": {}}
    one = plan_from_json({"name": "1", "rules": [{**rule, "key": "A"}]}, file="1")
    two = plan_from_json({"name": "2", "rules": [{**rule, "key": "B"}]}, file="2")
    first, second = Coverage(one), Coverage(two)
    second.saw({"type": "track", "event": "A"})
    second.saw({"type": "track", "event": "C"})
    first.merge(second)
    assert first.report().unplanned == (("C", 1),)


def test_coverages_of_different_plans_of_one_name_do_not_merge(survey: Plan) -> None:
    """Their items could not be told apart."""
    other = of_schema({"properties": {"a": {}}})
    with pytest.raises(PlanError, match="ALIAS differs between the two coverages"):
        Coverage(of_schema({})).merge(Coverage(other))


def test_coverage_comes_back_from_json(survey: Plan, answered: dict[str, Any]) -> None:
    """Written, sent and read, it goes on counting."""
    coverage = Coverage(survey)
    coverage.saw(answered)
    coverage.asserted(answered)
    coverage.saw({"type": "track", "event": "Else"})
    document = decode(encode(coverage.as_json()))
    again = Coverage.from_json(document, plans=survey)
    assert again.as_json() == document
    again.saw(answered)
    assert again.report().rules[0].seen == 2


@pytest.mark.parametrize("document", [3, {}, {"rules": [{}]}, {"rules": 3}])
def test_what_is_no_coverage_is_refused(survey: Plan, document: Any) -> None:
    """The sentence says what is allowed."""
    with pytest.raises(PlanError, match="survey: no coverage of this plan"):
        Coverage.from_json(document, plans=survey)


def test_coverage_of_another_version_of_the_plan_is_refused(survey: Plan) -> None:
    """What was exercised then may mean something else now."""
    document = Coverage(survey).as_json()
    document["rules"][0]["missing"].append("properties.more")
    with pytest.raises(PlanError, match="allows other things"):
        Coverage.from_json(document, plans=survey)


def test_unplanned_names_without_number_are_counted_together(survey: Plan) -> None:
    """A client that makes up names cannot fill the memory."""
    coverage = Coverage(survey)
    for number in range(1100):
        coverage.saw({"type": "track", "event": f"made up {number}"})
    unplanned = dict(coverage.report().unplanned)
    assert len(unplanned) == 1001
    assert unplanned["(others)"] == 100


def test_the_table_is_one_line_a_rule(survey: Plan, answered: dict[str, Any]) -> None:
    """Numbers are under their headings, and the rest is told below."""
    coverage = Coverage(survey)
    coverage.saw(answered)
    text = coverage_text(coverage.report(), threshold=80)
    assert text.splitlines()[:5] == [
        "rule                             seen  asserted  exercised",
        "-------------------------------  ----  --------  ---------",
        'survey: TRACK "Survey Answered"     1         0        5/9',
        'survey: TRACK "Survey Shown"        0         0        0/0',
        "survey: IDENTIFY                    0         0        0/1",
    ]
    assert "Never exercised:\n" in text
    assert text.endswith(
        "46.1 % of the plan exercised, 1 of 3 rules seen; is below the threshold of 80 %\n"
    )


def test_junit_skips_what_was_never_seen_and_fails_the_threshold(
    survey: Plan, answered: dict[str, Any]
) -> None:
    """A continuous integration server shows both."""
    coverage = Coverage(survey)
    coverage.saw(answered)
    root = ET.fromstring(coverage_junit(coverage.report(), threshold=80))  # noqa: S314  # our own text
    assert [suite.get("name") for suite in root] == ["survey", "coverage"]
    assert (root[0].get("tests"), root[0].get("skipped")) == ("3", "2")
    assert len(root.findall(".//skipped")) == 2
    assert len(root.findall(".//failure")) == 1
    passed = ET.fromstring(coverage_junit(coverage.report(), threshold=40))  # noqa: S314  # our own text
    assert passed.findall(".//failure") == []


def hostile_report() -> Coverage:
    """Make a coverage full of names that try to break out."""
    schema = {"properties": {HOSTILE: {"enum": [HOSTILE]}}}
    plan = plan_from_json(
        {
            "name": HOSTILE,
            "rules": [
                {"type": "TRACK", "key": HOSTILE, "jsonSchema": schema},
                {"type": "TRACK", "key": "B", "jsonSchema": schema},
            ],
        },
        file="x",
    )
    coverage = Coverage(plan)
    coverage.saw({"type": "track", "event": HOSTILE})
    coverage.saw({"type": "track", "event": HOSTILE + "2"})
    return coverage


def test_the_page_escapes_every_name() -> None:
    """No name of a call becomes markup, and nothing is loaded from elsewhere."""
    page = coverage_html(hostile_report().report(), title=HOSTILE, threshold=50)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_the_terminal_sees_no_control_characters() -> None:
    """A name cannot colour or move what is printed."""
    text = coverage_text(hostile_report().report())
    assert "\x1b" not in text
    assert "\x00" not in text


def test_junit_is_xml_whatever_the_names_are() -> None:
    """What XML cannot hold is replaced."""
    root = ET.fromstring(coverage_junit(hostile_report().report()))  # noqa: S314  # our own text
    assert root.find(".//testcase") is not None


def test_the_page_says_whether_the_threshold_is_reached(survey: Plan) -> None:
    """In words and not only in colour."""
    report = Coverage(survey).report()
    assert "is below the threshold of 10 %" in coverage_html(report, threshold=10)
    assert "reaches the threshold of 0 %" in coverage_html(report, threshold=0)
    assert "threshold" not in coverage_html(report)


def test_a_plan_that_is_covered_has_nothing_to_tell() -> None:
    """No list stands in the text where it would be empty."""
    coverage = Coverage(of_schema({"properties": {"a": {}}}))
    message = {"type": "alias", "a": 1}
    coverage.saw(message)
    coverage.asserted(message)
    text = coverage_text(coverage.report())
    for heading in ("never seen", "never asserted", "never planned", "Never exercised"):
        assert heading not in text


def test_an_unplanned_event_is_told_with_its_count(survey: Plan) -> None:
    """Of a plan that has track rules."""
    coverage = Coverage(survey)
    for _ in range(2):
        coverage.saw({"type": "track", "event": "Else"})
    assert "Seen, never planned:\n  Else (2)\n" in coverage_text(coverage.report())
