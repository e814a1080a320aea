"""A place where a value does not satisfy a schema, the same from either validator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockseg.json_types import Json
    from mockseg.plans.schema_tree import Path

__all__ = ["Failure"]


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
