"""Plans in every public form: each is read as the same plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.errors import PlanError
from mockseg.plans.model import Plan, plan_from_json, read_plan

if TYPE_CHECKING:
    from pathlib import Path

BODY = {"type": "object", "required": ["seats"], "properties": {"seats": {"type": "integer"}}}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "labels": {},
    "type": "object",
    "properties": {"context": {}, "properties": BODY, "traits": {}},
}
EMPTY = {"type": "object", "properties": {"context": {}, "properties": {}, "traits": {}}}
RULE = {"type": "TRACK", "key": "Seat Booked", "version": 1, "jsonSchema": SCHEMA}
OTHER = {"type": "IDENTIFY", "version": 1.0, "jsonSchema": {"type": "object"}}
AS_TEXT = [
    {"key": "Seat Booked", "type": "TRACK", "version": 1, "json_schema": json.dumps(SCHEMA)},
    {"key": None, "type": "IDENTIFY", "version": 1, "json_schema": '{"type":"object"}'},
]
VALUES = {"id": "tp_1", "name": "Seats", "type": "LIVE", "description": None, "rules": AS_TEXT}
STATE = {
    "version": 4,
    "terraform_version": "1.9.0",
    "resources": [
        {"type": "segment_source", "instances": [{"attributes": {"name": "Web"}}]},
        {"type": "segment_tracking_plan", "name": "seats", "instances": [{"attributes": VALUES}]},
    ],
}
SHOWN = {
    "root_module": {
        "child_modules": [{"resources": [{"type": "segment_tracking_plan", "values": VALUES}]}]
    }
}
CONFIG_API = {
    "name": "workspaces/mine/tracking-plans/rs_1",
    "display_name": "Seats",
    "rules": {
        "global": EMPTY,
        "identify": {"type": "object"},
        "group": {"type": "object", "properties": {"traits": {"required": ["plan"]}}},
        "identify_traits": [],
        "group_traits": [],
        "events": [{"name": "Seat Booked", "description": "", "version": 1, "rules": SCHEMA}],
    },
    "create_time": "2021-03-04T05:06:07Z",
}
HCL = r"""
import {
  to = segment_tracking_plan.id-tp_1
  id = "tp_1"
}

resource "segment_tracking_plan" "id-tp_1" {
  description = null # nobody wrote one
  name        = "Seats"
  rules = [
    {
      json_schema = jsonencode({
        "$schema" = "http://json-schema.org/draft-07/schema#"
        labels    = {}
        properties = {
          context    = {}
          properties = {
            type       = "object", required = ["seats"]
            properties = { seats = { type = "integer" } }
          }
          traits     = {}
        }
        type = "object"
      })
      key     = "Seat Booked"
      type    = "TRACK"
      version = 1
    },
    { json_schema = "{\"type\":\"object\"}", key = null, type = "IDENTIFY", version = 1 },
  ]
  type = "LIVE"
}
"""


def _rules(plan: Plan) -> list[tuple[str, str | None, int, Any]]:
    return [(rule.type, rule.key, rule.version, rule.schema) for rule in plan.rules]


BOTH = [("TRACK", "Seat Booked", 1, SCHEMA), ("IDENTIFY", None, 1, {"type": "object"})]


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"trackingPlan": {"name": "Seats"}, "rules": [RULE, OTHER]}},
        {"data": {"rules": [RULE, OTHER], "pagination": {"current": "MA==", "totalEntries": 2}}},
        [RULE, OTHER],
        [
            {"data": {"rules": [RULE], "pagination": {"current": "MA==", "next": "MQ=="}}},
            {"data": {"rules": [OTHER], "pagination": {"current": "MQ=="}}},
        ],
        {"name": "Seats", "rules": AS_TEXT},
        {"resource": {"segment_tracking_plan": {"seats": VALUES}}},
        {"resource": [{"segment_tracking_plan": [{"seats": [VALUES]}]}]},
        STATE,
        {"format_version": "1.0", "values": SHOWN},
        {"format_version": "1.2", "planned_values": SHOWN, "resource_changes": []},
    ],
    ids=[
        "answer", "rules answer", "rules", "pages", "text", "tf.json", "tf.json lists", "state",
        "shown state", "shown plan",
    ],
)  # fmt: skip
def test_a_plan_is_the_same_in_every_form(document: Any) -> None:
    """Types, keys, versions and schemas, in their order."""
    assert _rules(plan_from_json(document, file="plan.json")) == BOTH


def test_git_sync_files_are_read_as_the_plan_that_they_describe(tmp_path: Path) -> None:
    """Values of HCL, jsonencode, and schemas as text."""
    file = tmp_path / "tp_1.tf"
    file.write_text(HCL, "utf-8")

    plan = read_plan(file)

    assert plan.name == "Seats"
    assert _rules(plan) == BOTH


def test_texts_of_hcl_are_unescaped(tmp_path: Path) -> None:
    """Backslashes, quotes, code points, doubled marks of templates, numbers and heredocs."""
    file = tmp_path / "plan.tf"
    schema = r"""jsonencode({
      description = "a \"b\"\t\u00e9 \U0001F600 $${c}"
      properties  = {
        n = { pattern = "^\\d+\\.$", maximum = 1e3, minimum = -2.5, enum = [null, true] }
      }
    })"""
    dented = '<<-EOT\n    {"description":\n      "as text"}\n  EOT\n'
    text = (
        'resource "segment_tracking_plan" "x" {\n  name = "x"\n  rules = [\n'
        f'    {{ key = "A", type = "TRACK", version = 1, json_schema = {schema} }},\n'
        f'    {{ key = "B", type = "TRACK", version = 1, json_schema = {dented}    }},\n'
        "  ]\n}\n"
    )
    file.write_text(text, "utf-8")

    first, second = read_plan(file).rules

    assert first.schema["description"] == 'a "b"\té 😀 ${c}'
    limits = {"pattern": r"^\d+\.$", "maximum": 1000.0, "minimum": -2.5, "enum": [None, True]}
    assert first.schema["properties"]["n"] == limits
    assert second.schema == {"description": "as text"}


def test_plans_of_the_config_api_are_converted() -> None:
    """Schemas that say nothing, which every such plan has, are no rules."""
    for document in (CONFIG_API, {"tracking_plan": CONFIG_API}, {"tracking_plans": [CONFIG_API]}):
        plan = plan_from_json(document, file="plan.json")

        assert (plan.name, plan.id) == ("Seats", "rs_1")
        assert [(rule.type, rule.key) for rule in plan.rules] == [
            ("GROUP", None),
            ("TRACK", "Seat Booked"),
        ]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"data": {"trackingPlan": {"id": "tp_1"}}}, r"has the plan's name and no rules; save"),
        ({"data": {"trackingPlans": []}}, r"lists plans without their rules"),
        (
            {"data": {"rules": [RULE], "pagination": {"next": "MQ=="}}},
            r"found 1 rules and more on the next page; put all pages into one list",
        ),
        (
            {"resource": {"segment_tracking_plan": {"a": VALUES, "b": VALUES}}},
            r'found 2 plans: "Seats", "Seats"; allowed is one a file',
        ),
        ({"resources": []}, r"found no resource of the type segment_tracking_plan"),
        ({"rules": [{**AS_TEXT[0], "json_schema": "{"}]}, r"rules\[0\].json_schema: the text of"),
        ([1, 2], r"allowed is Segment's Public API JSON"),
        (
            {"rules": [{**AS_TEXT[0], "json_schema": '${file("a.json")}'}]},
            r"only Terraform knows the value of file\(\"a.json\"\); allowed are values and jsonenc",
        ),
    ],
)  # fmt: skip
def test_what_is_no_whole_plan_is_refused_with_the_way_out(document: Any, sentence: str) -> None:
    """The error says which answer, page or converter has what is missing."""
    with pytest.raises(PlanError, match=sentence):
        plan_from_json(document, file="plan.json")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('resource "segment_tracking_plan" "x" {\n  name = \n}', r"line 2, column \d+: not HCL"),
        (
            'resource "segment_tracking_plan" "x" { name = var.name }',
            r"only Terraform knows the value of var.name; .*terraform show -json",
        ),
        (
            'resource "segment_tracking_plan" "x" { name = "a ${var.b}" }',
            r"only Terraform knows the value of 'a \$\{var.b\}', a template",
        ),
        ('locals { a = file("b") }', r"found no resource of the type segment_tracking_plan"),
    ],
)
def test_hcl_that_only_terraform_understands_is_refused(
    text: str, sentence: str, tmp_path: Path
) -> None:
    """With the place, and the command that writes its values."""
    file = tmp_path / "plan.tf"
    file.write_text(text, "utf-8")
    with pytest.raises(PlanError, match=sentence):
        read_plan(file)
