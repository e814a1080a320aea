"""What people do whatever is documented: look at pages, sign up, belong to a company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.json_types import decode, encode
from mockseg.traffic.kinds import STAMPED

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject
    from mockseg.plans.planset import PlanSet
    from mockseg.traffic.people import People, Person

__all__ = ["LIFE", "Life"]

LIFE: Final = ("identify", "group", "alias", "page")
_SITE: Final = "https://app.example.com"
_PAGES: Final = (
    ("Home", "/"),
    ("Pricing", "/pricing"),
    ("Dashboard", "/dashboard"),
    ("Reports", "/reports"),
    ("Contacts", "/contacts"),
    ("Import", "/import"),
    ("Settings", "/settings"),
    ("Help", "/help"),
)
_REFERRERS: Final = ("", "", "https://www.example.org/", "https://search.example.com/")


class Life:
    """Makes the calls of a life.

    Args:
        people: all of them.
        checks: the plans; a type of call whose rule does not like what is made is left out.

    Attributes:
        types: the types of call that people make.
        pages: how many pages there are.
    """

    def __init__(self, people: People, checks: PlanSet) -> None:
        self._pages = tuple(
            _page(name, path, referrer) for name, path in _PAGES for referrer in _REFERRERS
        )
        self.pages = len(self._pages)
        person = people.person(0)
        self.types = tuple(
            type_
            for type_ in LIFE
            if not any(
                checks.check(whole, type=type_, event=None) for whole in self._whole(type_, person)
            )
        )

    def message(self, type_: str, person: Person, turn: int) -> bytes:
        """Give the beginning of a call: all but its ids, time, context and closing brace.

        Args:
            type_: one of :data:`LIFE`.
            person: whose.
            turn: which page, from 0 to ``pages`` - 1.
        """
        if type_ == "page":
            return self._pages[turn]
        message: JsonObject = {"type": type_}
        if type_ == "identify":
            message["traits"] = person.traits
        elif type_ == "group":
            message |= {"groupId": person.group_id, "traits": person.company}
        else:
            message["previousId"] = person.browser.anonymous_id
        return encode(message)[:-1]

    def _whole(self, type_: str, person: Person) -> list[JsonObject]:
        """Return such a call as it is sent; of a page also that of a visitor without a userId."""
        message: JsonObject = decode(self.message(type_, person, 0) + b"}")
        visitors = (
            STAMPED
            | message
            | {
                "anonymousId": person.browser.anonymous_id,
                "context": person.browser.context,
            }
        )
        users = visitors | {"userId": person.user_id}
        return [users, visitors] if type_ == "page" else [users]


def _page(name: str, path: str, referrer: str) -> bytes:
    properties = {
        "name": name,
        "path": path,
        "referrer": referrer,
        "search": "",
        "title": name,
        "url": f"{_SITE}{path}",
    }
    return encode({"type": "page", "name": name, "properties": properties})[:-1]
