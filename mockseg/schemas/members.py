"""The properties of an object, as far as they are known when its values are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Member(Generic[V]):
    """A property that may be there.

    Attributes:
        value: its values.
        required: whether it must be there.
        weight: how often an alternative with it is drawn beside others.
    """

    value: V
    required: bool
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Members(Generic[V]):
    """All that is known of the properties of an object.

    Attributes:
        always: the properties that no condition is about.
        factors: independent choices; each alternative gives the properties that it is about.
        order: the order of all names.
        least, most: how many properties there may be.
        others: the values of properties that the schema does not name; None if there may be
            none.
    """

    always: Mapping[str, Member[V]]
    factors: tuple[tuple[Mapping[str, Member[V]], ...], ...]
    order: tuple[str, ...]
    least: int
    most: int | None
    others: V | None

    def table(self, factor: tuple[Mapping[str, Member[V]], ...]) -> list[int]:
        return [
            index
            for index, way in enumerate(factor)
            for _ in range(max((member.weight for member in way.values()), default=1))
        ]

    def miscounted(self) -> str | None:
        """Say why there cannot be this many or this few properties; None if there can."""
        needed = sum(member.required for member in self.always.values())
        if self.most is not None and needed > self.most:
            return f"{needed} properties are required and at most {self.most} allowed"
        if self.most is not None and self.least > self.most:
            return f"it wants {self.least} properties and at most {self.most} are allowed"
        if self.others is None and len(self.always) < self.least:
            return f"it wants {self.least} properties and knows {len(self.always)}"
        return None
