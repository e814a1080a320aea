"""The part of a schema whose mistakes can be made one by one.

What the catalogue's files use, and nothing of references, conditions and alternatives,
whose mistakes have no single place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject

__all__ = ["plain"]

_KEPT: Final = (
    "type", "enum", "const", "pattern", "minimum", "maximum", "maxLength", "required", "format",
)  # fmt: skip
_DEEPEST: Final = 8


def plain(schema: Json, *, depth: int = 0) -> JsonObject:
    """Give a copy of a schema without what cannot be broken one by one."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {}
    result: JsonObject = {key: schema[key] for key in _KEPT if key in schema}
    properties = schema.get("properties")
    if isinstance(properties, dict):
        result["properties"] = {
            name: plain(sub, depth=depth + 1)
            for name, sub in properties.items()
            if sub is not False
        }
    if schema.get("additionalProperties") is False:
        result["additionalProperties"] = False
    if isinstance(schema.get("items"), dict):
        result["items"] = plain(schema["items"], depth=depth + 1)
    return result
