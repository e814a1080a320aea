"""The export API of v1: surveys, responses and themes, by cursor. Source: UserLeap's page on it.

At most 1000 records and the cursor of the next; 400 is an array of sentences; 404, where nothing
matches, has no body.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from mockseg.destinations.records import plain
from mockseg.destinations.userleap.context import RestCall
from mockseg.destinations.userleap.state import Response, Survey, Theme
from mockseg.destinations.vendor import VendorError, VendorRequest, VendorResponse, reply
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import Json, JsonObject

_MOST = 1000
_MILLISECOND = 1_000_000
_STATUSES = ("IN_PROGRESS", "PAUSED", "COMPLETED", "DRAFT", "ARCHIVED", "NEW")


def export_surveys(call: RestCall) -> VendorResponse:
    query = _read(call.request)
    records: list[Json] = [
        {
            "name": survey.name,
            "status": survey.status,
            "platform": survey.platform,
            "type": "CONTINUOUS",
            "totalResponseLimit": None,
            "completedAt": None,
            "questions": [],
            "constraints": [],
            "id": survey.id,
            "launchedAt": _iso(survey.created_at),
            "createdAt": _iso(survey.created_at),
            "updatedAt": _iso(survey.updated_at),
        }
        for survey in call.environment.surveys.values()
        if query.covers(survey) and (not query.statuses or survey.status in query.statuses)
    ]
    return _page(records, query, of="surveys")


def export_responses(call: RestCall) -> VendorResponse:
    return _export(call, call.environment.responses, of="responses")


def export_themes(call: RestCall) -> VendorResponse:
    return _export(call, call.environment.themes, of="themes")


class _Query(NamedTuple):
    """What is asked for; moments are milliseconds since 1970."""

    offset: int
    start: int | None
    end: int | None
    survey_id: int | None
    statuses: tuple[str, ...]

    def covers(self, record: Survey | Response | Theme) -> bool:
        after = self.start is None or record.created_at >= self.start
        return after and (self.end is None or record.created_at <= self.end)


def _export(call: RestCall, records: list[Response] | list[Theme], *, of: str) -> VendorResponse:
    query = _read(call.request)
    found = [
        _shown(record)
        for record in records
        if query.covers(record) and query.survey_id in {None, record.survey_id}
    ]
    return _page(found, query, of=of)


def _shown(record: Response | Theme) -> JsonObject:
    shape = plain(record)
    moments = {name: _iso(shape[name]) for name in ("createdAt", "updatedAt") if name in shape}
    return shape | moments


def _page(records: list[Json], query: _Query, *, of: str) -> VendorResponse:
    page = records[query.offset : query.offset + _MOST]
    if not page:
        return VendorResponse(404, notes=(Note("not_found", "", f"No {of} match"),))
    after = query.offset + len(page)
    following = base64.b64encode(f"offset:{after}".encode()).decode()
    return reply(200, {"cursor": following if after < len(records) else None, "data": page})


def _read(request: VendorRequest) -> _Query:
    """Read the query.

    Raises:
        VendorError: 400.
    """
    problems: list[str] = []
    start, end = (
        _whole(request.argument(name), f'"{name}" must be a valid date', problems)
        for name in ("start", "end")
    )
    survey_id = _whole(request.argument("sid"), '"sid" must be a number', problems)
    cursor = request.argument("cursor")
    offset = _offset(cursor) if cursor else 0
    if offset is None:
        problems.append('"cursor" must be a valid base64 string')
    statuses = tuple(
        status
        for key, value in request.query
        if key in {"status", "status[]"}
        for status in value.split(",")
    )
    if any(status not in _STATUSES for status in statuses):
        problems.append(f'"status" must be one of [{", ".join(_STATUSES)}]')
    if problems:
        notes = [Note("invalid_request", "", problem) for problem in problems]
        raise VendorError(reply(400, problems, notes=notes))
    return _Query(offset or 0, start, end, survey_id, statuses)


def _whole(text: str | None, problem: str, problems: list[str]) -> int | None:
    if text is None:
        return None
    # ASCII digits only, and no more than an integer of 64 bits has.
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    problems.append(problem)
    return None


def _offset(cursor: str) -> int | None:
    try:
        name, _, number = base64.b64decode(cursor, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        return None
    if name != "offset" or not number.isdigit() or len(number) > 18:
        return None
    return int(number)


def _iso(moment_ms: int) -> str:
    return format_moment(moment_ms * _MILLISECOND)
