"""Messages of the Spec whatever the plan, and batches of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from mockseg.domain.message import MESSAGE_TYPES
from mockseg.strategies.building import Builder
from mockseg.strategies.envelope import Wrapping, context_schema, envelope
from mockseg.strategies.events import messages_of, weighted
from mockseg.strategies.fresh import fresh
from mockseg.strategies.palette import ABSENT, PLAIN
from mockseg.strategies.subjects import checked_type, subjects_of
from mockseg.strategies.texts import FORMATS, MOMENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockseg.json_types import JsonObject

__all__ = ["batches", "checked_types", "messages", "spec_messages"]


def messages(types: Iterable[str] | None = None) -> SearchStrategy[JsonObject]:
    """Give messages of the Spec, with the fields that it names and others.

    Args:
        types: ``track``, ``identify``, ``page``, ``screen``, ``group``, ``alias``; all
            when None.

    Raises:
        PlanError: there is no such type, or none is given.
    """
    return fresh(weighted([(spec_messages(kind), 1) for kind in checked_types(types)]))


def batches(
    messages: SearchStrategy[JsonObject] | None = None,
    *,
    min_size: int = 1,
    max_size: int = 5,
) -> SearchStrategy[JsonObject]:
    """Give the bodies of batches: ``{"batch": [...]}``, with or without sentAt and context.

    Args:
        messages: what is in them; any of the Spec when None.
        min_size: the fewest messages.
        max_size: the most messages.
    """
    inside = _MESSAGES() if messages is None else messages
    return _batch(st.lists(inside, min_size=min_size, max_size=max_size), _optionals())


def checked_types(types: Iterable[str] | None) -> tuple[str, ...]:
    """Give the types of calls that are meant, in lower case.

    Raises:
        PlanError: there is no such type, or none is given.
    """
    if types is None:
        return MESSAGE_TYPES
    named = (types,) if isinstance(types, str) else tuple(types)
    if not named:
        return (checked_type(""),)
    return tuple(dict.fromkeys(checked_type(name) for name in named))


@cache
def spec_messages(kind: str) -> SearchStrategy[JsonObject]:
    """Give messages of one type."""
    for subject in subjects_of("spec"):
        if subject.type.lower() == kind:
            return messages_of(subject)
    common = tuple(subject.schema for subject in subjects_of("spec") if subject.type == "COMMON")
    around = envelope(None, kind, Wrapping())
    return Builder(PLAIN, file="Spec").build((around, *common), place=kind)


@cache
def _MESSAGES() -> SearchStrategy[JsonObject]:  # noqa: N802  (a constant, made late)
    return messages()


@cache
def _optionals() -> tuple[tuple[str, SearchStrategy[Any]], ...]:
    absent: Final = st.just(ABSENT)
    context = Builder(PLAIN, file="Spec").build((context_schema(),), place="context")
    return (
        ("sentAt", st.one_of(absent, FORMATS[MOMENT][2])),
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
        if found is not ABSENT:
            body[name] = found
    return body
