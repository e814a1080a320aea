"""The ids of people and of calls: the usual ones, or what the users' own plans ask of them."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
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
# The messageId of a call where nothing is asked of it: a run's own twelve digits, the person's
# number and the call's.
USUAL_MESSAGE_ID: Final = "0123456789ab-000000-0000"
_USUAL_MESSAGE_IDS: Final = (USUAL_MESSAGE_ID, "fedcba987654-ffffff-ffff")
# What calls are counted in, in a part of their ids, and how long that part is at most.
_DIGITS: Final = (
    string.hexdigits[:16],
    string.digits,
    string.ascii_lowercase,
    string.ascii_uppercase,
)
_LONGEST_COUNT: Final = 16
# How many ids in succession may be unusable.
_TRIES: Final = 1000


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


@dataclass(frozen=True, slots=True)
class _Count:
    """An id with a part that counts.

    Attributes:
        head: what is before it.
        digits: what is counted with.
        width: of the part, in characters.
        tail: what is behind it.
    """

    head: str
    digits: str
    width: int
    tail: str

    @property
    def room(self) -> int:
        found: int = len(self.digits) ** self.width
        return found

    def of(self, number: int) -> str:
        found, base = "", len(self.digits)
        for _ in range(self.width):
            number, digit = divmod(number, base)
            found = self.digits[digit] + found
        return self.head + found + self.tail


class MessageIds:
    """The messageIds of a run where the users' own plans say what these are like.

    All differ: a part of an id that the plans allow counts the calls.

    Args:
        plans: of the users' own.
        seed: of the run.

    Attributes:
        usual: whether the plans allow those that calls usually have.
    """

    def __init__(self, plans: Iterable[Plan], *, seed: str) -> None:
        self._seed, self._file = seed, "plan"
        asked: list[Json] = []
        for plan in plans:
            found = [each for rule in plan.rules for each in _about("messageId", rule.schema)]
            asked += found
            self._file = plan.name if found else self._file
        self._asked = (_ID, *asked)
        self._is_valid: Callable[[Json], bool] = compile_schema({"allOf": [*self._asked]}).is_valid
        self.usual = not asked or all(map(self._is_valid, _USUAL_MESSAGE_IDS))

    def example(self) -> str:
        """Return one of them.

        Raises:
            PlanError: the plans allow none, or too few that differ.
        """
        return USUAL_MESSAGE_ID if self.usual else self.of_run("example")()

    def of_run(self, *run: object, calls: int = 2) -> Callable[[], str]:
        """Return what makes the next id of a run.

        Args:
            run: what tells it apart from other runs of the same seed.
            calls: how many ids it needs.

        Raises:
            PlanError: the plans allow none, or fewer that differ.
        """
        draw = Draw(self._seed, "messageId", *run)
        builder: Builder[Callable[[], Json]] = Builder(SeededChooser(draw), file=self._file)
        made = builder.build(self._asked, place="messageId")
        drawn = sorted({str(made()) for _ in range(_DRAWN)}, key=len)
        # One more that is longer, where the end is open.
        longer = drawn[-1] + "0" * _LONGEST_COUNT
        forms = [*_counts(drawn[-1], self._is_valid)]
        forms += _counts(longer, self._is_valid) if self._is_valid(longer) else []
        form = max(forms, key=lambda each: each.room, default=None)
        if form is None or form.room < calls:
            raise self._too_few(len(drawn) if form is None else form.room)
        first = draw.below(form.room)
        ids = (form.of((first + number) % form.room) for number in range(form.room))

        def following() -> str:
            found = next(filter(self._is_valid, islice(ids, _TRIES)), None)
            if found is None:
                raise self._too_few(form.room)
            return found

        return following

    def _too_few(self, room: int) -> PlanError:
        found = "one" if room == 1 else f"{room:,} that differ"
        return PlanError(
            f"too few for the calls of traffic ({found}): a call with a messageId that was sent"
            " before is a duplicate, which Segment drops; allow more of them, such as by a"
            " pattern that ends with 12 digits",
            file=self._file,
            place="messageId",
        )


def _counts(text: str, is_valid: Callable[[Json], bool]) -> Iterator[_Count]:
    """Yield the longest part of a valid text, for each kind of digits, that may be any of them."""
    for digits in _DIGITS:
        found = (
            _Count(text[:start], digits, width, text[start + width :])
            for width in range(min(len(text), _LONGEST_COUNT), 0, -1)
            # The end differs most often in ids that people write.
            for start in range(len(text) - width, -1, -1)
        )
        form = next((each for each in found if _may_count(each, is_valid)), None)
        if form is not None:
            yield form


def _may_count(form: _Count, is_valid: Callable[[Json], bool]) -> bool:
    return all(is_valid(form.head + part + form.tail) for part in _samples(form.digits, form.width))


@lru_cache(maxsize=128)
def _samples(digits: str, width: int) -> tuple[str, ...]:
    """Return parts with each digit at each place."""
    turned = digits * 2
    mixed = [(turned[at:] * width)[:width] for at in range(0, len(digits), 5)]
    return (digits[-1] * width, *(digit * width for digit in digits[:-1]), *mixed)


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
