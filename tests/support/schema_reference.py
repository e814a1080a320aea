"""The reference: what the pure ``jsonschema`` library calls good.

Slow and independent of the compiled validator; the property tests hold the two
against each other. Where the two libraries read the standard differently, this one
is told which reading is ours: ASCII classes and the end of text in patterns,
``multipleOf`` on the decimal numbers as written (Segment's validator uses exact
fractions), formats from :mod:`mockseg.schemas.formats`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mockseg.json_types import canonical, decode
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.format_checks import ASSERTED
from mockseg.schemas.patterns import to_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from mockseg.json_types import Json, JsonObject

__all__ = ["reference_is_valid"]


def reference_is_valid(schema: JsonObject, value: Json) -> bool:
    """Tell whether a value satisfies a sound schema, by the pure library."""
    return bool(_validator(canonical(schema)).is_valid(value))


@lru_cache(maxsize=64)
def _validator(text: bytes) -> Validator:
    # 108 ms to import: only whoever asks for the reference pays for it.
    from jsonschema import Draft7Validator, FormatChecker, validators
    from referencing import Registry

    checker = FormatChecker(formats=())
    for name, check in ASSERTED.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    kind: Any = validators.extend(  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        Draft7Validator,
        {
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
            "multipleOf": _multiple_of,
        },
    )
    made: Validator = kind(
        _without_booleans(decode(text)), format_checker=checker, registry=Registry()
    )
    return made


def _without_booleans(schema: Json) -> Json:
    """Write ``false`` as ``{"not": {}}`` and ``true`` as ``{}``.

    Of the former the library loses the path, over the latter it stumbles in ``items``.
    """
    from mockseg.schemas.tree import children

    if not isinstance(schema, dict):
        return schema
    copy = {
        key: value.copy() if isinstance(value, dict | list) else value
        for key, value in schema.items()
    }
    for path, sub in children(schema):
        if path[0] in {"additionalProperties", "additionalItems"} and isinstance(sub, bool):
            continue
        replaced: Json = {"not": {}} if sub is False else {}
        if isinstance(sub, dict):
            replaced = _without_booleans(sub)
        holder: Json = copy if len(path) == 1 else copy[path[0]]
        holder[path[-1]] = replaced
    return copy


def _search(pattern: str, text: str) -> bool:
    expression = to_python(pattern)
    if expression is None:
        return compile_schema({"pattern": pattern}).is_valid(text)
    return expression.search(text) is not None


def _pattern(_: Any, pattern: str, value: Json, __: JsonObject) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if isinstance(value, str) and not _search(pattern, value):
        yield ValidationError("does not match")


def _pattern_properties(
    validator: Any, patterns: JsonObject, value: Json, _: JsonObject
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    for pattern, sub in patterns.items():
        for name, item in value.items():
            if _search(pattern, name):
                yield from validator.descend(item, sub, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, sub: Json, value: Json, schema: JsonObject
) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if not isinstance(value, dict):
        return
    extras = _extras(value, schema)
    if isinstance(sub, dict):
        for name in extras:
            yield from validator.descend(value[name], sub, path=name)
    elif sub is False and extras:
        yield ValidationError("not allowed")


def _extras(value: JsonObject, schema: JsonObject) -> tuple[str, ...]:
    planned = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    return tuple(
        name
        for name in value
        if name not in planned and not any(_search(pattern, name) for pattern in patterns)
    )


def _multiple_of(_: Any, factor: Json, value: Json, __: JsonObject) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if (Fraction(str(value)) / Fraction(str(factor))).denominator != 1:
        yield ValidationError("not a multiple")
