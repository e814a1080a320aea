"""Judges that many checks share, made from what is expected."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from mockseg import json_types
from mockseg.conformance.check import Judgement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mockseg.conformance.check import Judge
    from mockseg.conformance.seen import Seen, SentRequest
    from mockseg.json_types import Json, JsonObject


_LONGEST = 300
# Characters of a value that a sentence quotes.
LONGEST_VALUE = 80


def judged(troubles: Iterable[str], *, fine: str) -> Judgement:
    """Judge by the troubles that were found.

    Args:
        troubles: a phrase each; none means that it is as expected.
        fine: what was seen then.
    """
    found = list(troubles)
    if not found:
        return Judgement(passed=True, saw=fine)
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return Judgement(passed=False, saw=shortened("; ".join(found[:3])) + more)


def shortened(text: str) -> str:
    """Cut what was sent to a length that fits a report."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def shown(value: Json) -> str:
    """Write a JSON value, cut to a length that fits a sentence."""
    return json_types.encode(value).decode()[:LONGEST_VALUE]


def named(message: JsonObject) -> str:
    """Name a message by its type, whatever was sent as that."""
    type_ = message.get("type")
    return type_[:LONGEST_VALUE] if isinstance(type_, str) else f"type {shown(type_)}"


def gaps_of(attempts: Sequence[SentRequest]) -> list[float]:
    """Give the seconds between attempts."""
    return [later.at - earlier.at for earlier, later in itertools.pairwise(attempts)]


def attempts_words(attempts: Sequence[SentRequest]) -> str:
    """Say how often something was tried, what it was answered, and with which pauses."""
    if not attempts:
        return "no attempt"
    answers = ", ".join(str(attempt.status or "no answer") for attempt in attempts)
    count = f"{len(attempts)} {'attempt' if len(attempts) == 1 else 'attempts'} ({answers})"
    gaps = gaps_of(attempts)
    return f"{count}, {', '.join(f'{gap:.2f}' for gap in gaps)} s apart" if gaps else count


def retried(event: str, *, least: int, most: int) -> Judge:
    """Expect so many attempts to deliver an event, the first one counted."""

    def judge(seen: Seen) -> Judgement:
        attempts = seen.carrying(event)
        return Judgement(least <= len(attempts) <= most, attempts_words(attempts))

    return judge


def not_retried(event: str, *, success: bool | None) -> Judge:
    """Expect one attempt, and that the CLI says this of it; None for whatever it says."""

    def judge(seen: Seen) -> Judgement:
        attempts = seen.carrying(event)
        said = seen.result.success
        saw = f"{attempts_words(attempts)}; the CLI says success: {str(said).lower()}"
        return Judgement(len(attempts) == 1 and success in {None, said}, saw)

    return judge


def delivered_once(event: str, *, attempts: int | None = None) -> Judge:
    """Expect that an event is stored once in the end, at this attempt, and that it is known."""

    def judge(seen: Seen) -> Judgement:
        tried = seen.carrying(event)
        stored = sum(call.event == event for call in seen.accepted)
        said = seen.result.success
        saw = f"{attempts_words(tried)}, stored {stored} times"
        if not said:
            saw += "; the CLI says success: false"
        right = attempts is None or len(tried) == attempts
        return Judgement(stored == 1 and said and right, saw)

    return judge


def stored_once(event: str) -> Judge:
    """Expect that an event counts once, however often it was sent."""

    def judge(seen: Seen) -> Judgement:
        stored = sum(call.event == event for call in seen.accepted)
        saw = f"{attempts_words(seen.carrying(event))}, stored {stored} times"
        return Judgement(stored == 1, saw)

    return judge


def waited(event: str, *, least: float, most: float = float("inf"), gap: int = 0) -> Judge:
    """Expect a pause before a retry, in seconds, and that the event is stored in the end.

    Args:
        event: that is retried.
        least: seconds.
        most: seconds.
        gap: which one, from 0.
    """

    def judge(seen: Seen) -> Judgement:
        tried = seen.carrying(event)
        gaps = gaps_of(tried)
        stored = any(call.event == event for call in seen.accepted)
        right = len(gaps) > gap and least <= gaps[gap] <= most
        saw = attempts_words(tried) + ("" if stored else ", never stored")
        return Judgement(right and stored, saw)

    return judge


def ends_within(event: str, most: int) -> Judge:
    """Expect an end: at most so many attempts, however often it fails."""

    def judge(seen: Seen) -> Judgement:
        tried = seen.carrying(event)
        return Judgement(0 < len(tried) <= most, attempts_words(tried))

    return judge
