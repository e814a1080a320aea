"""What UserLeap keeps: users, events, surveys, answers, each environment's for itself.

Names are those of its REST API. Moments are milliseconds since 1970, as that API has them.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from mockseg.destinations.userleap.filters import Filter
from mockseg.destinations.values import Scalar

PAGEVIEW = "pageview"
"""What a page call arrives as (UL-07): an event that needs no definition."""

VisitorPlatform: TypeAlias = Literal["web", "ios", "android"]
Platform: TypeAlias = Literal["web", "mobile", "email", "link"]
Triggers: TypeAlias = Annotated[list[str], Meta(max_length=5)]


class _Kept(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class Event(_Kept, kw_only=True):
    """What is known of one event of one user.

    Attributes:
        event: its name.
        count: how often it occurred.
        created_at, updated_at: its first and its last occurrence.
    """

    event: str
    count: Annotated[int, Meta(ge=1)]
    created_at: int
    updated_at: int


class Visitor(_Kept, kw_only=True):
    """A browser or an app in which the SDK set the user id (UL-13).

    Attributes:
        visitor_id: the SDK's.
        platform: where the SDK runs.
    """

    visitor_id: str
    platform: VisitorPlatform = "web"


class User(_Kept, kw_only=True):
    """A user of one environment.

    Attributes:
        id: UserLeap's own, a UUID.
        external_user_id: the application's; None for one who is known by email only.
        email_address: or None.
        created_at: when it was created.
        visible_at: from when reads find it.
        attributes: by name.
        events: by name.
        visitors: what the SDK linked to it.
        surveys_shown: names, oldest first.
    """

    id: str
    external_user_id: str | None
    email_address: str | None = None
    created_at: int
    visible_at: int
    attributes: dict[str, Scalar] = {}
    events: dict[str, Event] = {}
    visitors: list[Visitor] = []
    surveys_shown: list[str] = []


class EventDefinition(_Kept, kw_only=True):
    """An event on the dashboard.

    Attributes:
        name: unique among all kinds.
        kind: ``code``, or ``page_url``, which occurs when a page's URL matches.
        pattern: of a Page URL event, else None.
        status: ``pending`` ones wait until somebody chooses to track them (UL-12).
    """

    name: str
    kind: Literal["code", "page_url"] = "code"
    pattern: str | None = None
    status: Literal["accepted", "pending"] = "accepted"


class Survey(_Kept, kw_only=True):
    """A microsurvey.

    Attributes:
        id: a number.
        name: what actions call it.
        platform: web and mobile ones are shown by the SDK, the others need none (UL-11).
        status: only those in progress are shown or sent.
        triggers: at most five unique events, which the SDK must report.
        filters: all of them must hold.
        groups: logic groups; where there are any, all filters of one of them must hold.
        created_at, updated_at: moments.
    """

    id: int
    name: str
    platform: Platform = "web"
    status: Literal["NEW", "DRAFT", "IN_PROGRESS", "PAUSED", "COMPLETED", "ARCHIVED"] = (
        "IN_PROGRESS"
    )
    triggers: Triggers = []
    filters: list[Filter] = []
    groups: list[list[Filter]] = []
    created_at: int
    updated_at: int


class Response(_Kept, kw_only=True):
    """An answer to one question of a survey, as the export API gives it."""

    visitor_id: str
    external_user_id: str | None
    survey_id: int
    question_id: int
    question_type: str
    question_text: str
    response: Scalar
    response_group_uid: str
    created_at: int
    updated_at: int


class Theme(_Kept, kw_only=True):
    """A theme found in the answers to a survey."""

    id: int
    survey_id: int
    name: str
    created_at: int


class Purge(_Kept, kw_only=True):
    """Users who are to be deleted.

    Attributes:
        request_id: a UUID.
        due_at: when.
        users: their keys in `Environment.users`.
    """

    request_id: str
    due_at: int
    users: list[str]


class Environment(_Kept, kw_only=True):
    """One environment: its data are its own (UL-01).

    Attributes:
        auto_accept: events that nobody defined are tracked from their first arrival (UL-12).
        users: by user id, those without one by their `User.id`.
        events: the definitions, by name.
        surveys: by name.
        responses, themes: oldest first.
        purges: to come.
        authorization_schemes: how often v2 was asked with each scheme (UL-X6).
    """

    auto_accept: bool = True
    users: dict[str, User] = {}
    events: dict[str, EventDefinition] = {}
    surveys: dict[str, Survey] = {}
    responses: list[Response] = []
    themes: list[Theme] = []
    purges: list[Purge] = []
    authorization_schemes: dict[str, int] = {}


class State(Environment, kw_only=True):
    """The whole: the destination's own environment, and the others by name."""

    environments: dict[str, Environment] = {}
