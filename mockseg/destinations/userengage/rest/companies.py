"""REST: companies and their members. Source: clients of the vendor; no page was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userengage.rest.paging import page
from mockseg.destinations.userengage.rest.writing import read_company, write_company

if TYPE_CHECKING:
    from mockseg.destinations.userengage.records import Company, User
    from mockseg.destinations.userengage.rest.ask import Ask
    from mockseg.destinations.vendor import VendorResponse
    from mockseg.json_types import JsonObject


def listed(ask: Ask) -> VendorResponse:
    """``GET companies/``."""
    return ask.answer(page(ask, sorted(ask.app.companies.items()), shown=ask.show_company))


def create(ask: Ask) -> VendorResponse:
    """``POST companies/``."""
    company = write_company(ask, read_company(ask, ask.body, of=None), of=None)
    return ask.answer(ask.show_company(company), status=201)


def show(ask: Ask) -> VendorResponse:
    """``GET companies/:id/``."""
    return ask.answer(ask.show_company(ask.company()))


def update(ask: Ask) -> VendorResponse:
    """``PUT companies/:id/``: what is left out stays."""
    return _write(ask, ask.company(), ask.body)


def delete(ask: Ask) -> VendorResponse:
    """``DELETE companies/:id/``."""
    ask.app.remove_company(ask.company())
    return ask.answer(None, status=204)


def set_attribute(ask: Ask) -> VendorResponse:
    """``POST companies/:id/set_attribute/``, of a standard field or a custom attribute."""
    return _write(ask, ask.company(), ask.one_attribute())


def set_attributes(ask: Ask) -> VendorResponse:
    """``POST companies/:id/set_multiple_attributes/``."""
    return _write(ask, ask.company(), ask.body)


def add_member(ask: Ask) -> VendorResponse:
    """``POST companies/:id/add_member/``: by `user_id`, the internal one, or `user_custom_id`."""
    company, user = ask.company(), _member(ask)
    ask.app.join(user, company, now_ns=ask.now_ns)
    return ask.answer(ask.show_company(company))


def remove_member(ask: Ask) -> VendorResponse:
    """``POST companies/:id/remove_member/``; one who is none stays none."""
    company, user = ask.company(), _member(ask)
    user.companies.pop(company.id, None)
    return ask.answer(ask.show_company(company))


def _member(ask: Ask) -> User:
    number, custom_id = ask.body.get("user_id"), ask.body.get("user_custom_id")
    if number is None and custom_id is None:
        ask.bad("user_id", "This field is required, or `user_custom_id`.")
    # The internal id wins where both are given, as the vendor's RudderStack integration sends.
    if number is not None:
        found = ask.app.users.get(number) if type(number) is int else None
        if found is None:
            ask.bad("user_id", "No user has this id.")
        return found
    by_custom = ask.app.users_by_custom_id.get(custom_id) if isinstance(custom_id, str) else None
    if by_custom is None:
        ask.bad("user_custom_id", "No user has this custom id.")
    return by_custom


def _write(ask: Ask, company: Company, body: JsonObject) -> VendorResponse:
    write = read_company(ask, body, of=company)
    return ask.answer(ask.show_company(write_company(ask, write, of=company)))
