"""Verbs about faults: add and remove them, release what they hold, tell each message's fate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

import msgspec

from mockseg.client.operation_call import OperationCall, Steps, ask
from mockseg.conversion import convert
from mockseg.errors import OperationError
from mockseg.faults.effect import Effect
from mockseg.faults.rule import FaultMatch
from mockseg.operations.faults import (
    AddFault,
    AskTruth,
    ClearFaults,
    FaultsCleared,
    FaultView,
    ReleaseHeld,
    Truth,
)
from mockseg.suggestions import check_options

if TYPE_CHECKING:
    from datetime import datetime

    from mockseg.client.scope import Scope
    from mockseg.json_types import Json, JsonObject

# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


class FaultOptions(TypedDict, total=False):
    """Which requests a fault hits, how often, and what happens to them.

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
    return ask("add_fault", _asked(source, scenario, options))


def check(options: FaultOptions) -> None:
    """Refuse what is not an option.

    Raises:
        UnknownOptionError: it names the nearest option, and all.
    """
    check_options("faults", options, (*_EFFECT, *_MATCH, *_OTHER))


def remove(id_: str) -> Steps[FaultView | None]:
    """Remove a fault; return it as it was at the end, None when it was removed before."""
    try:
        gone: FaultsCleared = yield OperationCall("clear_faults", ClearFaults(id=id_))
    except OperationError as refusal:
        if refusal.status != 404:
            raise
        return None
    return gone.faults[0]


def release_held(scope: Scope) -> Steps[int]:
    """Answer at once the requests of the source that faults hold back; return how many.

    The faults stay. Each request is answered as its fault has it.
    """
    asked = ReleaseHeld(source=scope.write_key)
    return ask("release_held", asked, field="released")


def truth(scope: Scope, *, limit: int = 1000) -> Steps[Truth]:
    """Return the fate of each message: its attempts, their answers, and how it ended.

    Args:
        limit: how many messages to name at most; all are counted.
    """
    asked = AskTruth(source=scope.write_key, after=scope.after_request, limit=limit)
    return ask("truth", asked)


_EFFECT = {field.name: field.encode_name for field in msgspec.structs.fields(Effect)}
_MATCH = {
    field.name: field.encode_name
    for field in msgspec.structs.fields(FaultMatch)
    if field.name not in {"source", "verdict", "good"}
}
_OTHER = ("times", "until", "probability", "seed")


def _asked(source: str | None, scenario: str | None, options: FaultOptions) -> AddFault:
    wire: dict[str, Json] = {}
    effect: dict[str, Json] = {}
    match: dict[str, Json] = {}
    value: Any
    for name, value in options.items():
        if name in _EFFECT:
            # Records of ours may be given whole.
            effect[_EFFECT[name]] = msgspec.to_builtins(value)
        elif name in _MATCH:
            match[_MATCH[name]] = value
        else:
            wire[name] = value.isoformat() if hasattr(value, "isoformat") else value
    parts = {"source": source, "scenario": scenario, "match": match, "effect": effect}
    wire |= {name: part for name, part in parts.items() if part not in (None, {})}
    return convert(wire, AddFault, where="faults()")
