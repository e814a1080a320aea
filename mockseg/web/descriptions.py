"""What the docstrings of records say, as OpenAPI wants it: about the whole, and field by field."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject


_FIELD = re.compile(r"    ([a-z_0-9]+(?:, [a-z_0-9]+)*): (.*)")


def about(record: type) -> tuple[str, dict[str, str]]:
    """Give the text before ``Attributes:``, and what it says of each field, base classes' too."""
    fields: dict[str, str] = {}
    for base in reversed(record.__mro__):
        if base is not msgspec.Struct and issubclass(base, msgspec.Struct):
            fields |= _parts(base)[1]
    return _parts(record)[0], fields


def describe(schema: JsonObject, record: type[msgspec.Struct]) -> None:
    """Put these texts where they belong in the schema of a record."""
    whole, fields = about(record)
    schema["description"] = whole
    for field in msgspec.structs.fields(record):
        if field.name in fields:
            schema["properties"][field.encode_name].setdefault("description", fields[field.name])


def _parts(record: type) -> tuple[str, dict[str, str]]:
    # Cleaned first: from Python 3.13 on the compiler takes the indent away.
    text, _, attributes = inspect.cleandoc(record.__doc__ or "").partition("\nAttributes:\n")
    fields: dict[str, str] = {}
    names: list[str] = []
    for line in attributes.splitlines():
        found = _FIELD.fullmatch(line)
        if found is not None:
            names = found[1].split(", ")
            fields |= dict.fromkeys(names, found[2])
        elif line.strip():
            fields |= {name: f"{fields[name]} {line.strip()}" for name in names}
    return " ".join(text.split()), fields
