"""REST v1: users, their events, and the CSV upload. Source: UserLeap's Public API, 2021."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta

from mockseg.destinations.inlet import Unreadable, body_as, reply
from mockseg.destinations.userleap.changes import (
    attributes_from,
    merge_attributes,
    record_event,
)
from mockseg.destinations.userleap.rest import as_text, find_user, not_found, with_error
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import parse_moment

if TYPE_CHECKING:
    from mockseg.destinations.userleap.segment import Context
    from mockseg.destinations.userleap.state import User
    from mockseg.destinations.vendor import VendorRequest
    from mockseg.json_types import Json


MOST_ROWS = 65_000
_MILLISECOND = 1_000_000


class _UserSent(msgspec.Struct, frozen=True, rename="camel"):
    id: str | int | None = None
    email_address: str | None = None
    attributes: dict[str, str | int | float | bool] = {}


class _EventSent(msgspec.Struct, frozen=True, rename="camel"):
    name: Annotated[str, Meta(min_length=1)]
    timestamp: str | int | float | None = None


class _Row(NamedTuple):
    user_id: str
    email: str
    attributes: dict[str, str]


def get_user(context: Context, user_id: str) -> VendorResponse:
    """Give a user; 404 where there is none."""
    user = find_user(context.environment, user_id, now_ms=context.now_ms)
    if user is None:
        return not_found(f"There is no user {user_id[:100]!r}, or none yet")
    return reply(200, _shown(user))


def create_user(context: Context, request: VendorRequest) -> VendorResponse:
    """Create a user and give it; one with this id is given as it is."""
    sent = body_as(request, _UserSent)
    if isinstance(sent, Unreadable):
        return _refused(sent)
    user_id = None if sent.id is None else str(sent.id) or None
    if user_id is None and not sent.email_address:
        return with_error("id or emailAddress is required", field="id")
    known = context.environment.users.get(user_id or "")
    if known is None and user_id is None:
        known = _with_email(context, sent.email_address)
    if known is not None:
        return reply(200, _shown(known))
    return _changed(context, context.user(user_id), sent)


def update_user(context: Context, request: VendorRequest, user_id: str) -> VendorResponse:
    """Merge attributes and set what is given; the rest stays. 404 for an unknown user."""
    sent = body_as(request, _UserSent)
    if isinstance(sent, Unreadable):
        return _refused(sent)
    user = context.environment.users.get(user_id)
    if user is None:
        return not_found(f"There is no user {user_id[:100]!r}")
    return _changed(context, user, sent)


def post_event(context: Context, request: VendorRequest, user_id: str) -> VendorResponse:
    """Record an occurrence: 201, or 404 where the event is not configured."""
    sent = body_as(request, _EventSent)
    if isinstance(sent, Unreadable):
        return _refused(sent)
    moment_ms = _moment_ms(sent.timestamp, now_ms=context.now_ms)
    if moment_ms is None:
        return with_error("timestamp is neither ISO 8601 nor milliseconds", field="timestamp")
    user = context.environment.users.get(user_id)
    if user is None:
        return not_found(f"There is no user {user_id[:100]!r}")
    definition = context.environment.events.get(sent.name)
    if definition is None or definition.status != "accepted":
        return not_found(f"The event {sent.name[:100]!r} is not configured")
    record_event(user, sent.name, moment_ms=moment_ms)
    return VendorResponse(201)


def bulk(context: Context, request: VendorRequest) -> VendorResponse:
    """Upload users as CSV: rows without user_id and email are rejected, the others applied.

    What is answered on success is not documented: 200 with nothing.
    """
    rows = _rows(request)
    if isinstance(rows, VendorResponse):
        return rows
    notes: list[Note] = []
    by_email = {
        user.email_address: user
        for user in reversed(context.environment.users.values())
        if user.email_address is not None
    }
    limit = context.setup.attribute_limit
    for number, row in enumerate(rows, start=2):
        if not row.user_id and not row.email:
            sentence = "A row needs user_id or email"
            notes.append(Note("row_rejected", f"row {number}", sentence))
            continue
        user = None if row.user_id else by_email.get(row.email)
        if user is None:
            user = context.user(row.user_id or None)
        attributes, ignored = attributes_from(row.attributes, place=f"row {number}")
        notes += ignored
        notes += merge_attributes(user, attributes, limit=limit, place=f"row {number}")
        if row.email:
            user.email_address = row.email
            by_email.setdefault(row.email, user)
    return VendorResponse(200, notes=tuple(notes))


def _refused(fault: Unreadable) -> VendorResponse:
    return with_error(fault.sentence, field=fault.field, code=fault.code)


def _changed(context: Context, user: User, sent: _UserSent) -> VendorResponse:
    attributes, notes = attributes_from(sent.attributes, place="attributes")
    limit = context.setup.attribute_limit
    notes += merge_attributes(user, attributes, limit=limit, place="attributes")
    if sent.email_address:
        user.email_address = sent.email_address
    return reply(200, _shown(user), notes=notes)


def _shown(user: User) -> Json:
    """Give a user as v1 does: its text says `id`, its example `userId`; both are here."""
    return {
        "id": user.external_user_id,
        "userId": user.external_user_id,
        "emailAddress": user.email_address,
        "attributes": user.attributes,
    }


def _with_email(context: Context, email: str | None) -> User | None:
    users = context.environment.users.values()
    return next((user for user in users if user.email_address == email), None)


def _moment_ms(stamp: str | float | None, *, now_ms: int) -> int | None:
    if stamp is None:
        return now_ms
    if isinstance(stamp, (int, float)):
        return int(stamp)
    moment = parse_moment(stamp)
    return None if moment is None else moment // _MILLISECOND


def _rows(request: VendorRequest) -> list[_Row] | VendorResponse:
    kind = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != "text/csv":
        return with_error(
            f"Content-Type is {kind[:100]!r}; expected text/csv", field="Content-Type"
        )
    try:
        table = list(csv.reader(io.StringIO(request.body.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        return with_error(f"The body is not CSV: {error}", code="malformed_csv")
    header = [cell.strip() for cell in table[0]] if table else []
    if not {"user_id", "email"} & set(header):
        return with_error("The first row names neither user_id nor email", code="malformed_csv")
    # Blank lines are nothing.
    lines = [line for line in table[1:] if line]
    if len(lines) > MOST_ROWS:
        return as_text(
            400,
            f"At most {MOST_ROWS} rows",
            notes=(Note("too_many_rows", "", f"{len(lines)} rows; at most {MOST_ROWS}"),),
        )
    return [_row(dict(zip(header, line, strict=False))) for line in lines]


def _row(cells: dict[str, str]) -> _Row:
    user_id, email = cells.pop("user_id", ""), cells.pop("email", "")
    return _Row(user_id, email, {name: cell for name, cell in cells.items() if name and cell})
