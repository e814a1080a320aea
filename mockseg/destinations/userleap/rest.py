"""The REST API: v1 with users, their events and the CSV upload; v2 with users and the purge.

Source: UserLeap's Public API, 2021, and Sprig's API.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from mockseg.destinations.inlet import Unreadable, body_as
from mockseg.destinations.records import plain
from mockseg.destinations.userleap.context import RestCall, count_event
from mockseg.destinations.userleap.export import export_responses, export_surveys, export_themes
from mockseg.destinations.userleap.state import Purge, User, mint_uuid
from mockseg.destinations.vendor import (
    Routes,
    VendorError,
    VendorRequest,
    VendorResponse,
    reply,
)
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import parse_moment
from mockseg.json_types import Json

MOST_ROWS = 65_000
_MILLISECOND = 1_000_000
_TEN_DAYS_SECONDS = 10 * 86_400
_MOST_PURGED = 100
_Attributes = dict[str, str | int | float | bool]


class Endpoint(NamedTuple):
    """What answers a path.

    Attributes:
        do: answers.
        schemes: of authorization that it takes, lower case, with the way to write each.
    """

    do: Callable[[RestCall], VendorResponse]
    schemes: dict[str, str]


# --- answers


def as_text(status: int, text: str, *, notes: tuple[Note, ...] = ()) -> VendorResponse:
    headers = (("Content-Type", "text/plain; charset=utf-8"),)
    return VendorResponse(status, text.encode(), headers, notes)


def not_found(sentence: str) -> VendorResponse:
    return as_text(404, "Not Found", notes=(Note("not_found", "", sentence),))


def with_error(sentence: str, *, field: str = "", code: str = "invalid_request") -> VendorResponse:
    """Answer 400 with ``{"error": ...}``."""
    return reply(400, {"error": sentence}, notes=[Note(code, field, sentence)])


def _refused_v1(fault: Unreadable) -> VendorResponse:
    return with_error(fault.sentence, field=fault.field, code=fault.code)


def _refused_v2(fault: Unreadable) -> VendorResponse:
    """Answer 400 to what is not a JSON object, and 422 without a body to one of wrong types."""
    if fault.code == "malformed_json":
        return _refused_v1(fault)
    return VendorResponse(422, notes=(Note("invalid_request", fault.field, fault.sentence),))


# --- v1


class _UserSent(msgspec.Struct, frozen=True, rename="camel"):
    id: str | int | None = None
    email_address: str | None = None
    attributes: _Attributes = {}


class _EventSent(msgspec.Struct, frozen=True, rename="camel"):
    name: Annotated[str, Meta(min_length=1)]
    timestamp: str | int | float | None = None


def _get_user_v1(call: RestCall) -> VendorResponse:
    return reply(200, _shown(_visible_user(call)))


def _create_user(call: RestCall) -> VendorResponse:
    """Create a user and return it; one with this id is returned as it is."""
    sent = body_as(call.request, _UserSent, refuse=_refused_v1)
    user_id = None if sent.id is None else str(sent.id) or None
    if user_id is None and not sent.email_address:
        return with_error("id or emailAddress is required", field="id")
    users = call.environment.users
    known = users.get(user_id or "")
    if known is None and user_id is None:
        same = (user for user in users.values() if user.email_address == sent.email_address)
        known = next(same, None)
    return reply(200, _shown(known)) if known else _changed(call, call.user(user_id), sent)


def _update_user(call: RestCall) -> VendorResponse:
    """Merge attributes and set what is given; the rest stays."""
    sent = body_as(call.request, _UserSent, refuse=_refused_v1)
    return _changed(call, _user(call), sent)


def _post_event(call: RestCall) -> VendorResponse:
    """Record an occurrence: 201, or 404 where the event is not configured."""
    sent = body_as(call.request, _EventSent, refuse=_refused_v1)
    stamp = sent.timestamp
    moment_ms = call.now_ms
    if isinstance(stamp, str):
        moment_ns = parse_moment(stamp)
        if moment_ns is None:
            return with_error("timestamp is neither ISO 8601 nor milliseconds", field="timestamp")
        moment_ms = moment_ns // _MILLISECOND
    elif stamp is not None:
        moment_ms = int(stamp)
    user = _user(call)
    definition = call.environment.events.get(sent.name)
    if definition is None or definition.status != "accepted":
        return not_found(f"The event {sent.name[:100]!r} is not configured")
    count_event(user, sent.name, moment_ms=moment_ms)
    return VendorResponse(201)


def _bulk(call: RestCall) -> VendorResponse:
    """Upload users as CSV: rows without user_id and email are rejected, the others applied.

    What is answered on success is not documented: 200 with nothing.
    """
    notes: list[Note] = []
    by_email = {
        user.email_address: user
        for user in reversed(call.environment.users.values())
        if user.email_address is not None
    }
    for number, row in enumerate(_rows(call.request), start=2):
        place = f"row {number}"
        user_id, email = row.pop("user_id", ""), row.pop("email", "")
        if not user_id and not email:
            notes.append(Note("row_rejected", place, "A row needs user_id or email"))
            continue
        user = None if user_id else by_email.get(email)
        if user is None:
            user = call.user(user_id or None)
        given = {name: cell for name, cell in row.items() if name and cell}
        notes += call.merge(user, given, place=place)
        if email:
            user.email_address = email
            by_email.setdefault(email, user)
    return VendorResponse(200, notes=tuple(notes))


def _rows(request: VendorRequest) -> list[dict[str, str]]:
    """Read the rows of a CSV body, cells by the names of the first row; blank lines are nothing."""
    kind = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != "text/csv":
        sentence = f"Content-Type is {kind[:100]!r}; expected text/csv"
        raise VendorError(with_error(sentence, field="Content-Type"))
    try:
        table = list(csv.reader(io.StringIO(request.body.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        answer = with_error(f"The body is not CSV: {error}", code="malformed_csv")
        raise VendorError(answer) from None
    header = [cell.strip() for cell in table[0]] if table else []
    if not {"user_id", "email"} & set(header):
        sentence = "The first row names neither user_id nor email"
        raise VendorError(with_error(sentence, code="malformed_csv"))
    lines = [line for line in table[1:] if line]
    if len(lines) > MOST_ROWS:
        note = Note("too_many_rows", "", f"{len(lines)} rows; at most {MOST_ROWS}")
        raise VendorError(as_text(400, f"At most {MOST_ROWS} rows", notes=(note,)))
    return [dict(zip(header, line, strict=False)) for line in lines]


def _user(call: RestCall) -> User:
    """Find the user that the path names.

    Raises:
        VendorError: 404.
    """
    user = call.environment.users.get(call.user_id)
    if user is None:
        raise VendorError(not_found(f"Unknown user {call.user_id[:100]!r}"))
    return user


def _visible_user(call: RestCall) -> User:
    """Find the user that the path names, if reads can see it by now (UL-14).

    Raises:
        VendorError: 404.
    """
    user = call.environment.users.get(call.user_id)
    if user is None or user.visible_at > call.now_ms:
        raise VendorError(not_found(f"Unknown user {call.user_id[:100]!r}, or not visible yet"))
    return user


def _changed(call: RestCall, user: User, sent: _UserSent) -> VendorResponse:
    notes = call.merge(user, sent.attributes, place="attributes")
    if sent.email_address:
        user.email_address = sent.email_address
    return reply(200, _shown(user), notes=notes)


def _shown(user: User) -> Json:
    """Return a user as v1 does: its text says `id`, its example `userId`; both are here."""
    return {
        "id": user.external_user_id,
        "userId": user.external_user_id,
        "emailAddress": user.email_address,
        "attributes": user.attributes,
    }


# --- v2


class _V2Event(msgspec.Struct, frozen=True, rename="camel"):
    event: Annotated[str, Meta(min_length=1)]
    timestamp: int | float | None = None


class _V2User(msgspec.Struct, frozen=True, rename="camel"):
    """The body; the example in Sprig's own document writes `email` for `emailAddress`."""

    user_id: str | None = None
    email_address: str | None = None
    email: str | None = None
    attributes: _Attributes = {}
    events: list[_V2Event] = []


class _PurgeSent(msgspec.Struct, frozen=True, rename="camel"):
    user_ids: list[str] = []
    emails: list[str] = []
    visitor_ids: list[str] = []
    delay_seconds: Annotated[int, Meta(ge=0)] = _TEN_DAYS_SECONDS


def _post_users(call: RestCall) -> VendorResponse:
    """Create or update a user: 202 ``Accepted``, 400 without a user id, 422 for wrong types."""
    sent = body_as(call.request, _V2User, refuse=_refused_v2)
    if not sent.user_id:
        return with_error("userId is required", field="userId")
    user = call.user(sent.user_id, lags=True)
    notes = call.merge(user, sent.attributes, place="attributes")
    user.email_address = sent.email_address or sent.email or user.email_address
    for index, event in enumerate(sent.events):
        moment_ms = call.now_ms if event.timestamp is None else int(event.timestamp)
        note = call.record(user, event.event, moment_ms=moment_ms)
        if note is not None:
            notes.append(msgspec.structs.replace(note, field=f"events[{index}].event"))
    return as_text(202, "Accepted", notes=tuple(notes))


def _get_user_v2(call: RestCall) -> VendorResponse:
    user = _visible_user(call)
    value: Json = {
        "id": user.id,
        "externalUserId": user.external_user_id,
        "createdAt": user.created_at,
        "attributes": user.attributes,
        "events": [plain(event) for event in user.events.values()],
    }
    return reply(200, value)


def _purge_visitors(call: RestCall) -> VendorResponse:
    """Have users deleted after a delay: by user ids, email addresses or visitor ids."""
    sent = body_as(call.request, _PurgeSent, refuse=_refused_v2)
    asked = len(sent.user_ids) + len(sent.emails) + len(sent.visitor_ids)
    if not 0 < asked <= _MOST_PURGED:
        return with_error(
            f"userIds, emails and visitorIds name 1 to {_MOST_PURGED} visitors, not {asked}"
        )
    emails, visitor_ids = set(sent.emails), set(sent.visitor_ids)
    chosen = [
        key
        for key, user in call.environment.users.items()
        if user.external_user_id in sent.user_ids
        or user.email_address in emails
        or user.id in visitor_ids
        or any(visitor.visitor_id in visitor_ids for visitor in user.visitors)
    ]
    if not chosen:
        return with_error("No visitor matches", code="not_found")
    purge = Purge(
        request_id=mint_uuid(call.random),
        due_at=call.now_ms + sent.delay_seconds * 1000,
        users=chosen,
    )
    call.environment.purges.append(purge)
    call.apply_purges()
    return reply(200, {"requestId": purge.request_id})


_KEY, _BEARER = {"api-key": "API-Key"}, {"bearer": "Bearer"}

ROUTES = Routes(
    {
        "/v1/users/?": {"POST": Endpoint(_create_user, _KEY)},
        "/v1/users/bulk/?": {"POST": Endpoint(_bulk, _BEARER)},
        "/v1/surveys/?": {"GET": Endpoint(export_surveys, _BEARER)},
        "/v1/responses/?": {"GET": Endpoint(export_responses, _BEARER)},
        "/v1/themes/?": {"GET": Endpoint(export_themes, _BEARER)},
        "/v1/users/(?P<user_id>.+)/events": {"POST": Endpoint(_post_event, _KEY)},
        "/v1/users/(?P<user_id>.+)": {
            "GET": Endpoint(_get_user_v1, _KEY),
            "POST": Endpoint(_update_user, _KEY),
        },
        "/v2/users/?": {"POST": Endpoint(_post_users, _KEY | _BEARER)},
        "/v2/users/(?P<user_id>.+)": {"GET": Endpoint(_get_user_v2, _KEY | _BEARER)},
        "/v2/purge/visitors/?": {"POST": Endpoint(_purge_visitors, _BEARER)},
    }
)
"""Every endpoint of a path takes the same schemes."""
