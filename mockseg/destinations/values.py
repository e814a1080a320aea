"""What vendors can keep of a value: text, numbers and booleans."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.json_types import Json


Scalar: TypeAlias = str | int | float | bool


def kind_of(value: Json) -> str:
    """Name the kind of a JSON value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "an array" if isinstance(value, list) else "an object"


def flat_values(given: Mapping[str, Json], *, place: str) -> tuple[dict[str, Scalar], list[Note]]:
    """Take what is text, a number or a boolean; note the others by their place."""
    kept: dict[str, Scalar] = {}
    ignored = []
    for name, value in given.items():
        if isinstance(value, (str, int, float, bool)):
            kept[name] = value
        else:
            sentence = f"The value is {kind_of(value)}; allowed: text, a number, a boolean"
            ignored.append(Note("value_ignored", f"{place}.{name}", sentence))
    return kept, ignored
