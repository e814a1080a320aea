"""Values for the schemas of anybody's plans: tried, and kept when the plan likes them.

No solver: what a schema says is followed as far as it says it plainly, conditions by
trying; whoever uses a value checks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.plans.compiled import BadSchemaError, compile_schema

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject
    from mockseg.traffic.draw import Draw

__all__ = ["SchemaValues"]

_DEEPEST: Final = 12
_FORMATS: Final = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "time": "09:30:00Z",
    "email": "someone@example.net",
    "uri": "https://app.example.com/page",
    "hostname": "app.example.com",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "uuid": "5be1c0a7-7d1e-4b6a-9c35-0b1a3c566de9",
}
_WORDS: Final = ("first", "second", "Welcome", "monthly", "text", "large", "blue", "step")
# Tried one after the other where a pattern has to be met.
_TEXTS: Final = (
    *_WORDS, *_FORMATS.values(), "12", "7", "1234", "12345", "123456789", "a", "A", "ab", "AB",
    "ABC", "abc", "abcdef", "ABC-123", "abc-123", "abc_def", "SKU-1001", "EUR", "en", "en-US",
    "en_US", "DE", "1.0", "1.0.0", "v1.0.0", "#a0b1c2", "+12025550100", "/path", "$1.00",
    "12.50", "user_1", "usr_123", "ord_123", "2026", "2026-01", "09:30", "deadbeef",
    "0123456789abcdef", "0123456789abcdef0123456789abcdef", "hello world", "",
)  # fmt: skip


class SchemaValues:
    """Makes values.

    Args:
        draw: where the choices come from.
    """

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._root: Json = {}

    def made(self, schema: Json) -> Json:
        """Make a value; whether it satisfies the schema has to be seen."""
        self._root = schema
        return self._value(schema, 0)

    def _value(self, schema: Json, depth: int) -> Json:
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return self._draw.pick(_WORDS)
        schema = self._merged(schema, depth)
        choices = [schema["const"]] if "const" in schema else schema.get("enum")
        if choices:
            return self._draw.pick(choices)
        kind = self._kind(schema)
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "integer" | "number":
                return self._number(schema, kind)
            case "boolean":
                return self._draw.below(2) == 0
            case "null":
                return None
        return self._text(schema)

    def _kind(self, schema: JsonObject) -> str | None:
        """Choose a type; "or null" is for what is rarely there."""
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = self._draw.pick([each for each in kind if each != "null"] or kind)
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else None
        return kind

    def _merged(self, schema: JsonObject, depth: int) -> JsonObject:
        """Take in what a schema refers to, its alternatives and the branches of its conditions."""
        parts = [self._target(schema["$ref"])] if "$ref" in schema else []
        parts += schema.get("allOf", ()) or ()
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                parts.append(self._draw.pick(schema[keyword]))
        if "if" in schema:
            go = self._draw.below(2) == 0
            parts += [schema["if"], schema.get("then", {})] if go else [schema.get("else", {})]
        merged = schema
        for part in parts:
            if isinstance(part, dict) and depth <= _DEEPEST:
                merged = _joined(merged, self._merged(part, depth + 1))
        return merged

    def _target(self, reference: Json) -> Json:
        place: Json = self._root
        for step in str(reference).removeprefix("#").strip("/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            place = place.get(key, {}) if isinstance(place, dict) else {}
        return place

    def _object(self, schema: JsonObject, depth: int) -> JsonObject:
        properties = schema.get("properties", {})
        required = schema.get("required", ())
        made: JsonObject = {}
        for name, sub in properties.items():
            if sub is False:
                continue
            if name in required or self._draw.below(4):
                made[name] = self._value(sub, depth + 1)
        extra = schema.get("additionalProperties")
        for name in required:
            made.setdefault(name, self._value(extra if isinstance(extra, dict) else {}, depth + 1))
        return made

    def _array(self, schema: JsonObject, depth: int) -> list[Json]:
        least = int(schema.get("minItems", 1))
        count = min(max(least, 1), 50) + self._draw.below(2)
        count = min(count, int(schema.get("maxItems", count)))
        items = schema.get("items", {})
        if isinstance(items, list):
            return [self._value(item, depth + 1) for item in items]
        return [self._value(items, depth + 1) for _ in range(count)]

    def _number(self, schema: JsonObject, kind: str) -> int | float:
        least = schema.get("minimum", schema.get("exclusiveMinimum"))
        most = schema.get("maximum", schema.get("exclusiveMaximum"))
        if least is None:
            least = 1 if most is None or most >= 1 else most - 100
        if most is None:
            most = least + 100
        step = schema.get("multipleOf")
        value = least + (most - least) * self._draw.random()
        if step:
            whole: int | float = step * int(value / step + 0.999)
            return whole
        if kind == "integer":
            return min(int(value) + self._draw.below(2), int(most))
        return round(value, 2)

    def _text(self, schema: JsonObject) -> str:
        if schema.get("format") in _FORMATS and "pattern" not in schema:
            return _FORMATS[schema["format"]]
        least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
        if "pattern" not in schema:
            text = self._draw.pick(_WORDS).ljust(least, "x")
            return text if most is None else text[: int(most)]
        try:
            is_valid = compile_schema(
                {
                    k: schema[k]
                    for k in ("pattern", "minLength", "maxLength", "format")
                    if k in schema
                }
            ).is_valid
        except BadSchemaError:
            return self._draw.pick(_WORDS)
        start = self._draw.below(len(_TEXTS))
        for text in (*_TEXTS[start:], *_TEXTS[:start]):
            if is_valid(text):
                return text
        return self._draw.pick(_WORDS)


def _joined(one: JsonObject, other: JsonObject) -> JsonObject:
    joined = one | {key: value for key, value in other.items() if key not in one}
    if "properties" in one and "properties" in other:
        mine, theirs = one["properties"], other["properties"]
        joined["properties"] = mine | {
            name: _joined(mine[name], sub)
            if isinstance(mine.get(name), dict) and isinstance(sub, dict)
            else sub
            for name, sub in theirs.items()
        }
    if "required" in one and "required" in other:
        joined["required"] = [*one["required"], *other["required"]]
    if "enum" in one and "enum" in other:
        joined["enum"] = [value for value in one["enum"] if value in other["enum"]] or one["enum"]
    return joined
