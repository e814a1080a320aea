"""What only UserLeap's dashboard and SDK can do, as actions.

Each argument record may name an environment; without it the destination's own is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from mockseg.destinations.records import Arguments, known_names, plain
from mockseg.destinations.userleap.changes import (
    mint_uuid,
    record_event,
    track_or_hold,
    url_events,
)
from mockseg.destinations.userleap.filters import Filter
from mockseg.destinations.userleap.setup import check_definition
from mockseg.destinations.userleap.state import (
    PAGEVIEW,
    EventDefinition,
    Platform,
    Response,
    Survey,
    Triggers,
    Visitor,
    VisitorPlatform,
)
from mockseg.destinations.userleap.surveys import check_survey, obstacles, shown_by
from mockseg.destinations.vendor import Action
from mockseg.errors import VendorStateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mockseg.destinations.userleap.segment import Context
    from mockseg.destinations.userleap.state import User
    from mockseg.json_types import JsonObject


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
    """A pending event to track from now on."""

    name: Name


class SetAutoAccept(OfEnvironment, frozen=True, kw_only=True):
    """Whether events are tracked without being chosen."""

    enabled: bool


class LinkSdkUser(OfEnvironment, frozen=True, kw_only=True):
    """A visitor in whose SDK the user id is set; a visitor id is minted without one."""

    user: Name
    visitor_id: Name | None = None
    platform: VisitorPlatform = "web"


class SdkTrack(OfEnvironment, frozen=True, kw_only=True):
    """An event that the SDK reports of a user whom it is linked to."""

    user: Name
    event: Name
    platform: VisitorPlatform = "web"


class SdkPage(OfEnvironment, frozen=True, kw_only=True):
    """A page that a linked user opens in a browser with the SDK."""

    user: Name
    url: str


class DefineSurvey(OfEnvironment, frozen=True, kw_only=True):
    """A survey; one of this name is defined anew."""

    name: Name
    platform: Platform = "web"
    status: Literal["NEW", "DRAFT", "IN_PROGRESS", "PAUSED", "COMPLETED", "ARCHIVED"] = (
        "IN_PROGRESS"
    )
    triggers: Triggers = []
    filters: list[Filter] = []
    groups: list[list[Filter]] = []


class Eligible(OfEnvironment, frozen=True, kw_only=True):
    """Whether a user may be asked."""

    survey: Name
    user: Name


class AnswerSurvey(OfEnvironment, frozen=True, kw_only=True):
    """An answer to a question of a survey."""

    survey: Name
    user: Name
    response: str | int | float | bool
    question_text: str = ""
    question_type: str = "OPEN"
    question_id: int = 1


ACTIONS: dict[str, Action] = {
    "define_event": Action("Add a code event or a Page URL event.", DefineEvent),
    "accept_event": Action("Track a pending event from now on.", AcceptEvent),
    "set_auto_accept": Action("Track events without their being chosen, or not.", SetAutoAccept),
    "link_sdk_user": Action("Set the user id in a visitor's SDK.", LinkSdkUser),
    "sdk_track": Action("Report an event through the SDK; surveys may be shown.", SdkTrack),
    "sdk_page": Action("Open a page with the SDK; surveys may be shown.", SdkPage),
    "define_survey": Action("Define a survey with triggers and filters.", DefineSurvey),
    "eligible": Action("Tell whether a user may be asked, and why not.", Eligible),
    "answer_survey": Action("Answer a question of a survey.", AnswerSurvey),
}


def define_event(context: Context, given: DefineEvent) -> JsonObject:
    """Add an event; one that is pending becomes accepted."""
    kind = given.kind
    if kind is None:
        kind = "code" if given.pattern is None else "page_url"
    definition = EventDefinition(name=given.name, kind=kind, pattern=given.pattern)
    check_definition(definition, context.environment, place="name")
    context.environment.events[given.name] = definition
    return plain(definition)


def accept_event(context: Context, given: AcceptEvent) -> JsonObject:
    """Accept an event that is pending; what came before is not made up for."""
    definition = context.environment.events.get(given.name)
    if definition is None:
        raise VendorStateError(
            f"there is no event {given.name[:100]!r};"
            f" known: {known_names(context.environment.events)}",
            place="name",
        )
    definition.status = "accepted"
    return plain(definition)


def set_auto_accept(context: Context, given: SetAutoAccept) -> JsonObject:
    """Switch auto-accept; events that wait go on waiting."""
    context.environment.auto_accept = given.enabled
    return {"autoAccept": given.enabled}


def link_sdk_user(context: Context, given: LinkSdkUser) -> JsonObject:
    """Tie a visitor to a user, who is made if there is none (UL-13)."""
    visitor_id = given.visitor_id or mint_uuid(context.random)
    for user in context.environment.users.values():
        user.visitors = [visitor for visitor in user.visitors if visitor.visitor_id != visitor_id]
    user = context.user(given.user)
    user.visitors.append(Visitor(visitor_id=visitor_id, platform=given.platform))
    return plain(user)


def sdk_track(context: Context, given: SdkTrack) -> JsonObject:
    """Record an event from the SDK, and show what it triggers."""
    user = _linked(context, given.user, given.platform)
    if given.event != PAGEVIEW:
        held = track_or_hold(context.environment, given.event)
        if held is not None:
            return {"tracked": False, "shown": []}
    record_event(user, given.event, moment_ms=context.now_ms)
    return _shown(context, user, (given.event,), platform=given.platform)


def sdk_page(context: Context, given: SdkPage) -> JsonObject:
    """Record a page view from the SDK, and show what it triggers."""
    user = _linked(context, given.user, "web")
    names = url_events(context.environment, given.url)
    for name in names:
        record_event(user, name, moment_ms=context.now_ms)
    return _shown(context, user, names, platform="web")


def define_survey(context: Context, given: DefineSurvey) -> JsonObject:
    """Define a survey; it keeps its number when it is defined anew."""
    check_survey(triggers=given.triggers, filters=given.filters, groups=given.groups)
    known = context.environment.surveys.get(given.name)
    numbers = (survey.id for survey in context.environment.surveys.values())
    survey = Survey(
        id=max(numbers, default=0) + 1 if known is None else known.id,
        name=given.name,
        platform=given.platform,
        status=given.status,
        triggers=list(given.triggers),
        filters=list(given.filters),
        groups=[list(group) for group in given.groups],
        created_at=context.now_ms if known is None else known.created_at,
        updated_at=context.now_ms,
    )
    context.environment.surveys[given.name] = survey
    return plain(survey)


def eligible(context: Context, given: Eligible) -> JsonObject:
    """Tell whether a user may be asked, the reasons against, and whether the survey was shown."""
    survey = _survey(context, given.survey)
    user = context.environment.users.get(given.user)
    if user is None or user.visible_at > context.now_ms:
        reason = f"there is no user {given.user[:100]!r}"
        if user is not None:
            reason += " yet"
        return {"eligible": False, "reasons": [reason], "shown": False}
    reasons = obstacles(survey, user)
    return {
        "eligible": not reasons,
        "reasons": reasons,
        "shown": survey.name in user.surveys_shown,
    }


def answer_survey(context: Context, given: AnswerSurvey) -> JsonObject:
    """Keep an answer for the export API."""
    survey = _survey(context, given.survey)
    user = context.environment.users.get(given.user)
    if user is None:
        raise VendorStateError(f"there is no user {given.user[:100]!r}", place="user")
    response = Response(
        visitor_id=user.id,
        external_user_id=user.external_user_id,
        survey_id=survey.id,
        question_id=given.question_id,
        question_type=given.question_type,
        question_text=given.question_text,
        response=given.response,
        response_group_uid=mint_uuid(context.random),
        created_at=context.now_ms,
        updated_at=context.now_ms,
    )
    context.environment.responses.append(response)
    return plain(response)


HANDLERS: dict[str, Callable[[Context, Any], JsonObject]] = {
    "define_event": define_event,
    "accept_event": accept_event,
    "set_auto_accept": set_auto_accept,
    "link_sdk_user": link_sdk_user,
    "sdk_track": sdk_track,
    "sdk_page": sdk_page,
    "define_survey": define_survey,
    "eligible": eligible,
    "answer_survey": answer_survey,
}


def _survey(context: Context, name: str) -> Survey:
    survey = context.environment.surveys.get(name)
    if survey is None:
        raise VendorStateError(
            f"there is no survey {name[:100]!r}; known: {known_names(context.environment.surveys)}",
            place="survey",
        )
    return survey


def _linked(context: Context, user_id: str, platform: VisitorPlatform) -> User:
    user = context.environment.users.get(user_id)
    if user is None or all(visitor.platform != platform for visitor in user.visitors):
        raise VendorStateError(
            f"no {platform} SDK has set the user id {user_id[:100]!r}; link_sdk_user does that",
            place="user",
        )
    return user


def _shown(
    context: Context, user: User, events: tuple[str, ...], *, platform: VisitorPlatform
) -> JsonObject:
    shown = shown_by(context.environment, user, events=events, platform=platform)
    return {"tracked": True, "shown": shown}
