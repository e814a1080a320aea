"""A source, for event loops: the same verbs, awaitable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from mockseg.client.blocks import AsyncFaultBlock, AsyncWaiting, SoftBlock, softly
from mockseg.client.operation_call import AsyncTransport, Steps, run_async
from mockseg.client.parts import AsyncAudience, AsyncDestination, AsyncWarehouse
from mockseg.client.scope import WAIT, Scope
from mockseg.client.verb import Awaiting, verb
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

    from mockseg.client.unused import Unused
    from mockseg.client.verbs.fault import FaultOptions
    from mockseg.domain.call import Call
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.destinations import DestinationView
    from mockseg.warehouse.values import Dates


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

T = TypeVar("T")


def _destination(source: AsyncSource, view: DestinationView) -> AsyncDestination:
    return AsyncDestination(source, Connected(view, source.url))


def _destinations(source: AsyncSource, views: list[DestinationView]) -> list[AsyncDestination]:
    return [_destination(source, view) for view in views]


class AsyncSource(Awaiting["Scope"]):
    """What one write key recorded, with awaitable verbs.

    ``source.aio`` and ``AsyncClient`` return it. It does what
    :class:`~mockseg.client.source.Source` does, in whatever event loop runs.

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
        transport: AsyncTransport,
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

    def __repr__(self) -> str:
        kind = "window of source" if self._scope.window else "source"
        return f"<awaitable {kind} {self.write_key!r} at {self.url}>"

    @property
    def _unused(self) -> Unused:
        return self._scope.unused

    async def _carry_out(self, called: str, steps: Steps[T]) -> T:
        return await run_async(softly(self._scope, called, steps), self._transport.perform)

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

    def waiting_for(
        self, matcher: Matcher, *, count: int = 1, timeout: float = WAIT
    ) -> AsyncWaiting:
        """Wait at the end of an ``async with`` block for what the block causes."""
        return AsyncWaiting(self, self._scope, matcher, count=count, timeout=timeout)

    # --- asserting

    if TYPE_CHECKING:

        @overload
        async def assert_called(
            self,
            matcher: Matcher,
            *,
            times: None = None,
            at_least: None = None,
            at_most: None = None,
            wait: float = WAIT,
        ) -> Call: ...
        @overload
        async def assert_called(
            self,
            matcher: Matcher,
            *,
            times: int | None = None,
            at_least: int | None = None,
            at_most: int | None = None,
            wait: float = WAIT,
            quiet: float = 0.0,
        ) -> list[Call]: ...
        async def assert_called(self, matcher: Matcher, **counts: Any) -> Any: ...

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
        """Collect failed assertions of a ``with`` block, and raise them together at its end."""
        return SoftBlock(self._scope)

    # --- faults

    def faults(
        self, scenario: str | None = None, **options: Unpack[FaultOptions]
    ) -> AsyncFaultBlock:
        """Break requests on purpose, for as long as an ``async with`` block takes.

        Args:
            scenario: a ready-made list of rules, such as ``flaky-network`` or ``lost-ack``.
            options: see :class:`~mockseg.client.verbs.fault.FaultOptions`.

        Raises:
            UnknownOptionError: an option is unknown.
            OperationError: 422 at the start of the block, with the field and what is allowed.
        """
        return AsyncFaultBlock(
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
    ) -> AsyncWarehouse:
        """Return the warehouse of the source; see :meth:`mockseg.Source.warehouse`."""
        subject = WarehouseOfSource(
            scope=self._scope,
            id=id,
            dates=dates,
            text_limit=text_limit,
            incomplete=incomplete,
        )
        return AsyncWarehouse(self, subject)

    # --- people

    def audience(self, name: str) -> AsyncAudience:
        """Return an audience of the source; destinations are told who enters and leaves it."""
        return AsyncAudience(self, name)

    computed_trait = verb(changing.computed_trait)
    request_deletion = verb(changing.request_deletion)
