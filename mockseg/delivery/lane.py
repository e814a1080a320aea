"""A destination's queue: what waits, for what, and whose turn it is. No IO, no tasks."""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw

from mockseg.delivery.destination import Destination
from mockseg.delivery.outgoing import Outgoing, outgoing
from mockseg.delivery.records import KeptDelivery
from mockseg.domain.call import KeptCall
from mockseg.journal.background import FREED_AT_ONCE
from mockseg.journal.meter import Account
from mockseg.json_types import JsonObject

# A job and its places in the lane.
_JOB_BYTES = 350


class Job(msgspec.Struct, gc=False, eq=False):
    """A delivery on its way. Nothing that it holds points back.

    Attributes:
        kept: it, in the ledger.
        call: not yet looked at, else None.
        integrations: replaces the call's own, or None.
        body: the message as JSON, once it was routed.
        user: calls with the same are sent one after the other.
        own: settings that the call has for the destination.
        urls: those to be asked again; None asks all.
        first_ns: when the first attempt began; 0 before.
        retries: how often it was tried again.
        size_bytes: that it takes besides the delivery in the ledger.
    """

    kept: KeptDelivery
    call: KeptCall | None = None
    integrations: JsonObject | None = None
    body: bytes = b""
    user: str = ""
    own: JsonObject | None = None
    urls: tuple[str, ...] | None = None
    first_ns: int = 0
    retries: int = 0
    size_bytes: int = 0

    @property
    def dead(self) -> bool:
        return self.kept.gone or self.kept.final


class Lane:
    """What is under way to one destination.

    A job enters the inbox, is routed, and becomes ready when no other of its user is under
    way; oldest first. A retry that has come due enters the inbox again, and passes the
    later calls of its user that still wait.

    Args:
        destination: in its latest form.
        account: of what waits to be sent.

    Attributes:
        size_bytes: that its jobs take.
    """

    __slots__ = (
        "_account",
        "_behind",
        "_due",
        "_ready",
        "destination",
        "inbox",
        "open",
        "running",
        "size_bytes",
        "timer",
    )

    def __init__(self, destination: Destination, account: Account) -> None:
        self.destination = destination
        self._account = account
        self.size_bytes = 0
        self.inbox: deque[Job] = deque()
        # All that are not final, by cursor: the oldest is the first.
        self.open: OrderedDict[int, Job] = OrderedDict()
        self.running = 0
        # Sleeps until the next retry.
        self.timer: asyncio.Task[None] | None = None
        self._ready: list[tuple[int, Job]] = []
        self._behind: dict[str, deque[Job]] = {}
        self._due: list[tuple[int, int, Job]] = []

    def add(self, job: Job) -> None:
        self.open[job.kept.cursor] = job
        self.inbox.append(job)
        self.count(job)

    def count(self, job: Job) -> None:
        """Count what a job takes now; it has changed, or entered."""
        size_bytes = job_bytes(job.body if job.call is None else job.call.raw)
        self._count(size_bytes - job.size_bytes)
        job.size_bytes = size_bytes

    def _count(self, size_bytes: int) -> None:
        self.size_bytes += size_bytes
        self._account.add(size_bytes)

    def remove(self, job: Job) -> None:
        """Let go of a job that is final; what waited behind dead ones moves up."""
        if self.open.pop(job.kept.cursor, None) is not None:
            self._count(-job.size_bytes)
        job.call = None
        while self.inbox and self.inbox[0].dead:
            self.inbox.popleft()
        behind = self._behind.get(job.user)
        while behind and behind[0].dead:
            behind.popleft()
        while self._ready and self._ready[0][1].dead:
            self.release(heapq.heappop(self._ready)[1].user)
        if len(self._due) > 2 * len(self.open) + 1000:
            self._due = [entry for entry in self._due if not entry[2].dead]
            heapq.heapify(self._due)

    # --- whose turn it is

    def push(self, job: Job) -> None:
        """Make a routed job ready, or let it wait behind another of its user."""
        behind = self._behind.get(job.user)
        if behind is None:
            self._behind[job.user] = deque()
            heapq.heappush(self._ready, (job.kept.cursor, job))
        elif job.retries:
            behind.appendleft(job)
        else:
            behind.append(job)

    def take(self, most: int) -> list[Job]:
        """Return at most this many jobs that are ready, oldest first, those of a user in order."""
        taken: list[Job] = []
        while self._ready and len(taken) < most:
            job = heapq.heappop(self._ready)[1]
            if job.dead:
                self.release(job.user)
                continue
            taken.append(job)
            behind = self._behind[job.user]
            while behind and len(taken) < most:
                following = behind.popleft()
                if not following.dead:
                    taken.append(following)
        return taken

    def release(self, user: str) -> None:
        behind = self._behind[user]
        while behind:
            job = behind.popleft()
            if not job.dead:
                heapq.heappush(self._ready, (job.kept.cursor, job))
                return
        del self._behind[user]

    def requests(self, jobs: Sequence[Job]) -> list[Outgoing]:
        """Make the requests of the next attempt, one for each URL that is to be asked.

        Args:
            jobs: one, or those of a batch.
        """
        first = jobs[0]
        urls: Sequence[str] = self.destination.urls
        if first.urls is not None:
            # Those that changed meanwhile are asked anew.
            urls = [url for url in urls if url in first.urls] or urls
        bodies = [job.body for job in jobs]
        kind, settings = self.destination.kind.type, self.destination.settings
        return outgoing(bodies, kind=kind, settings=settings, urls=urls, own=first.own)

    # --- what is tried again

    def put_off(self, job: Job, due_ns: int) -> bool:
        """Let a job wait until a moment; return whether it is the first to come due."""
        heapq.heappush(self._due, (due_ns, job.kept.cursor, job))
        return self._due[0][2] is job

    def next_due_ns(self) -> int | None:
        """Return the moment at which the next retry comes due, None without retries."""
        while self._due and self._due[0][2].dead:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def wake_due(self, now_ns: int) -> None:
        while self._due and self._due[0][0] <= now_ns:
            job = heapq.heappop(self._due)[2]
            if not job.dead:
                self.inbox.append(job)

    def close(self) -> None:
        """Count its jobs no longer; it is not used any more."""
        self._count(-self.size_bytes)

    def take_oldest(self) -> list[Job]:
        """Remove some of the oldest jobs; return those of them that are not final."""
        count = min(FREED_AT_ONCE, len(self.open))
        jobs = [self.open.popitem(last=False)[1] for _ in range(count)]
        return [job for job in jobs if not job.dead]

    def free(self) -> Iterator[None]:
        """Free all jobs bit by bit, for the background."""
        queues = [self.inbox, *self._behind.values()]
        self._behind = {}
        while self.open:
            self.take_oldest()
            yield
        for queue in queues:
            while queue:
                for _ in range(min(FREED_AT_ONCE, len(queue))):
                    queue.pop()
                yield
        for heap in (self._ready, self._due):
            while heap:
                del heap[-FREED_AT_ONCE:]
                yield


def job_bytes(held: bytes | Raw) -> int:
    """Return what a job takes that holds these bytes, besides the delivery in the ledger."""
    return _JOB_BYTES + len(memoryview(held))
