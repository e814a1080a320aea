"""Verbs about faults: put them in force, take them away, ask what became of each message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

import msgspec

from mockseg.client.ask import Ask
from mockseg.conversion import convert
from mockseg.errors import OperationError
from mockseg.faults.effect import Effect
from mockseg.faults.rule import FaultMatch
from mockseg.operations.faults import AddFault, AskTruth, ClearFaults
from mockseg.suggestions import unknown_option

if TYPE_CHECKING:
    from datetime import datetime

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.json_types import Json, JsonObject
    from mockseg.operations.faults import FaultsCleared, FaultView, Truth


class FaultOptions(TypedDict, total=False):
    """Which requests a fault hits, how often, and what becomes of them.

    What each means stands in :class:`~mockseg.faults.effect.Effect`,
    :class:`~mockseg.faults.rule.FaultMatch` and
    :class:`~mockseg.operations.faults.AddFault`; parts that are objects may be dicts with
    the names that they have on the wire.
    """

    status: int
    body: Any
    headers: dict[str, Any]
    retry_after: int
    delay: Any
    dribble: float
    hang: bool
    reset: Literal["before", "after"]
    close: Literal["head", "body"]
    bad_gzip: Literal["corrupt", "truncated"]
    store: bool
    settings: JsonObject
    http_config: JsonObject
    token: JsonObject
    route: str
    type: str
    event: str
    user_id: str
    anonymous_id: str
    message_id: str
    group_id: str
    where: str
    properties: JsonObject
    traits: JsonObject
    context: JsonObject
    integrations: JsonObject
    attempt: int
    every: int
    times: int | Literal["unlimited"]
    until: float | str | datetime
    probability: float
    seed: int


def add(source: str | None, scenario: str | None, options: FaultOptions) -> Steps[FaultView]:
    """Put a fault in force, for a source or for all.

    Raises:
        OperationError: 422 with the field and what is allowed.
    """
    view: FaultView = yield Ask("add_fault", _asked(source, scenario, options))
    return view


def check(options: FaultOptions) -> None:
    """Refuse what is not an option.

    Raises:
        UnknownOptionError: it names the nearest option, and all.
    """
    known = (*_EFFECT, *_MATCH, *_OTHER)
    for name in options:
        if name not in known:
            raise unknown_option("faults", name, known)


def remove(id_: str) -> Steps[FaultView | None]:
    """Take a fault away; give it as it was at the end, None when somebody else did so before."""
    try:
        gone: FaultsCleared = yield Ask("clear_faults", ClearFaults(id=id_))
    except OperationError as refusal:
        if refusal.status != 404:
            raise
        return None
    return gone.faults[0]


def clear(source: str | None) -> Steps[int]:
    """Take all faults of a source away, or all there are; give how many those were."""
    asked = ClearFaults(source=source, all=source is None)
    gone: FaultsCleared = yield Ask("clear_faults", asked)
    return len(gone.faults)


def truth(scope: Scope, *, limit: int) -> Steps[Truth]:
    """Ask what became of each message."""
    asked = AskTruth(source=scope.write_key, after=scope.after_request, limit=limit)
    told: Truth = yield Ask("truth", asked)
    return told


_EFFECT = {field.name: field.encode_name for field in msgspec.structs.fields(Effect)}
_MATCH = {
    field.name: field.encode_name
    for field in msgspec.structs.fields(FaultMatch)
    if field.name not in {"source", "verdict", "good"}
}
_OTHER = ("times", "until", "probability", "seed")


def _asked(source: str | None, scenario: str | None, options: FaultOptions) -> AddFault:
    given: dict[str, Any] = dict(options)
    wire: dict[str, Json] = {}
    effect: dict[str, Json] = {}
    match: dict[str, Json] = {}
    for name, value in given.items():
        if name in _EFFECT:
            effect[_EFFECT[name]] = _plain(value)
        elif name in _MATCH:
            match[_MATCH[name]] = value
        else:
            wire[name] = value.isoformat() if hasattr(value, "isoformat") else value
    if source is not None:
        wire["source"] = source
    if scenario is not None:
        wire["scenario"] = scenario
    if match:
        wire["match"] = match
    if effect:
        wire["effect"] = effect
    return convert(wire, AddFault, where="faults()")


def _plain(value: Any) -> Json:
    """Give a value as on the wire: records of ours may be given whole."""
    return msgspec.to_builtins(value)
