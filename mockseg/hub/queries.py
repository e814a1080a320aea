"""Searches for calls: the query language with what it asks of ledger, destinations and clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from mockseg.clock import NANOSECONDS, ShiftedClock
from mockseg.errors import QueryError
from mockseg.fql.query import parse_question
from mockseg.hub.destinations import Destinations
from mockseg.journal.segments import Keys
from mockseg.matching.match import ScalarMatch, required
from mockseg.query.predicate import CallQuery, DeliveryFacts, Surroundings, compile_query
from mockseg.query.terms import Term

# Fields of a message that are kept with its call.
_KEPT: Final[dict[tuple[str, ...], str]] = {
    ("event",): "event",
    ("userId",): "user_id",
    ("messageId",): "message_id",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# Flags that only calls have of which something is remarked.
_REMARKED: Final = frozenset(
    {"bad", "dropped", "blocked", "rejected", "violation", "unplanned", "duplicate", "retried"}
)
_REMARKED_KEYS: Final = frozenset({"code", "field", "plan"})
# What an index of a file knows: of calls with these texts nothing else need be asked.
_IN_FILES: Final = frozenset({"event", "user_id", "message_id"})
_OF_TERMS: Final = {"event": "event", "user": "user_id", "message": "message_id", "type": "type"}


class SearchKeys(NamedTuple):
    """What of a question an index knows.

    Attributes:
        keys: a call that is meant has them.
        source: a write key that it has, or None.
        said: whether each call with these keys is meant, so that it need not be looked at. Type and
            remark are never said.
    """

    keys: Keys
    source: str | None
    said: bool


def search_keys(match: ScalarMatch | None, query: CallQuery | None) -> SearchKeys:
    """Return what of match keys and a query an index knows.

    Raises:
        FqlError: ``where`` cannot be read.
    """
    found = _FoundKeys()
    if match is not None:
        found.take_match(match)
    for term in () if query is None else query.terms:
        found.take_term(term)
    return SearchKeys(
        Keys(**found.texts, loosely=found.loosely, remarked=found.remarked),
        found.source,
        found.said and {*found.texts} <= _IN_FILES and not found.remarked,
    )


class _FoundKeys:
    """Collects keys; see :class:`SearchKeys`."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.source: str | None = None
        self.loosely = self.remarked = False
        self.said = True

    def take_match(self, match: ScalarMatch) -> None:
        for key, text in required(match):
            kept = key if isinstance(key, str) else _KEPT.get(key)
            self._take(kept, text, loosely=kept is not key)
        others = (
            getattr(match, key)
            for key in ScalarMatch.__struct_fields__
            if key not in {"source", "where", "type", *_IN_FILES}
        )
        self.said = self.said and all(value in {None, "any"} for value in others)
        if match.where is not None:
            self.said = self.said and parse_question(match.where).is_required
        if match.good is False or match.verdict not in {None, "any", "accepted"}:
            self.remarked = True
        self.source = match.source

    def take_term(self, term: Term) -> None:
        value = term.values[0]
        if term.negated or len(term.values) > 1:
            self.said = False
        elif term.key == "where":
            question = parse_question(value.text)
            self.said = self.said and question.is_required
            for path, text in question.required:
                self._take(_KEPT.get(path), text, loosely=True)
        elif term.key in _OF_TERMS and not value.prefix:
            self._take(_OF_TERMS[term.key], value.text, loosely=False)
        else:
            self.said = False
            if term.key == "source" and not value.prefix and self.source is None:
                self.source = value.text
            if (term.key == "is" and value.text in _REMARKED) or term.key in _REMARKED_KEYS:
                self.remarked = True

    def _take(self, key: str | None, text: str, *, loosely: bool) -> None:
        if key is None or key in self.texts:
            # No index knows it, or it may be another text.
            self.said = False
            return
        self.texts[key] = text
        # What a filter says of the message is not always what is kept of the call.
        self.loosely = self.loosely or loosely


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
