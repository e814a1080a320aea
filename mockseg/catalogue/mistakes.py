"""Every single mistake in the events of a plan, with the finding that each must give.

Pure data for strategies, traffic and tests: nothing is validated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, get_args

from mockseg.catalogue.lookup import FoundRule
from mockseg.catalogue.samples import message_for
from mockseg.catalogue.spelling import slug
from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.message import holder_of
from mockseg.domain.spec import CONSENT_EVENT
from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject
from mockseg.plans.model import Plan, Rule
from mockseg.schemas.mistakes import GONE, Mistake, mistake, mistakes
from mockseg.schemas.soundness import inlined

# What Segment looks at before any plan does; see `discards`.
_SEGMENTS_OWN: Final = frozenset(
    {
        "anonymousId",
        "category",
        "context",
        "event",
        "groupId",
        "integrations",
        "messageId",
        "name",
        "previousId",
        "properties",
        "traits",
        "type",
        "userId",
    }
)
_CONSENT: Final = "context.consent.categoryPreferences"
_UNPLANNED: Final = "Nothing Anybody Planned"


MistakeKind: TypeAlias = Literal[
    "missing",
    "wrong_type",
    "enum",
    "conditional",
    "format",
    "limit",
    "name",
    "extra",
    "ids",
    "size",
    "envelope",
]
MISTAKE_KINDS: Final[tuple[MistakeKind, ...]] = get_args(MistakeKind)
_KINDS: Final[dict[str, MistakeKind]] = {
    "required": "missing",
    "any_of": "missing",
    "min_properties": "missing",
    "invalid_type": "wrong_type",
    "enum": "enum",
    "const": "enum",
    "not_allowed": "conditional",
    "one_of": "conditional",
    "not": "conditional",
    "dependency": "conditional",
    "format": "format",
    "pattern": "format",
    "unplanned_event": "name",
    "additional_property": "extra",
}
_DISCARD_KINDS: Final[dict[str, MistakeKind]] = {
    "no_user_anon_id": "ids",
    "id_required": "ids",
    "id_not_string": "ids",
    "message_id_too_long": "ids",
    "event_not_defined": "name",
    "event_not_string": "name",
    "name_not_string": "name",
    "category_not_string": "name",
    "call_too_large": "size",
    "batch_too_many_calls": "size",
}


def kind_of(code: str, *, when: str = "", discard: bool = False) -> MistakeKind:
    """Return the kind of a mistake.

    Args:
        code: of the finding that the mistake must give.
        when: the branch of a conditional rule that is broken; empty otherwise.
        discard: whether Segment discards the message, so that no plan judges it.
    """
    if discard:
        return _DISCARD_KINDS.get(code, "envelope")
    return "conditional" if when else _KINDS.get(code, "limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What is wrong with a message, and what mockseg must say of it.

    Attributes:
        id: the name of this mistake.
        description: what is wrong, in one sentence.
        kind: ``violation`` of the plan, or ``discard`` by Segment's edge.
        code: the code of the finding that it must give; it may give others too.
        field: the field of that finding, as Segment writes it.
        plan: the name of the plan that the message is made from; empty for one of the Spec.
        rule: the rule's name; empty likewise.
        when: the branch of a conditional rule that is broken; empty otherwise.
    """

    id: str
    description: str
    kind: Literal["violation", "discard"]
    code: str
    field: str
    plan: str = ""
    rule: str = ""
    when: str = ""

    @property
    def mistake(self) -> MistakeKind:
        """Kind of the mistake, as ``kinds`` of the strategies names it."""
        return kind_of(self.code, when=self.when, discard=self.kind == "discard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage(Label):
    """A broken message with its label.

    Attributes:
        type: the rule's type in capitals.
        message: the whole message; not to be changed.
    """

    type: str
    message: JsonObject


def breakages(plan: Plan, rule: Rule | None = None) -> tuple[Breakage, ...]:
    """Return the first example of a rule, or of all rules of a plan, with every mistake.

    For a whole plan there are also the ways to break each type of call so that Segment
    discards it, made from the first rule of that type.

    Args:
        plan: the plan; what is a mistake depends on its strictness.
        rule: one of its rules, or None for all.
    """
    if rule is not None:
        return tuple(
            _broken(FoundRule(plan, rule), mistakes_of(FoundRule(plan, rule)), "violation")
        )
    rules = (breakage for each in plan.rules for breakage in breakages(plan, each))
    return (*rules, *edge_breakages(plan))


def edge_breakages(plan: Plan) -> tuple[Breakage, ...]:
    """Return the first rule of each type with every mistake for which Segment discards it."""
    first: dict[str, FoundRule] = {}
    for each in plan.rules:
        if each.type != "COMMON":
            first.setdefault(each.type, FoundRule(plan, each))
    return tuple(
        breakage
        for match in first.values()
        for breakage in _broken(match, discards(match.rule.type.lower()), "discard")
    )


@lru_cache(maxsize=1024)
def mistakes_of(match: FoundRule) -> tuple[Mistake, ...]:
    plan, rule = match.plan, match.rule
    values: dict[str, Json] = {}
    for example in rule.examples:
        values |= example.get("properties", {})
    # In a plan of the catalogue the COMMON rules have mistakes of their own.
    schemas = (rule.schema,) if plan.strictness else match.schemas
    found = [
        each
        for schema in schemas
        for each in mistakes(_whole(schema), values=values, given=_SEGMENTS_OWN)
    ]
    if rule.type == "TRACK":
        for detail, name in _near_misses(rule.name).items():
            if name and plan.rule(name, type="TRACK") is None:
                sentence = f'the event is called "{name}"'
                found.append(mistake("unplanned_event", "event", sentence, detail, event=name))
    return tuple(found)


def discards(kind: str) -> tuple[Mistake, ...]:
    """Return the mistakes for which Segment discards a call of a type, whatever the plan.

    The codes are those of :mod:`mockseg.domain.findings`. Each is the only mistake in an
    otherwise good message.

    Args:
        kind: the type of call, in lower case.
    """
    return tuple(
        mistake(
            code, field, f"{field or 'the user'}: {detail.replace('-', ' ')}", detail, **changes
        )
        for code, field, detail, changes in _rows(kind)
    )


def label_texts(match: FoundRule, made: Mistake) -> dict[str, str]:
    plan, rule = match.plan, match.rule
    parts = (plan.slug, slug(rule.name), rule.type.lower(), made.code, made.field, made.detail)
    return {
        "id": "/".join(part for part in (*parts, slug(made.when)) if part),
        "description": made.sentence,
        "code": made.code,
        "field": made.field,
        "plan": plan.slug,
        "rule": rule.name,
        "when": made.when,
    }


def _broken(
    match: FoundRule, ways: tuple[Mistake, ...], kind: Literal["violation", "discard"]
) -> Iterator[Breakage]:
    good = message_for(match.plan, match.rule)
    for made in ways:
        message = made.made_in(good)
        if message is not None:
            texts = label_texts(match, made)
            if kind == "discard" and not made.path:
                texts["field"] = ""
            yield Breakage(**texts, type=match.rule.type, message=message, kind=kind)


def _whole(schema: JsonObject) -> Json:
    try:
        return inlined(schema, file="", place="")
    except PlanError:
        return schema


def _near_misses(key: str) -> dict[str, str]:
    middle = len(key) // 2
    return {
        "capitals": key.upper(),
        "lower-case": key.lower(),
        "underscores": "_".join(key.split()),
        "blank-at-the-end": f"{key} ",
        "missing-letter": key[:middle] + key[middle + 1 :],
        "without-suffix": key.partition(" (")[0],
        "unplanned": _UNPLANNED,
    }


# The code, field and detail of a mistake, and the fields that are changed.
_Row: TypeAlias = tuple[str, str, str, dict[str, Any]]


def _rows(kind: str) -> list[_Row]:
    """Return a row for each mistake in the calls of a type, those of the user first."""
    group, alias = kind == "group", kind == "alias"
    ids = ("userId", "anonymousId", *(["groupId"] if group else ["previousId"] if alias else []))
    rows: list[_Row] = [
        ("no_user_anon_id", "", "nobody", {"userId": GONE, "anonymousId": GONE}),
        ("no_user_anon_id", "", "nulls", {"userId": None, "anonymousId": None}),
        ("missing_type", "type", "missing", {"type": GONE}),
        ("invalid_type", "type", "unknown", {"type": "event"}),
    ]
    if group:
        rows.append(("id_required", "groupId", "missing", {"groupId": GONE}))
    rows += [
        # One that is empty is a mistake where no other names the user.
        ("id_not_string", "userId", "empty", {"userId": "", "anonymousId": GONE}),
        ("id_not_string", "anonymousId", "empty", {"userId": GONE, "anonymousId": ""}),
        *(row for field in ids[2:] for row in _each("id_not_string", field, _EMPTY)),
        *(row for field in ids for row in _each("id_not_string", field, _NO_STRINGS)),
        ("id_not_string", "messageId", "number", {"messageId": 42}),
        ("message_id_too_long", "messageId", "too-long", {"messageId": _TOO_LONG}),
    ]
    if kind == "track":
        rows += _each("event_not_defined", "event", {"missing": GONE, "null": None} | _EMPTY)
        rows += _each("event_not_string", "event", _NO_STRINGS)
        rows += _CONSENT_ROWS
    if kind in {"page", "screen"}:
        rows += _each("name_not_string", "name", _EMPTY | {"number": 42})
        rows += _each("category_not_string", "category", {"number": 42})
    for field in (holder_of(kind), "context", "integrations"):
        rows += _each(f"{field}_not_object", field, {"string": "text", "array": [], "number": 42})
    return rows


def _each(code: str, field: str, values: dict[str, Any]) -> list[_Row]:
    return [(code, field, detail, {field: value}) for detail, value in values.items()]


_EMPTY: Final[dict[str, Any]] = {"empty": ""}
_NO_STRINGS: Final[dict[str, Any]] = {"number": 42, "object": {}, "boolean": True}
_TOO_LONG: Final = "x" * (MAX_MESSAGE_ID_CHARACTERS + 1)


def _consent(code: str, field: str, detail: str, context: JsonObject) -> _Row:
    return code, field, detail, {"event": CONSENT_EVENT, "properties": {}, "context": context}


_FIELDS: Final = "consent_categorypreferences_fields_should_be"
_GOOD: Final[JsonObject] = {"categoryPreferences": {"advertising": True}}
# Of the one event that Segment looks into when it comes.
_CONSENT_ROWS: Final = (
    _consent("consent_categorypreferences_should_exist", _CONSENT, "missing", {"consent": {}}),
    _consent(
        f"{_FIELDS}_object",
        _CONSENT,
        "array",
        {"consent": {"categoryPreferences": ["advertising"]}},
    ),
    _consent(
        f"{_FIELDS}_bool",
        f"{_CONSENT}.advertising",
        "string",
        {"consent": {"categoryPreferences": {"advertising": "true"}}},
    ),
    _consent(
        "consent_version_should_be_number",
        "context.consent.version",
        "string",
        {"consent": {**_GOOD, "version": "2"}},
    ),
    _consent(
        "device_advertisingid_should_be_string",
        "context.device.advertisingId",
        "number",
        {"consent": _GOOD, "device": {"advertisingId": 42}},
    ),
)
