"""Searches for calls: the query language with what it asks of ledger, destinations and clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from mockseg.clock import NANOSECONDS, ShiftedClock
from mockseg.errors import QueryError
from mockseg.fql.query import parse_question
from mockseg.hub.destinations import Destinations
from mockseg.journal.segments import Keys
from mockseg.matching.match import ScalarMatch, required
from mockseg.query.predicate import CallQuery, DeliveryFacts, Surroundings, compile_query

# Fields of a message that are kept with its call.
_KEPT: Final[dict[tuple[str, ...], str]] = {
    ("event",): "event",
    ("userId",): "user_id",
    ("messageId",): "message_id",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def keys_of(match: ScalarMatch) -> Keys:
    """Return what of a match an index knows; a call that matches has it.

    Raises:
        FqlError: ``where`` cannot be read.
    """
    texts: dict[str, str] = {}
    loosely = False
    for key, text in required(match):
        kept = key if isinstance(key, str) else _KEPT.get(key)
        if kept in Keys._fields and kept not in texts:
            texts[kept] = text
            # What a filter says of the message is not always what is kept of the call.
            loosely = loosely or kept is not key
    return Keys(**texts, loosely=loosely)


def is_said_by_keys(match: ScalarMatch) -> bool:
    """Return whether a match asks for nothing but the keys that an index knows.

    Raises:
        FqlError: ``where`` cannot be read.
    """
    if any(
        getattr(match, key) not in {None, "any"}
        for key in ScalarMatch.__struct_fields__
        if key not in {"source", "where", *Keys._fields}
    ):
        return False
    if match.where is None:
        return True
    texts = required(match)
    kept = {_KEPT.get(key, "") if isinstance(key, tuple) else key for key, _ in texts}
    return (
        parse_question(match.where).is_required
        and len(kept) == len(texts)
        and kept <= {*Keys._fields}
    )


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
