"""What only the pages at app.userengage.com could do, as actions."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final, TypeAlias

from mockseg.destinations.userengage.app import App, define, define_events
from mockseg.destinations.userengage.objects import attribute_object, event_object
from mockseg.destinations.userengage.setup import AttributeSetup, Types, UserEngageSetup, domain_of
from mockseg.destinations.vendor import Action, Arguments, Imitation
from mockseg.errors import VendorStateError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from mockseg.destinations.userengage.attributes import Namespace
    from mockseg.json_types import JsonObject


_UserEngage: TypeAlias = Imitation[UserEngageSetup, App]
_SECRET_LETTERS = string.ascii_letters + string.digits


class GenerateKey(Arguments, frozen=True):
    """Generate another Segment API key ("App settings > Advanced > Segment API keys")."""


class RevokeKey(Arguments, frozen=True):
    """Revoke a Segment API key; requests with it are answered 403 from now on.

    Attributes:
        key: which; the oldest that is not revoked, without.
    """

    key: str | None = None


class Domain(Arguments, frozen=True):
    """A domain, for "App settings > Advanced > Domains".

    Attributes:
        domain: a bare host, such as ``example.com``.
    """

    domain: str


class DefineAttribute(Arguments, frozen=True):
    """Define an attribute; the same again changes nothing.

    Attributes:
        name: 1 to 32 characters.
        type: string, number, integer, float, boolean, date, datetime, json or fixed.
        choices: of a fixed one.
        many: whether a fixed one takes several.
    """

    name: str
    type: str
    choices: tuple[str, ...] = ()
    many: bool = False


class DefineEvent(Arguments, frozen=True):
    """Define an event, or more attributes of one.

    Attributes:
        name: of the event.
        attributes: types by name.
    """

    name: str
    attributes: Types = {}


class DefineEventAttribute(Arguments, frozen=True):
    """Define an attribute of an event, or of all where they share them.

    Attributes:
        name: 1 to 32 characters.
        type: as of any attribute.
        event: the name of the event; left out where all events share attributes.
        choices: of a fixed one.
        many: whether a fixed one takes several.
    """

    name: str
    type: str
    event: str | None = None
    choices: tuple[str, ...] = ()
    many: bool = False


def mint_secret(random: Random) -> str:
    """Return a key or token of 64 letters and digits."""
    return "".join(random.choices(_SECRET_LETTERS, k=64))


def _generate_key(engage: _UserEngage, _: GenerateKey, __: int) -> JsonObject:
    key = mint_secret(engage.random)
    engage.kept.segment_keys[key] = False
    return {"key": key}


def _revoke_key(engage: _UserEngage, given: RevokeKey, _: int) -> JsonObject:
    keys = engage.kept.segment_keys
    valid = [key for key, revoked in keys.items() if not revoked]
    key = given.key
    if key is None:
        if not valid:
            raise VendorStateError("every key is revoked already; generate one first", place="key")
        key = valid[0]
    elif key not in keys:
        raise VendorStateError(
            f"{key[:80]!r} is not a Segment API key of this application; it has {len(valid)} valid"
            " ones, which its state lists",
            place="key",
        )
    keys[key] = True
    return {"key": key, "revoked": True}


def _trust_domain(engage: _UserEngage, given: Domain, _: int) -> JsonObject:
    domains = engage.kept.trusted_domains
    domain = domain_of(given.domain, place="domain")
    if domain not in domains:
        domains.append(domain)
    return {"trusted_domains": list(domains)}


def _untrust_domain(engage: _UserEngage, given: Domain, _: int) -> JsonObject:
    domains = engage.kept.trusted_domains
    domain = domain_of(given.domain, place="domain")
    if domain not in domains:
        trusted = ", ".join(domains) or "none, which trusts all"
        raise VendorStateError(f"{domain} is not trusted; trusted: {trusted}", place="domain")
    domains.remove(domain)
    return {"trusted_domains": list(domains)}


def _define(
    app: App, namespace: Namespace, given: DefineAttribute | DefineEventAttribute
) -> JsonObject:
    wanted = AttributeSetup(type=given.type, choices=given.choices, many=given.many)
    return attribute_object(define(app, namespace, given.name, wanted, place="name"))


def _define_attribute(engage: _UserEngage, given: DefineAttribute, _: int) -> JsonObject:
    return _define(engage.kept, engage.kept.attributes["clientuser"], given)


def _define_company_attribute(engage: _UserEngage, given: DefineAttribute, _: int) -> JsonObject:
    return _define(engage.kept, engage.kept.attributes["company"], given)


def _define_event(engage: _UserEngage, given: DefineEvent, _: int) -> JsonObject:
    app = engage.kept
    if app.shared is not None and given.attributes:
        raise VendorStateError(
            "all events share their attributes here; use define_event_attribute",
            place="attributes",
        )
    events = {given.name: given.attributes}
    # On a copy first, so that one wrong type changes nothing.
    trial = App(random=engage.random, key="", rest_token="", shares=False, most_records=1)
    copy = trial.define_event(given.name)
    for attribute in app.event_attributes(given.name).attributes.values():
        copy.attributes.add(attribute)
    define_events(trial, events, place="event")
    define_events(app, events, place="event")
    return event_object(app.events[given.name], shared=app.shared is not None)


def _define_event_attribute(engage: _UserEngage, given: DefineEventAttribute, _: int) -> JsonObject:
    app = engage.kept
    if app.shared is not None:
        if given.event is not None:
            raise VendorStateError("all events share their attributes here", place="event")
        return _define(app, app.shared, given)
    if given.event is None or given.event not in app.events:
        raise VendorStateError(
            unknown("event", given.event, app.events, label="Known"), place="event"
        )
    return _define(app, app.events[given.event].attributes, given)


ACTIONS: Final[Mapping[str, Action]] = {
    "generate_key": Action("Generate another Segment API key.", GenerateKey, _generate_key),
    "revoke_key": Action("Revoke a Segment API key.", RevokeKey, _revoke_key),
    "trust_domain": Action("Trust a domain.", Domain, _trust_domain),
    "untrust_domain": Action("Trust a domain no longer.", Domain, _untrust_domain),
    "define_attribute": Action("Define a client attribute.", DefineAttribute, _define_attribute),
    "define_company_attribute": Action(
        "Define a company attribute.", DefineAttribute, _define_company_attribute
    ),
    "define_event": Action("Define an event with attributes.", DefineEvent, _define_event),
    "define_event_attribute": Action(
        "Define an event attribute.", DefineEventAttribute, _define_event_attribute
    ),
}
