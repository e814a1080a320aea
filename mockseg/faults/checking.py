"""Making rules: what cannot match, is out of range or contradicts itself is refused whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from msgspec import UNSET

from mockseg.domain.message import MESSAGE_TYPES
from mockseg.errors import FqlError, OperationError
from mockseg.faults.effect import Effect, ExactBody, Spread
from mockseg.faults.routes import ROUTES, route_named
from mockseg.faults.rule import Rule
from mockseg.json_types import is_deeper
from mockseg.matching.match import compile_match
from mockseg.suggestions import unknown_parameter

if TYPE_CHECKING:
    from mockseg.faults.routes import FaultRoute
    from mockseg.faults.rule import FaultMatch
    from mockseg.json_types import Json


_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# What makes up the HTTP message itself; `close`, `reset` and `bad_gzip` break that.
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})
_MOST_HEADERS = 50
_MOST_DEPTH = 32
_OF_MESSAGES = (
    *("type", "event", "user_id", "anonymous_id", "message_id", "group_id"),
    *("where", "properties", "traits", "context", "integrations"),
)
_BODILESS = frozenset({204, 205, 304})
_PATCHES = {"settings": "settings", "http_config": "settings", "token": "token"}


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
        effect: what becomes of them.
        times: how often at most, or None.
        until_ns: a moment, or None.
        probability: over 0, at most 1.
        seed: of chances.

    Raises:
        OperationError: 422; the details name the field and what is allowed.
    """
    _check_effect(effect)
    route = _check_route(match, effect)
    _check_match(match, route)
    keys = {name: getattr(match, name) for name in _OF_MESSAGES}
    try:
        predicate = compile_match(_only_messages(match))
    except FqlError as error:
        raise OperationError(
            str(error),
            status=422,
            code="invalid_filter",
            details={
                "parameter": "match.where",
                "position": error.position,
                "reason": error.reason,
            },
        ) from None
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


def refuse(field: str, sentence: str, *, allowed: Json) -> NoReturn:
    """Refuse a fault because of one field.

    Raises:
        OperationError: 422.
    """
    raise OperationError(
        sentence,
        status=422,
        code="invalid_parameter",
        details={"parameter": field, "allowed": allowed},
    )


def _only_messages(match: FaultMatch) -> FaultMatch:
    keys = {name: getattr(match, name) for name in _OF_MESSAGES}
    return type(match)(**keys)


def _check_route(match: FaultMatch, effect: Effect) -> FaultRoute | None:
    """Find the route that is meant: the one that is named, or the one that the effect is for."""
    route = None
    if match.route is not None:
        route = route_named(match.route)
        if route is None:
            paths = (*ROUTES, "settings", "script", "token")
            raise unknown_parameter(
                "match.route", "route of Segment", match.route, paths, place="match.route"
            )
    for name, carries in _PATCHES.items():
        if getattr(effect, name) is None:
            continue
        if route is None:
            route = route_named(carries)
        elif route.carries != carries:
            refuse(
                f"effect.{_camel(name)}",
                f"`effect.{_camel(name)}` changes what {carries} requests are answered;"
                f" {route.path} is another route",
                allowed=f"only with match.route {carries}, or without one",
            )
    if route is not None and route.carries != "messages" and effect.store is not None:
        refuse(
            "effect.store",
            f"`effect.store` is given for {route.path}, which brings no calls",
            allowed="only where messages come",
        )
    return route


def _check_match(match: FaultMatch, route: FaultRoute | None) -> None:
    for name in ("verdict", "good"):
        if getattr(match, name) is not None:
            refuse(
                f"match.{name}",
                f"`match.{name}` cannot match: a fault is chosen before there is a verdict",
                allowed=[_camel(key) for key in (*_OF_MESSAGES, "route", "attempt", "every")],
            )
    if match.type is not None and match.type not in MESSAGE_TYPES:
        raise unknown_parameter(
            "match.type", "type of message", match.type, MESSAGE_TYPES, place="match.type"
        )
    if match.event is not None and match.type not in {None, "track"}:
        refuse(
            "match.event",
            f"`match.event` cannot match {match.type} messages: only track messages have an event",
            allowed="without a type, or with type track",
        )
    if route is None:
        return
    if route.carries != "messages":
        for name in (*_OF_MESSAGES, "attempt"):
            if getattr(match, name) is not None:
                refuse(
                    f"match.{_camel(name)}",
                    f"`match.{_camel(name)}` cannot match on {route.path}, which carries no"
                    " messages",
                    allowed=["route", "every"],
                )
    wanted = "track" if match.event is not None else match.type
    if route.type and wanted not in {None, route.type}:
        field = "match.event" if match.type is None else "match.type"
        refuse(
            field,
            f"`{field}` cannot match on {route.path}, which carries {route.type} messages only",
            allowed=[route.type],
        )


def _check_effect(effect: Effect) -> None:
    if effect == Effect():
        refuse("effect", "`effect` says nothing", allowed=list(effect.__struct_encode_fields__))
    ends = [name for name in ("hang", "reset", "close") if getattr(effect, name)]
    if len(ends) > 1:
        refuse(
            f"effect.{ends[1]}",
            f"`effect.{ends[1]}` contradicts `effect.{ends[0]}`: a request ends in one way",
            allowed="one of hang, reset, close",
        )
    if effect.hang or effect.reset is not None:
        end = "hang" if effect.hang else "reset"
        parts = ["status", "body", "retry_after", "dribble", "bad_gzip", *_PATCHES]
        parts += ["delay"] if effect.hang else ["store"]
        named = [name for name in parts if getattr(effect, name) is not None]
        if effect.headers:
            named.append("headers")
        if named:
            _contradiction(named[0], end)
    if effect.close is not None and effect.dribble is not None:
        _contradiction("dribble", "close")
    if effect.bad_gzip is not None and effect.close is not None:
        _contradiction("bad_gzip", "close")
    _check_status(effect)
    _check_parts(effect)
    _check_headers(effect)
    _check_patches(effect)


def _check_status(effect: Effect) -> None:
    if effect.status not in _BODILESS:
        return
    for name in ("body", "dribble", "bad_gzip"):
        value = getattr(effect, name)
        if value is not None and value != "empty":
            refuse(
                f"effect.{_camel(name)}",
                f"`effect.{_camel(name)}` contradicts status {effect.status}, which has no body",
                allowed='none, or a body that is "empty"',
            )
    if effect.close == "body":
        _contradiction("close", "status")


def _check_parts(effect: Effect) -> None:
    body = effect.body
    if isinstance(body, ExactBody) and (body.json is UNSET) == (body.text is None):
        refuse(
            "effect.body",
            "`effect.body` takes one of json and text",
            allowed=['{"json": …}', '{"text": "…"}'],
        )
    if isinstance(effect.delay, Spread):
        spread = effect.delay
        if (spread.uniform is None) == (spread.lognormal is None):
            refuse(
                "effect.delay",
                "`effect.delay` takes one of uniform and lognormal, or a number",
                allowed=['{"uniform": [0.1, 2]}', '{"lognormal": {"median": 0.2}}', "2.5"],
            )
        if spread.uniform is not None and spread.uniform[0] > spread.uniform[1]:
            refuse(
                "effect.delay.uniform",
                f"`effect.delay.uniform` goes from {spread.uniform[0]:g} to"
                f" {spread.uniform[1]:g}: the least comes first",
                allowed="[least, most]",
            )


def _check_headers(effect: Effect) -> None:
    if len(effect.headers) > _MOST_HEADERS:
        refuse(
            "effect.headers",
            f"`effect.headers` has {len(effect.headers)} of them",
            allowed=f"at most {_MOST_HEADERS}",
        )
    lower = set()
    for name, value in effect.headers.items():
        field = f"effect.headers.{name[:100]}"
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _FRAMING:
            refuse(
                field,
                f"{name[:100]!r} cannot be set as a header"
                + ("; close, reset and badGzip break these" if name.lower() in _FRAMING else ""),
                allowed=f"letters, digits and dashes; not {', '.join(sorted(_FRAMING))}",
            )
        if isinstance(value, str) and not all(" " <= c <= "\xff" and c != "\x7f" for c in value):
            refuse(
                field,
                f"the value of {name[:100]} has characters that no header can have",
                allowed="one line of Latin-1",
            )
        if name.lower() in lower:
            refuse(field, f"the header {name[:100]} is given twice", allowed="once")
        lower.add(name.lower())
    if effect.retry_after is not None and "retry-after" in lower:
        refuse(
            "effect.retryAfter",
            "`effect.retryAfter` contradicts `effect.headers`, which has Retry-After too",
            allowed="one of them",
        )


def _check_patches(effect: Effect) -> None:
    for name in _PATCHES:
        patch = getattr(effect, name)
        if patch is None:
            continue
        if is_deeper(patch, than=_MOST_DEPTH):
            refuse(
                f"effect.{_camel(name)}",
                f"`effect.{_camel(name)}` is nested too deep",
                allowed=f"at most {_MOST_DEPTH} levels",
            )
        for other in ("status", "body"):
            if getattr(effect, other) is not None and (other == "body" or effect.status != 200):
                _contradiction(name, other)


def _contradiction(name: str, other: str) -> NoReturn:
    refuse(
        f"effect.{_camel(name)}",
        f"`effect.{_camel(name)}` contradicts `effect.{_camel(other)}`",
        allowed="one of them",
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
