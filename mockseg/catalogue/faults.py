"""Every way to break a schema, found by walking it.

Each fault is one change to a good message, with the place where a validator must
complain and the code that it must complain with. Other complaints may come with it: a
string in place of an enumerated number is of the wrong type and not in the list.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mockseg.json_types import Json, JsonObject

__all__ = ["Fault", "faults"]

Path: TypeAlias = tuple[str | int, ...]

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
_OF_TYPE: Final[dict[str, Json]] = {
    "string": "text",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}
_UNPLANNED: Final = "unplannedProperty"
# Longer texts are no mistake that anybody makes, and no message holds them.
_LONGEST: Final = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake.

    Attributes:
        code: the code of the violation that it must give.
        path: where, from the root of the message.
        detail: what tells it from other faults of this code at this place; may be empty.
        when: the branch of a conditional that it is a fault in; empty outside of them.
        description: what is wrong with the message, in one sentence.
        message: the broken message.
    """

    code: str
    path: Path
    detail: str = ""
    when: str = ""
    description: str
    message: JsonObject


def faults(
    schema: JsonObject, message: JsonObject, *, values: Mapping[str, Json]
) -> Iterator[Fault]:
    """Give every way to break a message that a schema calls good.

    Args:
        schema: JSON Schema as the loader makes it: no references; conditionals stand in
            ``allOf`` and ask for one property.
        message: a good message; not changed.
        values: good values of properties, by name.
    """
    return _in_object(schema, message, (), values)


def _in_object(
    schema: JsonObject, message: JsonObject, path: Path, values: Mapping[str, Json]
) -> Iterator[Fault]:
    yield from _missing(schema, message, path)
    for name, sub in schema.get("properties", {}).items():
        place = (*path, name)
        if sub is False:
            yield Fault(
                code="not_allowed",
                path=place,
                description=f"{name} may not be there",
                message=_put(message, place, values.get(name, "text")),
            )
            continue
        if path or name not in _SEGMENTS_OWN:
            yield from _wrong_value(sub, message, place)
        yield from _inside(sub, message, place, values)
    extra = schema.get("additionalProperties")
    if extra is False:
        place = (*path, _UNPLANNED)
        yield Fault(
            code="additional_property",
            path=place,
            description=f"{_UNPLANNED} is not in the plan",
            message=_put(message, place, "text"),
        )
    elif extra:
        yield from _wrong_value(extra, message, (*path, "anything"))
    yield from _no_alternative(schema, message, path)
    for condition in schema.get("allOf", ()):
        if "then" in condition:
            yield from _in_branches(condition, message, path, values)


def _inside(
    schema: JsonObject, message: JsonObject, path: Path, values: Mapping[str, Json]
) -> Iterator[Fault]:
    if "properties" in schema or "additionalProperties" in schema:
        yield from _in_object(schema, message, path, values)
    if "items" in schema:
        place = (*path, 0)
        yield from _wrong_value(schema["items"], message, place)
        yield from _inside(schema["items"], message, place, values)


def _missing(schema: JsonObject, message: JsonObject, path: Path) -> Iterator[Fault]:
    holder = _at(message, path)
    for name, spellings in _required(schema):
        if isinstance(holder, dict) and name in holder and (path or name == "properties"):
            yield Fault(
                code="required",
                path=(*path, name),
                description=f"{name} is missing",
                message=_without(message, path, spellings),
            )


def _required(schema: JsonObject) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each required property, with all the spellings that would do."""
    for name in schema.get("required", ()):
        yield name, (name,)
    for condition in schema.get("allOf", ()):
        if "else" in condition:
            (name,) = condition["else"]["required"]
            asked = condition["if"]
            others = [each["required"][0] for each in asked.get("anyOf", (asked,))]
            yield name, (name, *others)


def _wrong_value(schema: JsonObject, message: JsonObject, path: Path) -> Iterator[Fault]:
    name = path[-1]
    types = schema.get("type", list(_OF_TYPE))
    allowed = {types} if isinstance(types, str) else set(types)
    if "number" in allowed:
        allowed.add("integer")
    for kind, value in _OF_TYPE.items():
        if kind in allowed:
            continue
        # The likeliest mistake of all: an SDK or a form that makes numbers strings.
        wrong = "9" if kind == "string" and allowed & {"integer", "number"} else value
        yield Fault(
            code="invalid_type",
            path=path,
            detail=kind,
            description=f"{name} is of type {kind}, not {' or '.join(sorted(allowed))}",
            message=_put(message, path, wrong),
        )
    for code, detail, value in _outside(schema):
        yield Fault(
            code=code,
            path=path,
            detail=detail,
            description=f"{name} is {_shown(value)}, which {_REASON[code]}",
            message=_put(message, path, value),
        )


_REASON: Final = {
    "enum": "is none of the values that are allowed",
    "const": "is not the one value that is allowed",
    "pattern": "does not match the pattern",
    "minimum": "is too small",
    "maximum": "is too large",
    "max_length": "is too long",
}


def _outside(schema: JsonObject) -> Iterator[tuple[str, str, Json]]:
    """Give values of the right type that are wrong all the same: code, detail, value."""
    if schema.get("enum"):
        members = schema["enum"]
        numbers = [each for each in members if isinstance(each, int)]
        if numbers:
            yield "enum", "unknown", max(numbers) + 1
        else:
            yield "enum", "unknown", "Nothing Like It"
            yield "enum", "other-case", str(members[0]).swapcase()
    if "const" in schema:
        yield "const", "", "Nothing Like It"
    if "pattern" in schema:
        yield "pattern", "", "12 and more"
    if "minimum" in schema:
        yield "minimum", "", schema["minimum"] - 1
    if "maximum" in schema:
        yield "maximum", "", schema["maximum"] + 1
    if "maxLength" in schema and schema["maxLength"] < _LONGEST:
        yield "max_length", "", "x" * (int(schema["maxLength"]) + 1)


def _no_alternative(schema: JsonObject, message: JsonObject, path: Path) -> Iterator[Fault]:
    choices = [name for each in schema.get("anyOf", ()) for name in each["required"]]
    if choices:
        yield Fault(
            code="any_of",
            path=path,
            description=f"none of {', '.join(choices)} is there",
            message=_without(message, path, tuple(choices)),
        )


def _in_branches(
    condition: JsonObject, message: JsonObject, path: Path, values: Mapping[str, Json]
) -> Iterator[Fault]:
    """Give the faults of each branch: with every value that leads into it."""
    (asked,) = condition["if"]["required"]
    answer = condition["if"]["properties"][asked]
    then = condition["then"]
    for value in answer.get("enum", [answer.get("const")]):
        in_branch = _put(message, (*path, asked), value)
        forbidden = [name for name, sub in then.get("properties", {}).items() if sub is False]
        in_branch = _without(in_branch, path, tuple(forbidden))
        for name, _ in _required(then):
            in_branch = _put(in_branch, (*path, name), values.get(name, "text"))
        for fault in _in_object(then, in_branch, path, values):
            when = f"{asked} is {_shown(value)}"
            yield replace(fault, when=when, description=f"{fault.description} when {when}")


def _put(message: JsonObject, path: Path, value: Json) -> JsonObject:
    """Give a copy of a message with this value there; objects and lists on the way are made."""
    changed: Json = deepcopy(message)
    holder: Json = changed
    for step, following in pairwise(path):
        empty: Json = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not holder:
                holder.append(empty)
        elif not isinstance(holder.get(step), type(empty)):
            holder[step] = empty
        holder = holder[step]
    if isinstance(holder, list):
        holder[:1] = [deepcopy(value)]
    else:
        holder[path[-1]] = deepcopy(value)
    return changed  # type: ignore[no-any-return]  # a copy of an object is an object


def _without(message: JsonObject, path: Path, names: tuple[str, ...]) -> JsonObject:
    """Give a copy of a message without these properties of the object at the path."""
    changed = deepcopy(message)
    holder = _at(changed, path)
    if isinstance(holder, dict):
        for name in names:
            holder.pop(name, None)
    return changed


def _at(message: JsonObject, path: Path) -> Json:
    value: Json = message
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _shown(value: Json) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
