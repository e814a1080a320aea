"""Destination filters: FQL conditions, and what happens to the messages they match. Pure.

Source: Segment's Public API (the shape) and its page on destination filters: at most ten a
destination; samples are applied first, then drops, then dropped properties, then allowed
ones, each in the order given. The page leaves open what a later filter's condition sees;
here every condition is asked of the message as it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from mockseg.delivery.settings import refuse
from mockseg.errors import FqlError, OperationError
from mockseg.faults.chance import fraction
from mockseg.fql.query import Query, parse
from mockseg.json_types import Json, JsonObject

MAX_FILTERS = 10

ActionType: TypeAlias = Literal["DROP", "SAMPLE", "ALLOW_PROPERTIES", "DROP_PROPERTIES"]


class FilterAction(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What happens to a message that a filter matches.

    Attributes:
        type: ``DROP`` it; ``SAMPLE`` sends a share; ``ALLOW_PROPERTIES`` leaves nothing but
            these members of the objects named, ``DROP_PROPERTIES`` takes these away.
        fields: of the two about properties: by the path of an object (``properties``,
            ``context.device``; ``""`` is the message itself) the names of its members. A path
            through a list means each of its elements.
        percent: of a sample: the share that is sent, from 0 to 1.
        path: of a sample: messages with the same value here share their fate; by messageId
            without it, or where the message has nothing there.
    """

    type: ActionType
    fields: dict[str, list[str]] | None = None
    percent: float | None = None
    path: str | None = None


class FilterSpec(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A destination filter.

    It is what Segment's Public API returns, so one can be pasted whole.

    Attributes:
        if_: the condition in FQL; ``all`` matches every message.
        actions: at least one.
        title: for people, and for the reason of what it drops.
        enabled: one that is not is passed over, and not even read.
        id, source_id, destination_id, description, created_at, updated_at: kept as they are given.
    """

    if_: str = msgspec.field(name="if")
    actions: list[FilterAction]
    title: str | None = ""
    enabled: bool = True
    id: str | msgspec.UnsetType = msgspec.UNSET
    source_id: str | msgspec.UnsetType = msgspec.UNSET
    destination_id: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    created_at: str | msgspec.UnsetType = msgspec.UNSET
    updated_at: str | msgspec.UnsetType = msgspec.UNSET


class FilterPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What ``data`` of an answer of the Public API holds: one filter, or a page of them.

    Attributes:
        filters: of ``GET /destination/{id}/filters``.
        filter: of ``GET /destination/{id}/filters/{filterId}``.
    """

    filters: list[FilterSpec] | msgspec.UnsetType = msgspec.UNSET
    filter: FilterSpec | msgspec.UnsetType = msgspec.UNSET


class FilterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer of the Public API about filters; what else it has is not read.

    Attributes:
        data: the filters.
    """

    data: FilterPage


GivenFilters: TypeAlias = list[FilterSpec] | FilterAnswer


def listed_filters(given: GivenFilters) -> list[FilterSpec]:
    """Return filters that are given as a list, or as the answer of Segment's Public API.

    Raises:
        OperationError: 422, the answer holds neither a filter nor a page of them.
    """
    if isinstance(given, list):
        return given
    if given.data.filter is not msgspec.UNSET:
        return [given.data.filter]
    if given.data.filters is msgspec.UNSET:
        refuse(
            "filters.data",
            "`filters.data` holds neither `filters` nor `filter`",
            allowed="a list of filters, or what Segment's Public API returns of them",
        )
    return given.data.filters


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a filter, compiled.

    Attributes:
        type: of the action.
        query: which messages it acts on.
        name: of the filter, for people.
        percent: of a sample, the share that is sent.
        path: of a sample, whose value decides; None for the messageId.
        fields: by the keys that lead to an object, the names that are dropped or allowed there.
    """

    type: ActionType
    query: Query
    name: str
    percent: float = 1.0
    path: Query | None = None
    fields: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """All filters of a destination, compiled; made by :func:`compile_filters`.

    Attributes:
        steps: in the order in which they are applied.
        invalid: why one of them cannot be read, so that nothing is delivered; else empty.
    """

    steps: tuple[Step, ...] = ()
    invalid: str = ""

    def apply(self, message: JsonObject, *, seed: int) -> str | None:
        """Change a message in place as the filters say.

        Args:
            message: normalised, decoded for this delivery alone.
            seed: of samples.

        Returns:
            Why it is not to be sent, one sentence, or None.
        """
        if self.invalid:
            return self.invalid
        matching = [step for step in self.steps if step.query.matches(message)]
        for step in matching:
            if step.type == "DROP":
                return f"{step.name} drops it"
            if step.type == "SAMPLE":
                value = None if step.path is None else step.path.evaluate(message)
                drawn = message.get("messageId") if value is None else value
                if fraction([seed, "sample", drawn]) >= step.percent:
                    return f"{step.name} sends {step.percent:.6g} of such calls, not this one"
            else:
                change = _allow if step.type == "ALLOW_PROPERTIES" else _drop
                for keys, names in step.fields:
                    for found in _objects(message, keys):
                        change(found, names)
        return None


_ORDER: tuple[ActionType, ...] = ("SAMPLE", "DROP", "DROP_PROPERTIES", "ALLOW_PROPERTIES")


def compile_filters(specs: Sequence[FilterSpec], *, store_invalid: bool = False) -> Filters:
    """Read filters.

    Args:
        specs: as given, in their order.
        store_invalid: whether one that cannot be read is kept, as Segment keeps it.

    Raises:
        OperationError: 422; the details name the field and what is allowed.
    """
    if len(specs) > MAX_FILTERS:
        refuse("filters", f"`filters` has {len(specs)} of them", allowed=f"at most {MAX_FILTERS}")
    steps: list[Step] = []
    invalid = ""
    for number, spec in enumerate(specs):
        name = f"the filter {spec.title!r}" if spec.title else f"filter {number + 1}"
        if not spec.enabled:
            continue
        try:
            steps += _steps(spec, name=name, here=f"filters[{number}]")
        except OperationError as error:
            if not store_invalid:
                raise
            # Source: Segment's page on FQL, "Error handling": such a call is not sent on.
            invalid = invalid or f"{name} is invalid, so nothing is delivered: {error.message}"
    steps.sort(key=lambda step: _ORDER.index(step.type))
    return Filters(tuple(steps), invalid)


def _steps(spec: FilterSpec, *, name: str, here: str) -> list[Step]:
    query = _parsed(spec.if_, f"{here}.if")
    if not spec.actions:
        refuse(f"{here}.actions", f"`{here}.actions` is empty", allowed=list(_ORDER))
    return [
        _step(action, query, name=name, place=f"{here}.actions[{index}]")
        for index, action in enumerate(spec.actions)
    ]


def _step(action: FilterAction, query: Query, *, name: str, place: str) -> Step:
    wants_fields = action.type.endswith("_PROPERTIES")
    for field, wanted in (
        ("fields", wants_fields),
        ("percent", action.type == "SAMPLE"),
    ):
        # Segment's API returns an empty object where an action has no fields.
        if (getattr(action, field) not in (None, {})) != wanted:
            refuse(
                f"{place}.{field}",
                f"`{place}.{field}` is {'missing' if wanted else f'of no use to {action.type}'}",
                allowed='{"properties": ["email"]}' if field == "fields" else "from 0 to 1",
            )
    if action.path is not None and action.type != "SAMPLE":
        refuse(f"{place}.path", f"`{place}.path` is of no use to {action.type}", allowed="SAMPLE")
    if action.percent is not None and not 0 <= action.percent <= 1:
        refuse(
            f"{place}.percent",
            f"`{place}.percent` is {action.percent:g}",
            allowed="a number from 0 to 1; 0.25 sends a quarter",
        )
    return Step(
        type=action.type,
        query=query,
        name=name,
        percent=1.0 if action.percent is None else action.percent,
        path=None if action.path is None else _parsed(action.path, f"{place}.path"),
        fields=tuple(
            (tuple(path.split(".")) if path else (), frozenset(names))
            for path, names in (action.fields or {}).items()
        ),
    )


def _parsed(text: str, place: str) -> Query:
    try:
        return parse(text)
    except FqlError as error:
        refuse(
            place,
            f"`{place}` cannot be read: {error}",
            allowed="Segment's filter query language, such as: type = 'track'",
        )


def _objects(message: JsonObject, keys: tuple[str, ...]) -> list[JsonObject]:
    """Find the objects at a path; a list on the way stands for all of its elements."""
    found: list[Json] = [message]
    for key in keys:
        found = [one.get(key) for one in found if isinstance(one, dict)]
        found = [each for one in found for each in (one if isinstance(one, list) else [one])]
    return [one for one in found if isinstance(one, dict)]


def _drop(found: JsonObject, names: frozenset[str]) -> None:
    for name in names:
        found.pop(name, None)


def _allow(found: JsonObject, names: frozenset[str]) -> None:
    for name in [name for name in found if name not in names]:
        del found[name]
