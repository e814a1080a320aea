"""What may stand at each keyword of JSON Schema, by what Segment's library takes.

gojsonschema refuses a schema when it parses it; what it does not look at, such as ``default`` or
``examples``, may be anything (schema.go of github.com/xeipuuv/gojsonschema).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mockseg.json_types import Json, JsonObject, canonical
from mockseg.schemas.drafts import EXCLUSIVE, UNKNOWN_TO, Draft
from mockseg.schemas.tree import DEFINITIONS, LISTS, MAPS, Path
from mockseg.schemas.walker import is_number
from mockseg.suggestions import quoted, unknown

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")

_TEXTS: Final = ("title", "description", "pattern", "format")
_COUNTS: Final = (
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)
_SINGLE: Final = (
    "additionalProperties",
    "additionalItems",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
)
# Of these the first must not be greater; the library does not compare other limits.
_ORDERED: Final = (("minLength", "maxLength"), ("minProperties", "maxProperties"))
_LARGEST: Final = 2**63 - 1
# Beside a reference nothing else is read.
_BESIDE_REFERENCE: Final = frozenset({"title", "description", "$id", "id", *DEFINITIONS})


def mistake(node: JsonObject, draft: Draft) -> tuple[Path, str] | None:
    """Return where the first mistake of a schema's own keywords is, and what; None without one.

    The schemas inside are only asked for being schemas.

    Args:
        node: the schema.
        draft: by which it is read.
    """
    ids = {"draft-04": "id", "hybrid": "id" if "id" in node else "$id"}
    passed_over = UNKNOWN_TO[draft] | ({"id", "$id"} - {ids.get(draft, "$id")})
    for keyword, value in node.items():
        if keyword in passed_over:
            continue
        if "$ref" in node and keyword not in _BESIDE_REFERENCE:
            continue
        check = _CHECKS.get(keyword)
        found = None if check is None else check(keyword, value, draft)
        if found is not None:
            return found
    return _together(node, draft)


def _together(node: JsonObject, draft: Draft) -> tuple[Path, str] | None:
    """Return what is wrong with two keywords that are right by themselves."""
    if "$ref" in node:
        return None
    for least, most in _ORDERED:
        if least in node and most in node and node[least] > node[most]:
            sentence = f"{least} {quoted(node[least])} is greater than {most} {quoted(node[most])}"
            return (least,), f"{sentence}: no value can satisfy both"
    for exclusive, limit in EXCLUSIVE.items():
        value = node.get(exclusive)
        if isinstance(value, bool) and limit not in node:
            other = "" if draft == "draft-04" else ", or a number instead"
            return (exclusive,), f"{exclusive} {quoted(value)} needs {limit} beside it{other}"
    return None


def _wrong(keyword: str, value: Json, expected: str, *inside: str | int) -> tuple[Path, str]:
    return (keyword, *inside), f"invalid {keyword} {quoted(value)}: expected {expected}"


def _text(keyword: str, value: Json, _: Draft) -> tuple[Path, str] | None:
    return None if isinstance(value, str) else _wrong(keyword, value, "a string")


def _count(keyword: str, value: Json, _: Draft) -> tuple[Path, str] | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
        return None
    return _wrong(keyword, value, "a whole number from 0, written without a point")


def _number(keyword: str, value: Json, _: Draft) -> tuple[Path, str] | None:
    return None if is_number(value) else _wrong(keyword, value, "a number")


def _factor(keyword: str, value: Json, _: Draft) -> tuple[Path, str] | None:
    fits = is_number(value) and value > 0
    return None if fits else _wrong(keyword, value, "a number greater than 0")


def _exclusive(keyword: str, value: Json, draft: Draft) -> tuple[Path, str] | None:
    limit = EXCLUSIVE[keyword]
    boolean, number = isinstance(value, bool), is_number(value)
    if draft == "draft-04":
        expected = f"true or false beside {limit}, by draft-04"
        return None if boolean else _wrong(keyword, value, expected)
    if draft == "hybrid":
        expected = f"a number, or true or false beside {limit}"
        return None if boolean or number else _wrong(keyword, value, expected)
    return None if number else _wrong(keyword, value, f"a number, by {draft}")


def _boolean(keyword: str, value: Json, _: Draft) -> tuple[Path, str] | None:
    return None if isinstance(value, bool) else _wrong(keyword, value, "true or false")


def _names(keyword: str, value: Json, _: Draft) -> tuple[Path, str] | None:
    if not isinstance(value, list):
        return _wrong(keyword, value, "a list of names")
    for index, name in enumerate(value):
        if not isinstance(name, str):
            return _wrong(keyword, name, "a name as a string", index)
    return _repeated(keyword, value)


def _values(keyword: str, value: Json, _: Draft) -> tuple[Path, str] | None:
    if not isinstance(value, list):
        return _wrong(keyword, value, "a list of values")
    return _repeated(keyword, value)


def _repeated(keyword: str, values: list[Json]) -> tuple[Path, str] | None:
    seen: set[bytes] = set()
    for index, value in enumerate(values):
        text = canonical(value)
        if text in seen:
            sentence = f"{keyword} has {quoted(value)} twice: each may be there once"
            return (keyword, index), sentence
        seen.add(text)
    return None


def _type(keyword: str, value: Json, _: Draft) -> tuple[Path, str] | None:
    listed = isinstance(value, list)
    for index, name in enumerate(value if listed else [value]):
        if name not in TYPES:
            place: Path = (keyword, index) if listed else (keyword,)
            return place, unknown("type of JSON Schema", name, TYPES)
    return _repeated(keyword, value) if listed else None


def _schema(keyword: str, value: Json, draft: Draft) -> tuple[Path, str] | None:
    closes = keyword in {"additionalProperties", "additionalItems"}
    if _is_schema(value, "hybrid" if closes else draft):
        return None
    return _wrong(keyword, value, "true, false or a schema" if closes else "a schema")


def _schemas(keyword: str, value: Json, draft: Draft) -> tuple[Path, str] | None:
    if not isinstance(value, list):
        return _wrong(keyword, value, "a list of schemas")
    for index, each in enumerate(value):
        if not _is_schema(each, draft):
            return _wrong(keyword, each, "a schema", index)
    return None


def _items(keyword: str, value: Json, draft: Draft) -> tuple[Path, str] | None:
    if isinstance(value, list):
        return _schemas(keyword, value, draft)
    fits = _is_schema(value, draft)
    return None if fits else _wrong(keyword, value, "a schema or a list of schemas")


def _map(keyword: str, value: Json, draft: Draft) -> tuple[Path, str] | None:
    if not isinstance(value, dict):
        return _wrong(keyword, value, "an object")
    for name, each in value.items():
        if keyword == "dependencies" and isinstance(each, list):
            for index, other in enumerate(each):
                if not isinstance(other, str):
                    return _wrong(keyword, other, "a name as a string", name, index)
        elif not _is_schema(each, draft):
            also = " or a list of names" if keyword == "dependencies" else ""
            return _wrong(keyword, each, f"a schema{also}", name)
    return None


def _is_schema(value: Json, draft: Draft) -> bool:
    return isinstance(value, dict) or (isinstance(value, bool) and draft != "draft-04")


_CHECKS: Final[dict[str, Callable[[str, Json, Draft], tuple[Path, str] | None]]] = {
    **dict.fromkeys((*_TEXTS, "id", "$id"), _text),
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys(("minimum", "maximum"), _number),
    "multipleOf": _factor,
    **dict.fromkeys(EXCLUSIVE, _exclusive),
    "uniqueItems": _boolean,
    "required": _names,
    "enum": _values,
    "type": _type,
    **dict.fromkeys(_SINGLE, _schema),
    **dict.fromkeys(LISTS, _schemas),
    "items": _items,
    **dict.fromkeys(MAPS, _map),
}
