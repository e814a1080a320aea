"""What changes UserGuiding's users: identify and track, from wherever they come.

Source: UserGuiding's page on its JavaScript API: attributes are text, numbers and booleans;
arrays and nested objects are not accepted; a company stands in an object of its own, and its
id is a must; events need no identification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mockseg.destinations.occurrences import moment_text, occur
from mockseg.destinations.userguiding.state import Company, User
from mockseg.destinations.values import flat_values
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.destinations.userguiding.state import State
    from mockseg.destinations.values import Scalar
    from mockseg.json_types import Json


_COMPANY = "company"


class Given(NamedTuple):
    """Attributes that were sent, as far as they can be kept.

    Attributes:
        attributes: of the user.
        company: or None.
        ignored: what could not be kept, and why; refused instead where the switch says so.
    """

    attributes: dict[str, Scalar]
    company: Company | None
    ignored: list[Note]


def read_attributes(given: Mapping[str, Json], *, place: str) -> Given:
    """Read the attributes of a user, and the company among them."""
    own = {name: value for name, value in given.items() if name != _COMPANY}
    attributes, ignored = flat_values(own, place=place)
    company = None
    if _COMPANY in given:
        found = given[_COMPANY]
        where = f"{place}.{_COMPANY}"
        if isinstance(found, dict):
            company_id = _company_id(found.get("id"))
            if company_id is None:
                sentence = "A company needs an `id` that is text or a number"
                ignored.append(Note("company_without_id", f"{where}.id", sentence))
            else:
                others = {name: value for name, value in found.items() if name != "id"}
                kept, more = flat_values(others, place=where)
                company = Company(id=company_id, attributes=kept)
                ignored += more
        else:
            # As text it is an attribute like any other.
            kept, more = flat_values({_COMPANY: found}, place=place)
            attributes.update(kept)
            ignored += more
    return Given(attributes, company, ignored)


def read_metadata(
    given: Mapping[str, Json] | None, *, place: str
) -> tuple[dict[str, Scalar], list[Note]]:
    """Read what an event carries: flat, like attributes."""
    return flat_values(given or {}, place=place)


def apply_identify(state: State, key: str, user_id: str | None, given: Given, *, now: str) -> User:
    """Merge attributes into a user, made now if there is none, and into its company."""
    user = _user(state, key, user_id, now=now)
    user.attributes.update(given.attributes)
    if given.company is not None:
        known = state.companies.setdefault(given.company.id, Company(id=given.company.id))
        known.attributes.update(given.company.attributes)
        user.company = known.id
    return user


def apply_event(
    state: State,
    key: str,
    user_id: str | None,
    event: str,
    metadata: dict[str, Scalar],
    *,
    moment_ns: int,
) -> None:
    """Count an event of a user, made now if there is none."""
    user = _user(state, key, user_id, now=moment_text(moment_ns))
    occur(user.events, event, moment_ns=moment_ns, properties=metadata)


def _user(state: State, key: str, user_id: str | None, *, now: str) -> User:
    user = state.users.get(key)
    if user is None:
        user = User(user_id=user_id, created_at=now)
        state.users[key] = user
    user.user_id = user_id or user.user_id
    if user_id is None:
        user.anonymous_id = key
    return user


def _company_id(value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value) or None
