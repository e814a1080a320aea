"""What the answers to an attempt mean for each call that it carried. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mockseg.delivery.outgoing import Outgoing
from mockseg.delivery.records import KeptAttempt
from mockseg.delivery.retrying import EXPIRED, Unanswered, backoff_seconds, rule
from mockseg.destinations.vendor import VendorResponse
from mockseg.faults.chance import fraction

if TYPE_CHECKING:
    from mockseg.delivery.lane import Job
    from mockseg.delivery.retrying import RetryPolicy, Ruling
    from mockseg.domain.delivery import DeliveryState, Note


_SECOND = 1_000_000_000
# Of an answer's body no more is kept.
_MOST_ANSWER_BYTES = 8000

Exchange: TypeAlias = tuple[Outgoing, VendorResponse | Unanswered]


class Decision(NamedTuple):
    """What becomes of a call after an attempt.

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


_DELIVERED = Decision("delivered")


class Round:
    """One attempt: a request to each URL, with what came of it.

    Source: of several URLs of a webhook one that succeeds is enough; only those that may be
    tried again are.

    Args:
        exchanges: requests and outcomes.
        policy: of the destination.
        seed: of jitter.
        started_ns, ended_ns: moments by the clock of the source.
    """

    __slots__ = ("_again", "_ended_ns", "_exchanges", "_policy", "_rulings", "_seed", "_started_ns")

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
        self._rulings = [rule(outcome, policy) for _, outcome in exchanges]
        self._again = [place for place, ruling in enumerate(self._rulings) if ruling.again]

    def attempts(self, job: Job) -> list[KeptAttempt]:
        """Give the attempts as the ledger keeps them for a call."""
        return [
            self._attempt(job, request, outcome, ruling)
            for (request, outcome), ruling in zip(self._exchanges, self._rulings, strict=True)
        ]

    def decide(self, job: Job) -> Decision:
        """Say what becomes of a call that this attempt carried."""
        rulings = self._rulings
        if any(ruling.delivered for ruling in rulings):
            return _DELIVERED
        if not self._again:
            return Decision("failed", rulings[0].reason, rulings[0].description)
        first = self._again[0]
        wait_seconds = backoff_seconds(
            self._exchanges[first][1],
            self._policy,
            retries=job.retries,
            share=fraction([self._seed, "retry", job.kept.cursor, job.retries]),
            now_ns=self._ended_ns,
        )
        due_ns = self._ended_ns + round(wait_seconds * _SECOND)
        limit_seconds = self._policy.limit_seconds
        if due_ns > (job.first_ns or self._started_ns) + limit_seconds * _SECOND:
            sentence = f"not delivered within {limit_seconds:g} s: {rulings[first].description}"
            return Decision("failed", EXPIRED, sentence)
        urls = tuple(self._exchanges[place][0].url for place in self._again)
        return Decision("retrying", due_ns=due_ns, urls=urls)

    def _attempt(
        self, job: Job, request: Outgoing, outcome: VendorResponse | Unanswered, ruling: Ruling
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
            body=job.body,
            sent_bytes=len(request.body),
            status=status,
            answer=answer,
            error=ruling.label,
            started_ns=self._started_ns,
            spent_ns=self._ended_ns - self._started_ns,
            notes=notes,
        )
