"""Tags, lists and segments over REST; lookups; what users can be filtered by."""

from __future__ import annotations

import pytest

from mockseg.destinations.userengage import lookups
from mockseg.destinations.userengage.values import read_number
from mockseg.errors import VendorStateError


@pytest.fixture
def people(vendor):
    """Return an application with three users: u1, u2, u3 with the internal ids 1 to 3."""
    for number, (email, plan) in enumerate(
        [("ann@shop.example", "pro"), ("Bob@shop.example", "free"), ("cy@other.example", "pro")], 1
    ):
        vendor.call("identify", user=f"u{number}", traits={"email": email, "plan": plan})
    return vendor


def users(reply):
    """Return the custom ids of the users on a page."""
    assert reply.status == 200
    assert set(reply.body) == {"count", "next", "previous", "results"}
    return [each["custom_id"] for each in reply.body["results"]]


def define(vendor, name, *conditions):
    """Define a segment, as the vendor's page would."""
    arguments = {"name": name, "conditions": list(conditions)}
    return vendor.imitation.act("define_segment", arguments, now_ns=0)


# --- tags


def test_tags_are_made_renamed_and_deleted(people):
    """A user has the tag's new name; a deleted one is gone from all."""
    made = people.rest("POST", "tags/", {"name": "vip"})
    assert (made.status, made.body) == (201, {"id": 1, "name": "vip"})
    assert people.rest("POST", "tags/", {"name": "vip"}).status == 400
    assert (
        people.rest("POST", "users/1/add_many_tags/", {"tag_names": ["vip", "new"]}).status == 200
    )
    assert people.rest("GET", "tags/").body["results"] == [
        {"id": 1, "name": "vip"},
        {"id": 2, "name": "new"},
    ]
    assert users(people.rest("GET", "tags/1/users/")) == ["u1"]
    assert people.rest("GET", "tags/1/companies/").body["results"] == []
    assert people.rest("PUT", "tags/1/", {"name": "gold"}).body == {"id": 1, "name": "gold"}
    assert [tag["name"] for tag in people.user("u1")["tags"]] == ["gold", "new"]
    assert people.rest("DELETE", "tags/1/").status == 204
    assert [tag["name"] for tag in people.user("u1")["tags"]] == ["new"]
    assert people.rest("GET", "tags/1/users/").status == 404


@pytest.mark.parametrize("body", [{}, {"tag_names": "vip"}, {"tag_names": [5]}])
def test_many_tags_are_a_list_of_names(people, body):
    """Anything else is refused, and nothing is tagged."""
    assert people.rest("POST", "users/1/add_many_tags/", body).status == 400
    assert people.user("u1")["tags"] == []


# --- lists


def test_a_user_is_put_on_a_list_once_and_taken_off(people):
    """`lists` of the user shows it; the list shows its users."""
    made = people.rest("POST", "lists/", {"name": "Newsletter"})
    assert (made.status, made.body) == (201, {"id": 1, "name": "Newsletter", "description": ""})
    for _ in range(2):
        answer = people.rest("POST", "users-by-id/u2/add_to_list/", {"list": 1})
    assert answer.body["lists"] == [{"id": 1, "name": "Newsletter", "description": ""}]
    assert users(people.rest("GET", "lists/1/users/")) == ["u2"]
    changed = people.rest("PUT", "lists/1/", {"description": "Weekly"})
    assert changed.body == {"id": 1, "name": "Newsletter", "description": "Weekly"}
    assert people.rest("POST", "users/2/remove_from_list/", {"list": 1}).body["lists"] == []
    people.rest("POST", "users/2/add_to_list/", {"list": 1})
    assert people.rest("DELETE", "lists/1/").status == 204
    assert people.user("u2")["lists"] == []


@pytest.mark.parametrize("given", [{}, {"list": 3}, {"list": "1"}, {"list": True}])
def test_an_unknown_list_is_refused(people, given):
    """By its id, which is a whole number."""
    people.rest("POST", "lists/", {"name": "Newsletter"})
    assert people.rest("POST", "users/1/add_to_list/", given).status == 400
    assert people.rest("GET", "lists/3/users/").status == 404


# --- segments


def test_users_are_filtered_by_an_event_and_its_data(people):
    """The document: an occurrence can be used to filter and bucket users."""
    for user, total in (("u1", 10), ("u1", 90), ("u2", 50)):
        people.call("track", user=user, event="Order Completed", properties={"total": total})
    completed = {"event": "Order Completed"}
    define(people, "Buyers", completed)
    define(people, "Big", completed | {"where": {"total__gt": 60}})
    define(people, "Twice and pro", completed | {"atLeast": 2}, {"where": {"plan": "pro"}})
    define(people, "Never", completed | {"atLeast": 0, "atMost": 0})
    found = [users(people.rest("GET", f"segments/{number}/users/")) for number in range(1, 5)]
    assert found == [["u1", "u2"], ["u1"], ["u1"], ["u3"]]
    assert people.rest("GET", "users/1/segments/").body["results"] == [
        {"id": 1, "name": "Buyers"},
        {"id": 2, "name": "Big"},
        {"id": 3, "name": "Twice and pro"},
    ]
    assert [each["name"] for each in people.rest("GET", "segments/").body["results"]] == [
        "Buyers",
        "Big",
        "Twice and pro",
        "Never",
    ]


def test_a_segment_reads_what_it_compares_with_once(people, monkeypatch):
    """And of the occurrences each value once, as many as it takes to decide."""
    read = []

    def counting(value):
        read.append(value)
        return read_number(value)

    monkeypatch.setattr(lookups, "read_number", counting)
    for total in range(100):
        people.call("track", user="u1", event="Ordered", properties={"total": total})
    for number, (condition, values) in enumerate(
        (
            ({"atLeast": 100}, 100),
            ({"atLeast": 3}, 3),
            ({"atLeast": 0, "atMost": 9}, 10),
            ({"atLeast": 0, "atMost": 200}, 100),
        )
    ):
        ordered = {"event": "Ordered", "where": {"total__gte": "0"}}
        define(people, str(number), ordered | condition)
        assert read == ["0"], "defining it reads what is wanted"
        read.clear()
        people.rest("GET", f"segments/{number + 1}/users/")
        assert len(read) == values
        read.clear()


def test_an_event_that_never_occurred_is_in_no_segment(people):
    """Nor one whose occurrences have no such attribute."""
    people.call("track", user="u1", event="Ordered", properties={"total": 1})
    define(people, "No event", {"event": "Left", "where": {"total__gt": 0}})
    define(people, "No attribute", {"event": "Ordered", "where": {"price__gt": 0}})
    assert [users(people.rest("GET", f"segments/{n}/users/")) for n in (1, 2)] == [[], []]


def test_users_are_filtered_by_page_views(people):
    """The document: a page view can be used for filtering and aggregation."""
    people.call("page", user="u1", properties={"url": "https://shop.example/pricing"})
    people.call("page", user="u2", properties={"url": "https://shop.example/"})
    condition = {"pageView": True, "where": {"url__endswith": "/pricing"}}
    segment = define(people, "Price", condition)
    assert users(people.rest("GET", f"segments/{segment['id']}/users/")) == ["u1"]
    define(people, "Price", {"pageView": True})
    assert users(people.rest("GET", f"segments/{segment['id']}/users/")) == ["u1", "u2"]
    assert people.rest("GET", "segments/9/users/").status == 404


@pytest.mark.parametrize(
    ("conditions", "place"),
    [
        ([], "conditions"),
        ([{"event": "E", "pageView": True}], "conditions[0]"),
        ([{"event": "E", "where": {"total__most": 1}}], "conditions[0].where"),
        ([{"event": "E", "atLeast": 2, "atMost": 1}], "conditions[0].atMost"),
        ([{"evnt": "E"}], "conditions[0]"),
    ],
)
def test_a_wrong_condition_is_refused_with_its_place(people, conditions, place):
    """And nothing is defined."""
    with pytest.raises(VendorStateError) as error:
        define(people, "S", *conditions)
    assert error.value.place.startswith(place)
    assert people.state["segments"] == []


# --- lookups


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"email__contains": "shop"}, ["u1", "u2"]),
        ({"email__contains": "bob"}, []),
        ({"email__icontains": "bob"}, ["u2"]),
        ({"email__startswith": "ann"}, ["u1"]),
        ({"email__endswith": "other.example"}, ["u3"]),
        ({"plan": "pro"}, ["u1", "u3"]),
        ({"plan": "pro", "email__contains": "shop"}, ["u1"]),
        ({"id__gt": "1"}, ["u2", "u3"]),
        ({"id__gte": "2", "id__lt": "3"}, ["u2"]),
        ({"id__lte": "1"}, ["u1"]),
        ({"created_at__gt": "2099-01-01"}, []),
        ({"phone_number__contains": ""}, []),
        ({"nickname": "x"}, ["u1", "u2", "u3"]),
    ],
)
def test_a_list_is_filtered_by_lookups(people, query, found):
    """Of standard fields and custom attributes; all must hold, and null has no value."""
    reply = people.rest("GET", "users/", query=query.items())
    assert users(reply) == found
    assert [note.code for note in reply.notes] == ["unknown_lookup"] * ("nickname" in query)


def test_an_unknown_lookup_is_refused(people):
    """The answer names those that are known."""
    reply = people.rest("GET", "users/", query=[("email__like", "x")])
    assert reply.status == 400
    assert "known: exact, contains" in reply.body["errors"]["email__like"][0]


# --- attributes of many, and away


def test_custom_attributes_of_many_users_and_their_removal(people):
    """POST and DELETE remove one, as clients differ."""
    body = {"ids": [1, 2], "attribute": "plan", "value": "team"}
    assert people.rest("PUT", "users/mass_update_custom_attributes/", body).status == 200
    assert people.rest("PUT", "users/mass_update_standard_attributes/", body).status == 400
    assert [people.attributes(user)["plan"] for user in ("u1", "u2", "u3")] == [
        "team",
        "team",
        "pro",
    ]
    people.rest("POST", "users-by-id/u1/remove_attribute/", {"attribute": "plan"})
    people.rest("DELETE", "users/2/remove_attribute/", {"attribute": "plan"})
    assert [people.attributes(user) for user in ("u1", "u2")] == [{}, {}]
    people.rest("POST", "users/1/remove_attribute/", {"attribute": "email"})
    assert people.user("u1")["email"] is None
    assert people.rest("POST", "users/1/remove_attribute/", {"attribute": "x"}).status == 400


def test_nobody_gets_emails_here(people):
    """An empty page."""
    assert people.rest("GET", "users/1/emails/").body["results"] == []
