"""Records read from JSON that a person wrote: a setup, a state to restore, arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from mockseg import json_types
from mockseg.conversion import convert
from mockseg.errors import MalformedJsonError, OperationError, VendorStateError
from mockseg.json_types import Json, JsonObject

_Record = TypeVar("_Record", bound=msgspec.Struct)


class StateRecord(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The base of what a vendor keeps; it is written to a state, and read from one, as it is."""


def plain(record: msgspec.Struct) -> JsonObject:
    """Return a record as JSON, in containers of its own."""
    value: JsonObject = msgspec.to_builtins(record)
    return value


def copied(value: Json) -> Json:
    """Return a JSON value in containers of its own.

    Raises:
        VendorStateError: it is not JSON.
    """
    try:
        return json_types.decode(json_types.encode(value))
    except (TypeError, ValueError, RecursionError, MalformedJsonError) as error:
        raise VendorStateError(f"this is not JSON: {error}") from None


def record_from(value: Json, record: type[_Record], *, place: str = "") -> _Record:
    """Make a record, in containers of its own.

    Args:
        value: JSON.
        record: its type.
        place: where the value is in a larger one, for errors.

    Raises:
        VendorStateError: it is not JSON, or not such a record; names the place and what is
            allowed.
    """
    own = copied(value)
    try:
        return convert(own, record, where="")
    except OperationError as error:
        inner = error.details["parameter"]
        # The place is said once.
        reason = re.sub(rf"\A`{re.escape(inner)}`:? ", "", error.message)
        where = f"{place}{'' if inner.startswith('[') else '.'}{inner}".strip(".")
        raise VendorStateError(reason, place=where) from None


def fill_keys(records: Json, field: str) -> None:
    """Write the key of each record into this field of it, where the field was left out.

    Args:
        records: by key, changed in place; what is not an object is left for `record_from`.
        field: its name in JSON.
    """
    if isinstance(records, dict):
        for key, record in records.items():
            if isinstance(record, dict):
                record.setdefault(field, key)


def check_keys(place: str, records: Mapping[str, msgspec.Struct], *fields: str) -> None:
    """Check that the key of each record is its own.

    Args:
        place: of the records in the state.
        records: by key.
        fields: the first of these that a record has is its key.

    Raises:
        VendorStateError: a record has another key.
    """
    for key, record in records.items():
        names = dict(zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True))
        wanted = next((own for name in fields if (own := getattr(record, name)) is not None), None)
        if not key or key != wanted:
            allowed = ", else its ".join(names[name] for name in fields)
            raise VendorStateError(
                f"the key must be its {allowed}: {wanted!r}", place=f"{place}.{key}"
            )
