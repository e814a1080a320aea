"""UserEngage, later User.com: the application that Segment's destination writes to.

Two surfaces share one state: the inlet ``/segment``, which takes one Segment message a
request, and the vendor's REST API under ``/api/public/``. The rules are those of Segment's
page "UserEngage Destination"; what it leaves open is chosen in `UserEngageSetup`.
"""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import ClassVar, Final, TypeAlias

from mockseg import json_types
from mockseg.destinations.inlet import INLET, basic_key
from mockseg.destinations.rate_limit import RateLimit
from mockseg.destinations.userengage.app import App, define, define_events
from mockseg.destinations.userengage.attributes import Namespace
from mockseg.destinations.userengage.inlet import credentials_error, key_error, receive
from mockseg.destinations.userengage.objects import (
    attribute_object,
    event_object,
    segment_object,
    state_of,
)
from mockseg.destinations.userengage.rest.call import rest_error
from mockseg.destinations.userengage.rest.door import REST_PREFIX, RestDoor, token_error, token_of
from mockseg.destinations.userengage.restoring import fill
from mockseg.destinations.userengage.segments import Conditions, define_segment
from mockseg.destinations.userengage.setup import (
    AttributeSetup,
    Types,
    UserEngageSetup,
    check_setup,
    domain_of,
)
from mockseg.destinations.vendor import (
    Action,
    Arguments,
    Headers,
    Imitation,
    Setup,
    VendorRequest,
    VendorResponse,
    reply,
)
from mockseg.errors import VendorStateError
from mockseg.json_types import JsonObject
from mockseg.suggestions import unknown

_UserEngage: TypeAlias = Imitation[UserEngageSetup, App]
_SECRET_LETTERS = string.ascii_letters + string.digits


class _GenerateKey(Arguments, frozen=True):
    """Generate another Segment API key ("App settings > Advanced > Segment API keys")."""


class _RevokeKey(Arguments, frozen=True):
    """Revoke a Segment API key; requests with it are answered 403 from now on.

    Attributes:
        key: which; the oldest that is not revoked, without.
    """

    key: str | None = None


class _Domain(Arguments, frozen=True):
    """A domain, for "App settings > Advanced > Domains".

    Attributes:
        domain: a bare host, such as ``example.com``.
    """

    domain: str


class _DefineAttribute(Arguments, frozen=True):
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


class _DefineEvent(Arguments, frozen=True):
    """Define an event, or more attributes of one.

    Attributes:
        name: of the event.
        attributes: types by name.
    """

    name: str
    attributes: Types = {}


class _DefineEventAttribute(_DefineAttribute, frozen=True):
    """Define an attribute of an event, or of all where they share them.

    Attributes:
        event: the name of the event; left out where all events share attributes.
    """

    event: str | None = None


class _DefineSegment(Arguments, frozen=True):
    """Define a segment of users, or define it anew under its name.

    Attributes:
        name: of the segment.
        conditions: 1 to 10; a user is in it while all of them hold.
    """

    name: str
    conditions: Conditions


def _mint_secret(random: Random) -> str:
    return "".join(random.choices(_SECRET_LETTERS, k=64))


def _generate_key(engage: _UserEngage, _: _GenerateKey, __: int) -> JsonObject:
    key = _mint_secret(engage.random)
    engage.store.segment_keys[key] = False
    return {"key": key}


def _revoke_key(engage: _UserEngage, given: _RevokeKey, _: int) -> JsonObject:
    keys = engage.store.segment_keys
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


def _trust_domain(engage: _UserEngage, given: _Domain, _: int) -> JsonObject:
    domains = engage.store.trusted_domains
    domain = domain_of(given.domain, place="domain")
    if domain not in domains:
        domains.append(domain)
    return {"trusted_domains": list(domains)}


def _untrust_domain(engage: _UserEngage, given: _Domain, _: int) -> JsonObject:
    domains = engage.store.trusted_domains
    domain = domain_of(given.domain, place="domain")
    if domain not in domains:
        trusted = ", ".join(domains) or "none, which trusts all"
        raise VendorStateError(f"{domain} is not trusted; trusted: {trusted}", place="domain")
    domains.remove(domain)
    return {"trusted_domains": list(domains)}


def _define(app: App, namespace: Namespace, given: _DefineAttribute) -> JsonObject:
    wanted = AttributeSetup(type=given.type, choices=given.choices, many=given.many)
    return attribute_object(define(app, namespace, given.name, wanted, place="name"))


def _defining(content_type: str) -> Callable[[_UserEngage, _DefineAttribute, int], JsonObject]:
    return lambda engage, given, _: _define(
        engage.store, engage.store.attributes[content_type], given
    )


def _define_event(engage: _UserEngage, given: _DefineEvent, _: int) -> JsonObject:
    app = engage.store
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


def _define_event_attribute(
    engage: _UserEngage, given: _DefineEventAttribute, _: int
) -> JsonObject:
    app = engage.store
    if app.shared is not None:
        if given.event is not None:
            raise VendorStateError("all events share their attributes here", place="event")
        return _define(app, app.shared, given)
    if given.event is None or given.event not in app.events:
        raise VendorStateError(
            unknown("event", given.event, app.events, label="Known"), place="event"
        )
    return _define(app, app.events[given.event].attributes, given)


def _define_segment(engage: _UserEngage, given: _DefineSegment, _: int) -> JsonObject:
    app = engage.store
    known = next((each.id for each in app.segments.values() if each.name == given.name), None)
    id_ = app.last_id("segment") + 1 if known is None else known
    segment = define_segment(app.segments, id_, given.name, given.conditions, place="name")
    app.next_id("segment", given=id_)
    return segment_object(segment)


ACTIONS: Final[Mapping[str, Action]] = {
    "generate_key": Action("Generate another Segment API key.", _GenerateKey, _generate_key),
    "revoke_key": Action("Revoke a Segment API key.", _RevokeKey, _revoke_key),
    "trust_domain": Action("Trust a domain.", _Domain, _trust_domain),
    "untrust_domain": Action("Trust a domain no longer.", _Domain, _untrust_domain),
    "define_attribute": Action(
        "Define a client attribute.", _DefineAttribute, _defining("clientuser")
    ),
    "define_company_attribute": Action(
        "Define a company attribute.", _DefineAttribute, _defining("company")
    ),
    "define_event": Action("Define an event with attributes.", _DefineEvent, _define_event),
    "define_event_attribute": Action(
        "Define an event attribute.", _DefineEventAttribute, _define_event_attribute
    ),
    "define_segment": Action(
        "Define a segment of users by what they are and did.", _DefineSegment, _define_segment
    ),
}


def _demanded(status: int, message: str, *, headers: Headers = ()) -> VendorResponse:
    """Make an error that suits both surfaces: Segment reads `message`, REST clients `detail`."""
    answer = reply(status, {"message": message, "detail": message})
    return dataclasses.replace(answer, headers=(*answer.headers, *headers))


class UserEngage(Imitation[UserEngageSetup, App]):
    setup_type: ClassVar[type[Setup]] = UserEngageSetup
    actions: ClassVar[Mapping[str, Action]] = ACTIONS
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        "bad_request": _demanded(400, "The request is malformed."),
        "unauthorized": _demanded(401, "The API key is missing or malformed."),
        "forbidden": _demanded(403, "The API key is revoked or the domain is not trusted."),
        "not_found": _demanded(404, "Not found."),
        "rate_limited": _demanded(429, "Too many requests.", headers=(("Retry-After", "1"),)),
        "server_error": _demanded(500, "Internal error."),
        "unsupported": _demanded(501, "This type of call is not supported."),
        "unavailable": _demanded(503, "Maintenance.", headers=(("Retry-After", "1"),)),
    }

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: of Basic credentials at the inlet, of ``Token`` at the REST API."""
        return basic_key(request) if request.path == INLET else token_of(request)

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer by surface a request whose key belongs to no application, or that has none."""
        if request.path == INLET:
            if basic_key(request) is None:
                return credentials_error()
            return key_error(revoked=False)
        if request.path.startswith(REST_PREFIX):
            return token_error(request)
        return _nowhere()

    def first_state(self) -> App:
        check_setup(self.setup)
        self._rest_token = self.setup.rest_token or _mint_secret(self.random)
        self._door = RestDoor(self.setup)
        return self.restored({})

    def restored(self, state: JsonObject) -> App:
        """Make an application from a state.

        Users, companies and records that are left out begin empty; keys, the token, domains
        and definitions begin as they were set up. The destination's own key stays known.
        """
        app = App(
            random=self.random,
            key=self.key,
            rest_token=self._rest_token,
            shares=self.setup.event_namespace == "global",
            most_records=self.setup.most_records,
        )
        fill(app, self.setup, state)
        return app

    @property
    def rate_limits(self) -> Iterable[RateLimit]:
        return (self._door.limit,)

    def knows(self, key: str) -> bool:
        """Return whether this is or was one of its Segment API keys, or its REST token."""
        return key in self.store.segment_keys or key == self.store.rest_token

    def handle(self, request: VendorRequest) -> VendorResponse:
        if request.path == INLET:
            return receive(self, request)
        if request.path.startswith(REST_PREFIX):
            return self._door.answer(self.store, request)
        return _nowhere()

    def state(self) -> JsonObject:
        state: JsonObject = json_types.decode(json_types.encode(state_of(self.store)))
        return state


def _nowhere() -> VendorResponse:
    return rest_error(
        404, "not_found", f"Not found. Here are {INLET} and {REST_PREFIX}…, nothing else."
    )
