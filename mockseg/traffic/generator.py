"""The generator: from a recipe to calls, the same ones every time; no IO, no clock.

At each due time somebody does something. Who is in the middle of a visit goes on when the
time to think is over; otherwise somebody who is free begins one. When everybody is busy,
whoever is next goes on sooner: the schedule is kept, and the thinking gives way.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from mockseg.domain.timestamps import format_moment
from mockseg.errors import ConfigError
from mockseg.json_types import encode
from mockseg.traffic.crowd import Crowd
from mockseg.traffic.draw import EXPONENTIAL, Draw
from mockseg.traffic.kinds import THINGS
from mockseg.traffic.life import Life
from mockseg.traffic.made import Label, Made
from mockseg.traffic.people import People
from mockseg.traffic.quantities import SECOND
from mockseg.traffic.stage import Stage
from mockseg.traffic.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.json_types import JsonObject
    from mockseg.traffic.kinds import Kind, Variant
    from mockseg.traffic.people import Person
    from mockseg.traffic.recipe import Recipe
    from mockseg.traffic.ways import Way

__all__ = ["Traffic"]

_MILLISECOND: Final = 1_000_000
# Thousandths of the mean time to think, which is eight seconds.
_THINK_NS: Final = tuple(step * 8 * _MILLISECOND for step in EXPONENTIAL)
_THINKS: Final = len(_THINK_NS)
# Late calls waited on a device that had no connection: three hours on average.
_LATE_NS: Final = tuple((60 + step * 10) * SECOND for step in EXPONENTIAL)
_REMEMBERED: Final = 1000
_DUPLICATE: Final = "duplicate_message_id"
_PAGE_SHARE: Final = 0.25
_GROUP_SHARE: Final = 0.7
_ALIAS_SHARE: Final = 0.15
# Of the broken calls so many break a plan where there is a choice; the others the Spec.
_PLAN_SHARE: Final = 0.8


class _Visit:
    """Somebody on a way.

    Attributes:
        way: which one.
        kind: the next event, None where the way has ended.
        life: types of call that come before it, the last one first.
        person: who.
        prefix: of the person's messageIds.
        done: how many calls the person has made, ever.
        known: whether the person is a user.
        number: of the visit; nobody else's.
        thing: number of what it is about.
        device: what the person uses.
    """

    __slots__ = (
        "device", "done", "kind", "known", "life", "number", "person", "prefix", "thing", "way",
    )  # fmt: skip

    def __init__(
        self, way: Way, kind: Kind, person: Person, *, tag: str, done: int, known: bool, thing: int
    ) -> None:
        self.way = way
        self.kind: Kind | None = kind
        self.person = person
        self.prefix = f"{tag}-{person.number:06x}-"
        self.done = done
        self.known = known
        self.number = person.number << 20 | done
        self.thing = thing
        on_phone = bool(kind.variants) and kind.variants[0].on_phone
        self.device = person.phone if on_phone else person.browser
        self.life: list[str] = []


class Traffic:
    """The calls of a recipe; iterating again gives them again.

    Args:
        recipe: what is asked.

    Attributes:
        recipe: the same.

    Raises:
        ConfigError: a locale, an event of the mix or a plan that cannot be used.
        PlanError: there is no such plan of the catalogue, or nothing satisfies a rule.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._people = People(seed=recipe.seed, locale=recipe.locale)
        self._stage = Stage(recipe, self._people)
        self._life = Life(self._people, self._stage.checks)
        types = set(self._stage.types)
        if self._stage.lived:
            types.update(self._life.types)
        if recipe.types and not recipe.types & types:
            raise ConfigError(
                f"none of these calls is wanted there: made are {', '.join(sorted(types))},"
                f" wanted {', '.join(sorted(recipe.types))}"
            )

    def __iter__(self) -> Iterator[Made]:
        """Give each call, in the order of the due times."""
        return iter(_Run(self.recipe, self._people, self._stage, self._life))


class _Run:
    """One pass through a recipe."""

    def __init__(self, recipe: Recipe, people: People, stage: Stage, life: Life) -> None:
        self._recipe = recipe
        self._people = people
        self._stage = stage
        self._life = life
        self._random = Draw(recipe.seed, "run", recipe.share).random
        self._tag = Draw(recipe.seed, "ids", recipe.start_ns).hexadecimal(12)
        self._crowd = Crowd(recipe.users, share=recipe.share)
        self._waiting: list[tuple[int, int, _Visit]] = []
        self._count = 0
        self._second = -1
        self._second_text = ""
        self._timeline = Timeline(
            start_ns=recipe.start_ns,
            length_ns=recipe.schedule.length_ns,
            span_ns=recipe.span_ns,
            offset_minutes=people.place.offset_minutes,
        )

    def __iter__(self) -> Iterator[Made]:
        recipe, random = self._recipe, self._random
        at, step = self._timeline.at, self._step
        recent: list[Made] = []
        for due in recipe.schedule.due():
            if recent and random() < recipe.duplicates:
                first = recent[int(random() * len(recent))]
                yield first._replace(due_ns=due, label="duplicate", code=_DUPLICATE)
                continue
            moment = at(due)
            made = step(due, moment)
            while made is None:
                made = step(due, moment)
            yield made
            if recipe.duplicates and not made.code:
                if len(recent) < _REMEMBERED:
                    recent.append(made)
                else:
                    recent[int(random() * _REMEMBERED)] = made

    def _step(self, due: int, moment: int) -> Made | None:
        """Let somebody do one thing; None when it is nothing that is wanted."""
        waiting, random = self._waiting, self._random
        if waiting and (waiting[0][0] <= moment or self._crowd.all_busy):
            planned, _, visit = heappop(waiting)
            moment = min(planned, moment)
        else:
            visit = self._begin()
        visit.done += 1
        kind = visit.kind
        assert kind is not None  # noqa: S101 - a visit without a next event has ended
        invalid = self._recipe.invalid
        made = self._broken(visit, kind, due, moment) if invalid and random() < invalid else None
        if visit.life:
            type_ = visit.life.pop()
            if made is None:
                made = self._lived(visit, type_, due, moment)
            elif type_ == "identify":
                visit.known = True
        else:
            if made is None:
                made = self._documented(visit, kind, due, moment)
            elif kind.name == "identify":
                visit.known = True
            self._set_next(visit, visit.way.follows[kind.name].pick(random))
        if visit.kind is None:
            self._crowd.release(visit.person.number, done=visit.done, identified=visit.known)
        else:
            self._count += 1
            think = _THINK_NS[int(random() * _THINKS)]
            if visit.life:
                # Signing up is a matter of a second or so.
                think >>= 3
            heappush(waiting, (moment + think, self._count, visit))
        return made

    def _begin(self) -> _Visit:
        random, crowd, types = self._random, self._crowd, self._life.types
        number = crowd.take(random)
        way = self._stage.ways.pick(random)
        kind = way.starts.pick(random)
        visit = _Visit(
            way,
            kind,
            self._people.person(number),
            tag=self._tag,
            done=crowd.done_by(number),
            known=crowd.is_identified(number) or not way.lived,
            # The first things are the popular ones.
            thing=int(random() * random() * THINGS),
        )
        on_page = visit.device is visit.person.browser and "page" in types
        if visit.known or way.identified_at is not None:
            if way.lived and on_page and random() < _PAGE_SHARE:
                visit.life.append("page")
        else:
            if random() < _ALIAS_SHARE and "alias" in types:
                visit.life.append("alias")
            if random() < _GROUP_SHARE and "group" in types:
                visit.life.append("group")
            self._be_identified(visit)
            if on_page:
                visit.life.append("page")
        self._set_next(visit, kind)
        return visit

    def _be_identified(self, visit: _Visit) -> None:
        """Let somebody sign up before anything else that is to come."""
        if "identify" in self._life.types:
            visit.life.append("identify")
        else:
            visit.known = True

    def _set_next(self, visit: _Visit, kind: Kind | None) -> None:
        """Say what comes next; who becomes a user with it says so before."""
        visit.kind = kind
        if kind is None or visit.known or kind.name == "identify":
            return
        if kind.name == visit.way.identified_at:
            self._be_identified(visit)

    def _lived(self, visit: _Visit, type_: str, due: int, moment: int) -> Made | None:
        person = visit.person
        if type_ == "identify":
            visit.known = True
        turn = int(self._random() * self._life.pages) if type_ == "page" else 0
        message = self._life.message(type_, person, turn)
        if visit.known:
            message["userId"] = person.user_id
        message["anonymousId"] = visit.device.anonymous_id
        message["context"] = visit.device.raw
        return self._finished(message, visit, due, moment, type_=type_, name=type_)

    def _documented(self, visit: _Visit, kind: Kind, due: int, moment: int) -> Made | None:
        variants = kind.variants
        if not variants:
            return None
        variant: Variant = variants[int(self._random() * len(variants))]
        type_ = variant.type
        if kind.name == type_ and type_ in self._life.types:
            return self._lived(visit, type_, due, moment)
        person, device, known = visit.person, visit.device, visit.known
        message = variant.head.copy()
        if known:
            message["userId"] = person.user_id
        if not known or not variant.on_server:
            message["anonymousId"] = device.anonymous_id
        message["context"] = variant.context(person, device)
        message[variant.holder] = variant.body(
            person, thing=visit.thing, turn=visit.done, visit=visit.number
        )
        return self._finished(message, visit, due, moment, type_=type_, name=variant.name)

    def _broken(self, visit: _Visit, kind: Kind, due: int, moment: int) -> Made | None:
        broken, random = self._stage.broken, self._random
        of_event = () if visit.life else broken.of_event(kind.plan, kind.name)
        mistakes = of_event if random() < _PLAN_SHARE else ()
        mistakes = mistakes or broken.of_edge(kind.plan) or of_event
        if not mistakes:
            return None
        mistake = mistakes[int(random() * len(mistakes))]
        message_id = f"{visit.prefix}{visit.done:04x}"
        message = mistake.told_by(
            visit.person.user_id, message_id=message_id, timestamp=self._stamp(moment)
        )
        type_ = message["type"] if mistake.routed else ""
        return Made(due, encode(message), type_, kind.name, "invalid", mistake.code, message_id)

    def _finished(
        self, message: JsonObject, visit: _Visit, due: int, moment: int, *, type_: str, name: str
    ) -> Made | None:
        recipe = self._recipe
        if recipe.types and type_ not in recipe.types:
            return None
        label: Label = "good"
        if recipe.late and self._random() < recipe.late:
            label = "late"
            moment -= _LATE_NS[int(self._random() * len(_LATE_NS))]
        message["messageId"] = message_id = f"{visit.prefix}{visit.done:04x}"
        message["timestamp"] = self._stamp(moment)
        return Made(due, encode(message), type_, name, label, "", message_id)

    def _stamp(self, moment: int) -> str:
        second, rest = divmod(moment, SECOND)
        if second != self._second:
            self._second = second
            self._second_text = format_moment(second * SECOND)[:20]
        return f"{self._second_text}{rest // _MILLISECOND:03d}Z"
