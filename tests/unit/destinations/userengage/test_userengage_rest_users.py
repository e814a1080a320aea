"""REST: users, as SDKs and RudderStack use them."""

from __future__ import annotations

import pytest


def test_a_user_is_created_and_read(vendor):
    """By internal id, by custom id and by key it is the same."""
    body = {"custom_id": "u1", "email": "ada@example.com", "first_name": "Ada", "gender": 3}
    reply = vendor.rest("POST", "users/", body)
    assert reply.status == 201
    user = reply.body
    assert (user["custom_id"], user["email"], user["gender"]) == ("u1", "ada@example.com", "female")
    for path, query in (
        (f"users/{user['id']}/", ()),
        ("users-by-id/u1/", ()),
        ("users/search/", [("key", user["user_key"])]),
        ("users/search/", [("email", "ADA@example.com")]),
    ):
        assert vendor.rest("GET", path, query=query).body == user


def test_put_changes_what_is_given(vendor):
    """The rest stays, null empties, codes are words when read."""
    vendor.call("identify", traits={"email": "a@b.c", "phone": "555"})
    body = {"phone_number": None, "status": 2, "tags": ["x", "y"], "score": "7", "os_type": "Linux"}
    reply = vendor.rest("PUT", "users/1/", body)
    assert reply.status == 200
    user = reply.body
    assert (user["email"], user["phone_number"], user["status"]) == ("a@b.c", None, "user")
    assert ([tag["name"] for tag in user["tags"]], user["score"]) == (["x", "y"], 7)
    assert (user["os"], user["os_type"]) == ("Linux", "Linux")


def test_the_rudderstack_identify(make):
    """Its update of a found user, with an attribute that is defined."""
    vendor = make(attributes={"age": "number", "occupation": "string"})
    vendor.call("identify", "test@16")
    body = {
        "custom_id": "test@16",
        "email": "t@example.com",
        "phone_number": "9",
        "country": "in",
        "gender": 2,
        "status": 2,
        "google_url": "https://g.example",
        "tags": ["a"],
        "age": 15,
        "occupation": "nurse",
    }
    user = vendor.rest("PUT", "users/1/", body).body
    assert (user["gender"], user["status"], user["google_url"]) == (
        "male",
        "user",
        body["google_url"],
    )
    assert vendor.attributes("test@16") == {"age": 15, "occupation": "nurse"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *(({"email": "nobody"}, "email"), ({"first_name": "x" * 41}, "first_name")),
        *(({"gender": 9}, "gender"), ({"status": "x"}, "status"), ({"tags": "x"}, "tags")),
        *(({"score": "many"}, "score"), ({"unsubscribed": "no"}, "unsubscribed")),
        *(({"custom_id": []}, "custom_id"), ({"custom_id": "taken"}, "custom_id")),
        *(({"company_custom_id": "none"}, "company_custom_id"), ({"age": "old"}, "age")),
    ],
)
def test_a_wrong_value_refuses_the_whole_body(make, body, field):
    """400 names the field; nothing is changed, not even what was right."""
    vendor = make(attributes={"age": "number"})
    vendor.call("identify", "u1")
    vendor.call("identify", "taken")
    before = vendor.state
    for method, path in (("POST", "users/"), ("PUT", "users-by-id/u1/")):
        reply = vendor.rest(method, path, {"city": "Leeds", **body})
        assert reply.status == 400
        assert list(reply.body["errors"]) == [field]
    assert vendor.state == before


def test_read_only_and_unknown_names_are_ignored_with_a_note(vendor):
    """A name of the other version is told so."""
    vendor.call("identify")
    reply = vendor.rest("PUT", "users/1/", {"page_views": 9, "user_id": "u9", "hat": "red"})
    assert reply.status == 200
    assert [(note.code, note.field) for note in reply.notes] == [
        ("read_only", "page_views"),
        ("unknown_attribute", "user_id"),
        ("unknown_attribute", "hat"),
    ]
    assert "version 1" in reply.notes[1].description
    assert vendor.user()["page_views"] == 0


def test_update_or_create_by_custom_id(vendor):
    """`created` tells which; version 1 calls it `user_id`."""
    reply = vendor.rest("POST", "users/update_or_create/", {"custom_id": "u1", "city": "A"})
    assert (reply.status, reply.body) == (201, {"created": True, "id": 1})
    reply = vendor.rest("POST", "users/update_or_create/", {"user_id": "u1", "city": "B"}, v1=True)
    assert (reply.status, reply.body) == (200, {"created": False, "id": 1})
    assert vendor.user()["city"] == "B"
    assert vendor.rest("POST", "users/update_or_create/", {"city": "C"}).status == 400


def test_a_new_custom_id_is_found_and_the_old_one_is_not(vendor):
    """The index follows a rename, at the inlet, too."""
    vendor.call("identify", "old")
    vendor.rest("PUT", "users/1/", {"custom_id": "new"})
    assert vendor.rest("GET", "users-by-id/old/").status == 404
    vendor.call("page", "new")
    assert vendor.user("new")["page_views"] == 1
    assert len(vendor.state["users"]) == 1


def test_delete_takes_the_users_records_along(vendor):
    """204 without a body, then 404; the custom id is free again."""
    vendor.call("page", "u1")
    vendor.call("track", "u1", event="E")
    vendor.call("page", "u2")
    reply = vendor.rest("DELETE", "users-by-id/u1/")
    assert (reply.status, reply.body) == (204, None)
    assert vendor.rest("DELETE", "users-by-id/u1/").status == 404
    assert [view["client"] for view in vendor.state["page_views"]] == [2]
    assert vendor.state["event_occurrences"] == []
    vendor.call("identify", "u1")
    assert vendor.user("u1")["id"] == 3


def test_search_by_phone_or_for_many_gives_a_list(vendor):
    """One email may belong to several users; one of them is answered without `many`."""
    for user in ("u1", "u2"):
        vendor.call("identify", user, traits={"email": "a@b.c", "phone": "555"})
    many = [("email", "a@b.c"), ("many", "true")]
    assert [user["id"] for user in vendor.rest("GET", "users/search/", query=many).body] == [1, 2]
    assert vendor.rest("GET", "users/search/", query=[("email", "a@b.c")]).body["id"] == 1
    body = vendor.rest("GET", "users/search/", query=[("phone_number", "555")]).body
    assert [user["id"] for user in body["results"]] == [1, 2]


@pytest.mark.parametrize(
    ("query", "status"),
    [([("email", "x@y.z")], 404), ([("key", "x")], 404), ([], 400), ([("name", "x")], 400)],
)
def test_search_for_nobody(vendor, query, status):
    """404 for nobody, 400 without a criterion."""
    assert vendor.rest("GET", "users/search/", query=query).status == status


@pytest.mark.parametrize("path", ["users/1", "users-by-id/u1"])
def test_attributes_are_set_one_by_one_and_together(make, path):
    """Standard fields and custom attributes."""
    vendor = make(attributes={"age": "number"})
    vendor.call("identify")
    one = {"attribute": "age", "value": "41"}
    assert vendor.rest("POST", f"{path}/set_attribute/", one).status == 200
    many = {"city": "Leeds", "age": 42}
    assert vendor.rest("POST", f"{path}/set_multiple_attributes/", many).status == 200
    assert (vendor.attributes(), vendor.user()["city"]) == ({"age": 42}, "Leeds")
    assert vendor.rest("POST", f"{path}/set_attribute/", {"value": 1}).status == 400


def test_a_custom_id_may_have_a_slash(vendor):
    """Paths come decoded."""
    vendor.call("identify", "a/b")
    assert vendor.rest("GET", "users-by-id/a/b/").body["custom_id"] == "a/b"
    body = {"name": "E"}
    assert vendor.rest("POST", "users-by-id/a/b/events/", body).status == 201


def test_tags_are_added_and_removed(vendor):
    """`created` tells whether the application had no such tag yet."""
    vendor.call("identify", "u1")
    vendor.call("identify", "u2")
    added = vendor.rest("POST", "users/1/add_tag/", {"name": "vip"}).body
    assert added == {"created": True, "tag": {"name": "vip"}}
    assert vendor.rest("POST", "users-by-id/u2/add_tag/", {"name": "vip"}).body["created"] is False
    vendor.rest("POST", "users/1/remove_tag/", {"name": "vip"})
    assert (vendor.user("u1")["tags"], len(vendor.user("u2")["tags"])) == ([], 1)
    assert vendor.rest("POST", "users/1/add_tag/", {"name": ""}).status == 400


def test_one_field_of_many_users(vendor):
    """All of them or, with an unknown id, none."""
    for user in ("u1", "u2"):
        vendor.call("identify", user)
    path = "users/mass_update_standard_attributes/"
    body = {"ids": [1, 2], "attribute": "city", "value": "Leeds"}
    assert vendor.rest("PUT", path, body).body == {"status": "ok"}
    assert [user["city"] for user in vendor.state["users"]] == ["Leeds", "Leeds"]
    for wrong in ({"ids": [1, 9]}, {"ids": "x"}, {"attribute": "hat"}, {"attribute": "email"}):
        assert vendor.rest("PUT", path, body | {"value": "York"} | wrong).status == 400
    assert [user["city"] for user in vendor.state["users"]] == ["Leeds", "Leeds"]


@pytest.mark.parametrize(
    ("how", "listed", "flat"), [("list", True, False), ("flat", False, True), ("both", True, True)]
)
def test_custom_attributes_are_read_as_set_up(make, how, listed, flat):
    """As a list, beside the standard fields, or both; a standard field of the name wins."""
    vendor = make(attributes_on_read=how)
    vendor.call("identify", traits={"plan": "pro", "city": "Leeds"})
    user = vendor.rest("GET", "users/1/").body
    assert ("attributes" in user, "plan" in user) == (listed, flat)
    assert user["city"] is None


def test_the_timeline_is_in_order(vendor):
    """Page views and occurrences of one user, oldest first; segments there are none."""
    vendor.call("track", event="B", timestamp="2024-01-02T00:00:00Z")
    vendor.call("page", timestamp="2024-01-01T00:00:00Z")
    vendor.call("page", "u2")
    results = vendor.rest("GET", "users/1/timeline/").body["results"]
    assert [each["type"] for each in results] == ["page_view", "event"]
    assert vendor.rest("GET", "users/1/segments/").body["results"] == []
    assert vendor.rest("GET", "users/9/timeline/").status == 404
