"""Operations on tracking plans: choose, cover, validate without recording."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from mockseg.domain.call import Verdict
from mockseg.domain.findings import Finding
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.json_types import Json, JsonObject
from mockseg.operations.base import Params, Result, WriteKey
from mockseg.plans.rule_words import PropertyRow

Strictness = Literal["lenient", "strict"]


class PlanChoice(Params, frozen=True, kw_only=True):
    """Which plans judge the calls of a source; what is left out stays, or is the server's.

    Attributes:
        catalogue: names of plans that ship with mockseg.
        plan: a tracking plan in the JSON of Segment's Public API, or several.
        strictness: of the catalogue's plans: what either document allows, or exactly one's.
        protocols: what happens to calls that the plans do not allow, with Segment's names.
    """

    catalogue: list[str] | UnsetType = UNSET
    plan: JsonObject | list[JsonObject] | UnsetType = UNSET
    strictness: Strictness | UnsetType = UNSET
    protocols: JsonObject | UnsetType = UNSET


class PutPlan(PlanChoice, frozen=True, kw_only=True):
    """The plans of a source from now on; earlier calls keep their verdicts.

    Attributes:
        write_key: of the source.
    """

    write_key: WriteKey


class PlanView(Result, frozen=True):
    """One plan of a source.

    Attributes:
        name: for people.
        slug: names it in findings.
        rules: how many it has.
        events: the track events that it knows.
    """

    name: str
    slug: str
    rules: int
    events: list[str]


class SourcePlans(Result, frozen=True):
    """The plans of a source.

    Attributes:
        plans: each; none judges nothing.
        strictness: of those that are the catalogue's.
        protocols: all settings, with Segment's names.
    """

    plans: list[PlanView]
    strictness: Strictness
    protocols: JsonObject


class MarkAsserted(Params, frozen=True, kw_only=True):
    """Calls that assertions of a client matched.

    Attributes:
        write_key: of the source.
        cursors: of the calls.
    """

    write_key: WriteKey
    cursors: Annotated[list[int], Meta(max_length=100_000)]


class Marked(Result, frozen=True):
    """How many of them are kept.

    Attributes:
        marked: calls.
    """

    marked: int


class EventSeen(Result, frozen=True):
    """What came of one event.

    Attributes:
        bad: number of its bad calls.
        first_at, last_at: when its first and last kept call came, ISO 8601.
    """

    bad: int
    first_at: str
    last_at: str


class CoverageView(Result, frozen=True):
    """What was seen of a source's plans among the calls that are kept.

    Attributes:
        percent: of rules and of their properties, values and branches.
        coverage: each rule: how often seen and asserted on, what was exercised and what not;
            and the events that no plan knows.
        events: what came of each track event, by its name; of the first 10,000.
        never_seen: planned, and no call came.
        never_asserted: seen, and no assertion matched.
        evicted: calls that are not counted, because they are no longer kept.
        lost: the same in detail, and whether the source was forgotten with its plans.
        plans: the plans themselves, with which `coverage` can be merged elsewhere.
    """

    percent: float
    coverage: JsonObject
    never_seen: list[str]
    never_asserted: list[str]
    evicted: int
    plans: list[JsonObject]
    lost: Lost = NOTHING_LOST
    events: dict[str, EventSeen] = {}


class GetRule(Params, frozen=True, kw_only=True):
    """Which event of a plan.

    Attributes:
        plan: its short name, as findings name it.
        event: the event's name, or ``identify``, ``page`` and the like.
        source: of whose plans; the catalogue's if omitted.
    """

    plan: str
    event: str
    source: WriteKey | None = None


class RuleDetails(Result, frozen=True, kw_only=True):
    """A rule of a plan, and what was seen of it.

    Attributes:
        label: the rule in one line.
        type: the kind of call; COMMON is every call.
        key: the event's name, or null.
        version: of the event.
        title, description: for people.
        aliases: other spellings of the key that mean this event too.
        properties: what it says of each.
        sample: a message that it allows, or null where the plan has no example.
        schema: the rule itself, JSON Schema over the whole message.
        seen: number of calls that it judged.
        asserted: number of those that an assertion matched.
        exercised: of its properties, values and branches, those that calls had.
        missing: those that no call had.
    """

    label: str
    type: str
    key: str | None
    version: int
    title: str
    description: str
    aliases: tuple[str, ...]
    properties: tuple[PropertyRow, ...]
    sample: JsonObject | None
    schema: JsonObject
    seen: int
    asserted: int
    exercised: list[str]
    missing: list[str]


class RuleList(Result, frozen=True):
    """The rules of an event: one for each version, and for each kind of call that has its name.

    Attributes:
        plan: its name, for people.
        slug: names it in findings.
        rules: at least one.
    """

    plan: str
    slug: str
    rules: list[RuleDetails]


class ValidateMessages(PlanChoice, frozen=True, kw_only=True):
    """Messages to judge without recording them.

    Attributes:
        messages: any JSON values.
        source: judge by this source's plans where no others are named.
    """

    messages: Annotated[list[Json], Meta(max_length=10_000)]
    source: WriteKey | None = None


class Validated(Result, frozen=True):
    """What would become of one message.

    Attributes:
        index: its place, from 0.
        verdict: accepted, dropped or blocked.
        good: accepted without findings.
        findings: why it is not good.
    """

    index: int
    verdict: Verdict
    good: bool
    findings: tuple[Finding, ...]


class ValidatedMessages(Result, frozen=True):
    """What would become of the messages.

    Attributes:
        good, bad: how many.
        results: one each, in their order.
    """

    good: int
    bad: int
    results: list[Validated]
