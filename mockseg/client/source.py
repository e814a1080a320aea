"""A source, for threads: what tests hold."""

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
from mockseg.client.ask import run
from mockseg.client.connections import Connections
from mockseg.client.event_loop import in_event_loop
from mockseg.client.faults import FaultBlock
from mockseg.client.journeys import Journeys
from mockseg.client.soft import softly
from mockseg.errors import BlockingCallError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Unpack

    from mockseg.client.aio import AsyncSource
    from mockseg.client.ask import Steps
    from mockseg.client.edge import EdgeAnswer
    from mockseg.client.scope import Scope
    from mockseg.client.settings import SourceOptions
    from mockseg.client.transport import Transport
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


class Source(Journeys, Connections):
    """What one write key recorded, and what to assert of it.

    ``MockSegment.source()``, ``Client.source()`` and the ``window()`` of both make it. A
    matcher means accepted calls of this source unless it names a verdict. Verbs that wait
    return at the first moment at which they can; a failed one raises
    :class:`~mockseg.errors.UnmetExpectationError`, an ``AssertionError`` that explains
    itself and has the explanation as a value in ``explanation``.

    Every verb raises :class:`~mockseg.errors.UnreachableError` when the server is gone, and
    :class:`~mockseg.errors.OperationError` when it refuses an argument. Inside a running
    event loop verbs that wait, and over HTTP all of them, raise
    :class:`~mockseg.errors.BlockingCallError`: there :attr:`aio` has them awaitable.

    Attributes:
        write_key: what the app under test has to send with.
        url: where it has to send to; the host to give to an SDK.
        tls_url: the same for https, or None.
        ca_path: what it has to trust for https, or None.
    """

    def __init__(
        self,
        scope: Scope,
        transport: Transport,
        *,
        url: str,
        tls_url: str | None = None,
        ca_path: Path | None = None,
    ) -> None:
        self._scope = scope
        self._transport = transport
        self._aio: AsyncSource | None = None
        self.url = url
        self.tls_url = tls_url
        self.ca_path = ca_path

    @property
    def write_key(self) -> str:
        """The write key."""
        return self._scope.write_key

    @property
    def aio(self) -> AsyncSource:
        """The same source with awaitable verbs."""
        if self._aio is None:
            from mockseg.client.aio import AsyncSource

            self._aio = AsyncSource(
                self._scope,
                self._transport.awaitable(),
                url=self.url,
                tls_url=self.tls_url,
                ca_path=self.ca_path,
            )
        return self._aio

    def __repr__(self) -> str:
        kind = "window of source" if self._scope.window else "source"
        return f"<{kind} {self.write_key!r} at {self.url}>"

    # --- sending

    def send(
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
        __tracebackhide__ = True
        steps = verbs_sending.send(
            self._scope, messages, batch=batch, path=path, headers=headers, timeout=timeout
        )
        return self._wait("send", steps)

    # --- reading

    def calls(self, matcher: Matcher | None = None, **keys: Unpack[MatchKeys]) -> list[Call]:
        """Return the calls that match now, oldest first; all without an argument.

        Args:
            matcher: means accepted calls, unless it or a key names a verdict.
            keys: match keys such as ``event=``, ``verdict=``, ``good=``, ``where=``,
                ``properties=``; alone they mean calls of any verdict.
        """
        return self._read("calls", verbs_reading.calls(self._scope, matcher, keys))

    def requests(self) -> list[RequestView]:
        """Return the requests with their answers, oldest first; refused ones too."""
        return self._read("requests", verbs_reading.requests(self._scope))

    def summary(self) -> Summary:
        """Count calls and requests."""
        return self._read("summary", verbs_reading.summary(self._scope))

    # --- changing

    def clear(self) -> int:
        """Forget calls and requests, and give how many calls those were.

        A window starts anew instead: what others recorded stays.
        """
        return self._read("clear", verbs_changing.clear(self._scope))

    def update(self, **options: Unpack[SourceOptions]) -> SourceView:
        """Change how the source behaves; what is not given stays.

        Args:
            options: see :class:`~mockseg.client.settings.SourceOptions`.
        """
        return self._read("update", verbs_changing.update(self._scope, options))

    def coverage(self) -> CoverageView:
        """Return what was seen of the source's plans, and asserted on through this object."""
        return self._read("coverage", verbs_plans.coverage(self._scope))

    def clock(self) -> ClockView:
        """Return the time that the source has."""
        return self._read("clock", verbs_changing.clock(self._scope))

    def set_clock(self, now: str | datetime | None, *, frozen: bool = False) -> ClockView:
        """Set the time of this source.

        Args:
            now: ISO 8601 or an aware datetime; None follows the server's time again.
            frozen: stand still there until advanced.
        """
        steps = verbs_changing.set_clock(self._scope, now, frozen=frozen)
        return self._read("set_clock", steps)

    def advance_clock(self, seconds: float) -> ClockView:
        """Move the time of this source on."""
        return self._read("advance_clock", verbs_changing.advance_clock(self._scope, seconds))

    def faults(self, scenario: str | None = None, **options: Unpack[FaultOptions]) -> FaultBlock:
        """Break requests of this source on purpose, for as long as a ``with`` block takes.

        ``with source.faults(status=503, times=2):`` answers the next two with 503. Without
        ``times`` one request is hit, or up to 1000 where ``probability``, ``every`` or
        ``attempt`` choose among them.

        Args:
            scenario: a ready-made list of rules, such as ``flaky-network`` or ``lost-ack``.
            options: see :class:`~mockseg.client.verbs_faults.FaultOptions`.

        Raises:
            UnknownOptionError: an option that there is not.
            OperationError: 422 at the start of the block, with the field and what is allowed.
        """
        return FaultBlock(
            self.write_key, scenario, options, carry_out=self._read, unused=self._scope.unused
        )

    def truth(self, *, limit: int = 1000) -> Truth:
        """Return what became of each message: its attempts, what they were answered, its fate.

        Args:
            limit: how many messages to name at most; all are counted.
        """
        return self._read("truth", verbs_faults.truth(self._scope, limit=limit))

    # --- waiting

    def settle(self, *, quiet: float = 0.1, timeout: float = 5.0) -> int:
        """Return when nothing is in flight and nothing came for `quiet` seconds.

        Returns the cursor of the last call recorded.

        Raises:
            OperationError: 406, it did not become quiet within `timeout` seconds.
        """
        steps = verbs_waiting.settle(self._scope, quiet=quiet, timeout=timeout)
        return self._wait("settle", steps)

    def wait_for(self, matcher: Matcher, *, timeout: float = 1.0) -> Call:
        """Return the first call that matches, as soon as it is there.

        Raises:
            UnmetExpectationError: none came within `timeout` seconds, or it came and
                Segment would not let it through.
        """
        return self._wait("wait_for", verbs_waiting.wait_for(self._scope, matcher, timeout=timeout))

    def wait_for_all(self, matcher: Matcher, count: int, *, timeout: float = 1.0) -> list[Call]:
        """Return the calls that match, oldest first, as soon as there are `count` or more.

        Raises:
            UnmetExpectationError: fewer came within `timeout` seconds.
        """
        steps = verbs_waiting.wait_for_all(self._scope, matcher, count, timeout=timeout)
        return self._wait("wait_for_all", steps)

    # --- asserting

    @overload
    def assert_called(
        self,
        matcher: Matcher,
        *,
        times: None = None,
        at_least: None = None,
        at_most: None = None,
        wait: float = 1.0,
    ) -> Call: ...
    @overload
    def assert_called(
        self,
        matcher: Matcher,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        wait: float = 1.0,
        quiet: float = 0.0,
    ) -> list[Call]: ...
    def assert_called(
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
        __tracebackhide__ = True
        if times is None and at_least is None and at_most is None:
            steps = verbs_asserting.assert_called(self._scope, matcher, wait=wait)
            return self._wait("assert_called", steps)
        expected = verbs_asserting.expectation(times=times, at_least=at_least, at_most=at_most)
        counted = verbs_asserting.assert_called_times(
            self._scope, matcher, expected, wait=wait, quiet=quiet
        )
        return self._wait("assert_called", counted)

    def assert_not_called(
        self, matcher: Matcher, *, within: float = verbs_asserting.WITHIN_SECONDS
    ) -> None:
        """Fail when a call matches, now or within this many seconds; 0 is now.

        Raises:
            UnmetExpectationError: one does, or it cannot be known because calls were evicted.
        """
        __tracebackhide__ = True
        steps = verbs_asserting.assert_not_called(self._scope, matcher, within=within)
        self._wait("assert_not_called", steps)

    def assert_in_order(self, matchers: Iterable[Matcher], *, wait: float = 1.0) -> list[Call]:
        """Return one call for each matcher, each recorded after the one before.

        Other calls may lie in between.

        Raises:
            UnmetExpectationError: the calls did not come in this order within `wait` seconds.
        """
        __tracebackhide__ = True
        steps = verbs_judging.assert_in_order(self._scope, matchers, wait=wait)
        return self._wait("assert_in_order", steps)

    def assert_all_good(self, *, quiet: float = 0.0, timeout: float = 5.0) -> None:
        """Fail when a call is not good or a request was refused.

        Requests in flight are waited for.

        Args:
            quiet: look only when nothing came for this many seconds.
            timeout: seconds in which that must be.

        Raises:
            UnmetExpectationError: with each of them and why; or calls were evicted.
        """
        __tracebackhide__ = True
        steps = verbs_judging.assert_all_good(self._scope, quiet=quiet, timeout=timeout)
        self._wait("assert_all_good", steps)

    def assert_no_duplicates(self, *, quiet: float = 0.0, timeout: float = 5.0) -> None:
        """Fail when a messageId was recorded twice.

        Requests in flight are waited for.

        Args:
            quiet: look only when nothing came for this many seconds.
            timeout: seconds in which that must be.

        Raises:
            UnmetExpectationError: with each of them; or calls were evicted.
        """
        __tracebackhide__ = True
        steps = verbs_judging.assert_no_duplicates(self._scope, quiet=quiet, timeout=timeout)
        self._wait("assert_no_duplicates", steps)

    def assert_no_other_calls(
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
        __tracebackhide__ = True
        steps = verbs_judging.assert_no_other_calls(self._scope, within=within, allow=allow)
        self._wait("assert_no_other_calls", steps)

    # --- how

    def _read(self, verb: str, steps: Steps[T]) -> T:
        __tracebackhide__ = True
        return carry_out(steps, self._transport, verb=f"source.{verb}", waits=False)

    def _wait(self, verb: str, steps: Steps[T]) -> T:
        __tracebackhide__ = True
        steps = softly(self._scope, steps)
        return carry_out(steps, self._transport, verb=f"source.{verb}", waits=True)


def carry_out(steps: Steps[T], transport: Transport, *, verb: str, waits: bool) -> T:
    """Carry a verb out in this thread.

    Args:
        steps: the verb.
        transport: to the server.
        verb: how a person called it, such as ``source.wait_for``.
        waits: it may take longer than the way to the server.

    Raises:
        BlockingCallError: that would stop the event loop that runs in this thread.
    """
    __tracebackhide__ = True
    if (waits or transport.remote) and in_event_loop():
        steps.close()
        owner, _, name = verb.rpartition(".")
        raise BlockingCallError(
            f"{verb}() would stop the event loop that runs in this thread;"
            f" write `await {owner}.aio.{name}(...)`"
        )
    return run(steps, transport.perform)
