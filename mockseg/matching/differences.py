"""Where a value differs from what was expected of it, as values.

This is the explaining twin of :func:`mockseg.matching.match.contains`: where that one
returns false, this one says where and how, and it also knows the expectations that are not JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from mockseg import json_types
from mockseg.errors import MocksegError
from mockseg.json_types import Json, JsonObject
from mockseg.matching.render import shown, shown_path, shown_typed
from mockseg.matching.values import ABSENT, ANY, Exactly, Expected, is_plain, type_name
from mockseg.suggestions import meant, nearest

_VALUE_CHARACTERS = 60
_MAX_JSON_BYTES = 2048

DifferenceKind: TypeAlias = Literal[
    "value",  # another value of the same type
    "type",  # a value of another JSON type
    "format",  # a name that differs in case, spaces and separators only
    "missing",  # not there
    "unexpected",  # there, and ABSENT was expected
    "extra",  # there, and exactly(...) has no such member
    "predicate",  # the predicate said no, or raised
    "verdict",  # of the call
    "good",  # the call is good and was to be bad, or the other way round
    "where",  # the filter is false
]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a call is not what was expected.

    Attributes:
        field: where, dotted: ``properties.total``, ``userId``, ``properties.products[0].sku``.
        expected: what was expected there: plain JSON, a token, or the text of a filter.
        actual: what is there; ``ABSENT`` when nothing is.
        kind: in what way it differs.
        note: what else is to be said, in a few words; mostly empty.
    """

    field: str
    expected: Expected
    actual: Json
    kind: DifferenceKind
    note: str = ""


def compare(
    expected: Expected, actual: Json, field: str, *, hints: bool = False, exact: bool = False
) -> Iterator[Difference]:
    """Yield each place where a value differs from what is expected.

    Args:
        expected: as :func:`mockseg.matching.values.admit` returned it.
        actual: a JSON value, or ``ABSENT``.
        field: the place of the value; empty for a whole message.
        hints: note the other spelling under which a missing key is there. Without it the
            search is saved, for callers that only ask whether there is a difference.
        exact: objects may have no other members, all the way down.
    """
    if expected is ABSENT:
        if actual is not ABSENT:
            yield Difference(field, expected, actual, "unexpected")
    elif isinstance(expected, Exactly):
        yield from compare(expected.expected, actual, field, hints=hints, exact=True)
    elif isinstance(expected, dict):
        yield from _compare_object(expected, actual, field, hints=hints, exact=exact)
    elif actual is ABSENT:
        yield Difference(field, expected, actual, "missing")
    elif expected is ANY:
        return
    elif isinstance(expected, list):
        yield from _compare_array(expected, actual, field, hints=hints, exact=exact)
    elif is_plain(expected):
        yield from _compare_scalar(expected, actual, field)
    else:
        yield from _compare_token(expected, actual, field)


def same_but_for_format(one: str, other: str) -> bool:
    """Return whether two names differ in case, spaces and separators only.

    ``Order Completed``, ``order_completed`` and ``orderCompleted`` are the same.
    """
    letters = _letters(one)
    return letters != "" and letters == _letters(other)


# The same few names are compared again and again when the nearest of many calls is sought.
@lru_cache(maxsize=512)
def _letters(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _compare_object(
    expected: dict[str, Expected], actual: Json, field: str, *, hints: bool, exact: bool
) -> Iterator[Difference]:
    if actual is ABSENT:
        if not expected:
            yield Difference(field, expected, actual, "missing")
        members: JsonObject = {}
    elif isinstance(actual, dict):
        members = actual
    else:
        yield Difference(field, expected, actual, "type")
        return
    for key, member in expected.items():
        place = shown_path(field, key)
        if key in members:
            yield from compare(member, members[key], place, hints=hints, exact=exact)
        elif hints and member is not ABSENT and (other := _meant(key, members, expected)):
            yield Difference(place, member, ABSENT, "missing", meant(other))
        else:
            yield from compare(member, ABSENT, place, hints=hints)
    if exact:
        for key, value in members.items():
            if key not in expected:
                yield Difference(shown_path(field, key), ABSENT, value, "extra")


def _meant(key: str, members: Json, expected: dict[str, Expected]) -> str | None:
    """Find the key that was probably meant: ``order_id`` for ``orderId``, ``plan`` for ``pln``."""
    others = (other for other in members if other not in expected)
    return nearest(key, tuple(others))


def _compare_array(
    expected: list[Expected], actual: Json, field: str, *, hints: bool, exact: bool
) -> Iterator[Difference]:
    if not isinstance(actual, list):
        yield Difference(field, expected, actual, "type")
    elif len(actual) != len(expected):
        note = f"{_items(len(expected))} expected, {len(actual)} there"
        yield Difference(field, expected, actual, "value", note)
    else:
        for index, item in enumerate(expected):
            place = f"{field}[{index}]"
            yield from compare(item, actual[index], place, hints=hints, exact=exact)


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _compare_scalar(expected: Json, actual: Json, field: str) -> Iterator[Difference]:
    if type_name(expected) != type_name(actual):
        yield Difference(field, expected, actual, "type")
    elif expected != actual:
        yield Difference(field, expected, actual, "value")


def _compare_token(expected: Expected, actual: Json, field: str) -> Iterator[Difference]:
    """Ask a pattern, a predicate, or an object with its own ``==``; what raises has said no."""
    if isinstance(expected, re.Pattern):
        if not isinstance(actual, str):
            yield Difference(field, expected, actual, "type")
        elif expected.fullmatch(actual) is None:
            yield Difference(field, expected, actual, "value")
        return
    asks = callable(expected) and not isinstance(expected, type)
    question: Callable[[], object] = (
        (lambda: expected(actual)) if asks else (lambda: expected == actual)
    )
    try:
        if question():
            return
        note = ""
    except Exception as error:  # noqa: BLE001 - a person's code; the note says what it raised
        said = " ".join(str(error)[:80].split())
        note = f"raised {type(error).__name__}" + (f": {said}" if said else "")
    yield Difference(field, expected, actual, "predicate" if asks else "value", note)


def difference_line(difference: Difference) -> str:
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


def difference_json(difference: Difference) -> JsonObject:
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
