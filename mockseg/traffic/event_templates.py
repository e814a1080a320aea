"""Events ready to be sent by any person: documented ones, and the baseline calls around them.

From the one value of an example come the many that real traffic has. A value keeps its kind:
digits stay digits, an identifier keeps its prefix, an address its host. What a schema limits
(an enum, a constant, a pattern) stays as the example has it; the whole is checked against the
plan afterwards. Baseline calls are what people do in any app: look at pages, sign up, belong
to a company.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from mockseg.catalogue.journeys import JourneyPage
from mockseg.catalogue.samples import message_for
from mockseg.catalogue.spelling import snake_case
from mockseg.domain.message import holder_of
from mockseg.json_types import Json, JsonObject, as_object, decode, encode
from mockseg.plans.model import Plan, Rule
from mockseg.plans.planset import PlanSet
from mockseg.traffic.draw import Draw
from mockseg.traffic.ids import USUAL_MESSAGE_ID
from mockseg.traffic.people import Device, People, Person, Pools, ascii_of

BASELINE: Final = ("identify", "group", "alias", "page")
_SITE: Final = "https://app.example.com"
_SHOP: Final = "https://shop.example.com"
_SITE_PAGES: Final = (
    ("Home", "/"),
    ("Pricing", "/pricing"),
    ("Dashboard", "/dashboard"),
    ("Reports", "/reports"),
    ("Contacts", "/contacts"),
    ("Import", "/import"),
    ("Settings", "/settings"),
    ("Help", "/help"),
)
_REFERRERS: Final = ("", "", "https://www.example.org/", "https://search.example.com/")


class BaselineCalls:
    """Makes the calls around documented events.

    Args:
        people: of the run.
        checks: the plans; a type of call that violates its rule is left out.

    Attributes:
        types: the types of call that people make.
        pages: how many pages there are.
    """

    def __init__(self, people: People, checks: PlanSet) -> None:
        self._pages = tuple(
            _page(name, _SITE, path, referrer)
            for name, path in _SITE_PAGES
            for referrer in _REFERRERS
        )
        self._shop_pages: dict[tuple[str, int], bytes] = {}
        self.pages = len(self._pages)
        person, self._message_id = people.person(0), {"messageId": people.message_id}
        self.types = tuple(
            type_
            for type_ in BASELINE
            if not any(
                checks.check(whole, type=type_, event=None) for whole in self._whole(type_, person)
            )
        )

    def message(self, type_: str, person: Person, turn: int) -> bytes:
        """Return the beginning of a call: all but its ids, time, context and closing brace.

        Args:
            type_: one of :data:`BASELINE`.
            person: whose.
            turn: which page, from 0 to ``pages`` - 1.
        """
        if type_ == "page":
            return self._pages[turn]
        message: JsonObject = {"type": type_}
        if type_ == "identify":
            message["traits"] = person.traits
        elif type_ == "group":
            message |= {"groupId": person.group_id, "traits": person.company}
        else:
            message["previousId"] = person.browser.anonymous_id
        return encode(message)[:-1]

    def shop_page(self, page: JourneyPage, thing: int) -> bytes:
        """Return the beginning of the call for a page of a journey.

        Args:
            page: which one.
            thing: number of the thing that it shows.
        """
        path = page.path.format(thing + 1)
        start = self._shop_pages.get((path, thing))
        if start is None:
            # People come from anywhere to the first page, and from there to the others.
            referrer = f"{_SHOP}/" if path != "/" else _REFERRERS[thing % len(_REFERRERS)]
            start = self._shop_pages[path, thing] = _page(page.name, _SHOP, path, referrer)
        return start

    def _whole(self, type_: str, person: Person) -> list[JsonObject]:
        message: JsonObject = decode(self.message(type_, person, 0) + b"}")
        device = {"anonymousId": person.browser.anonymous_id, "context": person.browser.context}
        visitors = STAMPED | message | device | self._message_id
        users = visitors | {"userId": person.user_id}
        return [users, visitors] if type_ == "page" else [users]


def _page(name: str, site: str, path: str, referrer: str) -> bytes:
    properties = {
        "name": name,
        "path": path,
        "referrer": referrer,
        "search": "",
        "title": name,
        "url": f"{site}{path}",
    }
    return encode({"type": "page", "name": name, "properties": properties})[:-1]


# Endings of a property's name, in snake case.
_NAMED: Final = ("name", "title", "subject", "account_name")
_TOLD: Final = ("message", "feedback", "question", "text", "body", "description", "message_body")
_UUID_LENGTH: Final = 36
_PAGES: Final = (
    "dashboard", "reports", "settings", "billing", "contacts", "projects", "inbox", "import",
)  # fmt: skip
_LARGEST_FREE: Final = 100
# UserGuiding's kinds of question that are answered by a number, with the largest there is.
_MOST_SCORE: Final = {
    "Star Rating": 5, "Number Rating (5)": 5, "Number Rating (10)": 10, "NPS Rating": 10,
}  # fmt: skip


class _Occasion:
    """Varies the values of an example: the same for the same thing and turn.

    Args:
        pools: names and words.
        seed: of the run and the event.
        thing: number of the thing that they are about; its names and ids follow from it.
        turn: number of the occasion; what is not a name or an id follows from it, too.
    """

    def __init__(self, pools: Pools, seed: str, thing: int, turn: int) -> None:
        self._pools, self._seed, self._thing, self._turn = pools, seed, thing, turn

    def _draw(self, word: str) -> Draw:
        return Draw(self._seed, word, self._thing, self._turn)

    def body(self, example: JsonObject, schema: JsonObject) -> JsonObject:
        """Return properties or traits; the example is not changed."""
        varied = {
            name: self.value(value, _sub(schema, name), name) for name, value in example.items()
        }
        kind = example.get("questionType")
        if kind is not None:
            # Which question it is, and how far its scale goes, depends on its kind.
            draw = Draw(self._seed, "question", kind, self._thing)
            made: JsonObject = {
                "questionId": draw.uuid(),
                "surveyQuestion": draw.pick(self._pools["sentence"]),
            }
            if kind in _MOST_SCORE:
                made["score"] = 1 + self._draw(kind).below(_MOST_SCORE[kind])
            varied |= {name: value for name, value in made.items() if name in varied}
        return varied

    def value(self, value: Json, schema: JsonObject, name: str) -> Json:
        if isinstance(value, dict):
            return self.body(value, schema)
        if isinstance(value, list):
            items = as_object(schema.get("items"))
            return [
                _Occasion(self._pools, self._seed, thing, self._turn).value(item, items, name)
                for thing, item in enumerate(value, self._thing)
            ]
        plain = snake_case(name)
        if "enum" in schema and plain.endswith("score"):
            # Any of them is a possible answer, unlike a kind or a state.
            return self._draw(plain).pick(schema["enum"])
        fixed = any(limit in schema for limit in ("enum", "const", "pattern", "format"))
        if fixed or isinstance(value, bool) or value is None:
            return value
        if plain == "choices" and isinstance(value, str):
            return ",".join(self._choices(value.split(",")))
        if isinstance(value, str):
            return self._text(value, plain)
        return self._number(value, schema, plain)

    def _number(self, value: float, schema: JsonObject, plain: str) -> int | float:
        if plain.endswith("id"):
            return value + self._thing
        if not isinstance(value, int):
            # Prices of one thing stay in proportion to each other.
            return round(value * (8 + self._thing % 32) / 16, 2)
        least, most = schema.get("minimum"), schema.get("maximum")
        if least is not None and most is not None:
            return int(least) + self._draw(plain).below(int(most) - int(least) + 1)
        free = 0 < value <= _LARGEST_FREE
        return 1 + self._draw(plain).below(max(2 * value, 1)) if free else value

    def _choices(self, example: list[str]) -> list[str]:
        """Return one or several answers of a question: the example's and others, in their order."""
        offered = [*example, *(page.capitalize() for page in _PAGES)]
        draw = self._draw("choices")
        wanted = 1 + draw.below(3)
        taken = {draw.below(len(offered)) for _ in range(wanted)}
        return [offered[place] for place in sorted(taken)]

    def _text(self, value: str, plain: str) -> str:
        thing, pools = self._thing, self._pools
        if plain.endswith("rating"):
            return str(1 + self._draw(plain).below(5))
        if value.isdecimal():
            return str(int(value) + thing)
        if len(value) == _UUID_LENGTH and value.count("-") == 4:
            return Draw(self._seed, plain, thing).uuid()
        if "://" in value and plain.endswith("page_url"):
            scheme, _, rest = value.partition("://")
            return f"{scheme}://{rest.partition('/')[0]}/{self._draw(plain).pick(_PAGES)}"
        if "://" in value:
            return f"{value.rstrip('/')}/{thing}" if thing else value
        if plain.endswith(_TOLD):
            return self._draw(plain).pick(pools["sentence"])
        if plain.endswith(_NAMED):
            return pools["phrase"][thing % len(pools["phrase"])]
        if plain.endswith("email"):
            names = pools["first_name"]
            first = ascii_of(names[(thing * 7 + self._turn) % len(names)])
            return f"{first or 'guest'}{thing}@example.net"
        if plain.endswith(("id", "sku")):
            stem = value.rstrip("0123456789")
            digits = value[len(stem) :]
            return f"{stem}{int(digits) + thing}" if digits else f"{value}-{thing}"
        return value


def _sub(schema: JsonObject, name: str) -> JsonObject:
    return as_object(as_object(schema.get("properties")).get(name))


# How many guides, surveys or products there are of each kind, and how many occasions of
# each differ. Together they bound what is cached.
THINGS: Final = 32
_TURNS: Final = 4
# What every message gets when it is sent: to be checked with it.
STAMPED: Final = {
    "messageId": USUAL_MESSAGE_ID,
    "timestamp": "2026-01-15T09:30:00.000Z",
    "context": {},
}
_LIBRARY: Final = {"library": {"name": "analytics-node", "version": "2.3.0"}}
# What of a context is the person's.
_OF_CONTEXT: Final = frozenset({"groupId", "traits", "ip"})

# Properties that speak of the person who sends them, in snake case.
_OF_PERSON: Final[dict[str, Callable[[Person], Json]]] = {
    "email": lambda person: person.traits["email"],
    "first_name": lambda person: person.traits["firstName"],
    "last_name": lambda person: person.traits["lastName"],
    "phone": lambda person: person.traits["phone"],
    "username": lambda person: person.traits["username"],
    "account_name": lambda person: person.company["name"],
}
_Member: TypeAlias = "Callable[[Person, int], bytes]"
# Properties that are new on every visit.
_OF_VISIT: Final = frozenset(
    {
        "cart_id",
        "checkout_id",
        "conversation_id",
        "order_id",
        "session_id",
        "thread_id",
        "wishlist_id",
    }
)


def _of_person(key: bytes, value: Callable[[Person], Json], person: Person, _visit: int) -> bytes:
    return key + encode(value(person))


def _of_visit(key: bytes, stem: bytes, _person: Person, visit: int) -> bytes:
    return b'%b%b%d"' % (key, stem, visit)


def _user_id(key: bytes, person: Person, _visit: int) -> bytes:
    return key + person.id_json


def _joined(members: tuple[_Member, ...], person: Person, visit: int) -> bytes:
    return b",".join([member(person, visit) for member in members])


class Variant:
    """One way in which an event is sent: prepared once, then spliced from bytes.

    ``mockseg traffic`` must make 60,000 calls/s a core, with time left to send them.
    Spliced, a call takes 6.7 us; put together as a dict and encoded each time, 8.2 us.

    Args:
        plan: the plan that the event is in.
        rule: of the plan.
        example: which of the rule's examples.
        checks: the plan, compiled; varied values that violate it are not used.
        people: for their words.
        seed: of the run.

    Attributes:
        type: of the call, in lower case.
        name: of the event, or the type.
        head: the beginning of the message, up to the ids.
        of_device: whether ids and context are those of the device.
        context: where it is the same for everyone, as a member of a message, after a comma;
            else empty.
        on_server: whether a back end sends it, which knows no anonymous ids.
        on_phone: whether an app sends it.
    """

    def __init__(
        self,
        plan: Plan,
        rule: Rule,
        *,
        example: int,
        checks: PlanSet,
        people: People,
        seed: str,
    ) -> None:
        message = message_for(plan, rule, example=example, user_id=None)
        for key in ("timestamp", "anonymousId", "userId"):
            message.pop(key, None)
        self.type: str = message["type"]
        self.name: str = message.get("event") or rule.name
        self._holder = holder_of(self.type)
        self._extra: JsonObject = message.pop("context", {})
        self._example: JsonObject = message.pop(self._holder, {})
        self._rest = message
        self.head = encode(message)[:-1]
        self.on_server = plan.wire.channel == "server"
        self.on_phone = plan.wire.channel == "mobile"
        self.of_device = not self.on_server and not self._extra
        self.context = b""
        if self.on_server and not _OF_CONTEXT & self._extra.keys():
            self.context = b',"context":' + encode(_LIBRARY | self._extra)
        person = people.person(0)
        self._ids: JsonObject = {"userId": person.user_id, "messageId": people.message_id}
        if not self.on_server:
            self._ids["anonymousId"] = person.browser.anonymous_id
        self._checks = checks
        self._schema = rule.body
        self._pools, self._seed = people.pools, f"{seed}/{self.name}"
        self._differing = dict(self._members(plan))
        members = tuple(self._differing.values())
        # Most have one: no list is joined for it.
        self._tail = members[0] if len(members) == 1 else partial(_joined, members)
        self._bodies: dict[int, bytes] = {}

    def _members(self, plan: Plan) -> Iterator[tuple[str, _Member]]:
        """Yield the properties that differ with person or visit, each with its JSON member."""
        for name, value in self._example.items():
            plain = snake_case(name)
            key = encode(name) + b":"
            if not isinstance(value, str):
                continue
            if plain in _OF_PERSON and self.on_server and self.type == "track":
                yield name, partial(_of_person, key, _OF_PERSON[plain])
            elif plain in _OF_VISIT:
                # With its opening quote; the visit's number and the closing one follow.
                stem = encode(value.rstrip("0123456789") or value)[:-1]
                yield name, partial(_of_visit, key, stem)
        if plan.wire.user_id_property is not None:
            name = plan.wire.user_id_property
            yield name, partial(_user_id, encode(name) + b":")

    def body(self, person: Person, thing: int, turn: int, visit: int) -> bytes:
        """Return properties or traits as a member of a message, after a comma.

        Args:
            person: who sends it.
            thing: number of the thing that it is about.
            turn: number of the occasion.
            visit: number of the visit, unique in the run.
        """
        place = thing % THINGS * _TURNS + turn % _TURNS
        start = self._bodies.get(place)
        if start is None:
            start = self._bodies[place] = self._start(thing % THINGS, turn % _TURNS)
        return b"%b%b}" % (start, self._tail(person, visit)) if self._differing else start

    def _start(self, thing: int, turn: int) -> bytes:
        """Return the body as far as it is the same for everyone: varied if the plan allows it."""
        varied = _Occasion(self._pools, self._seed, thing, turn).body(self._example, self._schema)
        if "name" in self._rest and "name" in varied:
            varied["name"] = self._rest["name"]
        if not self._is_good(varied, self._checks):
            varied = dict(self._example)
        for name in self._differing:
            varied.pop(name, None)
        start = b',"%b":%b' % (self._holder.encode(), encode(varied))
        if not self._differing:
            return start
        return start[:-1] + b"," if varied else start[:-1]

    def is_good_for(self, checks: PlanSet) -> bool:
        return self._is_good(self._example, checks)

    def _is_good(self, body: JsonObject, checks: PlanSet) -> bool:
        given = {self._holder: body, "context": self._extra}
        message: JsonObject = STAMPED | self._rest | given | self._ids
        return not checks.check(message, type=self.type, event=message.get("event"))

    def context_of(self, person: Person, device: Device) -> bytes:
        """Return the context of a call of this person from this device, as a JSON member."""
        context: JsonObject = {**(_LIBRARY if self.on_server else device.context), **self._extra}
        if "groupId" in context:
            context["groupId"] = person.group_id
        if "ip" in context:
            context["ip"] = device.context["ip"]
        traits = context.get("traits")
        if isinstance(traits, dict) and "email" in traits:
            context["traits"] = traits | {"email": person.traits["email"]}
        return b',"context":' + encode(context)


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """One documented event, in all variants in which it is sent.

    Attributes:
        plan: the plan's name.
        name: the rule's name.
        variants: one for each example; none where another plan of the run would not have it.
    """

    plan: str
    name: str
    variants: tuple[Variant, ...]
