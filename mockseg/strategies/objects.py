"""Objects and what they may lack, drawn without the cost that a composite has for each property."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis.strategies import SearchStrategy

from mockseg.json_types import JsonObject

# Stands for a property that is not there.
ABSENT: Final = object()


class Perhaps(SearchStrategy[Any]):
    """Draws nothing, which is simplest, in one case of two.

    Of ``one_of`` that would be one case of many: Hypothesis counts the alternatives of an
    alternative as its own.
    """

    def __init__(self, strategy: SearchStrategy[Any]) -> None:
        super().__init__()
        self._strategy = strategy

    def __repr__(self) -> str:
        return f"perhaps({self._strategy!r})"

    def do_draw(self, data: Any) -> Any:
        return data.draw(self._strategy) if data.draw_boolean() else ABSENT


class Ways(SearchStrategy[Any]):
    """Draws objects: an alternative of each choice, then the properties in their order."""

    def __init__(
        self,
        choices: tuple[tuple[list[int], tuple[Mapping[str, SearchStrategy[Any]], ...]], ...],
        always: Mapping[str, SearchStrategy[Any]],
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
                found = data.draw(present[name])
                if found is not ABSENT:
                    value[name] = found
        if self._extras is not None:
            value |= data.draw(self._extras)
        return value
