"""The compiled validator: decides and locates on every call.

With :mod:`mockseg.schemas.soundness` the only door to the JSON Schema libraries.
Schemas must be sound (see :mod:`mockseg.schemas.soundness`) before they come here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

import jsonschema_rs

from mockseg.json_types import Json, JsonObject, canonical, decode
from mockseg.schemas.engine_form import BadPatternError, engine_form, moved
from mockseg.schemas.formats import ASSERTED, NOT_ASSERTED
from mockseg.schemas.tree import DRAFT, Path, json_pointer, lookup, pointer_path


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

    __slots__ = ("_form", "_parts", "_validator", "is_valid", "schema")

    def __init__(self, schema: JsonObject) -> None:
        self.schema = schema
        try:
            self._form = engine_form(schema)
            self._validator = jsonschema_rs.Draft7Validator(self._form, **_options())
        except BadPatternError as error:
            raise BadSchemaError(str(error), error.path) from None
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
            return tuple(
                self._failure(error, value) for error in self._validator.iter_errors(value)
            )
        except ValueError as error:
            raise UnreadableValueError(str(error)) from None

    def some_failures(self, value: Json, *, most: int) -> tuple[tuple[Failure, ...], bool]:
        """Return what fails, looked for in a bounded part of a large value, and whether it is all.

        The library makes every error before the first can be read, 28 µs each, and a call may
        have fifteen thousand. So of a value with long lists only the beginning is looked at. What
        would hold for the beginning alone is left out; where nothing is left, the first error of
        the whole stands for all. A condition (``if``) about the part that is cut off may
        lead to a failure that the whole does not have.

        Args:
            value: that does not satisfy the schema.
            most: how many values inside lists, and how many members of one object, are looked at.

        Raises:
            UnreadableValueError: the value is not JSON.
        """
        part, _ = _beginning(value, most, most)
        if part is value:
            return self.failures(value), True
        found = tuple(
            failure for failure in self.failures(part) if _holds_for(failure, value, part)
        )
        if found:
            return found, False
        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return (self._failure(error, value),), False
        except ValueError as error:
            raise UnreadableValueError(str(error)) from None
        return (), True

    def _failure(self, error: jsonschema_rs.ValidationError, root: Json) -> Failure:
        kind: Any = error.kind
        keyword = kind.name
        schema_path = moved(tuple(error.schema_path), self._form, self.schema)
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
                tuple(self._failure(inner, root) for inner in branch) for branch in kind.context
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

    def part(self, pointer: str) -> Callable[[Json], bool] | None:
        """Return the test of a schema inside this one, such as ``#/allOf/0/if``, if there."""
        if self._parts is None:
            # Without the draft the library would take the newest.
            dated = {**self._form, "$schema": DRAFT}
            self._parts = jsonschema_rs.validator_map_for(dated, **_options())
        path = moved(pointer_path(self.schema, pointer.removeprefix("#")), self.schema, self._form)
        found = self._parts.get("#" + json_pointer(path))
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


def _beginning(value: Json, most: int, left: int) -> tuple[Json, int]:
    """Return a value without the ends of its long lists and objects; itself where it has none.

    What is whole in the copy is shared with the value.

    Args:
        value: any.
        most: members of an object.
        left: values inside lists; how many are left of them is returned.
    """
    if isinstance(value, dict):
        kept: JsonObject = {}
        whole = True
        for name, member in itertools.islice(value.items(), most):
            kept[name], left = _beginning(member, most, left)
            whole = whole and kept[name] is member
        return (value if whole and len(kept) == len(value) else kept), left
    if isinstance(value, list):
        items: list[Json] = []
        whole = True
        for item in value:
            if left <= 0:
                break
            first, left = _beginning(item, most, left - 1)
            items.append(first)
            whole = whole and first is item
        return (value if whole and len(items) == len(value) else items), left
    return value, left


# Of these, a beginning fails only where the whole fails too.
_OF_ANY_BEGINNING: Final = frozenset(
    {
        *("type", "false", "additionalProperties", "propertyNames"),
        *("maxItems", "maxProperties", "uniqueItems"),
    }
)


def _holds_for(failure: Failure, value: Json, part: Json) -> bool:
    """Return whether what fails in the beginning of a value fails in all of it."""
    there = lookup(value, failure.instance_path)
    if there is lookup(part, failure.instance_path) or failure.keyword in _OF_ANY_BEGINNING:
        return True
    absent = isinstance(there, dict) and not any(name in there for name in failure.names)
    return failure.keyword in {"required", "dependencies"} and bool(failure.names) and absent
