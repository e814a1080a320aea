"""What a defect of the corpus is: a consumer of one event, or of all of a plan, that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

# A plan of a user's own, as a file in the form of the Public API.
OWN = Path(__file__).with_name("own_plan.json")

Message = dict[str, Any]


@dataclass(frozen=True)
class Defect:
    """A consumer with a defect.

    Attributes:
        name: what the defect is about.
        plan: the plan whose events the consumer gets, all of them mixed.
        event: the event that it looks at; None for all of them.
        good: takes properties (or traits) and message; returns something false, or raises,
            where the defect shows.
        feed: whether it is fed with ordinary messages or with edge cases.
    """

    name: str
    plan: str | Path
    event: str | None
    good: Callable[[Message, Message], object]
    feed: Literal["events", "edges"] = "events"

    def shows(self, message: Message) -> bool:
        """Return whether the defect shows on a message."""
        if self.event not in {None, message.get("event"), message["type"]}:
            return False
        body = message.get("properties", message.get("traits")) or {}
        try:
            return not self.good(body, message)
        except Exception:  # noqa: BLE001  (consumers fail in any way)
            return True


def utc(text: str) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
