"""REST v2: users with attributes and events, and the purge. Source: UserLeap's and Sprig's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from mockseg import json_types
from mockseg.destinations.inlet import JSON_HEADERS, Unreadable, body_as, reply
from mockseg.destinations.records import plain
from mockseg.destinations.userleap.changes import (
    attributes_from,
    merge_attributes,
    mint_uuid,
    record_event,
    track_or_hold,
)
from mockseg.destinations.userleap.rest import (
    as_text,
    find_user,
    invalid,
    not_found,
    with_error,
)
from mockseg.destinations.userleap.state import PAGEVIEW, Purge
from mockseg.destinations.vendor import VendorResponse

if TYPE_CHECKING:
    from mockseg.destinations.userleap.segment import Context
    from mockseg.destinations.userleap.state import Environment
    from mockseg.destinations.vendor import VendorRequest
    from mockseg.json_types import Json


_TEN_DAYS_SECONDS = 10 * 86_400
_MOST_PURGED = 100


class _EventSent(msgspec.Struct, frozen=True, rename="camel"):
    event: Annotated[str, Meta(min_length=1)]
    timestamp: int | float | None = None


class _UserSent(msgspec.Struct, frozen=True, rename="camel"):
    """The body; the example in Sprig's own document writes `email` for `emailAddress`."""

    user_id: str | None = None
    email_address: str | None = None
    email: str | None = None
    attributes: dict[str, str | int | float | bool] = {}
    events: list[_EventSent] = []


class _PurgeSent(msgspec.Struct, frozen=True, rename="camel"):
    user_ids: list[str] = []
    emails: list[str] = []
    visitor_ids: list[str] = []
    delay_seconds: Annotated[int, Meta(ge=0)] = _TEN_DAYS_SECONDS


def post_users(context: Context, request: VendorRequest) -> VendorResponse:
    """Create or update a user: 202 ``Accepted``, 400 without a user id, 422 for wrong types."""
    sent = body_as(request, _UserSent)
    if isinstance(sent, Unreadable):
        return _refused(sent)
    if not sent.user_id:
        return with_error("userId is required", field="userId")
    attributes, notes = attributes_from(sent.attributes, place="attributes")
    user = context.user(sent.user_id, lags=True)
    limit = context.setup.attribute_limit
    notes += merge_attributes(user, attributes, limit=limit, place="attributes")
    email = sent.email_address or sent.email
    if email:
        user.email_address = email
    for index, event in enumerate(sent.events):
        held = None
        if event.event != PAGEVIEW:
            held = track_or_hold(context.environment, event.event)
        if held is not None:
            notes.append(msgspec.structs.replace(held, field=f"events[{index}].event"))
            continue
        moment_ms = context.now_ms if event.timestamp is None else int(event.timestamp)
        record_event(user, event.event, moment_ms=moment_ms)
    return as_text(202, "Accepted", notes=tuple(notes))


def get_user(context: Context, user_id: str) -> VendorResponse:
    """Give a user, or 404 ``Not Found``, also when it is too new (UL-14)."""
    user = find_user(context.environment, user_id, now_ms=context.now_ms)
    if user is None:
        return not_found(f"There is no user {user_id[:100]!r}, or none yet")
    value: Json = {
        "id": user.id,
        "externalUserId": user.external_user_id,
        "createdAt": user.created_at,
        "attributes": user.attributes,
        "events": [plain(event) for event in user.events.values()],
    }
    return reply(200, value)


def purge_visitors(context: Context, request: VendorRequest) -> VendorResponse:
    """Have users deleted after a delay: by user ids, email addresses or visitor ids."""
    sent = body_as(request, _PurgeSent)
    if isinstance(sent, Unreadable):
        return _refused(sent)
    asked = len(sent.user_ids) + len(sent.emails) + len(sent.visitor_ids)
    if not 0 < asked <= _MOST_PURGED:
        return with_error(
            f"userIds, emails and visitorIds name 1 to {_MOST_PURGED} visitors, not {asked}"
        )
    emails, visitor_ids = set(sent.emails), set(sent.visitor_ids)
    chosen = [
        key
        for key, user in context.environment.users.items()
        if user.external_user_id in sent.user_ids
        or user.email_address in emails
        or user.id in visitor_ids
        or any(visitor.visitor_id in visitor_ids for visitor in user.visitors)
    ]
    if not chosen:
        return with_error("No visitor matches", code="not_found")
    purge = Purge(
        request_id=mint_uuid(context.random),
        due_at=context.now_ms + sent.delay_seconds * 1000,
        users=chosen,
    )
    context.environment.purges.append(purge)
    apply_purges(context.environment, now_ms=context.now_ms)
    body = json_types.encode({"requestId": purge.request_id})
    return VendorResponse(200, body, JSON_HEADERS)


def apply_purges(environment: Environment, *, now_ms: int) -> None:
    """Delete the users whose time has come."""
    if not environment.purges:
        return
    for purge in environment.purges:
        if purge.due_at <= now_ms:
            for key in purge.users:
                environment.users.pop(key, None)
    environment.purges = [purge for purge in environment.purges if purge.due_at > now_ms]


def _refused(fault: Unreadable) -> VendorResponse:
    """Answer 400 to what is no JSON object, and 422 to one of wrong types."""
    if fault.code == "malformed_json":
        return with_error(fault.sentence, code=fault.code)
    return invalid(fault.sentence, field=fault.field)
