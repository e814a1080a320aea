"""Messages that are wrong in one known way, each with its label."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.catalogue.lookup import FoundRule, PlanLike, get, matches_of
from mockseg.catalogue.mistakes import Label, label_texts, mistakes_of
from mockseg.catalogue.mistakes import discards as edge_mistakes
from mockseg.domain.limits import MAX_BATCH_CALLS, MAX_CALL_BYTES
from mockseg.domain.spec import check
from mockseg.json_types import Json, JsonObject
from mockseg.plans.model import Strictness
from mockseg.plans.planset import PlanSet
from mockseg.schemas.mistakes import Mistake
from mockseg.strategies.chooser import LARGEST, PLAIN, fresh, padded
from mockseg.strategies.events import checked_types, messages_of, spec_messages, weighted


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
) -> SearchStrategy[Invalid]:
    """Return messages of one planned event that are wrong in one known way.

    Every way that the plan can be broken is drawn, each kind of mistake equally often; what
    is not wrong varies as in :func:`mockseg.strategies.event`.

    Args:
        name: as for :func:`mockseg.strategies.event`.
        plan: as there.
        type: as there.
        strictness: as there; what is wrong depends on it.
        discards: break the Spec too, so that Segment discards the message: bad ids, no
            ids, no event, too large.

    Raises:
        PlanError: as for :func:`mockseg.strategies.event`.
    """
    match = get(name, plan=plan, type=type, strictness=strictness)
    return fresh(_invalid(match, discards=discards))


def invalid_events(
    plan: PlanLike, *, strictness: Strictness = "strict", discards: bool = True
) -> SearchStrategy[Invalid]:
    """Return messages of all events of a plan that are wrong in one known way.

    Args:
        plan: as for :func:`mockseg.strategies.event`.
        strictness: as there.
        discards: as for :func:`invalid_event`.

    Raises:
        PlanError: unknown plan, or one of its schemas cannot be satisfied.
    """
    return fresh(
        weighted(
            [
                (_invalid(match, discards=discards), 1 + len(_by_code(match)))
                for match in matches_of(plan, strictness=strictness)
            ]
        )
    )


def invalid_messages(types: Iterable[str] | None = None) -> SearchStrategy[Invalid]:
    """Return messages of the Spec that Segment would discard, each wrong in one known way.

    Args:
        types: ``track``, ``identify``, ``page``, ``screen``, ``group``, ``alias``; all
            when None.

    Raises:
        PlanError: unknown type.
    """
    kinds = checked_types(types)
    return fresh(weighted([(_discarded(spec_messages(kind)), 1) for kind in kinds]))


def invalid_batches() -> SearchStrategy[Invalid]:
    """Return batches of one call more than Segment takes: answered 200 and rejected whole."""
    return _CROWDED


def _invalid(match: FoundRule, *, discards: bool) -> SearchStrategy[Invalid]:
    good = messages_of(match)
    ways = _by_code(match)
    if not ways:
        return _discarded(good)
    against = _mistaken(good, match)
    if not discards:
        return against
    return weighted([(against, len(ways)), (_discarded(good), max(1, len(ways) // 2))])


@lru_cache(maxsize=1024)
def _by_code(match: FoundRule) -> tuple[tuple[Mistake, ...], ...]:
    """Group mistakes by code: wrong types are far more than all others together."""
    grouped: dict[str, list[Mistake]] = {}
    for each in mistakes_of(match):
        grouped.setdefault(each.code, []).append(each)
    return tuple(tuple(same) for same in grouped.values())


@lru_cache(maxsize=64)
def _checks(first: FoundRule) -> PlanSet:
    return PlanSet([first.plan])


@st.composite
def _mistaken(draw: DrawFn, good: SearchStrategy[JsonObject], match: FoundRule) -> Invalid:
    groups = _by_code(match)
    kind, position = draw(_up_to(len(groups))), draw(_POSITIONS)
    message = draw(good)
    for group in (*groups[kind:], *groups[:kind]):
        for offset in range(len(group)):
            way = group[(position + offset) % len(group)]
            broken = way.made_in(message)
            if broken is None or not _finds(match, broken, way):
                continue
            if way.code in _OTHERS:
                broken = _varied(draw, broken, match, way)
            return Invalid(message=broken, label=Label(kind="violation", **label_texts(match, way)))
    return _discard_of(message, position)


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


@st.composite
def _discarded(draw: DrawFn, good: SearchStrategy[JsonObject]) -> Invalid:
    position = draw(_POSITIONS)
    return _discard_of(draw(good), position)


def _discard_of(message: JsonObject, position: int) -> Invalid:
    ways = edge_mistakes(message["type"])
    chosen = position % (len(ways) + 1)
    if chosen == len(ways):
        broken: JsonObject | None = padded(message, MAX_CALL_BYTES + 1)
        code, field, detail = "call_too_large", "", "by-one-byte"
        sentence = f"it has {MAX_CALL_BYTES + 1} bytes"
    else:
        way = ways[chosen]
        broken = way.made_in(message)
        code, detail, sentence = way.code, way.detail, way.sentence
        field = way.field if way.path else ""
    assert broken is not None  # noqa: S101  (each changes the fields that Segment looks at)
    return Invalid(
        message=broken,
        label=Label(
            id="/".join(("spec", message["type"], code, field or "(root)", detail)),
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


_SCALARS: Final = st.one_of(st.text(max_size=8), st.integers(-100, 100), st.booleans(), st.none())
# Code -> type of a wrong value -> others that are wrong in the same way.
_OTHERS: Final[dict[str, dict[type[Any], SearchStrategy[Any]]]] = {
    "additional_property": {str: PLAIN.anything()},
    "invalid_type": {
        str: PLAIN.text("", 0, None),
        bool: st.booleans(),
        int: st.integers(-LARGEST, LARGEST),
        float: st.integers(-(2**31), 2**31).map(lambda number: number + 0.5),
        list: st.lists(_SCALARS, max_size=3),
        dict: st.dictionaries(PLAIN.names(), _SCALARS, max_size=3),
    },
}
# Many more than there are faults of a message, so that each is drawn about equally often.
_POSITIONS: Final = st.integers(0, 9_999)
_SHORT: Final = st.text("abcdefgh0123456789", min_size=1, max_size=8)
_CROWDED: Final[SearchStrategy[Any]] = st.tuples(
    st.fixed_dictionaries({"type": st.just("track"), "event": _SHORT, "userId": _SHORT}),
    _SHORT,
).map(_crowd)
