"""From the rules of a file to strict and lenient schemas.

A file says what a document names. ``strict`` closes it: nothing else may be there.
``lenient`` opens it: more properties may be there, other spellings are known, and the
types are those of the plan's own table of exceptions, which holds the resolutions of
the contradictions between the documents (UG-X*, CA-X* in the tests).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mockseg.catalogue.spelling import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mockseg.json_types import Json, JsonObject

__all__ = ["Leniency", "closed", "opened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leniency:
    """What a lenient plan allows beyond its document.

    Attributes:
        spelling: how property names may be spelled.
        properties: the schema that a property has instead of its own, by name.
    """

    spelling: Spelling = field(default_factory=Spelling)
    properties: Mapping[str, JsonObject] = field(default_factory=dict)


def closed(schema: JsonObject) -> JsonObject:
    """Allow only the properties that the document names, at every depth of ``properties``.

    Traits and context stay open: no document of a source lists them all.
    """
    root = dict(schema.get("properties", {}))
    if "properties" in root:
        root["properties"] = _closed(root["properties"])
    return {**schema, "properties": root}


def _closed(schema: Json) -> Json:
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: _closed(sub) for name, sub in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = _closed(schema["items"])
    return result


def opened(schema: JsonObject, leniency: Leniency) -> JsonObject:
    """Give the lenient form of a schema.

    What may not be there (the schema ``false``) and "at least one of" are let go: that
    answers exclude each other, and that feedback is never empty, is only read off the
    documents' examples (UG-C1 to UG-C6).
    """
    result = {
        key: value
        for key, value in schema.items()
        if key not in {"properties", "required", "allOf", "anyOf"}
    }
    properties: JsonObject = {}
    for name, sub in schema.get("properties", {}).items():
        if sub is False:
            continue
        lenient = leniency.properties.get(name)
        if lenient is None:
            lenient = opened(sub, leniency)
        properties.update(dict.fromkeys(leniency.spelling.forms(name), lenient))
    if properties:
        result["properties"] = properties
    if "items" in schema:
        result["items"] = opened(schema["items"], leniency)
    single = [n for n in schema.get("required", ()) if len(leniency.spelling.forms(n)) == 1]
    if single:
        result["required"] = single
    conditions = [*_required(schema, leniency), *_conditions(schema, leniency)]
    if conditions:
        result["allOf"] = conditions
    return result


def _required(schema: JsonObject, leniency: Leniency) -> Iterator[JsonObject]:
    """Require a property in any of its spellings; a missing one is told by the plan's own name."""
    for name in schema.get("required", ()):
        own, *others = leniency.spelling.forms(name)
        if not others:
            continue
        there: list[JsonObject] = [{"required": [other]} for other in others]
        yield {
            "if": there[0] if len(there) == 1 else {"anyOf": there},
            "else": {"required": [own]},
        }


def _conditions(schema: JsonObject, leniency: Leniency) -> Iterator[JsonObject]:
    for condition in schema.get("allOf", ()):
        then = opened(condition["then"], leniency)
        if not then:
            continue
        (asked,) = condition["if"]["required"]
        answer = condition["if"]["properties"][asked]
        for form in leniency.spelling.forms(asked):
            yield {"if": {"required": [form], "properties": {form: answer}}, "then": then}
