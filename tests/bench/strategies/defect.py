"""What a defect of the corpus is: a consumer of one event, or of all of a plan, that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

# Plans of a user's own, as files in the form of the Public API; one for the blind part only.
OWN = Path(__file__).with_name("own_plan.json")
OWN_BLIND = Path(__file__).with_name("own_plan_blind.json")

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
        feed: whether it is fed with ordinary messages, with edge cases, or with what arrives of
            journeys: lists of messages, some of them twice and late.
    """

    name: str
    plan: str | Path
    event: str | None
    good: Callable[[Message, Message], object]
    feed: Literal["events", "edges", "journeys"] = "events"

    def shows(self, message: Message) -> bool:
        """Return whether the defect shows on a message; of journeys on ``{"all": messages}``."""
        if self.feed == "journeys":
            return self._fails({}, message)
        if self.event not in {None, message.get("event"), message["type"]}:
            return False
        body = message.get("properties", message.get("traits")) or {}
        return self._fails(body, message)

    def _fails(self, body: Message, message: Message) -> bool:
        try:
            return not self.good(body, message)
        except Exception:  # noqa: BLE001  (consumers fail in any way)
            return True


def utc(text: str) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
