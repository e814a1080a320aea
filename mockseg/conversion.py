"""Converting JSON to a record.

An error names the place, the value that was seen, what is allowed, and the nearest name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NoReturn, TypeVar

import msgspec
from msgspec import inspect

from mockseg.errors import OperationError
from mockseg.json_types import Json, JsonObject
from mockseg.suggestions import quoted, unknown_parameter

_Record = TypeVar("_Record", bound=msgspec.Struct)

_LONGEST_SHOWN = 200
_PLACE = re.compile(r" - at (?:`key` in )?`\$([^`]*)`\Z")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[([0-9]+|\.\.\.)\]")
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


def convert(values: Json, record: type[_Record], *, where: str, from_text: bool = False) -> _Record:
    """Make a record, such as the parameters of an operation.

    Args:
        values: by their names on the wire.
        record: what to make.
        where: what the values are, for a sentence: ``the query``, ``the body``, ``faults()``;
            empty where the caller puts a place before it.
        from_text: all values are texts, as a query has them.

    Raises:
        OperationError: 422, saying what is wrong where; its details have the parameter.
    """
    try:
        return msgspec.convert(values, record, strict=not from_text)
    except msgspec.ValidationError as error:
        _explain(str(error), values, record, where)
    except (RecursionError, UnicodeError, OverflowError, TypeError, ValueError) as error:
        raise invalid(where, f"{where or 'it'} cannot be read: {error}") from None


def invalid(parameter: str, sentence: str, **details: Json) -> OperationError:
    return OperationError(
        sentence,
        status=422,
        code="invalid_parameter",
        details={"parameter": parameter[:_LONGEST_SHOWN], **details},
    )


def camel(name: str) -> str:
    """Return the name on the wire of a field: ``retryAfter`` for ``retry_after``."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _explain(sentence: str, values: Json, record: type[msgspec.Struct], where: str) -> NoReturn:
    """Raise it in plain words, and without msgspec's own error beside it."""
    found = _PLACE.search(sentence)
    steps = found[1] if found else ""
    what = sentence[: found.start()] if found else sentence
    place, value, kind = _walk(steps, values, record)
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        _explain_object(value, kind, place, where)
    called = f"`{place}`" if place else where or "it"
    if isinstance(kind, inspect.LiteralType):
        allowed = tuple(str(choice) for choice in kind.values)
        error = unknown_parameter(place, "value", value, allowed, place=called)
    else:
        wanted = _words(kind) if kind is not None and "enum value" in what else _wanted(what)
        sentence = f"{called} is {quoted(value)}: it must be {wanted}"
        error = invalid(place, sentence, allowed=wanted)
    shown = quoted(value)
    error.details["value"] = shown if "…" in shown[-2:] else value
    raise error from None


def _explain_object(value: JsonObject, kind: inspect.StructType, place: str, where: str) -> None:
    """Refuse what an object has too much or not enough; return when it is neither.

    Raises:
        OperationError: 422.
    """
    names = tuple(field.encode_name for field in kind.fields)
    inside = f"`{place}`" if place else where
    within = f" in {inside}" if inside else ""
    prefix = f"{place}." if place else ""
    if kind.forbid_unknown_fields:
        for name in value:
            if name not in names:
                raise unknown_parameter(
                    f"{prefix}{name}", "parameter", name, names, place=inside
                ) from None
    for field in kind.fields:
        if field.required and field.encode_name not in value:
            name = prefix + field.encode_name
            raise invalid(
                name, f"`{name}` is missing{within}", allowed=_words(field.type)
            ) from None


def _wanted(what: str) -> str:
    """Return the end of msgspec's sentence in our words."""
    match = _EXPECTED.search(what)
    if match is None:
        return f"something else ({what[:_LONGEST_SHOWN]})"
    words = " or ".join(_WORDS.get(name, name) for name in match[1].split(" | "))
    # A limit of a number is written by msgspec as it was declared: `>= 0.0`.
    return words + match[2].replace(" of length", ", its length").removesuffix(".0")


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
    steps: str, values: Json, record: type[msgspec.Struct]
) -> tuple[str, Json, inspect.Type | None]:
    """Follow a place through the values and their types, as far as it goes."""
    place = ""
    value = values
    kind: inspect.Type | None = _type_of(record)
    for name, index in _STEP.findall(steps):
        kind = _meant(kind, value)
        if name:
            place += f".{name}"
            value = value.get(name) if isinstance(value, dict) else None
            fields = kind.fields if isinstance(kind, inspect.StructType) else ()
            kind = next((field.type for field in fields if field.encode_name == name), None)
        elif index == "...":
            # msgspec does not say which value of a mapping it means, where there are several.
            key = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
            place += "[...]" if key is None else f".{key}"
            value = None if key is None else value[key]
            kind = kind.value_type if isinstance(kind, inspect.DictType) else None
        else:
            place += f"[{index}]"
            inside = isinstance(value, list) and int(index) < len(value)
            value = value[int(index)] if inside else None
            kind = (
                kind.item_type
                if isinstance(kind, inspect.ListType | inspect.VarTupleType)
                else None
            )
    return place.lstrip("."), value, _meant(kind, value)


def _meant(kind: inspect.Type | None, value: Json) -> inspect.Type | None:
    """Return a type without null and, of several types, the one that the value can be."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    rest = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
    if len(rest) == 1:
        return rest[0]
    wanted: type | tuple[type, ...] = ()
    if isinstance(value, dict):
        wanted = (inspect.StructType, inspect.DictType)
    elif isinstance(value, list):
        wanted = (inspect.ListType, inspect.VarTupleType)
    fitting = [part for part in rest if isinstance(part, wanted)]
    return fitting[0] if len(fitting) == 1 else kind


@lru_cache(maxsize=128)
def _type_of(record: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(record)
