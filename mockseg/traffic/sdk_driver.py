"""The driver that sends through Segment's own Python SDK, as an application does.

The SDK has a queue and a thread that uploads from it. Each call is handed to the SDK when
it is due; what the queue has no room for is counted as not sent. The SDK reports failures
(``on_error``), and not success: a call counts as answered when its place in the queue
is done (``Queue.task_done``) and no failure was reported. So latency is from the due time
until the SDK is done with a call, its waiting for company and its retries included.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from mockseg.domain.timestamps import parse_moment
from mockseg.extras import require
from mockseg.json_types import Json, JsonObject, decode
from mockseg.traffic.driver import paced
from mockseg.traffic.packets import GeneratedCall, Group
from mockseg.traffic.tally import Tally

_COMMON: Final = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "context": "context",
    "integrations": "integrations",
    "messageId": "message_id",
}
# The SDK's methods with what each takes beside that; an alias has no anonymousId there.
METHODS: Final[dict[str, dict[str, str]]] = {
    "identify": _COMMON | {"traits": "traits"},
    "track": _COMMON | {"event": "event", "properties": "properties"},
    "page": _COMMON | {"name": "name", "category": "category", "properties": "properties"},
    "screen": _COMMON | {"name": "name", "category": "category", "properties": "properties"},
    "group": _COMMON | {"groupId": "group_id", "traits": "traits"},
    "alias": {key: name for key, name in _COMMON.items() if key != "anonymousId"}
    | {"previousId": "previous_id"},
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def arguments_of(message: JsonObject) -> JsonObject:
    """Return the keyword arguments with which an application would send this message.

    Args:
        message: its type is one of :data:`METHODS`. What the SDK has no argument for is
            left out.
    """
    names = METHODS[message["type"]]
    arguments = {name: message[key] for key, name in names.items() if key in message}
    if "timestamp" in message:
        arguments["timestamp"] = _moment(message["timestamp"])
    return arguments


def _moment(timestamp: Json) -> Json:
    """Return a time as the SDK takes it; an invalid one stays, and the SDK will refuse it."""
    moment = parse_moment(timestamp)
    return timestamp if moment is None else _EPOCH + timedelta(microseconds=moment // 1000)


# How long after the end the SDK may take to empty its queue.
_GRACE_SECONDS: Final = 10.0
_TIMEOUT_SECONDS: Final = 10


class SdkDriver:
    """Sends calls through ``segment-analytics-python``.

    Args:
        url: the target's address.
        write_key: of the source.
        tally: what everything is counted in.
        findings: gives the codes of all that is wrong with a message, to see whether a
            labelled call still has its mistake when the SDK has it; None when no call has
            a label.
        zipped: whether the SDK gzips.
        ca: a PEM file to trust for https, or None for what the system trusts.
        most_waiting: calls that the SDK's queue holds; its own default.

    Raises:
        MissingExtraError: the SDK is not installed.
    """

    def __init__(
        self,
        url: str,
        write_key: str,
        tally: Tally,
        *,
        findings: Callable[[JsonObject], set[str]] | None = None,
        zipped: bool = False,
        ca: str | None = None,
        most_waiting: int = 10_000,
    ) -> None:
        self._make = require_sdk()
        self._options: dict[str, Any] = {
            "write_key": write_key,
            "host": url.rstrip("/"),
            "gzip": zipped,
            "timeout": _TIMEOUT_SECONDS,
            "max_queue_size": most_waiting,
            "on_error": self._on_error,
            # As the other transports: straight to the target, past any proxy.
            "proxies": {"no_proxy": urlsplit(url).hostname or ""},
        }
        self._ca = ca
        self._tally = tally
        self._findings = findings
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()
        self._hurried = False
        self._progressed = asyncio.Event()
        self._due: deque[float] = deque()
        self._accepted = self._finished = 0
        # Written by the SDK's thread, read by the loop's.
        self._failures: deque[tuple[int | str, int]] = deque()
        self._failed = self._failing = 0
        self._done_at = 0.0
        self._notified = False

    @property
    def waiting(self) -> int:
        """Return how many calls the SDK has and is not done with."""
        return self._accepted - self._finished

    def stop(self) -> None:
        """Stop the schedule and let the SDK empty its queue; a second call ends that, too."""
        if self._stopped.is_set():
            self._hurried = True
            self._progressed.set()
        self._tally.interrupted = True
        self._stopped.set()

    async def run(self, groups: Iterable[Group]) -> None:
        """Send everything; return when the SDK is done with it, or is given up."""
        self._loop = loop = asyncio.get_running_loop()
        logging.getLogger("segment").setLevel(logging.CRITICAL)
        if self._ca is not None:
            # The SDK has no option for it; this is where its HTTP library looks.
            os.environ["REQUESTS_CA_BUNDLE"] = self._ca
        self._client = self._make(**self._options)
        self._watch(self._client.queue)
        start = loop.time()
        try:
            async for group, due in paced(groups, start=start, stopped=self._stopped):
                self._tally.came_due(group.calls)
                for made in group.calls:
                    self._hand_over(made, due)
        finally:
            self._tally.seconds = loop.time() - start
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._flushed(), _GRACE_SECONDS)
            await self._end()
            self._settle()
            if self.waiting:
                self._tally.failed["no answer at the end"] += self.waiting

    async def _end(self) -> None:
        """End the SDK's thread after the request that it is at, or leave it to that request."""
        if not self._hurried:
            await asyncio.to_thread(self._client.join)
            return
        atexit.unregister(self._client.join)
        for consumer in self._client.consumers:
            consumer.pause()

    def _hand_over(self, made: GeneratedCall, due: float) -> None:
        assert self._loop is not None  # noqa: S101 - set by run
        message = decode(made.line)
        tally = self._tally
        tally.lateness.add(round((self._loop.time() - due) * 1_000_000))
        type_ = message.get("type")
        if not isinstance(type_, str) or type_ not in METHODS:
            self._refuse(made, "it has no call of this type")
            return
        try:
            taken, sent = getattr(self._client, type_)(**arguments_of(message))
        except RuntimeError:
            self._refuse(made, "the message is larger than 32 KB")
            return
        except (AssertionError, TypeError, ValueError) as error:
            # It checks its arguments; what it says of their values is left out.
            self._refuse(made, str(error).partition(", got:")[0][:80] or type(error).__name__)
            return
        if not taken:
            tally.unsent += 1
            return
        self._accepted += 1
        self._due.append(due)
        if made.label == "invalid" and self._findings is not None:
            codes = self._findings(sent)
            if made.code not in codes:
                how = "made another mistake by the SDK" if codes else "mended by the SDK"
                tally.hold_back(made, how, code=min(codes, default=""))

    def _refuse(self, made: GeneratedCall, reason: str) -> None:
        if made.label == "invalid":
            self._tally.hold_back(made, f"refused by the SDK: {reason}")
        else:
            self._tally.failed[f"refused by the SDK: {reason}"] += 1

    def _watch(self, queue: Any) -> None:
        """Settle when the SDK is done with a call; its thread calls this."""
        task_done, loop = queue.task_done, self._loop
        assert loop is not None  # noqa: S101 - set by run

        def done() -> None:
            task_done()
            self._done_at = loop.time()
            if not self._notified:
                self._notified = True
                # The loop may have ended before the SDK's thread did.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._settle)

        queue.task_done = done

    def _on_error(self, error: Exception, batch: list[JsonObject]) -> None:
        self._failures.append((_kind(error), len(batch)))

    def _settle(self) -> None:
        """Count what the SDK is done with; a batch that it queues again is not."""
        self._notified = False
        while self._failures:
            kind, calls = self._failures.popleft()
            self._failed += calls
            self._failing += calls
            if isinstance(kind, int):
                self._tally.refused[kind] += calls
            else:
                self._tally.failed[kind] += calls
        finished = self._accepted - self._client.queue.unfinished_tasks
        for _ in range(finished - self._finished):
            due = self._due.popleft()
            if self._failing:
                # A failure is reported before the SDK is done with the calls that it hit.
                self._failing -= 1
            else:
                self._tally.latency.add(round((self._done_at - due) * 1_000_000))
        self._finished = max(finished, self._finished)
        self._tally.answered = max(self._finished - self._failed, 0)
        self._progressed.set()

    async def _flushed(self) -> None:
        while self.waiting and not self._hurried:
            self._progressed.clear()
            await self._progressed.wait()


def require_sdk() -> Any:
    """Return the SDK's client class.

    Raises:
        MissingExtraError: the SDK is not installed.
    """
    require("segment.analytics", user="--transport sdk")
    from segment.analytics.client import Client

    return Client


def _kind(error: Exception) -> int | str:
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return status
    from requests import exceptions

    if isinstance(error, exceptions.ConnectTimeout | exceptions.ReadTimeout):
        return "no answer in time"
    if isinstance(error, exceptions.ConnectionError):
        return "connection lost"
    return str(error)[:80] if type(error) is Exception else type(error).__name__
