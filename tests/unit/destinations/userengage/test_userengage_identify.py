"""Identify: traits and context become fields and attributes of the user."""

from __future__ import annotations

import pytest

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"


def notes(reply):
    """Give code and place of each note."""
    return [(note.code, note.field) for note in reply.notes]


def test_ue_07_the_mapped_traits_go_to_fields(vendor):
    """Email, names, phone and gender are no custom attributes."""
    vendor.call(
        "identify",
        traits={
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "Byron",
            "phone": "+44 20 7946 0000",
            "gender": "female",
        },
    )
    user = vendor.user()
    assert user["email"] == "ada@example.com"
    assert (user["first_name"], user["last_name"], user["name"]) == ("Ada", "Byron", "Ada Byron")
    assert (user["phone_number"], user["gender"]) == ("+44 20 7946 0000", "female")
    assert user["attributes"] == []


@pytest.mark.parametrize(
    "name", ["firstName", "first_name", "firstname", "FirstName", "FIRST_NAME"]
)
def test_ue_07_any_casing_is_accepted(vendor, name):
    """`firstName` is `first_name`, and never a custom attribute beside it."""
    vendor.call("identify", traits={name: "Ada"})
    assert vendor.user()["first_name"] == "Ada"
    assert vendor.types() == {}


@pytest.mark.parametrize(
    ("given", "kept"), [("M", "male"), ("f", "female"), ("Female", "female"), (2, "male")]
)
def test_ue_07_genders_are_words_letters_and_codes(vendor, given, kept):
    """As the vendor's REST API has them."""
    vendor.call("identify", traits={"gender": given})
    assert vendor.user()["gender"] == kept


@pytest.mark.parametrize(
    "traits",
    [
        *({"gender": "robot"}, {"email": ["a@b.c"]}, {"phone": True}, {"firstName": {"a": 1}}),
        {"last_name": "x" * 41},
    ],
)
def test_ue_07_a_value_that_no_field_takes_is_ignored(vendor, traits):
    """The call succeeds, its other traits count, and a note says what was ignored."""
    reply = vendor.call("identify", traits={**traits, "plan": "pro"})
    (name,) = traits
    assert notes(reply) == [("value_ignored", f"traits.{name}")]
    assert vendor.attributes() == {"plan": "pro"}


def test_ue_08_an_address_is_split(vendor):
    """Country, region and city are fields; what is missing leaves its field untouched."""
    vendor.call("identify", traits={"address": {"country": "UK", "region": "X", "city": "London"}})
    vendor.call("identify", traits={"address": {"city": "Leeds", "street": "High St"}})
    user = vendor.user()
    assert (user["country"], user["region"], user["city"]) == ("UK", "X", "Leeds")
    assert user["attributes"] == []


def test_ue_08_a_state_is_a_region(vendor):
    """Segment's addresses have `state`."""
    vendor.call("identify", traits={"address": {"state": "CA"}})
    assert vendor.user()["region"] == "CA"


def test_ue_08_an_address_that_is_text_cannot_be_split(make):
    """It is ignored with a note, or becomes an attribute by the switch `address_text`."""
    vendor = make()
    reply = vendor.call("identify", traits={"address": "London, UK"})
    assert notes(reply) == [("value_ignored", "traits.address")]
    assert vendor.types() == {}
    vendor = make(address_text="attribute")
    vendor.call("identify", traits={"address": "London, UK"})
    assert vendor.attributes() == {"address": "London, UK"}


def test_ue_09_the_context_fills_eleven_fields(vendor):
    """The document's list; where each comes from is the Spec's field for it."""
    vendor.call(
        "identify",
        context={
            "userAgent": FIREFOX,
            "os": {"name": "Linux", "version": "6.1"},
            "device": {"name": "maguro", "model": "GT", "type": "android"},
            "locale": "en-GB",
            "screen": {"width": 1440, "height": 900},
            "ip": "192.0.2.1",
            "timezone": "Europe/London",
            "page": {"url": "https://shop.example/a"},
        },
    )
    expected = {
        "user_agent": FIREFOX,
        "os": "Linux 6.1",
        "device_name": "maguro",
        "device_type": "android",
        "language": "en-GB",
        "resolution": "1440x900",
        "ip_address": "192.0.2.1",
        "browser_family": "Firefox",
        "browser_version": "120.0",
        "timezone": "Europe/London",
        "current_url": "https://shop.example/a",
    }
    assert expected.items() <= vendor.user().items()


def test_ue_09_analytics_js_says_system_and_device_in_its_user_agent(vendor):
    """Its context has neither `os` nor `device`; what the context says itself wins."""
    pixel = (
        "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/120.0.0.0 Mobile Safari/537.36"
    )
    vendor.call("identify", context={"userAgent": pixel, "screen": {"width": 412, "height": 915}})
    user = vendor.user()
    assert (user["os"], user["device_type"], user["device_name"]) == (
        "Android 13",
        "mobile",
        "Pixel 7",
    )
    assert (user["browser_family"], user["resolution"]) == ("Chrome", "412x915")
    vendor.call("identify", context={"userAgent": pixel, "device": {"type": "android"}})
    assert vendor.user()["device_type"] == "android"
    vendor.call("page", context={"userAgent": pixel})
    assert vendor.state["page_views"][0]["os_type"] == "Android 13"


def test_ue_09_client_hints_say_what_a_user_agent_keeps_to_itself(vendor):
    """analytics.js sends them as `userAgentData`."""
    hints = {"mobile": False, "platform": "macOS", "brands": []}
    vendor.call("identify", context={"userAgent": "Mozilla/5.0", "userAgentData": hints})
    user = vendor.user()
    assert (user["os"], user["device_type"], user["device_name"]) == ("macOS", "desktop", None)


def test_ue_09_an_absent_context_leaves_fields_unchanged(vendor):
    """Neither a missing context nor a missing member empties a field."""
    vendor.call("identify", context={"ip": "192.0.2.1", "device": {"model": "GT"}})
    vendor.call("identify")
    vendor.call("identify", context={"locale": "fr", "device": None, "os": []})
    user = vendor.user()
    assert (user["ip_address"], user["device_name"]) == ("192.0.2.1", "GT")
    assert (user["language"], user["os"]) == ("fr", None)


def test_ue_10_other_traits_are_custom_attributes(vendor):
    """Also one that is called like a field that identify does not map."""
    vendor.call("identify", traits={"plan": "pro", "city": "Leeds"})
    assert vendor.attributes() == {"plan": "pro", "city": "Leeds"}
    assert vendor.user()["city"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((999, "999"), (450.00, "450"), (0.5, "0.5"), (True, "true"), (False, "false"), ("", "")),
        *(([1, "a"], '[1,"a"]'), ({"a": None}, '{"a":null}')),
    ],
)
def test_ue_11_an_undefined_trait_is_created_as_a_string(vendor, value, text):
    """Whatever comes is stored as text."""
    vendor.call("identify", traits={"new": value})
    assert vendor.types() == {"new": "string"}
    assert vendor.attributes() == {"new": text}


def test_ue_12_the_text_of_a_number_becomes_a_number(make):
    """Where the attribute is defined as one."""
    vendor = make(attributes={"custom_integer": "number"})
    vendor.call("identify", traits={"custom_integer": "123"})
    assert vendor.attributes() == {"custom_integer": 123}


def test_ue_13_what_cannot_be_converted_is_ignored(make):
    """The other traits apply, the previous value and the definition stay."""
    vendor = make(attributes={"age": "number"})
    vendor.call("identify", traits={"age": 41})
    reply = vendor.call("identify", traits={"age": "old", "plan": "pro"})
    assert vendor.attributes() == {"age": 41, "plan": "pro"}
    assert vendor.types() == {"age": "number", "plan": "string"}
    (note,) = reply.notes
    assert (note.code, note.field) == ("value_ignored", "traits.age")
    assert '"old"' in note.description
    assert "number" in note.description


def test_ue_14_the_documents_example(make):
    """`custom_integer` defined as number, `custom_integer_new` not at all."""
    vendor = make(attributes={"custom_integer": "number"})
    vendor.call("identify", traits={"custom_integer": "123", "custom_integer_new": 999})
    assert vendor.attributes() == {"custom_integer": 123, "custom_integer_new": "999"}
    assert vendor.types() == {"custom_integer": "number", "custom_integer_new": "string"}


def test_ue_15_the_type_sticks(vendor):
    """An attribute that was created as a string takes text from then on."""
    vendor.call("identify", traits={"custom_integer_new": 999})
    vendor.call("identify", traits={"custom_integer_new": 5})
    assert vendor.attributes() == {"custom_integer_new": "5"}


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        *(("number", 5, 5), ("number", 5.5, 5.5), ("number", " 5.50 ", 5.5), ("number", 5.0, 5)),
        *(
            ("number", "1e3", 1000),
            ("number", "-7", -7),
            ("integer", "12", 12),
            ("integer", 3.0, 3),
        ),
        *(("float", 3, 3.0), ("float", "2.5", 2.5)),
        *(("boolean", True, True), ("boolean", "False", False), ("boolean", 0, False)),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", "2024-02-29T23:30:00.000Z", "2024-02-29"),
        ("date", "2024-02-29T23:30:00-05:00", "2024-02-29"),
        ("date", " 2024-02-29 ", "2024-02-29"),
        ("datetime", "2024-02-29T12:00:00+01:00", "2024-02-29T11:00:00.000Z"),
        *(("string", 7, "7"), ("json", {"a": [1]}, {"a": [1]}), ("json", 5, 5)),
    ],
)
def test_ue_16_values_convert_to_the_defined_type(make, kind, value, kept):
    """The matrix of conversions."""
    vendor = make(attributes={"it": kind})
    vendor.call("identify", traits={"it": value})
    result = vendor.attributes()["it"]
    assert result == kept
    assert type(result) is type(kept)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("number", "abc"), ("number", ""), ("number", True), ("number", [1]), ("number", "1_0")),
        *(("number", "nan"), ("number", 10**400), ("number", "1e999"), ("integer", 1.5)),
        *(("float", "x"), ("boolean", "yes"), ("boolean", 2), ("boolean", None)),
        *(
            ("date", "2024-02-30"),
            ("date", "2024-02-29Tnoon"),
            ("date", "today"),
            ("date", 5),
            ("datetime", "soon"),
        ),
        ("string", None),
    ],
)
def test_ue_16_other_values_are_ignored(make, kind, value):
    """No value is stored; null is ignored without a word."""
    vendor = make(attributes={"it": kind})
    reply = vendor.call("identify", traits={"it": value})
    assert vendor.attributes() == {}
    assert len(reply.notes) == (value is not None)


def test_ue_16_a_fixed_attribute_takes_its_choices(make):
    """One of them, or several where it is so defined."""
    from mockseg.destinations.userengage.setup import AttributeSetup

    vendor = make(
        attributes={
            "plan": AttributeSetup(type="fixed", choices=("free", "pro")),
            "uses": AttributeSetup(type="fixed", choices=("a", "b", "c"), many=True),
        }
    )
    vendor.call("identify", traits={"plan": "pro", "uses": ["a", "c"]})
    vendor.call("identify", traits={"plan": "gold", "uses": ["a", "z"]})
    assert vendor.attributes() == {"plan": "pro", "uses": ["a", "c"]}


def test_ue_16_null_creates_no_attribute(vendor):
    """Nor does it empty one, nor a field."""
    vendor.call("identify", traits={"plan": "pro", "email": "a@b.c"})
    vendor.call("identify", traits={"plan": None, "email": None, "other": None, "address": None})
    assert vendor.attributes() == {"plan": "pro"}
    assert vendor.user()["email"] == "a@b.c"
    assert vendor.types() == {"plan": "string"}


def test_ue_16_what_nests_too_deep_is_ignored(make):
    """Bounded, so that it can be shown again."""
    deep = []
    for _ in range(40):
        deep = [deep]
    vendor = make(attributes={"any": "json"})
    reply = vendor.call("identify", traits={"any": deep, "new": deep, "plan": "pro"})
    assert notes(reply) == [("value_ignored", "traits.any"), ("value_ignored", "traits.new")]
    assert vendor.attributes() == {"plan": "pro"}


def test_ue_17_names_have_up_to_32_characters(vendor):
    """Longer ones, and the empty one, are ignored with a note."""
    reply = vendor.call("identify", traits={"n" * 32: 1, "n" * 33: 2, "": 3})
    assert notes(reply) == [("name_ignored", f"traits.{'n' * 33}"), ("name_ignored", "traits.")]
    assert vendor.attributes() == {"n" * 32: "1"}


def test_ue_17_an_attribute_is_found_in_any_casing(make):
    """By its name in lower snake case, which REST calls `name_std`."""
    vendor = make(attributes={"Favourite Colour": "string"})
    vendor.call("identify", traits={"favouriteColour": "red"})
    (attribute,) = vendor.user()["attributes"]
    assert (attribute["name"], attribute["name_std"]) == ("Favourite Colour", "favourite_colour")
    assert attribute["value"] == "red"


def test_ue_17_two_spellings_in_one_call_are_one_attribute(vendor):
    """It is called as the first is written, and has the value of the last."""
    vendor.call("identify", traits={"Hat": "red", "hat": "blue"})
    assert vendor.attributes() == {"Hat": "blue"}


@pytest.mark.parametrize("fields", [{}, {"traits": {}}, {"traits": None}])
def test_ue_18_without_traits_the_user_is_created(vendor, fields):
    """Empty traits are legal."""
    vendor.call("identify", **fields)
    assert vendor.user()["attributes"] == []


def test_ue_18a_attributes_are_defined_beforehand(make):
    """At set-up, and later as at the vendor's own page."""
    vendor = make(
        attributes={"age": "integer"},
        company_attributes={"seats": "number"},
        events={"Paid": {"amount": "float"}},
    )
    vendor.imitation.act("define_attribute", {"name": "vip", "type": "boolean"}, now_ns=0)
    assert vendor.types() == {"age": "integer", "vip": "boolean"}
    assert vendor.types("company") == {"seats": "number"}
    assert vendor.events() == {"Paid": {"amount": "float"}}
    vendor.call("identify", traits={"age": "41", "vip": "true"})
    assert vendor.attributes() == {"age": 41, "vip": True}


def test_ue_18b_the_email_selects_nobody(vendor):
    """A new userId with a known email is a second user."""
    vendor.call("identify", "u1", traits={"email": "a@b.c"})
    vendor.call("identify", "u2", traits={"email": "a@b.c"})
    assert [user["email"] for user in vendor.state["users"]] == ["a@b.c", "a@b.c"]


def test_ue_19_traits_of_the_context_are_not_mapped(make):
    """Unless the switch `context_traits` says so; then the call's own win."""
    context = {"traits": {"plan": "free", "email": "a@b.c"}}
    vendor = make()
    vendor.call("identify", traits={"plan": "pro"}, context=context)
    assert (vendor.user()["email"], vendor.attributes()) == (None, {"plan": "pro"})
    vendor = make(context_traits=True)
    vendor.call("identify", traits={"plan": "pro"}, context=context)
    assert (vendor.user()["email"], vendor.attributes()) == ("a@b.c", {"plan": "pro"})
