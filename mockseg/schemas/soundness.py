"""Which schemas a plan may hold, and of which values can be generated: one sentence if not.

Beyond what Segment's library takes (see :mod:`mockseg.schemas.grammar`): references stay inside
the schema and lead somewhere, none leads back to itself without going deeper into the value, what a
value costs is bounded (see :mod:`mockseg.schemas.effort`), and patterns can be matched in linear
time. To generate values, each keyword must be known: an unknown one is more often a typing
error than an extension.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, TypeVar

from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject, as_object
from mockseg.schemas.compiled import BadSchemaError, CompiledSchema, compile_schema
from mockseg.schemas.drafts import draft_of, in_draft_07
from mockseg.schemas.effort import NODES_AT_ONCE, too_costly
from mockseg.schemas.grammar import mistake
from mockseg.schemas.patterns import to_engine
from mockseg.schemas.re2 import Re2Error
from mockseg.schemas.tree import (
    DEFINITIONS,
    DRAFT,
    Path,
    children,
    dereference,
    lookup,
    read_pointer,
)
from mockseg.suggestions import quoted, unknown

_Result = TypeVar("_Result")

COMBINATORS: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies"}
)
_SUPPORTED: Final = (
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "dependencies",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "propertyNames",
    "required",
    "then",
    "type",
    "uniqueItems",
)
# They say nothing about values; `id` and `labels` stand in plans that Segment exports.
_ANNOTATIONS: Final = frozenset(
    {
        "$comment",
        "$defs",
        "$id",
        "$ref",
        "$schema",
        "contentEncoding",
        "contentMediaType",
        "default",
        "definitions",
        "description",
        "examples",
        "id",
        "labels",
        "readOnly",
        "title",
        "writeOnly",
    }
)


MOST_WRITTEN: Final = 10_000
"""How many schemas one may have when its references are written out."""


def usable(schema: Json, *, file: str, place: str) -> JsonObject:
    """Check a schema and write its references out.

    Args:
        schema: JSON Schema of any draft that plans may be of, of the subset that plans use.
        file: the plan's name, for errors.
        place: where in it the schema stands, for errors.

    Raises:
        PlanError: invalid schema, it holds a keyword whose values cannot be generated, or it is
            too large with its references written out.
    """
    if schema is True:
        return {}
    if schema is False:
        raise PlanError("nothing satisfies the schema false", file=file, place=place)
    sound_schema(schema, file=file, place=place)
    whole = inlined(in_draft_07(schema), file=file, place=place)
    _check(whole, file=file, place=place)
    made: JsonObject = whole
    return made


def inlined(schema: JsonObject, *, file: str, place: str) -> Json:
    """Return a schema with its references written out.

    Raises:
        PlanError: it refers to itself, or it would be too large or too deep.
    """
    _written_out(schema, (), {}, 0, file=file, place=place)
    return _inlined(schema, (), frozenset(), file=file, place=place)


def _written_out(
    root: JsonObject, path: Path, known: dict[Path, int], depth: int, *, file: str, place: str
) -> int:
    """Return how many schemas one has when its references are written out, without doing it."""
    target = dereference(root, path)
    if target in known:
        # 0 while it is counted: what leads back to it is refused when it is written out.
        return known[target]
    if depth > _DEEPEST:
        raise PlanError(
            f"schemas are nested more than {_DEEPEST} deep, references followed",
            file=file,
            place=path_text(place, path),
        )
    known[target], count = 0, 1
    for step, _ in children(lookup(root, target)):
        if step[0] not in DEFINITIONS:
            inner = (*target, *step)
            count += _written_out(root, inner, known, depth + 1, file=file, place=place)
    if count > MOST_WRITTEN:
        raise PlanError(
            f"more than {MOST_WRITTEN:,} schemas when references are written out, as generating"
            " values needs it",
            file=file,
            place=path_text(place, path),
        )
    known[target] = count
    return count


def _inlined(
    root: JsonObject, path: Path, trail: frozenset[Path], *, file: str, place: str
) -> Json:
    target = dereference(root, path)
    if target in trail:
        raise PlanError(
            "the schema refers to itself, so that its values have no end; allowed are "
            "references that lead nowhere back",
            file=file,
            place=path_text(place, path),
        )
    node = lookup(root, target)
    if not isinstance(node, dict):
        return node
    trail |= {target}
    copy: Json = {
        key: value.copy() if isinstance(value, dict | list) else value
        for key, value in node.items()
        if key not in DEFINITIONS
    }
    for step, _ in children({k: v for k, v in node.items() if k not in DEFINITIONS}):
        holder: Json = copy if len(step) == 1 else copy[step[0]]
        holder[step[-1]] = _inlined(root, (*target, *step), trail, file=file, place=place)
    return copy


def _check(schema: Json, *, file: str, place: str) -> None:
    if not isinstance(schema, dict):
        return
    for keyword in schema:
        here = f"{place}.{keyword}"
        if keyword in _SUPPORTED or keyword in _ANNOTATIONS or keyword.startswith("x-"):
            continue
        raise PlanError(
            f"strategies do not support this: {unknown('keyword', keyword, _SUPPORTED)}",
            file=file,
            place=here,
        )
    for step, sub in children(schema):
        _check(sub, file=file, place=path_text(place, step))


def path_text(place: str, path: Path) -> str:
    return place + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path)


_DEEPEST: Final = 100


def sound_schema(schema: Json, *, file: str, place: str) -> CompiledSchema:
    """Check a schema and compile it, as :func:`checking`."""
    return ended(checking(schema, file=file, place=place))


def ended(steps: Generator[None, None, _Result]) -> _Result:
    """Do all steps of some work at once, and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _Result = end.value
            return result


def checking(schema: Json, *, file: str, place: str) -> Generator[None, None, CompiledSchema]:
    """Check a schema and compile it; yields between steps, because a large one takes long.

    Args:
        schema: what stands where a schema belongs.
        file: the plan's file or name, for the error.
        place: where in the file the schema stands, such as ``rules[3].jsonSchema``.

    Raises:
        PlanError: it may not stand in a plan; the sentence says why.
    """
    if not isinstance(schema, dict):
        raise PlanError(
            f"a schema must be a JSON object, got {quoted(schema)}", file=file, place=place
        )
    if not isinstance(schema.get("$schema", ""), str):
        raise PlanError(
            f"$schema must be a string, such as {DRAFT}, got {quoted(schema['$schema'])}",
            file=file,
            place=f"{place}.$schema",
        )
    read = in_draft_07(schema)
    yield from _check_tree(read, schema, file=file, place=place)
    yield
    try:
        return compile_schema(read)
    except BadSchemaError as error:
        raise PlanError(error.reason, file=file, place=path_text(place, error.path)) from None


def _check_tree(
    schema: JsonObject, written: JsonObject, *, file: str, place: str
) -> Generator[None, None, None]:
    """Check every schema in a plan's schema.

    Args:
        schema: as draft-07 says it.
        written: as the plan has it, with the same places.
        file: the plan's name, for errors.
        place: where in it the schema stands, for errors.
    """
    draft = draft_of(written)
    waiting: list[tuple[Path, Path]] = [((), ())]
    done: set[Path] = set()
    while waiting:
        path, base = waiting.pop()
        if path in done:
            continue
        done.add(path)
        if len(done) % NODES_AT_ONCE == 0:
            yield
        node = lookup(schema, path)
        here = path_text(place, path)
        if len(path) - len(base) > 2 * _DEEPEST:
            raise PlanError(f"schemas are nested more than {_DEEPEST} deep", file=file, place=place)
        if not isinstance(node, dict):
            continue
        found = mistake(as_object(lookup(written, path)), draft)
        if found is not None:
            raise PlanError(found[1], file=file, place=path_text(here, found[0]))
        _check_node(node, path, file=file, place=here)
        if "$ref" in node:
            target = _target(schema, node["$ref"], file=file, place=f"{here}.$ref")
            waiting.append((target, target))
        waiting.extend(((*path, *step), base) for step, _ in children(node))
    costly = yield from too_costly(schema, done)
    if costly is not None:
        raise PlanError(costly[0], file=file, place=path_text(place, costly[1]))


def _check_node(node: JsonObject, path: Path, *, file: str, place: str) -> None:
    if path and "$id" in node:
        raise PlanError(
            "$id inside a schema would move its references; use definitions and #/definitions/...",
            file=file,
            place=f"{place}.$id",
        )
    for key in ("pattern", "patternProperties"):
        given = node.get(key)
        for pattern in given if isinstance(given, dict) else [given]:
            if isinstance(pattern, str):
                _check_pattern(pattern, file=file, place=f"{place}.{key}")


def _check_pattern(pattern: str, *, file: str, place: str) -> None:
    try:
        to_engine(pattern)
        compile_schema({"pattern": pattern})
    except Re2Error as error:
        reason = f"is not RE2, the regular expressions of Segment: {error.reason}"
    except BadSchemaError:
        reason = "needs too much memory; allowed are shorter classes or fewer repetitions"
    else:
        return
    raise PlanError(f"the pattern {quoted(pattern)} {reason}", file=file, place=place)


def _target(schema: JsonObject, reference: Json, *, file: str, place: str) -> Path:
    if not isinstance(reference, str):
        raise PlanError(
            f"a reference must be a string, got {quoted(reference)}", file=file, place=place
        )
    if not reference.startswith("#"):
        raise PlanError(
            f"{quoted(reference)} leads out of the file; allowed are references inside "
            "this schema, such as #/definitions/id",
            file=file,
            place=place,
        )
    target = read_pointer(schema, reference)
    if target is None:
        names = [
            f"#/{keyword}/{name}"
            for keyword in DEFINITIONS
            for name in as_object(schema.get(keyword))
        ]
        known = ", ".join(names[:20])
        raise PlanError(
            f"{quoted(reference)} leads nowhere; this schema defines {known or 'nothing'}",
            file=file,
            place=place,
        )
    return target
