r"""A plan as a spreadsheet, and back.

Segment's editor has the columns Name, Description, Status, Data Type and Permitted
Values, and its download calls the last one ``Allowed Property Values`` beside ``Enum
Property Values`` (Protocols, "Tracking Plan Columns", and the notes on the CSV); the
full header of the template is not published. The header here uses those words; the
rest of it is ours, and the editor's own names are read as well.

A row without a property is the event itself; its properties follow. Names of nested
properties are dotted, ``products[].price`` is in the items of a list, and a dot in a
name is written ``\\.``. A spreadsheet holds no conditions, so what an export loses can
be asked for with :func:`lost_in_csv`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any, Final

from mockseg.domain.message import HOLDERS
from mockseg.errors import MalformedJsonError, PlanError
from mockseg.json_types import Json, JsonObject, decode, encode
from mockseg.plans.model import RULE_TYPES, Plan, plan_from_json
from mockseg.plans.plan_diff import Change, diff
from mockseg.printable import printable_lines
from mockseg.schemas.tree import DRAFT
from mockseg.suggestions import unknown

COLUMNS: Final = (
    "Rule Type",
    "Event Name",
    "Event Version",
    "Event Description",
    "Property Name",
    "Property Description",
    "Property Status",
    "Property Data Type",
    "Allowed Property Values",
    "Enum Property Values",
)
# Other names of columns -> ours: those of the editor.
_ALSO: Final = {
    "name": "Property Name",
    "description": "Property Description",
    "status": "Property Status",
    "data type": "Property Data Type",
    "permitted values": "Allowed Property Values",
}
_TYPES: Final = ("any", "array", "boolean", "integer", "null", "number", "object", "string")
_DATE_TIME: Final = "Date time"
_STEP: Final = re.compile(r"((?:[^\\.]|\\.)*)(\.|$)", re.DOTALL)


def plan_to_csv(plan: Plan) -> str:
    """Write a plan as CSV (RFC 4180) with the header ``COLUMNS``."""
    rows: list[dict[str, str]] = []
    for rule in plan.rules:
        event = {
            "Rule Type": rule.type,
            "Event Name": rule.key or "",
            "Event Version": str(rule.version),
        }
        rows.append(event | {"Event Description": rule.description})
        held = rule.body if rule.type.lower() in HOLDERS else rule.schema
        rows += [event | row for row in _property_rows(held, "")]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="")
    writer.writeheader()
    # A spreadsheet has no escapes of its own for what a terminal would obey.
    writer.writerows({name: printable_lines(text) for name, text in row.items()} for row in rows)
    return stream.getvalue()


def plan_from_csv(text: str, *, file: str) -> Plan:
    """Read a plan from CSV.

    Args:
        text: with a header; the order of the columns is free, and a type is TRACK and a
            version 1 where none is given.
        file: the file's name, for errors and as the plan's name.

    Raises:
        PlanError: a column, a row or the plan that they make is wrong.
    """
    rules: dict[tuple[str, str, int], JsonObject] = {}
    for number, row in _rows(text, file=file):
        place = f"row {number}"
        kind = row["Rule Type"].upper() or "TRACK"
        version = row["Event Version"] or "1"
        if not (version.isascii() and version.isdecimal() and len(version) < 10):
            raise PlanError(
                f"invalid version {version!r}: expected a whole number from 0",
                file=file,
                place=f"{place}, Event Version",
            )
        if kind not in RULE_TYPES:
            raise PlanError(
                unknown("rule type", kind, RULE_TYPES), file=file, place=f"{place}, Rule Type"
            )
        identity = (kind, row["Event Name"], int(version))
        rule = rules.setdefault(identity, _new_rule(*identity))
        if row["Property Name"]:
            holder = HOLDERS.get(kind.lower())
            _add_property(rule["jsonSchema"], row, holder=holder, file=file, place=place)
        elif row["Event Description"]:
            rule["description"] = row["Event Description"]
    return plan_from_json({"rules": list(rules.values())}, file=file)


def lost_in_csv(plan: Plan) -> tuple[Change, ...]:
    """Return what of a plan its CSV cannot hold, as changes from the plan to what comes back."""
    return diff(plan, plan_from_csv(plan_to_csv(plan), file=plan.name))


def _rows(text: str, *, file: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = next(reader, [])
        names = [_column(cell, file=file) for cell in header]
        if "Property Name" not in names:
            raise PlanError(
                f"no column Property Name; allowed are {', '.join(COLUMNS)}",
                file=file,
                place="row 1",
            )
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                raise PlanError(
                    f"{len(cells)} cells under {len(names)} columns",
                    file=file,
                    place=f"row {reader.line_num}",
                )
            row = dict.fromkeys(COLUMNS, "")
            row.update(zip(names, (cell.strip() for cell in cells), strict=False))
            yield reader.line_num, row
    except csv.Error as error:
        raise PlanError(f"not CSV: {error}", file=file, place=f"row {reader.line_num}") from None


def _column(cell: str, *, file: str) -> str:
    known = {name.lower(): name for name in COLUMNS} | _ALSO
    name = known.get(cell.strip().lower())
    if name is None:
        raise PlanError(unknown("column", cell, COLUMNS), file=file, place="row 1")
    return name


def _new_rule(kind: str, key: str, version: int) -> JsonObject:
    rule: JsonObject = {"type": kind, "version": version}
    if key:
        rule["key"] = key
    return rule | {"jsonSchema": {"$schema": DRAFT, "type": "object"}}


def _property_rows(schema: Json, prefix: str) -> Iterator[dict[str, str]]:
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return
    required = schema.get("required", [])
    for name, sub in schema["properties"].items():
        path = prefix + re.sub(r"([\\.\[])", r"\\\1", name)
        node = sub if isinstance(sub, dict) else {}
        yield {
            "Property Name": path,
            "Property Description": str(node.get("description", "")),
            "Property Status": "required" if name in required else "optional",
            "Property Data Type": _data_type(node),
            "Allowed Property Values": str(node.get("pattern", "")),
            "Enum Property Values": encode(node["enum"]).decode() if "enum" in node else "",
        }
        yield from _property_rows(node, f"{path}.")
        items = node.get("items")
        if isinstance(items, dict):
            # The items themselves need a row only if they are no plain objects.
            if items.get("type") != "object":
                yield {
                    "Property Name": f"{path}[]",
                    "Property Data Type": _data_type(items),
                    "Enum Property Values": encode(items["enum"]).decode()
                    if "enum" in items
                    else "",
                }
            yield from _property_rows(items, f"{path}[].")


def _data_type(node: JsonObject) -> str:
    kinds = node.get("type", "any")
    names = [str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds])]
    if node.get("format") == "date-time" and "string" in names:
        names[names.index("string")] = _DATE_TIME
    return ", ".join(names)


def _add_property(
    schema: JsonObject, row: dict[str, str], *, holder: str | None, file: str, place: str
) -> None:
    steps = [(match[1], match[2]) for match in _STEP.finditer(row["Property Name"])]
    names = [text for text, _ in steps[: len(steps) - 1 if steps[-1][0] == "" else len(steps)]]
    if not names or "" in names:
        raise PlanError(
            f"invalid property {row['Property Name'][:80]!r}: expected names joined by dots",
            file=file,
            place=f"{place}, Property Name",
        )
    required = _is_required(row["Property Status"], file=file, place=place)
    node = schema
    if holder is not None:
        if required and len(names) == 1:
            schema["required"] = [holder]
        node = schema.setdefault("properties", {}).setdefault(holder, {"type": "object"})
    for depth, written in enumerate(names):
        lists = 0
        while written.endswith("[]") and not written.endswith("\\[]"):
            written, lists = written[:-2], lists + 1  # noqa: PLW2901  # one mark after the other
        name = re.sub(r"\\(.)", r"\1", written, flags=re.DOTALL)
        last = depth == len(names) - 1
        if last and required and not lists and name not in node.setdefault("required", []):
            node["required"].append(name)
        node = node.setdefault("properties", {}).setdefault(name, {})
        for _ in range(lists):
            node.setdefault("type", "array")
            node = node.setdefault("items", {})
        if not last:
            node.setdefault("type", "object")
    node.update(_leaf(row, file=file, place=place))


def _leaf(row: dict[str, str], *, file: str, place: str) -> JsonObject:
    leaf: JsonObject = {}
    names = [name.strip() for name in row["Property Data Type"].split(",") if name.strip()]
    kinds: list[str] = []
    for name in names:
        if name.lower() == _DATE_TIME.lower():
            leaf["format"] = "date-time"
            kinds.append("string")
        elif name.lower() in _TYPES:
            kinds.append(name.lower())
        else:
            raise PlanError(
                unknown("data type", name, (*_TYPES, _DATE_TIME)),
                file=file,
                place=f"{place}, Property Data Type",
            )
    if kinds and "any" not in kinds:
        leaf["type"] = kinds[0] if len(kinds) == 1 else kinds
    if row["Allowed Property Values"]:
        leaf["pattern"] = row["Allowed Property Values"]
    if row["Enum Property Values"]:
        leaf["enum"] = _enum(row["Enum Property Values"])
    if row["Property Description"]:
        leaf["description"] = row["Property Description"]
    return leaf


def _enum(text: str) -> list[Any]:
    """Read a JSON list, or what people type instead: texts with commas between."""
    try:
        values = decode(text.encode())
    except MalformedJsonError:
        values = None
    if isinstance(values, list) and values:
        return values
    return [part.strip() for part in text.split(",") if part.strip()] or [text]


def _is_required(status: str, *, file: str, place: str) -> bool:
    word = status.lower()
    if word not in {"", "required", "optional", "true", "false"}:
        raise PlanError(
            unknown("status", status, ("required", "optional")),
            file=file,
            place=f"{place}, Property Status",
        )
    return word in {"required", "true"}
