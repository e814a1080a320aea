"""The e2e-cli contract of Segment's SDKs, the half that a program in Python has to keep.

    PROGRAM --input '{"writeKey": "k", "apiHost": "http://127.0.0.1:8765",
                      "cdnHost": "http://127.0.0.1:8765",
                      "sequences": [{"delayMs": 0, "events": [{"type": "track", ...}]}],
                      "config": {"flushAt": 20, "flushInterval": 1000, "maxRetries": 3,
                                 "timeout": 15}}'

The last line of its output is ``{"success": true, "sentBatches": 1}``, with ``error`` where
it failed; its exit status is 0 or 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Order", "Outcome", "Sequence", "parser", "run"]

_CONFIG = {"flushAt": 20, "flushInterval": 1000, "maxRetries": 3, "timeout": 15}


@dataclasses.dataclass(frozen=True, slots=True)
class Sequence:
    """Events that are tracked one after the other.

    Attributes:
        delay_seconds: before the first of them.
        events: as the order has them.
    """

    delay_seconds: float
    events: tuple[dict[str, Any], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What a program is told to send, and how.

    Attributes:
        write_key: of the source.
        api_host: a URL without path; there is no default, so nothing ever reaches Segment.
        cdn_host: a URL without path, or None where no settings are to be fetched.
        sequences: in order.
        flush_at: calls that make a batch.
        flush_interval_seconds: after which a batch is sent although it is not full.
        max_retries: after the first attempt.
        timeout_seconds: of one request.
    """

    write_key: str
    api_host: str
    cdn_host: str | None
    sequences: tuple[Sequence, ...]
    flush_at: int
    flush_interval_seconds: float
    max_retries: int
    timeout_seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order.

    Attributes:
        sent_batches: that were delivered.
        error: why something was not, or empty.
    """

    sent_batches: int
    error: str = ""


def parser() -> argparse.ArgumentParser:
    """Make a parser with the one option that all programs have."""
    made = argparse.ArgumentParser()
    made.add_argument("--input", required=True, metavar="JSON", help="the order")
    return made


def run(given: str, deliver: Callable[[Order], Outcome]) -> int:
    """Carry an order out and say its fate; give the exit status.

    Args:
        given: the order, JSON.
        deliver: whatever it raises is a failure of the order.
    """
    try:
        outcome = deliver(_order(given))
    except Exception as error:  # noqa: BLE001  (the contract has one shape for every failure)
        outcome = Outcome(0, f"{type(error).__name__}: {error}")
    said: dict[str, Any] = {"success": not outcome.error, "sentBatches": outcome.sent_batches}
    if outcome.error:
        said["error"] = outcome.error
    sys.stdout.write(json.dumps(said) + "\n")
    return 1 if outcome.error else 0


def _order(given: str) -> Order:
    """Read an order.

    Raises:
        ValueError: it is no JSON, or lacks what it must have.
    """
    order = json.loads(given)
    if not isinstance(order, dict):
        raise ValueError("the input must be an object")  # noqa: TRY004  (a value of the user's)
    missing = [name for name in ("writeKey", "apiHost", "sequences") if not order.get(name)]
    if missing:
        raise ValueError(f"the input must have {' and '.join(missing)}")
    config = _CONFIG | order.get("config", {})
    return Order(
        write_key=order["writeKey"],
        api_host=order["apiHost"].rstrip("/"),
        cdn_host=(order.get("cdnHost") or "").rstrip("/") or None,
        sequences=tuple(
            Sequence(sequence.get("delayMs", 0) / 1000, tuple(sequence.get("events", ())))
            for sequence in order["sequences"]
        ),
        flush_at=config["flushAt"],
        flush_interval_seconds=config["flushInterval"] / 1000,
        max_retries=config["maxRetries"],
        timeout_seconds=config["timeout"],
    )
