"""Blocking and omitting, as the settings of Protocols say."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.errors import ConfigError
from mockseg.plans.model import Plan, plan_from_json
from mockseg.plans.planset import PlanSet
from mockseg.plans.protocols import (
    ALLOW_ALL,
    Origin,
    Outcome,
    ProtocolsSettings,
    forwarded_blocked,
    planned_names,
    settings_from_json,
    settings_to_json,
    violation_generated,
)
from mockseg.plans.reported import ReportedViolation


@pytest.fixture
def shop() -> Plan:
    """A plan with properties in several branches, traits and a common rule."""
    properties = {
        "properties": {
            "id": {"type": "string"},
            "items": {"type": "array", "items": {"properties": {"n": {"type": "integer"}}}},
            "address": {"properties": {"zip": {"type": "string"}}},
        },
        "allOf": [{"if": {"required": ["id"]}, "then": {"properties": {"coupon": {}}}}],
    }
    return plan_from_json(
        {
            "name": "shop",
            "rules": [
                {
                    "type": "TRACK",
                    "key": "Ordered",
                    "jsonSchema": {"properties": {"properties": properties}},
                },
                {
                    "type": "IDENTIFY",
                    "jsonSchema": {
                        "properties": {"traits": {"properties": {"age": {"type": "integer"}}}}
                    },
                },
                {
                    "type": "COMMON",
                    "jsonSchema": {
                        "properties": {"properties": {"properties": {"vat": {"type": "string"}}}},
                        "required": ["userId"],
                    },
                },
            ],
        },
        file="shop",
    )


def decided(plan: Plan, message: dict[str, Any], **settings: Any) -> Outcome:
    """Judge a message of that plan with these settings, in Segment's JSON."""
    plans = PlanSet([plan], settings_from_json(settings))
    kind, event = message["type"], message.get("event")
    outcome = plans.decide(message, type=kind, event=event, source_id="src")
    # What is decided when the call comes and what is explained when it is read are the same.
    assert plans.judge(message, type=kind, event=event) == (
        bool(outcome.violations),
        outcome.message is not message,
        outcome.code,
    )
    return outcome


def ordered(event: str = "Ordered", user: bool = True, **properties: Any) -> dict[str, Any]:  # noqa: FBT001, FBT002  # read as a flag by its callers
    """Make a track message."""
    message = {"type": "track", "event": event, "context": {"ip": "1"}, "properties": properties}
    return {**message, "userId": "u"} if user else message


def test_a_good_call_goes_on_as_it_is(shop: Plan) -> None:
    """Not even a copy is made."""
    message = ordered(id="1")
    outcome = decided(shop, message)
    assert outcome.message is message
    assert (outcome.blocked, outcome.code, outcome.violations) == (False, None, ())


def test_by_default_a_bad_call_goes_on_and_tells_its_violations(shop: Plan) -> None:
    """Nothing is blocked or omitted; the trace stands in the context."""
    outcome = decided(shop, ordered(id=1, more=2))
    assert not outcome.blocked
    assert outcome.message["properties"] == {"id": 1, "more": 2}
    assert outcome.message["context"] == {
        "ip": "1",
        "protocols": {
            "sourceId": "src",
            "violations": [
                {
                    "type": "Invalid Type",
                    "field": "properties.id",
                    "description": "Invalid type. Expected: string, given: integer",
                }
            ],
        },
    }


def test_the_event_version_stays_beside_the_trace(shop: Plan) -> None:
    """What the client wrote there is kept."""
    message = {**ordered(id=1), "context": {"protocols": {"event_version": 1}}}
    protocols = decided(shop, message).message["context"]["protocols"]
    assert (protocols["event_version"], protocols["sourceId"]) == (1, "src")


@pytest.mark.parametrize(
    ("track", "message", "code"),
    [
        ({"allowUnplannedEvents": False}, ordered("Odered"), "unplanned"),
        ({"allowUnplannedEvents": False}, ordered(), None),
        ({"allowEventOnViolations": False}, ordered(id=1), "schema_violation"),
        ({"allowEventOnViolations": False}, ordered("Odered"), None),
        ({"allowEventOnViolations": False}, ordered(user=False), None),
        ({"commonEventOnViolations": "BLOCK"}, ordered(user=False), "common_schema_violation"),
        ({"commonEventOnViolations": "BLOCK"}, ordered(id=1), None),
        (
            {"allowUnplannedEvents": False, "commonEventOnViolations": "BLOCK"},
            ordered("Odered", user=False),
            "unplanned_and_schema_violation",
        ),
        (
            {"allowEventOnViolations": False, "commonEventOnViolations": "BLOCK"},
            ordered(id=1, user=False),
            "schema_violation",
        ),
        ({"commonEventOnViolations": "OMIT_PROPERTIES"}, ordered(user=False), None),
    ],
)
def test_track_calls_are_blocked_with_segments_code(
    shop: Plan, track: dict[str, Any], message: dict[str, Any], code: str | None
) -> None:
    """Standard controls come first; each blocks only what it is about."""
    outcome = decided(shop, message, track=track)
    assert (outcome.blocked, outcome.code) == (code is not None, code)


def test_a_disabled_event_is_blocked_even_if_good(shop: Plan) -> None:
    """An event switched off in the source's schema does not go on."""
    outcome = decided(shop, ordered(), disabledEvents=["Ordered"])
    assert outcome.code == "event_setting"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"properties": {"properties": {"required": ["id"]}}}, {"properties": {"a": 1}}),
        ({"properties": {"properties": {"type": "object"}}}, {"properties": "text"}),
        ({"properties": {"context": {"properties": {"ip": {"type": "null"}}}}}, {}),
        ({"properties": {"traits": {"properties": {"a": {"type": "null"}}}}}, {"traits": {"a": 1}}),
        ({"properties": {"userId": {"type": "null"}}}, {}),
    ],
    ids=["required", "not an object", "context", "traits", "userId"],
)
def test_only_properties_themselves_are_omitted(
    schema: dict[str, Any], message: dict[str, Any]
) -> None:
    """Neither all properties at once nor anything beside them is taken out of a track call."""
    plan = plan_from_json(
        {"name": "p", "rules": [{"type": "TRACK", "key": "Ordered", "jsonSchema": schema}]},
        file="p",
    )
    sent = ordered() | message
    outcome = decided(plan, sent, track={"allowPropertiesOnViolations": False})
    assert outcome.violations
    left = {name: value for name, value in outcome.message.items() if name != "context"}
    assert left == {name: value for name, value in sent.items() if name != "context"}
    assert outcome.message["context"]["ip"] == "1"


@pytest.mark.parametrize("kind", ["identify", "group"])
@pytest.mark.parametrize(
    ("controls", "left"),
    [
        ({}, {"age": "x", "plan": 1}),
        ({"commonEventOnViolations": "ALLOW"}, {"age": "x", "plan": 1}),
        ({"commonEventOnViolations": "OMIT_TRAITS"}, {"age": "x"}),
        ({"allowTraitsOnViolations": False}, {"plan": 1}),
        ({"commonEventOnViolations": "OMIT_TRAITS", "allowTraitsOnViolations": False}, {}),
    ],
)
def test_traits_are_omitted_as_each_control_says(
    kind: str, controls: dict[str, Any], left: dict[str, Any]
) -> None:
    """What violates the rule, and what violates the common schema, each by its own control."""

    def traits(name: str, type_: str) -> dict[str, Any]:
        return {"properties": {"traits": {"properties": {name: {"type": type_}}}}}

    rules = [
        {"type": kind.upper(), "jsonSchema": traits("age", "integer")},
        {"type": "COMMON", "jsonSchema": traits("plan", "string")},
    ]
    plan = plan_from_json({"name": "p", "rules": rules}, file="p")
    message = {"type": kind, "userId": "u", "traits": {"age": "x", "plan": 1}}
    assert decided(plan, message, **{kind: controls}).message["traits"] == left
    other = {"group" if kind == "identify" else "identify": controls}
    assert decided(plan, message, **other).message["traits"] == message["traits"]


def test_nothing_is_taken_out_of_calls_that_have_no_controls() -> None:
    """A page that violates its rule goes on whole, whatever the controls of others say."""
    schema = {"properties": {"properties": {"properties": {"a": {"type": "integer"}}}}}
    plan = plan_from_json(
        {"name": "p", "rules": [{"type": "PAGE", "jsonSchema": schema}]}, file="p"
    )
    message = {"type": "page", "name": "Home", "properties": {"a": "x", "b": 1}}
    outcome = decided(
        plan,
        message,
        track={"allowPropertiesOnViolations": False, "allowUnplannedEventProperties": False},
    )
    assert outcome.violations
    assert outcome.message["properties"] == {"a": "x", "b": 1}


def test_planned_names_are_those_of_every_branch() -> None:
    """References are followed once, and what comes after a second one counts too."""

    def named(name: str) -> dict[str, Any]:
        return {"properties": {"properties": {"properties": {name: {}}}, "traits": {}}}

    schema = {
        "allOf": [named("a"), {"$ref": "#/definitions/d"}, {"$ref": "#/definitions/d"}],
        "if": named("c"),
        "else": {"anyOf": [named("e")]},
        "not": named("f"),
        "definitions": {"d": named("b"), "g": named("g")},
    }
    assert planned_names(schema, "properties") == {"a", "b", "c", "e"}
    assert planned_names(schema, "traits") == set()


def test_unplanned_properties_are_omitted(shop: Plan) -> None:
    """Planned is what any branch of the rule names; the trace says what is gone."""
    message = ordered(id="1", coupon="c", more=1, other=2)
    outcome = decided(shop, message, track={"allowUnplannedEventProperties": False})
    assert outcome.message["properties"] == {"id": "1", "coupon": "c"}
    assert outcome.omitted == ("properties.more", "properties.other")
    assert outcome.message["context"]["protocols"] == {
        "sourceId": "src",
        "omitted": ["properties.more", "properties.other"],
    }
    assert message["properties"]["more"] == 1


def test_an_unplanned_event_keeps_its_properties(shop: Plan) -> None:
    """Where no rule is, none of them is more unplanned than the event."""
    outcome = decided(shop, ordered("X", a=1), track={"allowUnplannedEventProperties": False})
    assert outcome.message["properties"] == {"a": 1}


def test_violating_properties_are_omitted(shop: Plan) -> None:
    """A nested one alone, a list as a whole; what is missing cannot be omitted."""
    message = ordered(id=1, items=[{"n": 1}, {"n": "x"}], address={"zip": 1, "city": "y"})
    outcome = decided(shop, message, track={"allowPropertiesOnViolations": False})
    assert outcome.message["properties"] == {"address": {"city": "y"}}
    assert outcome.omitted_on_violation == (
        "properties.address.zip",
        "properties.id",
        "properties.items",
    )
    assert len(outcome.violations) == 3


def test_properties_that_violate_the_common_schema_are_omitted_on_demand(shop: Plan) -> None:
    """Only below properties; the missing userId changes nothing."""
    message = ordered(vat=1, user=False)
    outcome = decided(shop, message, track={"commonEventOnViolations": "OMIT_PROPERTIES"})
    assert outcome.omitted_on_violation == ("properties.vat",)
    assert not outcome.blocked


def test_traits_are_omitted_and_never_blocked_by_their_own_rule(shop: Plan) -> None:
    """Segment can omit traits, and block only by the common schema."""
    message = {"type": "identify", "userId": "u", "traits": {"age": "x", "more": 1}}
    controls = {"allowUnplannedTraits": False, "allowTraitsOnViolations": False}
    outcome = decided(shop, message, identify=controls)
    assert outcome.message["traits"] == {}
    assert (outcome.omitted, outcome.omitted_on_violation) == (("traits.more",), ("traits.age",))
    del message["userId"]
    blocked = decided(shop, message, identify={"commonEventOnViolations": "BLOCK"})
    assert blocked.code == "common_schema_violation"


def test_pages_are_never_blocked(shop: Plan) -> None:
    """Segment has no controls for them; their violations are told all the same."""
    controls = {"allowEventOnViolations": False, "commonEventOnViolations": "BLOCK"}
    outcome = decided(shop, {"type": "page"}, track=controls)
    assert not outcome.blocked
    assert [each.field for each in outcome.violations] == ["userId"]


def test_settings_come_back_as_they_were() -> None:
    """Written with Segment's names, read as equal."""
    settings = settings_from_json(
        {"track": {"allowUnplannedEvents": False}, "forwardingViolationsTo": "key"}
    )
    assert settings_from_json(settings_to_json(settings)) == settings
    assert settings_to_json(ALLOW_ALL)["group"] == {
        "allowUnplannedTraits": True,
        "allowTraitsOnViolations": True,
        "commonEventOnViolations": "ALLOW",
    }
    assert settings_from_json({}) == ProtocolsSettings()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], r"protocols: it is \[\]: it must be an object"),
        (
            {"trak": {}},
            r'protocols: unknown parameter "trak"; did you mean "track"\?',
        ),
        (
            {"track": {"allowUnplannedTraits": True}},
            r'protocols: `track`: unknown parameter "allowUnplannedTraits"',
        ),
        ({"group": 3}, r"protocols: `group` is 3: it must be an object"),
        (
            {"track": {"allowUnplannedEvents": "no"}},
            r"protocols: `track\.allowUnplannedEvents` is .no.: it must be true or false",
        ),
        (
            {"identify": {"commonEventOnViolations": "OMIT_PROPERTIES"}},
            r"protocols: `identify\.commonEventOnViolations`: unknown value .* Allowed: ALLOW",
        ),
    ],
)
def test_wrong_settings_are_one_sentence(value: Any, sentence: str) -> None:
    """The sentence names the place, the value and what is allowed."""
    with pytest.raises(ConfigError, match=sentence):
        settings_from_json(value)


def test_a_violation_is_forwarded_in_the_documented_shape(answered: dict[str, Any]) -> None:
    """Key for key what Segment's page on forwarding shows."""
    violation = ReportedViolation(
        type="Required",
        field="properties.products",
        description="properties.products is required",
    )
    origin = Origin(
        source_id="dInN1HJ4bi",
        source_name="Acme Store",
        source_slug="acme_store",
        plan_id="rs_1",
        plan_name="Acme",
    )
    call = violation_generated(answered, violation, origin=origin, now="2026-02-01T00:00:00Z")
    assert call.pop("messageId").startswith("sch-")
    assert call == {
        "context": {"app": None, "library": {"name": "analytics-node", "version": "2.1.0"}},
        "event": "Violation Generated",
        "integrations": {},
        "properties": {
            "appVersion": "1.2",
            "eventMessageID": "m-1",
            "eventName": "Survey Answered",
            "eventSentAt": "2026-01-31T10:00:01.000Z",
            "eventTimestamp": "2026-01-31T10:00:00.000Z",
            "eventType": "track",
            "sourceID": "dInN1HJ4bi",
            "sourceName": "Acme Store",
            "sourceSlug": "acme_store",
            "trackingPlanID": "rs_1",
            "trackingPlanName": "Acme",
            "violationDescription": "properties.products is required",
            "violationField": "properties.products",
            "violationType": "Required",
        },
        "receivedAt": "2026-02-01T00:00:00Z",
        "timestamp": "2026-02-01T00:00:00Z",
        "type": "track",
        "userId": "schema-violations",
        "forwardedFromProject": "dInN1HJ4bi",
    }


def test_times_that_were_not_given_are_gos_zero_time() -> None:
    """And texts that were not given are empty."""
    violation = ReportedViolation(type="X", field="(root)", description="x")
    call = violation_generated({"type": "page"}, violation, origin=Origin(source_id="s"), now="n")
    properties = call["properties"]
    assert properties["eventTimestamp"] == properties["eventSentAt"] == "0001-01-01T00:00:00Z"
    assert properties["appVersion"] == properties["eventName"] == ""


def test_message_ids_of_forwarded_violations_differ_and_repeat(answered: dict[str, Any]) -> None:
    """The same violation of the same message has the same id, another has another."""
    origin = Origin(source_id="s")
    first = ReportedViolation(type="Required", field="a", description="a")
    other = ReportedViolation(type="Required", field="b", description="b")
    ids = [
        violation_generated(answered, each, origin=origin, now=now)["messageId"]
        for each, now in ((first, "1"), (first, "2"), (other, "1"))
    ]
    assert ids[0] == ids[1] != ids[2]
    assert all(len(each) == 36 for each in ids)


def test_a_blocked_call_is_forwarded_with_its_origin(answered: dict[str, Any]) -> None:
    """Nothing else is changed."""
    call = forwarded_blocked(answered, origin=Origin(source_id="s"))
    assert call == {**answered, "forwardedFromProject": "s"}
