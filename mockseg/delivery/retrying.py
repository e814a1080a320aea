"""What an answer means for a delivery, and when it is tried again. Pure.

Source: Segment's page on building a subscription webhook: timeouts, network errors, 429 and
5xx are tried again for up to 4 hours with randomised exponential backoff; other 4xx never.
Labels are those of its page on integration error codes, reasons those of the delivery
overview.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from mockseg.clock import NANOSECONDS
from mockseg.delivery.outgoing import Outgoing, Unanswered
from mockseg.delivery.records import KeptAttempt
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import DeliveryState, Note
from mockseg.faults.chance import fraction

_NETWORK = {
    "ETIMEDOUT": "no answer came in time",
    "ENOTFOUND": "the host name has no address",
    "EAI_AGAIN": "the host name could not be looked up",
    "ECONNREFUSED": "nothing listens at that address",
    "ECONNRESET": "the connection broke before the answer was complete",
    "ECONNABORTED": "the connection was given up: what came is not HTTP, or its TLS is not trusted",
    "EHOSTUNREACH": "the address cannot be reached",
}

EXPIRED = "expires"
"""The reason of a delivery that was tried again until the limit; Segment's code."""

_Seconds = Annotated[float, Meta(ge=0.001, le=86_400)]


class RetryPolicy(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """How long and how often a delivery is tried again.

    Attributes:
        base_seconds: the first backoff is drawn from 0 to this, each next from twice as much.
        cap_seconds: no backoff is drawn from more than this.
        limit_seconds: counted from the first attempt; a retry that would come later is not made.
        retry_501: whether 501 is tried again. Segment's pages have it as the answer for an
            unsupported call and as one of the 5xx; nothing settles which counts.
    """

    base_seconds: _Seconds = 0.5
    cap_seconds: _Seconds = 300.0
    limit_seconds: Annotated[float, Meta(ge=0, le=31_622_400)] = 4 * 3600.0
    retry_501: bool = msgspec.field(default=False, name="retry501")


class AnswerMeaning(NamedTuple):
    """What an outcome means.

    Attributes:
        delivered: a 2xx.
        again: it may be tried again.
        label: Segment's, such as ``awaiting-retry.5xx`` or ``discarded.400``; None when delivered.
        reason: the code of a delivery that ends like this, empty when delivered.
        description: one sentence, empty when delivered.
    """

    delivered: bool
    again: bool = False
    label: str | None = None
    reason: str = ""
    description: str = ""


_DELIVERED = AnswerMeaning(delivered=True)


def meaning_of(outcome: VendorResponse | Unanswered, policy: RetryPolicy) -> AnswerMeaning:
    if isinstance(outcome, Unanswered):
        known = _NETWORK.get(outcome.code, "the request could not be made")
        sentence = f"{known}: {outcome.detail}" if outcome.detail else known
        again = outcome.code in _NETWORK
        label = f"{'awaiting-retry' if again else 'discarded'}.{outcome.code}"
        return AnswerMeaning(False, again, label, outcome.code, sentence)
    status = outcome.status
    if 200 <= status <= 299:
        return _DELIVERED
    sentence = f"the destination answered {status}"
    if status == 429:
        return AnswerMeaning(False, True, "awaiting-retry.429", "429", sentence)
    if 500 <= status <= 599 and (status != 501 or policy.retry_501):
        return AnswerMeaning(False, True, "awaiting-retry.5xx", str(status), sentence)
    reason = "UNSUPPORTED_EVENT_TYPE" if status == 501 else str(status)
    return AnswerMeaning(False, False, f"discarded.{status}", reason, sentence)


def backoff_seconds(
    outcome: VendorResponse | Unanswered,
    policy: RetryPolicy,
    *,
    retries: int,
    share: float,
    now_ns: int,
) -> float:
    """Return the seconds to wait before the next attempt.

    A Retry-After of at least a second is waited out exactly; a shorter one would let an
    endpoint that answers ``Retry-After: 0`` be asked without a pause, so the backoff holds.

    Args:
        outcome: of the attempt before.
        policy: of the destination.
        retries: how many there were already.
        share: from 0 to below 1, the jitter.
        now_ns: a moment, which a Retry-After that is a date counts from.
    """
    if not isinstance(outcome, Unanswered):
        asked = _retry_after_seconds(outcome, now_ns)
        if asked >= 1:
            return asked
    # 2 ** 64 times the base is beyond every cap.
    return share * min(policy.cap_seconds, policy.base_seconds * 2.0 ** min(retries, 64))


def _retry_after_seconds(response: VendorResponse, now_ns: int) -> float:
    """Read Retry-After, seconds or an HTTP date; 0 if it is missing or cannot be read."""
    text = next((v.strip() for k, v in response.headers if k.lower() == "retry-after"), "")
    if text.isascii() and text.isdigit():
        # More digits than these are more than any limit.
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, moment - now_ns / NANOSECONDS)


def rounds(attempts: Sequence[KeptAttempt]) -> int:
    """Return how often a delivery was tried: a round asks each of its URLs once."""
    return len(_by_round(attempts))


def urls_to_retry(attempts: Sequence[KeptAttempt]) -> tuple[str, ...]:
    """Return the URLs of the last round that may be asked again."""
    return tuple(
        attempt.url
        for attempt in _by_round(attempts)[-1]
        if (attempt.error or "").startswith("awaiting-retry")
    )


def _by_round(attempts: Sequence[KeptAttempt]) -> list[list[KeptAttempt]]:
    found: list[list[KeptAttempt]] = []
    for attempt in attempts:
        if not found or any(attempt.url == each.url for each in found[-1]):
            found.append([])
        found[-1].append(attempt)
    return found


# Of an answer's body no more is kept.
_MOST_ANSWER_BYTES = 8000

Exchange: TypeAlias = "tuple[Outgoing, VendorResponse | Unanswered]"


class Decision(NamedTuple):
    """The next state of a call after an attempt.

    Attributes:
        state: delivered, failed or retrying.
        reason, description: of what failed.
        due_ns: of what is retrying: when it is tried again.
        urls: of what is retrying: those to ask again.
    """

    state: DeliveryState
    reason: str | None = None
    description: str | None = None
    due_ns: int = 0
    urls: tuple[str, ...] = ()


class AttemptOutcome:
    """One attempt: a request to each URL, with what came of it.

    Source: of several URLs of a webhook one that succeeds is enough; only those that may be
    tried again are.

    Args:
        exchanges: requests and outcomes.
        policy: of the destination.
        seed: of jitter.
        started_ns, ended_ns: moments by the clock of the source.
    """

    __slots__ = (
        "_again",
        "_ended_ns",
        "_exchanges",
        "_meanings",
        "_policy",
        "_seed",
        "_started_ns",
    )

    def __init__(
        self,
        exchanges: list[Exchange],
        *,
        policy: RetryPolicy,
        seed: int,
        started_ns: int,
        ended_ns: int,
    ) -> None:
        self._exchanges = exchanges
        self._policy = policy
        self._seed = seed
        self._started_ns = started_ns
        self._ended_ns = ended_ns
        self._meanings = [meaning_of(outcome, policy) for _, outcome in exchanges]
        self._again = [place for place, meaning in enumerate(self._meanings) if meaning.again]

    def attempts(self, body: bytes) -> list[KeptAttempt]:
        return [
            self._attempt(body, request, outcome, meaning)
            for (request, outcome), meaning in zip(self._exchanges, self._meanings, strict=True)
        ]

    def decide(self, delivery: int, *, retries: int, first_ns: int) -> Decision:
        """Return what happens to a call that this attempt carried.

        Args:
            delivery: its cursor in the ledger.
            retries: how often it was tried again before.
            first_ns: when its first attempt began, a moment.
        """
        meanings = self._meanings
        if any(meaning.delivered for meaning in meanings):
            return Decision("delivered")
        if not self._again:
            return Decision("failed", meanings[0].reason, meanings[0].description)
        first = self._again[0]
        wait_seconds = backoff_seconds(
            self._exchanges[first][1],
            self._policy,
            retries=retries,
            share=fraction([self._seed, "retry", delivery, retries]),
            now_ns=self._ended_ns,
        )
        due_ns = self._ended_ns + round(wait_seconds * NANOSECONDS)
        limit_seconds = self._policy.limit_seconds
        if due_ns > first_ns + limit_seconds * NANOSECONDS:
            sentence = f"not delivered within {limit_seconds:g} s: {meanings[first].description}"
            return Decision("failed", EXPIRED, sentence)
        urls = tuple(self._exchanges[place][0].url for place in self._again)
        return Decision("retrying", due_ns=due_ns, urls=urls)

    def _attempt(
        self,
        body: bytes,
        request: Outgoing,
        outcome: VendorResponse | Unanswered,
        meaning: AnswerMeaning,
    ) -> KeptAttempt:
        status = 0
        notes: tuple[Note, ...] = ()
        if isinstance(outcome, Unanswered):
            answer = outcome.detail.encode()
        else:
            status, notes = outcome.status, outcome.notes
            answer = outcome.body[:_MOST_ANSWER_BYTES]
        return KeptAttempt(
            method=request.method,
            url=request.url,
            # The last one is the length, which stands beside them.
            headers=request.headers[:-1],
            body=body,
            sent_bytes=len(request.body),
            status=status,
            answer=answer,
            error=meaning.label,
            started_ns=self._started_ns,
            spent_ns=self._ended_ns - self._started_ns,
            notes=notes,
        )
