"""One documented event, ready to be sent by anybody: prepared once, then cheap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mockseg.catalogue.messages import message_for
from mockseg.catalogue.spelling import snake_case
from mockseg.json_types import decode, encode
from mockseg.traffic.varying import Varying

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.catalogue.model import CataloguePlan, CatalogueRule
    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.planset import PlanSet
    from mockseg.traffic.people import Device, People, Person

__all__ = ["STAMPED", "THINGS", "Kind", "Variant", "kind_of"]

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
    """One way in which an event is sent.

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
        plan: CataloguePlan,
        rule: CatalogueRule,
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
        self.holder = "traits" if self.type in {"identify", "group"} else "properties"
        self.name: str = whole.get("event") or rule.name
        head = {k: v for k, v in whole.items() if k != self.holder}
        self.head = encode(head)[:-1]
        self._named: str | None = head.get("name")
        self.on_server = plan.wire.channel == "server"
        self.on_phone = plan.wire.channel == "mobile"
        self._checks = checks
        self._example: JsonObject = whole.get(self.holder, {})
        properties = rule.schema.get("properties")
        schema = properties.get(self.holder) if isinstance(properties, dict) else None
        self._schema: JsonObject = schema if isinstance(schema, dict) else {}
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

    def _tail_of(self, plan: CataloguePlan) -> _Tail:
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
        """Give properties or traits as a member of a message, after a comma.

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
        """Tell whether plans have nothing against the example as it is."""
        message = {**STAMPED, **self._whole, "userId": "u", "context": self._extra}
        return not checks.check(message, type=self.type, event=message.get("event"))

    def context_of(self, person: Person, device: Device) -> bytes:
        """Give the context of a call of this person from this device, as a member of a message."""
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
class Kind:
    """One documented event, in all the ways in which it is sent.

    Attributes:
        plan: the plan's name.
        name: the rule's name.
        variants: one for each example; none where another plan of the run would not have it.
    """

    plan: str
    name: str
    variants: tuple[Variant, ...]


def kind_of(
    plan: CataloguePlan,
    name: str,
    *,
    checks: PlanSet,
    everything: PlanSet,
    people: People,
    seed: str,
) -> Kind:
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
    return Kind(plan.name, name, tuple(each for each in variants if each.is_good_for(everything)))
