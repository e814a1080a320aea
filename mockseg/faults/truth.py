"""The fate of each message: every attempt to deliver it, and how it ended."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

from mockseg.domain.lost import Lost
from mockseg.matching.render import lost_words

Fate: TypeAlias = Literal["delivered once", "delivered twice", "dropped", "lost", "never retried"]
AttemptEnd: TypeAlias = Literal["accepted", "duplicate", "dropped", "unstored"]
FATES: tuple[Fate, ...] = (
    "delivered once",
    "delivered twice",
    "dropped",
    "lost",
    "never retried",
)
# Lines of a summary that tell different ways to the same end.
_MOST_WAYS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """One request that carried a message.

    Attributes:
        request: its number.
        at_ns: a moment.
        status: what it was answered; 0 for no answer.
        end: the fate of the message: kept, known already, dropped, or not stored at all.
    """

    request: int
    at_ns: int
    status: int
    end: AttemptEnd


def fate_of(attempts: list[Attempt]) -> Fate:
    """Judge the fate of a message by its attempts, oldest first, one or more.

    It was delivered twice when two requests brought it whole: that one of them is dropped by
    its messageId is what saved the day. It was lost when it was tried more than once and never
    stored, and never retried when it was tried just once.
    """
    accepted = {attempt.request for attempt in attempts if attempt.end == "accepted"}
    # The same messageId twice in one request is not a resend.
    resent = {attempt.request for attempt in attempts if attempt.end == "duplicate"} - accepted
    if len(accepted) + len(resent) > 1 and accepted:
        return "delivered twice"
    if accepted:
        return "delivered once"
    if any(attempt.end != "unstored" for attempt in attempts):
        return "dropped"
    tried = {attempt.request for attempt in attempts}
    return "lost" if len(tried) > 1 else "never retried"


def summary_of(fates: dict[Fate, list[tuple[int, ...]]], *, nameless: int, lost: Lost) -> str:
    """Return the fates in a sentence.

    Args:
        fates: for each fate the statuses that each message was answered.
        nameless: messages without a messageId in requests that were not stored.
        lost: what was evicted of the source.
    """
    total = sum(len(stories) for stories in fates.values())
    parts = [
        f"{len(fates.get('delivered once', ())):,} delivered once",
        *_counted(len(fates.get("delivered twice", ())), "duplicated by resend"),
        *_counted(len(fates.get("dropped", ())), "dropped"),
        *_ways(fates.get("lost", []), "lost after {count} attempts"),
        *_ways(fates.get("never retried", []), "never retried"),
    ]
    text = f"{total:,} {'call' if total == 1 else 'calls'}: " + ", ".join(parts)
    if nameless:
        text += f"; {nameless:,} without a messageId were not stored and cannot be followed"
    if lost.inside(after=0, after_request=0):
        text += f"; {lost_words(lost, requests=True)}"
    return text


def _counted(count: int, what: str) -> list[str]:
    return [f"{count:,} {what}"] if count else []


def _ways(stories: list[tuple[int, ...]], what: str) -> list[str]:
    """Return a phrase for each way in which it happened, the commonest first."""
    counts: dict[tuple[int, ...], int] = {}
    for story in stories:
        counts[story] = counts.get(story, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [
        f"{count:,} {what.format(count=len(story))} ({status_words(story)})"
        for story, count in ranked[:_MOST_WAYS]
    ]
    if rest := sum(count for _, count in ranked[_MOST_WAYS:]):
        lines.append(f"{rest:,} more in other ways")
    return lines


def status_words(statuses: tuple[int, ...]) -> str:
    """Write statuses as a person reads them, the middle of many left out."""
    words = [str(status) if status else "no answer" for status in statuses]
    if len(words) > 12:
        words = [*words[:6], f"… {len(words) - 9} more …", *words[-3:]]
    return ", ".join(words)
