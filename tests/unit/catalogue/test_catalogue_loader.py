"""Loading the plans of the catalogue."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from mockseg.catalogue.loader import catalogues, load, read_journeys
from mockseg.errors import PlanError
from mockseg.json_types import decode, encode
from mockseg.plans.model import plan_from_json, plan_to_json

if TYPE_CHECKING:
    from mockseg.json_types import Json
    from mockseg.plans.model import Strictness

PLANS = pytest.mark.parametrize("name", catalogues())
STRICTNESSES = pytest.mark.parametrize("strictness", ["strict", "lenient"])


@PLANS
@STRICTNESSES
def test_a_plan_is_a_sound_tracking_plan_of_segments_public_api(
    name: str, strictness: Strictness
) -> None:
    """What a plan writes is read, and every schema checked, as any file of a user's would be."""
    plan = load(name, strictness=strictness)
    read = plan_from_json(decode(encode(plan_to_json(plan))), file=name)
    assert read.rules == plan.rules
    assert dataclasses.replace(read, wire=plan.wire) == plan


@PLANS
def test_a_plan_names_itself_and_is_loaded_once(name: str) -> None:
    """The same plan is the same object, so that what is made of it can be kept."""
    plan = load(name)
    assert (name, "lenient") == (plan.slug, plan.strictness)
    assert plan is load(name)
    assert plan is load(name, strictness="lenient")
    assert plan is not load(name, strictness="strict")


@PLANS
@STRICTNESSES
def test_schemas_hold_no_references(name: str, strictness: Strictness) -> None:
    """A rule is whole by itself: what its file shares is written out."""

    def references(value: Json) -> bool:
        if isinstance(value, dict):
            return ("$ref" in value) or any(references(item) for item in value.values())
        return isinstance(value, list) and any(references(item) for item in value)

    assert not any(references(rule.schema) for rule in load(name, strictness=strictness).rules)


@PLANS
def test_schemas_use_neither_formats_nor_unicode_classes(name: str) -> None:
    """The libraries differ in formats and in the class of digits, and no document needs them."""
    for strictness in ("strict", "lenient"):
        for rule in load(name, strictness=strictness).rules:
            text = encode(rule.schema).decode()
            assert '"format"' not in text
            assert "\\\\d" not in text


def test_an_unknown_plan_is_refused_with_the_nearest_name() -> None:
    """The sentence names what was asked for, what was meant, and what there is."""
    with pytest.raises(PlanError, match="unknown plan") as caught:
        load("user-guiding")
    assert str(caught.value) == (
        'catalogue: unknown plan "user-guiding"; did you mean "userguiding"? Allowed: '
        "userguiding, userguiding-segment, candu, spec, ecommerce, video, mobile, b2b-saas, "
        "email, live-chat, ab-testing, copilot."
    )


def test_a_plan_like_no_other_is_refused_without_a_guess() -> None:
    """A path is a name like any other: nothing outside of the package is read."""
    with pytest.raises(PlanError, match=r'unknown plan "\.\./\.\./etc/passwd"\. Allowed: '):
        load("../../etc/passwd")


def test_an_unknown_strictness_is_refused() -> None:
    """The sentence names the two that there are."""
    with pytest.raises(PlanError, match='unknown strictness "loose"'):
        load("candu", strictness="loose")  # type: ignore[arg-type]  # what the test is about


def test_the_journeys_file_has_an_entry_for_each_plan() -> None:
    """No plan is forgotten and none is made up."""
    assert set(catalogues()) == set(read_journeys())


def test_a_plan_cannot_be_changed() -> None:
    """Everybody is given the same plan."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        load("candu").name = "other"  # type: ignore[misc]  # what the test is about


def test_vendors_wires_are_as_documented() -> None:
    """UserGuiding sends server-side track calls to either region, Candu to the US only (CA-X06)."""
    for name in ("userguiding", "userguiding-segment"):
        wire = load(name).wire
        assert (wire.channel, wire.calls, wire.regions) == ("server", ("track",), ("us", "eu"))
        assert wire.user_id_allowed == "user_id"
        assert wire.context["integration"]["name"] == "UserGuiding"
    assert load("userguiding-segment").wire.user_id_property == "user_id"
    help_centre = load("userguiding", strictness="strict").wire
    assert (help_centre.user_id_property, help_centre.user_id_allowed) == (None, None)
    assert load("userguiding").wire.user_id_property is None
    candu = load("candu").wire
    assert (
        candu.calls,
        candu.regions,
        candu.user_id_property,
    ) == (("screen", "track"), ("us",), None)


def test_a_name_finds_its_rule_exactly_in_strict_and_by_its_spellings_in_lenient() -> None:
    """A rule's own name wins over being another spelling of one."""
    strict, lenient = load("userguiding", strictness="strict"), load("userguiding")
    assert strict.rule("guide started") is None
    assert strict.rule("Guide started (userguiding)") is None
    started = lenient.rule("guide started (userguiding)")
    assert started is not None
    assert lenient.rule("GUIDE STARTED") is started
    candu = load("candu")
    screen, track, _ = candu.rules
    assert candu.rule("tutorial.view", type="TRACK") is track
    assert candu.rule("tutorial.view") is screen
    assert candu.rule("Tutorial.View") is None
