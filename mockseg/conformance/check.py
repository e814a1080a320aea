"""Checks: what is sent, what breaks meanwhile, what is expected, and by which source."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, TypeAlias

from mockseg.client.verbs.fault import FaultOptions
from mockseg.conformance.contract import E2eConfig, Suite
from mockseg.conformance.evidence import Evidence
from mockseg.json_types import JsonObject

# Of nearly all trials: enough to tell "once more" from "as often as is allowed".
MAX_RETRIES = 2
# The event of a trial that sends one.
EVENT = "Order Completed"
_FLUSH_INTERVAL_MS = 200


def track(event: str = EVENT, **properties: object) -> JsonObject:
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


class Judgement(NamedTuple):
    """What a judge found.

    Attributes:
        passed: whether it is as expected; None where what the SDK sends does not tell.
        saw: what was seen on the wire, a phrase.
    """

    passed: bool | None
    saw: str


# Whether what was seen is as expected. A judge never raises: an SDK may send anything.
Judge: TypeAlias = Callable[["Evidence"], Judgement]
# Values by flag of the e2e-config, or `auto_settings`; None for one that is not set.
Needs: TypeAlias = Mapping[str, Collection["bool | None"]]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One run of the CLI, on a source of its own. Checks that look at the same run share it.

    Attributes:
        name: says it in a word or two.
        sequences: what is sent: ``{"delayMs", "events"}`` each.
        config: of the SDK, as the contract has it.
        faults: what breaks, in the order in which rules are looked at. All of them end by
            themselves, so that no SDK can retry for ever.
    """

    name: str
    sequences: tuple[JsonObject, ...]
    config: JsonObject
    faults: tuple[FaultOptions, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One expectation.

    Attributes:
        id: names it, for reports and for ``E2E_TEST_SKIP``.
        suite: that it belongs to.
        expected: a sentence.
        source: the document that says so.
        trial: the run that it looks at.
        judge: decides by what was seen.
        needs: which values each of these flags may have for the check to apply.
    """

    id: str
    suite: Suite
    expected: str
    source: str
    trial: Trial
    judge: Judge
    needs: Needs = dataclasses.field(default_factory=dict)

    def not_applicable(self, config: E2eConfig) -> str:
        """Return why the check does not apply to an SDK, or an empty text."""
        excuse = config.excused(self.id)
        for name, values in self.needs.items():
            value = config.auto_settings if name == "auto_settings" else config.flag(name)
            if not excuse and value not in values:
                shown = "not set" if value is None else str(value).lower()
                excuse = f"{name} is {shown} in the e2e-config"
        return excuse
