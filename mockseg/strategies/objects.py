"""Objects, drawn without the cost that a composite has for each property."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from hypothesis.strategies import SearchStrategy

from mockseg.json_types import JsonObject

# What draws each property, and whether it is always there.
Properties: TypeAlias = Mapping[str, tuple[SearchStrategy[Any], bool]]


class Ways(SearchStrategy[Any]):
    """Draws objects: an alternative of each choice, then the properties in their order.

    What may be absent, which is simplest, is so in one case of two.
    """

    def __init__(
        self,
        choices: tuple[tuple[list[int], tuple[Properties, ...]], ...],
        always: Properties,
        order: tuple[str, ...],
        extras: SearchStrategy[JsonObject] | None,
    ) -> None:
        super().__init__()
        self._choices, self._always = choices, always
        self._order, self._extras = order, extras

    def __repr__(self) -> str:
        return f"object with {', '.join(self._order)}"

    def do_draw(self, data: Any) -> Any:
        present = self._always
        for table, ways in self._choices:
            # One thing leaves nothing to choose.
            place = data.draw_integer(0, len(table) - 1) if len(table) > 1 else 0
            present = {**present, **ways[table[place]]}
        value: JsonObject = {}
        for name in self._order:
            if name in present:
                strategy, required = present[name]
                if required or data.draw_boolean():
                    value[name] = data.draw(strategy)
        if self._extras is not None:
            value |= data.draw(self._extras)
        return value
