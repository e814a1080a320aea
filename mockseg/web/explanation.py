"""Why parameters were refused: the place, the value, what is allowed, the nearest name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

import msgspec
from msgspec import inspect

from mockseg import json_types
from mockseg.errors import MalformedJsonError, OperationError
from mockseg.suggestions import unknown_parameter

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject

__all__ = ["convert", "invalid"]

_LONGEST_SHOWN = 200
_PLACE = re.compile(r" - at `\$([A-Za-z0-9_.\[\]]*)`\Z")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[([0-9]+)\]")
_EXPECTED = re.compile(r"Expected `([^`]+)`([^`]*?)(?:, got `[^`]+`)?\Z")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def convert(
    values: JsonObject, params: type[msgspec.Struct], *, from_text: bool, where: str
) -> msgspec.Struct:
    """Make the parameters of an operation.

    Args:
        values: by their names on the wire.
        params: what to make.
        from_text: all values are texts, as a query has them.
        where: what a name is unknown in, at the top: ``the query``, ``the body``.

    Raises:
        OperationError: 422, saying what is wrong where.
    """
    try:
        return msgspec.convert(values, params, strict=not from_text)
    except msgspec.ValidationError as error:
        _explain(str(error), values, params, where)
    except (RecursionError, UnicodeError, OverflowError, ValueError) as error:
        raise invalid(where, f"{where} cannot be read: {error}") from None


def invalid(parameter: str, sentence: str, **details: Json) -> OperationError:
    """Make the refusal of a parameter."""
    return OperationError(
        sentence,
        status=422,
        code="invalid_parameter",
        details={"parameter": _short(parameter), **details},
    )


def _explain(
    sentence: str, values: JsonObject, params: type[msgspec.Struct], where: str
) -> NoReturn:
    found = _PLACE.search(sentence)
    place = found[1].lstrip(".") if found else ""
    what = sentence[: found.start()] if found else sentence
    value, kind = _walk(found[1] if found else "", values, params)
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        _explain_object(value, kind, place, where)
    if isinstance(kind, inspect.LiteralType):
        allowed = tuple(str(choice) for choice in kind.values)
        refusal = unknown_parameter(place, "value", value, allowed, place=f"`{place or where}`")
    else:
        wanted = _words(kind) if kind is not None and "enum value" in what else _wanted(what)
        sentence = f"`{place or where}` is {_shown(value)}: it must be {wanted}"
        refusal = invalid(place, sentence, allowed=wanted)
    shown = _shown(value)
    refusal.details["value"] = value if len(shown) <= _LONGEST_SHOWN else shown
    raise refusal


def _explain_object(value: JsonObject, kind: inspect.StructType, place: str, where: str) -> None:
    """Refuse what an object has too much or not enough; return when it is neither.

    Raises:
        OperationError: 422.
    """
    names = tuple(field.encode_name for field in kind.fields)
    inside = f"`{place}`" if place else where
    prefix = f"{place}." if place else ""
    if kind.forbid_unknown_fields:
        for name in value:
            if name not in names:
                raise unknown_parameter(prefix + name, "parameter", name, names, place=inside)
    for field in kind.fields:
        if field.required and field.encode_name not in value:
            name = prefix + field.encode_name
            raise invalid(name, f"`{name}` is missing in {inside}", allowed=_words(field.type))


def _wanted(what: str) -> str:
    """Turn the end of msgspec's sentence into ours."""
    match = _EXPECTED.search(what)
    if match is None:
        return f"something else ({what[:_LONGEST_SHOWN]})"
    words = " or ".join(_WORDS.get(name, name) for name in match[1].split(" | "))
    return words + match[2].replace(" of length", ", its length")


def _words(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.UnionType):
        return " or ".join(_words(part) for part in kind.types)
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(str(choice) for choice in kind.values)
    if isinstance(kind, inspect.NoneType):
        return "null"
    if isinstance(kind, inspect.StructType | inspect.DictType):
        return "an object"
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return "a list"
    name = type(kind).__name__.removesuffix("Type").lower()
    return _WORDS.get(name, name)


def _walk(
    place: str, values: JsonObject, params: type[msgspec.Struct]
) -> tuple[Json, inspect.Type | None]:
    """Follow a place through the values and their types, as far as it goes."""
    value: Json = values
    kind: inspect.Type | None = _type_of(params)
    for name, index in _STEP.findall(place):
        kind = _bare(kind)
        if name:
            value = value.get(name) if isinstance(value, dict) else None
            fields = kind.fields if isinstance(kind, inspect.StructType) else ()
            kind = next((field.type for field in fields if field.encode_name == name), None)
        else:
            inside = isinstance(value, list) and int(index) < len(value)
            value = value[int(index)] if inside else None
            kind = kind.item_type if isinstance(kind, inspect.ListType) else None
    return value, _bare(kind)


def _bare(kind: inspect.Type | None) -> inspect.Type | None:
    """Take what a type is besides null."""
    if isinstance(kind, inspect.UnionType):
        rest = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
        return rest[0] if len(rest) == 1 else kind
    return kind


@lru_cache(maxsize=64)
def _type_of(params: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(params)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _shown(value: Json) -> str:
    try:
        return _short(json_types.encode(value).decode())
    except (UnicodeError, RecursionError, ValueError, MalformedJsonError):
        return _short(repr(value))
