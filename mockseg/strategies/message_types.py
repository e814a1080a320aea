"""The types of messages in wire form, and what Hypothesis makes for them."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from hypothesis import strategies as st

from mockseg.strategies.events import batches, messages
from mockseg.strategies.invalid import Invalid, invalid_messages
from mockseg.strategies.requests import WireRequest, requests


class _Common(TypedDict):
    userId: NotRequired[str | None]
    anonymousId: NotRequired[str | None]
    messageId: NotRequired[str | None]
    timestamp: NotRequired[str | None]
    sentAt: NotRequired[str | None]
    context: NotRequired[dict[str, Any] | None]
    integrations: NotRequired[dict[str, Any] | None]


class Track(_Common):
    """A track call: what a user did."""

    type: Literal["track"]
    event: str
    properties: NotRequired[dict[str, Any] | None]


class Identify(_Common):
    """An identify call: who a user is."""

    type: Literal["identify"]
    traits: NotRequired[dict[str, Any] | None]


class Page(_Common):
    """A page call: what a user saw on the web."""

    type: Literal["page"]
    name: NotRequired[str | None]
    category: NotRequired[str | None]
    properties: NotRequired[dict[str, Any] | None]


class Screen(_Common):
    """A screen call: what a user saw in an app."""

    type: Literal["screen"]
    name: NotRequired[str | None]
    category: NotRequired[str | None]
    properties: NotRequired[dict[str, Any] | None]


class Group(_Common):
    """A group call: what a user belongs to."""

    type: Literal["group"]
    groupId: str
    traits: NotRequired[dict[str, Any] | None]


class Alias(_Common):
    """An alias call: one identity is another."""

    type: Literal["alias"]
    previousId: NotRequired[str | None]


class Message(TypedDict, total=False):
    """Any of the six, where the type does not matter."""

    type: str
    event: str
    name: str
    category: str
    userId: str | None
    anonymousId: str | None
    groupId: str
    previousId: str
    messageId: str | None
    timestamp: str | None
    sentAt: str | None
    context: dict[str, Any] | None
    integrations: dict[str, Any] | None
    properties: dict[str, Any] | None
    traits: dict[str, Any] | None


class Batch(TypedDict):
    """The body of a batch."""

    batch: list[dict[str, Any]]
    sentAt: NotRequired[str | None]
    context: NotRequired[dict[str, Any] | None]
    integrations: NotRequired[dict[str, Any] | None]


def register_type_strategies() -> None:
    """Let ``from_type``, ``builds`` and ``infer`` make messages of these types; once is enough.

    ``Track``, ``Identify``, ``Page``, ``Screen``, ``Group`` and ``Alias`` are of the Spec,
    ``Message`` is any of them; ``Batch``, ``Invalid`` and ``WireRequest`` are what their
    strategies give without arguments.
    """
    for kind in (Track, Identify, Page, Screen, Group, Alias):
        st.register_type_strategy(kind, messages([kind.__name__.lower()]))
    st.register_type_strategy(Message, messages())
    st.register_type_strategy(Batch, batches())
    st.register_type_strategy(Invalid, invalid_messages())
    st.register_type_strategy(WireRequest, requests())
