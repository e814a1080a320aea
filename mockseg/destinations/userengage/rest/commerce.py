"""REST: what deals and products have beyond other records: references, and product events.

Sources: User.com REST API v2, "Deals" and its page on product events; the vendor's helper for
Magento. Which status a new deal has, nothing public says: 1, in progress.
"""

from __future__ import annotations

import functools

from mockseg.destinations.userengage.lookups import all_hold
from mockseg.destinations.userengage.objects import product_event_object
from mockseg.destinations.userengage.records import PRODUCT_EVENTS, Product
from mockseg.destinations.userengage.rest import records
from mockseg.destinations.userengage.rest.call import RestCall, timestamp_of
from mockseg.destinations.userengage.values import Unconvertible, convert, shown
from mockseg.destinations.vendor import VendorResponse
from mockseg.json_types import Json, JsonObject

# --- deals


def create_deal(call: RestCall) -> VendorResponse:
    deal = records.write(call, _with_references(call), of=None)
    return call.answer(call.show(deal), status=201)


def update_deal(call: RestCall) -> VendorResponse:
    deal = call.record()
    return call.answer(call.show(records.write(call, _with_references(call), of=deal)))


def update_or_create_deal(call: RestCall) -> VendorResponse:
    call.body = _with_references(call)
    return records.update_or_create(call)


def deal_by_id(call: RestCall) -> VendorResponse:
    """``POST deals-by-id/``: of version 1, the deal with this `deal_id`, created or changed."""
    call.need(call.id_name)
    return update_or_create_deal(call)


def list_deals(call: RestCall) -> VendorResponse:
    """``GET deals/``: of a user by `user_id`, `user_custom_id` or `userkey`; lookups narrow it."""
    argument = call.request.argument
    number, custom_id, key = argument("user_id"), argument("user_custom_id"), argument("userkey")
    if number is None and custom_id is None and key is None:
        return records.list_records(call)
    users = call.app.users
    if number is not None:
        user = users.by_id.get(int(number)) if number.isascii() and number.isdigit() else None
    elif custom_id is not None:
        user = users.by_custom_id.get(custom_id)
    else:
        user = call.app.users_by_key.get(key or "")
    # A user who is unknown has no deals.
    wanted = 0 if user is None else user.id
    lookups = records.lookups_of(call, apart=_USER_NAMES)
    found = [
        (number_, deal)
        for number_, deal in sorted(call.app.deals.by_id.items())
        if deal.profile.get("user_id") == wanted
        and all_hold(lookups, functools.partial(call.value_of, deal))
    ]
    return call.page(found, shown=call.show)


_USER_NAMES = frozenset(("user_id", "user_custom_id", "userkey"))


def _with_references(call: RestCall) -> JsonObject:
    """Return the body with the internal ids of what it refers to; an unknown one is refused."""
    app = call.app
    body = {name: value for name, value in call.body.items() if name not in _REFERENCES}
    given = call.body.get
    person, company = ("person", "company") if call.v1 else ("user_id", "company_id")
    user = call.referred(
        app.users, **{person: given(person), "user_custom_id": given("user_custom_id")}
    )
    if user is not None:
        body["user_id"] = user.id
    firm = call.referred(
        app.companies, **{company: given(company), "company_custom_id": given("company_custom_id")}
    )
    if firm is not None:
        body["company_id"] = firm.id
    rows: list[JsonObject] = [
        *({"product_id": each} for each in _listed(call, "products")),
        *({"product_custom_id": each} for each in _listed(call, "products_custom_id")),
        *_order(call),
    ]
    products = [
        call.referred(
            app.products,
            product_id=row.get("product_id"),
            product_custom_id=row.get("product_custom_id"),
        )
        for row in rows
    ]
    if rows or "products" in call.body:
        body["products"] = list(dict.fromkeys(each.id for each in products if each is not None))
    return body


_REFERENCES = frozenset(
    (
        *("user_id", "user_custom_id", "person", "company", "company_id", "company_custom_id"),
        *("products", "products_custom_id", "order_products"),
    )
)


def _listed(call: RestCall, field: str) -> list[Json]:
    value = call.body.get(field)
    if value is not None and not isinstance(value, list):
        call.bad(field, "Not a list.")
    return value or []


def _order(call: RestCall) -> list[JsonObject]:
    rows = _listed(call, "order_products")
    for row in rows:
        if not isinstance(row, dict) or not {"product_id", "product_custom_id"} & set(row):
            call.bad("order_products", "Each needs a product_id or a product_custom_id.")
    return rows


# --- products


def product_event(call: RestCall) -> VendorResponse:
    """``POST products/:id/product_event/``, and by custom id, which creates an unknown product.

    The keys of `data` become attributes of the product, the last value wins; `custom_data` stays
    with the event.
    """
    event_type = call.need_text("event_type")
    if event_type not in PRODUCT_EVENTS:
        known = ", ".join(PRODUCT_EVENTS)
        call.bad("event_type", f"{event_type[:80]!r} is not one of: {known}.")
    user = records.member(call)
    given = call.body.get("data")
    data = {} if given is None else given
    if not isinstance(data, dict):
        call.bad("data", "Not an object.")
    try:
        convert(data, "json")
    except Unconvertible as error:
        call.bad("data", f"{shown(data)} {error}.")
    timestamp_ns = timestamp_of(call)
    custom_id = call.names.get("custom_id")
    found = call.directory.by_custom_id.get(custom_id) if custom_id else call.record()
    body = {name: value for name, value in data.items() if name not in ("custom_data", "custom_id")}
    if found is None:
        body["custom_id"] = custom_id
    product = records.write(call, body, of=found)
    assert isinstance(product, Product)  # noqa: S101  (the directory has no other)
    event = call.app.record_product_event(
        user, product, event_type, timestamp_ns=timestamp_ns, data=data
    )
    return call.answer({"id": event.id}, status=201)


def product_events(call: RestCall) -> VendorResponse:
    """``GET users/:id/product_events/``."""
    user = call.user()
    found = [(each.id, each) for each in call.app.product_events if each.user == user.id]
    return call.page(found, shown=lambda each: product_event_object(call.app, each))
