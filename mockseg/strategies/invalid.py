"""Messages that are wrong in one known way, each with its label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.catalogue.envelope import types_of
from mockseg.catalogue.lookup import FoundRule, PlanLike, get, matches_of
from mockseg.catalogue.mistakes import (
    MISTAKE_KINDS,
    Label,
    MistakeKind,
    kind_of,
    label_texts,
    mistakes_of,
)
from mockseg.catalogue.mistakes import discards as edge_mistakes
from mockseg.domain.limits import MAX_BATCH_CALLS, MAX_CALL_BYTES
from mockseg.domain.spec import check
from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject
from mockseg.plans.model import Strictness
from mockseg.plans.planset import PlanSet
from mockseg.schemas.mistakes import Mistake
from mockseg.strategies.chooser import LARGEST, PLAIN, fresh, padded
from mockseg.strategies.events import (
    checked_types,
    messages_of,
    messages_with,
    spec_messages,
    weighted,
)
from mockseg.suggestions import unknown

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """A message that is wrong, or a batch of messages that is, with the label.

    Attributes:
        message: the message; of a batch its body ``{"batch": [...]}``. Findings are those
            of a message that comes in a batch, where also its type can be wrong.
        label: what is wrong.
    """

    message: JsonObject
    label: Label


def invalid_event(
    name: str,
    *,
    plan: PlanLike | None = None,
    type: str | None = None,  # noqa: A002  # the word of the Spec
    strictness: Strictness = "strict",
    discards: bool = True,
    kinds: Iterable[MistakeKind] | None = None,
) -> SearchStrategy[Invalid]:
    """Return messages of one planned event that are wrong in one known way.

    Every way that the plan can be broken is drawn; what is not wrong varies as in
    :func:`mockseg.strategies.event`. The kinds of mistakes:

    ``missing``
        a property that is required is not there.
    ``wrong_type``
        a value of another JSON type.
    ``enum``
        a value that is not among the allowed ones.
    ``conditional``
        wrong only in one branch of a condition, such as a property that may not be there.
    ``format``
        a text without the format or the pattern.
    ``limit``
        a number, a text or a list that is too small, too large, or not a multiple.
    ``name``
        an event that the plan does not have, or a message without the name of its event.
    ``extra``
        a property that the plan does not have.
    ``ids``
        no user, ids that are not strings, a messageId that is too long.
    ``size``
        a message of one byte more than Segment takes.
    ``envelope``
        the type or another field of the message is not as the Spec wants it.

    Without ``kinds`` each kind that the event can have is drawn equally often, but ``size``
    is rarer, and ``extra`` and ``name`` together are at most a quarter.

    Args:
        name: as for :func:`mockseg.strategies.event`.
        plan: as there.
        type: as there.
        strictness: as there; what is wrong depends on it.
        discards: break the Spec too, so that Segment discards the message: ``ids``,
            ``size``, ``envelope``, and ``name`` where it has no name.
        kinds: the kinds of mistakes, drawn equally often; all when None.

    Raises:
        PlanError: as for :func:`mockseg.strategies.event`; or a kind is unknown, or this
            event has no mistake of these kinds. Where another part of the schema allows
            each of them, it is raised when the first message is drawn.
    """
    match = get(name, plan=plan, type=type, strictness=strictness)
    return fresh(invalid_of((match,), discards=discards, kinds=kinds))


def invalid_events(
    plan: PlanLike,
    *,
    strictness: Strictness = "strict",
    discards: bool = True,
    kinds: Iterable[MistakeKind] | None = None,
) -> SearchStrategy[Invalid]:
    """Return messages of all events of a plan that are wrong in one known way.

    Args:
        plan: as for :func:`mockseg.strategies.event`.
        strictness: as there.
        discards: as for :func:`invalid_event`.
        kinds: as there; only events that can have them are drawn.

    Raises:
        PlanError: unknown plan, one of its schemas cannot be satisfied, a kind is unknown,
            or the plan has no mistake of these kinds.
    """
    matches = matches_of(plan, strictness=strictness)
    return fresh(invalid_of(matches, discards=discards, kinds=kinds))


def invalid_messages(
    types: Iterable[str] | None = None, *, kinds: Iterable[MistakeKind] | None = None
) -> SearchStrategy[Invalid]:
    """Return messages of the Spec that Segment would discard, each wrong in one known way.

    Args:
        types: ``track``, ``identify``, ``page``, ``screen``, ``group``, ``alias``; all
            when None.
        kinds: ``ids``, ``name``, ``size`` and ``envelope``, as :func:`invalid_event` tells
            them; all when None.

    Raises:
        PlanError: unknown type or kind, or messages of these types have no such mistake.
    """
    wanted = checked_kinds(kinds)
    found = [
        (_broken(spec_messages(type_), None, table, discards=True), 1)
        for type_ in checked_types(types)
        if (table := _table(_discards_of(type_), wanted))
    ]
    return fresh(weighted(_some(found, wanted, _OF_SPEC, where="Spec")))


def invalid_batches() -> SearchStrategy[Invalid]:
    """Return batches of one call more than Segment takes: answered 200 and rejected whole."""
    return _CROWDED


def invalid_of(
    matches: tuple[FoundRule, ...], *, discards: bool, kinds: Iterable[MistakeKind] | None
) -> SearchStrategy[Invalid]:
    wanted = checked_kinds(kinds)
    found: list[tuple[SearchStrategy[Invalid], int]] = []
    known: dict[MistakeKind, None] = {}
    for match in matches:
        groups = _violations_of(match)
        # Of an event whose plan allows everything there are no other mistakes.
        spec = discards or not groups
        possible = possible_kinds(match, discards=spec)
        known |= dict.fromkeys(possible)
        if table := _table(possible, wanted):
            codes = sum(map(len, groups.values()))
            found.append((_broken(messages_of(match), match, table, discards=spec), 1 + codes))
    allowed = tuple(kind for kind in MISTAKE_KINDS if kind in known)
    return weighted(_some(found, wanted, allowed, where=matches[0].plan.slug))


def possible_kinds(match: FoundRule, *, discards: bool = True) -> set[MistakeKind]:
    """Return the kinds of mistakes that messages of a rule can have."""
    return {*_violations_of(match), *(_discards_of(types_of(match)[0]) if discards else ())}


def checked_kinds(kinds: Iterable[MistakeKind] | None) -> tuple[MistakeKind, ...] | None:
    if kinds is None:
        return None
    if isinstance(kinds, str):
        raise PlanError(f'kinds must be a list of kinds, got "{kinds}"', file="kinds")
    named = tuple(kinds)
    for each in named:
        if each not in MISTAKE_KINDS:
            raise PlanError(unknown("kind of mistake", str(each), MISTAKE_KINDS), file="kinds")
    return named


def _some(
    found: list[T], wanted: tuple[MistakeKind, ...] | None, possible: tuple[str, ...], *, where: str
) -> list[T]:
    if not found:
        raise PlanError(
            f"no mistake of kind {' or '.join(wanted or ()) or '(none given)'} is possible here; "
            f"possible kinds: {', '.join(possible)}",
            file=where,
        )
    return found


def _table(
    possible: Iterable[MistakeKind], wanted: tuple[MistakeKind, ...] | None
) -> tuple[MistakeKind, ...]:
    """Return the kinds, each as often as it is drawn beside the others."""
    there = set(possible)
    if wanted is not None:
        return tuple(kind for kind in dict.fromkeys(wanted) if kind in there)
    return tuple(
        kind for kind in MISTAKE_KINDS if kind in there for _ in range(_SHARES.get(kind, 6))
    )


_Groups: TypeAlias = "Mapping[MistakeKind, tuple[tuple[Mistake, ...], ...]]"


def _grouped(ways: Iterable[Mistake], *, discard: bool) -> _Groups:
    """Group mistakes by kind and code: wrong types are far more than all others together."""
    found: dict[MistakeKind, dict[str, list[Mistake]]] = {}
    for each in ways:
        kind = kind_of(each.code, when=each.when, discard=discard)
        found.setdefault(kind, {}).setdefault(each.code, []).append(each)
    return {kind: tuple(map(tuple, codes.values())) for kind, codes in found.items()}


@lru_cache(maxsize=1024)
def _violations_of(match: FoundRule) -> _Groups:
    return _grouped(mistakes_of(match), discard=False)


@lru_cache(maxsize=16)
def _discards_of(type_: str) -> _Groups:
    return {**_grouped(edge_mistakes(type_), discard=True), "size": ()}


@lru_cache(maxsize=64)
def _checks(first: FoundRule) -> PlanSet:
    return PlanSet([first.plan])


@st.composite
def _broken(
    draw: DrawFn,
    good: SearchStrategy[JsonObject],
    match: FoundRule | None,
    table: tuple[MistakeKind, ...],
    *,
    discards: bool,
) -> Invalid:
    chosen, position = table[draw(_up_to(len(table)))], draw(_POSITIONS)
    message = draw(good)
    # What cannot be made in this message gives way to another kind, a telling one first.
    kinds = (chosen, *sorted(set(table) - {chosen}, key=lambda kind: (kind in _SHARES, kind)))
    for kind in kinds:
        found = None if match is None else _violation(draw, message, match, kind, position)
        if found is None and discards:
            found = _discard(message, kind, position)
        if found is not None:
            return found
    assert match is not None  # noqa: S101  (each discard can be made in each message)
    return _violation_with_parts(draw, match, message["type"], kinds, position)


def _violation_with_parts(
    draw: DrawFn, match: FoundRule, type_: str, kinds: tuple[MistakeKind, ...], position: int
) -> Invalid:
    """Draw a message that has what a mistake is made of, such as a list, and make it."""
    for kind in kinds:
        for way in _ordered(_violations_of(match).get(kind, ()), position):
            good = _messages_for(match, type_, way)
            found = None if good is None else _made(draw, draw(good), match, way)
            if found is not None:
                return found
    raise PlanError(
        f"no message of {match.rule.name} is wrong by a mistake of kind {' or '.join(kinds)}: "
        "another part of its schema allows each of them",
        file=match.plan.slug,
    )


@lru_cache(maxsize=1024)
def _messages_for(match: FoundRule, type_: str, way: Mistake) -> SearchStrategy[JsonObject] | None:
    needed: JsonObject = {"minItems": 1}
    for step in reversed(way.changes[-1].path):
        if isinstance(step, int):
            needed = {"type": "array", "minItems": 1, "items": needed}
        else:
            needed = {"type": "object", "required": [step], "properties": {step: needed}}
    try:
        return messages_with(match, type_, needed)
    except PlanError:
        # No good message has this part.
        return None


def _violation(
    draw: DrawFn, message: JsonObject, match: FoundRule, kind: MistakeKind, position: int
) -> Invalid | None:
    groups = _violations_of(match).get(kind, ())
    if kind == "name" and position % 2 and "name" in _discards_of(message["type"]):
        return None
    made = (_made(draw, message, match, way) for way in _ordered(groups, position))
    return next((found for found in made if found is not None), None)


def _made(draw: DrawFn, message: JsonObject, match: FoundRule, way: Mistake) -> Invalid | None:
    broken = way.made_in(message)
    if broken is None or not _finds(match, broken, way):
        return None
    if way.code in _OTHERS:
        broken = _varied(draw, broken, match, way)
    return Invalid(message=broken, label=Label(kind="violation", **label_texts(match, way)))


def _ordered(groups: tuple[tuple[Mistake, ...], ...], position: int) -> Iterator[Mistake]:
    for group in _rotated(groups, position):
        yield from _rotated(group, position // len(groups))


def _rotated(items: tuple[T, ...], position: int) -> tuple[T, ...]:
    start = position % len(items) if items else 0
    return (*items[start:], *items[:start])


def _finds(match: FoundRule, message: JsonObject, way: Mistake) -> bool:
    kind, event = message.get("type"), message.get("event")
    if check(message, kind if isinstance(kind, str) else ""):
        # Segment discards it, so that no plan judges it.
        return False
    found = _checks(FoundRule(match.plan, match.plan.rules[0])).check(
        message, type=message["type"], event=event if isinstance(event, str) else None
    )
    return any((each.code, each.field) == (way.code, way.field) for each in found)


def _varied(draw: DrawFn, broken: JsonObject, match: FoundRule, way: Mistake) -> JsonObject:
    varied = deepcopy(broken)
    holder: Json = varied
    for step in way.path[:-1]:
        holder = holder[step]
    last = way.path[-1]
    holder[last] = draw(_OTHERS[way.code].get(type(holder[last]), st.just(holder[last])))
    return varied if _finds(match, varied, way) else broken


def _discard(message: JsonObject, kind: MistakeKind, position: int) -> Invalid | None:
    type_ = message["type"]
    if kind == "size":
        broken: JsonObject | None = padded(message, MAX_CALL_BYTES + 1)
        code, field, detail = "call_too_large", "", "by-one-byte"
        sentence = f"it has {MAX_CALL_BYTES + 1} bytes"
    else:
        groups = _discards_of(type_).get(kind)
        if not groups:
            return None
        group = groups[position // 2 % len(groups)]
        way = group[position // 2 // len(groups) % len(group)]
        broken = way.made_in(message)
        code, detail, sentence = way.code, way.detail, way.sentence
        field = way.field if way.path else ""
    assert broken is not None  # noqa: S101  (each changes the fields that Segment looks at)
    return Invalid(
        message=broken,
        label=Label(
            id="/".join(("spec", type_, code, field or "(root)", detail)),
            description=sentence,
            kind="discard",
            code=code,
            field=field,
        ),
    )


def _crowd(drawn: tuple[JsonObject, str]) -> Invalid:
    message, stem = drawn
    calls = [{**message, "messageId": f"{stem}{count}"} for count in range(MAX_BATCH_CALLS + 1)]
    return Invalid(
        message={"batch": calls},
        label=Label(
            id="spec/batch/batch_too_many_calls/batch",
            description=f"the batch has {MAX_BATCH_CALLS + 1} calls",
            kind="discard",
            code="batch_too_many_calls",
            field="batch",
        ),
    )


@lru_cache(maxsize=4096)
def _up_to(count: int) -> SearchStrategy[int]:
    return st.integers(0, count - 1)


_OF_SPEC: Final[tuple[MistakeKind, ...]] = ("name", "ids", "size", "envelope")
# Of all others six shares: so these two are at most a quarter, whatever else there is.
_SHARES: Final[dict[MistakeKind, int]] = {"extra": 1, "name": 1, "size": 2}
_SCALARS: Final = st.one_of(st.text(max_size=8), st.integers(-100, 100), st.booleans(), st.none())
# Code -> type of a wrong value -> others that are wrong in the same way.
_OTHERS: Final[dict[str, dict[type[Any], SearchStrategy[Any]]]] = {
    "additional_property": {str: PLAIN.anything().strategy},
    "invalid_type": {
        str: PLAIN.text("", 0, None).strategy,
        bool: st.booleans(),
        int: st.integers(-LARGEST, LARGEST),
        float: st.integers(-(2**31), 2**31).map(lambda number: number + 0.5),
        list: st.lists(_SCALARS, max_size=3),
        dict: st.dictionaries(PLAIN.names().strategy, _SCALARS, max_size=3),
    },
}
# Many more than there are faults of a message, so that each is drawn about equally often.
_POSITIONS: Final = st.integers(0, 9_999)
_SHORT: Final = st.text("abcdefgh0123456789", min_size=1, max_size=8)
_CROWDED: Final[SearchStrategy[Any]] = st.tuples(
    st.fixed_dictionaries({"type": st.just("track"), "event": _SHORT, "userId": _SHORT}),
    _SHORT,
).map(_crowd)
