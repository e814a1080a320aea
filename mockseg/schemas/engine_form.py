"""A plan's schema as the compiled validator reads it: with patterns in that one's syntax.

What judges no value is left out, because that validator asserts a ``contentEncoding`` and refuses
an ``examples`` that is not a list.

Nothing else sees this form. Places in it are those in the plan's schema, but for the keys of
``patternProperties``.
"""

from __future__ import annotations

from typing import Final

from mockseg.json_types import Json, JsonObject
from mockseg.schemas.patterns import to_engine
from mockseg.schemas.re2 import Re2Error
from mockseg.schemas.tree import (
    Path,
    children,
    json_pointer,
    lookup,
    read_pointer,
)

_PATTERNS: Final = "patternProperties"
_ANNOTATIONS: Final = frozenset(
    {
        "$comment",
        "contentEncoding",
        "contentMediaType",
        "default",
        "examples",
        "readOnly",
        "writeOnly",
    }
)


class BadPatternError(ValueError):
    """A pattern is not RE2.

    Attributes:
        path: of the keyword that holds it.
    """

    def __init__(self, reason: str, path: Path) -> None:
        self.path = path
        super().__init__(reason)


def engine_form(schema: JsonObject) -> JsonObject:
    """Return a schema with its patterns translated; the schema itself is not changed.

    Raises:
        BadPatternError: a pattern is not RE2.
    """
    translated: JsonObject = _translated(schema, ())
    _redirect(translated, schema, translated)
    return translated


def moved(path: Path, source: JsonObject, target: JsonObject) -> Path:
    """Return where a place in one form of a schema is in its other form.

    Args:
        path: in the source.
        source: the plan's schema or its engine form.
        target: the other one.
    """
    found: Path = ()
    for index, token in enumerate(path):
        there = lookup(target, found)
        known = token
        if isinstance(there, dict) and token not in there:
            # The members of both are in the same order.
            position = list(lookup(source, path[:index])).index(token)
            known = list(there)[position]
        found = (*found, known)
    return found


def _translated(schema: Json, path: Path) -> Json:
    if not isinstance(schema, dict):
        return schema
    copy = {
        key: value.copy() if isinstance(value, dict | list) else value
        for key, value in schema.items()
        if key not in _ANNOTATIONS
    }
    if isinstance(schema.get("pattern"), str):
        copy["pattern"] = _pattern(schema["pattern"], (*path, "pattern"))
    patterns = schema.get(_PATTERNS)
    if isinstance(patterns, dict):
        named: JsonObject = {}
        copy[_PATTERNS] = named
        for name, inner in patterns.items():
            key = _free(_pattern(name, (*path, _PATTERNS)), named)
            named[key] = _translated(inner, (*path, _PATTERNS, name))
    for step, inner in children(schema):
        if step[0] != _PATTERNS:
            holder: Json = copy if len(step) == 1 else copy[step[0]]
            holder[step[-1]] = _translated(inner, (*path, *step))
    return copy


def _pattern(pattern: str, path: Path) -> str:
    try:
        return to_engine(pattern)
    except Re2Error as error:
        raise BadPatternError(error.reason, path) from None


def _free(pattern: str, taken: JsonObject) -> str:
    """Return a pattern that is not a key yet: two patterns of a plan may be one here."""
    while pattern in taken:
        pattern = f"(?:{pattern})"
    return pattern


def _redirect(node: Json, original: JsonObject, translated: JsonObject) -> None:
    """Let references to a schema below ``patternProperties`` lead to where it is now."""
    if not isinstance(node, dict):
        return
    reference = node.get("$ref")
    path = read_pointer(original, reference) if isinstance(reference, str) else None
    if path is not None and _PATTERNS in path:
        # Its import is paid for by the few plans that have such a reference.
        from urllib.parse import quote

        pointer = json_pointer(moved(path, original, translated))
        node["$ref"] = f"#{quote(pointer, safe='/~')}"
    for _, inner in children(node):
        _redirect(inner, original, translated)
