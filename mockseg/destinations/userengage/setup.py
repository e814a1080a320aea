"""How the application is set up at UserEngage before anything arrives, and the switches."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mockseg.destinations.vendor import Setup
from mockseg.errors import VendorStateError

_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,20}|\[[0-9a-f:.]{2,45}\]")


class AttributeSetup(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A type with what a ``fixed`` one needs.

    Attributes:
        type: string, number, integer, float, boolean, date, datetime, json or fixed.
        choices: of a fixed one: at least one.
        many: whether a fixed one takes several of them.
    """

    type: str
    choices: tuple[str, ...] = ()
    many: bool = False


Types = dict[str, str | AttributeSetup]


class UserEngageSetup(Setup, frozen=True):
    """A UserEngage application before the first call.

    Attributes:
        attributes: client attributes: a type by name ("App settings > Client attributes").
        company_attributes: company attributes: a type by name.
        events: event attributes by event: a type by name.
        event_attributes: of all events; only with `event_namespace` ``global``.
        trusted_domains: whose requests are taken; those of all domains when empty.
        rest_token: that REST clients send as ``Authorization: Token …``; minted without.

        segment_key_for_rest: whether REST takes the Segment API key as a token, too. At the
            vendor they are probably two secrets.
        trust_subdomains: whether ``example.com`` trusts ``app.example.com``.
        context_traits: whether identify also maps `context.traits`; the document speaks of
            the call's own.
        address_text: what happens to an address that is text and cannot be split: it is
            ignored, or becomes the custom ``attribute`` of that name.
        company_address: how the parts of an address object are joined into the company's:
            ``comma`` (``6th St, San Francisco``) or ``concatenated``.
        event_namespace: whether each event has attributes of its own, or all share them.
        attributes_on_read: how REST shows custom attributes: as the ``list`` `attributes`,
            ``flat`` beside the standard fields, or ``both``.
        rest_unknown_attributes: what REST does with an attribute that is not defined:
            ``ignore``, ``create`` (as a string) or ``refuse`` (400).
        rest_requests_per_second: above it REST answers 429 until the second ends that the first
            request began; None for no limit.
        page_size: records on a page of the REST API.
        most_records: event occurrences, and page views, that are kept; the oldest are
            forgotten first. Counters go on.
    """

    attributes: Types = {}
    company_attributes: Types = {}
    events: dict[str, Types] = {}
    event_attributes: Types = {}
    trusted_domains: tuple[str, ...] = ()
    rest_token: str | None = None

    segment_key_for_rest: bool = True
    trust_subdomains: bool = True
    context_traits: bool = False
    address_text: Literal["ignore", "attribute"] = "ignore"
    company_address: Literal["comma", "concatenated"] = "comma"
    event_namespace: Literal["event", "global"] = "event"
    attributes_on_read: Literal["list", "flat", "both"] = "both"
    rest_unknown_attributes: Literal["ignore", "create", "refuse"] = "ignore"
    rest_requests_per_second: Annotated[int, Meta(ge=1)] | None = None
    page_size: Annotated[int, Meta(ge=1, le=100)] = 100
    most_records: Annotated[int, Meta(ge=1)] = 100_000


def check_setup(setup: UserEngageSetup) -> None:
    """Refuse switches that contradict each other.

    Raises:
        VendorStateError: names the place and what is allowed.
    """
    if setup.event_attributes and setup.event_namespace != "global":
        raise VendorStateError(
            "is given while each event has attributes of its own;"
            " set `eventNamespace` to `global`, or name them under `events`",
            place="eventAttributes",
        )
    if setup.event_namespace == "global":
        for name, types in setup.events.items():
            if types:
                raise VendorStateError(
                    "has attributes while all events share theirs;"
                    " name them under `eventAttributes`",
                    place=f"events.{name}",
                )
    if setup.rest_token is not None and not setup.rest_token.strip():
        raise VendorStateError("is empty", place="restToken")


def domain_of(text: str, *, place: str) -> str:
    """Read a domain to trust.

    Raises:
        VendorStateError: not a bare host name.
    """
    domain = text.strip().lower().rstrip(".")
    if _DOMAIN.fullmatch(domain) is None:
        sentence = f"{text[:100]!r} is not a domain; expected the bare host, such as example.com"
        raise VendorStateError(sentence, place=place)
    return domain
