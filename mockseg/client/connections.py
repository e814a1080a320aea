"""Verbs about what lies behind a source: its destinations, deliveries and audiences.

Both kinds of source have them; they are a class of their own only to keep each file short.
"""

# ruff: noqa: ASYNC109  (it is the server that counts the time, and says what it saw meanwhile)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.client import verbs_deliveries, verbs_destinations
from mockseg.client.audience import AsyncAudience, Audience
from mockseg.client.carried import AsyncCarried, Carried
from mockseg.client.destination import AsyncDestination, Destination

if TYPE_CHECKING:
    from typing import TypeAlias

    from mockseg.domain.delivery import Delivery, DeliveryState
    from mockseg.json_types import JsonObject
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.deliveries import Redelivered
    from mockseg.operations.destinations import AudienceChanged, DestinationView

    To: TypeAlias = Destination | AsyncDestination | str | None


class Connections(Carried):
    """The part of :class:`~mockseg.client.source.Source` that is about what lies behind it."""

    def destination(self, type_: str, **options: Any) -> Destination:
        """Connect a destination to the source; calls from now on are forwarded to it.

        Args:
            type_: ``userengage``, ``userleap``, ``candu``, ``userguiding``, ``webhook`` or
                ``webhook-actions``.
            options: see :class:`~mockseg.client.verbs_destinations.DestinationOptions`;
                whatever else is set up at the vendor, ``trusted_domains=["shop.example"]``.

        Raises:
            OperationError: 422 with the field and what is allowed; 409 the key is in use.
        """
        return self._destination(
            self._read("destination", verbs_destinations.add(self._scope, type_, options))
        )

    def destinations(self) -> list[Destination]:
        """Give the destinations of the source, in the order in which they were connected."""
        views = self._read("destinations", verbs_destinations.connected(self._scope))
        return [self._destination(view) for view in views]

    def deliveries(
        self,
        matcher: Matcher | None = None,
        *,
        to: To = None,
        state: DeliveryState | None = None,
    ) -> list[Delivery]:
        """Give what became of the source's calls at its destinations.

        Args:
            matcher: only of the calls that it means, whatever their verdict.
            to: only to this destination.
            state: only those that are queued, retrying, delivered, filtered or failed.
        """
        steps = verbs_deliveries.deliveries(self._scope, matcher, to=_id(to), state=state)
        return self._read("deliveries", steps)

    def wait_for_delivery(
        self,
        matcher: Matcher,
        *,
        to: To = None,
        state: DeliveryState = "delivered",
        timeout: float = 1.0,
    ) -> Delivery:
        """Give the first delivery of a call that matches, as soon as it is in this state.

        Raises:
            UnmetExpectationError: none was within `timeout` seconds; says what became of
                the calls instead.
        """
        return self._wait(
            "wait_for_delivery",
            verbs_deliveries.wait_for_delivery(
                self._scope, matcher, to=_id(to), state=state, timeout=timeout
            ),
        )

    def assert_delivered(
        self, matcher: Matcher, *, to: To = None, times: int | None = None, wait: float = 1.0
    ) -> list[Delivery]:
        """Give the deliveries of the calls that match; fail when they did not arrive.

        Args:
            matcher: of which calls.
            to: at this destination; at any without.
            times: so many and no more; one or more without.
            wait: seconds in which it must be; 0 is now.

        Raises:
            UnmetExpectationError: with what became of the calls instead.
        """
        __tracebackhide__ = True
        steps = verbs_deliveries.assert_delivery(
            self._scope,
            matcher,
            to=_id(to),
            state="delivered",
            reason=None,
            times=times,
            wait=wait,
        )
        return self._wait("assert_delivered", steps)

    def assert_filtered(
        self,
        matcher: Matcher,
        *,
        reason: str | None = None,
        to: To = None,
        times: int | None = None,
        wait: float = 1.0,
    ) -> list[Delivery]:
        """Give the deliveries of the calls that match; fail when they were not filtered.

        Args:
            matcher: of which calls.
            reason: Segment's code, such as ``FILTERED_BY_RULES``; any without.
            to: at this destination; at any without.
            times: so many and no more; one or more without.
            wait: seconds in which it must be; 0 is now.

        Raises:
            UnmetExpectationError: with what became of the calls instead.
        """
        __tracebackhide__ = True
        steps = verbs_deliveries.assert_delivery(
            self._scope,
            matcher,
            to=_id(to),
            state="filtered",
            reason=reason,
            times=times,
            wait=wait,
        )
        return self._wait("assert_filtered", steps)

    def redeliver(self, *to: Destination | str, where: str | None = None) -> Redelivered:
        """Deliver recorded calls again to these destinations only, as Segment's replay does.

        Args:
            to: which destinations; all of the source's without.
            where: only calls that match this filter in FQL.
        """
        ids = [_named(each) for each in to] or [each.id for each in self.destinations()]
        steps = verbs_deliveries.redeliver(self._scope, ids, where=where)
        return self._read("redeliver", steps)

    def audience(self, name: str) -> Audience:
        """Give an audience of the source: who enters and leaves it, destinations hear."""
        return Audience(self._scope, name, read=self._read)

    def computed_trait(self, name: str, values: JsonObject) -> AudienceChanged:
        """Set a computed trait; users whose value changed are identified with it.

        Args:
            name: of the trait.
            values: by user id.
        """
        steps = verbs_destinations.computed_trait(self._scope, name, values)
        return self._read("computed_trait", steps)

    def request_deletion(self, user_id: str) -> list[str]:
        """Let webhooks hear that a user is to be deleted; give the ids of those that do."""
        steps = verbs_destinations.request_deletion(self._scope, user_id)
        return self._read("request_deletion", steps)

    def _destination(self, view: DestinationView) -> Destination:
        return Destination(
            view,
            server_url=self.url,
            read=self._read,
            wait=self._wait,
            awaitable=lambda: self.aio._carry_out,  # noqa: SLF001  (two halves of one source)
            unused=self._scope.unused,
        )


class AsyncConnections(AsyncCarried):
    """The part of :class:`~mockseg.client.aio.AsyncSource` that is about what lies behind it."""

    async def destination(self, type_: str, **options: Any) -> AsyncDestination:
        """Connect a destination to the source; calls from now on are forwarded to it.

        Args:
            type_: ``userengage``, ``userleap``, ``candu``, ``userguiding``, ``webhook`` or
                ``webhook-actions``.
            options: see :class:`~mockseg.client.verbs_destinations.DestinationOptions`;
                whatever else is set up at the vendor, ``trusted_domains=["shop.example"]``.

        Raises:
            OperationError: 422 with the field and what is allowed; 409 the key is in use.
        """
        return self._destination(
            await self._carry_out(verbs_destinations.add(self._scope, type_, options))
        )

    async def destinations(self) -> list[AsyncDestination]:
        """Give the destinations of the source, in the order in which they were connected."""
        views = await self._carry_out(verbs_destinations.connected(self._scope))
        return [self._destination(view) for view in views]

    async def deliveries(
        self,
        matcher: Matcher | None = None,
        *,
        to: To = None,
        state: DeliveryState | None = None,
    ) -> list[Delivery]:
        """Give what became of the source's calls at its destinations.

        Args:
            matcher: only of the calls that it means, whatever their verdict.
            to: only to this destination.
            state: only those that are queued, retrying, delivered, filtered or failed.
        """
        steps = verbs_deliveries.deliveries(self._scope, matcher, to=_id(to), state=state)
        return await self._carry_out(steps)

    async def wait_for_delivery(
        self,
        matcher: Matcher,
        *,
        to: To = None,
        state: DeliveryState = "delivered",
        timeout: float = 1.0,
    ) -> Delivery:
        """Give the first delivery of a call that matches, as soon as it is in this state.

        Raises:
            UnmetExpectationError: none was within `timeout` seconds; says what became of
                the calls instead.
        """
        return await self._carry_out(
            verbs_deliveries.wait_for_delivery(
                self._scope, matcher, to=_id(to), state=state, timeout=timeout
            ),
        )

    async def assert_delivered(
        self, matcher: Matcher, *, to: To = None, times: int | None = None, wait: float = 1.0
    ) -> list[Delivery]:
        """Give the deliveries of the calls that match; fail when they did not arrive.

        Args:
            matcher: of which calls.
            to: at this destination; at any without.
            times: so many and no more; one or more without.
            wait: seconds in which it must be; 0 is now.

        Raises:
            UnmetExpectationError: with what became of the calls instead.
        """
        __tracebackhide__ = True
        steps = verbs_deliveries.assert_delivery(
            self._scope,
            matcher,
            to=_id(to),
            state="delivered",
            reason=None,
            times=times,
            wait=wait,
        )
        return await self._carry_out(steps)

    async def assert_filtered(
        self,
        matcher: Matcher,
        *,
        reason: str | None = None,
        to: To = None,
        times: int | None = None,
        wait: float = 1.0,
    ) -> list[Delivery]:
        """Give the deliveries of the calls that match; fail when they were not filtered.

        Args:
            matcher: of which calls.
            reason: Segment's code, such as ``FILTERED_BY_RULES``; any without.
            to: at this destination; at any without.
            times: so many and no more; one or more without.
            wait: seconds in which it must be; 0 is now.

        Raises:
            UnmetExpectationError: with what became of the calls instead.
        """
        __tracebackhide__ = True
        steps = verbs_deliveries.assert_delivery(
            self._scope,
            matcher,
            to=_id(to),
            state="filtered",
            reason=reason,
            times=times,
            wait=wait,
        )
        return await self._carry_out(steps)

    async def redeliver(self, *to: AsyncDestination | str, where: str | None = None) -> Redelivered:
        """Deliver recorded calls again to these destinations only, as Segment's replay does.

        Args:
            to: which destinations; all of the source's without.
            where: only calls that match this filter in FQL.
        """
        ids = [_named(each) for each in to] or [each.id for each in await self.destinations()]
        steps = verbs_deliveries.redeliver(self._scope, ids, where=where)
        return await self._carry_out(steps)

    def audience(self, name: str) -> AsyncAudience:
        """Give an audience of the source: who enters and leaves it, destinations hear."""
        return AsyncAudience(self._scope, name, carry_out=self._carry_out)

    async def computed_trait(self, name: str, values: JsonObject) -> AudienceChanged:
        """Set a computed trait; users whose value changed are identified with it.

        Args:
            name: of the trait.
            values: by user id.
        """
        steps = verbs_destinations.computed_trait(self._scope, name, values)
        return await self._carry_out(steps)

    async def request_deletion(self, user_id: str) -> list[str]:
        """Let webhooks hear that a user is to be deleted; give the ids of those that do."""
        steps = verbs_destinations.request_deletion(self._scope, user_id)
        return await self._carry_out(steps)

    def _destination(self, view: DestinationView) -> AsyncDestination:
        return AsyncDestination(
            view, server_url=self.url, carry_out=self._carry_out, unused=self._scope.unused
        )


def _id(to: To) -> str | None:
    return None if to is None else _named(to)


def _named(to: Destination | AsyncDestination | str) -> str:
    return to if isinstance(to, str) else to.id
