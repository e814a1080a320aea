"""Messages of planned events and of the Spec, parts and batches of them, and values of schemas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.catalogue.envelope import Wrapping, built, context_schema, envelope, types_of
from mockseg.catalogue.lookup import FoundRule, PlanLike, checked_type, get, matches_of
from mockseg.domain.message import MESSAGE_TYPES, holder_of
from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject, canonical, decode
from mockseg.plans.model import Strictness
from mockseg.schemas.formats import FORMATS, MOMENT
from mockseg.schemas.soundness import usable
from mockseg.schemas.values import Builder
from mockseg.strategies.chooser import PLAIN, PlainChooser, coded_text, fresh
from mockseg.strategies.classes import Values, classed, classes_first, either
from mockseg.strategies.realistic import palette_of

_FILE: Final = "schema"
# Stands for a field that is not there.
_ABSENT: Final = object()
# So that one event with very many classes does not crowd out all others.
_MOST_WEIGHT: Final = 24
_PLAIN_KEYWORDS: Final = frozenset({"type", "format", "pattern", "minimum", "maximum", "enum"})


def from_schema(schema: Json) -> SearchStrategy[Any]:
    """Return the values that satisfy a schema; the simplest shrink to what is documented first.

    Values are put together so that they satisfy it, never filtered. Conditions become
    branches, which are drawn equally often.

    Args:
        schema: JSON Schema as plans use it: references inside of it that lead
            nowhere back, one schema for all items of a list, and the formats that plans
            assert.

    Raises:
        PlanError: invalid schema, it holds a keyword that nothing can be made of, or nothing
            satisfies it; the sentence names the place and what is near.
    """
    try:
        text = canonical(schema)
    except TypeError as error:
        raise PlanError(f"a schema must be JSON: {error}", file=_FILE) from None
    return _from_schema(text)


@lru_cache(maxsize=256)
def _from_schema(text: bytes) -> SearchStrategy[Any]:
    schema = usable(decode(text), file=_FILE, place="$")
    made = Builder(PLAIN, file=_FILE).build((schema,), place="$").strategy
    # Of scalars there is nothing to copy.
    return fresh(made) if set(schema) - _PLAIN_KEYWORDS else made


def messages(types: Iterable[str] | None = None) -> SearchStrategy[JsonObject]:
    """Return messages of the Spec, with the fields that it names and others.

    Args:
        types: ``track``, ``identify``, ``page``, ``screen``, ``group``, ``alias``; all
            when None.

    Raises:
        PlanError: unknown type, or none is given.
    """
    return fresh(in_classes([_spec_values(kind) for kind in checked_types(types)]))


_any_messages: Final = messages


def batches(
    messages: SearchStrategy[JsonObject] | None = None,
    *,
    min_size: int = 1,
    max_size: int = 5,
) -> SearchStrategy[JsonObject]:
    """Return the bodies of batches: ``{"batch": [...]}``, with or without sentAt and context.

    Args:
        messages: what is in them; any of the Spec when None.
        min_size: the fewest messages.
        max_size: the most messages.
    """
    inside = _any_messages() if messages is None else messages
    return _batch(st.lists(inside, min_size=min_size, max_size=max_size), _optionals())


def checked_types(types: Iterable[str] | None) -> tuple[str, ...]:
    """Return the types of calls that are meant, in lower case.

    Raises:
        PlanError: unknown type, or none is given.
    """
    if types is None:
        return MESSAGE_TYPES
    named = (types,) if isinstance(types, str) else tuple(types)
    if not named:
        return (checked_type(""),)
    return tuple(dict.fromkeys(checked_type(name) for name in named))


def spec_messages(kind: str) -> SearchStrategy[JsonObject]:
    return _spec_values(kind).strategy


@cache
def _spec_values(kind: str) -> Values:
    for match in matches_of("spec"):
        if match.rule.type.lower() == kind:
            return values_of(match)
    common = tuple(match.rule.schema for match in matches_of("spec") if match.rule.type == "COMMON")
    around = envelope(None, kind, Wrapping())
    return Builder(PLAIN, file="Spec").build((around, *common), place=kind)


@cache
def _optionals() -> tuple[tuple[str, SearchStrategy[Any]], ...]:
    absent: Final = st.just(_ABSENT)
    context = Builder(PLAIN, file="Spec").build((context_schema(),), place="context").strategy
    return (
        ("sentAt", st.one_of(absent, coded_text(FORMATS[MOMENT][2]).strategy)),
        ("context", st.one_of(absent, st.builds(dict), context)),
        ("integrations", st.one_of(absent, st.booleans().map(lambda on: {"All": on}))),
    )


@st.composite
def _batch(
    draw: DrawFn,
    lists: SearchStrategy[list[JsonObject]],
    optionals: tuple[tuple[str, SearchStrategy[Any]], ...],
) -> JsonObject:
    body: JsonObject = {"batch": draw(lists)}
    for name, strategy in optionals:
        found = draw(strategy)
        if found is not _ABSENT:
            body[name] = found
    return body


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
    """Return whole messages of one planned event.

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
    match = get(name, plan=plan, type=type, strictness=strictness)
    palette = palette_of(match.rule.type, realistic=realistic)
    return fresh(in_classes([values_of(match, palette=palette)]))


def events(
    plan: PlanLike, *, strictness: Strictness = "strict", realistic: bool = False
) -> SearchStrategy[JsonObject]:
    """Return whole messages of all events of a plan, those with many classes more often.

    The first 200 examples are spread over the classes of values that code tells apart, such
    as zero, a negative number and a fraction; the others are drawn freely.

    Args:
        plan: as for :func:`event`.
        strictness: of the catalogue's plans.
        realistic: see :func:`event`.

    Raises:
        PlanError: unknown plan, or one of its schemas cannot be satisfied.
    """
    made = [
        values_of(match, palette=palette_of(match.rule.type, realistic=realistic))
        for match in matches_of(plan, strictness=strictness)
    ]
    return fresh(in_classes(made))


def properties(
    name: str,
    *,
    plan: PlanLike | None = None,
    type: str | None = None,  # noqa: A002  # the word of the Spec
    strictness: Strictness = "strict",
    realistic: bool = False,
) -> SearchStrategy[JsonObject]:
    """Return the properties of one planned event; see :func:`event`.

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
    """Return the traits of identify or group calls; see :func:`event`.

    Raises:
        PlanError: as for :func:`event`, or the call has properties and no traits.
    """
    return _body("traits", name, plan, None, strictness, realistic=realistic)


@lru_cache(maxsize=2)
def context(*, realistic: bool = False) -> SearchStrategy[JsonObject]:
    """Return contexts with the fields that the Spec names, each there or not."""
    builder = Builder(palette_of(realistic=realistic), file="Spec")
    return fresh(builder.build((context_schema(),), place="context").strategy)


def weighted(choices: Sequence[tuple[SearchStrategy[Any], int]]) -> SearchStrategy[Any]:
    found = [classed(strategy, [()]) for strategy, _ in choices]
    return either(found, [weight for _, weight in choices]).strategy


def in_classes(branches: Sequence[Values]) -> SearchStrategy[Any]:
    """Return what these draw, spread over their classes, those with many more often."""
    return classes_first(branches, [min(max(3, each.count), _MOST_WEIGHT) for each in branches])


# Subjects are equal only to themselves; those of the catalogue are made once.
@lru_cache(maxsize=2048)
def values_of(
    match: FoundRule, *, palette: PlainChooser = PLAIN, wrapping: Wrapping = _WHOLE
) -> Values:
    """Return the messages of a rule, with their classes.

    Raises:
        PlanError: its schema is not one that strategies can be made of, or nothing
            satisfies it.
    """
    builder = Builder(palette, file=match.plan.slug)
    made: list[Values] = []
    refused: PlanError | None = None
    for kind in types_of(match):
        try:
            also = _own_rules(match, kind)
            made.append(built(builder, match, kind, wrapping, also=also))
        except PlanError as error:
            # What is said of every call may exclude some types of it.
            refused = error
    if not made:
        assert refused is not None  # noqa: S101  (there is at least one type)
        raise refused
    return _with_user_id(either(made), match)


def messages_of(
    match: FoundRule, *, palette: PlainChooser = PLAIN, wrapping: Wrapping = _WHOLE
) -> SearchStrategy[JsonObject]:
    """Return the messages of a rule, drawn freely.

    Raises:
        PlanError: as for :func:`values_of`.
    """
    return values_of(match, palette=palette, wrapping=wrapping).strategy


def messages_with(match: FoundRule, kind: str, needed: JsonObject) -> SearchStrategy[JsonObject]:
    """Return those messages of a rule, of one type, that satisfy a further schema.

    Raises:
        PlanError: as for :func:`messages_of`.
    """
    builder = Builder(PLAIN, file=match.plan.slug)
    also = [*_own_rules(match, kind), needed]
    return _with_user_id(built(builder, match, kind, _WHOLE, also=also), match).strategy


def _own_rules(match: FoundRule, kind: str) -> list[JsonObject]:
    if match.rule.type != "COMMON":
        return []
    return [rule.schema for rule in match.plan.rules if rule.type == kind.upper() and not rule.key]


def _with_user_id(messages: Values, match: FoundRule) -> Values:
    name = match.plan.wire.user_id_property
    if name is None:
        return messages
    if match.rule.body.get("properties", {}).get(name) != {"type": "string"}:
        return messages

    def repeat(message: JsonObject) -> JsonObject:
        body = message.get("properties", {})
        if name in body and "userId" in message:
            body[name] = message["userId"]
        return message

    return messages.changed(repeat)


def _body(
    holder: str,
    name: str,
    plan: PlanLike | None,
    kind: str | None,
    strictness: Strictness,
    *,
    realistic: bool,
) -> SearchStrategy[JsonObject]:
    match = get(name, plan=plan, type=kind, strictness=strictness)
    kinds = types_of(match)
    if all(holder_of(each) != holder for each in kinds):
        other = "traits" if holder == "properties" else "properties"
        raise PlanError(
            f'"{match.rule.name}" has {other}, not {holder}; ask for its {other}',
            file=match.plan.slug,
        )
    kind = next(each for each in kinds if holder_of(each) == holder)
    builder = Builder(palette_of(kind, realistic=realistic), file=match.plan.slug)
    wanted = {"type": "object", "required": [holder]}
    whole = built(builder, match, kind, _BODY_ONLY, also=[wanted])
    return fresh(in_classes([whole.changed(lambda message: message[holder])]))
