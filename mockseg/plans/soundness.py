"""Is a schema one that a plan may hold? Said in one sentence with the place if not.

Beyond the meta-schema of draft-07: references stay inside the schema and lead
somewhere, none leads back to itself without going deeper into the value, and
patterns can be matched in linear time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.errors import PlanError
from mockseg.json_types import encode
from mockseg.plans.compiled import BadSchemaError, CompiledSchema, compile_schema
from mockseg.plans.schema_tree import (
    IN_PLACE,
    NO_PLACE,
    Path,
    children,
    lookup,
    read_pointer,
)
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject

__all__ = ["sound_schema"]

_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_DRAFTS: Final = frozenset(
    {
        f"{scheme}://json-schema.org/draft-07/schema{end}"
        for scheme in ("http", "https")
        for end in ("", "#")
    }
)
_DEEPEST: Final = 100
# References can multiply: thirty definitions that each ask the next one twice are 2**30.
_MOST_FOR_A_VALUE: Final = 10_000


def sound_schema(schema: Json, *, file: str, place: str) -> CompiledSchema:
    """Check a schema and compile it.

    Args:
        schema: what stands where a schema belongs.
        file: the plan's file or name, for the error.
        place: where in the file the schema stands, such as ``rules[3].jsonSchema``.

    Raises:
        PlanError: it may not stand in a plan; the sentence says why.
    """
    if not isinstance(schema, dict):
        raise PlanError(
            f"a schema must be a JSON object, got {_shown(schema)}", file=file, place=place
        )
    draft = schema.get("$schema")
    if draft is not None and not (isinstance(draft, str) and draft in _DRAFTS):
        raise PlanError(
            f"{_shown(draft)} is not the draft of tracking plans; allowed is "
            "http://json-schema.org/draft-07/schema#",
            file=file,
            place=f"{place}.$schema",
        )
    _check_tree(schema, file=file, place=place)
    try:
        return compile_schema(schema)
    except BadSchemaError as error:
        raise PlanError(
            f"not a schema of JSON Schema draft-07: {error.reason}",
            file=file,
            place=_place(place, error.path),
        ) from None


def _check_tree(schema: JsonObject, *, file: str, place: str) -> None:
    """Check every schema inside this one, and those that references lead to."""
    waiting: list[tuple[Path, Path]] = [((), ())]
    done: set[Path] = set()
    while waiting:
        path, base = waiting.pop()
        if path in done:
            continue
        done.add(path)
        node = lookup(schema, path)
        here = _place(place, path)
        if len(path) - len(base) > 2 * _DEEPEST:
            raise PlanError(f"schemas are nested more than {_DEEPEST} deep", file=file, place=place)
        if not isinstance(node, dict):
            continue
        _check_node(node, path, file=file, place=here)
        if "$ref" in node:
            target = _target(schema, node["$ref"], file=file, place=f"{here}.$ref")
            waiting.append((target, target))
        waiting.extend(((*path, *step), base) for step, _ in children(node))
    _check_loops(schema, done, file=file, place=place)


def _check_node(node: JsonObject, path: Path, *, file: str, place: str) -> None:
    if path and "$id" in node:
        raise PlanError(
            "$id inside a schema would move its references; use definitions and #/definitions/...",
            file=file,
            place=f"{place}.$id",
        )
    types = node.get("type", [])
    for name in types if isinstance(types, list) else [types]:
        if name not in _TYPES:
            raise PlanError(
                unknown("type of JSON Schema", name, _TYPES), file=file, place=f"{place}.type"
            )
    for key in ("pattern", "patternProperties"):
        given = node.get(key)
        for pattern in given if isinstance(given, dict) else [given]:
            if isinstance(pattern, str):
                _check_pattern(pattern, file=file, place=f"{place}.{key}")


def _check_pattern(pattern: str, *, file: str, place: str) -> None:
    try:
        compile_schema({"pattern": pattern})
    except BadSchemaError:
        raise PlanError(
            f"the pattern {_shown(pattern)} cannot be used; allowed are regular expressions "
            "without look-around, back references and inline flags",
            file=file,
            place=place,
        ) from None


def _target(schema: JsonObject, reference: Json, *, file: str, place: str) -> Path:
    if not isinstance(reference, str):
        raise PlanError(
            f"a reference must be a string, got {_shown(reference)}", file=file, place=place
        )
    if not reference.startswith("#"):
        raise PlanError(
            f"{_shown(reference)} leads out of the file; allowed are references inside "
            "this schema, such as #/definitions/id",
            file=file,
            place=place,
        )
    target = read_pointer(schema, reference)
    if target is None or lookup(schema, target) is NO_PLACE:
        known = ", ".join(f"#/definitions/{name}" for name in _definitions(schema))
        raise PlanError(
            f"{_shown(reference)} leads nowhere; this schema defines {known or 'nothing'}",
            file=file,
            place=place,
        )
    return target


def _definitions(schema: JsonObject) -> list[str]:
    definitions = schema.get("definitions")
    return list(definitions)[:20] if isinstance(definitions, dict) else []


def _check_loops(schema: JsonObject, paths: set[Path], *, file: str, place: str) -> None:
    """Refuse a schema that would judge one value by itself for ever, or nearly."""
    # Path -> how many schemas judge a value there.
    settled: dict[Path, int] = {}
    for start in sorted(paths, key=lambda path: tuple(map(str, path))):
        trail: set[Path] = set()
        stack: list[tuple[Path, bool]] = [(start, False)]
        while stack:
            path, leaving = stack.pop()
            steps = _same_value(schema, path)
            if leaving:
                trail.discard(path)
                settled[path] = 1 + sum(settled[step] for step in steps)
                if settled[path] > _MOST_FOR_A_VALUE:
                    raise PlanError(
                        f"more than {_MOST_FOR_A_VALUE} schemas would judge one value, "
                        "references followed",
                        file=file,
                        place=_place(place, path),
                    )
                continue
            if path in trail:
                raise PlanError(
                    "the schema refers to itself without going deeper into the value",
                    file=file,
                    place=_place(place, path),
                )
            if path in settled:
                continue
            trail.add(path)
            stack.append((path, True))
            stack.extend((step, False) for step in steps)


def _same_value(schema: JsonObject, path: Path) -> list[Path]:
    """Give the schemas that judge the same value as the one at this path."""
    node = lookup(schema, path)
    if not isinstance(node, dict):
        return []
    if isinstance(node.get("$ref"), str):
        target = read_pointer(schema, node["$ref"])
        return [] if target is None else [target]
    return [(*path, *step) for step, _ in children(node) if step[0] in IN_PLACE]


def _place(place: str, path: Path) -> str:
    return place + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path)


def _shown(value: Json) -> str:
    text = encode(value).decode()
    return text if len(text) <= 80 else text[:77] + "..."
