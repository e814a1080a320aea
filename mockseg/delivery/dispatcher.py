"""The dispatcher: carries calls to destinations without ever making their sender wait.

`offer` only notes what is to be done; one task routes and hands over in short turns, one
task for each request to a real URL carries it, one for each destination with retries sleeps
until the next of them. There are no others, and none while nothing is under way. Used from
one event loop's thread only.

Order: calls of one user (userId, else anonymousId) reach a destination in the order in
which they came, as long as each is delivered or refused at its first attempt. A call that
is tried again does not hold up later ones of its user: Segment promises no order and retries
out of it, and one poisoned call must not stop a user for four hours.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Iterator

from mockseg import json_types
from mockseg.clock import NANOSECONDS, ShiftedClock, breathe
from mockseg.delivery.destination import Destination, for_replay, own_settings, route
from mockseg.delivery.lane import Job, Lane, job_bytes
from mockseg.delivery.ledger import Ledger
from mockseg.delivery.outgoing import Sender, as_sent, hand_over, send_within
from mockseg.delivery.records import KeptDelivery
from mockseg.delivery.retrying import AttemptOutcome, Exchange, rounds, urls_to_retry
from mockseg.domain.call import KeptCall
from mockseg.domain.delivery import DeliveryState
from mockseg.domain.timestamps import format_moment
from mockseg.journal.background import BackgroundWork
from mockseg.journal.meter import Meter

MAX_WAITING = 100_000
"""How many deliveries one destination may have waiting, by default."""

# A turn takes twice as long as the others took before it, within these bounds: so whoever
# else works in the loop keeps a third of it.
_SHORTEST_TURN = 0.0004
_LONGEST_TURN = 0.005


class Dispatcher:
    """Routes, queues, sends and retries; the ledger has the fate of each call.

    It may be made before its event loop runs; what is offered until then waits for `start`,
    or for the first call of any method inside the loop.

    Args:
        ledger: of deliveries.
        sender: to real URLs; None until a server hands one in.
        clock_of: gives the clock of a source, on which everything timed runs.
        seed: of samples and of jitter.
        meter: bounds what waits, with what others keep; None for no bound.
        background: frees what was dropped; None for one of its own.
        max_waiting: how many deliveries one destination may have waiting; its queue refuses the
            next, which fails as ``queue_full``.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        sender: Sender | None = None,
        clock_of: Callable[[str], ShiftedClock],
        seed: int = 0,
        meter: Meter | None = None,
        background: BackgroundWork | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.ledger = ledger
        self.sender = sender
        self._clock_of = clock_of
        self._seed = seed
        self._meter = Meter(sys.maxsize) if meter is None else meter
        self._background = BackgroundWork() if background is None else background
        self._max_waiting = max_waiting
        self._lanes: dict[str, Lane] = {}
        # Lanes with something in the inbox or ready, in the order of their turns.
        self._awake: OrderedDict[str, Lane] = OrderedDict()
        self._drainer: asyncio.Task[None] | None = None
        # Each with what it is for, by which it can be cancelled.
        self._tasks: dict[asyncio.Task[None], object] = {}
        self._closed = False

    # --- what comes in

    def offer(
        self, destination: Destination, calls: Iterable[KeptCall], *, again: bool = False
    ) -> None:
        """Deliver calls to a destination, those that were accepted; returns at once.

        Args:
            destination: of the source of the calls. Its latest form counts, also for what
                waits already.
            calls: as they were recorded. Each begins a delivery of its own in the ledger.
            again: as Segment's replay does: their integrations object is replaced by one that
                names this destination alone, which need not be enabled; consent and filters
                hold.
        """
        integrations = for_replay(destination.kind) if again else None
        lane = self._lane(destination)
        ledger = self.ledger
        for call in calls:
            if call.verdict != "accepted":
                continue
            kept = ledger.open(
                call=call.cursor,
                message_id=call.message_id,
                type=call.type,
                event=call.event,
                user_id=call.user_id,
                source=destination.source,
                destination=destination.id,
                again=again,
            )
            self._enter(lane, Job(kept, call=call, integrations=integrations))
        self._wake(lane)
        self._meter.keep_bound()

    def resume(self, destination: Destination, kept: KeptDelivery, call: KeptCall | None) -> None:
        """Go on with a delivery of an earlier run: at once, or when its next attempt is due.

        Args:
            destination: of the delivery.
            kept: it, in the ledger; it is not final.
            call: None when it was evicted; what was sent before is sent again then.
        """
        lane = self._lane(destination)
        again = for_replay(destination.kind) if kept.again else None
        job = Job(kept, call=call, integrations=again, retries=rounds(kept.attempts))
        lane.add(job)
        job.user = kept.user_id or kept.message_id
        if kept.attempts:
            job.first_ns = kept.attempts[0].started_ns
            job.body = kept.attempts[0].body
            job.urls = urls_to_retry(kept.attempts)
        elif kept.type == "delete" and not kept.call:
            now_ns = self._clock_of(kept.source).now_ns()
            job.body = _deletion(kept.user_id or "", now_ns=now_ns)
        elif call is None:
            sentence = "the call was evicted before it was delivered, and the server started anew"
            self._finish(lane, job, "failed", "call_evicted", sentence)
            return
        if kept.state == "retrying":
            lane.inbox.pop()
            lane.put_off(job, kept.next_ns)
        lane.count(job)
        self._wake(lane)

    def offer_deletion(self, destination: Destination, user_id: str) -> None:
        """Notify a destination that a user is to be deleted, if its kind takes deletions.

        Source: Segment's Webhooks page: ``{"type": "delete", "userId", "timestamp"}``.
        """
        if not destination.takes_deletions:
            return
        now_ns = self._clock_of(destination.source).now_ns()
        lane = self._lane(destination)
        kept = self.ledger.open(
            call=0,
            message_id="",
            type="delete",
            event=None,
            user_id=user_id,
            source=destination.source,
            destination=destination.id,
        )
        job = Job(kept, body=_deletion(user_id, now_ns=now_ns))
        job.user = user_id
        self._enter(lane, job)
        self._wake(lane)

    def replace(self, destination: Destination) -> None:
        """Take over a changed destination, also for what waits for it."""
        lane = self._lane(destination)
        if lane.open:
            self._wake(lane)

    # --- what goes

    def pending_at(self, id: str) -> int:  # noqa: A002  (the word that the API has for it)
        lane = self._lanes.get(id)
        return 0 if lane is None else len(lane.open)

    def drop_source(self, source: str) -> None:
        """Forget a source: what is under way is cancelled, its deliveries leave the ledger."""
        if self.ledger.pending(source):
            lanes = [each for each in self._lanes.values() if each.destination.source == source]
            for lane in lanes:
                self._cancel(lane)
                self._background.add(lane.free())
        self.ledger.drop_source(source)

    def drop_call(self, call: int) -> None:
        """Forget the deliveries of a call, by its cursor; what is under way is cancelled."""
        deliveries = self.ledger.of_call(call)
        self.ledger.drop_call(call)
        for kept in deliveries:
            lane = self._lanes.get(kept.destination)
            job = None if lane is None else lane.open.get(kept.cursor)
            if lane is not None and job is not None:
                lane.remove(job)
                self._wake(lane)

    def drop_destination(self, id: str) -> None:  # noqa: A002  (the word that the API has for it)
        """Cancel what is under way to a destination; it fails as ``destination_removed``.

        A few hundred fail at once, the others at the next turns of the event loop.
        """
        lane = self._lanes.get(id)
        if lane is not None:
            self._cancel(lane)
            self._background.add(self._remove(lane))

    def _remove(self, lane: Lane) -> Iterator[None]:
        while lane.open:
            for job in lane.take_oldest():
                sentence = "the destination was removed before it was delivered"
                self.ledger.finish(job.kept, "failed", "destination_removed", sentence)
            yield
        yield from lane.free()

    async def close(self) -> None:
        """Cancel everything and return when no task is left; the ledger stays as it is."""
        self._closed = True
        running = list(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self.sender is not None:
            await self.sender.close()

    # --- inside: the queue

    def _lane(self, destination: Destination) -> Lane:
        lane = self._lanes.get(destination.id)
        if lane is None:
            account = self._meter.accounts["queues"]
            lane = self._lanes[destination.id] = Lane(destination, account)
        lane.destination = destination
        return lane

    def _enter(self, lane: Lane, job: Job) -> None:
        """Let a job wait, or fail where the queue of its destination is full."""
        held = job.body if job.call is None else job.call.raw
        if len(lane.open) >= self._max_waiting:
            limit: str | None = f"{self._max_waiting:,} deliveries"
        else:
            limit = self._meter.queue_limit(lane.size_bytes + job_bytes(held))
        if limit is None:
            lane.add(job)
            return
        sentence = f"the queue of {lane.destination.name} is full; at most {limit}"
        self.ledger.refuse(job.kept, sentence)

    def _finish(
        self,
        lane: Lane,
        job: Job,
        state: DeliveryState,
        reason: str | None = None,
        description: str | None = None,
    ) -> None:
        self.ledger.finish(job.kept, state, reason, description)
        lane.remove(job)

    def _cancel(self, lane: Lane) -> None:
        """Forget a lane with all that is under way in it; its jobs are left to the caller."""
        key = lane.destination.id
        del self._lanes[key]
        self._awake.pop(key, None)
        for task in [task for task, purpose in self._tasks.items() if purpose is lane]:
            task.cancel()
        lane.close()

    def _begin(
        self, work: Coroutine[object, object, None], *, of: object, name: str
    ) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=f"mockseg {name}")
        self._tasks[task] = of
        task.add_done_callback(self._tasks.pop)
        return task

    # --- inside: turns

    def _wake(self, lane: Lane) -> None:
        self._awake[lane.destination.id] = lane
        self.start()

    def start(self) -> None:
        """Begin with what waits, once the event loop runs."""
        if self._closed or not self._awake:
            return
        if self._drainer is None or self._drainer.done():
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return
            self._drainer = self._begin(self._drain(), of=self, name="deliveries")

    async def _drain(self) -> None:
        away = 0.0
        while self._awake:
            _, lane = self._awake.popitem(last=False)
            turn = min(max(2 * away, _SHORTEST_TURN), _LONGEST_TURN)
            self._turn(lane, until=time.perf_counter() + turn)
            if lane.inbox:
                self._awake[lane.destination.id] = lane
            before = time.perf_counter()
            await breathe()
            away = time.perf_counter() - before

    def _turn(self, lane: Lane, *, until: float) -> None:
        inbox = lane.inbox
        destination = lane.destination
        local = destination.receive is not None
        size = max(1, destination.settings.batch_size)
        batch: list[Job] = []
        while inbox and time.perf_counter() < until:
            job = inbox.popleft()
            if job.dead or (job.call is not None and not self._routed(lane, job)):
                continue
            if not local:
                lane.push(job)
                continue
            batch.append(job)
            if len(batch) >= size:
                self._hand_over(lane, batch)
                batch = []
        if batch:
            self._hand_over(lane, batch)
        if not local:
            self._start_attempts(lane, size)
        if lane.timer is None and lane.next_due_ns() is not None:
            self._set_timer(lane)

    def _routed(self, lane: Lane, job: Job) -> bool:
        """Decide about a call; return whether it goes on."""
        call, job.call = job.call, None
        assert call is not None  # noqa: S101  (the caller has looked)
        try:
            message = call.message()
            replayed = job.integrations is not None
            if replayed:
                message["integrations"] = job.integrations
            refusal = route(message, lane.destination, seed=self._seed, replayed=replayed)
            job.body = as_sent(message, kind=lane.destination.kind.type)
        except Exception as error:  # noqa: BLE001  (one call must not stop all others)
            sentence = f"mockseg could not route it: {error!r}"[:500]
            self._finish(lane, job, "failed", "INTERNAL", sentence)
            return False
        if refusal is not None:
            self._finish(lane, job, "filtered", refusal.reason, refusal.description)
            return False
        lane.count(job)
        job.own = own_settings(message, lane.destination.kind) or None
        user = message.get("userId") or message.get("anonymousId") or call.message_id
        job.user = user if isinstance(user, str) else str(user)
        return True

    # --- inside: attempts

    def _hand_over(self, lane: Lane, jobs: list[Job]) -> None:
        """Let an imitation in this process have calls, in this very step."""
        destination = lane.destination
        receive = destination.receive
        assert receive is not None  # noqa: S101  (the caller has looked)
        now_ns = self._clock_of(destination.source).now_ns()
        (request,) = lane.requests(jobs)
        outcome = hand_over(receive, request, now_ns=now_ns)
        self._note(lane, jobs, [(request, outcome)], started_ns=now_ns, ended_ns=now_ns)

    def _start_attempts(self, lane: Lane, size: int) -> None:
        if self._closed:
            return
        while lane.running < lane.destination.spec.concurrency and (jobs := lane.take(size)):
            lane.running += 1
            self._begin(self._attempt(lane, jobs), of=lane, name="delivery")

    async def _attempt(self, lane: Lane, jobs: list[Job]) -> None:
        destination = lane.destination
        clock = self._clock_of(destination.source)
        started_ns = clock.now_ns()
        requests = lane.requests(jobs)
        outcomes = await asyncio.gather(
            *(
                send_within(self.sender, request, clock, seconds=destination.timeout_seconds)
                for request in requests
            )
        )
        lane.running -= 1
        exchanges = list(zip(requests, outcomes, strict=True))
        self._note(lane, jobs, exchanges, started_ns=started_ns, ended_ns=clock.now_ns())
        for user in dict.fromkeys(job.user for job in jobs):
            lane.release(user)
        self._wake(lane)

    def _note(
        self,
        lane: Lane,
        jobs: list[Job],
        exchanges: list[Exchange],
        *,
        started_ns: int,
        ended_ns: int,
    ) -> None:
        outcome = AttemptOutcome(
            exchanges,
            policy=lane.destination.spec.retry,
            seed=self._seed,
            started_ns=started_ns,
            ended_ns=ended_ns,
        )
        for job in jobs:
            if job.dead:
                continue
            job.first_ns = job.first_ns or started_ns
            for kept in outcome.attempts(job.body):
                self.ledger.attempted(job.kept, kept)
            decision = outcome.decide(job.kept.cursor, retries=job.retries, first_ns=job.first_ns)
            if decision.state != "retrying":
                self._finish(lane, job, decision.state, decision.reason, decision.description)
                continue
            job.urls = decision.urls
            job.retries += 1
            self.ledger.retrying(job.kept, decision.due_ns)
            if lane.put_off(job, decision.due_ns) and not self._closed:
                self._set_timer(lane)

    def _set_timer(self, lane: Lane) -> None:
        """Sleep until the first retry of a lane comes due, not until what was first before."""
        if lane.timer is not None:
            lane.timer.cancel()
        lane.timer = self._begin(self._retry_when_due(lane), of=lane, name="retries")

    async def _retry_when_due(self, lane: Lane) -> None:
        clock = self._clock_of(lane.destination.source)
        while (due_ns := lane.next_due_ns()) is not None:
            now_ns = clock.now_ns()
            if due_ns > now_ns:
                await clock.sleep((due_ns - now_ns) / NANOSECONDS)
                continue
            lane.wake_due(now_ns)
            self._wake(lane)
        lane.timer = None


def _deletion(user_id: str, *, now_ns: int) -> bytes:
    message = {"type": "delete", "userId": user_id, "timestamp": format_moment(now_ns)}
    return json_types.encode(message)
