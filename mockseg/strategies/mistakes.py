"""One mistake in a good message of the user's own plan, with what the plan says of it."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from mockseg.plans.compiled import compile_schema
from mockseg.strategies.keywords import usable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.planset import PlanSet
    from mockseg.strategies.subjects import Subject

__all__ = ["mistaken"]

_GONE: Final = object()
_OF_TYPE: Final[dict[str, Json]] = {
    "string": "text",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}
# What Segment looks at before any plan does.
_SEGMENTS_OWN: Final = frozenset(
    {"type", "event", "userId", "anonymousId", "groupId", "previousId", "messageId", "properties",
     "traits", "context", "integrations", "name", "category"}
)  # fmt: skip
# Code, path, value (or _GONE), sentence.
_Change = tuple[str, tuple[str | int, ...], Any, str]


def mistaken(
    message: JsonObject, subject: Subject, plans: PlanSet, *, position: int
) -> tuple[JsonObject, str, str, str] | None:
    """Make a mistake that the plan finds.

    Args:
        message: a good message; not changed.
        subject: the rule that it is a message of.
        plans: the plan, to tell what it finds.
        position: which mistake; taken modulo how many there are.

    Returns:
        The broken message, the code and the field of the finding, and what is wrong;
        None if the plan allows everything.
    """
    changes = list(_changes(message, subject, plans))
    for offset in range(len(changes)):
        code, path, value, sentence = changes[(position + offset) % len(changes)]
        broken = _changed(message, path, value)
        event = broken.get("event")
        field = ".".join(map(str, path)) or "(root)"
        for finding in plans.check(
            broken, type=message["type"], event=event if isinstance(event, str) else None
        ):
            if (finding.code, finding.field) == (code, field):
                return broken, code, field, sentence
    return None


def _changes(message: JsonObject, subject: Subject, plans: PlanSet) -> Iterator[_Change]:
    place = f"{subject.name}.jsonSchema"
    for schema in (subject.schema, *subject.common):
        yield from _walk(usable(schema, file=subject.plan, place=place), message, ())
    if subject.type == "TRACK":
        key = subject.keys[0]
        for name in (key.upper(), key.lower(), f"{key} ", key[:-1], "Nothing Anybody Planned"):
            if name and not plans.knows(name):
                yield "unplanned_event", ("event",), name, f'the event is called "{name}"'


def _walk(schema: Json, value: Json, path: tuple[str | int, ...]) -> Iterator[_Change]:
    if not isinstance(schema, dict):
        return
    yield from _wrong(schema, value, path)
    if isinstance(value, dict):
        yield from _members(schema, value, path)
    if isinstance(value, list) and value and "items" in schema:
        yield from _walk(schema["items"], value[0], (*path, 0))
    for sub in schema.get("allOf", ()):
        yield from _walk(sub, value, path)
    for sub in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if _holds(sub, value):
            yield from _walk(sub, value, path)
    if "if" in schema:
        branch = "then" if _holds(schema["if"], value) else "else"
        yield from _walk(schema.get(branch, True), value, path)


def _holds(schema: Json, value: Json) -> bool:
    if isinstance(schema, bool):
        return schema
    test: Callable[[Json], bool] = compile_schema(schema).is_valid
    return test(value)


def _members(
    schema: JsonObject, value: JsonObject, path: tuple[str | int, ...]
) -> Iterator[_Change]:
    for name in schema.get("required", ()):
        if name in value and (path or name not in _SEGMENTS_OWN - {"properties", "traits"}):
            yield "required", (*path, name), _GONE, f"{name} is missing"
    for name, sub in schema.get("properties", {}).items():
        place = (*path, name)
        if sub is False:
            yield "not_allowed", place, "text", f"{name} may not be there"
        elif name in value:
            yield from _walk(sub, value[name], place)
        elif isinstance(sub, dict) and (path or name not in _SEGMENTS_OWN):
            yield from _wrong(sub, None, place)
    if schema.get("additionalProperties") is False and path:
        place = (*path, "unplannedProperty")
        yield "additional_property", place, "text", "unplannedProperty is not in the plan"


def _wrong(schema: JsonObject, value: Json, path: tuple[str | int, ...]) -> Iterator[_Change]:
    if not path or (len(path) == 1 and path[0] in _SEGMENTS_OWN):
        return
    name = path[-1]
    if "type" in schema:
        types = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
        types |= {"integer"} if "number" in types else set()
        for kind, wrong in _OF_TYPE.items():
            if kind not in types:
                shown = f"{name} is of type {kind}, not {' or '.join(sorted(types))}"
                yield "invalid_type", path, wrong, shown
    for keyword, (code, make, sentence) in _OUTSIDE.items():
        if keyword in schema:
            wrong = make(schema[keyword], value)
            if wrong is not _GONE:
                yield code, path, wrong, f"{name} {sentence}"


def _many(limit: int, value: Json) -> Json:
    return (value * (limit + 1))[: limit + 1] if isinstance(value, list) and value else _GONE


def _twice(unique: bool, value: Json) -> Json:  # noqa: FBT001  (the keyword's value)
    return [value[0]] * 2 if unique and isinstance(value, list) and value else _GONE


# Keyword -> the code of its violation, a value that violates it (_GONE: there is none), why.
_OUTSIDE: Final[dict[str, tuple[str, Callable[[Any, Json], Any], str]]] = {
    "enum": ("enum", lambda _, __: "Nothing Like It", "is none of the values that are allowed"),
    "const": ("const", lambda _, __: "Nothing Like It", "is not the one value that is allowed"),
    "minimum": ("minimum", lambda limit, _: limit - 1, "is too small"),
    "maximum": ("maximum", lambda limit, _: limit + 1, "is too large"),
    "exclusiveMinimum": ("exclusive_minimum", lambda limit, _: limit, "is too small"),
    "exclusiveMaximum": ("exclusive_maximum", lambda limit, _: limit, "is too large"),
    "minLength": (
        "min_length", lambda limit, _: "x" * (limit - 1) if limit else _GONE, "is too short"
    ),
    "maxLength": (
        "max_length", lambda limit, _: "x" * (limit + 1) if limit < 1 << 20 else _GONE,
        "is too long",
    ),
    "pattern": ("pattern", lambda _, __: "\u00bf?", "does not match its pattern"),
    "format": ("format", lambda _, __: "no such thing \u00bf", "has not its format"),
    "minItems": ("min_items", lambda limit, _: [] if limit else _GONE, "has too few items"),
    "maxItems": ("max_items", _many, "has too many items"),
    "uniqueItems": ("unique_items", _twice, "has equal items"),
}  # fmt: skip


def _changed(message: JsonObject, path: tuple[str | int, ...], value: Any) -> JsonObject:
    changed: Json = deepcopy(message)
    holder: Json = changed
    for step in path[:-1]:
        if isinstance(holder, dict) and step not in holder:
            holder[step] = {}
        holder = holder[step]
    if value is _GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = deepcopy(value)
    made: JsonObject = changed
    return made
