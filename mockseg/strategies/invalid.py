"""Messages that are wrong in one known way, each with its label."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from hypothesis import strategies as st

from mockseg.catalogue.breakages import breakages
from mockseg.catalogue.discards import discard_faults
from mockseg.domain.limits import MAX_BATCH_CALLS, MAX_CALL_BYTES
from mockseg.strategies.events import messages_of, weighted
from mockseg.strategies.fresh import fresh
from mockseg.strategies.messages import checked_types, spec_messages
from mockseg.strategies.mistakes import mistaken
from mockseg.strategies.subjects import plan_of, subject_of, subjects_of
from mockseg.strategies.variety import varied
from mockseg.strategies.wire import padded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockseg.catalogue.breakages import Breakage
    from mockseg.catalogue.model import Strictness
    from mockseg.json_types import JsonObject
    from mockseg.plans.planset import PlanSet
    from mockseg.strategies.subjects import PlanLike, Subject

__all__ = [
    "Invalid",
    "Label",
    "invalid_batches",
    "invalid_event",
    "invalid_events",
    "invalid_messages",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What is wrong with a message, and what mockseg must say of it.

    Attributes:
        id: the name of this way to be wrong.
        description: what is wrong, in one sentence.
        kind: ``violation`` of the plan, or ``discard`` by Segment's edge.
        code: the code of the finding that it must give; it may give others too.
        field: the field of that finding, as Segment writes it.
        plan: the plan that is broken; empty where Segment itself discards.
        rule: the rule's name; empty likewise.
        when: the branch of a conditional rule that is broken; empty otherwise.
    """

    id: str
    description: str
    kind: Literal["violation", "discard"]
    code: str
    field: str
    plan: str = ""
    rule: str = ""
    when: str = ""


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
    """Give messages of one planned event that are wrong in one known way.

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
    subject = subject_of(name, plan=plan, type=type, strictness=strictness)
    box = _PlanBox(plan if plan is not None else subject.plan, strictness)
    return fresh(_invalid(subject, discards, box))


def invalid_events(
    plan: PlanLike, *, strictness: Strictness = "strict", discards: bool = True
) -> SearchStrategy[Invalid]:
    """Give messages of all events of a plan that are wrong in one known way.

    Args:
        plan: as for :func:`mockseg.strategies.event`.
        strictness: as there.
        discards: as for :func:`invalid_event`.

    Raises:
        PlanError: there is no such plan, or one of its schemas cannot be satisfied.
    """
    box = _PlanBox(plan, strictness)
    return fresh(
        weighted(
            [
                (_invalid(subject, discards, box), 1 + len(_kinds(_ways(subject))))
                for subject in subjects_of(plan, strictness=strictness)
            ]
        )
    )


def invalid_messages(types: Iterable[str] | None = None) -> SearchStrategy[Invalid]:
    """Give messages of the Spec that Segment would discard, each wrong in one known way.

    Args:
        types: ``track``, ``identify``, ``page``, ``screen``, ``group``, ``alias``; all
            when None.

    Raises:
        PlanError: there is no such type.
    """
    kinds = checked_types(types)
    return fresh(weighted([(_discarded(spec_messages(kind)), 1) for kind in kinds]))


def invalid_batches() -> SearchStrategy[Invalid]:
    """Give batches of one call more than Segment takes: answered 200 and rejected whole."""
    return _CROWDED


class _PlanBox:
    """A plan for validation, made when it is first needed."""

    def __init__(self, plan: PlanLike, strictness: Strictness) -> None:
        self._plan = plan
        self._strictness = strictness
        self._made: PlanSet | None = None

    def get(self) -> PlanSet:
        from mockseg.plans.planset import PlanSet

        if self._made is None:
            self._made = PlanSet([plan_of(self._plan, strictness=self._strictness)])
        return self._made


def _invalid(subject: Subject, discards: bool, box: _PlanBox) -> SearchStrategy[Invalid]:  # noqa: FBT001  (handed on)
    ways = _ways(subject)
    good = messages_of(subject)
    if subject.whole is None:
        against: SearchStrategy[Invalid] | None = _mistaken(good, subject, box)
        count = 16
    else:
        against = _broken(good, subject, _kinds(ways)) if ways else None
        count = len(_kinds(ways))
    if not discards:
        return _discarded(good) if against is None else against
    if against is None:
        return _discarded(good)
    return weighted([(against, max(1, count)), (_discarded(good), max(1, count // 2))])


@lru_cache(maxsize=1024)
def _ways(subject: Subject) -> tuple[Breakage, ...]:
    if subject.whole is None or subject.rule is None:
        return ()
    return breakages(subject.whole, subject.rule)


def _kinds(ways: tuple[Breakage, ...]) -> tuple[tuple[Breakage, ...], ...]:
    """Group ways by code: wrong types are far more than all others together."""
    grouped: dict[str, list[Breakage]] = {}
    for way in ways:
        grouped.setdefault(way.code, []).append(way)
    return tuple(tuple(same) for same in grouped.values())


@st.composite
def _broken(
    draw: DrawFn,
    good: SearchStrategy[JsonObject],
    subject: Subject,
    kinds: tuple[tuple[Breakage, ...], ...],
) -> Invalid:
    """Draw a kind of mistake, a way to make it, and what varies from a good message."""
    same = kinds[draw(_up_to(len(kinds)))]
    way = same[draw(_up_to(len(same)))]
    message = draw(varied(way, good, subject))
    return Invalid(
        message=message,
        label=Label(
            id=way.id,
            description=way.description,
            kind=way.kind,
            code=way.code,
            field=way.field,
            plan=way.plan,
            rule=way.rule,
            when=way.when,
        ),
    )


@st.composite
def _mistaken(
    draw: DrawFn, good: SearchStrategy[JsonObject], subject: Subject, box: _PlanBox
) -> Invalid:
    """Draw a good message of the user's own plan and make one mistake that the plan sees."""
    message = draw(good)
    position = draw(_POSITIONS)
    found = mistaken(message, subject, box.get(), position=position)
    if found is None:
        return _discard_of(message, position)
    broken, code, field, sentence = found
    return Invalid(
        message=broken,
        label=Label(
            id=f"{subject.plan}/{subject.name}/{code}/{field}",
            description=sentence,
            kind="violation",
            code=code,
            field=field,
            plan=subject.plan,
            rule=subject.name,
        ),
    )


@st.composite
def _discarded(draw: DrawFn, good: SearchStrategy[JsonObject]) -> Invalid:
    position = draw(_POSITIONS)
    return _discard_of(draw(good), position)


def _discard_of(message: JsonObject, position: int) -> Invalid:
    faults = [
        (fault.message, fault.code, fault.field, fault.detail, fault.description)
        for fault in discard_faults(message)
    ]
    large = padded(message, MAX_CALL_BYTES + 1)
    faults.append(
        (large, "call_too_large", "", "by-one-byte", f"it has {MAX_CALL_BYTES + 1} bytes")
    )
    broken, code, field, detail, sentence = faults[position % len(faults)]
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


# Many more than there are faults of a message, so that each is drawn about equally often.
_POSITIONS: Final = st.integers(0, 9_999)
_SHORT: Final = st.text("abcdefgh0123456789", min_size=1, max_size=8)
_CROWDED: Final[SearchStrategy[Any]] = st.tuples(
    st.fixed_dictionaries({"type": st.just("track"), "event": _SHORT, "userId": _SHORT}),
    _SHORT,
).map(_crowd)
