"""A destination's queue: what waits, for what, and whose turn it is. No IO, no tasks."""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict, deque
from collections.abc import Sequence

import msgspec

from mockseg.delivery.destination import Destination
from mockseg.delivery.outgoing import Outgoing, outgoing
from mockseg.delivery.records import KeptDelivery
from mockseg.domain.call import KeptCall
from mockseg.json_types import JsonObject


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
        running: an attempt is under way.
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
    running: bool = False

    @property
    def dead(self) -> bool:
        return self.kept.gone or self.kept.final


class Lane:
    """What is under way to one destination.

    A job enters the inbox, is routed, and becomes ready when no other of its user is under
    way; oldest first. A retry that has come due enters the inbox again, and passes the
    later calls of its user that still wait.
    """

    __slots__ = ("_behind", "_due", "_ready", "destination", "inbox", "open", "running", "timer")

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
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

    def oldest_waiting(self) -> Job | None:
        return next((job for job in self.open.values() if not job.running), None)

    def remove(self, job: Job) -> None:
        """Let go of a job that is final; what waited behind dead ones moves up."""
        self.open.pop(job.kept.cursor, None)
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

    def clear(self) -> Sequence[Job]:
        """Forget all jobs; return those that were not final."""
        left = [job for job in self.open.values() if not job.dead]
        self.open.clear()
        self.inbox.clear()
        self._ready.clear()
        self._behind.clear()
        self._due.clear()
        return left
