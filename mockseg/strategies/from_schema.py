"""The door for schemas alone."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from mockseg.errors import PlanError
from mockseg.json_types import canonical, decode
from mockseg.strategies.building import Builder
from mockseg.strategies.fresh import fresh
from mockseg.strategies.keywords import usable
from mockseg.strategies.palette import PLAIN

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from mockseg.json_types import Json

__all__ = ["from_schema"]

_FILE: Final = "schema"
_PLAIN_KEYWORDS: Final = frozenset({"type", "format", "pattern", "minimum", "maximum", "enum"})


def from_schema(schema: Json) -> SearchStrategy[Any]:
    """Give the values that satisfy a schema; the simplest shrink to what is documented first.

    Values are put together so that they satisfy it, never filtered. Conditions become
    branches, which are drawn equally often.

    Args:
        schema: JSON Schema draft-07 as plans use it: references inside of it that lead
            nowhere back, one schema for all items of a list, and the formats that plans
            assert.

    Raises:
        PlanError: it is no schema, holds a keyword that nothing can be made of, or nothing
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
    made = Builder(PLAIN, file=_FILE).build((schema,), place="$")
    # Of scalars there is nothing to copy.
    return fresh(made) if set(schema) - _PLAIN_KEYWORDS else made
