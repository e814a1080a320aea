"""A rule: which requests, how often, and what happens to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from mockseg import json_types
from mockseg.conversion import camel, invalid
from mockseg.domain.call import Verdict
from mockseg.domain.message import MESSAGE_TYPES, Shared, normalise
from mockseg.errors import FqlError
from mockseg.faults.chance import Draw, chance, delay_seconds
from mockseg.faults.effect import PATCHES, Effect, check_effect
from mockseg.faults.routes import ROUTES, FaultRoute, route_named
from mockseg.json_types import JsonObject
from mockseg.matching.match import Match, Matchable, compile_match
from mockseg.suggestions import unknown_parameter

# Identities and messages that one rule remembers of one source.
_MOST_REMEMBERED = 200_000
_Key = TypeVar("_Key")
_Count = Annotated[int, Meta(ge=1, le=1_000_000)]
# The keys that a message can have before there is a verdict; the source is the fault's.
_OF_MESSAGES = tuple(
    key for key in Match.__struct_fields__ if key not in {"source", "verdict", "good"}
)


def make_rule(
    match: FaultMatch,
    effect: Effect,
    *,
    times: int | None,
    until_ns: int | None,
    probability: float,
    seed: int,
) -> Rule:
    """Make a rule.

    Args:
        match: which requests; its source is the fault's, not the rule's.
        effect: what happens to them.
        times: how often at most, or None.
        until_ns: a moment, or None.
        probability: over 0, at most 1.
        seed: of chances.

    Raises:
        OperationError: 422; the details name the field and what is allowed.
    """
    check_effect(effect)
    route = _check_route(match, effect)
    _check_match(match, route)
    keys = {name: getattr(match, name) for name in _OF_MESSAGES}
    try:
        predicate = compile_match(Match(**keys))
    except FqlError as error:
        raise error.refusal("match.where") from None
    return Rule(
        match=match,
        effect=effect,
        route=None if route is None else route.path,
        selects=None if all(value is None for value in keys.values()) else predicate,
        times=times,
        until_ns=until_ns,
        probability=probability,
        seed=seed,
    )


def _check_route(match: FaultMatch, effect: Effect) -> FaultRoute | None:
    route = None
    if match.route is not None:
        route = route_named(match.route)
        if route is None:
            paths = (*ROUTES, "settings", "script", "token")
            raise unknown_parameter(
                "match.route", "route of Segment", match.route, paths, place="match.route"
            )
    for name, carries in PATCHES.items():
        if getattr(effect, name) is None:
            continue
        if route is None:
            route = route_named(carries)
        elif route.carries != carries:
            raise invalid(
                f"effect.{camel(name)}",
                f"`effect.{camel(name)}` changes what {carries} requests are answered;"
                f" {route.path} is another route",
                allowed=f"only with match.route {carries}, or without one",
            )
    if route is not None and route.carries != "messages" and effect.store is not None:
        raise invalid(
            "effect.store",
            f"`effect.store` is given for {route.path}, which brings no calls",
            allowed="only where messages come",
        )
    return route


def _check_match(match: FaultMatch, route: FaultRoute | None) -> None:
    for name in ("verdict", "good"):
        if getattr(match, name) is not None:
            raise invalid(
                f"match.{name}",
                f"`match.{name}` cannot match: a fault is chosen before there is a verdict",
                allowed=[camel(key) for key in (*_OF_MESSAGES, "route", "attempt", "every")],
            )
    if match.type is not None and match.type not in MESSAGE_TYPES:
        raise unknown_parameter(
            "match.type", "type of message", match.type, MESSAGE_TYPES, place="match.type"
        )
    if match.event is not None and match.type not in {None, "track"}:
        raise invalid(
            "match.event",
            f"`match.event` cannot match {match.type} messages: only track messages have an event",
            allowed="without a type, or with type track",
        )
    if route is None:
        return
    if route.carries != "messages":
        for name in (*_OF_MESSAGES, "attempt"):
            if getattr(match, name) is not None:
                raise invalid(
                    f"match.{camel(name)}",
                    f"`match.{camel(name)}` cannot match on {route.path}, which carries no"
                    " messages",
                    allowed=["route", "every"],
                )
    wanted = "track" if match.event is not None else match.type
    if route.type and wanted not in {None, route.type}:
        field = "match.event" if match.type is None else "match.type"
        raise invalid(
            field,
            f"`{field}` cannot match on {route.path}, which carries {route.type} messages only",
            allowed=[route.type],
        )


class FaultMatch(Match, frozen=True, kw_only=True, rename="camel"):
    """Which requests a fault means: those with a message that has all of this.

    ``verdict`` and ``good`` are not among it: a fault is chosen before there is a verdict.

    Attributes:
        route: a path of Segment's, or ``settings``, ``script``, ``token``.
        attempt: only the n-th request that carries the same messageIds.
        every: only each k-th request that matches; counted in the order of arrival.
    """

    route: str | None = None
    attempt: _Count | None = None
    every: _Count | None = None


class SentMessage(msgspec.Struct, frozen=True):
    """A message of a request that has no verdict yet.

    Attributes:
        source: the write key.
        type, event, user_id, message_id: as in a call; an id that is missing is empty.
        raw: as sent.
        shared: what its request says for all, or None.
        received_ns: a moment.
    """

    source: str
    type: str
    event: str | None
    user_id: str | None
    message_id: str
    raw: JsonObject
    shared: Shared | None
    received_ns: int
    verdict: Verdict = "accepted"
    good: bool = True

    def message(self) -> JsonObject:
        return normalise(
            self.raw,
            type_=self.type,
            message_id=self.message_id,
            received_ns=self.received_ns,
            shared=self.shared,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class RequestFacts:
    """A request on its way, as far as rules look at it.

    Attributes:
        route: as Segment documents it.
        tracking: it carries messages or telemetry.
        messages: what could be read.
        attempt: 1 + the most requests that carried one of its messageIds before.
        now_ns: a moment.
    """

    route: str
    tracking: bool
    messages: Sequence[Matchable]
    attempt: int
    now_ns: int


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was checked; see :mod:`mockseg.faults.rule`.

    Attributes:
        match, effect: as asked for.
        route: the path that it names, or None for all tracking.
        selects: whether a message has this; None where any request will do.
        times: how often it may hit each source; None without a bound.
        until_ns: a moment from which on it hits nothing more, or None.
        probability: of a hit, over 0.
        seed: of its chances.
    """

    match: FaultMatch
    effect: Effect
    route: str | None
    selects: Callable[[Matchable], bool] | None
    times: int | None
    until_ns: int | None
    probability: float
    seed: int
    fingerprint: str = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        match = msgspec.structs.replace(self.match, source=None)
        said = [msgspec.to_builtins(match), msgspec.to_builtins(self.effect), self.probability]
        object.__setattr__(self, "fingerprint", json_types.canonical(said).decode())

    @property
    def draws(self) -> bool:
        """Whether anything of it is left to chance."""
        return self.probability < 1 or not isinstance(self.effect.delay, float | int | None)

    @property
    def sentence(self) -> str:
        """What it hits from now on, such as ``the next 2 requests with type track: status 503``."""
        hit = "every request" if self.times is None else f"the next {self.times} requests"
        hit = "the next request" if self.times == 1 else hit
        match = msgspec.structs.replace(self.match, source=None)
        named = [f"{name} {value}" for name, value in msgspec.to_builtins(match).items()]
        parts = [f"with {', '.join(named)}"] if named else []
        parts += [f"with a probability of {self.probability:.0%}"] if self.probability < 1 else []
        return f"{' '.join([hit, *parts])}: {self.effect.words}"

    def meant(self, facts: RequestFacts) -> Sequence[Matchable] | None:
        """Return the messages for which it means this request, None when it does not.

        For a rule that names nothing of messages, all that there are.
        """
        if self.route is None:
            if not facts.tracking:
                return None
        elif self.route != facts.route:
            return None
        if self.match.attempt is not None and self.match.attempt != facts.attempt:
            return None
        if self.until_ns is not None and facts.now_ns >= self.until_ns:
            return None
        if self.selects is None:
            return facts.messages
        return [message for message in facts.messages if self.selects(message)] or None


@dataclasses.dataclass(slots=True)
class RuleState:
    """What one rule has counted in one source.

    Attributes:
        matched: requests that it means.
        fired: requests that it hit.
    """

    matched: int = 0
    fired: int = 0
    # How many messages of each type, event and user came; and the ordinal of each messageId.
    _identities: dict[tuple[str, str | None, str | None], int] = dataclasses.field(
        default_factory=dict
    )
    _ordinals: dict[str, int] = dataclasses.field(default_factory=dict)

    def hits(self, rule: Rule, facts: RequestFacts) -> Draw | None:
        """Return what was drawn with if the rule would hit this request, else None.

        Whether it does is up to the rules before it; what is counted here does not depend on
        them. The first message that is meant decides for all that the request carries.
        """
        meant = rule.meant(facts)
        if meant is None:
            return None
        self.matched += 1
        draw = self._draw(rule, facts, meant)
        if rule.match.every is not None and self.matched % rule.match.every:
            return None
        if rule.times is not None and self.fired >= rule.times:
            return None
        if rule.probability < 1:
            drawn = chance(draw, seed=rule.seed, rule=rule.fingerprint, about="hit")
            if drawn >= rule.probability:
                return None
        return draw

    def delay(self, rule: Rule, draw: Draw) -> float:
        """Return the seconds by which the rule delays what it hit."""
        return delay_seconds(rule.effect, draw, seed=rule.seed, rule=rule.fingerprint)

    def _draw(self, rule: Rule, facts: RequestFacts, meant: Sequence[Matchable]) -> Draw:
        if not rule.draws:
            return Draw("", None, None, 0, 1)
        if not meant:
            ordinal = self._next((facts.route, None, None))
            return Draw(facts.route, None, None, ordinal, facts.attempt)
        first, *_ = [self._draw_of(message, facts.attempt) for message in meant]
        return first

    def _draw_of(self, message: Matchable, attempt: int) -> Draw:
        identity = (message.type, message.event, message.user_id)
        ordinal = self._ordinals.get(message.message_id) if message.message_id else None
        if ordinal is None:
            ordinal = self._next(identity)
            if message.message_id:
                _make_room(self._ordinals)
                self._ordinals[message.message_id] = ordinal
        return Draw(*identity, ordinal, attempt)

    def _next(self, identity: tuple[str, str | None, str | None]) -> int:
        ordinal = self._identities.get(identity, 0)
        if not ordinal:
            _make_room(self._identities)
        self._identities[identity] = ordinal + 1
        return ordinal


def _make_room(remembered: dict[_Key, int]) -> None:
    if len(remembered) >= _MOST_REMEMBERED:
        for key in list(remembered)[: _MOST_REMEMBERED // 2]:
            del remembered[key]
