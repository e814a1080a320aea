"""Messages of planned events, and the parts of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from mockseg.errors import PlanError
from mockseg.strategies.building import Builder
from mockseg.strategies.envelope import BODIES, Wrapping, context_schema, envelope, types_of
from mockseg.strategies.fresh import fresh
from mockseg.strategies.keywords import usable
from mockseg.strategies.palette import PLAIN
from mockseg.strategies.realistic import palette_of
from mockseg.strategies.subjects import subject_of, subjects_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockseg.catalogue.model import Strictness
    from mockseg.json_types import JsonObject
    from mockseg.strategies.palette import Palette
    from mockseg.strategies.subjects import PlanLike, Subject

__all__ = ["context", "event", "events", "messages_of", "properties", "traits", "weighted"]

_WHOLE = Wrapping()
_BODY_ONLY = Wrapping(context=False, timestamp=False, plain=True)


def event(
    name: str,
    *,
    plan: PlanLike | None = None,
    type: str | None = None,  # noqa: A002  # the word of the Spec
    strictness: Strictness = "strict",
    realistic: bool = False,
) -> SearchStrategy[JsonObject]:
    """Give whole messages of one planned event.

    Values come from the whole space that the plan allows. They have no messageId, which
    Segment then assigns, so that none is a duplicate.

    Args:
        name: the event's name, or ``identify``, ``page`` and the like.
        plan: the plan that it stands in: a name in the catalogue, a ``Path``, a plan that
            was read, or its JSON; the first of the catalogue that knows it when None.
        type: the type of call, where one name has several.
        strictness: of the catalogue's plans; what is good in ``strict`` is good in both.
        realistic: names, addresses and the like as people have them, by Faker
            (``mockseg[traffic]``).

    Raises:
        PlanError: no such event or plan, with the nearest names; or its schema cannot be
            satisfied.
    """
    subject = subject_of(name, plan=plan, type=type, strictness=strictness)
    return fresh(messages_of(subject, palette=palette_of(realistic=realistic)))


def events(
    plan: PlanLike, *, strictness: Strictness = "strict", realistic: bool = False
) -> SearchStrategy[JsonObject]:
    """Give whole messages of all events of a plan, those with many branches more often.

    Args:
        plan: as for :func:`event`.
        strictness: of the catalogue's plans.
        realistic: see :func:`event`.

    Raises:
        PlanError: there is no such plan, or one of its schemas cannot be satisfied.
    """
    palette = palette_of(realistic=realistic)
    return fresh(
        weighted(
            [
                (messages_of(subject, palette=palette), subject.weight)
                for subject in subjects_of(plan, strictness=strictness)
            ]
        )
    )


def properties(
    name: str,
    *,
    plan: PlanLike | None = None,
    type: str | None = None,  # noqa: A002  # the word of the Spec
    strictness: Strictness = "strict",
    realistic: bool = False,
) -> SearchStrategy[JsonObject]:
    """Give the properties of one planned event; see :func:`event`.

    Raises:
        PlanError: as for :func:`event`, or the event has traits and no properties.
    """
    return _body("properties", name, plan, type, strictness, realistic=realistic)


def traits(
    name: str = "identify",
    *,
    plan: PlanLike | None = None,
    strictness: Strictness = "strict",
    realistic: bool = False,
) -> SearchStrategy[JsonObject]:
    """Give the traits of identify or group calls; see :func:`event`.

    Raises:
        PlanError: as for :func:`event`, or the call has properties and no traits.
    """
    return _body("traits", name, plan, None, strictness, realistic=realistic)


def context(*, realistic: bool = False) -> SearchStrategy[JsonObject]:
    """Give contexts with the fields that the Spec names, each there or not."""
    return _context(realistic)


def weighted(choices: Sequence[tuple[SearchStrategy[Any], int]]) -> SearchStrategy[Any]:
    """Give what one of several strategies gives, each as often as its weight says."""
    if len(choices) == 1:
        return choices[0][0]
    table = [index for index, (_, weight) in enumerate(choices) for _ in range(weight)]
    return _weighted(st.integers(0, len(table) - 1), tuple(table), tuple(s for s, _ in choices))


@st.composite
def _weighted(
    draw: DrawFn,
    position: SearchStrategy[int],
    table: tuple[int, ...],
    strategies: tuple[SearchStrategy[Any], ...],
) -> Any:
    return draw(strategies[table[draw(position)]])


def messages_of(
    subject: Subject, *, palette: Palette = PLAIN, wrapping: Wrapping = _WHOLE
) -> SearchStrategy[JsonObject]:
    """Give messages of a rule.

    Raises:
        PlanError: its schema is not one that strategies can be made of, or nothing
            satisfies it.
    """
    return _messages_of(subject, palette, wrapping)


# Subjects are equal only to themselves; those of the catalogue are made once.
@lru_cache(maxsize=2048)
def _messages_of(
    subject: Subject, palette: Palette, wrapping: Wrapping
) -> SearchStrategy[JsonObject]:
    place = f"{subject.name}.jsonSchema"
    schemas = [
        usable(schema, file=subject.plan, place=place)
        for schema in (subject.schema, *subject.common)
    ]
    builder = Builder(palette, file=subject.plan)
    made: list[SearchStrategy[JsonObject]] = []
    kinds = types_of(subject)
    refused: PlanError | None = None
    for kind in kinds:
        around = envelope(subject, kind, wrapping)
        try:
            own = _own_rules(subject, kind)
            made.append(builder.build((around, *schemas, *own), place=place))
        except PlanError as error:
            # What is said of every call may exclude some types of it.
            refused = error
    if not made:
        assert refused is not None  # noqa: S101  (there is at least one type)
        raise refused
    found = weighted([(each, 1) for each in made])
    return _with_user_id(found, subject)


def _own_rules(subject: Subject, kind: str) -> list[JsonObject]:
    """Give what else is said of calls of a type, where the rule is about every call."""
    if subject.type != "COMMON" or subject.whole is None:
        return []
    return [
        rule.schema for rule in subject.whole.rules if rule.type == kind.upper() and not rule.key
    ]


def _with_user_id(
    messages: SearchStrategy[JsonObject], subject: Subject
) -> SearchStrategy[JsonObject]:
    """Repeat the userId among the properties where the source does so."""
    name = subject.user_id_property
    if name is None:
        return messages
    planned = subject.schema.get("properties", {}).get("properties", {}).get("properties", {})
    if planned.get(name) != {"type": "string"}:
        return messages

    def repeat(message: JsonObject) -> JsonObject:
        body = message.get("properties", {})
        if name in body and "userId" in message:
            body[name] = message["userId"]
        return message

    return messages.map(repeat)


def _body(
    holder: str,
    name: str,
    plan: PlanLike | None,
    kind: str | None,
    strictness: Strictness,
    *,
    realistic: bool,
) -> SearchStrategy[JsonObject]:
    subject = subject_of(name, plan=plan, type=kind, strictness=strictness)
    kinds = types_of(subject)
    if all(BODIES.get(each, "properties") != holder for each in kinds):
        other = "traits" if holder == "properties" else "properties"
        raise PlanError(
            f'"{subject.name}" has {other}, not {holder}; ask for its {other}', file=subject.plan
        )
    wanted = {"type": "object", "required": [holder]}
    place = f"{subject.name}.jsonSchema"
    schemas = [
        usable(schema, file=subject.plan, place=place)
        for schema in (subject.schema, *subject.common)
    ]
    kind = next(each for each in kinds if BODIES.get(each, "properties") == holder)
    builder = Builder(palette_of(realistic=realistic), file=subject.plan)
    whole = builder.build((envelope(subject, kind, _BODY_ONLY), wanted, *schemas), place=place)
    return fresh(whole.map(lambda message: message[holder]))


@lru_cache(maxsize=2)
def _context(realistic: bool) -> SearchStrategy[JsonObject]:  # noqa: FBT001  (a key of the cache)
    builder = Builder(palette_of(realistic=realistic), file="Spec")
    return fresh(builder.build((context_schema(),), place="context"))
