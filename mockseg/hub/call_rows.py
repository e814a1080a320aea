"""A call as one row: what a list or a live page shows of it."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from mockseg import json_types
from mockseg.conversion import camel, invalid
from mockseg.delivery.ledger import Ledger
from mockseg.domain.call import KeptCall
from mockseg.domain.delivery import DeliveryState
from mockseg.domain.findings import Violation
from mockseg.domain.message import holder_of
from mockseg.json_types import Json, JsonObject, as_object, as_text
from mockseg.operations.rows import MAX_FIELDS, CallRow
from mockseg.printable import printable
from mockseg.query.predicate import value_at
from mockseg.query.terms import FIELD_ROOTS, field_names
from mockseg.suggestions import unknown_parameter

# The names that lead to a field of the message.
Field: TypeAlias = tuple[str, ...]

COLUMNS: Final = tuple(map(camel, CallRow.__struct_fields__))

_LONGEST_PEEK = 120
_LONGEST_TEXT = 200
# What a text needs no quotes for: it cannot be taken for a number, true, false or null.
_PLAIN = re.compile(r"(?!(?:true|false|null)\b)[A-Za-z_/][^\s\"=]*")


def read_fields(text: str) -> tuple[Field, ...]:
    """Read names of fields, separated by commas; each becomes the names that lead to it.

    Raises:
        OperationError: 422, a name is not one of a field, or there are too many.
    """
    written = [name.strip() for name in text.split(",") if name.strip()]
    if len(written) > MAX_FIELDS:
        raise invalid(
            "fields",
            f"expected at most {MAX_FIELDS} fields, got {len(written)}",
            allowed=MAX_FIELDS,
        )
    fields = tuple(map(field_names, written))
    for name, field in zip(written, fields, strict=True):
        if not field:
            roots = [f"{root}." for root in FIELD_ROOTS]
            raise unknown_parameter("fields", "field", name, roots)
    return fields


def call_row(call: KeptCall, ledger: Ledger, fields: tuple[Field, ...] = ()) -> CallRow:
    """Return a call as a row.

    Args:
        call: the call.
        ledger: where its deliveries are.
        fields: of the message, whose values the row has.
    """
    remark = call.remark
    message = call.message()
    findings = call.findings
    first = findings[0] if findings else None
    name = as_text(message.get("name")) if call.event is None else call.event
    return CallRow(
        cursor=call.cursor,
        received_ms=call.request.received_ns // 1_000_000,
        source=_short(call.source),
        type=_short(call.type),
        label=_short(name),
        peek=peek(message, call.type),
        user=_short(call.user_id or _anonymous(message)),
        verdict=call.verdict,
        good=call.good,
        code="" if first is None else first.type if isinstance(first, Violation) else first.code,
        field="" if first is None else _short(first.field),
        more=max(0, len(findings) - 1),
        attempt=1 if remark is None else remark.attempt,
        duplicate_of=0 if remark is None else remark.duplicate_of,
        to=deliveries_of(call.cursor, ledger),
        values=[_shown(value_at(message, field, None)) for field in fields],
    )


def deliveries_of(cursor: int, ledger: Ledger) -> list[tuple[str, DeliveryState]]:
    """Return destination and state of each delivery of a call."""
    return [(kept.destination, kept.state) for kept in ledger.of_call(cursor)]


def peek(message: JsonObject, type_: str) -> str:
    """Return the first properties or traits of a message in one line: ``total="42" plan=pro``."""
    parts: list[str] = []
    left = _LONGEST_PEEK
    for name, value in as_object(message.get(holder_of(type_))).items():
        part = f"{name[:_LONGEST_PEEK]}={_value(value)}"
        parts.append(part)
        left -= len(part) + 1
        if left <= 0:
            break
    return printable(" ".join(parts), longest=_LONGEST_PEEK)


def _shown(value: Json) -> str:
    """Return a value as a cell shows it; nothing for null and for what is missing."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _value(value)
    return printable(text, longest=_LONGEST_PEEK)


def _value(value: Json) -> str:
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value[:_LONGEST_TEXT]) else _quoted(value)
    if isinstance(value, dict):
        return f"{{{len(value)}}}"
    if isinstance(value, list):
        return f"[{len(value)}]"
    return json_types.encode(value).decode()


def _quoted(text: str) -> str:
    return json_types.encode(text[:_LONGEST_TEXT]).decode()


def _anonymous(message: JsonObject) -> str:
    anonymous = as_text(message.get("anonymousId"))
    return f"anon {anonymous}" if anonymous else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
