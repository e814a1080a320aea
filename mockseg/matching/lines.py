"""Calls, differences and findings as lines to read, and as JSON for tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mockseg import json_types
from mockseg.domain.findings import Violation
from mockseg.errors import MocksegError
from mockseg.matching.admission import is_plain
from mockseg.matching.nearest import name_of
from mockseg.matching.shown import clip, shown, shown_typed
from mockseg.matching.values import ABSENT, type_name
from mockseg.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mockseg.domain.call import Call
    from mockseg.domain.findings import Finding
    from mockseg.json_types import Json, JsonObject
    from mockseg.matching.differences import Difference
    from mockseg.matching.nearest import Near


_VERDICT_WORDS = {
    "accepted": "accepted, with findings",
    "dropped": "answered 200, but Segment would drop it",
    "blocked": "answered 200, but the settings of the tracking plan block it",
    "rejected": "rejected with an error status",
}
_VALUE_CHARACTERS = 60
_MAX_JSON_BYTES = 2048
_MAX_DIFFERENCES = 5
_MAX_DIFFERENCES_OF_ONE = 12
_MAX_NAMES = 8
_MAX_FINDING_CHARACTERS = 200


def call_line(call: Call) -> str:
    """Name a call: ``call-17 track 'Order Completed', userId 'u1'``."""
    name = name_of(call)
    head = f"{clip(call.id, 40)} {_type(call)}"
    if name is not None:
        head += f" {shown(name)}"
    if call.user_id is not None:
        return f"{head}, userId {shown(call.user_id, limit=40)}"
    if call.anonymous_id is not None:
        return f"{head}, anonymousId {shown(call.anonymous_id, limit=40)}"
    return head


def verdict_words(call: Call) -> str:
    """Say what became of a call that is not good, or that it is good."""
    if call.duplicate_of is not None:
        return f"dropped as a duplicate of {clip(call.duplicate_of, 40)}"
    return "accepted" if call.good else _VERDICT_WORDS[call.verdict]


def finding_line(finding: Finding) -> str:
    """Say why a call is not good: ``required at properties.total: ...``."""
    # Both name the field and carry a sentence; a field may be as long as a message.
    place = f" at {clip(finding.field, 80)}" if finding.field else ""
    plan = (
        f" (plan {shown(finding.plan)})" if isinstance(finding, Violation) and finding.plan else ""
    )
    description = clip(finding.description, _MAX_FINDING_CHARACTERS)
    return printable(f"{finding.code}{place}: {description}{plan}")


def difference_line(difference: Difference) -> str:
    """Say where and how a call differs, with both values and their types."""
    field, expected, actual = difference.field, difference.expected, difference.actual
    note = f" ({difference.note})" if difference.note else ""
    got = shown_typed(actual, limit=_VALUE_CHARACTERS)
    match difference.kind:
        case "where":
            return f"where: {shown(expected, limit=120)} does not match"
        case "verdict" | "good":
            return f"{field}: expected {_bare(expected)}, got {_bare(actual)}"
        case "missing":
            wanted = shown_typed(expected, limit=_VALUE_CHARACTERS)
            return f"{field}: expected {wanted}, but it is missing{note}"
        case "extra":
            return f"{field}: expected no such member, got {got}"
        case "predicate":
            return f"{field}: {shown(expected)} is false for {got}{note}"
        case "format":
            return f"{field}: expected {shown(expected)}, got {shown(actual)}{note}"
    wanted = shown_typed(expected, limit=_VALUE_CHARACTERS)
    return f"{field}: expected {wanted}, got {got}{note}{_apart(expected, actual)}"


def near_lines(nears: Sequence[Near], *, sampled: bool = False) -> tuple[str, ...]:
    """Show near calls: the name of each, then what differs, indented.

    Args:
        nears: the calls.
        sampled: only some of the calls were compared; there may be more that are alike.
    """
    limit = _MAX_DIFFERENCES if len(nears) > 1 else _MAX_DIFFERENCES_OF_ONE
    return tuple(line for near in nears for line in _near_lines(near, limit, sampled=sampled))


def _near_lines(near: Near, limit: int, *, sampled: bool) -> list[str]:
    least = "at least " if sampled else ""
    alike = f" (and {least}{near.alike:,} alike)" if near.alike else ""
    lines = [f"{call_line(near.call)}{alike}"]
    differences = [f"  {difference_line(each)}" for each in near.differences[:limit]]
    beyond = len(near.differences) - limit
    if beyond > 0:
        differences.append(f"  … and {beyond} more {'field' if beyond == 1 else 'fields'}")
    return lines + differences


def names_line(counts: Mapping[str, int]) -> str:
    """Count what was recorded by name: ``3 x 'Order Started', 1 x 'identify'``."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    parts = [f"{count:,} x {shown(name, limit=40)}" for name, count in ranked[:_MAX_NAMES]]
    if len(ranked) > _MAX_NAMES:
        parts.append(f"… and {len(ranked) - _MAX_NAMES} more names")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Write a time that a test waits: ``12 ms``, ``1.5 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:.0f} s"


def call_json(call: Call) -> JsonObject:
    """Return the few keys by which a tool finds a call."""
    found: JsonObject = {
        "id": call.id,
        "cursor": call.cursor,
        "source": call.source,
        "type": call.type,
        "name": name_of(call),
        "verdict": call.verdict,
        "good": call.good,
        "findings": [
            {"code": each.code, "field": each.field, "description": each.description}
            for each in call.findings[:10]
        ],
    }
    if call.duplicate_of is not None:
        found["duplicateOf"] = call.duplicate_of
    return found


def near_json(nears: Iterable[Near]) -> list[JsonObject]:
    """Return near calls with their differences, the nearest first."""
    return [
        {
            "call": msgspec.to_builtins(near.call),
            "score": round(near.score, 4),
            "alike": near.alike,
            "differences": [_difference_json(each) for each in near.differences[:50]],
        }
        for near in nears
    ]


def _difference_json(difference: Difference) -> JsonObject:
    found: JsonObject = {
        "path": difference.field,
        "kind": difference.kind,
        "expected": _json_value(difference.expected),
        "expectedType": type_name(difference.expected),
        "actual": _json_value(difference.actual),
        "actualType": type_name(difference.actual),
    }
    if difference.note:
        found["note"] = difference.note
    return found


def _json_value(value: object) -> Json:
    """Return a value as it is where it is short JSON, else as it is shown; nothing as null."""
    if value is ABSENT:
        return None
    try:
        if is_plain(value) and len(json_types.encode(value)) <= _MAX_JSON_BYTES:
            return value
    except (MocksegError, ValueError, RecursionError):
        pass
    return shown(value, limit=200)


def _type(call: Call) -> str:
    return call.type if call.type.isalpha() and len(call.type) <= 20 else shown(call.type)


def _bare(value: object) -> str:
    return value if isinstance(value, str) else shown(value)


def _apart(expected: object, actual: object) -> str:
    """Show where two long texts part, which their beginnings do not."""
    if not isinstance(expected, str) or not isinstance(actual, str):
        return ""
    if max(len(expected), len(actual)) <= _VALUE_CHARACTERS:
        return ""
    ends = min(len(expected), len(actual))
    at = next((i for i in range(ends) if expected[i] != actual[i]), ends)
    here, there = expected[at : at + 20], actual[at : at + 20]
    return f"; from character {at + 1} on: {here!r} against {there!r}"
