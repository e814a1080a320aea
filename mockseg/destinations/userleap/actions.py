"""What only UserLeap's dashboard and SDK can do, as actions.

Each argument record may name an environment; without it the destination's own is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from mockseg.destinations.records import plain
from mockseg.destinations.userleap.context import Context
from mockseg.destinations.userleap.state import (
    EventDefinition,
    Filter,
    Platform,
    Question,
    QuestionType,
    Response,
    Status,
    Survey,
    Triggers,
    User,
    Visitor,
    VisitorPlatform,
    add_definition,
    mint_uuid,
    visitor_number,
)
from mockseg.destinations.userleap.surveys import check_survey, obstacles, shown_by
from mockseg.destinations.vendor import Arguments
from mockseg.errors import VendorStateError
from mockseg.json_types import Json, JsonObject
from mockseg.suggestions import unknown

_T = TypeVar("_T")


Name = Annotated[str, Meta(min_length=1)]


class OfEnvironment(Arguments, frozen=True):
    """In which environment.

    Attributes:
        environment: a name; the destination's own without it.
    """

    environment: str | None = None


class DefineEvent(OfEnvironment, frozen=True, kw_only=True):
    """An event to add on the Events page; a Page URL event has a pattern."""

    name: Name
    kind: Literal["code", "page_url"] | None = None
    pattern: str | None = None


class AcceptEvent(OfEnvironment, frozen=True, kw_only=True):
    name: Name


class SetAutoAccept(OfEnvironment, frozen=True, kw_only=True):
    enabled: bool


class LinkSdkUser(OfEnvironment, frozen=True, kw_only=True):
    """A visitor in whose SDK the user id is set; a visitor id is minted without one."""

    user: Name
    visitor_id: Name | None = None
    platform: VisitorPlatform = "web"


class SdkTrack(OfEnvironment, frozen=True, kw_only=True):
    user: Name
    event: Name
    platform: VisitorPlatform = "web"


class SdkPage(OfEnvironment, frozen=True, kw_only=True):
    user: Name
    url: str


class DefineSurvey(OfEnvironment, frozen=True, kw_only=True):
    """A survey; one of this name is defined anew."""

    name: Name
    platform: Platform = "web"
    status: Status = "IN_PROGRESS"
    triggers: Triggers = []
    filters: list[Filter] = []
    groups: list[list[Filter]] = []
    questions: list[Question] = []
    total_response_limit: Annotated[int, Meta(ge=1)] | None = None


class Eligible(OfEnvironment, frozen=True, kw_only=True):
    survey: Name
    user: Name


class AnswerSurvey(OfEnvironment, frozen=True, kw_only=True):
    """An answer; text and type of the question are those of the survey, if it has the question.

    Attributes:
        response: in the form of the question's type.
        selected_indexes: of a choice.
        url, meta, custom_metadata: what the SDK tells with it.
    """

    survey: Name
    user: Name
    response: Json
    question_text: str | None = None
    question_type: QuestionType | None = None
    question_id: int = 1
    selected_indexes: int | list[int] | None = None
    url: str | None = None
    meta: dict[str, Json] = {}
    custom_metadata: dict[str, Json] = {}


class DeleteResponse(OfEnvironment, frozen=True, kw_only=True):
    response_group_uid: Name


def _define_event(context: Context, given: DefineEvent) -> JsonObject:
    kind = given.kind
    if kind is None:
        kind = "code" if given.pattern is None else "page_url"
    definition = EventDefinition(name=given.name, kind=kind, pattern=given.pattern)
    add_definition(context.environment, definition, place="name")
    return plain(definition)


def _accept_event(context: Context, given: AcceptEvent) -> JsonObject:
    """Accept an event that is pending; what came before is not made up for."""
    definition = _named("event", given.name, context.environment.events, place="name")
    definition.status = "accepted"
    return plain(definition)


def _set_auto_accept(context: Context, given: SetAutoAccept) -> JsonObject:
    """Switch auto-accept; events that wait go on waiting."""
    context.environment.auto_accept = given.enabled
    return {"autoAccept": given.enabled}


def _link_sdk_user(context: Context, given: LinkSdkUser) -> JsonObject:
    """Tie a visitor to a user, who is made if new (UL-13)."""
    visitor_id = given.visitor_id or mint_uuid(context.random)
    for user in context.environment.users.values():
        user.visitors = [visitor for visitor in user.visitors if visitor.visitor_id != visitor_id]
    user = context.user(given.user)
    user.visitors.append(Visitor(visitor_id=visitor_id, platform=given.platform))
    return plain(user)


def _sdk_track(context: Context, given: SdkTrack) -> JsonObject:
    user = _linked(context, given.user, given.platform)
    if context.record(user, given.event, moment_ms=context.now_ms) is not None:
        return {"tracked": False, "shown": []}
    shown = shown_by(context.environment, user, events=(given.event,), platform=given.platform)
    return {"tracked": True, "shown": shown}


def _sdk_page(context: Context, given: SdkPage) -> JsonObject:
    user = _linked(context, given.user, "web")
    names = context.record_page(user, given.url, moment_ms=context.now_ms)
    shown = shown_by(context.environment, user, events=names, platform="web")
    return {"tracked": True, "shown": shown}


def _define_survey(context: Context, given: DefineSurvey) -> JsonObject:
    """Define a survey; it keeps its number when it is defined anew."""
    surveys = context.environment.surveys
    number = max((survey.id for survey in surveys.values()), default=0) + 1
    known = surveys.get(given.name)
    survey = Survey(
        id=number if known is None else known.id,
        name=given.name,
        platform=given.platform,
        status=given.status,
        triggers=given.triggers,
        filters=given.filters,
        groups=given.groups,
        questions=[
            msgspec.structs.replace(question, id=question.id or place)
            for place, question in enumerate(given.questions, start=1)
        ],
        total_response_limit=given.total_response_limit,
        created_at=context.now_ms if known is None else known.created_at,
        updated_at=context.now_ms,
    )
    check_survey(survey)
    surveys[given.name] = survey
    return plain(survey)


def _eligible(context: Context, given: Eligible) -> JsonObject:
    survey = _named("survey", given.survey, context.environment.surveys, place="survey")
    user = context.environment.users.get(given.user)
    if user is None or user.visible_at > context.now_ms:
        yet = "" if user is None else " yet"
        reason = f"the user {given.user[:100]!r} does not exist{yet}"
        return {"eligible": False, "reasons": [reason], "shown": False}
    reasons = obstacles(survey, user)
    return {
        "eligible": not reasons,
        "reasons": reasons,
        "shown": survey.name in user.surveys_shown,
    }


def _answer_survey(context: Context, given: AnswerSurvey) -> JsonObject:
    survey = _named("survey", given.survey, context.environment.surveys, place="survey")
    user = _named("user", given.user, context.environment.users, place="user")
    asked = next((each for each in survey.questions if each.id == given.question_id), Question())
    response = Response(
        visitor_id=visitor_number(user),
        visitor_uuid=user.id,
        external_user_id=user.external_user_id,
        survey_id=survey.id,
        question_id=given.question_id,
        question_type=given.question_type or asked.type,
        question_text=asked.question_text if given.question_text is None else given.question_text,
        response=given.response,
        selected_indexes=given.selected_indexes,
        url=given.url,
        meta=given.meta,
        custom_metadata=given.custom_metadata,
        visitor_snapshot={
            "attributes": dict(user.attributes),
            "eventProperties": {},
            "events": [plain(event) for event in user.events.values()],
        },
        response_group_uid=mint_uuid(context.random),
        created_at=context.now_ms,
        updated_at=context.now_ms,
    )
    context.environment.responses.append(response)
    return plain(response)


def _delete_response(context: Context, given: DeleteResponse) -> JsonObject:
    """Delete the answers of one visit to a survey; the export shows them only when asked."""
    chosen = [
        response
        for response in context.environment.responses
        if response.response_group_uid == given.response_group_uid
    ]
    if not chosen:
        sentence = f"unknown response group {given.response_group_uid[:100]!r}"
        raise VendorStateError(sentence, place="responseGroupUid")
    for response in chosen:
        response.deleted_at = response.deleted_at or context.now_ms
    return {"deleted": len(chosen)}


def _named(what: str, name: str, records: Mapping[str, _T], *, place: str) -> _T:
    if name not in records:
        raise VendorStateError(unknown(what, name, records, label="Known"), place=place)
    return records[name]


def _linked(context: Context, user_id: str, platform: VisitorPlatform) -> User:
    user = context.environment.users.get(user_id)
    if user is None or all(visitor.platform != platform for visitor in user.visitors):
        raise VendorStateError(
            f"no {platform} SDK has set the user id {user_id[:100]!r}; link_sdk_user does that",
            place="user",
        )
    return user


ACTIONS: dict[str, tuple[str, type[OfEnvironment], Callable[[Context, Any], JsonObject]]] = {
    "define_event": ("Add a code event or a Page URL event.", DefineEvent, _define_event),
    "accept_event": ("Track a pending event from now on.", AcceptEvent, _accept_event),
    "set_auto_accept": (
        "Switch auto-accept: whether events that were not chosen are tracked.",
        SetAutoAccept,
        _set_auto_accept,
    ),
    "link_sdk_user": ("Set the user id in a visitor's SDK.", LinkSdkUser, _link_sdk_user),
    "sdk_track": ("Report an event through the SDK; surveys may be shown.", SdkTrack, _sdk_track),
    "sdk_page": ("Open a page with the SDK; surveys may be shown.", SdkPage, _sdk_page),
    "define_survey": ("Define a survey with triggers and filters.", DefineSurvey, _define_survey),
    "eligible": ("Return whether a user may be asked, and why not.", Eligible, _eligible),
    "answer_survey": ("Answer a question of a survey.", AnswerSurvey, _answer_survey),
    "delete_response": ("Delete the answers of a group.", DeleteResponse, _delete_response),
}
