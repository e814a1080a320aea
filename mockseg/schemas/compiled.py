"""The compiled validator: decides and locates on every call.

The only door to the JSON Schema library.
Schemas must be sound (see :mod:`mockseg.schemas.soundness`) before they come here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NoReturn
from weakref import WeakValueDictionary

import jsonschema_rs

from mockseg.json_types import Json, JsonObject, canonical, decode, encode
from mockseg.schemas.engine_form import BadPatternError, engine_form, moved
from mockseg.schemas.format_checks import ASSERTED, NOT_ASSERTED
from mockseg.schemas.tree import DRAFT, Path, json_pointer, pointer_path
from mockseg.schemas.walker import Failure, walk


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


class CompiledSchema:
    """A schema, compiled.

    Attributes:
        schema: the schema itself; not to be changed.
        is_valid: tells whether a JSON value satisfies it; ``ValueError`` on what is not JSON.
    """

    __slots__ = ("__weakref__", "_form", "_parts", "_validator", "is_valid", "schema")

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

    def failures(
        self, value: Json, *, most_steps: int | None = None, most_failures: int | None = None
    ) -> tuple[tuple[Failure, ...], bool]:
        """Return what fails, in Segment's order, and whether that is all.

        A value that is bad is never without a failure: where the walk finds none, as when it ended
        before it came to the first one, the compiled validator names one.

        Args:
            value: any.
            most_steps: maximum number of schemas and values that are looked at; None for all.
            most_failures: maximum number of failures; None for all.

        Raises:
            UnreadableValueError: the value is not JSON.
        """
        whole = False
        try:
            # Releases of the library differ in whether they see such a value before a failure.
            encode(value)
            found, whole = walk(
                self.schema,
                value,
                matches=_matches,
                most_steps=most_steps,
                most_failures=most_failures,
            )
            if not found:
                self._validator.validate(value)
                return (), True
        except jsonschema_rs.ValidationError as error:
            return (self._failure(error),), whole
        except ValueError as error:
            raise UnreadableValueError(str(error)) from None
        return found, whole

    def _failure(self, error: jsonschema_rs.ValidationError) -> Failure:
        kind: Any = error.kind
        names: tuple[str, ...] = ()
        if kind.name == "required":
            names = (kind.property,)
        elif kind.name == "additionalProperties":
            names = tuple(kind.unexpected)
        return Failure(
            keyword="false" if kind.name == "falseSchema" else kind.name,
            instance_path=tuple(error.instance_path),
            schema_path=moved(tuple(error.schema_path), self._form, self.schema),
            instance=error.instance,
            names=names,
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
    return _compiled(canonical(schema))


class _Compiled:
    """Compiled schemas: those that are in use, and of the others the last, up to a size.

    What is compiled takes thirty times as much memory as its text.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._used: WeakValueDictionary[bytes, CompiledSchema] = WeakValueDictionary()
        self._last: OrderedDict[bytes, CompiledSchema] = OrderedDict()
        self._bytes = 0

    def __call__(self, text: bytes) -> CompiledSchema:
        found = self._used.get(text)
        if found is None:
            found = self._used[text] = CompiledSchema(decode(text))
        if text in self._last:
            self._last.move_to_end(text)
        elif len(text) <= self._most_bytes:
            self._last[text] = found
            self._bytes += len(text)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._last.popitem(last=False)[0])
        return found


_compiled: Final = _Compiled(most_bytes=500_000)


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


def _matches(pattern: str, text: str) -> bool:
    return _pattern(pattern)(text)


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> Callable[[Json], bool]:
    return CompiledSchema({"pattern": pattern}).is_valid
