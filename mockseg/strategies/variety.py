"""Variety around a breakage of the catalogue: what is not wrong is drawn."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from mockseg.strategies.envelope import BODIES
from mockseg.strategies.palette import LARGEST, PLAIN

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockseg.catalogue.breakages import Breakage
    from mockseg.json_types import Json, JsonObject
    from mockseg.strategies.subjects import Subject

__all__ = ["varied"]

_AROUND: Final = ("userId", "anonymousId", "timestamp", "context", "integrations")
# Any value of these is as good or bad as any other of its kind.
_FREE: Final = ({"type": "string"}, {"type": "number"}, {"type": "integer"}, {"type": "boolean"})
_SCALARS: Final = st.one_of(st.text(max_size=8), st.integers(-100, 100), st.booleans(), st.none())
_WHOLE: Final = st.integers(-LARGEST, LARGEST)
_HALVES: Final = st.integers(-(2**31), 2**31).map(lambda number: number + 0.5)
_LISTS: Final = st.lists(_SCALARS, max_size=3)
_OBJECTS: Final = st.dictionaries(PLAIN.names(), _SCALARS, max_size=3)

_OF_KIND: Final[dict[type[Any], SearchStrategy[Any]]] = {
    str: PLAIN.text("", 0, None),
    bool: st.booleans(),
    int: _WHOLE,
    float: _HALVES,
    list: _LISTS,
    dict: _OBJECTS,
}


def varied(
    way: Breakage, good: SearchStrategy[JsonObject], subject: Subject
) -> SearchStrategy[JsonObject]:
    """Give the broken message with other values wherever those cannot mend or worsen it.

    Args:
        way: the breakage.
        good: good messages of the same rule.
        subject: the rule.
    """
    wrong = _wrong_values(way)
    free = tuple(_free(way, subject))
    return _varied(way, good, free, wrong)


@st.composite
def _varied(
    draw: DrawFn,
    way: Breakage,
    good: SearchStrategy[JsonObject],
    free: tuple[str, ...],
    wrong: SearchStrategy[Any] | None,
) -> JsonObject:
    message: JsonObject = deepcopy(way.message)
    drawn = draw(good)
    if wrong is not None:
        _set(message, way.field.split("."), draw(wrong))
    root = way.field.partition(".")[0]
    for name in _AROUND:
        if name != root and way.rule != "common":
            message.pop(name, None)
            if name in drawn:
                message[name] = drawn[name]
    holder = BODIES.get(message["type"], "properties")
    body, values = message.get(holder), drawn.get(holder)
    if isinstance(body, dict) and isinstance(values, dict):
        for name in free:
            if name in body and name in values:
                body[name] = values[name]
    return message


def _free(way: Breakage, subject: Subject) -> list[str]:
    """Give the properties whose values have nothing to do with what is wrong."""
    holder = BODIES.get(way.message.get("type", ""), "properties")
    schema = subject.schema.get("properties", {}).get(holder, {})
    planned = schema.get("properties", {}) if isinstance(schema, dict) else {}
    wrong = way.field.split(".")
    return [name for name, sub in planned.items() if sub in _FREE and wrong[:2] != [holder, name]]


def _wrong_values(way: Breakage) -> SearchStrategy[Any] | None:
    """Give other values that are wrong in the same way, or None."""
    if way.code == "additional_property":
        return PLAIN.anything()
    if way.code != "invalid_type":
        return None
    value = _at(way.message, way.field.split("."))
    return _OF_KIND.get(type(value))


def _at(message: Json, path: list[str]) -> Json:
    value = message
    for step in path:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def _set(message: Json, path: list[str], value: Json) -> None:
    holder = _at(message, path[:-1])
    if isinstance(holder, list):
        holder[int(path[-1])] = value
    else:
        holder[path[-1]] = value
