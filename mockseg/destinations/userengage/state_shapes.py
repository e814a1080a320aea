"""The objects of a state, as a person may write them: what `restoring` reads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from mockseg.destinations.userengage.mapping import EMPTY_VISIT
from mockseg.destinations.userengage.records import PRODUCT_EVENTS
from mockseg.destinations.userengage.segments import Conditions
from mockseg.json_types import Json, JsonObject

_Id = Annotated[int, Meta(ge=1, le=2**53)]
_Count = Annotated[int, Meta(ge=0, le=2**53)]
_Name = Annotated[str, Meta(min_length=1)]


class Given(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An object of a state: what is missing or null is minted, or begins empty.

    Fields of type `Json` that `fill` does not read are what REST derives from the others.
    """


class Tag(Given, kw_only=True):
    id: _Id | None = None
    name: _Name


class Attribute(Given, kw_only=True):
    id: _Id | None = None
    name: _Name
    name_std: Json = None
    value_type: str | None = None
    content_type: (
        Literal["clientuser", "company", "activity", "deal", "product", "ticket"] | None
    ) = None
    choices: tuple[str, ...] | None = None
    allow_multiple_choices: bool | None = None


class Event(Given, kw_only=True):
    id: _Id | None = None
    name: _Name
    attributes: list[Attribute] | None = None


class Value(Given, kw_only=True):
    id: Json = None
    name: _Name
    name_std: Json = None
    value: Json = None


class Record(Given, kw_only=True):
    """A user or a company without its standard fields, which have readers of their own."""

    id: _Id | None = None
    custom_id: str | None = None
    tags: list[str | Tag] | None = None
    attributes: dict[str, Json] | list[Value] | None = None
    created_at: Json = None
    updated_at: Json = None


class Membership(Given, kw_only=True):
    id: _Count | None = None
    custom_id: str | None = None
    name: Json = None
    member_since: Json = None


class Listed(Given, kw_only=True):
    id: _Id
    name: Json = None
    description: Json = None


class User(Record, kw_only=True):
    user_key: str | None = None
    key: str | None = None
    name: Json = None
    lists: list[Listed] | None = None
    companies: list[Membership] | None = None
    page_views: _Count | None = None
    first_seen: Json = None
    last_seen: Json = None
    web_push_subscription: Json = None
    chat_id: Json = None


class Deal(Record, kw_only=True):
    """A deal without its standard fields; these others are derived."""

    user_custom_id: Json = None
    company_custom_id: Json = None
    products_custom_id: Json = None
    created_by: Json = None


class ProductEvent(Given, kw_only=True):
    id: _Id | None = None
    client: _Id
    product: _Id
    product_custom_id: Json = None
    event_type: Literal[PRODUCT_EVENTS]  # type: ignore[valid-type]  # the list stands in one place
    timestamp: Json = None
    custom_data: dict[str, Json] | None = None
    data: dict[str, Json] | None = None


class List(Given, kw_only=True):
    id: _Id | None = None
    name: _Name
    description: str | None = None


class Segment(Given, kw_only=True):
    id: _Id | None = None
    name: _Name
    conditions: Conditions


class Occurrence(Given, kw_only=True):
    id: _Id | None = None
    name: _Name
    user_id: _Count | None = None
    timestamp: Json = None
    created_at: Json = None
    data: dict[str, Json] | None = None


class Key(Given, kw_only=True):
    key: _Name
    revoked: bool | None = None


class Forgotten(Given, kw_only=True):
    event_occurrences: _Count | None = None
    page_views: _Count | None = None
    product_events: _Count | None = None


Visit: Any = msgspec.defstruct(
    "Visit", [(name, str | None, None) for name in EMPTY_VISIT], bases=(Given,), kw_only=True
)


class View(Visit):  # type: ignore[misc]  # its fields are those of a visit
    id: _Id | None = None
    client: _Count | None = None
    timestamp: Json = None
    extra_data: Json = None


class State(Given, kw_only=True):
    users: list[JsonObject] | None = None
    companies: list[JsonObject] | None = None
    deals: list[JsonObject] | None = None
    products: list[JsonObject] | None = None
    product_events: list[ProductEvent] | None = None
    lists: list[List] | None = None
    segments: list[Segment] | None = None
    attributes: list[Attribute] | None = None
    events: list[Event] | None = None
    event_attributes: list[Attribute] | None = None
    event_occurrences: list[Occurrence] | None = None
    page_views: list[View] | None = None
    tags: list[Tag] | None = None
    segment_keys: list[Key] | None = None
    rest_token: str | None = None
    trusted_domains: list[str] | None = None
    forgotten: Forgotten | None = None
