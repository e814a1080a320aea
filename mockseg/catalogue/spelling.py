"""The ways one name is spelled: camelCase and snake_case, with and without a vendor's suffix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def snake_case(name: str) -> str:
    """Spell ``resourceCenterId`` as ``resource_center_id``; other names stay."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


def camel_case(name: str) -> str:
    """Spell ``resource_center_id`` as ``resourceCenterId``; other names stay."""
    first, *words = name.split("_")
    return first + "".join(word.capitalize() for word in words)


def slug(name: str) -> str:
    """Spell a name so that it can be part of a file's name: ``guide-started-userguiding``."""
    kept = "".join(char if char.isalnum() or char == "." else " " for char in name.lower())
    return "-".join(kept.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How property names may be spelled in a lenient plan.

    Attributes:
        either_case: whether camelCase and snake_case mean the same property.
        others: spellings beyond that, by the name that the plan itself uses.
    """

    either_case: bool = False
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def forms(self, name: str) -> tuple[str, ...]:
        cased = (camel_case(name), snake_case(name)) if self.either_case else ()
        return tuple(dict.fromkeys((name, *cased, *self.others.get(name, ()))))
