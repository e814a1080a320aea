"""Events ready to be sent by any person: documented ones, and the baseline calls around them.

From the one value of an example come the many that real traffic has. A value keeps its kind:
digits stay digits, an identifier keeps its prefix, an address its host. What a schema limits
(an enum, a constant, a pattern) stays as the example has it; the whole is checked against the
plan afterwards. Baseline calls are what people do in any app: look at pages, sign up, belong
to a company.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mockseg.catalogue.samples import message_for
from mockseg.catalogue.spelling import snake_case
from mockseg.domain.message import holder_of
from mockseg.json_types import decode, encode
from mockseg.traffic.draw import Draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.model import Plan, Rule
    from mockseg.plans.planset import PlanSet
    from mockseg.traffic.people import Device, People, Person, Pools


BASELINE: Final = ("identify", "group", "alias", "page")
_SITE: Final = "https://app.example.com"
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
    """Makes the calls of a life.

    Args:
        people: all of them.
        checks: the plans; a type of call whose rule does not like what is made is left out.

    Attributes:
        types: the types of call that people make.
        pages: how many pages there are.
    """

    def __init__(self, people: People, checks: PlanSet) -> None:
        self._pages = tuple(
            _page(name, path, referrer) for name, path in _SITE_PAGES for referrer in _REFERRERS
        )
        self.pages = len(self._pages)
        person = people.person(0)
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

    def _whole(self, type_: str, person: Person) -> list[JsonObject]:
        """Return such a call as it is sent; of a page also that of a visitor without a userId."""
        message: JsonObject = decode(self.message(type_, person, 0) + b"}")
        visitors = (
            STAMPED
            | message
            | {
                "anonymousId": person.browser.anonymous_id,
                "context": person.browser.context,
            }
        )
        users = visitors | {"userId": person.user_id}
        return [users, visitors] if type_ == "page" else [users]


def _page(name: str, path: str, referrer: str) -> bytes:
    properties = {
        "name": name,
        "path": path,
        "referrer": referrer,
        "search": "",
        "title": name,
        "url": f"{_SITE}{path}",
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
# The names of a plan are few, and asked for again and again.
_plain: Final = lru_cache(maxsize=2048)(snake_case)
# UserGuiding's kinds of question that are answered by a number, with the largest there is.
_MOST_SCORE: Final = {
    "Star Rating": 5, "Number Rating (5)": 5, "Number Rating (10)": 10, "NPS Rating": 10,
}  # fmt: skip


class Varying:
    """Varies the examples of one event.

    Args:
        pools: names and words.
        seed: of the run.
    """

    def __init__(self, pools: Pools, *, seed: str) -> None:
        self._pools = pools
        self._seed = seed

    def body(self, example: JsonObject, schema: JsonObject, *, thing: int, turn: int) -> JsonObject:
        """Vary an object.

        Args:
            example: properties or traits; not changed.
            schema: of them.
            thing: number of the thing they speak of; its names and ids follow from it.
            turn: number of the occasion; what is not a name or an id follows from it too.
        """
        varied = {
            name: self._value(value, _sub(schema, name), name, thing, turn)
            for name, value in example.items()
        }
        if "questionType" in example:
            varied |= self._answer(example["questionType"], varied, thing, turn)
        return varied

    def _answer(self, kind: str, varied: JsonObject, thing: int, turn: int) -> JsonObject:
        """Return what depends on the kind of a question: which one it is, and how far it goes."""
        draw = Draw(self._seed, "question", kind, thing)
        made: JsonObject = {
            "questionId": draw.uuid(),
            "surveyQuestion": draw.pick(self._pools.sentences),
        }
        if kind in _MOST_SCORE:
            made["score"] = 1 + Draw(self._seed, kind, thing, turn).below(_MOST_SCORE[kind])
        return {name: value for name, value in made.items() if name in varied}

    def _value(self, value: Json, schema: JsonObject, name: str, thing: int, turn: int) -> Json:
        if isinstance(value, dict):
            return self.body(value, schema, thing=thing, turn=turn)
        if isinstance(value, list):
            items = schema.get("items")
            items = items if isinstance(items, dict) else {}
            return [self._value(item, items, name, thing + n, turn) for n, item in enumerate(value)]
        plain = _plain(name)
        if "enum" in schema and plain.endswith("score"):
            # Any of them is a possible answer, unlike a kind or a state.
            return Draw(self._seed, plain, thing, turn).pick(schema["enum"])
        if any(limit in schema for limit in ("enum", "const", "pattern", "format")):
            return value
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return self._number(value, schema, plain, thing, turn)
        return self._text(value, plain, thing, turn)

    def _number(
        self, value: float, schema: JsonObject, plain: str, thing: int, turn: int
    ) -> int | float:
        if plain.endswith("id"):
            return value + thing
        least, most = schema.get("minimum"), schema.get("maximum")
        draw = Draw(self._seed, plain, thing, turn)
        if isinstance(value, int):
            if least is not None and most is not None:
                return int(least) + draw.below(int(most) - int(least) + 1)
            return 1 + draw.below(max(2 * value, 1)) if 0 < value <= _LARGEST_FREE else value
        # Prices of one thing stay in proportion to each other.
        return round(value * (8 + thing % 32) / 16, 2)

    def _text(self, value: str, plain: str, thing: int, turn: int) -> str:
        if plain.endswith("rating"):
            return str(1 + Draw(self._seed, plain, thing, turn).below(5))
        if value.isdecimal():
            return str(int(value) + thing)
        if len(value) == _UUID_LENGTH and value.count("-") == 4:
            return Draw(self._seed, plain, thing).uuid()
        if "://" in value:
            return self._address(value, plain, thing, turn)
        if plain.endswith(_TOLD):
            sentences = self._pools.sentences
            return sentences[Draw(self._seed, plain, thing, turn).below(len(sentences))]
        if plain.endswith(_NAMED):
            return self._pools.phrases[thing % len(self._pools.phrases)]
        if plain.endswith("email"):
            first = self._pools.first_names[(thing * 7 + turn) % len(self._pools.first_names)]
            plain_first = "".join(c for c in first.lower() if c.isascii() and c.isalnum())
            return f"{plain_first or 'guest'}{thing}@example.net"
        if plain.endswith(("id", "sku")):
            stem = value.rstrip("0123456789")
            digits = value[len(stem) :]
            return f"{stem}{int(digits) + thing}" if digits else f"{value}-{thing}"
        return value

    def _address(self, value: str, plain: str, thing: int, turn: int) -> str:
        scheme, _, rest = value.partition("://")
        host = rest.partition("/")[0]
        if plain.endswith("page_url"):
            page = _PAGES[Draw(self._seed, plain, thing, turn).below(len(_PAGES))]
            return f"{scheme}://{host}/{page}"
        return f"{value.rstrip('/')}/{thing}" if thing else value


def _sub(schema: JsonObject, name: str) -> JsonObject:
    properties = schema.get("properties")
    found = properties.get(name) if isinstance(properties, dict) else None
    return found if isinstance(found, dict) else {}


# How many guides, surveys or products there are of each kind, and how many occasions of
# each are told apart. Together they bound what is kept ready.
THINGS: Final = 32
_TURNS: Final = 4
# What every message gets when it is sent; here to be checked with it.
STAMPED: Final = {"messageId": "m", "timestamp": "2026-01-15T09:30:00.000Z", "context": {}}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tail:
    """What is different in each message: property name as JSON with its colon, and its value."""

    of_person: tuple[tuple[bytes, Callable[[Person], Json]], ...]
    of_visit: tuple[tuple[bytes, bytes], ...]
    user_id: bytes


class Variant:
    """One way in which an event is sent: prepared once, then spliced from bytes.

    ``mockseg traffic`` is asked for 60,000 calls/s a core, which are to be sent as well.
    Spliced, a call takes 6.7 us; put together as a dict and encoded each time, 8.2 us.

    Args:
        plan: the plan that it stands in.
        rule: of the plan.
        example: which of the rule's examples.
        checks: the plan, compiled, to see that what is varied is still good.
        people: for their words.
        seed: of the run.

    Attributes:
        type: of the call, in lower case.
        name: of the event, or the type.
        head: the beginning of the message, up to the ids.
        is_of_device: whether ids and context are those that the device tells.
        context: where it is the same for everybody, as a member of a message, after a comma;
            else empty.
        holder: ``properties`` or ``traits``.
        on_server: whether a back end sends it, which knows no anonymous ids.
    """

    __slots__ = (
        "_bodies", "_checks", "_ends_with_user", "_example", "_extra", "_is_plain", "_named",
        "_schema", "_tail", "_varying", "_whole", "context", "head", "holder", "is_of_device",
        "name", "on_phone", "on_server", "type",
    )  # fmt: skip

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
        whole = message_for(plan, rule, example=example, user_id=None)
        for key in ("timestamp", "anonymousId", "userId"):
            whole.pop(key, None)
        self._whole = whole
        context: JsonObject = whole.pop("context", {})
        self.type: str = whole["type"]
        self.holder = holder_of(self.type)
        self.name: str = whole.get("event") or rule.name
        head = {k: v for k, v in whole.items() if k != self.holder}
        self.head = encode(head)[:-1]
        self._named: str | None = head.get("name")
        self.on_server = plan.wire.channel == "server"
        self.on_phone = plan.wire.channel == "mobile"
        self._checks = checks
        self._example: JsonObject = whole.get(self.holder, {})
        self._schema = rule.body
        self._varying = Varying(people.pools, seed=f"{seed}/{self.name}")
        self._extra = context
        self.is_of_device = not self.on_server and not context
        self.context = b""
        if self.on_server and not _OF_CONTEXT & context.keys():
            self.context = b',"context":' + encode(_LIBRARY | context)
        self._tail = tail = self._tail_of(plan)
        differs = bool(tail.of_person or tail.of_visit)
        self._is_plain = not differs and not tail.user_id
        self._ends_with_user = not differs and bool(tail.user_id)
        self._bodies: dict[int, bytes] = {}

    def _tail_of(self, plan: Plan) -> _Tail:
        asked = plan.wire.user_id_property
        person, visit = [], []
        for name, value in self._example.items():
            plain = snake_case(name)
            key = encode(name) + b":"
            if not isinstance(value, str):
                continue
            if plain in _OF_PERSON and plan.wire.channel == "server" and self.type == "track":
                person.append((key, _OF_PERSON[plain]))
            elif plain in _OF_VISIT:
                stem = value.rstrip("0123456789") or value
                # With its opening quote; the visit's number and the closing one follow.
                visit.append((key, encode(stem)[:-1]))
        return _Tail(
            of_person=tuple(person),
            of_visit=tuple(visit),
            user_id=encode(asked) + b":" if asked else b"",
        )

    def body(self, person: Person, thing: int, turn: int, visit: int) -> bytes:
        """Return properties or traits as a member of a message, after a comma.

        Args:
            person: who sends it.
            thing: number of the thing that it speaks of.
            turn: number of the occasion.
            visit: number of the visit, which is nobody else's.
        """
        place = thing % THINGS * _TURNS + turn % _TURNS
        start = self._bodies.get(place)
        if start is None:
            start = self._bodies[place] = self._made(thing % THINGS, turn % _TURNS)
        if self._ends_with_user:
            return b"%b%b}" % (start, person.raw_id)
        if self._is_plain:
            return start
        tail = self._tail
        parts = [key + encode(value(person)) for key, value in tail.of_person]
        parts += [b'%b%b%d"' % (key, stem, visit) for key, stem in tail.of_visit]
        if tail.user_id:
            parts.append(tail.user_id + person.raw_id)
        return b"%b%b}" % (start, b",".join(parts))

    def _made(self, thing: int, turn: int) -> bytes:
        """Vary the example; where the plan does not like that, take it as it is.

        Returns:
            The body as far as it is the same for everybody.
        """
        varied = self._varying.body(self._example, self._schema, thing=thing, turn=turn)
        if self._named is not None and "name" in varied:
            varied["name"] = self._named
        message = {
            **STAMPED,
            **self._whole,
            self.holder: varied,
            "userId": "u",
            "context": self._extra,
        }
        event = message.get("event")
        if self._checks.check(message, type=self.type, event=event):
            varied = dict(self._example)
        tail = self._tail
        for key, _ in (*tail.of_person, *tail.of_visit):
            del varied[decode(key[:-1])]
        made = b',"%b":%b' % (self.holder.encode(), encode(varied))
        if self._is_plain:
            return made
        made = made[:-1] + b"," if varied else made[:-1]
        return made + tail.user_id if self._ends_with_user else made

    def is_good_for(self, checks: PlanSet) -> bool:
        """Return whether plans have nothing against the example as it is."""
        message = {**STAMPED, **self._whole, "userId": "u", "context": self._extra}
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
    """One documented event, in all the ways in which it is sent.

    Attributes:
        plan: the plan's name.
        name: the rule's name.
        variants: one for each example; none where another plan of the run would not have it.
    """

    plan: str
    name: str
    variants: tuple[Variant, ...]


def template_of(
    plan: Plan,
    name: str,
    *,
    checks: PlanSet,
    everything: PlanSet,
    people: People,
    seed: str,
) -> EventTemplate:
    """Prepare an event: the examples of every rule that is called so.

    Args:
        plan: the plan that it stands in.
        name: of its rules.
        checks: the plan, compiled.
        everything: all plans of the run, compiled.
        people: for their words.
        seed: of the run.
    """
    variants = (
        Variant(plan, rule, example=number, checks=checks, people=people, seed=seed)
        for rule in plan.rules
        if rule.name == name
        for number in range(len(rule.examples))
    )
    return EventTemplate(
        plan.slug, name, tuple(each for each in variants if each.is_good_for(everything))
    )
