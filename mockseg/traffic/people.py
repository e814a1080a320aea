"""People: who they are, where they live, what they use; the same for the same seed and number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mockseg.json_types import encode
from mockseg.traffic.draw import Draw
from mockseg.traffic.places import Place, place_of
from mockseg.traffic.pools import pools_of

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject
    from mockseg.traffic.pools import Pools

__all__ = ["Device", "People", "Person"]

# How many people are kept ready; others are made again when their turn comes.
_KEPT: Final = 10_000
_USERS_OF_GROUP: Final = 8
_PLANS: Final = ("free", "team", "business", "enterprise")
_INDUSTRIES: Final = ("Software", "Retail", "Health", "Education", "Logistics", "Finance")
# Name, browser part of the user agent, width, height, density.
_COMPUTERS: Final = (
    ("Windows", "Windows NT 10.0; Win64; x64", 1920, 1080, 1),
    ("Windows", "Windows NT 10.0; Win64; x64", 1366, 768, 1),
    ("macOS", "Macintosh; Intel Mac OS X 10_15_7", 1440, 900, 2),
    ("macOS", "Macintosh; Intel Mac OS X 10_15_7", 1728, 1117, 2),
    ("Linux", "X11; Linux x86_64", 2560, 1440, 1),
)
_PHONES: Final = (
    ("ios", "iOS", "17.5", "Apple", "iPhone15,2", 393, 852),
    ("ios", "iOS", "18.1", "Apple", "iPhone16,1", 393, 852),
    ("android", "Android", "14", "Google", "Pixel 8", 412, 915),
    ("android", "Android", "15", "Samsung", "SM-S921B", 360, 780),
)


@dataclass(frozen=True, slots=True)
class Device:
    """What a person uses, under an anonymous id of its own.

    Attributes:
        anonymous_id: until somebody is identified on it, and beside the user after.
        context: what every call from it says of it; not to be changed.
        told_id: the id as a member of a message, after a comma.
        told: id and context as members of a message.
    """

    anonymous_id: str
    context: JsonObject
    told_id: bytes
    told: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody.

    Attributes:
        number: from 0.
        user_id: once identified.
        raw_id: the same as JSON.
        told_id: the same as a member of a message, after a comma.
        group_id: of the company.
        traits: of the person; not to be changed.
        company: traits of the company; not to be changed.
        browser, phone: what the person uses.
    """

    number: int
    user_id: str
    raw_id: bytes
    told_id: bytes
    group_id: str
    traits: JsonObject
    company: JsonObject
    browser: Device
    phone: Device


class People:
    """Everybody.

    Args:
        seed: any text.
        locale: where they live.

    Raises:
        ConfigError: there is no such locale.
    """

    def __init__(self, *, seed: str, locale: str) -> None:
        self._seed = seed
        self._locale = locale.replace("_", "-")
        self.pools: Pools = pools_of(seed, locale)
        self.place: Place = place_of(locale)
        self.person = lru_cache(maxsize=_KEPT)(self._person)
        self._company = lru_cache(maxsize=_KEPT)(self._made_company)

    def _person(self, number: int) -> Person:
        draw = Draw(self._seed, "person", number)
        pools = self.pools
        group = number // _USERS_OF_GROUP
        company = self._company(group)
        first, last = draw.pick(pools.first_names), draw.pick(pools.last_names)
        username = f"{_plain(first)}.{_plain(last)}{number}".strip(".")
        user_id = draw.uuid()
        traits: JsonObject = {
            "email": f"{username}@{company['website'].removeprefix('https://')}",
            "firstName": first,
            "lastName": last,
            "name": f"{first} {last}",
            "username": username,
            "title": draw.pick(pools.jobs),
            # Numbers that are kept for fiction: nobody is called.
            "phone": f"+1 202 555 01{draw.below(100):02d}",
            "age": 18 + draw.below(55),
            "createdAt": f"202{draw.below(6)}-{1 + draw.below(12):02d}-{1 + draw.below(28):02d}"
            "T08:00:00.000Z",
            "address": {
                "street": draw.pick(pools.streets),
                "postalCode": draw.pick(pools.postcodes),
                "city": draw.pick(pools.cities),
                "country": self.place.country,
            },
            "company": {"id": company["id"], "name": company["name"], "plan": company["plan"]},
        }
        return Person(
            number=number,
            user_id=user_id,
            raw_id=encode(user_id),
            told_id=b',"userId":' + encode(user_id),
            group_id=company["id"],
            traits=traits,
            company=company,
            browser=self._browser(draw),
            phone=self._phone(draw),
        )

    def _made_company(self, number: int) -> JsonObject:
        draw = Draw(self._seed, "company", number)
        name = draw.pick(self.pools.companies)
        return {
            "id": f"company-{number}",
            "name": name,
            "industry": draw.pick(_INDUSTRIES),
            "employees": 1 + draw.below(900),
            "plan": draw.pick(_PLANS),
            "website": f"https://{_plain(name) or 'company'}{number}.example",
        }

    def _browser(self, draw: Draw) -> Device:
        system, agent, width, height, density = draw.pick(_COMPUTERS)
        release = 120 + draw.below(14)
        context = {
            "active": True,
            "ip": _address(draw),
            "library": {"name": "analytics.js", "version": "npm:next-1.76.0"},
            "locale": self._locale,
            "os": {"name": system},
            "screen": {"width": width, "height": height, "density": density},
            "timezone": self.place.time_zone,
            "userAgent": f"Mozilla/5.0 ({agent}) AppleWebKit/537.36 (KHTML, like Gecko)"
            f" Chrome/{release}.0.0.0 Safari/537.36",
        }
        return _device(draw.uuid(), context)

    def _phone(self, draw: Draw) -> Device:
        kind, system, release, maker, model, width, height = draw.pick(_PHONES)
        context = {
            "app": {"name": "Example", "version": "4.0.1", "build": "4010"},
            "device": {"id": draw.uuid(), "manufacturer": maker, "model": model, "type": kind},
            "ip": _address(draw),
            "library": {"name": f"analytics-{kind}", "version": "4.1.8"},
            "locale": self._locale,
            "network": {"cellular": draw.below(2) == 0, "wifi": draw.below(2) == 0},
            "os": {"name": system, "version": release},
            "screen": {"width": width, "height": height, "density": 3},
            "timezone": self.place.time_zone,
        }
        return _device(draw.uuid(), context)


def _device(anonymous_id: str, context: JsonObject) -> Device:
    told_id = b',"anonymousId":' + encode(anonymous_id)
    return Device(anonymous_id, context, told_id, b'%b,"context":%b' % (told_id, encode(context)))


def _address(draw: Draw) -> str:
    """Give an address out of the blocks that are kept for documentation (RFC 5737)."""
    block = draw.pick(("192.0.2", "198.51.100", "203.0.113"))
    return f"{block}.{1 + draw.below(254)}"


def _plain(text: str) -> str:
    """Give the ASCII letters and digits of a text, in lower case."""
    return "".join(char for char in text.lower() if char.isascii() and char.isalnum())
