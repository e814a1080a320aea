"""A source, for threads: what tests hold."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar, overload

from mockseg.client.async_source import AsyncSource
from mockseg.client.blocks import FaultBlock, SoftBlock, Waiting, softly
from mockseg.client.parts import Audience, Destination, Warehouse
from mockseg.client.scope import WAIT, Scope
from mockseg.client.verb import Blocking, carry_out, verb
from mockseg.client.verbs import (
    changing,
    delivery,
    fault,
    judging,
    privacy,
    reading,
    sending,
    vendor,
    waiting,
)
from mockseg.client.verbs.vendor import Connected
from mockseg.client.verbs.warehouse import WarehouseOfSource

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Unpack

    from mockseg.client.operation_call import Steps, Transport
    from mockseg.client.verbs.fault import FaultOptions
    from mockseg.domain.call import Call
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.destinations import DestinationView
    from mockseg.warehouse.values import Dates


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

T = TypeVar("T")


def _destination(source: Source, view: DestinationView) -> Destination:
    return Destination(source, Connected(view, source.url))


def _destinations(source: Source, views: list[DestinationView]) -> list[Destination]:
    return [_destination(source, view) for view in views]


class Source(Blocking["Scope"]):
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

    _called = "source"

    def __init__(
        self,
        scope: Scope,
        transport: Transport,
        *,
        url: str,
        tls_url: str | None = None,
        ca_path: Path | None = None,
    ) -> None:
        self._subject = self._scope = scope
        self._transport = transport
        self.url = url
        self.tls_url = tls_url
        self.ca_path = ca_path

    @property
    def write_key(self) -> str:
        return self._scope.write_key

    @functools.cached_property
    def aio(self) -> AsyncSource:
        """The same source with awaitable verbs."""
        return AsyncSource(
            self._scope,
            self._transport.awaitable(),
            url=self.url,
            tls_url=self.tls_url,
            ca_path=self.ca_path,
        )

    def __repr__(self) -> str:
        kind = "window of source" if self._scope.window else "source"
        return f"<{kind} {self.write_key!r} at {self.url}>"

    def _carry_out(self, called: str, steps: Steps[T], *, waits: bool) -> T:
        steps = softly(self._scope, called, steps)
        return carry_out(steps, self._transport, called=called, waits=waits)

    # --- sending, reading, changing

    send = verb(sending.send)
    calls = verb(reading.calls)
    requests = verb(reading.requests)
    summary = verb(reading.summary)
    coverage = verb(reading.coverage)
    clear = verb(changing.clear)
    update = verb(changing.update)
    clock = verb(changing.clock)
    set_clock = verb(changing.set_clock)
    advance_clock = verb(changing.advance_clock)

    # --- waiting

    settle = verb(waiting.settle)
    wait_for = verb(waiting.wait_for)
    wait_for_all = verb(waiting.wait_for_all)

    def waiting_for(self, matcher: Matcher, *, count: int = 1, timeout: float = WAIT) -> Waiting:
        """Wait at the end of a ``with`` block for what the block causes.

        Calls from before the block do not count. ``.call`` and ``.calls`` of what the block
        gives are there afterwards.

        Args:
            matcher: which calls.
            count: this many or more.
            timeout: seconds after the end of the block.

        Raises:
            UnmetExpectationError: at the end of the block, as ``wait_for``.
        """
        return Waiting(self, self._scope, matcher, count=count, timeout=timeout)

    # --- asserting

    if TYPE_CHECKING:

        @overload
        def assert_called(
            self,
            matcher: Matcher,
            *,
            times: None = None,
            at_least: None = None,
            at_most: None = None,
            wait: float = WAIT,
        ) -> Call: ...
        @overload
        def assert_called(
            self,
            matcher: Matcher,
            *,
            times: int | None = None,
            at_least: int | None = None,
            at_most: int | None = None,
            wait: float = WAIT,
            quiet: float = 0.0,
        ) -> list[Call]: ...
        def assert_called(self, matcher: Matcher, **counts: Any) -> Any: ...

    else:
        assert_called = verb(waiting.assert_called)

    assert_not_called = verb(waiting.assert_not_called)
    assert_in_order = verb(judging.assert_in_order)
    assert_all_good = verb(judging.assert_all_good)
    assert_no_duplicates = verb(judging.assert_no_duplicates)
    assert_no_other_calls = verb(judging.assert_no_other_calls)
    assert_no_calls_after = verb(judging.assert_no_calls_after)
    assert_identity_continuity = verb(judging.assert_identity_continuity)
    assert_no_pii = verb(privacy.assert_no_pii)
    assert_matches_golden = verb(judging.assert_matches_golden)

    def soft(self) -> SoftBlock:
        """Collect failed assertions of a ``with`` block, and raise them together at its end.

        Inside, an ``assert_…`` verb that fails returns None; ``wait_for`` still raises.

        Raises:
            UnmetExpectationError: at the end of the block, with all that failed.
        """
        return SoftBlock(self._scope)

    # --- faults

    def faults(self, scenario: str | None = None, **options: Unpack[FaultOptions]) -> FaultBlock:
        """Break requests of this source on purpose, for as long as a ``with`` block takes.

        ``with source.faults(status=503, times=2):`` answers the next two with 503. Without
        ``times`` one request is hit, or up to 1000 where ``probability``, ``every`` or
        ``attempt`` choose among them.

        Args:
            scenario: a ready-made list of rules, such as ``flaky-network`` or ``lost-ack``.
            options: see :class:`~mockseg.client.verbs.fault.FaultOptions`.

        Raises:
            UnknownOptionError: an option is unknown.
            OperationError: 422 at the start of the block, with the field and what is allowed.
        """
        return FaultBlock(
            self,
            self._scope.unused,
            source=self.write_key,
            scenario=scenario,
            options=options,
        )

    release_held = verb(fault.release_held)
    truth = verb(fault.truth)

    # --- destinations and their deliveries

    destination = verb(vendor.connect, _destination)
    destinations = verb(vendor.connected, _destinations)
    deliveries = verb(delivery.deliveries)
    wait_for_delivery = verb(delivery.wait_for_delivery)
    assert_delivered = verb(delivery.assert_delivered)
    assert_filtered = verb(delivery.assert_filtered)
    redeliver = verb(delivery.redeliver)

    # --- warehouse

    def warehouse(
        self,
        id: str = "",  # noqa: A002  (Segment's word for it)
        *,
        dates: Dates = "zoned",
        text_limit: int | None = None,
        incomplete: bool = False,
    ) -> Warehouse:
        """Return the warehouse of the source: SQL on its calls, as Segment would load them.

        Args:
            id: of the warehouse, as ``integrations.Warehouses.warehouseIds`` of calls names it; by
                default one that none names.
            dates: which texts make a column a timestamp, as Segment does not document it:
                ``zoned``, those with date, time and zone; ``any``, a date alone or without a zone,
                too.
            text_limit: characters after which texts are cut, such as 512 on Redshift; by default
                none are.
            incomplete: whether it may be asked although calls were evicted before they were
                loaded.
        """
        subject = WarehouseOfSource(
            scope=self._scope,
            id=id,
            dates=dates,
            text_limit=text_limit,
            incomplete=incomplete,
        )
        return Warehouse(self, subject)

    # --- people

    def audience(self, name: str) -> Audience:
        """Return an audience of the source; destinations are told who enters and leaves it."""
        return Audience(self, name)

    computed_trait = verb(changing.computed_trait)
    request_deletion = verb(changing.request_deletion)
