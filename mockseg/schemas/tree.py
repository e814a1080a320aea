"""A JSON Schema as a tree: which keywords hold schemas, and paths through them.

Only draft-07, the draft of Segment's tracking plans (Protocols, "Edit underlying
JSON Schema"); :mod:`mockseg.schemas.drafts` says other drafts in its words. A property
that happens to be called ``items`` or ``$ref`` is told from the keyword of that name by
its position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from mockseg.json_types import Json, JsonObject

Path: TypeAlias = tuple[str | int, ...]

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
# What `lookup` gives for a path that leads nowhere; None is a JSON value.
NO_PLACE: Final = object()

# They hold schemas for references; `$defs` is the name that later drafts gave them.
DEFINITIONS: Final = ("definitions", "$defs")
# Keyword -> a mapping from names to schemas.
MAPS: Final = frozenset({"properties", "patternProperties", "dependencies", *DEFINITIONS})
# Keyword -> a list of schemas.
LISTS: Final = frozenset({"allOf", "anyOf", "oneOf"})
# Keyword -> one schema.
_SINGLE: Final = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "else",
        "if",
        "not",
        "propertyNames",
        "then",
    }
)
# These judge the same value as the schema that they stand in.
IN_PLACE: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies"}
)


def children(schema: Json) -> Iterator[tuple[Path, Json]]:
    """Return the schemas directly inside this one, each with its path from here.

    What is not a schema although it stands where one belongs is passed over;
    the meta-schema complains of it.
    """
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in MAPS and isinstance(value, dict):
            yield from (((keyword, name), sub) for name, sub in value.items() if _is_schema(sub))
        elif keyword in LISTS or (keyword == "items" and isinstance(value, list)):
            if isinstance(value, list):
                yield from (((keyword, i), sub) for i, sub in enumerate(value) if _is_schema(sub))
        elif (keyword in _SINGLE or keyword == "items") and _is_schema(value):
            yield (keyword,), value


def lookup(root: Json, path: Iterable[str | int]) -> Json:
    """Return the value at a path, or ``NO_PLACE``."""
    node = root
    for token in path:
        if isinstance(node, dict):
            if token not in node:
                return NO_PLACE
            node = node[token]
        elif isinstance(node, list):
            if not isinstance(token, int) or not 0 <= token < len(node):
                return NO_PLACE
            node = node[token]
        else:
            return NO_PLACE
    return node


def json_pointer(path: Iterable[str | int]) -> str:
    """Write a path as a JSON pointer (RFC 6901); the whole document is the empty string."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in path)


def pointer_path(root: Json, pointer: str) -> Path:
    """Read a JSON pointer (RFC 6901) as a path; what leads nowhere stays as it is written."""
    path: list[str | int] = []
    node = root
    for raw in pointer.split("/")[1:]:
        token: str | int = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and str(token).isdecimal():
            token = int(token)
        path.append(token)
        node = lookup(node, (token,))
    return tuple(path)


def read_pointer(root: Json, pointer: str) -> Path | None:
    """Read a reference such as ``#/definitions/id`` as a path, or None if it leads nowhere."""
    text = pointer.removeprefix("#")
    if "%" in text:
        # A reference is a URI fragment.
        from urllib.parse import unquote

        text = unquote(text)
    path = pointer_path(root, text)
    known = not text or text.startswith("/")
    return path if known and lookup(root, path) is not NO_PLACE else None


def dereference(root: Json, path: Path) -> Path:
    """Follow the references at a path to a schema of its own; draft-07 ignores their siblings."""
    seen: set[Path] = set()
    while path not in seen:
        seen.add(path)
        node = lookup(root, path)
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            return path
        target = read_pointer(root, node["$ref"])
        if target is None:
            return path
        path = target
    return path


def _is_schema(value: Json) -> bool:
    return isinstance(value, dict | bool)


def properties_of(
    root: Json, path: Path, *, seen: set[Path] | None = None
) -> Iterator[tuple[str, Path]]:
    """Yield the properties that the schema at a path names, in whichever branch, with their paths.

    References are followed; what must not be (``not``) names nothing.
    """
    path = dereference(root, path)
    seen = set() if seen is None else seen
    if path not in seen:
        seen.add(path)
        for step, _ in children(lookup(root, path)):
            if step[0] == "properties":
                yield str(step[1]), (*path, *step)
            elif step[0] in IN_PLACE and step[0] != "not":
                yield from properties_of(root, (*path, *step), seen=seen)


# Keywords whose answer for an object depends on the members that they name, on nothing else.
_NAMED_ALONE: Final = frozenset({"properties", "required", *(IN_PLACE - {"dependencies"})})
# Keywords that say nothing of an object's members, or nothing at all.
_NO_MEMBER: Final = frozenset(
    {
        *("$schema", "$id", "id", "$comment", "title", "description", "default", "examples"),
        *(*DEFINITIONS, "type", "format", "pattern", "minLength", "maxLength"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("items", "additionalItems", "contains", "minItems", "maxItems", "uniqueItems"),
    }
)


def members_judged(schema: Json) -> frozenset[str] | None:
    """Return the members of an object that decide whether it satisfies a schema.

    None: any member may. Two objects that agree in these members get the same answer.
    """
    if not isinstance(schema, dict):
        return frozenset()
    if not schema.keys() <= _NAMED_ALONE | _NO_MEMBER:
        return None
    names = set(schema.get("required", ()))
    for step, inner in children(schema):
        if step[0] == "properties":
            names |= {str(step[1])} if inner not in ({}, True) else set()
        elif step[0] in IN_PLACE:
            found = members_judged(inner)
            if found is None:
                return None
            names |= found
    return frozenset(names)


def types_of(schema: JsonObject, *, default: Iterable[str] = ()) -> list[str]:
    given = schema.get("type", list(default))
    return [given] if isinstance(given, str) else given
