"""The inlet: one Segment message a request, applied by the rules of the document."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from mockseg import json_types
from mockseg.destinations.inlet import basic_key
from mockseg.destinations.userengage.answers import INLET_DONE, Refused, inlet_error
from mockseg.destinations.userengage.mapping import map_company_traits, map_context, map_user_traits
from mockseg.destinations.userengage.page_view import visit_of
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import MalformedJsonError

if TYPE_CHECKING:
    from mockseg.destinations.userengage.app import App
    from mockseg.destinations.userengage.records import User
    from mockseg.destinations.userengage.setup import UserEngageSetup
    from mockseg.destinations.vendor import VendorRequest, VendorResponse
    from mockseg.json_types import Json, JsonObject


_HOST = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,20}://(?:[^/?#@]{0,200}@)?(\[[^/?#@\]]{2,45}\]|[^/?#:@\[]{1,253})"
)
_SUPPORTED = ("identify", "page", "track", "group")


def credentials_error() -> VendorResponse:
    """Answer who has no credentials, or garbled ones (UE-01)."""
    return inlet_error(
        401,
        "unauthorized",
        "Send `Authorization: Basic` with the Segment API key as user name and no password.",
    )


def key_error(*, revoked: bool) -> VendorResponse:
    """Answer a key that is revoked, or was never generated (UE-02, UE-X4)."""
    if revoked:
        return inlet_error(403, "revoked_key", "This Segment API key is revoked.")
    return inlet_error(403, "unknown_key", "No application has this Segment API key.")


@dataclasses.dataclass(slots=True)
class _Call:
    """A message whose envelope is sound, with what was ignored of it so far."""

    message: JsonObject
    type: str
    identifier: str
    timestamp_ns: int
    received_ns: int
    context: JsonObject
    notes: list[Note]


def receive(app: App, setup: UserEngageSetup, request: VendorRequest) -> VendorResponse:
    """Apply the message of a request to the application: all of it or, with an error, nothing."""
    try:
        call = _read(app, setup, request)
        if call.type == "identify":
            _identify(app, setup, call)
        elif call.type == "page":
            _page(app, call)
        elif call.type == "track":
            _track(app, call)
        else:
            _group(app, setup, call)
    except Refused as refused:
        return refused.answer
    return dataclasses.replace(INLET_DONE, notes=tuple(call.notes)) if call.notes else INLET_DONE


def _read(app: App, setup: UserEngageSetup, request: VendorRequest) -> _Call:
    if request.method != "POST":
        error = inlet_error(405, "method_not_allowed", "Messages come by POST.")
        raise Refused(dataclasses.replace(error, headers=(*error.headers, ("Allow", "POST"))))
    key = basic_key(request)
    if key is None:
        raise Refused(credentials_error())
    # First the key, then the domain (UE-04).
    revoked = app.segment_keys.get(key)
    if revoked is not False:
        raise Refused(key_error(revoked=revoked is True))
    try:
        message = json_types.decode(request.body)
    except MalformedJsonError as error:
        raise _malformed("", f"The body is not JSON: {error}.") from None
    if not isinstance(message, dict):
        raise _malformed("", "The body is not one JSON object.")
    context = _object(message, "context")
    if app.trusted_domains:
        _check_domain(app, setup, request, context)
    kind = _type(message)
    notes: list[Note] = []
    return _Call(
        message=message,
        type=kind,
        identifier=_identifier(message),
        timestamp_ns=_timestamp(message, notes, received_ns=request.received_ns),
        received_ns=request.received_ns,
        context=context,
        notes=notes,
    )


def _malformed(field: str, message: str) -> Refused:
    return Refused(inlet_error(400, "malformed", message, field=field))


def _object(message: JsonObject, name: str) -> JsonObject:
    value = message.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _malformed(name, f"`{name}` is not an object.")
    return value


def _type(message: JsonObject) -> str:
    kind = message.get("type")
    if not isinstance(kind, str):
        raise _malformed("type", f"`type` is missing; allowed are {', '.join(_SUPPORTED)}.")
    if kind not in _SUPPORTED:
        sentence = f"Calls of type {kind[:40]!r} are not supported; {', '.join(_SUPPORTED)} are."
        raise Refused(inlet_error(501, "unsupported_type", sentence, field="type"))
    return kind


def _id(message: JsonObject, name: str) -> str | None:
    """Read an id: text or a whole number; empty counts as absent."""
    value = message.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _malformed(name, f"`{name}` is neither text nor a whole number.")


def _identifier(message: JsonObject) -> str:
    """Give by what the user is selected: `userId`, else `anonymousId` (UE-05)."""
    found = _id(message, "userId") or _id(message, "anonymousId")
    if found is None:
        raise _malformed("userId", "Neither `userId` nor `anonymousId` is given.")
    return found


def _timestamp(message: JsonObject, notes: list[Note], *, received_ns: int) -> int:
    """Give when it happened: `timestamp`, else `sentAt`, else the arrival (UE-23)."""
    for name in ("timestamp", "sentAt"):
        given: Json = message.get(name)
        if given is not None:
            moment = parse_moment(given)
            if moment is not None:
                return moment
            notes.append(Note("value_ignored", name, f"Ignored: `{name}` is no ISO 8601 time."))
    return received_ns


def _check_domain(
    app: App, setup: UserEngageSetup, request: VendorRequest, context: JsonObject
) -> None:
    """Refuse a request from a domain that is not trusted (UE-03); from none at all, take it."""
    page = context.get("page")
    given = (
        request.header("Origin"),
        request.header("Referer"),
        page.get("url") if isinstance(page, dict) else None,
    )
    for url in given:
        match = _HOST.match(url) if isinstance(url, str) else None
        if match is None:
            continue
        host = match[1].lower().rstrip(".")
        if not _trusts(app.trusted_domains, host, subdomains=setup.trust_subdomains):
            raise Refused(inlet_error(403, "untrusted_domain", f"{host} is no trusted domain."))
        return


def _trusts(domains: list[str], host: str, *, subdomains: bool) -> bool:
    return any(host == domain or (subdomains and host.endswith(f".{domain}")) for domain in domains)


def _user(app: App, call: _Call) -> User:
    """Select the user, or create it (UE-05, UE-06)."""
    found = app.users_by_custom_id.get(call.identifier)
    if found is None:
        return app.add_user(call.identifier, now_ns=call.received_ns)
    return found


def _identify(app: App, setup: UserEngageSetup, call: _Call) -> None:
    traits, place = _object(call.message, "traits"), "traits"
    if setup.context_traits:
        traits = _object(call.context, "traits") | traits
    mapped = map_user_traits(traits, place=place, address_text=setup.address_text)
    seen = map_context(call.context)
    resolved = app.attributes["clientuser"].resolve(mapped.custom, place=place)
    app.apply(
        _user(app, call),
        profile=mapped.profile | seen.profile,
        resolved=resolved,
        now_ns=call.received_ns,
    )
    call.notes += mapped.notes + resolved.notes + seen.notes


def _page(app: App, call: _Call) -> None:
    visit, notes = visit_of(_object(call.message, "properties"), call.context)
    user = _user(app, call)
    app.record_page_view(user, timestamp_ns=call.timestamp_ns, visit=visit)
    user.updated_ns = call.received_ns
    call.notes += notes


def _track(app: App, call: _Call) -> None:
    event = call.message.get("event")
    if not isinstance(event, str) or not event:
        raise _malformed("event", "`event`, the name of the event, is missing.")
    properties = _object(call.message, "properties")
    resolved = app.event_attributes(event).resolve(properties.items(), place="properties")
    app.record_occurrence(
        _user(app, call),
        event,
        timestamp_ns=call.timestamp_ns,
        now_ns=call.received_ns,
        resolved=resolved,
    )
    call.notes += resolved.notes


def _group(app: App, setup: UserEngageSetup, call: _Call) -> None:
    group = _id(call.message, "groupId")
    if group is None:
        raise _malformed("groupId", "`groupId` is missing.")
    traits = _object(call.message, "traits")
    mapped = map_company_traits(traits, place="traits", company_address=setup.company_address)
    resolved = app.attributes["company"].resolve(mapped.custom, place="traits")
    user = _user(app, call)
    company = app.companies_by_custom_id.get(group)
    if company is None:
        company = app.add_company(group, now_ns=call.received_ns)
    app.apply(company, profile=mapped.profile, resolved=resolved, now_ns=call.received_ns)
    if app.join(user, company, now_ns=call.received_ns):
        user.updated_ns = call.received_ns
    call.notes += mapped.notes + resolved.notes
