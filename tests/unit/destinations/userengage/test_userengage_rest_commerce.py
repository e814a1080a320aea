"""Deals, products and product events over REST."""

from __future__ import annotations

import pytest

from mockseg.errors import VendorStateError


@pytest.fixture
def shop(vendor):
    """Return an application with the user u1, the company acme and the product p1, each id 1."""
    vendor.call("group", user="u1", groupId="acme")
    vendor.rest("POST", "products/", {"custom_id": "p1", "name": "Chair", "price": "19.99"})
    return vendor


def test_a_new_deal_is_in_progress_and_its_value_is_text(shop):
    """With two decimals; an attribute that is not defined is created, unlike those of users."""
    reply = shop.rest("POST", "deals/", {"name": "D", "value": 1250, "colour": "red"})
    assert (reply.status, reply.body["value"], reply.body["status"]) == (201, "1250.00", 1)
    assert (reply.body["colour"], "attributes" in reply.body) == ("red", False)
    assert shop.types("deal") == {"colour": "string"}


def test_a_deal_refers_by_either_id(shop):
    """It shows both; products come from three fields."""
    body = {
        "name": "D",
        "custom_id": "d1",
        "user_custom_id": "u1",
        "company_id": 1,
        "products_custom_id": ["p1"],
        "order_products": [{"product_id": 1, "quantity": 2}],
        "currency": "eur",
        "expected_close_date": "2026-02-01T00:00:00Z",
    }
    deal = shop.rest("POST", "deals/", body).body
    assert (deal["user_id"], deal["user_custom_id"]) == (1, "u1")
    assert (deal["company_id"], deal["company_custom_id"]) == (1, "acme")
    assert (deal["products"], deal["products_custom_id"]) == ([1], ["p1"])
    assert (deal["currency"], deal["expected_close_date"]) == ("EUR", "2026-02-01")
    assert shop.rest("GET", f"deals/{deal['id']}/").body == deal
    assert shop.rest("GET", "deals-by-id/d1/").body == deal
    changed = shop.rest("PUT", "deals/1/", {"status": 2, "won_at": "2026-02-01T00:00:00Z"}).body
    assert (changed["status"], changed["won_at"]) == (2, "2026-02-01T00:00:00.000Z")
    assert changed["products"] == [1]


def test_version_1_has_names_of_its_own(shop):
    """`deal_id`, `person`, `company`, and custom attributes as a list."""
    body = {"name": "D", "deal_id": "d1", "person": 1, "colour": "red"}
    deal = shop.rest("POST", "deals-by-id/", body, v1=True)
    assert deal.body == {"created": True, "id": 1}
    deal = shop.rest("GET", "deals/1/", v1=True).body
    assert (deal["deal_id"], deal["person"], deal["company"]) == ("d1", 1, None)
    assert [each["name"] for each in deal["attributes"]] == ["colour"]
    again = shop.rest("POST", "deals-by-id/", {"deal_id": "d1", "name": "E"}, v1=True)
    assert again.body == {"created": False, "id": 1}


def test_deals_are_listed_by_their_user(shop):
    """In the envelope of every list; a user who is unknown has none."""
    shop.rest("POST", "deals/", {"name": "A", "user_id": 1, "stage": "won"})
    shop.rest("POST", "deals/", {"name": "B", "stage": "new"})
    key = shop.user("u1")["user_key"]
    for query in (("user_id", "1"), ("user_custom_id", "u1"), ("userkey", key), ("stage", "won")):
        page = shop.rest("GET", "deals/", query=[query]).body
        assert (page["count"], page["next"], page["previous"]) == (1, None, None)
        assert page["results"][0]["name"] == "A"
    for query in (("user_id", "7"), ("user_id", "x"), ("user_custom_id", "u9"), ("userkey", "k")):
        assert shop.rest("GET", "deals/", query=[query]).body["count"] == 0
    for more, count in ((("stage", "new"), 0), (("name__startswith", "A"), 1), (("value", "1"), 0)):
        both = [("user_custom_id", "u1"), more]
        assert shop.rest("GET", "deals/", query=both).body["count"] == count


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "D", "value": "much"}, "value"),
        ({"name": "D", "status": 9}, "status"),
        ({"name": "D", "currency": "euro"}, "currency"),
        ({"name": "D", "user_id": 9}, "user_id"),
        ({"name": "D", "company_custom_id": "none"}, "company_custom_id"),
        ({"name": "D", "products": [7]}, "product_id"),
        ({"name": "D", "products": 1}, "products"),
        ({"name": "D", "order_products": [{"quantity": 1}]}, "order_products"),
    ],
)
def test_a_wrong_deal_is_refused(shop, body, field):
    """The answer names the field, and nothing is made."""
    reply = shop.rest("POST", "deals/", body)
    assert (reply.status, list(reply.body["errors"])) == (400, [field])
    assert shop.state["deals"] == []


def test_what_a_deal_refers_to_may_be_deleted(shop):
    """Then it refers to nothing."""
    shop.rest("POST", "deals/", {"name": "D", "user_id": 1, "company_id": 1, "products": [1]})
    for path in ("users/1/", "companies/1/", "products/1/"):
        assert shop.rest("DELETE", path).status == 204
    deal = shop.rest("GET", "deals/1/").body
    assert (deal["user_id"], deal["company_id"], deal["products"]) == (None, None, [])
    assert shop.rest("DELETE", "deals/1/").status == 204
    assert shop.rest("GET", "deals/1/").status == 404


def test_a_product_is_found_by_its_custom_id(shop):
    """Prices are text, as the vendor's helper sends them; other keys are custom attributes."""
    product = shop.rest("GET", "products-by-id/p1/details/").body
    assert (product["id"], product["name"], product["price"]) == (1, "Chair", "19.99")
    assert shop.rest("POST", "products/", {"custom_id": "p1"}).status == 400
    made = shop.rest("POST", "products/update_or_create/", {"custom_id": "p2", "size": 4})
    assert made.body == {"created": True, "id": 2}
    assert shop.rest("GET", "products/2/").body["size"] == "4"


def test_a_product_event_teaches_the_product(shop):
    """Keys of its data become attributes, the last value wins; `custom_data` stays with it."""
    body = {
        "user_custom_id": "u1",
        "event_type": "purchase",
        "timestamp": 1_700_000_000,
        "data": {"price": 25, "colour": "red", "custom_data": {"coupon": "X"}},
    }
    reply = shop.rest("POST", "products/1/product_event/", body)
    assert (reply.status, reply.body) == (201, {"id": 1})
    product = shop.rest("GET", "products/1/").body
    assert (product["price"], product["colour"]) == ("25", "red")
    (row,) = shop.rest("GET", "users/1/product_events/").body["results"]
    assert (row["id"], row["client"], row["event_type"]) == (1, 1, "purchase")
    assert row["timestamp"] == "2023-11-14T22:13:20.000Z"
    assert row["custom_data"] == {"coupon": "X"}


def test_a_product_event_creates_an_unknown_product(shop):
    """Nameless, if no name comes; by an internal id there is nothing to create."""
    body = {"user_id": 1, "event_type": "view"}
    assert shop.rest("POST", "products-by-id/p9/product_event/", body).status == 201
    product = shop.rest("GET", "products-by-id/p9/details/").body
    assert (product["custom_id"], product["name"]) == ("p9", None)
    assert shop.rest("POST", "products/99/product_event/", body).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user_id": 1, "event_type": "bought"}, "event_type"),
        ({"event_type": "view"}, "user_id"),
        ({"user_id": 9, "event_type": "view"}, "user_id"),
        ({"user_id": 1, "event_type": "view", "data": []}, "data"),
        ({"user_id": 1, "event_type": "view", "timestamp": "soon"}, "timestamp"),
    ],
)
def test_a_wrong_product_event_is_refused(shop, body, field):
    """The answer names the field, and no product is made."""
    reply = shop.rest("POST", "products-by-id/p9/product_event/", body)
    assert (reply.status, list(reply.body["errors"])) == (400, [field])
    assert shop.rest("GET", "products-by-id/p9/details/").status == 404


def test_all_of_it_survives_a_state(shop, make):
    """What one application shows, another is restored from."""
    shop.rest("POST", "lists/", {"name": "L"})
    shop.rest("POST", "users/1/add_to_list/", {"list": 1})
    condition = {"event": "E", "where": {"total__gt": 5}}
    shop.imitation.act("define_segment", {"name": "S", "conditions": [condition]}, now_ns=0)
    shop.rest("POST", "deals/", {"name": "D", "user_id": 1, "products": [1], "colour": "red"})
    event = {"user_id": 1, "event_type": "view", "data": {"custom_data": {"a": 1}, "b": 2}}
    shop.rest("POST", "products/1/product_event/", event)
    state = shop.state
    other = make()
    other.imitation.restore(state)
    assert other.state == state
    again = other.rest("POST", "deals/", {"name": "E"})
    assert again.body["id"] == 2


@pytest.mark.parametrize(
    ("section", "row", "place"),
    [
        ("deals", {"name": "D", "user_id": 5}, "deals[0].user_id"),
        ("deals", {"name": "D", "products": [5]}, "deals[0].products"),
        ("product_events", {"client": 5, "product": 1, "event_type": "view"}, "product_events[0]"),
        ("users", {"custom_id": "u", "lists": [{"id": 4}]}, "users[0].lists[0]"),
        ("segments", {"name": "S", "conditions": []}, "segments[0].conditions"),
    ],
)
def test_a_state_with_a_wrong_reference_is_refused(make, section, row, place):
    """It names the place."""
    with pytest.raises(VendorStateError) as error:
        make().imitation.restore({section: [row]})
    assert error.value.place.startswith(place)
