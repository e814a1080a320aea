"""What surrounds the properties of a message, as one more schema.

The Spec's fields, the rule's key and how its source sends are put into a schema beside
the plan's own; whatever satisfies all of them is a message that Segment takes and the
plan allows. So a plan may speak of any field of the message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

from mockseg.catalogue.loader import load
from mockseg.catalogue.lookup import FoundRule
from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.message import MESSAGE_TYPES, holder_of
from mockseg.domain.spec import CONSENT_EVENT
from mockseg.json_types import Json, JsonObject
from mockseg.plans.model import Rule
from mockseg.schemas.formats import MOMENT
from mockseg.schemas.soundness import usable
from mockseg.schemas.tree import IN_PLACE, children
from mockseg.schemas.values import Builder

V = TypeVar("V")

_ID: Final[JsonObject] = {"type": "string", "minLength": 1}
_OPEN: Final[JsonObject] = {"type": "object"}
_TIME: Final[JsonObject] = {"type": "string", "format": MOMENT}
_MESSAGE_ID: Final[JsonObject] = {**_ID, "maxLength": MAX_MESSAGE_ID_CHARACTERS}
# Fields that a plan may speak of and that are not every message's.
_FORMS: Final[dict[str, Json]] = {
    "messageId": _MESSAGE_ID,
    "originalTimestamp": _TIME,
    "receivedAt": _TIME,
    "sentAt": _TIME,
    "timestamp": _TIME,
    "groupId": _ID,
    "previousId": _ID,
    **dict.fromkeys(("context", "integrations", "properties", "traits"), _OPEN),
}
# Those that are there only where the envelope or the plan asks for them.
_ELSEWHERE: Final = frozenset(
    {"event", "groupId", "messageId", "name", "category", "previousId", "properties", "timestamp",
     "traits", "context", "integrations", "anonymousId"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """How much there is around the body.

    Attributes:
        context: whether a context may be there beyond what the source always sends.
        timestamp: whether a timestamp may be there.
        message_id: whether a messageId may be there.
        plain: every user is identified and nothing optional is there.
    """

    context: bool = True
    timestamp: bool = True
    message_id: bool = False
    plain: bool = False


def types_of(match: FoundRule) -> tuple[str, ...]:
    if match.rule.type != "COMMON":
        return (match.rule.type.lower(),)
    # What is said of every call may be named after the one type that it is about.
    named = tuple(kind for kind in MESSAGE_TYPES if kind in match.rule.keys)
    if named:
        return named
    # Where a plan names its events, a track call with another name is unplanned.
    named_events = any(rule.type == "TRACK" for rule in match.plan.rules)
    return tuple(kind for kind in MESSAGE_TYPES if kind != "track" or not named_events)


def envelope(match: FoundRule | None, kind: str, wrapping: Wrapping) -> JsonObject:
    """Return the schema of a message around its body.

    Args:
        match: the rule, or None for any message of the type.
        kind: the type of call.
        wrapping: how much there may be.
    """
    fields: dict[str, Json] = {"type": {"const": kind}}
    required = ["type"]
    _name(fields, required, match, kind)
    schema = _identity(fields, required, kind, wrapping)
    if wrapping.timestamp:
        fields["timestamp"] = _TIME
    versioned = match is not None and match.version > 0
    if wrapping.context or versioned:
        fields["context"] = _context(match, spoken=wrapping.context)
    if versioned:
        required.append("context")
    if not wrapping.plain:
        fields["integrations"] = _INTEGRATIONS
    fields[holder_of(kind)] = _OPEN
    _planned(fields, required, match, wrapping)
    return {**schema, "required": required, "properties": fields, "additionalProperties": False}


def _identity(
    fields: dict[str, Json], required: list[str], kind: str, wrapping: Wrapping
) -> JsonObject:
    """Add the fields of the user; return the rest of the schema."""
    if wrapping.message_id:
        fields["messageId"] = _MESSAGE_ID
    fields["userId"] = _ID
    fields["anonymousId"] = _ID
    if kind == "group":
        fields["groupId"] = _ID
        required.append("groupId")
    if kind == "alias":
        fields["previousId"] = _ID
    if kind == "alias" or wrapping.plain:
        required.append("userId")
        return {"type": "object"}
    return {
        "type": "object",
        "anyOf": [{"required": ["userId"]}, {"required": ["anonymousId"]}],
    }


def _planned(
    fields: dict[str, Json], required: list[str], match: FoundRule | None, wrapping: Wrapping
) -> None:
    """Put in the fields that the plan speaks of; where nothing else is wanted, only those."""
    planned = () if match is None else spoken_fields(match)
    if wrapping.plain:
        for name in ("anonymousId", "previousId", "name", "category"):
            if name not in required and name not in planned:
                fields.pop(name, None)
    schemas = () if match is None else match.schemas
    needed = {name for each in schemas for name in each.get("required", ())}
    for name in planned:
        if name not in fields and (name in needed or name not in _ELSEWHERE):
            fields[name] = _FORMS.get(name, True)


def built(
    builder: Builder[V],
    match: FoundRule,
    kind: str,
    wrapping: Wrapping,
    *,
    also: Iterable[Json] = (),
) -> V:
    """Return the messages of a rule, as the builder's chooser draws them.

    Args:
        builder: makes the values.
        match: the rule.
        kind: the type of call.
        wrapping: how much there may be around the body.
        also: further schemas that must hold.

    Raises:
        PlanError: values of its schema cannot be generated, or nothing satisfies it.
    """
    place = f"{match.rule.name}.jsonSchema"
    schemas = [usable(schema, file=match.plan.slug, place=place) for schema in match.schemas]
    return builder.build((envelope(match, kind, wrapping), *schemas, *also), place=place)


def spoken_fields(match: FoundRule) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting: list[Json] = [*match.plan.common, match.rule.schema]
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, dict):
            found |= dict.fromkeys((*schema.get("properties", {}), *schema.get("required", ())))
            waiting += [sub for step, sub in children(schema) if step[0] in IN_PLACE]
    return tuple(found)


_INTEGRATIONS: Final[JsonObject] = {
    "type": "object",
    "properties": {"All": {"type": "boolean"}, "Mixpanel": {"type": "boolean"}},
    "additionalProperties": False,
}


def _documented(rule: Rule) -> tuple[str, ...]:
    """Return the names that documents have; one cut off in its suffix was only seen."""
    return tuple(key for key in rule.keys if key == rule.key or key.count("(") == key.count(")"))


def _name(fields: dict[str, Json], required: list[str], match: FoundRule | None, kind: str) -> None:
    keys = _documented(match.rule) if match is not None and match.rule.type != "COMMON" else ()
    if kind == "track":
        # The one event that Segment looks into has rules of its own.
        other = {**_ID, "not": {"enum": [CONSENT_EVENT]}}
        fields["event"] = {"enum": list(keys)} if keys else other
        required.append("event")
    if kind in {"page", "screen"}:
        fields["category"] = _ID
        fields["name"] = {"enum": list(keys)} if keys else _ID
        if keys:
            required.append("name")


def _context(match: FoundRule | None, *, spoken: bool) -> JsonObject:
    fields: dict[str, Json] = dict(context_schema()["properties"]) if spoken else {}
    always = dict(match.plan.wire.context) if match is not None else {}
    needed = {key: {"const": value} for key, value in always.items()}
    if match is not None and match.version:
        needed["protocols"] = {"const": {"event_version": match.version}}
    bare = {"type": "object", "properties": needed, "required": list(needed)}
    if not fields:
        return bare
    more = {name: sub for name, sub in fields.items() if name not in needed}
    # Few sources send more than they must; and forty optional fields take their time.
    return {
        "anyOf": [
            {**bare, "additionalProperties": False},
            {**bare, "properties": needed | more},
        ]
    }


@cache
def context_schema() -> JsonObject:
    """Return the schema of a context with the fields that the Spec names."""
    for rule in load("spec", strictness="strict").rules:
        if rule.type == "COMMON" and "context" in rule.schema.get("properties", {}):
            found: JsonObject = rule.schema["properties"]["context"]
            return found
    return {"type": "object", "properties": {}}
