"""Taking properties and traits out of a message without changing the one given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.plans.schema_tree import children, dereference, lookup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.json_types import JsonObject

__all__ = ["HOLDERS", "Omissions", "planned_names"]

# Call type -> where its free-form values are.
HOLDERS: Final = {
    "track": "properties",
    "page": "properties",
    "screen": "properties",
    "identify": "traits",
    "group": "traits",
}


class Omissions:
    """A message from which values are taken out.

    Attributes:
        message: what is left; the message given itself until something is taken out.
        unplanned: what was taken out because no rule names it, dotted.
        violating: what was taken out because it violates a rule, dotted.
    """

    __slots__ = ("_holder", "message", "unplanned", "violating")

    def __init__(self, message: JsonObject) -> None:
        self.message = message
        self.unplanned: list[str] = []
        self.violating: list[str] = []
        self._holder = HOLDERS.get(str(message.get("type")), "properties")

    def omit_unplanned(self, schemas: list[JsonObject]) -> None:
        """Take out the top-level properties or traits that none of the schemas names."""
        held = self.message.get(self._holder)
        if not isinstance(held, dict):
            return
        planned: set[str] = set()
        for schema in schemas:
            planned |= planned_names(schema, self._holder)
        for name in sorted(set(held) - planned):
            self._take_out([self._holder, name])
            self.unplanned.append(f"{self._holder}.{name}")

    def omit_violating(self, pointers: Iterable[str]) -> None:
        """Take out what stands at these JSON pointers, below properties or traits only.

        An item of a list is not taken out alone, which would move the others: the
        property that holds the list goes.
        """
        for pointer in pointers:
            path = [t.replace("~1", "/").replace("~0", "~") for t in pointer.split("/")[1:]]
            if len(path) < 2 or path[0] != self._holder:
                continue
            if kept := self._present(path):
                self._take_out(kept)
                self.violating.append(".".join(kept))

    def _present(self, path: list[str]) -> list[str]:
        """Give the part of a path that may be taken out, or nothing if nothing is there."""
        node: object = self.message
        for depth, name in enumerate(path):
            if isinstance(node, list):
                return path[:depth]
            if not isinstance(node, dict) or name not in node:
                return []
            node = node[name]
        return path

    def _take_out(self, path: list[str]) -> None:
        copy = dict(self.message)
        self.message = copy
        for name in path[:-1]:
            copy[name] = dict(copy[name])
            copy = copy[name]
        del copy[path[-1]]


def planned_names(schema: JsonObject, holder: str) -> set[str]:
    """Give the names of properties or traits that a rule knows, in whichever branch.

    Args:
        schema: the rule's, over the whole message.
        holder: ``properties`` or ``traits``.
    """
    names: set[str] = set()
    waiting: list[tuple[tuple[str | int, ...], bool]] = [((), False)]
    seen: set[tuple[tuple[str | int, ...], bool]] = set()
    while waiting:
        path, inside = waiting.pop()
        path = dereference(schema, path)
        if (path, inside) in seen:
            continue
        seen.add((path, inside))
        for step, _ in children(lookup(schema, path)):
            down = (*path, *step)
            if step[0] == "properties":
                if inside:
                    names.add(str(step[1]))
                elif step[1] == holder:
                    waiting.append((down, True))
            elif step[0] in {"allOf", "anyOf", "oneOf", "if", "then", "else", "dependencies"}:
                waiting.append((down, inside))
    return names
