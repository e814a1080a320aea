"""The strategies that are not about one event of the catalogue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from faker.providers.person.en_US import Provider
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from mockseg import strategies as seg
from mockseg.catalogue.loader import load
from mockseg.domain.spec import check
from mockseg.json_types import encode
from mockseg.plans.model import plan_from_json, read_plan
from mockseg.plans.planset import PlanSet
from mockseg.schemas.format_checks import is_format
from mockseg.strategies.seeded import drawn

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = settings(
    max_examples=15, database=None, deadline=None, derandomize=True, phases=[Phase.generate]
)

OWN: dict[str, Any] = {
    "name": "shop",
    "rules": [
        {
            "type": "TRACK",
            "key": "Signed Up",
            "version": version,
            "jsonSchema": {
                "type": "object",
                "definitions": {"mail": {"type": "string", "format": "email"}},
                "required": ["properties", "channel"],
                "properties": {
                    "channel": {"enum": ["server", "mobile"]},
                    "properties": {
                        "type": "object",
                        "required": ["email", "plan"],
                        "properties": {
                            "email": {"$ref": "#/definitions/mail"},
                            "plan": {"enum": ["free", "paid"]},
                            "seats": {"type": "integer", "minimum": version, "maximum": 9},
                            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
                        },
                        "if": {"properties": {"plan": {"const": "paid"}}},
                        "then": {"required": ["seats"]},
                        "else": {"properties": {"seats": False}},
                        "additionalProperties": False,
                    },
                },
            },
        }
        for version in (1, 2)
    ]
    + [{"type": "IDENTIFY", "jsonSchema": {"type": "object", "required": ["traits"]}}],
}


def _found(plans: PlanSet, message: dict[str, Any]) -> list[tuple[str, str]]:
    event = message.get("event")
    found = plans.check(
        message, type=message["type"], event=event if isinstance(event, str) else None
    )
    return [(each.code, each.field) for each in found]


@SETTINGS
@given(seg.events(OWN), seg.event("Signed Up", plan=plan_from_json(OWN, file="own")))
def test_events_of_an_own_plan_are_good(one: dict[str, Any], two: dict[str, Any]) -> None:
    """With references, versions, conditions, and fields of the message itself."""
    plans = PlanSet([plan_from_json(OWN, file="own")])
    for message in (one, two):
        assert check(message, message["type"]) == ()
        assert _found(plans, message) == []


@SETTINGS
@given(seg.invalid_events(OWN, discards=False))
def test_invalid_events_of_an_own_plan_are_found(invalid: seg.Invalid) -> None:
    """Each has the finding that its label names."""
    if invalid.label.kind == "violation":
        plans = PlanSet([plan_from_json(OWN, file="own")])
        assert (invalid.label.code, invalid.label.field) in _found(plans, invalid.message)


def test_a_plan_may_be_a_file(tmp_path: Path) -> None:
    """A path is read, and its plan is the same as the JSON in it."""
    file = tmp_path / "shop.json"
    file.write_bytes(encode(OWN))

    @SETTINGS
    @given(seg.edge_events(file))
    def run(message: dict[str, Any]) -> None:
        arrived = json.loads(seg.encode(message).decode().encode("utf-8", "replace"))
        if "\\ud" not in seg.encode(message).decode():
            assert _found(PlanSet([read_plan(file)]), arrived) == []

    run()


@SETTINGS
@given(seg.messages(), seg.messages(["page", "screen"]), seg.batches(min_size=2, max_size=3))
def test_messages_of_the_spec_are_taken(
    message: dict[str, Any], page: dict[str, Any], batch: dict[str, Any]
) -> None:
    """All six types, those that are asked for, and batches of them."""
    assert page["type"] in {"page", "screen"}
    assert 2 <= len(batch["batch"]) <= 3
    for each in (message, page, *batch["batch"]):
        assert check(each, each["type"]) == ()


@SETTINGS
@given(seg.event("identify", realistic=True))
def test_realistic_values_are_as_people_have_them(message: dict[str, Any]) -> None:
    """An address where one belongs."""
    email = message.get("traits", {}).get("email")
    assert email is None or is_format("email", email)


def _realistic(name: str, plan: str, holder: str, field: str) -> list[str]:
    """Return the values of a field in messages of an event."""
    strategy = seg.event(name, plan=plan, realistic=True)
    bodies = [each.get(holder, {}) for each in drawn(strategy, count=60, seed="1")]
    return [body[field] for body in bodies if field in body]


def test_realistic_names_are_those_of_what_has_them() -> None:
    """A guide, a survey or a product is not called like a person; a person is, a group is not."""
    people = set(Provider.first_names) | {"Dr.", "Mr.", "Mrs.", "Ms.", "Miss", "Mx."}

    def share(name: str, plan: str, holder: str, field: str) -> float:
        found = _realistic(name, plan, holder, field)
        return sum(value.split()[0] in people for value in found) / len(found)

    answer = "survey question answer (userguiding)"
    assert share("guide started (userguiding)", "userguiding", "properties", "guideName") == 0
    assert share(answer, "userguiding", "properties", "surveyName") == 0
    assert share("Product Viewed", "ecommerce", "properties", "name") == 0
    assert share("identify", "spec", "traits", "name") == 1
    assert share("group", "spec", "traits", "name") < 0.2


def test_realistic_answers_are_those_of_the_document() -> None:
    """One or several choices; an emoji score in its words, though the plan takes any text."""
    event = "Survey Question Answer"
    choices = _realistic(event, "userguiding-segment", "properties", "choices")
    assert any("," in each for each in choices)
    assert any("," not in each for each in choices)
    emoji = _realistic(event, "userguiding-segment", "properties", "emoji_score")
    assert set(emoji) == {
        "Positive", "Slightly Positive", "Neutral", "Slightly Negative", "Negative",
    }  # fmt: skip


@SETTINGS
@given(seg.properties("guide started (userguiding)"), seg.traits(), seg.traits("group"))
def test_parts_are_objects(
    properties: dict[str, Any], traits: dict[str, Any], group: dict[str, Any]
) -> None:
    """Properties and traits come without the message around them."""
    assert properties.keys() >= {"guideId", "guideName", "pageUrl"}
    assert isinstance(traits, dict)
    assert isinstance(group, dict)


@SETTINGS
@given(st.data())
def test_duplicates_are_the_same_message_again(data: st.DataObject) -> None:
    """Nothing is lost, nothing new comes, and a copy comes after the first."""
    sent = data.draw(seg.journeys("userguiding"))
    arrived = data.draw(seg.duplicated(st.just(sent), most=2))
    assert len(sent) <= len(arrived) <= len(sent) + 2
    assert list(dict.fromkeys(m["messageId"] for m in arrived)) == [m["messageId"] for m in sent]


@SETTINGS
@given(st.data())
def test_reordering_keeps_all_messages_and_bounds_the_delay(data: st.DataObject) -> None:
    """Each message once, and none more than so many places late."""
    sent = [{"messageId": str(number)} for number in range(8)]
    arrived = data.draw(seg.reordered(st.just(sent), reach=2))
    assert sorted(m["messageId"] for m in arrived) == [m["messageId"] for m in sent]
    assert all(arrived.index(m) - place <= 2 for place, m in enumerate(sent))


def test_types_have_strategies_once_they_are_registered() -> None:
    """``from_type`` gives messages of the type."""
    seg.register_type_strategies()

    @SETTINGS
    @given(st.from_type(seg.Track), st.from_type(seg.Alias), st.from_type(seg.WireRequest))
    def run(track: seg.Track, alias: seg.Alias, request: seg.WireRequest) -> None:
        assert track["type"] == "track"
        assert alias["type"] == "alias"
        assert isinstance(request, seg.WireRequest)

    run()


def test_a_state_machine_delivers_to_the_users_consumer() -> None:
    """Journeys of several users, with duplicates and late messages."""
    seen: list[str] = []

    class Consumer(seg.journey_machine("userguiding")):  # type: ignore[misc]  # a class made at run time
        def deliver(self, message: dict[str, Any]) -> None:
            seen.append(message["messageId"])

    run_state_machine_as_test(Consumer, settings=settings(SETTINGS, max_examples=8))
    assert len(seen) > len(set(seen))


EXPORTED: dict[str, Any] = {
    "name": "exported",
    "rules": [
        {
            "type": "TRACK",
            "key": "Signed Up",
            "version": version,
            "jsonSchema": {"type": "object", "properties": {"context": {}, "traits": {}, **body}},
        }
        for version, body in (
            (1, {"properties": {"type": "object", "properties": {"user_id": {"enum": ["a"]}}}}),
            (2, {"properties": True}),
        )
    ]
    + [
        {
            "type": "IDENTIFY",
            "jsonSchema": {
                "type": "object",
                "required": ["userId"],
                "properties": {"context": True, "traits": {}, "userId": {"pattern": "^u[0-9]+$"}},
            },
        },
        {"type": "PAGE", "jsonSchema": {"type": "object", "properties": {"messageId": {}}}},
        {"type": "COMMON", "jsonSchema": {"type": "object", "properties": {"context": {}}}},
    ],
}


@pytest.mark.parametrize("form", ["json", "path", "plan"])
def test_an_own_plan_has_journeys_in_every_form(form: str, tmp_path: Path) -> None:
    """As Segment exports it; any event may follow any other, and all are good."""
    file = tmp_path / "plan.json"
    file.write_bytes(encode(EXPORTED))
    plan = {"json": EXPORTED, "path": file, "plan": plan_from_json(EXPORTED, file="own")}[form]
    plans = PlanSet([plan_from_json(EXPORTED, file="own")])
    kinds: set[str] = set()

    @SETTINGS
    @given(seg.journeys(plan), seg.journeys(plan, name="mix", realistic=True))
    def run(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> None:
        for message in (*one, *two):
            kinds.add(message["type"])
            assert check(message, message["type"]) == ()
            assert _found(plans, message) == []

    run()
    assert kinds == {"track", "identify", "page"}

    class Consumer(seg.journey_machine(plan)):  # type: ignore[misc]  # a class made at run time
        def deliver(self, message: dict[str, Any]) -> None:
            assert _found(plans, message) == []

    run_state_machine_as_test(Consumer, settings=settings(SETTINGS, max_examples=4))


def test_a_plan_of_the_catalogue_that_was_loaded_has_its_own_journeys() -> None:
    """The same as by its name."""
    by_name, loaded = seg.journey_machine("candu"), seg.journey_machine(load("candu"))
    assert loaded.ways == by_name.ways
