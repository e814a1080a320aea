"""Standard fields as REST and a hand-written state give them: what each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.destinations.userengage.mapping import employees, gender, person_name, words
from mockseg.destinations.userengage.records import COMPANY_PROFILE, PROFILE
from mockseg.destinations.userengage.values import NUMBER, Unconvertible, convert
from mockseg.domain.timestamps import parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mockseg.json_types import Json


_STATUSES = {"1": "visitor", "visitor": "visitor", "2": "user", "user": "user"}
_MOST_TAG = 255


def moment_of(value: Json) -> int:
    """Read a moment: ISO 8601, or seconds since 1970.

    Raises:
        Unconvertible: neither.
    """
    moment_ns = parse_moment(value)
    if moment_ns is not None:
        return moment_ns
    try:
        seconds = convert(value, NUMBER)
    except Unconvertible:
        raise Unconvertible("is neither ISO 8601 nor a number of seconds since 1970") from None
    if abs(seconds) > 253_402_300_799:
        raise Unconvertible("is beyond the year 9999")
    return int(seconds * 1_000_000_000)


def tags_of(value: Json) -> list[str]:
    """Read tags: a list of names.

    Raises:
        Unconvertible: something else.
    """
    if not isinstance(value, list):
        raise Unconvertible("is no list of names")
    for name in value:
        if not isinstance(name, str) or not 1 <= len(name) <= _MOST_TAG:
            raise Unconvertible(f"has a tag that is no text of 1 to {_MOST_TAG} characters")
    return value


def _email(value: Json) -> str:
    address = words(value)
    name, _, host = address.rpartition("@")
    if address and (not name or not host or any(character.isspace() for character in address)):
        raise Unconvertible("is no email address")
    return address


def _status(value: Json) -> str:
    found = _STATUSES.get(words(value).strip().lower())
    if found is None:
        raise Unconvertible("is no status: visitor or 1, user or 2")
    return found


def _boolean(value: Json) -> bool:
    return bool(convert(value, "boolean"))


def _integer(value: Json) -> int:
    return int(convert(value, "integer"))


def _instant(value: Json) -> str:
    return str(convert(value, "datetime"))


USER_FIELDS: Final[Mapping[str, Callable[[Json], Json]]] = {
    **dict.fromkeys(PROFILE, words),
    "email": _email,
    "first_name": person_name,
    "last_name": person_name,
    "gender": gender,
    "status": _status,
    "score": _integer,
    "notifications": _boolean,
    "unsubscribed": _boolean,
    "last_contacted": _instant,
    "assigned_to": _integer,
}
"""What each standard field of a user takes; a reader raises `Unconvertible`."""

COMPANY_FIELDS: Final[Mapping[str, Callable[[Json], Json]]] = {
    **dict.fromkeys(COMPANY_PROFILE, words),
    "email": _email,
    "size": employees,
}
"""What each standard field of a company takes."""
