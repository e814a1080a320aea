"""Group: companies and who belongs to them."""

from __future__ import annotations

import pytest


def test_ue_40_group_creates_and_updates_a_company_and_associates_the_user(vendor):
    """Keyed by the groupId."""
    vendor.call("group", "u1", groupId="acme", traits={"name": "Acme", "plan": "free"})
    vendor.call("group", "u2", groupId="acme", traits={"plan": "pro"})
    company = vendor.company()
    assert company["name"] == "Acme"
    assert [(each["name"], each["value"]) for each in company["attributes"]] == [("plan", "pro")]
    for user in ("u1", "u2"):
        assert [each["id"] for each in vendor.user(user)["companies"]] == [company["id"]]


def test_ue_41_a_missing_company_is_created_with_the_group_id(vendor):
    """As its custom id; a number is taken as its text."""
    vendor.call("group", groupId="acme")
    vendor.call("group", groupId=7)
    assert [each["custom_id"] for each in vendor.state["companies"]] == ["acme", "7"]


def test_ue_42_repeating_changes_no_membership(vendor):
    """One membership, since the first call."""
    first = {"type": "group", "userId": "u1", "groupId": "acme"}
    vendor.send(first, now_ns=1_000_000_000)
    vendor.send(first, now_ns=9_000_000_000)
    (membership,) = vendor.user()["companies"]
    assert membership["member_since"] == "1970-01-01T00:00:01.000Z"


def test_ue_43_semantic_traits_are_fields_of_the_company(vendor):
    """In any casing; everything else follows the rule of custom attributes."""
    vendor.call(
        "group",
        groupId="acme",
        traits={
            "address": "6th St",
            "description": "Anvils",
            "Email": "info@acme.example",
            "employees": 329,
            "name": "Acme",
            "phone": "555",
            "industry": "Mining",
        },
    )
    expected = {
        "address": "6th St",
        "description": "Anvils",
        "email": "info@acme.example",
        "size": 329,
        "name": "Acme",
        "phone_numbers": "555",
    }
    assert expected.items() <= vendor.company().items()
    assert vendor.types("company") == {"industry": "string"}


def test_ue_43_company_attributes_are_a_namespace_of_their_own(make):
    """The same name may be a number for companies and a string for users."""
    vendor = make(company_attributes={"level": "number"})
    vendor.call("identify", traits={"level": "3"})
    reply = vendor.call("group", groupId="acme", traits={"level": "3", "seats": "many"})
    assert vendor.attributes() == {"level": "3"}
    assert [each["value"] for each in vendor.company()["attributes"]] == [3, "many"]
    assert reply.notes == ()


@pytest.mark.parametrize(("given", "kept"), [("329", 329), (329, 329), ("50-100", "50-100")])
def test_ue_44_employees_are_a_number_where_possible(vendor, given, kept):
    """Another text stays as given; over REST it is `size`, in version 1 `approx_employees`."""
    vendor.call("group", groupId="acme", traits={"employees": given})
    assert vendor.company()["size"] == kept
    assert vendor.rest("GET", "companies-by-id/acme/").body["size"] == kept
    body = vendor.rest("GET", "companies-by-id/acme/", v1=True).body
    assert body["approx_employees"] == kept


def test_ue_44_an_address_object_is_joined(make):
    """By commas, or without anything by the switch `company_address`."""
    address = {"street": "6th St", "city": "San Francisco", "postalCode": 94103, "x": None, "y": {}}
    vendor = make()
    vendor.call("group", groupId="acme", traits={"address": address})
    assert vendor.company()["address"] == "6th St, San Francisco, 94103"
    vendor = make(company_address="concatenated")
    vendor.call("group", groupId="acme", traits={"address": address})
    assert vendor.company()["address"] == "6th StSan Francisco94103"


@pytest.mark.parametrize("fields", [{}, {"groupId": None}, {"groupId": ""}, {"groupId": []}])
def test_ue_45_a_group_needs_its_id(vendor, fields):
    """400, and neither user nor company is created."""
    reply = vendor.send({"type": "group", "userId": "u1", "traits": {"name": "x"}, **fields})
    assert reply.status == 400
    assert (vendor.state["users"], vendor.state["companies"]) == ([], [])


def test_ue_45_a_user_may_belong_to_several_companies(vendor):
    """In the order of joining."""
    vendor.call("group", groupId="acme")
    vendor.call("group", groupId="umbrella")
    assert [each["custom_id"] for each in vendor.user()["companies"]] == ["acme", "umbrella"]
