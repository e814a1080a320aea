"""The export API of v1: surveys, responses and themes, by cursor. Source: UserLeap's page on it."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, NamedTuple

from mockseg import json_types
from mockseg.destinations.inlet import JSON_HEADERS, reply
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import format_moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.destinations.userleap.state import Environment, Response, Survey, Theme
    from mockseg.destinations.vendor import VendorRequest
    from mockseg.json_types import Json


_MOST = 1000
_MILLISECOND = 1_000_000
_STATUSES = ("IN_PROGRESS", "PAUSED", "COMPLETED", "DRAFT", "ARCHIVED", "NEW")


class _Asked(NamedTuple):
    offset: int
    start: int | None
    end: int | None
    survey_id: int | None
    statuses: tuple[str, ...]


def export(environment: Environment, request: VendorRequest, *, of: str) -> VendorResponse:
    """Give up to 1000 records and the cursor of the next.

    400 is an array of sentences; 404, where nothing matches, has no body.

    Args:
        environment: that the key selects.
        request: that came.
        of: surveys, responses or themes.
    """
    asked = _asked(request)
    if isinstance(asked, VendorResponse):
        return asked
    if of == "surveys":
        records = _surveys(environment.surveys.values(), asked)
    elif of == "responses":
        records = _responses(environment.responses, asked)
    else:
        records = _themes(environment.themes, asked)
    page = records[asked.offset : asked.offset + _MOST]
    if not page:
        return VendorResponse(404, notes=(Note("not_found", "", f"No {of} match"),))
    after = asked.offset + len(page)
    cursor = _cursor(after) if after < len(records) else None
    return reply(200, {"cursor": cursor, "data": page})


def _asked(request: VendorRequest) -> _Asked | VendorResponse:
    faults: list[str] = []
    moments: dict[str, int | None] = {}
    for name in ("start", "end"):
        moments[name] = _whole(request.argument(name), f'"{name}" must be a valid date', faults)
    survey_id = _whole(request.argument("sid"), '"sid" must be a number', faults)
    offset = 0
    cursor = request.argument("cursor")
    if cursor:
        found = _offset(cursor)
        if found is None:
            faults.append('"cursor" must be a valid base64 string')
        else:
            offset = found
    statuses = tuple(
        status
        for key, value in request.query
        if key in {"status", "status[]"}
        for status in value.split(",")
    )
    if any(status not in _STATUSES for status in statuses):
        faults.append(f'"status" must be one of [{", ".join(_STATUSES)}]')
    if faults:
        notes = tuple(Note("invalid_request", "", fault) for fault in faults)
        return VendorResponse(400, json_types.encode(faults), JSON_HEADERS, notes)
    return _Asked(offset, moments["start"], moments["end"], survey_id, statuses)


def _whole(text: str | None, fault: str, faults: list[str]) -> int | None:
    if text is None:
        return None
    # ASCII digits only, and no more than an integer of 64 bits has.
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    faults.append(fault)
    return None


def _cursor(offset: int) -> str:
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def _offset(cursor: str) -> int | None:
    try:
        name, _, number = base64.b64decode(cursor, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        return None
    if name != "offset" or not number.isdigit() or len(number) > 18:
        return None
    return int(number)


def _within(created_at: int, asked: _Asked) -> bool:
    after = asked.start is None or created_at >= asked.start
    return after and (asked.end is None or created_at <= asked.end)


def _surveys(surveys: Iterable[Survey], asked: _Asked) -> list[Json]:
    return [
        {
            "id": survey.id,
            "name": survey.name,
            "status": survey.status,
            "platform": survey.platform,
            "type": "CONTINUOUS",
            "totalResponseLimit": None,
            "completedAt": None,
            "launchedAt": _iso(survey.created_at),
            "createdAt": _iso(survey.created_at),
            "updatedAt": _iso(survey.updated_at),
            "questions": [],
            "constraints": [],
        }
        for survey in surveys
        if _within(survey.created_at, asked)
        and (not asked.statuses or survey.status in asked.statuses)
    ]


def _responses(responses: Iterable[Response], asked: _Asked) -> list[Json]:
    return [
        {
            "visitorId": response.visitor_id,
            "surveyId": response.survey_id,
            "questionId": response.question_id,
            "questionType": response.question_type,
            "updatedAt": _iso(response.updated_at),
            "createdAt": _iso(response.created_at),
            "externalUserId": response.external_user_id,
            "responseGroupUid": response.response_group_uid,
            "response": response.response,
            "questionText": response.question_text,
        }
        for response in responses
        if _within(response.created_at, asked) and asked.survey_id in {None, response.survey_id}
    ]


def _themes(themes: Iterable[Theme], asked: _Asked) -> list[Json]:
    return [
        {
            "id": theme.id,
            "surveyId": theme.survey_id,
            "name": theme.name,
            "createdAt": _iso(theme.created_at),
        }
        for theme in themes
        if _within(theme.created_at, asked) and asked.survey_id in {None, theme.survey_id}
    ]


def _iso(moment_ms: int) -> str:
    return format_moment(moment_ms * _MILLISECOND)
