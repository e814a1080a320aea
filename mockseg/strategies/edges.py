"""Messages that are legal and nasty."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from mockseg.domain.limits import MAX_CALL_BYTES
from mockseg.plans.compiled import compile_schema
from mockseg.strategies.edge_palette import EDGE
from mockseg.strategies.envelope import BODIES, Wrapping
from mockseg.strategies.events import messages_of, weighted
from mockseg.strategies.fresh import fresh
from mockseg.strategies.subjects import subject_of, subjects_of
from mockseg.strategies.texts import MOMENT
from mockseg.strategies.wire import padded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockseg.catalogue.model import Strictness
    from mockseg.json_types import JsonObject
    from mockseg.strategies.subjects import PlanLike, Subject

__all__ = ["edge_event", "edge_events"]

_WRAPPING: Final = Wrapping(message_id=True)
# What SDKs send as null where there is nothing: Segment takes those for absent.
_NULLED: Final = ("userId", "anonymousId", "context", "integrations", "timestamp", "messageId")
_TWISTS: Final = ("nothing", "nulls", "skew", "limit", "repeated id", "bare body")
_MOMENTS: Final = EDGE.formatted(MOMENT, "", 0, None)
_IDS: Final = ("0" * 100, "\u00e9" * 100, "0")


def edge_event(
    name: str,
    *,
    plan: PlanLike | None = None,
    type: str | None = None,  # noqa: A002  # the word of the Spec
    strictness: Strictness = "lenient",
) -> SearchStrategy[JsonObject]:
    """Give messages of one planned event that are legal and nasty.

    At the limits, empty, null, of every plane of Unicode, deep, with odd timestamps and
    clocks that are days off. Some hold lone surrogates, which JSON can only write as
    escapes: :func:`mockseg.strategies.encode` does. Some have a messageId that others of
    them have too.

    Args:
        name: as for :func:`mockseg.strategies.event`.
        plan: as there.
        type: as there.
        strictness: ``strict`` plans leave no room for odd names of properties.

    Raises:
        PlanError: as there.
    """
    return fresh(_edges(subject_of(name, plan=plan, type=type, strictness=strictness)))


def edge_events(
    plan: PlanLike, *, strictness: Strictness = "lenient"
) -> SearchStrategy[JsonObject]:
    """Give messages of all events of a plan that are legal and nasty; see :func:`edge_event`.

    Raises:
        PlanError: there is no such plan, or one of its schemas cannot be satisfied.
    """
    subjects = subjects_of(plan, strictness=strictness)
    return fresh(weighted([(_edges(subject), subject.weight) for subject in subjects]))


@lru_cache(maxsize=1024)
def _edges(subject: Subject) -> SearchStrategy[JsonObject]:
    return _twisted(
        messages_of(subject, palette=EDGE, wrapping=_WRAPPING), subject, frozenset(subject.fields())
    )


@st.composite
def _twisted(
    draw: DrawFn,
    messages: SearchStrategy[JsonObject],
    subject: Subject,
    planned: frozenset[str],
) -> JsonObject:
    """Draw a message and do one of the things to it that are about the whole of it."""
    twist = draw(_TWIST)
    message = draw(messages)
    if twist == "nulls":
        body = BODIES.get(message["type"], "properties")
        for name in (*_NULLED, body):
            # Of a message of any type its own rule may have something to say of the body.
            if (
                name not in message
                and name not in planned
                and (name != body or subject.type != "COMMON")
            ):
                message[name] = None
    elif twist == "skew":
        assert _MOMENTS is not None  # noqa: S101  (the palette knows this format)
        message |= {name: draw(_MOMENTS) for name in ("timestamp", "sentAt") if name not in planned}
    elif twist == "repeated id" and "messageId" not in planned:
        message["messageId"] = draw(st.sampled_from(_IDS))
    elif twist == "limit":
        full = padded(message, MAX_CALL_BYTES)
        if "context" not in planned or _allows(subject, full):
            return full
    elif twist == "bare body":
        body = BODIES.get(message["type"], "properties")
        if body not in planned:
            message[body] = {}
    return message


_TWIST: Final = st.sampled_from(_TWISTS)


def _allows(subject: Subject, message: Mapping[str, object]) -> bool:
    try:
        return all(
            compile_schema(schema).is_valid(message) for schema in (subject.schema, *subject.common)
        )
    except ValueError:
        # A lone surrogate, which no validator judges: rather not.
        return False
