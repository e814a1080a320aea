"""A source, for event loops: the same verbs, awaitable."""

# ruff: noqa: ASYNC109  (it is the server that counts the time, and says what it saw meanwhile)

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

from mockseg.client import (
    verbs_asserting,
    verbs_changing,
    verbs_faults,
    verbs_judging,
    verbs_plans,
    verbs_reading,
    verbs_sending,
    verbs_waiting,
)
from mockseg.client.ask import run_async
from mockseg.client.connections import AsyncConnections
from mockseg.client.faults import AsyncFaultBlock
from mockseg.client.journeys import AsyncJourneys
from mockseg.client.soft import softly

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Unpack

    from mockseg.client.ask import Steps
    from mockseg.client.edge import EdgeAnswer
    from mockseg.client.scope import Scope
    from mockseg.client.settings import SourceOptions
    from mockseg.client.transport import AsyncTransport
    from mockseg.client.verbs_faults import FaultOptions
    from mockseg.client.verbs_reading import MatchKeys
    from mockseg.client.verbs_sending import Sendable
    from mockseg.domain.call import Call
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.calls import Summary
    from mockseg.operations.clock import ClockView
    from mockseg.operations.faults import Truth
    from mockseg.operations.plans import CoverageView
    from mockseg.operations.requests import RequestView
    from mockseg.operations.sources import SourceView


T = TypeVar("T")


class AsyncSource(AsyncJourneys, AsyncConnections):
    """What one write key recorded, with awaitable verbs.

    ``source.aio`` and ``AsyncClient`` give it. It does what
    :class:`~mockseg.client.source.Source` does, in whatever event loop runs.

    Attributes:
        write_key: what the app under test has to send with.
        url: where it has to send to; the host to give to an SDK.
        tls_url: the same for https, or None.
        ca_path: what it has to trust for https, or None.
    """

    def __init__(
        self,
        scope: Scope,
        transport: AsyncTransport,
        *,
        url: str,
        tls_url: str | None = None,
        ca_path: Path | None = None,
    ) -> None:
        self._scope = scope
        self._transport = transport
        self.url = url
        self.tls_url = tls_url
        self.ca_path = ca_path

    @property
    def write_key(self) -> str:
        """The write key."""
        return self._scope.write_key

    def __repr__(self) -> str:
        kind = "window of source" if self._scope.window else "source"
        return f"<awaitable {kind} {self.write_key!r} at {self.url}>"

    # --- sending

    async def send(
        self,
        *messages: Sendable,
        batch: bool = False,
        path: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        timeout: float = verbs_sending.PATIENCE_SECONDS,
    ) -> list[EdgeAnswer]:
        """Send messages as an SDK would: over HTTP, through limits, faults and delays.

        Each goes alone to the route of its type, just as it is given; nothing is added but the
        write key. A call can be read the moment its answer is here.

        Args:
            messages: dicts such as ``{"type": "track", "userId": "u1", "event": "Signed Up"}``;
                bytes are a whole body, for a `path`.
            batch: all of them in one request to ``/v1/batch``.
            path: another route, such as ``/v1/t``; as it is, also a wrong one.
            headers: over those that are sent; None leaves one out, such as ``Authorization``,
                which carries the write key.
            timeout: seconds to wait for each answer.

        Returns:
            An answer for each request, whatever its status.

        Raises:
            TypeError: what is given is not a message.
            ValueError: a message has no route; names the nearest type.
            UnreachableError: a request got no answer, because a fault broke it off, or the server
                is gone; those before it have been sent.
        """
        steps = verbs_sending.send(
            self._scope, messages, batch=batch, path=path, headers=headers, timeout=timeout
        )
        return await self._carry_out(steps)

    # --- reading

    async def calls(self, matcher: Matcher | None = None, **keys: Unpack[MatchKeys]) -> list[Call]:
        """Return the calls that match now, oldest first; all without an argument.

        Args:
            matcher: means accepted calls, unless it or a key names a verdict.
            keys: match keys such as ``event=``, ``verdict=``, ``good=``, ``where=``,
                ``properties=``; alone they mean calls of any verdict.
        """
        return await self._carry_out(verbs_reading.calls(self._scope, matcher, keys))

    async def requests(self) -> list[RequestView]:
        """Return the requests with their answers, oldest first; refused ones too."""
        return await self._carry_out(verbs_reading.requests(self._scope))

    async def summary(self) -> Summary:
        """Count calls and requests."""
        return await self._carry_out(verbs_reading.summary(self._scope))

    # --- changing

    async def clear(self) -> int:
        """Forget calls and requests, and give how many calls those were.

        A window starts anew instead: what others recorded stays.
        """
        return await self._carry_out(verbs_changing.clear(self._scope))

    async def update(self, **options: Unpack[SourceOptions]) -> SourceView:
        """Change how the source behaves; what is not given stays.

        Args:
            options: see :class:`~mockseg.client.settings.SourceOptions`.
        """
        return await self._carry_out(verbs_changing.update(self._scope, options))

    async def coverage(self) -> CoverageView:
        """Return what was seen of the source's plans, and asserted on through this object."""
        return await self._carry_out(verbs_plans.coverage(self._scope))

    async def clock(self) -> ClockView:
        """Return the time that the source has."""
        return await self._carry_out(verbs_changing.clock(self._scope))

    async def set_clock(self, now: str | datetime | None, *, frozen: bool = False) -> ClockView:
        """Set the time of this source.

        Args:
            now: ISO 8601 or an aware datetime; None follows the server's time again.
            frozen: stand still there until advanced.
        """
        steps = verbs_changing.set_clock(self._scope, now, frozen=frozen)
        return await self._carry_out(steps)

    async def advance_clock(self, seconds: float) -> ClockView:
        """Move the time of this source on."""
        return await self._carry_out(verbs_changing.advance_clock(self._scope, seconds))

    def faults(
        self, scenario: str | None = None, **options: Unpack[FaultOptions]
    ) -> AsyncFaultBlock:
        """Break requests on purpose, for as long as an ``async with`` block takes.

        Args:
            scenario: a ready-made list of rules, such as ``flaky-network`` or ``lost-ack``.
            options: see :class:`~mockseg.client.verbs_faults.FaultOptions`.

        Raises:
            UnknownOptionError: an option that there is not.
            OperationError: 422 at the start of the block, with the field and what is allowed.
        """
        return AsyncFaultBlock(
            self.write_key, scenario, options, carry_out=self._carry_out, unused=self._scope.unused
        )

    async def truth(self, *, limit: int = 1000) -> Truth:
        """Return what became of each message: its attempts, what they were answered, its fate.

        Args:
            limit: how many messages to name at most; all are counted.
        """
        return await self._carry_out(verbs_faults.truth(self._scope, limit=limit))

    # --- waiting

    async def settle(self, *, quiet: float = 0.1, timeout: float = 5.0) -> int:
        """Return when nothing is in flight and nothing came for `quiet` seconds.

        Returns the cursor of the last call recorded.

        Raises:
            OperationError: 406, it did not become quiet within `timeout` seconds.
        """
        steps = verbs_waiting.settle(self._scope, quiet=quiet, timeout=timeout)
        return await self._carry_out(steps)

    async def wait_for(self, matcher: Matcher, *, timeout: float = 1.0) -> Call:
        """Return the first call that matches, as soon as it is there.

        Raises:
            UnmetExpectationError: none came within `timeout` seconds, or it came and
                Segment would not let it through.
        """
        return await self._carry_out(verbs_waiting.wait_for(self._scope, matcher, timeout=timeout))

    async def wait_for_all(
        self, matcher: Matcher, count: int, *, timeout: float = 1.0
    ) -> list[Call]:
        """Return the calls that match, oldest first, as soon as there are `count` or more.

        Raises:
            UnmetExpectationError: fewer came within `timeout` seconds.
        """
        steps = verbs_waiting.wait_for_all(self._scope, matcher, count, timeout=timeout)
        return await self._carry_out(steps)

    # --- asserting

    @overload
    async def assert_called(
        self,
        matcher: Matcher,
        *,
        times: None = None,
        at_least: None = None,
        at_most: None = None,
        wait: float = 1.0,
    ) -> Call: ...
    @overload
    async def assert_called(
        self,
        matcher: Matcher,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        wait: float = 1.0,
        quiet: float = 0.0,
    ) -> list[Call]: ...
    async def assert_called(
        self,
        matcher: Matcher,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        wait: float = 1.0,
        quiet: float = 0.0,
    ) -> Call | list[Call]:
        """Return the first call that matches; with a count, all that do.

        Args:
            matcher: which calls are meant.
            times: exactly this many.
            at_least: this many or more (default 1); 0 allows none, up to `at_most`.
            at_most: this many or fewer; with `at_least` it makes a range.
            wait: seconds in which they must come; 0 is now.
            quiet: seconds for which no more may come after the last, with `times` or
                `at_most`; 0 looks once.

        Raises:
            UnmetExpectationError: too few, or too many; says what was found instead.
        """
        if times is None and at_least is None and at_most is None:
            steps = verbs_asserting.assert_called(self._scope, matcher, wait=wait)
            return await self._carry_out(steps)
        expected = verbs_asserting.expectation(times=times, at_least=at_least, at_most=at_most)
        counted = verbs_asserting.assert_called_times(
            self._scope, matcher, expected, wait=wait, quiet=quiet
        )
        return await self._carry_out(counted)

    async def assert_not_called(
        self, matcher: Matcher, *, within: float = verbs_asserting.WITHIN_SECONDS
    ) -> None:
        """Fail when a call matches, now or within this many seconds; 0 is now.

        Raises:
            UnmetExpectationError: one does, or it cannot be known because calls were evicted.
        """
        steps = verbs_asserting.assert_not_called(self._scope, matcher, within=within)
        await self._carry_out(steps)

    async def assert_in_order(
        self, matchers: Iterable[Matcher], *, wait: float = 1.0
    ) -> list[Call]:
        """Return one call for each matcher, each recorded after the one before.

        Other calls may lie in between.

        Raises:
            UnmetExpectationError: the calls did not come in this order within `wait` seconds.
        """
        steps = verbs_judging.assert_in_order(self._scope, matchers, wait=wait)
        return await self._carry_out(steps)

    async def assert_all_good(self, *, quiet: float = 0.0, timeout: float = 5.0) -> None:
        """Fail when a call is not good or a request was refused.

        Requests in flight are waited for.

        Args:
            quiet: look only when nothing came for this many seconds.
            timeout: seconds in which that must be.

        Raises:
            UnmetExpectationError: with each of them and why; or calls were evicted.
        """
        steps = verbs_judging.assert_all_good(self._scope, quiet=quiet, timeout=timeout)
        await self._carry_out(steps)

    async def assert_no_duplicates(self, *, quiet: float = 0.0, timeout: float = 5.0) -> None:
        """Fail when a messageId was recorded twice.

        Requests in flight are waited for.

        Args:
            quiet: look only when nothing came for this many seconds.
            timeout: seconds in which that must be.

        Raises:
            UnmetExpectationError: with each of them; or calls were evicted.
        """
        steps = verbs_judging.assert_no_duplicates(self._scope, quiet=quiet, timeout=timeout)
        await self._carry_out(steps)

    async def assert_no_other_calls(
        self,
        *,
        within: float = verbs_asserting.WITHIN_SECONDS,
        allow: Iterable[Matcher] = (),
    ) -> None:
        """Fail when a call was recorded that no assertion through this object has matched.

        ``assert_called``, ``wait_for`` and their relatives match all such calls that are
        recorded when they return; with ``times`` or ``at_most`` those that they count. Calls
        of every verdict matter; a client's resend of a call is the same call.

        Args:
            within: seconds for which none may come; 0 is now.
            allow: calls that may be there as well.

        Raises:
            UnmetExpectationError: with each of them; or calls were evicted.
        """
        steps = verbs_judging.assert_no_other_calls(self._scope, within=within, allow=allow)
        await self._carry_out(steps)

    # --- how

    async def _carry_out(self, steps: Steps[T]) -> T:
        __tracebackhide__ = True
        return await run_async(softly(self._scope, steps), self._transport.perform)
