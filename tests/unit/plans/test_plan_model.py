"""Reading and writing tracking plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockseg.errors import PlanError
from mockseg.json_types import encode
from mockseg.plans.model import Plan, Rule, plan_from_json, plan_to_json, read_plan

if TYPE_CHECKING:
    from pathlib import Path

RULE = {"type": "TRACK", "key": "A", "version": 1, "jsonSchema": {"type": "object"}}


def refusal(document: Any) -> str:
    """Give the sentence with which a document is refused."""
    with pytest.raises(PlanError) as caught:
        plan_from_json(document, file="plan.json")
    return str(caught.value)


def test_reads_the_whole_answer_of_the_public_api() -> None:
    """The API's envelope gives the plan's own fields and its rules."""
    plan = plan_from_json(
        {
            "data": {
                "trackingPlan": {"id": "tp_1", "slug": "shop", "name": "Shop", "type": "LIVE"},
                "rules": [{**RULE, "createdAt": "2026-01-01T00:00:00.000Z"}],
                "pagination": {"current": "x"},
            }
        },
        file="plan.json",
    )
    assert (plan.id, plan.slug, plan.name) == ("tp_1", "shop", "Shop")
    assert plan.extra == {"type": "LIVE"}
    assert plan.rules[0].extra == {"createdAt": "2026-01-01T00:00:00.000Z"}


def test_a_plan_without_a_name_is_called_as_its_file() -> None:
    """The list of rules alone is a plan named after the file."""
    plan = plan_from_json({"rules": [RULE]}, file="some/where/shop.json")
    assert (plan.name, plan.slug) == ("shop", "shop")


def test_title_and_description_come_from_the_schema_if_the_rule_has_none() -> None:
    """What JSON Schema says for people is what the rule says."""
    schema = {"title": "An order", "description": "is done"}
    plan = plan_from_json({"rules": [{**RULE, "jsonSchema": schema}]}, file="p")
    assert (plan.rules[0].title, plan.rules[0].description) == ("An order", "is done")


@pytest.mark.parametrize("title", ["", None, 3, ["x"]])
def test_a_title_that_is_no_text_is_made_from_the_key(title: Any) -> None:
    """Empty and other values are as good as none."""
    plain = plan_from_json({"rules": [RULE]}, file="p").rules[0].title
    plan = plan_from_json({"rules": [{**RULE, "title": title}]}, file="p")
    assert plan.rules[0].title == plain
    assert plain


def test_a_plan_names_its_document() -> None:
    """An address is the plan's document; another value is kept as it is."""
    plan = plan_from_json({"rules": [RULE], "document": "https://d.example"}, file="p")
    assert (plan.document, plan.extra) == ("https://d.example", {})
    odd = plan_from_json({"rules": [RULE], "document": 5}, file="p")
    assert (odd.document, odd.extra) == ("", {"document": 5})


def named_rules(*, caseless: bool = False) -> Plan:
    """Make a plan in which an event's name, another spelling and a type may meet."""
    rules = (
        Rule(type="TRACK", key="B", version=1, schema={}, title="", aliases=("A", "b2")),
        Rule(type="TRACK", key="A", version=1, schema={}, title=""),
        Rule(type="TRACK", key="C", version=1, schema={}, title="", aliases=("b2",)),
        Rule(type="IDENTIFY", key=None, version=1, schema={}, title=""),
    )
    return Plan(name="p", rules=rules, caseless=caseless)


@pytest.mark.parametrize(
    ("name", "key"), [("A", "A"), ("B", "B"), ("C", "C"), ("b2", "B"), ("a", None), ("D", None)]
)
def test_a_rule_is_found_by_its_name_before_another_spelling(name: str, key: str | None) -> None:
    """A rule's own name wins over what another one calls so; of two spellings the first."""
    rule = named_rules().rule(name)
    assert (None if rule is None else rule.key) == key


@pytest.mark.parametrize(("name", "key"), [("A", "A"), ("b", "B"), ("B2", "B"), ("c", "C")])
def test_a_caseless_plan_finds_any_case(name: str, key: str) -> None:
    """The exact name still goes first."""
    rule = named_rules(caseless=True).rule(name)
    assert rule is not None
    assert rule.key == key


def test_a_rule_is_found_by_type_too() -> None:
    """One name may have rules of several types."""
    plan = named_rules()
    assert plan.rule("A", type="IDENTIFY") is None
    found = plan.rule("A", type="TRACK")
    assert found is not None
    assert found.type == "TRACK"
    identify = plan.rule(plan.rules[3].name, type="IDENTIFY")
    assert identify is plan.rules[3]


def test_a_written_plan_is_read_as_an_equal_one(survey: Plan) -> None:
    """Writing and reading again changes nothing."""
    assert plan_from_json(plan_to_json(survey), file="other.json") == survey


def test_what_a_rule_says_by_itself_is_written() -> None:
    """Title, description, other spellings and unknown keys come back."""
    rule = Rule(
        type="TRACK",
        key="A",
        version=2,
        schema={},
        title="Title",
        description="Text",
        aliases=("a",),
        extra={"labels": {"team": "web"}},
    )
    plan = Plan(name="p", rules=(rule,), slug="short", caseless=True)
    assert plan_from_json(plan_to_json(plan), file="x") == plan


def test_reads_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    """Editors that write a mark first do no harm."""
    path = tmp_path / "shop.json"
    path.write_bytes(b"\xef\xbb\xbf" + encode({"rules": [RULE]}))
    assert read_plan(path).rules[0].key == "A"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """The error names the file and the reason."""
    path = tmp_path / "none.json"
    with pytest.raises(PlanError, match=r"none\.json: cannot be read: No such file"):
        read_plan(path)


def test_a_file_that_is_not_json_is_one_sentence(tmp_path: Path) -> None:
    """The error says what is wrong and what is allowed."""
    path = tmp_path / "bad.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(PlanError, match="cannot be read: it is not JSON: "):
        read_plan(path)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (3, "plan.json: found 3; allowed is Segment's Public API JSON"),
        ([], "plan.json: found []; allowed"),
        ({"name": "x"}, 'plan.json: found {"name": "x"}; allowed'),
        ({"data": {"rules": {}}}, 'plan.json: data: found {"rules": {}}; allowed'),
        ({"rules": [], "name": 3}, "plan.json: name: must be a string, got 3"),
        ({"rules": [3]}, "plan.json: rules[0]: a rule must be an object, got 3"),
        (
            {"rules": [RULE, {**RULE, "type": "TRAK"}]},
            'plan.json: rules[1].type: unknown rule type "TRAK"; did you mean "TRACK"? Allowed: T',
        ),
        (
            {"data": {"rules": [{"type": "TRACK", "jsonSchema": {}}]}},
            "plan.json: data.rules[0].key: invalid key null: expected the event's name",
        ),
        (
            {"rules": [{**RULE, "version": 1.5}]},
            "plan.json: rules[0].version: invalid version 1.5: expected a whole number from 0",
        ),
        (
            {"rules": [{**RULE, "jsonSchema": "[]"}]},
            "plan.json: rules[0].jsonSchema: a rule needs a JSON Schema as an object, got []",
        ),
        (
            {"rules": [{**RULE, "aliases": "a"}]},
            "plan.json: rules[0].aliases: other spellings of a key must be a list of strings",
        ),
        (
            {"rules": [RULE, RULE]},
            'plan.json: rules[1]: a second rule for TRACK "A", the first is rules[0]',
        ),
        (
            {"rules": [{"type": "GROUP", "jsonSchema": {}}] * 2},
            "plan.json: rules[1]: a second rule for GROUP, the first is rules[0]",
        ),
    ],
)
def test_a_wrong_plan_is_one_sentence_with_file_and_place(document: Any, sentence: str) -> None:
    """The sentence names file, place, value and what is allowed."""
    text = refusal(document)
    assert text.startswith(sentence)
    assert "\n" not in text


def test_two_versions_of_one_event_are_two_rules() -> None:
    """Type, key and version together must differ, not each alone."""
    plan = plan_from_json({"rules": [RULE, {**RULE, "version": 2}]}, file="p")
    assert [rule.label for rule in plan.rules] == ['TRACK "A"', 'TRACK "A" version 2']


def test_without_a_check_a_bad_schema_is_read() -> None:
    """The catalogue, which its tests check, is read without compiling it."""
    document = {"rules": [{**RULE, "jsonSchema": {"type": "strng"}}]}
    assert plan_from_json(document, file="p", check=False).rules[0].schema == {"type": "strng"}
