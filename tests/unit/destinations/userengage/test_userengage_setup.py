"""Setting an application up, and what only the vendor's own pages could do."""

from __future__ import annotations

import random

import msgspec
import pytest

from mockseg.destinations.userengage.imitation import UserEngage
from mockseg.destinations.userengage.setup import AttributeSetup, UserEngageSetup
from mockseg.errors import VendorStateError


@pytest.mark.parametrize(
    ("setup", "place", "words"),
    [
        ({"attributes": {"plan": "text"}}, "attributes.plan", "Allowed: string, number"),
        ({"attributes": {"n" * 33: "string"}}, f"attributes.{'n' * 33}", "1 to 32"),
        ({"attributes": {"a b": "string", "aB": "number"}}, "attributes.aB", "defined already"),
        ({"company_attributes": {"x": "fixed"}}, "companyAttributes.x", "no choices"),
        (
            {"attributes": {"x": AttributeSetup(type="string", choices=("a",))}},
            "attributes.x",
            "only fixed",
        ),
        ({"events": {"Paid": {"sum": "money"}}}, "events.Paid.sum", '"money"'),
        ({"events": {"": {}}}, "events", "empty name"),
        ({"event_attributes": {"x": "string"}}, "eventAttributes", "eventNamespace"),
        (
            {"event_namespace": "global", "events": {"Paid": {"sum": "number"}}},
            "events.Paid",
            "eventAttributes",
        ),
        ({"trusted_domains": ("https://a.example",)}, "trustedDomains[0]", "bare host"),
        ({"page_size": 101}, "pageSize", "<= 100"),
        ({"most_records": 0}, "mostRecords", ">= 1"),
        ({"rest_requests_per_second": 0}, "restRequestsPerSecond", ">= 1"),
        ({"rest_token": " "}, "restToken", "empty"),
    ],
)
def test_a_setup_that_contradicts_itself_is_refused(make, setup, place, words):
    """The error names the place and what is allowed."""
    with pytest.raises(VendorStateError) as error:
        make(**setup)
    assert error.value.place == place
    assert words in error.value.reason


def test_a_setup_is_read_from_json():
    """In camel case; a type is a word, or an object for a fixed one; a wrong name is refused."""
    given = {
        "attributes": {"age": "number", "plan": {"type": "fixed", "choices": ["a", "b"]}},
        "companyAttributes": {"seats": "integer"},
        "trustedDomains": ["shop.example"],
        "segmentKeyForRest": False,
    }
    setup = msgspec.convert(given, UserEngageSetup)
    state = UserEngage(setup, key="k", random=random.Random(0)).state()
    assert [each["value_type"] for each in state["attributes"]] == ["number", "fixed", "integer"]
    assert state["trusted_domains"] == ["shop.example"]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"atributes": {}}, UserEngageSetup)


def test_the_same_seed_mints_the_same(make):
    """Keys, tokens and user keys are drawn from the random source that is given."""

    def minted():
        vendor = make()
        vendor.call("identify")
        return (
            vendor.state["rest_token"],
            vendor.user()["user_key"],
            vendor.imitation.act("generate_key", {}, now_ns=0),
        )

    assert minted() == minted()


def test_keys_are_generated_and_revoked(vendor):
    """The oldest valid one, or the one that is named."""
    act = vendor.imitation.act
    second = act("generate_key", {}, now_ns=0)["key"]
    assert len(second) == 64
    assert act("revoke_key", {}, now_ns=0) == {"key": "segment-key", "revoked": True}
    assert act("revoke_key", {}, now_ns=0)["key"] == second
    with pytest.raises(VendorStateError, match="generate one first"):
        act("revoke_key", {}, now_ns=0)
    with pytest.raises(VendorStateError, match="not a Segment API key of this application"):
        act("revoke_key", {"key": "x"}, now_ns=0)


def test_attributes_and_events_are_defined(vendor):
    """The answer is the definition in REST's names; the same again is no change."""
    act = vendor.imitation.act
    for _ in range(2):
        defined = act("define_attribute", {"name": "Shoe Size", "type": "integer"}, now_ns=0)
        assert (defined["name_std"], defined["value_type"]) == ("shoe_size", "integer")
        act("define_company_attribute", {"name": "seats", "type": "number"}, now_ns=0)
        event = {"name": "Paid", "attributes": {"sum": "float"}}
        assert act("define_event", event, now_ns=0)["attributes"][0]["name"] == "sum"
    fixed = {"event": "Paid", "name": "by", "type": "fixed", "choices": ["card"]}
    assert act("define_event_attribute", fixed, now_ns=0)["choices"] == ["card"]
    assert vendor.events() == {"Paid": {"sum": "float", "by": "fixed"}}


def test_where_events_share_attributes_they_are_defined_without_an_event(make):
    """By the switch `event_namespace`."""
    act = make(event_namespace="global").imitation.act
    assert act("define_event", {"name": "Paid"}, now_ns=0) == {"id": 1, "name": "Paid"}
    assert act("define_event_attribute", {"name": "sum", "type": "float"}, now_ns=0)["id"] == 1
    with pytest.raises(VendorStateError, match="share"):
        act("define_event_attribute", {"event": "Paid", "name": "x", "type": "float"}, now_ns=0)
    with pytest.raises(VendorStateError, match="share"):
        act("define_event", {"name": "Paid", "attributes": {"x": "float"}}, now_ns=0)


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("fly", {}, 'unknown action "fly". Allowed: define_attribute'),
        ("revoke_key", {"kye": "x"}, "kye"),
        ("trust_domain", {}, "domain"),
        ("trust_domain", {"domain": 5}, "must be a text"),
        ("trust_domain", {"domain": "https://a.example/"}, "bare host"),
        ("untrust_domain", {"domain": "a.example"}, "trusts all"),
        ("define_attribute", {"name": "x", "type": "text"}, "Allowed: string"),
        ("define_attribute", {"name": "age", "type": "string"}, "defined already, as number"),
        ("define_event", {"name": ""}, "empty name"),
        ("define_event", {"name": "E", "attributes": {"a": "string", "b": "x"}}, '"x"'),
        ("define_event", {"name": "E", "attributes": {"a": "string", "A": "float"}}, "already"),
        ("define_event_attribute", {"name": "x", "type": "string"}, "unknown event"),
        ("define_event_attribute", {"event": "E", "name": "x", "type": "string"}, "unknown event"),
    ],
)
def test_a_wrong_action_changes_nothing(make, action, arguments, words):
    """The error says what is allowed."""
    vendor = make(attributes={"age": "number"})
    before = vendor.state
    with pytest.raises(VendorStateError, match=words):
        vendor.imitation.act(action, arguments, now_ns=0)
    assert vendor.state == before


def test_each_action_says_what_it_does():
    """In one sentence; its arguments have a docstring."""
    for name, action in UserEngage.actions.items():
        assert action.summary.endswith("."), name
        assert action.arguments.__doc__, name


def test_another_kinds_setup_is_refused():
    """A mistake of the caller's, not of a user's."""
    from mockseg.destinations.vendor import Setup

    with pytest.raises(TypeError, match="UserEngageSetup"):
        UserEngage(Setup(), key="k", random=random.Random(0))
