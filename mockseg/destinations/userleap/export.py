"""The export API of v1: surveys, responses and themes, by cursor.

At most 1000 records, or `limit`, and the cursor of the next. Source: the reference of Sprig's API;
of the setting `export` ``userleap``, UserLeap's page on it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, NamedTuple

from mockseg.destinations.records import plain
from mockseg.destinations.userleap.context import RestCall
from mockseg.destinations.userleap.state import Filter, Response, Survey, Theme
from mockseg.destinations.vendor import VendorError, VendorResponse, reply
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import Json, JsonObject

_MOST = 1000
_MILLISECOND = 1_000_000
_STATUSES = ("IN_PROGRESS", "PAUSED", "COMPLETED", "DRAFT", "ARCHIVED", "NEW")
# What a response shows only when it is asked for: member by parameter.
_EXTRAS: Final = {
    "with_snapshots": "visitorSnapshot",
    "with_urls": "url",
    "with_meta": "meta",
    "with_custom_metadata": "customMetadata",
    "with_deleted_responses": "deletedAt",
}


def export_surveys(call: RestCall) -> VendorResponse:
    query = _read(call, limited=True)
    records: list[Json] = [
        _survey(survey)
        for survey in call.environment.surveys.values()
        if query.covers(survey) and (not query.statuses or survey.status in query.statuses)
    ]
    return _page(call, records, query, of="surveys")


def export_responses(call: RestCall) -> VendorResponse:
    query = _read(call, limited=True)
    records: list[Json] = [
        _response(response, query.extras)
        for response in call.environment.responses
        if query.covers(response)
        and query.survey_id in {None, response.survey_id}
        and (response.deleted_at is None or "with_deleted_responses" in query.extras)
    ]
    return _page(call, records, query, of="responses")


def export_themes(call: RestCall) -> VendorResponse:
    query = _read(call, limited=False)
    records: list[Json] = [
        plain(theme) | {"createdAt": _iso(theme.created_at)}
        for theme in call.environment.themes
        if query.covers(theme) and query.survey_id in {None, theme.survey_id}
    ]
    return _page(call, records, query, of="themes")


class _Query(NamedTuple):
    """What is asked for; moments are milliseconds since 1970.

    Attributes:
        offset: of the cursor.
        limit: maximum number of records.
        start, end: of their creation.
        survey_id: whose responses and themes.
        statuses: of surveys; any without.
        extras: the ``with_…`` that are true.
    """

    offset: int
    limit: int
    start: int | None
    end: int | None
    survey_id: int | None
    statuses: tuple[str, ...]
    extras: frozenset[str]

    def covers(self, record: Survey | Response | Theme) -> bool:
        after = self.start is None or record.created_at >= self.start
        return after and (self.end is None or record.created_at <= self.end)


def _survey(survey: Survey) -> JsonObject:
    completed = survey.status == "COMPLETED"
    questions: list[Json] = [
        {
            "id": question.id,
            "options": question.options,
            "optionsProperties": question.options_properties,
            "questionText": question.question_text,
            "routingOptions": question.routing_options,
            "type": question.type,
        }
        for question in survey.questions
    ]
    return {
        "completedAt": _iso(survey.updated_at) if completed else None,
        "constraints": [_constraint(condition) for condition in survey.filters],
        "createdAt": _iso(survey.created_at),
        "id": survey.id,
        "launchedAt": _iso(survey.created_at),
        "name": survey.name,
        "platform": survey.platform,
        "questions": questions,
        "status": survey.status,
        "totalResponseLimit": survey.total_response_limit,
        "type": "CONTINUOUS",
        "updatedAt": _iso(survey.updated_at),
    }


def _constraint(condition: Filter) -> JsonObject:
    """Return a filter as a constraint; which words stand for what, nothing public says."""
    of_event = condition.event is not None
    return {
        "comparisonType": condition.operator,
        "event": condition.event if of_event else condition.attribute,
        "type": condition.of if of_event else "attribute",
        "value": condition.value,
    }


def _response(response: Response, extras: frozenset[str]) -> JsonObject:
    shape = plain(response)
    for parameter, member in _EXTRAS.items():
        if parameter not in extras:
            del shape[member]
    if shape["selectedIndexes"] is None:
        del shape["selectedIndexes"]
    for moment in ("createdAt", "updatedAt", "deletedAt"):
        if shape.get(moment) is not None:
            shape[moment] = _iso(shape[moment])
    return shape


def _page(call: RestCall, records: list[Json], query: _Query, *, of: str) -> VendorResponse:
    page = records[query.offset : query.offset + query.limit]
    if not page and (of != "surveys" or call.setup.export == "userleap"):
        return VendorResponse(404, notes=(Note("not_found", "", f"No {of} match"),))
    after = query.offset + len(page)
    following = base64.b64encode(f"offset:{after}".encode()).decode()
    return reply(200, {"cursor": following if after < len(records) else None, "data": page})


def _read(call: RestCall, *, limited: bool) -> _Query:
    """Read the query.

    Args:
        call: whose.
        limited: whether a `limit` may be given; themes have none.

    Raises:
        VendorError: 400.
    """
    request = call.request
    problems: list[str] = []
    start, end = (
        _whole(request.argument(name), f'"{name}" must be a valid date', problems)
        for name in ("start", "end")
    )
    survey_id = _whole(request.argument("sid"), '"sid" must be a number', problems)
    limit = _limit(request.argument("limit"), problems) if limited else _MOST
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
    extras = frozenset(name for name in _EXTRAS if _flag(name, request.argument(name), problems))
    if problems:
        notes = [Note("invalid_request", "", problem) for problem in problems]
        body: Json = problems
        if call.setup.export == "sprig":
            body = {"error": "; ".join(problems)}
        raise VendorError(reply(400, body, notes=notes))
    return _Query(offset or 0, limit, start, end, survey_id, statuses, extras)


def _whole(text: str | None, problem: str, problems: list[str]) -> int | None:
    if text is None:
        return None
    # ASCII digits only, and no more than an integer of 64 bits has.
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    problems.append(problem)
    return None


def _limit(text: str | None, problems: list[str]) -> int:
    sentence = f'"limit" must be a whole number from 1 to {_MOST}'
    limit = _whole(text, sentence, problems)
    if limit is None:
        return _MOST
    if not 1 <= limit <= _MOST:
        problems.append(sentence)
    return limit


def _flag(name: str, text: str | None, problems: list[str]) -> bool:
    if text not in {None, "true", "false"}:
        problems.append(f'"{name}" must be true or false')
    return text == "true"


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
