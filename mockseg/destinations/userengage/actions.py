"""What only the pages at app.userengage.com could do, as actions."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mockseg.destinations.records import record_from
from mockseg.destinations.userengage.app import App
from mockseg.destinations.userengage.building import define, define_events, domain_of
from mockseg.destinations.userengage.objects import attribute_object, event_object
from mockseg.destinations.userengage.setup import AttributeSetup, Types
from mockseg.destinations.vendor import Action
from mockseg.errors import VendorStateError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from mockseg.destinations.userengage.definitions import Namespace
    from mockseg.json_types import JsonObject


_SECRET_LETTERS = string.ascii_letters + string.digits


class _Arguments(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    pass


class GenerateKey(_Arguments, frozen=True):
    """Generate another Segment API key ("App settings > Advanced > Segment API keys")."""


class RevokeKey(_Arguments, frozen=True):
    """Revoke a Segment API key; requests with it are answered 403 from now on.

    Attributes:
        key: which; the oldest that is not revoked, without.
    """

    key: str | None = None


class Domain(_Arguments, frozen=True):
    """A domain, for "App settings > Advanced > Domains".

    Attributes:
        domain: a bare host, such as ``example.com``.
    """

    domain: str


class DefineAttribute(_Arguments, frozen=True):
    """Define an attribute; the same again is no change.

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


class DefineEvent(_Arguments, frozen=True):
    """Define an event, or more attributes of one.

    Attributes:
        name: of the event.
        attributes: types by name.
    """

    name: str
    attributes: Types = {}


class DefineEventAttribute(_Arguments, frozen=True):
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
    """Give a key or token of 64 letters and digits."""
    return "".join(random.choices(_SECRET_LETTERS, k=64))


def _generate_key(app: App, random: Random, _: GenerateKey) -> JsonObject:
    key = mint_secret(random)
    app.segment_keys[key] = False
    return {"key": key}


def _revoke_key(app: App, _: Random, arguments: RevokeKey) -> JsonObject:
    valid = [key for key, revoked in app.segment_keys.items() if not revoked]
    key = arguments.key
    if key is None:
        if not valid:
            raise VendorStateError("every key is revoked already; generate one first", place="key")
        key = valid[0]
    elif key not in app.segment_keys:
        raise VendorStateError(
            f"{key[:80]!r} is no Segment API key of this application; it has {len(valid)} valid"
            " ones, which its state lists",
            place="key",
        )
    app.segment_keys[key] = True
    return {"key": key, "revoked": True}


def _trust_domain(app: App, _: Random, arguments: Domain) -> JsonObject:
    domain = domain_of(arguments.domain, place="domain")
    if domain not in app.trusted_domains:
        app.trusted_domains.append(domain)
    return {"trusted_domains": list(app.trusted_domains)}


def _untrust_domain(app: App, _: Random, arguments: Domain) -> JsonObject:
    domain = domain_of(arguments.domain, place="domain")
    if domain not in app.trusted_domains:
        trusted = ", ".join(app.trusted_domains) or "none, which trusts everybody"
        raise VendorStateError(f"{domain} is not trusted; trusted is {trusted}", place="domain")
    app.trusted_domains.remove(domain)
    return {"trusted_domains": list(app.trusted_domains)}


def _define(
    app: App, namespace: Namespace, arguments: DefineAttribute | DefineEventAttribute
) -> JsonObject:
    given = AttributeSetup(type=arguments.type, choices=arguments.choices, many=arguments.many)
    return attribute_object(define(app, namespace, arguments.name, given, place="name"))


def _define_attribute(app: App, _: Random, arguments: DefineAttribute) -> JsonObject:
    return _define(app, app.attributes["clientuser"], arguments)


def _define_company_attribute(app: App, _: Random, arguments: DefineAttribute) -> JsonObject:
    return _define(app, app.attributes["company"], arguments)


def _define_event(app: App, random: Random, arguments: DefineEvent) -> JsonObject:
    _check_event(app, random, arguments)
    define_events(app, {arguments.name: arguments.attributes}, place="event")
    return event_object(app.events[arguments.name], shared=app.shared is not None)


def _check_event(app: App, random: Random, arguments: DefineEvent) -> None:
    """Try the definitions on a copy first, so that one wrong type changes nothing."""
    if app.shared is not None and arguments.attributes:
        raise VendorStateError(
            "all events share their attributes here; use define_event_attribute",
            place="attributes",
        )
    trial = App(random=random, key="", rest_token="", shares=False, most_records=1)
    event = trial.define_event(arguments.name)
    for attribute in app.event_attributes(arguments.name).attributes.values():
        event.attributes.add(attribute)
    define_events(trial, {arguments.name: arguments.attributes}, place="event")


def _define_event_attribute(app: App, _: Random, arguments: DefineEventAttribute) -> JsonObject:
    if app.shared is not None:
        if arguments.event is not None:
            raise VendorStateError("all events share their attributes here", place="event")
        return _define(app, app.shared, arguments)
    if arguments.event is None or arguments.event not in app.events:
        raise VendorStateError(
            unknown("event", arguments.event, app.events, label="Known"), place="event"
        )
    return _define(app, app.events[arguments.event].attributes, arguments)


_ROWS: Final[Mapping[str, tuple[Action, Callable[[App, Random, Any], JsonObject]]]] = {
    "generate_key": (Action("Generate another Segment API key.", GenerateKey), _generate_key),
    "revoke_key": (Action("Revoke a Segment API key.", RevokeKey), _revoke_key),
    "trust_domain": (Action("Trust a domain.", Domain), _trust_domain),
    "untrust_domain": (Action("Trust a domain no longer.", Domain), _untrust_domain),
    "define_attribute": (Action("Define a client attribute.", DefineAttribute), _define_attribute),
    "define_company_attribute": (
        Action("Define a company attribute.", DefineAttribute),
        _define_company_attribute,
    ),
    "define_event": (Action("Define an event with attributes.", DefineEvent), _define_event),
    "define_event_attribute": (
        Action("Define an event attribute.", DefineEventAttribute),
        _define_event_attribute,
    ),
}

ACTIONS: Final[Mapping[str, Action]] = {name: row[0] for name, row in _ROWS.items()}


def perform(app: App, name: str, arguments: JsonObject, *, random: Random) -> JsonObject:
    """Do an action.

    Raises:
        VendorStateError: no such action, or wrong arguments; nothing is changed.
    """
    row = _ROWS.get(name)
    if row is None:
        raise VendorStateError(unknown("action of UserEngage", name, _ROWS))
    action, do = row
    return do(app, random, record_from(arguments, action.arguments))
