"""A small plan with everything that a plan can have."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.plans.model import Plan, plan_from_json
from mockseg.plans.planset import PlanSet

RATINGS = {
    "type": "object",
    "required": ["questionType", "pageUrl"],
    "additionalProperties": False,
    "properties": {
        "questionType": {"type": "string", "enum": ["NPS Rating", "Written Feedback"]},
        "pageUrl": {"type": "string", "format": "uri"},
        "score": {"type": "number", "minimum": 0, "maximum": 10},
        "feedback": {"type": "string", "minLength": 1},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "allOf": [
        {
            "if": {"properties": {"questionType": {"const": "NPS Rating"}}},
            "then": {"required": ["score"], "properties": {"feedback": False}},
        },
        {
            "if": {"properties": {"questionType": {"const": "Written Feedback"}}},
            "then": {"required": ["feedback"]},
        },
    ],
}


def whole(properties: dict[str, Any]) -> dict[str, Any]:
    """Put a schema of properties into one of the whole message."""
    return {"type": "object", "properties": {"properties": properties}, "required": ["properties"]}


@pytest.fixture
def survey_document() -> dict[str, Any]:
    """A plan with a conditional track rule, a second track rule and an identify rule."""
    return {
        "name": "survey",
        "rules": [
            {
                "type": "TRACK",
                "key": "Survey Answered",
                "version": 1,
                "jsonSchema": {"title": "An answer", **whole(RATINGS)},
            },
            {"type": "TRACK", "key": "Survey Shown", "version": 1, "jsonSchema": whole({})},
            {
                "type": "IDENTIFY",
                "version": 1,
                "jsonSchema": {
                    "properties": {"traits": {"properties": {"email": {"format": "email"}}}}
                },
            },
        ],
    }


@pytest.fixture
def survey(survey_document: dict[str, Any]) -> Plan:
    """The plan of `survey_document`."""
    return plan_from_json(survey_document, file="survey.json")


@pytest.fixture
def plans(survey: Plan) -> PlanSet:
    """A source with that one plan."""
    return PlanSet([survey])


@pytest.fixture
def answered() -> dict[str, Any]:
    """A good track message of the plan."""
    return {
        "type": "track",
        "event": "Survey Answered",
        "messageId": "m-1",
        "userId": "u1",
        "originalTimestamp": "2026-01-31T10:00:00.000Z",
        "sentAt": "2026-01-31T10:00:01.000Z",
        "context": {"app": {"version": "1.2"}},
        "properties": {
            "questionType": "NPS Rating",
            "pageUrl": "https://app.example.com/",
            "score": 9,
        },
    }
