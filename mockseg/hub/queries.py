"""Searches for calls: the query language with what it asks of ledger, destinations and clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from mockseg.clock import NANOSECONDS, ShiftedClock
from mockseg.errors import QueryError
from mockseg.hub.destinations import Destinations
from mockseg.query.predicate import CallQuery, DeliveryFacts, Surroundings, compile_query

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Queries:
    """Reads queries of one server.

    Args:
        destinations: whose ledger says where calls went.
        clock: of the server; a time of day is one of the machine's time zone.
    """

    def __init__(self, destinations: Destinations, clock: ShiftedClock) -> None:
        self._destinations = destinations
        self._clock = clock

    def compile(self, text: str) -> CallQuery:
        """Read a query.

        Raises:
            OperationError: 422 with the position, the reason and the nearest key or value.
        """
        now = _EPOCH + timedelta(microseconds=self._clock.now_ns() * 1_000_000 // NANOSECONDS)
        try:
            return compile_query(text, Surroundings(now.astimezone(), self._deliveries))
        except QueryError as error:
            raise error.refusal() from None

    def _deliveries(self, cursor: int) -> Collection[DeliveryFacts]:
        return [
            DeliveryFacts(self._names(kept.destination), kept.state, kept.reason)
            for kept in self._destinations.ledger.of_call(cursor)
        ]

    def _names(self, id_: str) -> tuple[str, ...]:
        connected = self._destinations.get(id_)
        if connected is None:
            return (id_,)
        name = connected.asked.name
        return (id_, connected.kind.type, *((name,) if name else ()))
