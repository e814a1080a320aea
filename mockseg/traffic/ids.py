"""The ids of the people of a run: UUIDs, or what the users' own plans ask of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject, as_object
from mockseg.plans.model import Plan
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.soundness import usable
from mockseg.schemas.values import Builder
from mockseg.traffic.draw import Draw, SeededChooser

_ID: Final[JsonObject] = {"type": "string", "minLength": 1}
_FIRST_NUMBER: Final = 100_001
# Of several ids that are drawn, the longest is taken: few others have it.
_DRAWN: Final = 8


class IdForm:
    """The form of one kind of id, such as ``userId``.

    A plan's rules may limit it at the top, in ``allOf``, or in ``then``; an id satisfies all of
    them at once, whatever call it is in. Where they exclude each other, it is a UUID.

    Args:
        field: of messages.
        plans: of the users' own.
        seed: of the run.
    """

    def __init__(self, field: str, plans: Iterable[Plan], *, seed: str) -> None:
        self._field, self._seed = field, seed
        asked = tuple(
            schema for plan in plans for rule in plan.rules for schema in _about(field, rule.schema)
        )
        self._is_valid: Callable[[Json], bool] | None = None
        if asked:
            self._is_valid = compile_schema({"allOf": [_ID, *asked]}).is_valid
        # The builder's functions draw from here: each id begins a stream of its own.
        self._draw = Draw(seed, field)
        self._made = self._maker(asked)

    def _maker(self, asked: tuple[Json, ...]) -> Callable[[], Json] | None:
        builder: Builder[Callable[[], Json]] = Builder(SeededChooser(self._draw), file=self._field)
        try:
            return builder.build((_ID, *asked), place=self._field) if asked else None
        except PlanError:
            # The rule that no id satisfies is named when its examples are made.
            return None

    def of(self, number: int, *, uuid: str, email: str) -> str:
        """Return the id of a person: one that people have if the plans allow it, else any.

        Args:
            number: of the person or the device, from 0.
            uuid: what the id is where nothing is asked of it.
            email: of the person.
        """
        if self._is_valid is None:
            return uuid
        own = str(_FIRST_NUMBER + number)
        usual = next(filter(self._is_valid, (uuid, email, own)), None)
        if usual is not None or self._made is None:
            return usual or uuid
        self._draw.random = Draw(self._seed, self._field, number).random
        drawn = max((str(self._made()) for _ in range(_DRAWN)), key=len)
        # What it must begin with, and a number that is this person's alone.
        begun = (drawn[:end] + own for end in range(1, len(drawn)))
        return next(filter(self._is_valid, begun), drawn)


def _about(field: str, schema: JsonObject) -> Iterator[Json]:
    """Yield what a rule says of a field of messages."""
    waiting: list[Json] = [usable(schema, file="plan", place=field)]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        found = as_object(node.get("properties")).get(field)
        if found is not None:
            yield found
        waiting += [*node.get("allOf", ()), node.get("then")]
