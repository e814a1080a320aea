"""A query as a predicate over kept calls.

What decides quickly is looked at first: the keys of a record, then the bytes that were sent,
then the decoded message, which is decoded at most once for all terms. Pure.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from mockseg import json_types
from mockseg.clock import NANOSECONDS
from mockseg.domain.call import KeptCall
from mockseg.domain.findings import Discard, Finding
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import FqlError, MalformedJsonError, QueryError
from mockseg.fql.query import parse_question
from mockseg.json_types import Json, JsonObject
from mockseg.query.moments import Boundary, boundary
from mockseg.query.terms import Term, Value, read_terms

IMPORT_PATH: Final = "/_mockseg/v1/calls/import"
# A call that its client kept back for longer is late.
LATE_SECONDS: Final = 60
_UNPLANNED = frozenset(
    {"unplanned", "unplanned_event", "unplanned_call", "unplanned_and_schema_violation"}
)
_SUFFIXES = {"k": 1024, "m": 1024 * 1024}
_IN_ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_MISSING: Final = object()
# Roots of a message whose values are as they were sent.
_AS_SENT: Final = ("properties", "traits")


class DeliveryFacts(NamedTuple):
    """What a query may ask of one delivery of a call.

    Attributes:
        names: id, name and type of the destination.
        state: queued, retrying, delivered, filtered or failed.
        reason: why it was filtered or failed, or None.
    """

    names: Collection[str]
    state: str
    reason: str | None


def no_deliveries(_cursor: int) -> Collection[DeliveryFacts]:
    return ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a query needs besides the calls.

    Attributes:
        now: for ``after:5m`` and ``after:20:18``; its time zone is that of times in the query.
        deliveries: returns the deliveries of the call at a cursor.
    """

    now: datetime
    deliveries: Callable[[int], Collection[DeliveryFacts]] = no_deliveries


class _Messages:
    """Decodes messages: that of one call once, for all terms of a query."""

    __slots__ = ("_call", "_message")

    def __init__(self) -> None:
        self._call: KeptCall | None = None
        self._message: JsonObject = {}

    def of(self, call: KeptCall) -> JsonObject:
        if call is not self._call:
            self._call, self._message = call, call.message()
        return self._message


_Test: TypeAlias = Callable[[KeptCall], bool]
_Texts: TypeAlias = Callable[[str | None], bool]


class _Step(NamedTuple):
    """One term's test, and what it costs: 0 record, 1 bytes or ledger, 2 message."""

    cost: int
    test: _Test


@dataclass(frozen=True, slots=True)
class CallQuery:
    """A query that was read; made by :func:`compile_query`.

    Attributes:
        text: as it was written.
        terms: its terms.
        matches: returns whether all terms hold for a call.
    """

    text: str
    terms: tuple[Term, ...]
    # A field, because it is called for each of a hundred thousand calls.
    matches: Callable[[KeptCall], bool] = field(repr=False, compare=False)
    _by_term: tuple[_Test, ...] = field(repr=False, compare=False)

    def failing(self, call: KeptCall) -> list[int]:
        """Return the places of the terms that do not hold for a call."""
        return [place for place, test in enumerate(self._by_term) if not test(call)]


def compile_query(text: str, surroundings: Surroundings) -> CallQuery:
    """Read a query and make its predicate.

    Raises:
        QueryError: it cannot be read; see :func:`mockseg.query.terms.read_terms`.
    """
    terms = read_terms(text)
    messages = _Messages()
    steps = [_step(term, text, surroundings, messages) for term in terms]
    by_term = tuple(step.test for step in steps)
    steps.sort(key=lambda step: step.cost)
    return CallQuery(text, terms, _all_of([step.test for step in steps]), by_term)


def _all_of(tests: list[_Test]) -> _Test:
    if len(tests) == 1:
        return tests[0]

    def test(call: KeptCall) -> bool:
        for one in tests:  # noqa: SIM110  (all() costs more than most tests)
            if not one(call):
                return False
        return True

    return test


def _step(term: Term, text: str, surroundings: Surroundings, messages: _Messages) -> _Step:
    steps = [_step_of_value(term, value, text, surroundings, messages) for value in term.values]
    tests = [step.test for step in steps]
    cost = max(step.cost for step in steps)
    positive = tests[0] if len(tests) == 1 else _any_of(tests)
    return _Step(cost, _not(positive) if term.negated else positive)


def _any_of(tests: list[_Test]) -> _Test:
    return lambda call: any(test(call) for test in tests)


def _not(test: _Test) -> _Test:
    return lambda call: not test(call)


def _step_of_value(
    term: Term, value: Value, text: str, surroundings: Surroundings, messages: _Messages
) -> _Step:
    key = term.key
    if key == "":
        return _Step(1, _contains_text(value.text))
    if term.field:
        return _Step(2, _field(term.field, value, messages))
    if key == "is":
        return _flag(value.text, messages)
    if key in _RECORD:
        return _Step(0, _record(_RECORD[key], value))
    if key in _IN_FINDING:
        of, equals = _IN_FINDING[key], _text(value)
        return _Step(2, lambda call: any(equals(each) for one in call.findings for each in of(one)))
    if key in _IN_MESSAGE:
        return _Step(2, _field(_IN_MESSAGE[key], value, messages, only_text=True))
    if key in _IN_DELIVERY:
        return _Step(1, _delivery(key, value, surroundings))
    if key in _NUMBERS:
        number, compare = _NUMBERS[key], _number(value, text)
        return _Step(0, lambda call: compare(number(call)))
    if key == "where":
        return _Step(2, _where(value, text, messages))
    limit = boundary(value, text=text, now=surroundings.now)
    return _Step(0, _beyond(limit, later=key == "after"))


# --- keys of the record

_RECORD: Final[dict[str, Callable[[KeptCall], str | None]]] = {
    "type": lambda call: call.type,
    "event": lambda call: call.event,
    "user": lambda call: call.user_id,
    "message": lambda call: call.message_id,
    "source": lambda call: call.source,
    "path": lambda call: call.request.path,
    "request": lambda call: call.request.id,
}
_IN_FINDING: Final[dict[str, Callable[[Finding], Collection[str]]]] = {
    "code": lambda finding: (finding.code,),
    "field": lambda finding: (finding.field,),
    "plan": lambda finding: () if isinstance(finding, Discard) else (finding.plan,),
}
_NUMBERS: Final[dict[str, Callable[[KeptCall], int]]] = {
    "attempt": lambda call: 1 if call.remark is None else call.remark.attempt,
    "size": lambda call: len(call.raw),
}
_IN_MESSAGE: Final = {
    "name": ("name",),
    "anon": ("anonymousId",),
    "group": ("groupId",),
    "sdk": ("context", "library", "name"),
}
_IN_DELIVERY: Final[dict[str, Callable[[DeliveryFacts], Collection[str]]]] = {
    "to": lambda delivery: delivery.names,
    "delivery": lambda delivery: (delivery.state,),
    "reason": lambda delivery: () if delivery.reason is None else (delivery.reason,),
}


def _record(read: Callable[[KeptCall], str | None], value: Value) -> _Test:
    if value.prefix:
        begins = _text(value)
        return lambda call: begins(read(call))
    wanted = value.text
    return lambda call: read(call) == wanted


def _text(value: Value) -> _Texts:
    """Return what tells whether a text is the value, or begins with it."""
    wanted = value.text
    if value.prefix:
        return lambda text: text is not None and text.startswith(wanted)
    return lambda text: text == wanted


def _number(value: Value, text: str) -> Callable[[float], bool]:
    digits, suffix = value.text, 1
    if digits[-1:].lower() in _SUFFIXES:
        digits, suffix = digits[:-1], _SUFFIXES[digits[-1].lower()]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise QueryError(
            f'expected a whole number such as 2 or 10k, got "{value.text[:40]}"',
            text=text,
            position=value.position,
        )
    wanted = int(digits) * suffix
    in_order = _IN_ORDER.get(value.comparison)
    if in_order is None:
        return lambda number: number == wanted
    return lambda number: in_order(number, wanted)


def _verdict(name: str) -> _Step:
    return _Step(0, lambda call: call.verdict == name)


def _is_late(call: KeptCall, message: JsonObject) -> bool:
    """Return whether its client sent it long after its time, by the client's own clock."""
    original = parse_moment(message.get("originalTimestamp"))
    sent = parse_moment(message.get("sentAt")) or call.request.received_ns
    return original is not None and sent - original > LATE_SECONDS * NANOSECONDS


_FLAGS: Final[dict[str, _Step]] = {
    "good": _Step(0, lambda call: call.good),
    "bad": _Step(0, lambda call: not call.good),
    **{name: _verdict(name) for name in ("accepted", "dropped", "blocked", "rejected")},
    "violation": _Step(0, lambda call: call.violates),
    "unplanned": _Step(2, lambda call: any(one.code in _UNPLANNED for one in call.findings)),
    "duplicate": _Step(0, lambda call: call.is_duplicate),
    "retried": _Step(0, lambda call: _NUMBERS["attempt"](call) > 1),
    "faulted": _Step(0, lambda call: call.request.fault is not None),
    "replayed": _Step(0, lambda call: call.request.path == IMPORT_PATH),
}


def _flag(name: str, messages: _Messages) -> _Step:
    if name == "late":
        return _Step(2, lambda call: _is_late(call, messages.of(call)))
    return _FLAGS[name]


def _beyond(limit: Boundary, *, later: bool) -> _Test:
    cursor, moment = limit
    if cursor is not None:
        if later:
            return lambda call: call.cursor > cursor
        return lambda call: call.cursor < cursor
    if later:
        return lambda call: call.request.received_ns >= moment
    return lambda call: call.request.received_ns < moment


def _delivery(key: str, value: Value, surroundings: Surroundings) -> _Test:
    read, equals, deliveries = _IN_DELIVERY[key], _text(value), surroundings.deliveries

    def test(call: KeptCall) -> bool:
        return any(equals(text) for one in deliveries(call.cursor) for text in read(one))

    return test


# --- the bytes that were sent


def _contains_text(word: str) -> _Test:
    """Look for a text, whatever its case, as it is written or escaped in JSON."""
    folded = word.casefold()
    # Inside of JSON some characters are always escaped.
    spelled = json_types.encode(folded).decode()[1:-1]
    plain = spelled.encode() if spelled.isascii() else None

    def test(call: KeptCall) -> bool:
        raw = bytes(call.raw)
        if plain is not None and plain in raw.lower():
            return True
        if b"\\" not in raw and raw.isascii():
            return False
        # Only what is escaped or not ASCII can spell it otherwise.
        text = json_types.encode(json_types.decode(call.raw)).decode().casefold()
        return spelled in text

    return test


def _may_have(names: tuple[str, ...], value: Value) -> _Test:
    """Return what tells from the bytes that a message cannot have a value at a place."""
    # A text is rarer than the name of its place.
    is_as_sent = names[0] in _AS_SENT and value.comparison not in _IN_ORDER and _is_text(value)
    rare = (is_as_sent and value.text) or names[-1]
    written = rare.encode("utf-8", "surrogatepass")

    def test(call: KeptCall) -> bool:
        if call.request.shared is not None or call.remark is not None:
            return True
        raw = bytes(call.raw)
        return written in raw or b"\\" in raw

    return test


# --- the decoded message


def value_at(message: JsonObject, names: tuple[str, ...], missing: Any) -> Any:
    """Return the JSON value to which names lead; `missing` without one."""
    found: Any = message
    for name in names:
        if not isinstance(found, dict) or name not in found:
            return missing
        found = found[name]
    return found


def _field(
    names: tuple[str, ...], value: Value, messages: _Messages, *, only_text: bool = False
) -> _Test:
    may_have, equals = _may_have(names, value), _json_test(value, only_text=only_text)

    def test(call: KeptCall) -> bool:
        if not may_have(call):
            return False
        found = value_at(messages.of(call), names, _MISSING)
        return found is not _MISSING and equals(found)

    return test


def _json_test(value: Value, *, only_text: bool) -> Callable[[Json], bool]:
    """Return what compares a JSON value with that of a term."""
    wanted = value.text
    if value.prefix:
        if not wanted:
            return lambda found: found is not None
        return lambda found: isinstance(found, str) and found.startswith(wanted)
    if only_text:
        return lambda found: bool(found == wanted)
    exact = exact_value(value)
    if value.comparison in _IN_ORDER:
        compare = _IN_ORDER[value.comparison]
        if not _is_number(exact):
            return lambda found: isinstance(found, str) and compare(found, wanted)  # type: ignore[arg-type]
        return lambda found: _is_number(found) and compare(found, exact)
    if value.comparison == "=":
        return lambda found: type(found) is type(exact) and bool(found == exact)
    if value.is_quoted or isinstance(exact, str):
        return lambda found: bool(found == wanted)
    return lambda found: (
        found == wanted
        or (bool(found == exact) and isinstance(found, bool) is isinstance(exact, bool))
    )


def _is_text(value: Value) -> bool:
    """Return whether only a text can be the value, or begin with it."""
    return value.prefix or isinstance(exact_value(value), str)


def exact_value(value: Value) -> Json:
    """Return the JSON value that a term names: a number, true, false, null or a text."""
    if value.is_quoted:
        return value.text
    try:
        found = json_types.decode(value.text.encode("utf-8", "replace"))
    except MalformedJsonError:
        return value.text
    return value.text if isinstance(found, dict | list) else found


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _where(value: Value, text: str, messages: _Messages) -> _Test:
    try:
        filter_ = parse_question(value.text)
    except FqlError as error:
        place = value.position + 1 + error.position
        raise QueryError(error.reason, text=text, position=min(place, len(text))) from None
    return lambda call: filter_.matches(messages.of(call))
