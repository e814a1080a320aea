"""What Segment discards after a 200: each code, at its place, and what is let through."""

from __future__ import annotations

import pytest

from mockseg.domain import spec
from mockseg.domain.findings import DISCARD_CODES
from mockseg.domain.message import MESSAGE_TYPES

GOOD = {
    "identify": {"userId": "u1", "traits": {"plan": "pro"}},
    "track": {"userId": "u1", "event": "Signed Up", "properties": {"plan": "pro"}},
    "page": {"userId": "u1", "name": "Home", "category": "Docs", "properties": {}},
    "screen": {"userId": "u1", "name": "Home", "properties": {}},
    "group": {"userId": "u1", "groupId": "g1", "traits": {}},
    "alias": {"userId": "u2", "previousId": "u1"},
}
CONSENT = {"userId": "u1", "event": spec.CONSENT_EVENT}


def found(message, type_):
    """Give code and field of each discard."""
    return [(discard.code, discard.field) for discard in spec.check(message, type_)]


@pytest.mark.parametrize("type_", MESSAGE_TYPES)
def test_a_good_call_of_each_type_is_let_through(type_):
    """A call as the Spec has it has no discards."""
    assert spec.check(GOOD[type_], type_) == ()


@pytest.mark.parametrize("type_", MESSAGE_TYPES)
def test_a_null_counts_as_absent(type_):
    """SDKs send nulls for what they do not know; that is no fault."""
    fields = ("anonymousId", "context", "integrations", "messageId", "timestamp", "previousId")
    assert spec.check(GOOD[type_] | dict.fromkeys(fields), type_) == ()


@pytest.mark.parametrize(
    ("type_", "field"),
    [
        ("identify", "traits"),
        ("group", "traits"),
        ("track", "properties"),
        ("page", "properties"),
        ("page", "name"),
        ("page", "category"),
        ("screen", "name"),
    ],
)
def test_a_null_body_or_name_counts_as_absent(type_, field):
    """Null traits, properties, names and categories are as good as none."""
    assert spec.check(GOOD[type_] | {field: None}, type_) == ()


@pytest.mark.parametrize("type_", MESSAGE_TYPES)
def test_an_anonymous_id_alone_names_the_user(type_):
    """Every type needs one of the two ids only, an alias too."""
    message = {k: v for k, v in GOOD[type_].items() if k != "userId"} | {"anonymousId": "a1"}
    assert found(message, type_) == []


@pytest.mark.parametrize(
    ("message", "discards"),
    [
        ({"previousId": "a", "anonymousId": "b"}, []),
        ({"previousId": "a"}, [("no_user_anon_id", "")]),
        ({"userId": "u"}, []),
    ],
)
def test_an_alias_needs_any_id(message, discards):
    """The only documented test is that one of the two ids is there; previousId is optional."""
    assert found({"type": "alias"} | message, "alias") == discards


@pytest.mark.parametrize(
    ("message", "type_", "code", "origin"),
    [
        ({"userId": "u"}, "", "missing_type", "mockseg"),
        ({"userId": "u", "type": "Track"}, "Track", "invalid_type", "mockseg"),
        ({"event": "E"}, "track", "no_user_anon_id", "segment"),
    ],
)
def test_a_code_says_who_names_it(message, type_, code, origin):
    """No page of Segment's has a code for a type that is missing or unknown."""
    [discard] = spec.check(message, type_)
    assert (discard.code, discard.origin) == (code, origin)


@pytest.mark.parametrize("type_", MESSAGE_TYPES)
@pytest.mark.parametrize("changes", [{}, {"userId": None, "anonymousId": None}])
def test_nobody_in_particular_is_discarded(type_, changes):
    """A call with neither id is no_user_anon_id."""
    message = {k: v for k, v in GOOD[type_].items() if k != "userId"} | changes
    assert ("no_user_anon_id", "") in found(message, type_)


@pytest.mark.parametrize("type_", MESSAGE_TYPES)
@pytest.mark.parametrize("field", ["userId", "anonymousId"])
@pytest.mark.parametrize("value", [5, 0, True, [], {}])
def test_an_id_is_a_string(type_, field, value):
    """Other values are id_not_string at their place, whatever the other id is."""
    message = GOOD[type_] | {"anonymousId": "a1"} | {field: value}
    assert found(message, type_) == [("id_not_string", field)]


@pytest.mark.parametrize("type_", MESSAGE_TYPES)
@pytest.mark.parametrize(("field", "other"), [("userId", "anonymousId"), ("anonymousId", "userId")])
def test_an_empty_id_is_a_mistake_where_nothing_else_names_the_user(type_, field, other):
    """Beside a good one it is what some SDKs send where they know none."""
    message = {key: value for key, value in GOOD[type_].items() if key != "userId"} | {field: ""}
    assert found(message, type_) == [("id_not_string", field)]
    assert found(message | {other: None}, type_) == [("id_not_string", field)]
    assert ("id_not_string", field) in found(message | {other: ""}, type_)
    assert found(message | {other: "u1"}, type_) == []


@pytest.mark.parametrize(
    ("type_", "changes", "expected"),
    [
        ("track", {"event": None}, [("event_not_defined", "event")]),
        ("track", {"event": ""}, [("event_not_defined", "event")]),
        ("track", {"event": 5}, [("event_not_string", "event")]),
        ("track", {"event": 0}, [("event_not_string", "event")]),
        ("track", {"event": ["a"]}, [("event_not_string", "event")]),
        ("track", {"properties": "x"}, [("properties_not_object", "properties")]),
        ("track", {"properties": []}, [("properties_not_object", "properties")]),
        ("page", {"properties": 1}, [("properties_not_object", "properties")]),
        ("screen", {"properties": False}, [("properties_not_object", "properties")]),
        ("identify", {"traits": "x"}, [("traits_not_object", "traits")]),
        ("group", {"traits": []}, [("traits_not_object", "traits")]),
        ("page", {"name": 5}, [("name_not_string", "name")]),
        ("page", {"name": ""}, [("name_not_string", "name")]),
        ("screen", {"name": {}}, [("name_not_string", "name")]),
        ("page", {"category": ""}, []),
        ("screen", {"category": ""}, []),
        ("screen", {"category": 5}, [("category_not_string", "category")]),
        ("group", {"groupId": None}, [("id_required", "groupId")]),
        ("group", {"groupId": 5}, [("id_not_string", "groupId")]),
        ("group", {"groupId": ""}, [("id_not_string", "groupId")]),
        ("alias", {"previousId": 5}, [("id_not_string", "previousId")]),
        ("track", {"messageId": 5}, [("id_not_string", "messageId")]),
        ("track", {"messageId": "m" * 101}, [("message_id_too_long", "messageId")]),
        ("track", {"messageId": "m" * 100}, []),
        ("track", {"context": "x"}, [("context_not_object", "context")]),
        ("track", {"integrations": []}, [("integrations_not_object", "integrations")]),
        ("identify", {"properties": "x"}, []),
        ("track", {"traits": "x", "name": 5, "category": 5}, []),
        ("", {"type": None}, [("missing_type", "type")]),
        ("Track", {"type": "Track"}, [("invalid_type", "type")]),
        ("", {"type": 5}, [("invalid_type", "type")]),
    ],
)
def test_each_fault_has_its_code_and_place(type_, changes, expected):
    """One fault is one discard, with Segment's code and the field."""
    assert found(GOOD.get(type_, GOOD["track"]) | changes, type_) == expected


@pytest.mark.parametrize("message", [None, 5, "x", [], True, 1.5])
def test_a_message_is_an_object(message):
    """Anything else is bad_request, of the whole message."""
    assert found(message, "track") == [("bad_request", "")]


def test_every_fault_of_a_call_is_reported():
    """The first fault is never the only one that is told."""
    message = {"event": 5, "properties": [], "context": 1, "integrations": 2, "messageId": 3}
    assert [code for code, _ in found(message, "track")] == [
        "no_user_anon_id",
        "id_not_string",
        "event_not_string",
        "properties_not_object",
        "context_not_object",
        "integrations_not_object",
    ]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (None, ["consent_categorypreferences_should_exist"]),
        ({}, ["consent_categorypreferences_should_exist"]),
        ({"consent": {}}, ["consent_categorypreferences_should_exist"]),
        (
            {"consent": {"categoryPreferences": []}},
            ["consent_categorypreferences_fields_should_be_object"],
        ),
        (
            {"consent": {"categoryPreferences": {"ads": "yes", "all": True}}},
            ["consent_categorypreferences_fields_should_be_bool"],
        ),
        (
            {"consent": {"categoryPreferences": {}, "version": "2"}},
            ["consent_version_should_be_number"],
        ),
        (
            {"consent": {"categoryPreferences": {}, "version": True}},
            ["consent_version_should_be_number"],
        ),
        (
            {"consent": {"categoryPreferences": {}}, "device": {"advertisingId": 5}},
            ["device_advertisingid_should_be_string"],
        ),
        (
            {
                "consent": {"categoryPreferences": {"ads": False}, "version": 2},
                "device": {"advertisingId": "i"},
            },
            [],
        ),
    ],
)
def test_the_consent_event_is_looked_into(context, expected):
    """Segment's own consent event has rules for its context."""
    assert [code for code, _ in found(CONSENT | {"context": context}, "track")] == expected


def test_a_broken_preference_is_named():
    """The place of a wrong preference ends with its category."""
    context = {"consent": {"categoryPreferences": {"ads": 1}}}
    assert found(CONSENT | {"context": context}, "track") == [
        (
            "consent_categorypreferences_fields_should_be_bool",
            "context.consent.categoryPreferences.ads",
        )
    ]


def test_other_events_may_have_any_consent():
    """The consent rules are for the consent event only."""
    context = {"consent": {"categoryPreferences": 5}, "device": {"advertisingId": 5}}
    assert spec.check(GOOD["track"] | {"context": context}, "track") == ()


def test_a_description_names_the_value_and_its_type():
    """A person can see from the sentence what was sent."""
    (discard,) = spec.check(GOOD["track"] | {"properties": "all of it"}, "track")
    assert discard.description == 'properties is the string "all of it", not an object'


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("x" * 50, f'the string "{"x" * 40}"'),
        ("", "an empty string"),
        (10**49, f"the number 1{'0' * 39}"),
        (1.5, "the number 1.5"),
        (True, "the boolean true"),
        (False, "the boolean false"),
        ([1], "an array"),
    ],
)
def test_a_value_is_shown_in_forty_characters(sent, shown):
    """A sentence stays short whatever was sent."""
    (discard,) = spec.check(GOOD["track"] | {"properties": sent}, "track")
    assert discard.description == f"properties is {shown}, not an object"


def test_codes_say_whether_they_are_segments():
    """A code that Segment does not publish says that it is mockseg's."""
    discards = spec.check({"event": 5, "userId": "u", "context": 1}, "track")
    assert [(discard.code, discard.origin) for discard in discards] == [
        ("event_not_string", "segment"),
        ("context_not_object", "mockseg"),
    ]


def test_every_code_has_a_sentence():
    """No code is left without an explanation."""
    assert all(DISCARD_CODES.values())


@pytest.mark.parametrize("type_", ["identify", "zzz", ""])
def test_only_track_calls_take_the_short_way(type_):
    """Whatever type stands before or after it; all others are looked at whole."""
    message = {"event": "E", "userId": "u", "messageId": "m"}
    assert spec.plain_track(message, "track") == ("E", "u", "m")
    assert spec.plain_track(message, type_) is None
