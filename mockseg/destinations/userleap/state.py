"""What UserLeap keeps: users, events, surveys, answers, each environment's for itself.

Names are those of its REST API. Moments are milliseconds since 1970, as that API has them.
"""

from __future__ import annotations

import random
import uuid
import zlib
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from mockseg.destinations.records import StateRecord
from mockseg.destinations.userdata import Scalar
from mockseg.destinations.vendor import Setup
from mockseg.errors import VendorStateError
from mockseg.json_types import Json
from mockseg.schemas.search import compile_search

OWN = "production"
"""The environment that the destination's own key selects."""

_LONGEST_PATTERN = 250

PAGEVIEW = "pageview"
"""What a page call arrives as (UL-07): an event that needs no definition."""

VisitorPlatform: TypeAlias = Literal["web", "ios", "android"]
Platform: TypeAlias = Literal["web", "mobile", "email", "link"]
Status: TypeAlias = Literal["NEW", "DRAFT", "IN_PROGRESS", "PAUSED", "COMPLETED", "ARCHIVED"]
Operator: TypeAlias = Literal["is set", "=", "!=", "≠", ">", ">=", "<", "<="]
Value: TypeAlias = Scalar | None
QuestionType: TypeAlias = Literal[
    "OPEN",
    "NPS",
    "LIKERT",
    "MULTIPLECHOICE",
    "MULTIPLESELECT",
    "CONSENTLEGAL",
    "MATRIX",
    "RANKORDER",
    "VIDEOVOICE",
    "TEXTURLPROMPT",
    "MAXDIFF",
]
"""Source: the reference of Sprig's export API, which also says the form of each answer."""
Triggers: TypeAlias = Annotated[list[str], Meta(max_length=5)]


class Filter(StateRecord, kw_only=True):
    """One condition on an event or on an attribute.

    Attributes:
        event: a name; either this or `attribute`.
        attribute: a name.
        of: what of the event is compared: how often it occurred, or when first or last.
        operator: events know no inequality.
        value: for ``is set`` a boolean, true if left out; for occurrences a whole number; for
            moments ISO 8601 text or milliseconds since 1970; for attributes text, a number or
            a boolean.
    """

    event: str | None = None
    attribute: str | None = None
    of: Literal["occurrences", "first occurred", "last occurred"] = "occurrences"
    operator: Operator = "is set"
    value: Value = None


class Event(StateRecord, kw_only=True):
    """What is known of one event of one user.

    Attributes:
        event: its name.
        count: how often it occurred.
        created_at, updated_at: its first and its last occurrence.
    """

    event: str
    count: Annotated[int, Meta(ge=1)] = 1
    created_at: int = 0
    updated_at: int = 0


class Visitor(StateRecord, kw_only=True):
    """A browser or an app in which the SDK set the user id (UL-13).

    Attributes:
        visitor_id: the SDK's.
        platform: where the SDK runs.
    """

    visitor_id: str
    platform: VisitorPlatform = "web"


class User(StateRecord, kw_only=True):
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

    id: str = ""
    external_user_id: str | None
    email_address: str | None = None
    created_at: int = 0
    visible_at: int = 0
    attributes: dict[str, Scalar] = {}
    events: dict[str, Event] = {}
    visitors: list[Visitor] = []
    surveys_shown: list[str] = []


class EventDefinition(StateRecord, kw_only=True):
    """An event on the dashboard.

    Attributes:
        name: unique among all kinds.
        kind: ``code``, or ``page_url``, which occurs when a page's URL matches.
        pattern: of a Page URL event, else None.
        status: ``pending`` ones wait until a person chooses to track them (UL-12).
    """

    name: str
    kind: Literal["code", "page_url"] = "code"
    pattern: str | None = None
    status: Literal["accepted", "pending"] = "accepted"


class Question(StateRecord, kw_only=True):
    """A question of a survey, as the export shows it.

    Attributes:
        id: a number; its place from 1 where it is left out.
        question_text: as people read it.
        type: as the vendor writes it.
        options: to choose from, in any form.
        options_properties: texts around them, or None.
        routing_options: what comes next, in any form.
    """

    id: int = 0
    question_text: str = ""
    type: QuestionType = "OPEN"
    options: list[Json] = []
    options_properties: dict[str, Json] | None = None
    routing_options: list[Json] = []


class Survey(StateRecord, kw_only=True):
    """A microsurvey.

    Attributes:
        id: a number.
        name: what actions call it.
        platform: web and mobile ones are shown by the SDK, the others need none (UL-11).
        status: only those in progress are shown or sent.
        triggers: at most five unique events, which the SDK must report.
        filters: all of them must hold.
        groups: logic groups; where there are any, all filters of one of them must hold.
        questions: in order.
        total_response_limit: answers that it ends after, or None; shown only.
        created_at, updated_at: moments.
    """

    id: int = 0
    name: str
    platform: Platform = "web"
    status: Status = "IN_PROGRESS"
    triggers: Triggers = []
    filters: list[Filter] = []
    groups: list[list[Filter]] = []
    questions: list[Question] = []
    total_response_limit: Annotated[int, Meta(ge=1)] | None = None
    created_at: int = 0
    updated_at: int = 0


class Response(StateRecord, kw_only=True):
    """An answer to a question.

    Attributes:
        visitor_id, visitor_uuid: two names of the user, a number and `User.id`.
        response: in the form of its type: text, a number, or an object.
        selected_indexes: of MULTIPLECHOICE a number, of MULTIPLESELECT several; else None.
        url, meta, custom_metadata: what the SDK told with it; shown when asked for.
        visitor_snapshot: attributes and events of the user at that time; likewise.
        deleted_at: a moment, or None; a deleted one is shown when asked for.
    """

    visitor_id: int
    visitor_uuid: str
    external_user_id: str | None
    survey_id: int
    question_id: int
    question_type: str
    question_text: str
    response: Json
    selected_indexes: int | list[int] | None = None
    response_group_uid: str
    url: str | None = None
    meta: dict[str, Json] = {}
    custom_metadata: dict[str, Json] = {}
    visitor_snapshot: dict[str, Json] = {}
    created_at: int
    updated_at: int
    deleted_at: int | None = None


class Theme(StateRecord, kw_only=True):
    id: int
    survey_id: int
    name: str
    created_at: int


class Purge(StateRecord, kw_only=True):
    """Users who are to be deleted.

    Attributes:
        request_id: a UUID.
        due_at: when.
        users: their keys in `Environment.users`.
    """

    request_id: str
    due_at: int
    users: list[str]


class Environment(StateRecord, kw_only=True):
    """One environment: its data are its own (UL-01).

    Attributes:
        auto_accept: undefined events are tracked from their first arrival (UL-12).
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


class UserLeapSetup(Setup, frozen=True):
    """How it is set up.

    Attributes:
        environments: further environments by name, with the key of each; the destination's own
            key is that of ``production``.
        auto_accept: undefined events are tracked (UL-12).
        events: code events that are accepted from the start.
        page_url_events: patterns by event name (UL-08).
        alias_creates_users: alias is like identify in this, too (UL-04, UL-X2).
        anonymous_calls: calls without a user id are answered 400, or dropped with 200 (UL-18).
        visible_after: seconds until reads find a user whom Segment or v2 has just created (UL-14).
        attribute_limit: attributes a user may have; more are ignored (UL-19).
        rate_limit: REST requests a key may make in 5 minutes; 0 for any number.
        profile: ``userleap-classic`` maps calls as UserLeap's own page says, ``sprig-actions``
            as the newer Sprig Cloud (Actions) does: identify, track and screen, each of which
            creates the user (UL-X5).
        export: as Sprig's reference has the export API: a wrong parameter is 400 with
            ``{"error": ...}``, and surveys of which none match are an empty page; or as
            ``userleap``'s page of 2021 had it: 400 with an array of sentences, and 404.
    """

    environments: dict[str, str] = {}
    auto_accept: bool = True
    events: list[str] = []
    page_url_events: dict[str, str] = {}
    alias_creates_users: bool = True
    anonymous_calls: Literal["refuse", "drop"] = "refuse"
    visible_after: Annotated[float, Meta(ge=0, le=10**9)] = 0
    attribute_limit: Annotated[int, Meta(ge=0)] = 100
    rate_limit: Annotated[int, Meta(ge=0)] = 1000
    profile: Literal["userleap-classic", "sprig-actions"] = "userleap-classic"
    export: Literal["sprig", "userleap"] = "sprig"


def visitor_number(user: User) -> int:
    """Return the number by which the export names a user; the same for the same `User.id`."""
    return zlib.crc32(user.id.encode())


def mint_uuid(random: random.Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def empty_state(setup: UserLeapSetup) -> State:
    """Return the state of a destination to which nothing has come yet.

    Raises:
        VendorStateError: the setup contradicts itself.
    """
    state = State(auto_accept=setup.auto_accept)
    state.environments = {
        name: Environment(auto_accept=setup.auto_accept) for name in setup.environments
    }
    for environment in (state, *state.environments.values()):
        for index, name in enumerate(setup.events):
            add_definition(environment, EventDefinition(name=name), place=f"events[{index}]")
        for name, pattern in setup.page_url_events.items():
            definition = EventDefinition(name=name, kind="page_url", pattern=pattern)
            add_definition(environment, definition, place=f"pageUrlEvents.{name}")
    return state


def add_definition(environment: Environment, definition: EventDefinition, *, place: str) -> None:
    """Add an event; one that is pending becomes accepted.

    Raises:
        VendorStateError: as `check_definition`; nothing is changed.
    """
    check_definition(definition, environment.events, place=place)
    environment.events[definition.name] = definition


def check_definition(
    definition: EventDefinition, known: Mapping[str, EventDefinition], *, place: str
) -> None:
    """Check an event that is to be added to an environment.

    Raises:
        VendorStateError: its name is empty, taken or ``pageview``; a Page URL event without a
            pattern, or with one that is too long or invalid; a code event with one.
    """
    name, pattern = definition.name, definition.pattern
    if not name or name == PAGEVIEW:
        raise VendorStateError(
            f"invalid event name {name!r}: expected a text other than {PAGEVIEW!r}",
            place=place,
        )
    taken = known.get(name)
    if taken is not None and taken.status == "accepted":
        raise VendorStateError(f"duplicate event {name!r}: names are unique", place=place)
    if definition.kind == "code":
        if pattern is not None:
            raise VendorStateError("only Page URL events have a pattern", place=place)
        return
    if pattern is None or not 0 < len(pattern) <= _LONGEST_PATTERN:
        raise VendorStateError(
            f"a Page URL event has a pattern of 1 to {_LONGEST_PATTERN} characters,"
            f" not {0 if pattern is None else len(pattern)}",
            place=place,
        )
    if compile_search(pattern) is None:
        raise VendorStateError(
            f"the pattern {pattern[:100]!r} is not a regular expression", place=place
        )
