"""What checks send, and the trials that are made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.conformance.check import Trial

if TYPE_CHECKING:
    from mockseg.client.verbs_faults import FaultOptions
    from mockseg.json_types import JsonObject


# Of nearly all trials: enough to tell "once more" from "as often as is allowed".
MAX_RETRIES = 2
# The event of a trial that sends one.
EVENT = "Order Completed"
_FLUSH_INTERVAL_MS = 200


def track(event: str = EVENT, **properties: object) -> JsonObject:
    """Make a track call as the contract has it."""
    return {"type": "track", "event": event, "userId": "user-1", "properties": properties}


def numbered(count: int, **properties: object) -> list[JsonObject]:
    """Make track calls that can be told apart, in order."""
    return [track("Numbered", number=number, **properties) for number in range(1, count + 1)]


def config(
    *, flush_at: int = 1, max_retries: int = MAX_RETRIES, timeout: int | None = None
) -> JsonObject:
    """Make the SDK's configuration; ``flushInterval`` is in milliseconds, ``timeout`` in seconds.

    The timeout is left to the SDK unless a check is about it: CLIs differ in its unit.
    """
    made: JsonObject = {
        "flushAt": flush_at,
        "flushInterval": _FLUSH_INTERVAL_MS,
        "maxRetries": max_retries,
    }
    return made if timeout is None else made | {"timeout": timeout}


def at_once(*events: JsonObject) -> tuple[JsonObject, ...]:
    """Make one sequence without a delay."""
    return ({"delayMs": 0, "events": list(events)},)


def one_event(
    name: str,
    *faults: FaultOptions,
    max_retries: int = MAX_RETRIES,
    timeout: int | None = None,
) -> Trial:
    """Make a trial that sends one event into faults."""
    return Trial(
        name, at_once(track()), config(max_retries=max_retries, timeout=timeout), tuple(faults)
    )
