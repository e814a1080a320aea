"""People: who they are, where they live, what they use; the same for the same seed and number.

Names and words come from Faker, drawn once for a seed and a locale. Faker takes tens of
microseconds for one value, so it fills pools; people are put together from them. Nothing is
asked of it that depends on today's date.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from mockseg.errors import ConfigError
from mockseg.extras import require
from mockseg.json_types import encode
from mockseg.suggestions import unknown
from mockseg.traffic.draw import Draw
from mockseg.traffic.ids import IdForm, MessageIds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faker import Faker

    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Plan


# What needs Faker, for the person who has to install it.
_USER: Final = "synthetic traffic"
_NAMES: Final = 240
_WORDS: Final = 64


# What people and things are called in a locale: by Faker's word, and "phrase" for a title.
Pools: TypeAlias = "Mapping[str, tuple[str, ...]]"
_POOLS: Final = {
    "first_name": _NAMES, "last_name": _NAMES, "company": _WORDS, "job": _WORDS, "city": _WORDS,
    "street_address": _WORDS, "postcode": _WORDS, "phrase": _WORDS, "sentence": _WORDS,
}  # fmt: skip


@lru_cache(maxsize=16)
def pools_of(seed: str, locale: str) -> Pools:
    """Fill the pools of a seed and a locale.

    Raises:
        ConfigError: Faker does not know the locale.
        MissingExtraError: Faker is not installed.
    """
    faker = _faker(locale)
    faker.seed_instance(f"{seed}/{locale}")
    pools = {}
    for word, count in _POOLS.items():
        phrase = "catch_phrase" if hasattr(faker, "catch_phrase") else "bs"
        make = getattr(faker, phrase if word == "phrase" else word)
        pools[word] = tuple(str(make()).replace("\n", ", ") for _ in range(count))
    return pools


def faker_release() -> str:
    """Return the release of Faker, on which names depend.

    Raises:
        MissingExtraError: it is not installed.
    """
    require("faker", user=_USER)
    from faker import VERSION

    return str(VERSION)


def _faker(locale: str) -> Faker:
    require("faker", user=_USER)
    from faker import Faker
    from faker.config import AVAILABLE_LOCALES

    if locale not in AVAILABLE_LOCALES:
        common = ("en_US", "de_DE", "ja_JP")
        names = dict.fromkeys((*common, *sorted(AVAILABLE_LOCALES)))
        raise ConfigError(unknown("locale", locale, names, see="the documentation of Faker"))
    return Faker(locale)


@dataclass(frozen=True, slots=True)
class Place:
    """A country.

    Attributes:
        country: its name.
        time_zone: as IANA names it; the one that most people there live in.
        offset_minutes: of its standard time from UTC.
        currency: ISO 4217.
    """

    country: str
    time_zone: str
    offset_minutes: int
    currency: str


_PLACES: Final = {
    "AT": Place("Austria", "Europe/Vienna", 60, "EUR"),
    "AU": Place("Australia", "Australia/Sydney", 600, "AUD"),
    "BE": Place("Belgium", "Europe/Brussels", 60, "EUR"),
    "BR": Place("Brazil", "America/Sao_Paulo", -180, "BRL"),
    "CA": Place("Canada", "America/Toronto", -300, "CAD"),
    "CH": Place("Switzerland", "Europe/Zurich", 60, "CHF"),
    "CN": Place("China", "Asia/Shanghai", 480, "CNY"),
    "CZ": Place("Czechia", "Europe/Prague", 60, "CZK"),
    "DE": Place("Germany", "Europe/Berlin", 60, "EUR"),
    "DK": Place("Denmark", "Europe/Copenhagen", 60, "DKK"),
    "ES": Place("Spain", "Europe/Madrid", 60, "EUR"),
    "FI": Place("Finland", "Europe/Helsinki", 120, "EUR"),
    "FR": Place("France", "Europe/Paris", 60, "EUR"),
    "GB": Place("United Kingdom", "Europe/London", 0, "GBP"),
    "GR": Place("Greece", "Europe/Athens", 120, "EUR"),
    "IE": Place("Ireland", "Europe/Dublin", 0, "EUR"),
    "IN": Place("India", "Asia/Kolkata", 330, "INR"),
    "IT": Place("Italy", "Europe/Rome", 60, "EUR"),
    "JP": Place("Japan", "Asia/Tokyo", 540, "JPY"),
    "KR": Place("South Korea", "Asia/Seoul", 540, "KRW"),
    "MX": Place("Mexico", "America/Mexico_City", -360, "MXN"),
    "NL": Place("Netherlands", "Europe/Amsterdam", 60, "EUR"),
    "NO": Place("Norway", "Europe/Oslo", 60, "NOK"),
    "NZ": Place("New Zealand", "Pacific/Auckland", 720, "NZD"),
    "PL": Place("Poland", "Europe/Warsaw", 60, "PLN"),
    "PT": Place("Portugal", "Europe/Lisbon", 0, "EUR"),
    "SE": Place("Sweden", "Europe/Stockholm", 60, "SEK"),
    "TR": Place("Türkiye", "Europe/Istanbul", 180, "TRY"),
    "UA": Place("Ukraine", "Europe/Kyiv", 120, "UAH"),
    "US": Place("United States", "America/New_York", -300, "USD"),
}
_ELSEWHERE: Final = Place("Elsewhere", "Etc/UTC", 0, "USD")


def place_of(locale: str) -> Place:
    """Return the place of a locale such as ``de_DE``; one that is not in the table is in UTC."""
    return _PLACES.get(locale.rpartition("_")[2].upper(), _ELSEWHERE)


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
        anonymous_id: until a user is identified on it, and beside the userId after.
        context: what every call from it says of it; not to be changed.
        id_member: the id as a member of a message, after a comma.
        members: id and context as members of a message.
    """

    anonymous_id: str
    context: JsonObject
    id_member: bytes
    members: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person.

    Attributes:
        number: from 0.
        user_id: once identified.
        id_json: the same as JSON.
        id_member: the same as a member of a message, after a comma.
        group_id: of the company.
        traits: of the person; not to be changed.
        company: traits of the company; not to be changed.
        browser, phone: what the person uses.
    """

    number: int
    user_id: str
    id_json: bytes
    id_member: bytes
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
        plans: of the users' own, which may say what ids are like.

    Attributes:
        message_ids: those of calls.
        message_id: one of them.

    Raises:
        ConfigError: unknown locale.
        PlanError: the plans allow too few messageIds.
    """

    def __init__(self, *, seed: str, locale: str, plans: tuple[Plan, ...] = ()) -> None:
        self._seed = seed
        self._user_id = IdForm("userId", plans, seed=seed)
        self._anonymous_id = IdForm("anonymousId", plans, seed=seed)
        self.message_ids = MessageIds(plans, seed=seed)
        self.message_id = self.message_ids.example()
        self._locale = locale.replace("_", "-")
        self.pools: Pools = pools_of(seed, locale)
        self.place: Place = place_of(locale)
        self.person = lru_cache(maxsize=_KEPT)(self._person)
        self._company = lru_cache(maxsize=_KEPT)(self._new_company)

    def _person(self, number: int) -> Person:
        draw = Draw(self._seed, "person", number)
        pools = self.pools
        group = number // _USERS_OF_GROUP
        company = self._company(group)
        first, last = draw.pick(pools["first_name"]), draw.pick(pools["last_name"])
        username = f"{ascii_of(first)}.{ascii_of(last)}{number}".strip(".")
        email = f"{username}@{company['website'].removeprefix('https://')}"
        user_id = self._user_id.of(number, uuid=draw.uuid(), email=email)
        traits: JsonObject = {
            "email": email,
            "firstName": first,
            "lastName": last,
            "name": f"{first} {last}",
            "username": username,
            "title": draw.pick(pools["job"]),
            # Numbers that are reserved for fiction.
            "phone": f"+1 202 555 01{draw.below(100):02d}",
            "age": 18 + draw.below(55),
            "createdAt": f"202{draw.below(6)}-{1 + draw.below(12):02d}-{1 + draw.below(28):02d}"
            "T08:00:00.000Z",
            "address": {
                "street": draw.pick(pools["street_address"]),
                "postalCode": draw.pick(pools["postcode"]),
                "city": draw.pick(pools["city"]),
                "country": self.place.country,
            },
            "company": {"id": company["id"], "name": company["name"], "plan": company["plan"]},
        }
        return Person(
            number=number,
            user_id=user_id,
            id_json=encode(user_id),
            id_member=b',"userId":' + encode(user_id),
            group_id=company["id"],
            traits=traits,
            company=company,
            browser=self._browser(draw, 2 * number, email),
            phone=self._phone(draw, 2 * number + 1, email),
        )

    def _new_company(self, number: int) -> JsonObject:
        draw = Draw(self._seed, "company", number)
        name = draw.pick(self.pools["company"])
        return {
            "id": f"company-{number}",
            "name": name,
            "industry": draw.pick(_INDUSTRIES),
            "employees": 1 + draw.below(900),
            "plan": draw.pick(_PLANS),
            "website": f"https://{ascii_of(name) or 'company'}{number}.example",
        }

    def _device(self, draw: Draw, number: int, email: str, context: JsonObject) -> Device:
        anonymous_id = self._anonymous_id.of(number, uuid=draw.uuid(), email=email)
        id_member = b',"anonymousId":' + encode(anonymous_id)
        members = b'%b,"context":%b' % (id_member, encode(context))
        return Device(anonymous_id, context, id_member, members)

    def _browser(self, draw: Draw, number: int, email: str) -> Device:
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
        return self._device(draw, number, email, context)

    def _phone(self, draw: Draw, number: int, email: str) -> Device:
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
        return self._device(draw, number, email, context)


def _address(draw: Draw) -> str:
    """Return an address out of the blocks that are kept for documentation (RFC 5737)."""
    block = draw.pick(("192.0.2", "198.51.100", "203.0.113"))
    return f"{block}.{1 + draw.below(254)}"


def ascii_of(text: str) -> str:
    """Return the ASCII letters and digits of a text, in lower case."""
    return "".join(char for char in text.lower() if char.isascii() and char.isalnum())
