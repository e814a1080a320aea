"""From traffic to a plan: what a person would write who had read all of it.

Types as seen; required what every call had; an enum where a text takes few values
again and again; a format where every text has it. Nothing is required of traits,
which SDKs send only when they change (Segment, "Add identify or group traits").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from mockseg.domain.message import HOLDERS
from mockseg.json_types import Json, JsonObject
from mockseg.plans.model import Plan, Rule, RuleType
from mockseg.schemas.formats import looks_like
from mockseg.schemas.tree import DRAFT
from mockseg.schemas.vocabulary import given_type

# Maximum number of values of an enum, and how often each is seen on average.
_MOST_VALUES: Final = 12
_SEEN_EACH: Final = 3
_LONGEST_VALUE: Final = 60
# Below this many calls everything looks like an enum, and everything looks required.
_FEWEST_FOR_ENUM: Final = 6
# Keys beyond are data rather than names; the object is then left open without names.
_MOST_NAMES: Final = 300
_MOST_EVENTS: Final = 10_000
_DEEPEST: Final = 8
_FORMATS: Final = ("date-time", "date", "uuid", "email", "uri")
_TYPE_ORDER: Final = ("string", "number", "integer", "boolean", "object", "array", "null")


def infer(messages: Iterable[JsonObject], *, name: str = "inferred") -> Plan:
    """Write a plan that all these messages satisfy.

    Args:
        messages: normalised messages, any number; they are read once and not kept.
        name: the plan's name.

    Returns:
        A rule for each track event, and for each other type that came, in the order
        in which they first came. At most 10,000 events; further ones are left out.
    """
    seen: dict[tuple[RuleType, str | None], _Seen] = {}
    calls: dict[tuple[RuleType, str | None], int] = {}
    for message in messages:
        kind = str(message.get("type"))
        key = message.get("event") if kind == "track" else None
        if kind not in {*HOLDERS, "alias"} or (
            kind == "track" and not (isinstance(key, str) and key)
        ):
            continue
        identity = (cast("RuleType", kind.upper()), key)
        if identity not in seen:
            if len(seen) >= _MOST_EVENTS:
                continue
            seen[identity] = _Seen()
        calls[identity] = calls.get(identity, 0) + 1
        holder = HOLDERS.get(kind)
        if holder in message:
            seen[identity].add(message[holder])
    rules = tuple(
        _rule(kind, key, found, calls=calls[kind, key]) for (kind, key), found in seen.items()
    )
    return Plan(name=name, rules=rules)


class _Seen:
    __slots__ = ("_depth", "_formats", "_items", "_names", "_texts", "_types", "count")

    def __init__(self, depth: int = 0) -> None:
        self.count = 0
        self._depth = depth
        self._types: dict[str, int] = {}
        # Value -> how often; None once there are too many to be an enum.
        self._texts: dict[str, int] | None = {}
        self._formats: set[str] | None = None
        # Name -> what was seen there; None once there are too many to be names.
        self._names: dict[str, _Seen] | None = {}
        self._items: _Seen | None = None

    def add(self, value: Json) -> None:
        self.count += 1
        kind = given_type(value)
        self._types[kind] = self._types.get(kind, 0) + 1
        if isinstance(value, str):
            self._add_text(value)
        elif isinstance(value, dict):
            self._add_object(value)
        elif isinstance(value, list) and self._depth < _DEEPEST:
            if self._items is None:
                self._items = _Seen(self._depth + 1)
            for item in value:
                self._items.add(item)

    def schema(self, *, require: bool = True) -> JsonObject:
        types = self._merged_types()
        schema: JsonObject = {}
        if types:
            schema["type"] = types[0] if len(types) == 1 else types
        if "object" in self._types:
            schema |= self._object_schema(require=require)
        if "array" in self._types and self._items is not None and self._items.count:
            schema["items"] = self._items.schema()
        if "string" in self._types:
            schema |= self._text_schema(types)
        return schema

    def _add_text(self, text: str) -> None:
        if self._texts is not None:
            self._texts[text] = self._texts.get(text, 0) + 1
            if len(self._texts) > _MOST_VALUES or len(text) > _LONGEST_VALUE:
                self._texts = None
        candidates = _FORMATS if self._formats is None else tuple(self._formats)
        self._formats = {each for each in candidates if looks_like(each, text)}

    def _add_object(self, value: JsonObject) -> None:
        if self._names is None or self._depth >= _DEEPEST:
            return
        for name, inner in value.items():
            self._names.setdefault(name, _Seen(self._depth + 1)).add(inner)
        if len(self._names) > _MOST_NAMES:
            self._names = None

    def _merged_types(self) -> list[str]:
        """Return the types in a fixed order; a number that was whole at times is a number."""
        types = set(self._types)
        if "number" in types:
            types.discard("integer")
        return [kind for kind in _TYPE_ORDER if kind in types]

    def _object_schema(self, *, require: bool) -> JsonObject:
        if not self._names:
            return {}
        objects = self._types["object"]
        schema: JsonObject = {
            "properties": {name: seen.schema() for name, seen in self._names.items()}
        }
        required = [name for name, seen in self._names.items() if seen.count == objects]
        if required and require:
            schema["required"] = required
        return schema

    def _text_schema(self, types: list[str]) -> JsonObject:
        texts = self._types["string"]
        if self._formats:
            return {"format": next(each for each in _FORMATS if each in self._formats)}
        few = self._texts is not None and len(self._texts) * _SEEN_EACH <= texts
        # With other types beside it an enum would have to name their values too.
        if few and self._texts and texts >= _FEWEST_FOR_ENUM and types == ["string"]:
            return {"enum": sorted(self._texts)}
        return {}


def _rule(kind: RuleType, key: str | None, seen: _Seen, *, calls: int) -> Rule:
    holder = HOLDERS.get(kind.lower())
    schema: JsonObject = {"$schema": DRAFT, "type": "object"}
    if holder is not None and seen.count:
        inner = seen.schema(require=holder == "properties")
        schema["properties"] = {holder: inner}
        if inner.get("required") and seen.count == calls:
            schema["required"] = [holder]
    noun = "1 call" if calls == 1 else f"{calls} calls"
    return Rule(
        type=kind,
        key=key,
        version=1,
        schema=schema,
        title=key or kind,
        description=f"inferred from {noun}",
    )
