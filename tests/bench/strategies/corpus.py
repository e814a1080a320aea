"""What a consumer with a defect is, and the list that consumers are entered into.

A consumer takes a list of messages in wire form and fails with any exception where its
defect shows. Only the standard library is used, so that any environment can run them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Message = dict[str, Any]
Feed = Literal["message", "edge", "sequence"]


@dataclass(frozen=True)
class Consumer:
    """A consumer and what it is fed.

    Attributes:
        name: what its defect is about.
        take: the consumer.
        plan: the plan of the catalogue whose events it takes.
        event: the one event, or None for all of the plan.
        feed: single good messages, nasty ones, or what arrives of a sequence.
    """

    name: str
    take: Callable[[list[Message]], None]
    plan: str
    event: str | None
    feed: Feed


CONSUMERS: list[Consumer] = []

GUIDE = "guide started (userguiding)"
BUTTON = "guide button click (userguiding)"
ANSWER = "survey question answer (userguiding)"
ORDER = "Order Completed"


def consumer(
    name: str, *, plan: str = "userguiding", event: str | None = None, feed: Feed = "message"
) -> Callable[[Callable[[list[Message]], None]], Callable[[list[Message]], None]]:
    """Enter a consumer into the corpus."""

    def enter(take: Callable[[list[Message]], None]) -> Callable[[list[Message]], None]:
        CONSUMERS.append(Consumer(name, take, plan, event, feed))
        return take

    return enter


def need(condition: object, why: str) -> None:
    """Fail unless a condition holds."""
    if not condition:
        raise AssertionError(why)


def body(message: Message) -> Message:
    """Give the properties, whatever is missing."""
    found = message.get("properties")
    return found if isinstance(found, dict) else {}
