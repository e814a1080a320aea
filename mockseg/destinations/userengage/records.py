"""What the application of one customer holds: users, companies, deals, products, what was done.

Moments are nanoseconds since 1970, or None.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Literal

from mockseg.destinations.userengage.attributes import Namespace
from mockseg.destinations.userengage.values import (
    Unconvertible,
    amount,
    choice,
    currency,
    email,
    employees,
    gender,
    numbers,
    person_name,
    read_boolean,
    read_date,
    read_datetime,
    read_integer,
    status,
    words,
)
from mockseg.json_types import Json, JsonObject

PROFILE: Final[dict[str, Json]] = {
    "email": None,
    "first_name": None,
    "last_name": None,
    "phone_number": None,
    "gender": "unknown",
    "status": "visitor",
    "score": 0,
    "city": None,
    "region": None,
    "country": None,
    # The eleven that identify takes from the context, in the document's names.
    "user_agent": None,
    "os": None,
    "device_name": None,
    "device_type": None,
    "language": None,
    "resolution": None,
    "ip_address": None,
    "browser_family": None,
    "browser_version": None,
    "timezone": None,
    "current_url": None,
    "notifications": True,
    "unsubscribed": False,
    "facebook_url": None,
    "google_url": None,
    "linkedin_url": None,
    "twitter_url": None,
    "gravatar_url": None,
    "last_contacted": None,
    "assigned_to": None,
}
"""A user's standard fields and what they are at first.

Source: User.com REST API v2, the sample of a user; UserEngage Destination, "Identify".
"""

COMPANY_PROFILE: Final[dict[str, Json]] = {
    "name": None,
    "email": None,
    "address": None,
    "city": None,
    "region": None,
    "country": None,
    "description": None,
    "phone_numbers": None,
    "postal_code": None,
    "size": None,
}
"""A company's standard fields, in the names of version 2."""


REST_NAMES: Final = {
    "last_ip": "ip_address",
    "browser": "browser_family",
    "browser_language": "language",
    "os_type": "os",
}
"""What REST calls fields of a user that the document names differently: a user shows both."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind:
    """What users, companies, deals and products differ in.

    Attributes:
        noun: for sentences.
        content_type: whose attributes they have.
        id_v1: what version 1 calls `custom_id`.
        defaults: the standard fields and what they are at first.
        readers: what each standard field takes; a reader raises `Unconvertible`.
        aliases: fields by what REST calls them, too.
        derived: fields that are shown and not set, by which lists are filtered, too.
        required: what a new one must have.
        creates_attributes: whether REST creates an attribute that is not defined; of users and
            companies the setup says so.
        shows: custom attributes on read: ``setup`` as the setup says, ``flat`` beside the standard
            fields in version 2 and as a list in version 1.
    """

    noun: str
    content_type: str
    id_v1: str
    defaults: Mapping[str, Json]
    readers: Mapping[str, Callable[[Json], Json]]
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    derived: frozenset[str] = frozenset({"id", "created_at", "updated_at"})
    required: tuple[str, ...] = ()
    creates_attributes: bool = False
    shows: Literal["setup", "flat"] = "setup"


USERS: Final = RecordKind(
    noun="user",
    content_type="clientuser",
    id_v1="user_id",
    defaults=PROFILE,
    readers={
        **dict.fromkeys(PROFILE, words),
        "email": email,
        "first_name": person_name,
        "last_name": person_name,
        "gender": gender,
        "status": status,
        "score": read_integer,
        "notifications": read_boolean,
        "unsubscribed": read_boolean,
        "last_contacted": read_datetime,
        "assigned_to": read_integer,
    },
    aliases=REST_NAMES,
    derived=frozenset(
        (
            *("id", "created_at", "updated_at", "name", "user_key", "key"),
            *("page_views", "first_seen", "last_seen"),
        )
    ),
)
COMPANIES: Final = RecordKind(
    noun="company",
    content_type="company",
    id_v1="company_id",
    defaults=COMPANY_PROFILE,
    readers={**dict.fromkeys(COMPANY_PROFILE, words), "email": email, "size": employees},
)
DEAL_STATUSES: Final = {0: "abandoned", 1: "in progress", 2: "won", 3: "lost", 4: "archived"}


def deal_status(value: Json) -> int:
    """Read the status of a deal: its number.

    Raises:
        Unconvertible: unknown; the message names them.
    """
    number = read_integer(value)
    if number not in DEAL_STATUSES:
        known = ", ".join(f"{each} {name}" for each, name in DEAL_STATUSES.items())
        raise Unconvertible(f"is not a status: {known}")
    return number


DEALS: Final = RecordKind(
    noun="deal",
    content_type="deal",
    id_v1="deal_id",
    defaults={
        "name": None,
        "value": None,
        "currency": None,
        "stage": None,
        "pipeline": None,
        "status": 1,
        "assigned_to": None,
        "restricted_to": None,
        "agent": None,
        "scope": None,
        "user_id": None,
        "company_id": None,
        "products": [],
        "participants": [],
        "activities_status": None,
        "expected_close_date": None,
        "loss_reason": None,
        "loss_reason_description": "",
        "lost_at": None,
        "won_at": None,
    },
    readers={
        **dict.fromkeys(("name", "activities_status", "loss_reason_description"), words),
        **dict.fromkeys(("stage", "pipeline", "agent", "scope", "restricted_to"), choice),
        **dict.fromkeys(("user_id", "company_id", "assigned_to", "loss_reason"), read_integer),
        **dict.fromkeys(("products", "participants"), numbers),
        **dict.fromkeys(("lost_at", "won_at"), read_datetime),
        "value": amount,
        "currency": currency,
        "status": deal_status,
        "expected_close_date": read_date,
    },
    required=("name",),
    creates_attributes=True,
    shows="flat",
)
"""Source: User.com REST API v2, the sample of a deal and its table of statuses."""

_PRODUCT = ("name", "price", "product_url", "image_url", "category_name")
PRODUCTS: Final = RecordKind(
    noun="product",
    content_type="product",
    id_v1="custom_id",
    defaults=dict.fromkeys(_PRODUCT),
    readers=dict.fromkeys(_PRODUCT, words),
    creates_attributes=True,
    shows="flat",
)
"""Source: the vendor's helper for Magento, which sends these."""

PRODUCT_EVENTS: Final = (
    "add to cart",
    "purchase",
    "liking",
    "add to observation",
    "order",
    "reservation",
    "return",
    "view",
    "click",
    "detail",
    "add",
    "remove",
    "checkout",
    "checkout option",
    "refund",
    "promo click",
)
"""Source: User.com's page on product events."""


@dataclasses.dataclass(slots=True, kw_only=True)
class Record:
    """What users, companies, deals and products have in common.

    Attributes:
        kind: what they differ in.
        id: internal.
        custom_id: what Segment called `userId`, else `anonymousId`; of a company the `groupId`;
            None for one made over REST.
        created_ns, updated_ns: None where a state did not say.
        profile: the standard fields that were set; the others are as in `RecordKind.defaults`.
        attributes: values by `Attribute.std`.
        tags: names, in order.
    """

    kind: ClassVar[RecordKind]

    id: int
    custom_id: str | None
    created_ns: int | None
    updated_ns: int | None
    profile: dict[str, Json] = dataclasses.field(default_factory=dict)
    attributes: dict[str, Json] = dataclasses.field(default_factory=dict)
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True, kw_only=True)
class User(Record):
    """One user.

    Attributes:
        key: minted; REST finds a user by it.
        companies: since when it is a member, by the company's internal id.
        lists: ids of the lists that it is on, in order.
    """

    kind: ClassVar[RecordKind] = USERS

    key: str
    companies: dict[int, int | None] = dataclasses.field(default_factory=dict)
    lists: list[int] = dataclasses.field(default_factory=list)
    page_views: int = 0
    first_seen_ns: int | None = None
    last_seen_ns: int | None = None


@dataclasses.dataclass(slots=True, kw_only=True)
class Company(Record):
    kind: ClassVar[RecordKind] = COMPANIES


@dataclasses.dataclass(slots=True, kw_only=True)
class Deal(Record):
    """A deal; `user_id`, `company_id` and `products` of its profile are internal ids."""

    kind: ClassVar[RecordKind] = DEALS


@dataclasses.dataclass(slots=True, kw_only=True)
class Product(Record):
    kind: ClassVar[RecordKind] = PRODUCTS


@dataclasses.dataclass(slots=True)
class UserList:
    """A list that users are put on by hand."""

    id: int
    name: str
    description: str = ""


@dataclasses.dataclass(slots=True)
class Event:
    """A defined event; `occurred`: whether it ever did."""

    id: int
    name: str
    attributes: Namespace
    occurred: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One occurrence of an event; `data` is converted, by `Attribute.std` of the event."""

    id: int
    user: int
    event: str
    timestamp_ns: int
    created_ns: int
    data: JsonObject


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """One page view; `visit` holds the rest of a ping hit's fields in the REST API's names."""

    id: int
    user: int
    timestamp_ns: int
    visit: JsonObject


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProductEvent:
    """What a user did with a product; `data` is as sent."""

    id: int
    user: int
    product: int
    event_type: str
    timestamp_ns: int
    data: JsonObject
