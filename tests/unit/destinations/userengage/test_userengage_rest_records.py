"""REST: events, site views, companies, attributes."""

from __future__ import annotations

import pytest


def test_an_event_for_an_internal_id(vendor):
    """`created` is true for the first occurrence ever; version 1 calls the user `client`."""
    vendor.call("identify")
    body = {"user_id": 1, "name": "bought", "timestamp": 1663080164, "data": {"sum": 5}}
    reply = vendor.rest("POST", "events/", body)
    assert (reply.status, reply.body) == (201, {"id": 1, "created": True})
    reply = vendor.rest("POST", "events/", {"client": 1, "name": "bought"}, v1=True)
    assert reply.body == {"id": 2, "created": False}
    (first, second) = vendor.rest("GET", "users/1/events/").body["results"]
    assert (first["timestamp"], first["data"]) == ("2022-09-13T14:42:44.000Z", {"sum": "5"})
    assert second["timestamp"] == "2023-11-14T22:13:20.000Z"


def test_an_event_by_custom_id(vendor):
    """The path names the user."""
    vendor.call("identify")
    reply = vendor.rest("POST", "users-by-id/u1/events/", {"name": "bought", "data": {}})
    assert reply.body == {"id": 1, "created": True}
    assert vendor.rest("POST", "users-by-id/u9/events/", {"name": "bought"}).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *(({"name": "x"}, "user_id"), ({"user_id": 9, "name": "x"}, "user_id")),
        *(({"user_id": True, "name": "x"}, "user_id"), ({"user_id": 1}, "name")),
        *(({"user_id": 1, "name": []}, "name"), ({"user_id": 1, "name": "x", "data": []}, "data")),
        ({"user_id": 1, "name": "x", "timestamp": "soon"}, "timestamp"),
    ],
)
def test_a_wrong_event_changes_nothing(vendor, body, field):
    """400 names the field."""
    vendor.call("identify")
    before = vendor.state
    reply = vendor.rest("POST", "events/", body)
    assert (reply.status, list(reply.body["errors"])) == (400, [field])
    assert vendor.state == before


def test_a_site_view_is_a_page_view(vendor):
    """It counts and moves `last_seen`; clients send the whole URL as the domain."""
    vendor.call("identify")
    key = vendor.user()["user_key"]
    body = {
        "client_user": key,
        "page_domain": "https://shop.example/testing",
        "page_path": "/testing",
        "timestamp": "2021-01-04T14:13:05.801+05:30",
    }
    assert vendor.rest("POST", "site-views/", body).status == 201
    assert vendor.rest("POST", "site-views/", body | {"page_domain": "shop.example"}).status == 201
    assert vendor.user()["page_views"] == 2
    assert vendor.user()["last_seen"] == "2021-01-04T08:43:05.801Z"
    urls = [view["url"] for view in vendor.state["page_views"]]
    assert urls == ["https://shop.example/testing"] * 2
    for name in ("client_user", "page_domain", "page_path"):
        assert vendor.rest("POST", "site-views/", body | {name: ""}).status == 400
    assert vendor.rest("POST", "site-views/", body | {"client_user": "x"}).status == 400


def test_a_company_is_created_read_changed_and_deleted(make):
    """By internal and by custom id."""
    vendor = make(company_attributes={"founded": "number"})
    body = {"custom_id": "acme", "name": "Acme", "size": 12, "tags": ["x"], "founded": "1999"}
    reply = vendor.rest("POST", "companies/", body)
    assert reply.status == 201
    company = reply.body
    assert (company["size"], company["founded"]) == (12, 1999)
    assert vendor.rest("GET", "companies-by-id/acme/").body == company
    assert vendor.rest("GET", "companies/").body["results"] == [company]
    assert vendor.rest("PUT", "companies/1/", {"name": "New"}).body["name"] == "New"
    assert vendor.rest("POST", "companies/", {"custom_id": "acme"}).status == 400
    assert vendor.rest("POST", "companies/", {"email": "x"}).status == 400
    assert vendor.rest("DELETE", "companies/1/").status == 204
    assert vendor.rest("GET", "companies-by-id/acme/").status == 404


def test_version_1_has_other_names_for_companies(vendor):
    """`company_id` and `approx_employees`; those of version 2 are unknown there."""
    body = {"company_id": "acme", "approx_employees": 5}
    company = vendor.rest("POST", "companies/", body, v1=True).body
    assert (company["company_id"], company["approx_employees"]) == ("acme", 5)
    reply = vendor.rest("PUT", "companies/1/", {"size": 6, "custom_id": "x"}, v1=True)
    assert [note.field for note in reply.notes] == ["size", "custom_id"]
    assert (vendor.company()["size"], vendor.company()["custom_id"]) == (5, "acme")


def test_members_come_and_go(vendor):
    """By internal or custom id, once; a user created with a company is one."""
    vendor.call("identify")
    vendor.rest("POST", "companies/", {"custom_id": "acme"})
    for _ in range(2):
        body = {"user_id": 1, "user_custom_id": "u1"}
        assert vendor.rest("POST", "companies/1/add_member/", body).status == 200
    assert [each["custom_id"] for each in vendor.user()["companies"]] == ["acme"]
    path = "companies-by-id/acme/remove_member/"
    assert vendor.rest("POST", path, {"user_custom_id": "u1"}).status == 200
    assert vendor.rest("POST", path, {"user_custom_id": "u1"}).status == 200
    assert vendor.user()["companies"] == []
    vendor.rest("POST", "users/", {"custom_id": "u2", "company_custom_id": "acme"})
    assert [each["custom_id"] for each in vendor.user("u2")["companies"]] == ["acme"]
    for wrong in ({}, {"user_id": 99}, {"user_id": "1"}, {"user_custom_id": "x"}):
        assert vendor.rest("POST", path, wrong).status == 400


def test_a_deleted_company_has_no_members(vendor):
    """The user stays."""
    vendor.call("group", groupId="acme")
    vendor.rest("DELETE", "companies-by-id/acme/")
    assert vendor.user()["companies"] == []


def test_attributes_and_tags_of_companies(make):
    """The same leaves as of users."""
    vendor = make(company_attributes={"plan": "string"})
    vendor.rest("POST", "companies/", {"custom_id": "acme"})
    vendor.rest("POST", "companies/1/set_attribute/", {"attribute": "plan", "value": "pro"})
    vendor.rest("POST", "companies-by-id/acme/set_multiple_attributes/", {"city": "Leeds"})
    vendor.rest("POST", "companies/1/add_tag/", {"name": "x"})
    vendor.rest("POST", "companies/1/add_tag/", {"name": "y"})
    vendor.rest("POST", "companies/1/remove_tag/", {"name": "x"})
    company = vendor.rest("GET", "companies/1/").body
    assert (company["plan"], company["city"]) == ("pro", "Leeds")
    assert [tag["name"] for tag in company["tags"]] == ["y"]


def test_an_attribute_is_created(vendor):
    """`name_std` is the name in lower snake case; its type decides from then on."""
    body = {"name": "Shoe Size", "value_type": "integer", "content_type": "clientuser"}
    reply = vendor.rest("POST", "attributes/", body)
    assert (reply.status, reply.body) == (201, {"id": 1, "name_std": "shoe_size", **body})
    vendor.call("identify", traits={"shoe_size": "43"})
    assert vendor.attributes() == {"Shoe Size": 43}
    assert vendor.rest("GET", "attributes/").body["results"] == [reply.body]
    path = "attribute-type/shoe_size/users/"
    assert vendor.rest("GET", path).body == {"value_type": "integer"}
    assert vendor.rest("GET", path, v1=True).body == {"value_type": 2}
    assert vendor.rest("GET", "attribute-type/shoe_size/companies/").status == 404


def test_a_fixed_attribute_needs_choices(vendor):
    """A list of texts; it may take several."""
    body = {"name": "plan", "value_type": "fixed", "content_type": "company"}
    for wrong in (None, [], "x", [1], [""]):
        assert vendor.rest("POST", "attributes/", body | {"choices": wrong}).status == 400
    body |= {"choices": ["a", "b"], "allow_multiple_choices": True}
    assert vendor.rest("POST", "attributes/", body).status == 201
    vendor.call("group", groupId="acme", traits={"plan": ["b", "a"]})
    assert vendor.company()["attributes"][0]["value"] == ["b", "a"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *(({"name": "x" * 33}, "name"), ({"name": ""}, "name"), ({"name": 5}, "name")),
        *(({"value_type": "text"}, "value_type"), ({"content_type": "user"}, "content_type")),
        ({"name": "There"}, "name"),
    ],
)
def test_a_wrong_attribute_is_refused(make, change, field):
    """400 names the field; also a name that is taken in another casing."""
    vendor = make(attributes={"there": "string"})
    body = {"name": "x", "value_type": "string", "content_type": "clientuser"}
    reply = vendor.rest("POST", "attributes/", body | change)
    assert (reply.status, list(reply.body["errors"])) == (400, [field])
    assert vendor.types() == {"there": "string"}
