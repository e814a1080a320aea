"""Destinations, deliveries and vendors' state in a journal's file, and back after a restart.

A vendor's state is saved as it was at some moment, and with it what was applied to it since:
imitations are deterministic, so applying that again leads to the same state.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from mockseg import json_types
from mockseg.conversion import convert
from mockseg.delivery.records import KeptAttempt, KeptDelivery
from mockseg.destinations.vendor import VendorRequest
from mockseg.hub.destinations import Connected, Destinations
from mockseg.hub.vendor import Change, PerformedAction, Vendor
from mockseg.journal.durable import DurableJournal
from mockseg.operations.destinations import AddDestination

# A state is written anew when what was applied to it since takes more than this, and several
# times as much as the state.
_MAX_APPLIED_BYTES = 4 * 1024 * 1024
_APPLIED_PER_STATE = 4


class _Counters(msgspec.Struct, frozen=True):
    """What goes on over a restart."""

    cursor: int
    finished: int
    added: int


class _Destination(msgspec.Struct, frozen=True):
    """A destination; see :class:`~mockseg.hub.destinations.Connected`. The first two are JSON."""

    given: bytes
    asked: bytes
    id: str
    key: str
    seed: float


class _State(msgspec.Struct, frozen=True):
    """A vendor's state.

    Attributes:
        upto: number of the last that was applied to it.
        state: JSON.
        random: of the imitation's generator.
    """

    upto: int
    state: bytes
    random: tuple[int, tuple[int, ...], float | None]


class _Applied(msgspec.Struct, frozen=True):
    """What was applied to a vendor's state: a request, or an action with arguments in JSON."""

    request: VendorRequest | None = None
    action: str = ""
    arguments: bytes = b""
    now_ns: int = 0


class _Evicted(msgspec.Struct, frozen=True):
    """How many deliveries of a source were evicted, and the latest call that they were of."""

    deliveries: int
    call: int


@dataclasses.dataclass(slots=True)
class _Saved:
    """How far a vendor is saved.

    Attributes:
        applied: number of what was applied last, ever.
        upto: the same when its state was written.
        applied_bytes, state_bytes: of what was applied since, and of the state.
    """

    applied: int = 0
    upto: int = -1
    applied_bytes: int = 0
    state_bytes: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode_delivery = msgspec.msgpack.Decoder(tuple[bytes, KeptDelivery]).decode


class DestinationSaver:
    """Saves what changes at the destinations, and restores it.

    Args:
        journal: with a file.
        destinations: of the server; there are none yet.
    """

    def __init__(self, journal: DurableJournal, destinations: Destinations) -> None:
        self._journal = journal
        self._destinations = destinations
        self._saved: dict[str, _Saved] = {}

    def begin(self) -> None:
        """Restore what the file has, and save what changes from now on.

        Raises:
            OperationError, VendorStateError, msgspec.MsgspecError: it cannot be used.
        """
        destinations, ledger = self._destinations, self._destinations.ledger
        kinds = self._journal.records
        counters = kinds.get("counters")
        if counters is not None:
            counted = msgspec.msgpack.decode(counters[0], type=_Counters)
            destinations.added = counted.added
            for value in kinds.get("destination", {}).values():
                self._restore_destination(msgspec.msgpack.decode(value, type=_Destination))
        destinations.on_connected = self._save_destination
        destinations.on_removed = self._remove_destination
        ledger.on_gone = self._delivery_gone
        ledger.on_dropped = self._deliveries_dropped
        if counters is not None:
            restored = list(self._restored_deliveries())
            ledger.restore(restored, cursor=counted.cursor, finished=counted.finished)
            for kept in restored:
                self._resume(kept)
        self._journal.records = {}

    def close(self) -> None:
        """Save the states of vendors, so that the next start need not apply anything again."""
        for connected in self._destinations.of(None):
            if self._is_behind(connected):
                self._save_state(connected)

    def save_delivery(self, kept: KeptDelivery) -> None:
        """Save a delivery that was opened or changed."""
        self._journal.put(
            _deliveries_of(kept.source), kept.cursor, partial(_encoded_delivery, kept)
        )
        self._save_counters()

    # --- saving

    def _save_counters(self) -> None:
        self._journal.put("counters", 0, self._encoded_counters)

    def _encoded_counters(self) -> bytes:
        ledger = self._destinations.ledger
        return _encode(_Counters(ledger.cursor, ledger.finished, self._destinations.added))

    def _save_destination(self, connected: Connected) -> None:
        saved = _Destination(
            json_types.encode(connected.given),
            json_types.encode(connected.asked),
            connected.id,
            connected.key,
            connected.seed,
        )
        self._journal.put("destination", connected.number, partial(_encode, saved))
        self._save_counters()
        if connected.vendor is not None and connected.id not in self._saved:
            self._watch(connected, connected.vendor)
            self._save_state(connected)

    def _remove_destination(self, connected: Connected) -> None:
        self._journal.put("destination", connected.number, None)
        saved = self._saved.pop(connected.id, None)
        if saved is not None:
            self._journal.put("state", connected.number, None)
            self._journal.cut(_applied_to(connected), saved.applied)

    def _watch(self, connected: Connected, vendor: Vendor) -> None:
        self._saved[connected.id] = _Saved()
        vendor.on_change = partial(self._save_change, connected)

    def _save_change(self, connected: Connected, change: Change | None) -> None:
        saved = self._saved[connected.id]
        saved.applied += 1
        most = max(_MAX_APPLIED_BYTES, _APPLIED_PER_STATE * saved.state_bytes)
        if change is None or self._journal.full or saved.applied_bytes > most:
            self._save_state(connected)
            return
        text = _encode(
            _Applied(request=change)
            if isinstance(change, VendorRequest)
            else _Applied(None, change.name, json_types.encode(change.arguments), change.now_ns)
        )
        saved.applied_bytes += len(text)
        self._journal.put(_applied_to(connected), saved.applied, lambda: text)

    def _save_state(self, connected: Connected) -> None:
        self._journal.put("state", connected.number, partial(self._encoded_state, connected))
        self._journal.cut(_applied_to(connected), self._saved[connected.id].applied)

    def _encoded_state(self, connected: Connected) -> bytes:
        vendor, saved = connected.vendor, self._saved[connected.id]
        assert vendor is not None  # noqa: S101  (the caller has looked)
        imitation = vendor.imitation
        state: Any = imitation.random.getstate()
        text = _encode(_State(saved.applied, json_types.encode(imitation.state()), state))
        saved.upto, saved.applied_bytes, saved.state_bytes = saved.applied, 0, len(text)
        return text

    def _is_behind(self, connected: Connected) -> bool:
        saved = self._saved.get(connected.id)
        return saved is not None and saved.upto < saved.applied

    def _delivery_gone(self, kept: KeptDelivery) -> None:
        kind = _deliveries_of(kept.source)
        self._journal.put(kind, kept.cursor, None)
        evicted = _Evicted(*self._destinations.ledger.evicted_of(kept.source))
        if evicted.deliveries:
            self._journal.put(kind, 0, partial(_encode, evicted))

    def _deliveries_dropped(self, source: str) -> None:
        self._journal.cut(_deliveries_of(source), self._destinations.ledger.cursor)

    # --- restoring

    def _restore_destination(self, saved: _Destination) -> None:
        given, asked = (
            convert(json_types.decode(text), AddDestination, where="a destination")
            for text in (saved.given, saved.asked)
        )
        connected = self._destinations.restore(
            saved.id, given=given, asked=asked, key=saved.key, seed=saved.seed
        )
        if connected.vendor is not None:
            self._watch(connected, connected.vendor)
            self._restore_state(connected, connected.vendor)

    def _restore_state(self, connected: Connected, vendor: Vendor) -> None:
        value = self._journal.records["state"][connected.number]
        saved = msgspec.msgpack.decode(value, type=_State)
        state: Any = json_types.decode(saved.state)
        vendor.resume(state, size_bytes=len(saved.state))
        vendor.imitation.random.setstate(saved.random)
        how_far = self._saved[connected.id]
        how_far.upto = how_far.applied = saved.upto
        how_far.state_bytes = len(value)
        applied = self._journal.records.get(_applied_to(connected), {})
        with vendor.imitation.without_limits():
            for number, change in applied.items():
                if number > saved.upto:
                    how_far.applied = number
                    how_far.applied_bytes += len(change)
                    vendor.replay(_change_of(change))

    def _restored_deliveries(self) -> Iterator[KeptDelivery]:
        ledger = self._destinations.ledger
        for kind, values in self._journal.records.items():
            if not kind.startswith(_deliveries_of("")):
                continue
            for number, value in values.items():
                if number:
                    yield _delivery_of(value)
                    continue
                evicted = msgspec.msgpack.decode(value, type=_Evicted)
                source = kind.removeprefix(_deliveries_of(""))
                ledger.restore_evicted(source, evicted=evicted.deliveries, call=evicted.call)

    def _resume(self, kept: KeptDelivery) -> None:
        if kept.final:
            return
        connected = self._destinations.get(kept.destination)
        if connected is None:
            # The server ended before all deliveries of a removed destination had failed.
            sentence = "the destination was removed before it was delivered"
            self._destinations.ledger.finish(kept, "failed", "destination_removed", sentence)
            return
        call = self._journal.call(kept.call) if kept.call else None
        self._destinations.dispatcher.resume(connected.destination, kept, call)


def _deliveries_of(source: str) -> str:
    return f"delivery {source}"


def _applied_to(connected: Connected) -> str:
    return f"applied {connected.id}"


def _change_of(value: bytes) -> Change:
    applied = msgspec.msgpack.decode(value, type=_Applied)
    if applied.request is not None:
        return applied.request
    arguments: Any = json_types.decode(applied.arguments)
    return PerformedAction(applied.action, arguments, applied.now_ns)


def _encoded_delivery(kept: KeptDelivery) -> bytes:
    """Return a delivery with its attempts; their body is written once."""
    body = kept.attempts[0].body if kept.attempts else b""
    attempts = tuple(msgspec.structs.replace(each, body=b"") for each in kept.attempts)
    return _encode((body, msgspec.structs.replace(kept, attempts=attempts)))


def _delivery_of(value: bytes) -> KeptDelivery:
    body, kept = _decode_delivery(value)
    attempts: list[KeptAttempt] = []
    for each in kept.attempts:
        # Equal answers are one object, as the ledger has them.
        same = attempts and attempts[-1].answer == each.answer
        answer = attempts[-1].answer if same else each.answer
        attempts.append(msgspec.structs.replace(each, body=body, answer=answer))
    kept.attempts = tuple(attempts)
    return kept
