"""The compiled validator: decides and locates on every call.

With :mod:`mockseg.schemas.soundness` the only door to the JSON Schema libraries.
Schemas must be sound (see :mod:`mockseg.schemas.soundness`) before they come here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

import jsonschema_rs

from mockseg.json_types import Json, JsonObject, canonical, decode
from mockseg.schemas.formats import ASSERTED, NOT_ASSERTED
from mockseg.schemas.tree import DRAFT, Path, lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One keyword that one value does not satisfy.

    Attributes:
        keyword: the keyword of JSON Schema, or ``false`` for the schema that nothing satisfies.
        instance_path: where the value is, from the root of the message.
        schema_path: where the keyword really stands, without references on the way.
        instance: the value.
        names: the properties that it is about: missing, not allowed or badly named ones.
        branches: for ``anyOf`` and ``oneOf``, why each alternative failed; empty if one did not.
    """

    keyword: str
    instance_path: Path
    schema_path: Path
    instance: Json
    names: tuple[str, ...] = ()
    branches: tuple[tuple[Failure, ...], ...] = ()


class BadSchemaError(ValueError):
    """A schema cannot be compiled; internal to this floor, callers see a ``PlanError``.

    Attributes:
        path: where in the schema.
        reason: what is wrong there, as the library puts it.
    """

    def __init__(self, reason: str, path: Path) -> None:
        self.path = path
        self.reason = reason
        super().__init__(reason)


class UnreadableValueError(ValueError):
    """A value is not JSON, such as one with a lone surrogate, so no schema can judge it."""


_FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    **ASSERTED,
    **dict.fromkeys(NOT_ASSERTED, lambda _: True),
}

_ABOUT_NAMES: Final = (("additionalProperties",), ("propertyNames",))


class CompiledSchema:
    """A schema, compiled.

    Attributes:
        schema: the schema itself; not to be changed.
        is_valid: tells whether a JSON value satisfies it; ``ValueError`` on what is not JSON.
    """

    __slots__ = ("_parts", "_validator", "is_valid", "schema")

    def __init__(self, schema: JsonObject) -> None:
        self.schema = schema
        try:
            self._validator = jsonschema_rs.Draft7Validator(schema, **_options())
        except jsonschema_rs.ValidationError as error:
            raise BadSchemaError(error.message, tuple(error.instance_path)) from None
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise BadSchemaError(str(error).partition("\n")[0], ()) from None
        self.is_valid: Callable[[Json], bool] = self._validator.is_valid
        self._parts: jsonschema_rs.ValidatorMap | None = None

    def failures(self, value: Json) -> tuple[Failure, ...]:
        """Return every place where the value does not satisfy the schema.

        Raises:
            UnreadableValueError: the value is not JSON.
        """
        try:
            return tuple(_failure(error, value) for error in self._validator.iter_errors(value))
        except ValueError as error:
            raise UnreadableValueError(str(error)) from None

    def part(self, pointer: str) -> Callable[[Json], bool] | None:
        """Return the test of a schema inside this one, such as ``#/allOf/0/if``, if there."""
        if self._parts is None:
            # Without the draft the library would take the newest.
            dated = {**self.schema, "$schema": DRAFT}
            self._parts = jsonschema_rs.validator_map_for(dated, **_options())
        found = self._parts.get(pointer)
        return None if found is None else found.is_valid


def compile_schema(schema: JsonObject) -> CompiledSchema:
    """Compile a schema; equal schemas are compiled once.

    Raises:
        BadSchemaError: it is not a schema of draft-07, or a pattern needs more than linear time.
    """
    return _compile(canonical(schema))


@lru_cache(maxsize=4096)
def _compile(text: bytes) -> CompiledSchema:
    return CompiledSchema(decode(text))


def _options() -> dict[str, Any]:
    return {
        "formats": _FORMATS,
        "validate_formats": True,
        "retriever": _refuse,
        # An engine without look-around and back references, whose time is linear in the text.
        "pattern_options": jsonschema_rs.RegexOptions(),
    }


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"references out of the file are refused: {uri}")


def _failure(error: jsonschema_rs.ValidationError, root: Json) -> Failure:
    kind: Any = error.kind
    keyword = kind.name
    schema_path = tuple(error.schema_path)
    names: tuple[str, ...] = ()
    branches: tuple[tuple[Failure, ...], ...] = ()
    if keyword == "required":
        names = (kind.property,)
        if schema_path[-1:] == ("dependencies",):
            keyword = "dependencies"
    elif keyword == "additionalProperties":
        names = tuple(kind.unexpected)
    elif keyword == "propertyNames":
        names = (str(kind.error.instance),)
    elif keyword == "falseSchema":
        keyword = "false"
        last = schema_path[-1:]
        if last in _ABOUT_NAMES and tuple(error.instance_path[-1:]) != last:
            # So the library tells it, without names, where no property is planned at all.
            keyword, names = str(last[0]), tuple(lookup(root, error.instance_path))
    elif keyword in {"anyOf", "oneOf"}:
        branches = tuple(
            tuple(_failure(inner, root) for inner in branch) for branch in kind.context
        )
        if not all(branches):
            branches = ()
    return Failure(
        keyword=keyword,
        instance_path=tuple(error.instance_path),
        schema_path=schema_path,
        instance=error.instance,
        names=names,
        branches=branches,
    )
