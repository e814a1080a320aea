"""What a schema costs to judge by: how many schemas judge one value and one path into it.

References multiply: thirty definitions that each ask the next one twice are 2**30 schemas, be it
for the same value or for ever deeper ones. A schema that refers to itself has no such number;
there each value may lead to one recursive schema only, as in a tree with a left and a right side.
Both are told from the schema alone, in time linear in it but for the names of its recursive
properties.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mockseg.json_types import JsonObject
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.tree import DEFINITIONS, IN_PLACE, Path, children, lookup, read_pointer

MOST_SCHEMAS: Final = 10_000

_LOOP: Final = "the schema refers to itself without going deeper into the value"
_TOO_MANY: Final = (
    f"more than {MOST_SCHEMAS} schemas would judge one value and one path into it, "
    "references followed"
)
_DOUBLES: Final = (
    "the schema refers to itself more than once for one value inside, so that the schemas "
    "double at each step; allowed is one such reference for each property or item"
)

# Which values inside a value a schema judges: "object" or "array", and a name or an index there;
# None stands for any.
_Key = tuple[str, str | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """One schema: those that judge the same value, and by keyword those that judge deeper."""

    same: tuple[Path, ...] = ()
    deeper: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Recursion:
    """Which values inside lead on to recursive schemas; whether one leads to several of them."""

    keys: frozenset[_Key] = frozenset()
    doubled: bool = False

    def __or__(self, other: _Recursion) -> _Recursion:
        if not other.keys and not other.doubled:
            return self
        if not self.keys and not self.doubled:
            return other
        shared = bool(self.keys & other.keys) or any(
            (kind, None) in one and any(key[0] == kind for key in two)
            for kind in ("object", "array")
            for one, two in ((self.keys, other.keys), (other.keys, self.keys))
        )
        return _Recursion(self.keys | other.keys, self.doubled or other.doubled or shared)


NODES_AT_ONCE: Final = 64
"""How many schemas a check looks at in one step."""


def too_costly(
    schema: JsonObject, paths: Iterable[Path]
) -> Generator[None, None, tuple[str, Path] | None]:
    """Return why a schema would take exponential time, or no end, and where; None if it does not.

    Yields between steps.

    Args:
        schema: the whole; its references lead to one of the paths.
        paths: of every schema inside.
    """
    nodes = yield from _nodes(schema, paths)
    cycles = _Cycles(nodes)
    weights: dict[Path, int] = {}
    recursions: dict[Path, _Recursion] = {}
    for start in nodes:
        trail: set[Path] = set()
        stack: list[tuple[Path, bool]] = [(start, False)]
        while stack:
            path, leaving = stack.pop()
            node = nodes[path]
            if leaving:
                trail.discard(path)
                weights[path] = _weight(path, node, weights)
                if len(weights) % NODES_AT_ONCE == 0:
                    yield
                recursions[path] = _recursion(path, node, cycles, recursions)
                if weights[path] > MOST_SCHEMAS:
                    return _TOO_MANY, path
                if recursions[path].doubled and path in cycles.inside:
                    return _DOUBLES, path
                continue
            if path in trail:
                return _LOOP, path
            if path in weights:
                continue
            trail.add(path)
            stack.append((path, True))
            stack.extend((step, False) for step in node.same)
            # What leads back counts at the value inside: it is judged there afresh.
            stack.extend((step, False) for step in node.deeper if not cycles.joined(path, step))
    return None


def _nodes(schema: JsonObject, paths: Iterable[Path]) -> Generator[None, None, dict[Path, _Node]]:
    nodes = {}
    for path in sorted(paths, key=lambda p: tuple(map(str, p))):
        nodes[path] = _node(schema, path)
        if len(nodes) % NODES_AT_ONCE == 0:
            yield
    return nodes


def _node(schema: JsonObject, path: Path) -> _Node:
    here = lookup(schema, path)
    if not isinstance(here, dict):
        return _Node()
    if isinstance(here.get("$ref"), str):
        target = read_pointer(schema, here["$ref"])
        return _Node() if target is None else _Node(same=(target,))
    steps = [step for step, _ in children(here) if step[0] not in DEFINITIONS]
    return _Node(
        same=tuple((*path, *step) for step in steps if step[0] in IN_PLACE),
        deeper=tuple((*path, *step) for step in steps if step[0] not in IN_PLACE),
    )


def _by_keyword(path: Path, node: _Node) -> dict[str | int, list[Path]]:
    found: dict[str | int, list[Path]] = {}
    for step in node.deeper:
        found.setdefault(step[len(path)], []).append(step)
    return found


def _weight(path: Path, node: _Node, weights: dict[Path, int]) -> int:
    """Return how many schemas judge a value and the costliest path into it."""
    by = {
        keyword: [weights.get(step, 0) for step in steps]
        for keyword, steps in _by_keyword(path, node).items()
    }

    def most(*keywords: str) -> int:
        return max((weight for keyword in keywords for weight in by.get(keyword, ())), default=0)

    patterns = sum(by.get("patternProperties", ()))
    member = max(most("properties") + patterns, most("additionalProperties"))
    item = most("items", "additionalItems") + most("contains")
    same = sum(weights[step] for step in node.same)
    return 1 + same + max(member, item, most("propertyNames"))


def _recursion(
    path: Path, node: _Node, cycles: _Cycles, known: dict[Path, _Recursion]
) -> _Recursion:
    """Return which values inside lead to recursive schemas, of all that judge the same value."""
    by = {
        keyword: [step for step in steps if step in cycles.leading]
        for keyword, steps in _by_keyword(path, node).items()
    }
    names = [str(step[-1]) for step in by.get("properties", ())]
    patterns = [str(step[-1]) for step in by.get("patternProperties", ())]
    keys: set[_Key] = {("object", name) for name in names}
    if patterns or by.get("additionalProperties"):
        keys.add(("object", None))
    items = [*by.get("items", ()), *by.get("additionalItems", ())]
    for step in items:
        last = step[-1]
        keys.add(("array", last if isinstance(last, int) else None))
    contains = by.get("contains", ())
    if contains:
        keys.add(("array", None))
    doubled = len(patterns) > 1 or bool(contains and items)
    if patterns and names and not doubled:
        fits = compile_schema({"pattern": patterns[0]}).is_valid
        doubled = any(fits(name) for name in names)
    found = _Recursion(frozenset(keys), doubled)
    for step in node.same:
        found |= known[step]
    return found


class _Cycles:
    """Which schemas lead back to themselves, by Tarjan's algorithm without recursion.

    Attributes:
        inside: the schemas that lead back to themselves.
        leading: these, and all that lead to one of them.
    """

    def __init__(self, nodes: dict[Path, _Node]) -> None:
        self.inside: set[Path] = set()
        self.leading: set[Path] = set()
        self._group: dict[Path, int] = {}
        self._nodes = nodes
        self._low: dict[Path, int] = {}
        self._open: list[Path] = []
        for start in nodes:
            if start not in self._low:
                self._walk(start)

    def joined(self, one: Path, other: Path) -> bool:
        """Return whether each of two schemas leads to the other."""
        return self._group[one] == self._group[other]

    def _walk(self, start: Path) -> None:
        number: dict[Path, int] = {}
        stack: list[tuple[Path, Iterator[Path]]] = [(start, self._enter(start, number))]
        while stack:
            path, steps = stack[-1]
            step = next(steps, None)
            if step is not None:
                if step not in self._low:
                    stack.append((step, self._enter(step, number)))
                elif step not in self._group:
                    self._low[path] = min(self._low[path], number[step])
                continue
            stack.pop()
            if stack:
                above = stack[-1][0]
                self._low[above] = min(self._low[above], self._low[path])
            if self._low[path] == number[path]:
                self._close(path)

    def _enter(self, path: Path, number: dict[Path, int]) -> Iterator[Path]:
        number[path] = self._low[path] = len(self._low)
        self._open.append(path)
        return iter(self._steps(path))

    def _steps(self, path: Path) -> tuple[Path, ...]:
        return self._nodes[path].same + self._nodes[path].deeper

    def _close(self, first: Path) -> None:
        at = len(self._open) - 1
        while self._open[at] != first:
            at -= 1
        members = self._open[at:]
        del self._open[at:]
        self._group |= dict.fromkeys(members, len(self._group))
        if len(members) > 1 or first in self._steps(first):
            self.inside.update(members)
        if first in self.inside or any(
            step in self.leading for member in members for step in self._steps(member)
        ):
            self.leading.update(members)
