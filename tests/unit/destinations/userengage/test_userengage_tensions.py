"""Where the document is at odds with itself or with others: how it is resolved."""

from __future__ import annotations

import pytest

from mockseg.destinations.audiences import Audience


def test_ue_x1_group_falls_back_to_the_anonymous_id(vendor):
    """As all methods, though its section speaks of the userId alone."""
    assert vendor.send({"type": "group", "anonymousId": "a1", "groupId": "acme"}).status == 200
    assert [each["custom_id"] for each in vendor.user("a1")["companies"]] == ["acme"]


@pytest.mark.parametrize("kind", ["number", "integer", "float"])
def test_ue_x2_number_integer_and_float_can_be_defined(make, kind):
    """The page says number, the API integer and float; REST creates only the latter two."""
    vendor = make(attributes={"n": kind})
    vendor.call("identify", traits={"n": "2"})
    assert vendor.attributes() == {"n": 2}
    body = {"name": "m", "value_type": kind, "content_type": "clientuser"}
    assert vendor.rest("POST", "attributes/", body).status == (400 if kind == "number" else 201)


@pytest.mark.parametrize(
    ("policy", "status", "kept"),
    [("ignore", 200, {}), ("create", 200, {"x": "1"}), ("refuse", 400, {})],
)
def test_ue_x3_each_surface_has_its_policy_for_unknown_attributes(make, policy, status, kept):
    """The inlet creates them; REST does as it is set up."""
    vendor = make(rest_unknown_attributes=policy)
    vendor.call("identify")
    assert vendor.rest("PUT", "users-by-id/u1/", {"x": 1}).status == status
    assert vendor.attributes() == kept
    vendor.call("identify", traits={"y": 1})
    assert vendor.attributes() == kept | {"y": "1"}


def test_ue_x4_a_revoked_key_is_403_and_garbled_credentials_401(vendor):
    """The document wins over the generic contract."""
    vendor.imitation.act("revoke_key", {}, now_ns=0)
    assert vendor.send({"type": "page", "userId": "u1"}).status == 403
    assert vendor.request("POST", "/segment", {"type": "page", "userId": "u1"}).status == 401


@pytest.mark.parametrize(
    ("setup", "entered", "left"),
    [({}, "true", "false"), ({"attributes": {"big_spenders": "boolean"}}, True, False)],
)
def test_ue_x5_an_audience_is_text_unless_its_attribute_is_boolean(make, setup, entered, left):
    """An undefined trait becomes a string, also this one."""
    vendor = make(**setup)
    audience = Audience("Big Spenders", destinations=["UserEngage"])
    for messages, value in ((audience.enter(["u1"]), entered), (audience.leave(["u1"]), left)):
        for message in messages:
            assert vendor.send(message).status == 200
        assert vendor.attributes() == {"big_spenders": value}


def test_ue_x6_both_spellings_of_a_trait_are_one(vendor):
    """Where a call has two, the documented one counts, and no attribute is created."""
    reply = vendor.call("identify", traits={"first_name": "Ada", "firstName": "Bob"})
    assert vendor.user()["first_name"] == "Ada"
    assert vendor.types() == {}
    assert [note.field for note in reply.notes] == ["traits.firstName"]


def test_ue_x7_identify_touches_no_counters(vendor):
    """It sets `current_url` and neither `last_seen` nor `page_views`."""
    vendor.call(
        "identify", context={"page": {"url": "https://a.example"}}, timestamp="2024-01-01T00:00:00Z"
    )
    user = vendor.user()
    assert user["current_url"] == "https://a.example"
    assert (user["page_views"], user["last_seen"]) == (0, None)
    assert vendor.state["page_views"] == []


def test_ue_x8_names_follow_the_version(vendor):
    """`custom_id` with `version=2`, else `user_id`; both `key` and `user_key` always."""
    vendor.call("group", groupId="acme")
    new = vendor.rest("GET", "users-by-id/u1/").body
    old = vendor.rest("GET", "users-by-id/u1/", v1=True).body
    assert (new["custom_id"], old["user_id"]) == ("u1", "u1")
    assert "user_id" not in new
    assert "custom_id" not in old
    assert new["key"] == new["user_key"] == old["key"] == old["user_key"]
    assert (new["companies"][0]["custom_id"], old["companies"][0]["company_id"]) == ("acme", "acme")


def test_ue_x8_the_version_is_read_with_and_without_a_space(vendor):
    """Clients write `*/*; version=2` and `*/*;version=2`."""
    vendor.call("identify")
    for accept, name in (("*/*;version=2", "custom_id"), ("*/*; version=20", "user_id")):
        headers = (("Authorization", "Token segment-key"), ("Accept", accept))
        reply = vendor.request("GET", "/api/public/users-by-id/u1/", headers=headers)
        assert name in reply.body
