"""The generator: from a recipe to calls, the same ones every time; no IO, no clock.

At each due time a person does something: one in the middle of a visit goes on when the time to
think is over, else a free one begins a visit. When all are busy, the next one goes on sooner:
the schedule is kept, and the thinking gives way. Each person takes a few bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from heapq import heappop, heappush, heapreplace
from typing import Final

from mockseg.catalogue.journeys import JourneyPage
from mockseg.clock import NANOSECONDS
from mockseg.domain.timestamps import format_moment
from mockseg.errors import ConfigError
from mockseg.json_types import JsonObject, encode
from mockseg.traffic.draw import EXPONENTIAL, Draw
from mockseg.traffic.event_templates import THINGS, BaselineCalls, EventTemplate, Variant
from mockseg.traffic.packets import GeneratedCall, Label
from mockseg.traffic.people import People, Person
from mockseg.traffic.scenario import Recipe, Route, Scenario, findings
from mockseg.traffic.schedule import Timeline


class Crowd:
    """The people of one share.

    Args:
        users: how many.
        share: which share of all people; each has its own numbers.
    """

    __slots__ = ("_counts", "_free", "_identified", "first")

    def __init__(self, users: int, *, share: int) -> None:
        self.first = users * share
        self._free = array("l", range(users))
        self._counts = array("l", bytes(array("l").itemsize * users))
        self._identified = bytearray(users)

    @property
    def all_busy(self) -> bool:
        return not self._free

    def take(self, random: Callable[[], float]) -> int:
        free = self._free
        place = int(random() * len(free))
        number = free[place]
        free[place] = free[-1]
        free.pop()
        return self.first + number

    def done_by(self, number: int) -> int:
        return self._counts[number - self.first]

    def is_identified(self, number: int) -> bool:
        return bool(self._identified[number - self.first])

    def release(self, number: int, *, done: int, identified: bool) -> None:
        place = number - self.first
        self._counts[place] = done
        self._identified[place] = identified
        self._free.append(place)


_MILLISECOND: Final = 1_000_000
# Thousandths of the mean time to think, which is eight seconds.
_THINK_NS: Final = tuple(step * 8 * _MILLISECOND for step in EXPONENTIAL)
_THINKS: Final = len(_THINK_NS)
# Looked up rather than formatted, for the rate.
_MILLISECONDS: Final = tuple(b"%03dZ" % number for number in range(1000))
# Late calls waited on a device that had no connection: three hours on average.
_LATE_NS: Final = tuple((60 + step * 10) * NANOSECONDS for step in EXPONENTIAL)
_REMEMBERED: Final = 1000
_ID: Final = b',"messageId":"'
_TIME: Final = b'","timestamp":"'
_DUPLICATE: Final = "duplicate_message_id"
# The ids of a plan's example, replaced by a person's.
_EXAMPLE_USER: Final = "user-1"
_EXAMPLE_VISITOR: Final = "visitor-1"
_PAGE_SHARE: Final = 0.25
_GROUP_SHARE: Final = 0.7
_ALIAS_SHARE: Final = 0.15
# Share of the broken calls that break a plan where there is a choice; the others break the Spec.
_PLAN_SHARE: Final = 0.8


class _Visit:
    """A person on a route.

    Attributes:
        route: which one.
        event: the next event, None where the route has ended.
        baseline: types of call that come before it, the last one first.
        person: who.
        prefix: of the person's messageIds.
        done: how many calls the person has made, ever.
        due, moment: when the next call is to be sent, and when it happens.
        known: whether the person is a user.
        number: of the visit, unique in the run.
        thing: number of what it is about.
        device: what the person uses.
        members: ids and context of calls from the device, as members of a message.
        ids: those of calls from the device.
        server_id: the id by which a back end knows the person.
        pages: the pages that the person opens, by event.
    """

    __slots__ = (
        "baseline", "device", "done", "due", "event", "ids", "known", "members", "moment",
        "number", "pages", "person", "prefix", "route", "server_id", "thing",
    )  # fmt: skip

    def __init__(
        self,
        route: Route,
        event: EventTemplate,
        person: Person,
        *,
        prefix: str,
        done: int,
        thing: int,
    ) -> None:
        self.route = route
        self.event: EventTemplate | None = event
        self.person = person
        self.prefix = prefix
        self.done = done
        self.due = self.moment = 0
        self.known = False
        self.number = person.number << 20 | done
        self.thing = thing
        on_phone = bool(event.variants) and event.variants[0].on_phone
        self.device = person.phone if on_phone else person.browser
        self.members = self.device.members
        self.server_id = self.ids = self.device.id_member
        self.baseline: list[str] = []
        self.pages: Mapping[str, JourneyPage] = {}

    def become_user(self) -> None:
        self.known = True
        self.server_id = self.person.id_member
        self.ids = self.server_id + self.device.id_member
        self.members = self.server_id + self.device.members


class Traffic:
    """The calls of a recipe; iterating again gives them again.

    Args:
        recipe: what is asked.

    Attributes:
        recipe: the same.

    Raises:
        ConfigError: a locale, an event of the mix or a plan that cannot be used.
        PlanError: unknown plan of the catalogue, nothing satisfies a rule, or the plans allow fewer
            messageIds than there are calls.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._people = People(seed=recipe.seed, locale=recipe.locale, plans=recipe.plans)
        if not self._people.message_ids.usual:
            # So that too few of them are told before the first call.
            _new_ids(recipe, self._people)
        self._scenario = Scenario(recipe, self._people)
        self._baseline = BaselineCalls(self._people, self._scenario.checks)
        types = set(self._scenario.types)
        if self._scenario.with_baseline:
            types.update(self._baseline.types)
        if recipe.types and not recipe.types & types:
            raise ConfigError(
                f"the target takes {', '.join(sorted(recipe.types))} calls, and the plans have"
                f" {', '.join(sorted(types))} only"
            )

    def findings(self, message: JsonObject) -> set[str]:
        """Return the codes of all that the plans of the recipe find in a message."""
        return findings(message, self._scenario.checks)

    def __iter__(self) -> Iterator[GeneratedCall]:
        return _Run(self.recipe, self._people, self._scenario, self._baseline).calls()


def _new_ids(recipe: Recipe, people: People) -> Callable[[], str]:
    calls = recipe.schedule.calls
    return people.message_ids.of_run(recipe.start_ns, recipe.share, calls=calls)


class _Run:
    def __init__(
        self, recipe: Recipe, people: People, scenario: Scenario, baseline: BaselineCalls
    ) -> None:
        self._recipe = recipe
        self._invalid, self._late, self._types = recipe.invalid, recipe.late, recipe.types
        self._people = people
        self._scenario = scenario
        self._baseline = baseline
        self._random = Draw(recipe.seed, "run", recipe.share).random
        self._tag = Draw(recipe.seed, "ids", recipe.start_ns).hexadecimal(12)
        self._new_id = None if people.message_ids.usual else _new_ids(recipe, people)
        self._crowd = Crowd(recipe.users, share=recipe.share)
        self._waiting: list[tuple[int, int, _Visit]] = []
        self._count = 0
        self._second, self._second_text = -1, b""
        self._timeline = Timeline(
            start_ns=recipe.start_ns,
            length_ns=recipe.schedule.length_ns,
            span_ns=recipe.span_ns,
            offset_minutes=people.place.offset_minutes,
        )

    def calls(self) -> Iterator[GeneratedCall]:
        recipe, random = self._recipe, self._random
        at, step, duplicates = self._timeline.at, self._step, recipe.duplicates
        recent: list[GeneratedCall] = []
        for due in recipe.schedule.due():
            if recent and random() < duplicates:
                first = recent[int(random() * len(recent))]
                yield GeneratedCall(
                    due, first.line, first.type, first.name, "duplicate", _DUPLICATE,
                    first.message_id,
                )  # fmt: skip
                continue
            moment = at(due)
            made = step(due, moment)
            while made is None:
                made = step(due, moment)
            yield made
            if duplicates and not made.code:
                if len(recent) < _REMEMBERED:
                    recent.append(made)
                else:
                    recent[int(random() * _REMEMBERED)] = made

    def _step(self, due: int, moment: int) -> GeneratedCall | None:
        """Let a person make one call; None when it is not of a wanted type."""
        waiting = self._waiting
        goes_on = bool(waiting) and (waiting[0][0] <= moment or self._crowd.all_busy)
        if goes_on:
            # It stays the first of the queue until its next turn is known.
            planned, _, visit = waiting[0]
            moment = min(moment, planned)
        else:
            visit = self._begin()
        visit.done += 1
        visit.due, visit.moment = due, moment
        made = self._act(visit)
        if visit.event is None:
            self._crowd.release(visit.person.number, done=visit.done, identified=visit.known)
            if goes_on:
                heappop(waiting)
            return made
        self._count += 1
        think = _THINK_NS[int(self._random() * _THINKS)]
        if visit.baseline:
            # Signing up is a matter of a second or so.
            think >>= 3
        turn = (moment + think, self._count, visit)
        if goes_on:
            heapreplace(waiting, turn)
        else:
            heappush(waiting, turn)
        return made

    def _act(self, visit: _Visit) -> GeneratedCall | None:
        event = visit.event
        assert event is not None  # noqa: S101 - a visit without a next event has ended
        invalid = self._invalid
        made = self._invalid_call(visit, event) if invalid and self._random() < invalid else None
        if visit.baseline:
            type_ = visit.baseline.pop()
            if type_ == "identify":
                visit.become_user()
            return made or self._of_baseline(visit, type_)
        if made is None:
            made = self._documented(visit, event)
        if event.name == "identify":
            visit.become_user()
        following = visit.route.journey.habits[event.name].pick(self._random)
        visit.event = event = None if following is None else visit.route.events[following]
        self._prepare(visit, event)
        return made

    def _begin(self) -> _Visit:
        random, crowd, types = self._random, self._crowd, self._baseline.types
        number = crowd.take(random)
        route = self._scenario.routes.pick(random)
        event = route.events[route.journey.habits[None].pick(random) or ""]
        # The first things are the popular ones.
        thing = int(random() * random() * THINGS)
        prefix = f"{self._tag}-{number:06x}-"
        person, done = self._people.person(number), crowd.done_by(number)
        visit = _Visit(route, event, person, prefix=prefix, done=done, thing=thing)
        if not self._scenario.with_baseline or crowd.is_identified(number):
            visit.become_user()
        on_page = visit.device is visit.person.browser and "page" in types
        if on_page and self._scenario.with_baseline:
            visit.pages = route.journey.pages
        on_page = on_page and not visit.pages
        if visit.known or route.journey.identified_at is not None:
            if self._scenario.with_baseline and on_page and random() < _PAGE_SHARE:
                visit.baseline.append("page")
        else:
            if random() < _ALIAS_SHARE and "alias" in types:
                visit.baseline.append("alias")
            if random() < _GROUP_SHARE and "group" in types:
                visit.baseline.append("group")
            self._identify(visit)
            if on_page:
                visit.baseline.append("page")
        self._prepare(visit, event)
        return visit

    def _identify(self, visit: _Visit) -> None:
        """Let a visitor sign up before anything else that is to come."""
        if "identify" in self._baseline.types:
            visit.baseline.append("identify")
        else:
            visit.become_user()

    def _prepare(self, visit: _Visit, event: EventTemplate | None) -> None:
        """Let a person open the page of the next event, and identify where it makes a user."""
        if event is None:
            return
        if event.name in visit.pages:
            visit.baseline.insert(0, "page")
        if not visit.known and event.name == visit.route.journey.identified_at != "identify":
            self._identify(visit)

    def _of_baseline(self, visit: _Visit, type_: str) -> GeneratedCall | None:
        if type_ == "page" and visit.event is not None and visit.event.name in visit.pages:
            page = visit.pages[visit.event.name]
            start = self._baseline.shop_page(page, visit.thing) + visit.members
        else:
            turn = int(self._random() * self._baseline.pages) if type_ == "page" else 0
            start = self._baseline.message(type_, visit.person, turn) + visit.members
        return self._finished(start, visit, type_, type_)

    def _documented(self, visit: _Visit, event: EventTemplate) -> GeneratedCall | None:
        variants = event.variants
        if not variants:
            return None
        variant: Variant = variants[int(self._random() * len(variants))]
        type_ = variant.type
        if event.name == type_ and type_ in self._baseline.types:
            if type_ == "identify":
                visit.become_user()
            return self._of_baseline(visit, type_)
        person = visit.person
        body = variant.body(person, visit.thing, visit.done, visit.number)
        if variant.of_device:
            start = variant.head + visit.members + body
        elif variant.context:
            start = variant.head + visit.server_id + variant.context + body
        else:
            context = variant.context_of(person, visit.device)
            ids = visit.server_id if variant.on_server else visit.ids
            start = variant.head + ids + context + body
        return self._finished(start, visit, type_, variant.name)

    def _invalid_call(self, visit: _Visit, event: EventTemplate) -> GeneratedCall | None:
        scenario, random = self._scenario, self._random
        # An event that only a strict plan names has none of its own.
        of_event = () if visit.baseline else scenario.violations.get((event.plan, event.name), ())
        mistakes = of_event if random() < _PLAN_SHARE else ()
        mistakes = mistakes or scenario.discards[event.plan] or of_event
        if not mistakes:
            return None
        mistake = mistakes[int(random() * len(mistakes))]
        message_id = f"{visit.prefix}{visit.done:04x}" if self._new_id is None else self._new_id()
        # Good calls splice bytes for their rate; these are few.
        message: JsonObject = {
            name: value for name, value in mistake.message.items() if name != "timestamp"
        }
        message |= {"messageId": message_id, "timestamp": self._stamp(visit.moment).decode()}
        if message.get("userId") == _EXAMPLE_USER:
            message["userId"] = visit.person.user_id
        if message.get("anonymousId") == _EXAMPLE_VISITOR:
            message["anonymousId"] = visit.person.browser.anonymous_id
        type_ = "" if mistake.field == "type" else message["type"]
        return GeneratedCall(
            visit.due, encode(message), type_, event.name, "invalid", mistake.code, message_id
        )

    def _finished(self, start: bytes, visit: _Visit, type_: str, name: str) -> GeneratedCall | None:
        """Make the call of what stands before its messageId, if its type is wanted."""
        if self._types and type_ not in self._types:
            return None
        label: Label = "good"
        moment = visit.moment
        if self._late and self._random() < self._late:
            label = "late"
            moment -= _LATE_NS[int(self._random() * len(_LATE_NS))]
        if self._new_id is None:
            message_id = f"{visit.prefix}{visit.done:04x}"
            written = message_id.encode()
        else:
            message_id = self._new_id()
            written = encode(message_id)[1:-1]
        line = b"".join((start, _ID, written, _TIME, self._stamp(moment), b'"}'))
        return GeneratedCall(visit.due, line, type_, name, label, "", message_id)

    def _stamp(self, moment: int) -> bytes:
        second, millisecond = divmod(moment // _MILLISECOND, 1000)
        if second != self._second:
            self._second = second
            self._second_text = format_moment(second * NANOSECONDS)[:20].encode()
        return self._second_text + _MILLISECONDS[millisecond]
