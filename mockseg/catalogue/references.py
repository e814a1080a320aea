"""References inside a plan file, written out.

A file says what several of its rules share once, under ``definitions``; a rule points
there with ``{"$ref": "#/definitions/product"}``. What stands beside the ``$ref`` changes
the copy as a JSON merge patch does (RFC 7396): null takes a property away. The rules
that leave the loader hold no references, so that each is whole by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.errors import PlanError

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject

__all__ = ["expand", "patched"]

_PREFIX: Final = "#/definitions/"


def expand(value: Json, definitions: JsonObject, *, file: str, trail: tuple[str, ...] = ()) -> Json:
    """Write out every reference in a part of a plan file.

    Args:
        value: the part.
        definitions: what the file defines.
        file: the file's name, for errors.
        trail: the definitions that are being written out already.

    Raises:
        PlanError: a reference leads out of the file, nowhere, or back to itself.
    """
    if isinstance(value, list):
        return [expand(item, definitions, file=file, trail=trail) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if not isinstance(reference, str):
        # Also where a property is called "$ref": then a schema stands there.
        return {
            key: expand(item, definitions, file=file, trail=trail) for key, item in value.items()
        }
    beside = {key: item for key, item in value.items() if key != "$ref"}
    name = _target(reference, definitions, file=file, trail=trail)
    base = expand(definitions[name], definitions, file=file, trail=(*trail, name))
    return patched(base, expand(beside, definitions, file=file, trail=trail))


def patched(base: Json, patch: Json) -> Json:
    """Apply a JSON merge patch (RFC 7396); neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), item)
    return result


def _target(reference: str, definitions: JsonObject, *, file: str, trail: tuple[str, ...]) -> str:
    name = reference.removeprefix(_PREFIX)
    if name == reference or name not in definitions:
        known = ", ".join(_PREFIX + each for each in definitions) or "none"
        raise PlanError(
            f"the reference {reference} leads nowhere in this file; allowed are {known}",
            file=file,
            place="$ref",
        )
    if name in trail:
        raise PlanError(
            f"the definitions {' > '.join((*trail, name))} lead back to themselves",
            file=file,
            place=f"definitions.{name}",
        )
    return name
