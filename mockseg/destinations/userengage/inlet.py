"""The inlet: one Segment message a request, applied by the rules of the document."""

from __future__ import annotations

import dataclasses
import re
from typing import TypeAlias

from mockseg.destinations.inlet import (
    CALLS,
    Call,
    Group,
    Identify,
    Page,
    Track,
    basic_key,
    call_from,
    decoded_body,
    text_id,
)
from mockseg.destinations.userengage.app import App
from mockseg.destinations.userengage.mapping import (
    map_company_traits,
    map_context,
    map_user_traits,
    visit_of,
)
from mockseg.destinations.userengage.records import User
from mockseg.destinations.userengage.setup import UserEngageSetup
from mockseg.destinations.vendor import (
    Imitation,
    VendorError,
    VendorRequest,
    VendorResponse,
    not_allowed,
    partner_error,
    reply,
)
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import parse_moment
from mockseg.json_types import JsonObject

_UserEngage: TypeAlias = Imitation[UserEngageSetup, App]


_HOST = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,20}://(?:[^/?#@]{0,200}@)?(\[[^/?#@\]]{2,45}\]|[^/?#:@\[]{1,253})"
)
_CALLS = {name: CALLS[name] for name in ("identify", "page", "track", "group")}


def credentials_error() -> VendorResponse:
    """Answer a request without credentials, or with garbled ones (UE-01)."""
    sentence = "Send `Authorization: Basic` with the Segment API key as user name and no password."
    return partner_error(401, sentence, code="unauthorized")


def key_error(*, revoked: bool) -> VendorResponse:
    """Answer a key that is revoked, or was never generated (UE-02, UE-X4)."""
    if revoked:
        return partner_error(403, "This Segment API key is revoked.", code="revoked_key")
    return partner_error(403, "No application has this Segment API key.", code="unknown_key")


def receive(engage: _UserEngage, request: VendorRequest) -> VendorResponse:
    """Apply the message of a request to the application.

    Raises:
        VendorError: it is refused; nothing is changed.
    """
    if request.method != "POST":
        return not_allowed(request, ("POST",))
    key = basic_key(request)
    if key is None:
        return credentials_error()
    # First the key, then the domain (UE-04).
    revoked = engage.store.segment_keys.get(key)
    if revoked is not False:
        return key_error(revoked=revoked is True)
    value = decoded_body(request)
    context = value.get("context") if isinstance(value, dict) else None
    context = {} if context is None else context
    if not isinstance(context, dict):
        raise _malformed("context", "is not an object")
    if engage.store.trusted_domains:
        _check_domain(engage, request, context)
    call = call_from(value, _CALLS)
    ids = {"userId": call.user_id, "anonymousId": call.anonymous_id}
    ids |= {"groupId": call.group_id} if isinstance(call, Group) else {}
    for name, id_ in ids.items():
        if isinstance(id_, float) and not id_.is_integer():
            raise _malformed(name, "is neither text nor a whole number")
    identifier = text_id(call.user_id) or text_id(call.anonymous_id)
    if identifier is None:
        raise _malformed("userId", "is missing, and so is `anonymousId`")
    notes = _Application(engage, call, context, identifier, request.received_ns).apply()
    return reply(200, {}, notes=notes)


def _malformed(field: str, problem: str) -> VendorError:
    sentence = f"`{field}` {problem}."
    return VendorError(partner_error(400, sentence, code="malformed_message", field=field))


def _check_domain(engage: _UserEngage, request: VendorRequest, context: JsonObject) -> None:
    """Refuse a request from a domain that is not trusted (UE-03); from none at all, take it.

    Raises:
        VendorError: 403.
    """
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
        trusted = engage.store.trusted_domains
        subdomains = engage.setup.trust_subdomains and any(
            host.endswith(f".{domain}") for domain in trusted
        )
        if host not in trusted and not subdomains:
            sentence = f"{host} is not a trusted domain."
            raise VendorError(partner_error(403, sentence, code="untrusted_domain"))
        return


@dataclasses.dataclass(frozen=True, slots=True)
class _Application:
    engage: _UserEngage
    call: Call
    context: JsonObject
    identifier: str
    now_ns: int

    def apply(self) -> list[Note]:
        call = self.call
        if isinstance(call, Identify):
            return self._identify(call)
        if isinstance(call, Page):
            return self._page(call)
        if isinstance(call, Track):
            return self._track(call)
        assert isinstance(call, Group)  # noqa: S101  (the table has no other)
        return self._group(call)

    def _user(self) -> User:
        """Select the user, or create it (UE-05, UE-06)."""
        app = self.engage.store
        found = app.users.by_custom_id.get(self.identifier)
        return found or app.add_user(self.identifier, now_ns=self.now_ns)

    def _happened(self) -> tuple[int, list[Note]]:
        """Return when it happened: `timestamp`, else `sentAt`, else the arrival (UE-23)."""
        notes: list[Note] = []
        for name, given in (("timestamp", self.call.timestamp), ("sentAt", self.call.sent_at)):
            moment = parse_moment(given)
            if moment is not None:
                return moment, notes
            if given is not None:
                sentence = f"Ignored: `{name}` is not an ISO 8601 time."
                notes.append(Note("value_ignored", name, sentence))
        return self.now_ns, notes

    def _identify(self, call: Identify) -> list[Note]:
        app, setup, context = self.engage.store, self.engage.setup, self.context
        traits = call.traits or {}
        if setup.context_traits:
            of_context = context.get("traits") or {}
            if not isinstance(of_context, dict):
                raise _malformed("context.traits", "is not an object")
            traits = of_context | traits
        mapped = map_user_traits(traits, place="traits", address_text=setup.address_text)
        seen = map_context(context)
        resolved = app.attributes["clientuser"].resolve(mapped.custom, place="traits")
        profile = mapped.profile | seen.profile
        app.apply(self._user(), profile=profile, resolved=resolved, now_ns=self.now_ns)
        return [*self._happened()[1], *mapped.notes, *resolved.notes, *seen.notes]

    def _page(self, call: Page) -> list[Note]:
        timestamp_ns, notes = self._happened()
        visit, ignored = visit_of(call.properties or {}, self.context)
        user = self._user()
        self.engage.store.record_page_view(user, timestamp_ns=timestamp_ns, visit=visit)
        user.updated_ns = self.now_ns
        return [*notes, *ignored]

    def _track(self, call: Track) -> list[Note]:
        app = self.engage.store
        timestamp_ns, notes = self._happened()
        properties = call.properties or {}
        if isinstance(properties, list):
            raise _malformed("properties", "is not an object")
        attributes = app.event_attributes(call.event)
        resolved = attributes.resolve(properties.items(), place="properties")
        app.record_occurrence(
            self._user(),
            call.event,
            timestamp_ns=timestamp_ns,
            now_ns=self.now_ns,
            resolved=resolved,
        )
        return [*notes, *resolved.notes]

    def _group(self, call: Group) -> list[Note]:
        app = self.engage.store
        mapped = map_company_traits(
            call.traits or {}, place="traits", company_address=self.engage.setup.company_address
        )
        resolved = app.attributes["company"].resolve(mapped.custom, place="traits")
        user, custom_id = self._user(), str(text_id(call.group_id))
        company = app.companies.by_custom_id.get(custom_id)
        company = company or app.add_company(custom_id, now_ns=self.now_ns)
        app.apply(company, profile=mapped.profile, resolved=resolved, now_ns=self.now_ns)
        if app.join(user, company, now_ns=self.now_ns):
            user.updated_ns = self.now_ns
        return [*self._happened()[1], *mapped.notes, *resolved.notes]
