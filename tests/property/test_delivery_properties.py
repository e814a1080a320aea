"""Deliveries against a small model of the retry rules, whatever destinations answer."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec import Raw

from mockseg.clock import ShiftedClock, SystemClock, breathe
from mockseg.delivery.destination import DestinationSpec, make_destination
from mockseg.delivery.dispatcher import Dispatcher
from mockseg.delivery.ledger import Ledger
from mockseg.delivery.outgoing import Unanswered
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.call import KeptCall
from mockseg.domain.request import Answer, KeptRequest

NOON_NS = 1_767_268_800_000_000_000
FOUR_HOURS = 4 * 3600
AGAIN = (429, 500, 502, 503, 599, "ETIMEDOUT", "ENOTFOUND", "ECONNREFUSED", "ECONNRESET")
FINAL = (200, 202, 204, 301, 400, 401, 403, 404, 410, 501)


class Plan:
    """What a destination answers to one call: retryable outcomes, then its last for ever."""

    def __init__(self, user, again, last):
        self.user = user
        self.outcomes = [*again, last]
        self.asked = 0

    def __repr__(self):
        return f"Plan({self.user!r}, {self.outcomes!r})"

    def answer(self):
        """Give the next outcome."""
        outcome = self.outcomes[min(self.asked, len(self.outcomes) - 1)]
        self.asked += 1
        return Unanswered(outcome) if isinstance(outcome, str) else VendorResponse(outcome, b"{}")

    @property
    def end(self):
        """Give state, reason and number of attempts by the rules; None attempts for many."""
        last = self.outcomes[-1]
        if last in AGAIN:
            return "failed", "expires", None
        if last in {200, 202, 204}:
            return "delivered", None, len(self.outcomes)
        reason = "UNSUPPORTED_EVENT_TYPE" if last == 501 else str(last)
        return "failed", reason, len(self.outcomes)


PLANS = st.lists(
    st.builds(
        Plan,
        st.sampled_from(["u1", "u2", "u3"]),
        st.lists(st.sampled_from(AGAIN), max_size=5),
        st.sampled_from([*FINAL, *FINAL, *AGAIN]),
    ),
    min_size=1,
    max_size=12,
)


class Wire:
    """Answers what the plans say, as a sender and as an imitation."""

    def __init__(self, plans):
        self.plans = plans
        self.seen = []

    def answer(self, body):
        """Answer a message by its messageId."""
        message = json.loads(body)
        self.seen.append(int(message["messageId"]))
        return self.plans[self.seen[-1]].answer()

    async def send(self, request):
        """Answer after the loop had a turn."""
        await breathe()
        return self.answer(request.body)

    async def close(self):
        """Nothing is open."""


def call(number, user):
    """Make a call."""
    message = {"type": "track", "event": "E", "userId": user, "messageId": str(number)}
    raw = json.dumps(message).encode()
    request = KeptRequest(
        number, "key", "POST", "/", "", (), raw, len(raw), NOON_NS, Answer(200, b"{}")
    )
    return KeptCall(number + 1, request, 0, Raw(raw), "track", "E", user, str(number))


class Run:
    """A dispatcher that is driven to the end of everything, and what came of it."""

    def __init__(self, plans, *, local, chunks, concurrency=10, max_waiting=1000):
        self.clock = ShiftedClock(SystemClock())
        self.clock.set(NOON_NS, frozen=True)
        self.wire = Wire(plans)
        self.changed = asyncio.Event()
        self.finals = Counter()
        self.ledger = Ledger(on_change=self._told)
        self.dispatcher = Dispatcher(
            ledger=self.ledger,
            sender=self.wire,
            clock_of=lambda _: self.clock,
            max_waiting=max_waiting,
        )
        # An imitation tells of no network: what has no status is a server error there.
        self.destination = make_destination(
            DestinationSpec(
                type="userengage",
                settings={} if local else {"url": "http://hook.test/"},
                concurrency=concurrency,
            ),
            id="d",
            source="key",
            receive=self._receive,
        )
        self.chunks = chunks

    def _told(self, kept):
        self.finals[kept.cursor] += kept.final
        self.changed.set()

    def _receive(self, request):
        outcome = self.wire.answer(request.body)
        return outcome if isinstance(outcome, VendorResponse) else VendorResponse(500)

    def _idle(self):
        now_ns = self.clock.now_ns()
        return all(
            kept.final or (kept.state == "retrying" and kept.next_ns > now_ns)
            for kept in self.ledger.page(limit=1000)
        )

    async def idle(self):
        """Return once all that is left waits for the clock."""
        while not self._idle():
            self.changed.clear()
            await self.changed.wait()

    def _hopeless(self, kept):
        plan = self.wire.plans[int(kept.message_id)]
        return plan.asked >= len(plan.outcomes)

    async def to_the_end(self):
        """Offer everything, then move the clock from retry to retry.

        When all that is left is answered the same for ever, the clock goes beyond the limit.
        """
        calls = [call(number, plan.user) for number, plan in enumerate(self.wire.plans)]
        for start in range(0, len(calls), self.chunks):
            self.dispatcher.offer(self.destination, calls[start : start + self.chunks])
            await breathe()
        await self.idle()
        while waiting := self.ledger.page(limit=1000, wanted=lambda kept: kept.state == "retrying"):
            if all(self._hopeless(kept) for kept in waiting):
                self.clock.advance(FOUR_HOURS)
            else:
                self.clock.set(min(kept.next_ns for kept in waiting), frozen=True)
            await self.idle()
        await self.dispatcher.close()
        return self.ledger.page(limit=1000)


@given(
    plans=PLANS,
    local=st.booleans(),
    chunks=st.integers(1, 12),
    concurrency=st.integers(1, 4),
)
def test_each_call_ends_as_the_rules_say(plans, local, chunks, concurrency):
    """In exactly one final state, with as many requests as the model has; none is lost."""

    async def run():
        driven = Run(plans, local=local, chunks=chunks, concurrency=concurrency)
        kept = await driven.to_the_end()
        return driven, kept

    driven, kept = asyncio.run(run())
    seen = Counter(driven.wire.seen)
    assert len(kept) == len(plans)
    for number, (plan, delivery) in enumerate(zip(plans, kept, strict=True)):
        state, reason, attempts = plan.end
        event(f"{state} {reason}")
        assert (delivery.state, delivery.reason) == (state, reason)
        assert attempts is None or len(delivery.attempts) == attempts
        assert seen[number] == len(delivery.attempts)
    assert set(driven.finals.values()) == {1}
    assert driven.dispatcher.ledger.pending() == 0


@given(plans=PLANS, local=st.booleans(), chunks=st.integers(1, 12))
def test_order_per_user_is_kept_while_each_first_attempt_ends(plans, local, chunks):
    """Then each call is sent once, in the order in which its user's calls came."""
    for plan in plans:
        plan.outcomes = [plan.outcomes[-1] if plan.outcomes[-1] in FINAL else 200]

    async def run():
        driven = Run(plans, local=local, chunks=chunks)
        await driven.to_the_end()
        return driven.wire.seen

    seen = asyncio.run(run())
    assert sorted(seen) == list(range(len(plans)))
    by_user = defaultdict(list)
    for number in seen:
        by_user[plans[number].user].append(number)
    assert all(numbers == sorted(numbers) for numbers in by_user.values())


@given(plans=PLANS, local=st.booleans(), chunks=st.integers(1, 12), most=st.integers(1, 5))
def test_nothing_is_lost_when_queues_are_full(plans, local, chunks, most):
    """Each call ends once, by the rules or as `queue_full`; what is full is never sent after."""

    async def run():
        driven = Run(plans, local=local, chunks=chunks, concurrency=1, max_waiting=most)
        return driven, await driven.to_the_end()

    driven, kept = asyncio.run(run())
    seen = Counter(driven.wire.seen)
    assert len(kept) == len(plans)
    assert set(driven.finals.values()) == {1}
    for number, (plan, delivery) in enumerate(zip(plans, kept, strict=True)):
        assert seen[number] == len(delivery.attempts)
        if delivery.reason == "queue_full":
            event("queue_full")
        else:
            assert delivery.state == plan.end[0]
