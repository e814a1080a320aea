"""The drafts of JSON Schema that Segment's library reads, all of them in the words of draft-07.

gojsonschema knows the drafts 4, 6 and 7, and ``$schema`` selects one of them. Without it, or with
any other, a schema is read as a hybrid of the three: every keyword counts, and ``exclusiveMinimum``
may be a number, or true beside ``minimum`` (draft.go and schema.go of
github.com/xeipuuv/gojsonschema). Whatever else reads a schema here knows draft-07 alone.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from mockseg.json_types import Json, JsonObject
from mockseg.schemas.tree import Path, children

Draft: TypeAlias = Literal["draft-04", "draft-06", "draft-07", "hybrid"]

_DRAFTS: Final[tuple[Draft, ...]] = ("draft-04", "draft-06", "draft-07")
_BY_ADDRESS: Final[dict[str, Draft]] = {
    f"http://json-schema.org/{draft}/schema{end}": draft for draft in _DRAFTS for end in ("", "#")
}
_SINCE_7: Final = frozenset({"if", "then", "else"})
# Keywords that a draft does not have yet, and that are passed over there.
UNKNOWN_TO: Final[dict[Draft, frozenset[str]]] = {
    "draft-04": _SINCE_7 | {"const", "contains", "propertyNames"},
    "draft-06": _SINCE_7,
    "draft-07": frozenset(),
    "hybrid": frozenset(),
}
# Keywords that say nothing where their list is empty.
_LISTS: Final = ("enum", "type", "allOf", "anyOf", "oneOf", "items")
# Beside a reference nothing is read; what holds schemas stays, because references lead there.
_BESIDE_REFERENCE: Final = frozenset(
    {
        *("type", "enum", "const", "required", "uniqueItems", "format", "pattern"),
        *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    }
)
EXCLUSIVE: Final = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
# Far deeper than a plan may be.
_DEEPEST: Final = 300


def draft_of(schema: JsonObject) -> Draft:
    address = schema.get("$schema")
    return _BY_ADDRESS.get(address, "hybrid") if isinstance(address, str) else "hybrid"


def in_draft_07(schema: JsonObject) -> JsonObject:
    """Return what Segment reads in a schema, as draft-07 says it.

    A schema of which nothing has to be changed is returned itself, and no schema is changed. Places
    stay: keywords are left out, or get another value.
    """
    draft = draft_of(schema)
    read = _read(schema, draft, 0)
    if draft != "draft-07" and "$schema" in read:
        read = {key: value for key, value in read.items() if key != "$schema"}
    result: JsonObject = read
    return result


def _read(node: Json, draft: Draft, depth: int) -> Json:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return node
    own = _without(node, draft)
    changed: dict[Path, Json] = {}
    for step, inner in children(own):
        read = _read(inner, draft, depth + 1)
        if read is not inner:
            changed[step] = read
    if not changed:
        return own
    copy: Json = {
        key: value.copy() if isinstance(value, dict | list) else value for key, value in own.items()
    }
    for step, read in changed.items():
        holder: Json = copy if len(step) == 1 else copy[step[0]]
        holder[step[-1]] = read
    return copy


def _without(node: JsonObject, draft: Draft) -> JsonObject:
    """Return a schema without what its draft passes over; itself if there is nothing of it."""
    unread = {keyword for keyword in UNKNOWN_TO[draft] if keyword in node}
    unread |= {keyword for keyword in _LISTS if node.get(keyword) == []}
    if "$ref" in node:
        unread |= _BESIDE_REFERENCE & node.keys()
    limits: JsonObject = {}
    for exclusive, limit in EXCLUSIVE.items():
        if isinstance(node.get(exclusive), bool):
            unread.add(exclusive)
            if node[exclusive] and limit in node:
                limits[exclusive] = node[limit]
                unread.add(limit)
    if not unread:
        return node
    # In the order of the plan, in which its violations are told.
    return {
        key: limits.get(key, value)
        for key, value in node.items()
        if key not in unread or key in limits
    }
