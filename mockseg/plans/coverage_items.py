"""What a rule allows, one by one: properties, values of enums, branches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from mockseg.json_types import canonical
from mockseg.plans.schema_tree import Path, dereference, json_pointer, lookup
from mockseg.plans.vocabulary import field_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.compiled import CompiledSchema

__all__ = ["ANY", "Item", "exercised", "items_of"]

# Stands for every item of a list in the path of a value.
ANY: Final = "*"

# Objects of the envelope, which every call has: no news that they were seen.
_ENVELOPE: Final = frozenset({"properties", "traits", "context", "integrations"})
_DEEPEST: Final = 12
_LONGEST_ENUM: Final = 200
_MOST_ITEMS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a rule allows and a call can exercise.

    Attributes:
        kind: a property that may be sent, a value of an enum, or a branch of the rule.
        name: for people, and unique in its rule.
        path: where in the message; ``*`` is every item of a list.
        value: the value, of a ``value``.
        pointer: of a ``branch`` the schema that decides, such as ``#/allOf/0/if``.
        holds: of a ``branch`` whether that schema must hold or must not.
    """

    kind: Literal["property", "value", "branch"]
    name: str
    path: Path
    value: Json = None
    pointer: str = ""
    holds: bool = True


def items_of(schema: JsonObject) -> tuple[Item, ...]:
    """Give everything that a rule's schema allows, in its order, each once; at most 5000."""
    found: dict[str, Item] = {}
    for item in islice(_walk(schema, (), (), frozenset()), _MOST_ITEMS):
        found.setdefault(item.name, item)
    return tuple(found.values())


def exercised(item: Item, message: JsonObject, compiled: CompiledSchema) -> bool:
    """Tell whether a message exercises an item of the rule that judges it."""
    values = _values(message, item.path)
    if item.kind == "property":
        return bool(values)
    if item.kind == "value":
        wanted = canonical(item.value)
        return any(canonical(value) == wanted for value in values)
    test = compiled.part(item.pointer)
    return test is not None and any(_holds(test, value) is item.holds for value in values)


def _holds(test: Callable[[Json], bool], value: Json) -> bool | None:
    try:
        return test(value)
    except ValueError:
        # Not JSON: neither holds nor does not.
        return None


def _values(message: Json, path: Path) -> list[Json]:
    values: list[Json] = [message]
    for token in path:
        if token == ANY:
            values = [item for value in values if isinstance(value, list) for item in value]
        else:
            values = [
                value[token] for value in values if isinstance(value, dict) and token in value
            ]
    return values


def _walk(
    root: JsonObject, at: Path, where: Path, trail: frozenset[tuple[Path, Path]]
) -> Iterator[Item]:
    """Walk the schema at a path, which judges the values at another path of the message."""
    at = dereference(root, at)
    node = lookup(root, at)
    if not isinstance(node, dict) or (at, where) in trail or len(where) > _DEEPEST:
        return
    trail |= {(at, where)}
    for name, sub in _mapping(node, "properties").items():
        if sub is False:
            continue
        below = (*where, name)
        if where or name not in _ENVELOPE:
            yield Item(kind="property", name=field_of(below), path=below)
        yield from _walk(root, (*at, "properties", name), below, trail)
    yield from _enum(node, where)
    if isinstance(node.get("items"), dict):
        yield from _walk(root, (*at, "items"), (*where, ANY), trail)
    for index, _ in enumerate(_sequence(node, "allOf")):
        yield from _walk(root, (*at, "allOf", index), where, trail)
    yield from _conditions(root, node, at, where, trail)
    yield from _alternatives(root, node, at, where, trail)


def _enum(node: JsonObject, where: Path) -> Iterator[Item]:
    for value in _sequence(node, "enum")[:_LONGEST_ENUM]:
        yield Item(
            kind="value", name=f"{field_of(where)} = {shown(value)}", path=where, value=value
        )


def _conditions(
    root: JsonObject,
    node: JsonObject,
    at: Path,
    where: Path,
    trail: frozenset[tuple[Path, Path]],
) -> Iterator[Item]:
    if "if" in node:
        condition = _told(root, (*at, "if"), where)
        for keyword, holds in (("then", True), ("else", False)):
            if keyword not in node:
                continue
            yield Item(
                kind="branch",
                name=f"{'if' if holds else 'unless'} {condition}",
                path=where,
                pointer=f"#{json_pointer((*at, 'if'))}",
                holds=holds,
            )
            yield from _walk(root, (*at, keyword), where, trail)
    for name, sub in _mapping(node, "dependencies").items():
        if isinstance(sub, dict):
            yield from _walk(root, (*at, "dependencies", name), where, trail)


def _alternatives(
    root: JsonObject,
    node: JsonObject,
    at: Path,
    where: Path,
    trail: frozenset[tuple[Path, Path]],
) -> Iterator[Item]:
    for keyword in ("anyOf", "oneOf"):
        for index, _ in enumerate(_sequence(node, keyword)):
            inner = (*at, keyword, index)
            yield Item(
                kind="branch",
                name=f"{field_of(where)} as {_told(root, inner, where)}",
                path=where,
                pointer=f"#{json_pointer(inner)}",
            )
            yield from _walk(root, inner, where, trail)


def _told(root: JsonObject, at: Path, where: Path) -> str:
    """Tell a condition or an alternative in a few words, else where it stands."""
    node = lookup(root, dereference(root, at))
    if not isinstance(node, dict):
        return shown(node)
    if isinstance(node.get("title"), str):
        return str(node["title"])
    parts = []
    for name, sub in _mapping(node, "properties").items():
        allowed = _allowed(sub)
        if allowed:
            values = " or ".join(shown(value) for value in allowed[:5])
            parts.append(f"{field_of((*where, name))} is {values}")
    if parts:
        return " and ".join(parts)
    if allowed := _allowed(node):
        return " or ".join(shown(value) for value in allowed[:5])
    words = [f"{node['type']}" if isinstance(node.get("type"), str) else ""]
    words += [f"{key} {node[key]}" for key in ("format", "pattern") if key in node]
    required = [field_of((*where, str(name))) for name in _sequence(node, "required")]
    words += [f"with {' and '.join(required)}"] if required else []
    return " ".join(filter(None, words)) or f"#{json_pointer(at)}"


def _allowed(node: Json) -> list[Json]:
    if not isinstance(node, dict):
        return []
    return [node["const"]] if "const" in node else _sequence(node, "enum")


def _mapping(node: JsonObject, keyword: str) -> JsonObject:
    value = node.get(keyword)
    return value if isinstance(value, dict) else {}


def _sequence(node: JsonObject, keyword: str) -> list[Json]:
    value = node.get(keyword)
    return value if isinstance(value, list) else []
