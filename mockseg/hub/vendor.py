"""An imitated vendor as others reach it: it answers, and everything that came is kept."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from mockseg import json_types
from mockseg.delivery.records import NOTE_BYTES
from mockseg.destinations.vendor import (
    Action,
    Arguments,
    Imitation,
    VendorRequest,
    VendorResponse,
    partner_error,
    perform,
)
from mockseg.domain.delivery import Note
from mockseg.errors import MocksegError, VendorStateError
from mockseg.hub.waits import Bell
from mockseg.journal.background import FREED_AT_ONCE, BackgroundWork
from mockseg.journal.meter import PAIR_BYTES, Meter, text_bytes
from mockseg.journal.records import NumberedRecords
from mockseg.json_types import JsonObject
from mockseg.suggestions import unknown

Origin: TypeAlias = Literal["segment", "client"]

# How many requests are kept for each destination.
MOST_REQUESTS = 10_000
FAIL = "fail"
# A request with its answer, without texts, headers and notes.
_KEPT_BYTES = 500
# A write adds to a state at most about this many times its bytes, and that.
_WRITE_FACTOR = 5
_WRITE_BYTES = 500
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOO_MANY = 429

log = logging.getLogger("mockseg")


@dataclasses.dataclass(frozen=True, slots=True)
class KeptVendorRequest:
    """A request that reached a vendor, with its answer.

    Attributes:
        number: its place in the log.
        sender: whether mockseg forwarded a call, or a client came by itself.
        request: as it came.
        response: as it was answered.
    """

    number: int
    sender: Origin
    request: VendorRequest
    response: VendorResponse

    @property
    def size_bytes(self) -> int:
        """Memory that it takes, to within a third (measured)."""
        request, response = self.request, self.response
        # Requests of mockseg's own share their headers.
        own = request.headers if self.sender == "client" else ()
        pairs = (*request.query, *own, *response.headers)
        size = _KEPT_BYTES + len(request.body) + len(response.body)
        size += len(request.path) + len(request.base_url)
        size += sum([PAIR_BYTES + len(name) + len(value) for name, value in pairs])
        for note in response.notes:
            size += NOTE_BYTES + text_bytes((note.field, note.description))
        return size


class VendorLog:
    """What reached a vendor, oldest first; the oldest are evicted.

    Args:
        meter: bounds what all logs take, with what others keep.
        background: frees what was cleared.

    Attributes:
        bell: rings when something reaches it.
        cleared: the number up to which requests were cleared.
        size_bytes: that it takes.
    """

    __slots__ = (
        "_account",
        "_background",
        "_count",
        "_kept",
        "_meter",
        "bell",
        "cleared",
        "size_bytes",
    )

    def __init__(self, meter: Meter, background: BackgroundWork) -> None:
        self._meter = meter
        self._account = meter.accounts["vendor_logs"]
        self._background = background
        self._kept: NumberedRecords[KeptVendorRequest] = NumberedRecords()
        self._count = self.cleared = self.size_bytes = 0
        self.bell = Bell()

    def keep(self, sender: Origin, request: VendorRequest, response: VendorResponse) -> None:
        self._count += 1
        kept = KeptVendorRequest(self._count, sender, request, response)
        self._kept.append(kept.number, kept)
        self._add(kept.size_bytes)
        if len(self._kept) > MOST_REQUESTS:
            self.evict(1)
        self._meter.keep_bound()
        self.bell.ring()

    def after(self, number: int, *, limit: int) -> list[KeptVendorRequest]:
        return list(islice(self._kept.after(number), limit))

    @property
    def evicted(self) -> int:
        return self._kept.evicted

    def evict(self, most: int) -> None:
        """Evict at most this many of the oldest requests."""
        self._add(-sum(kept.size_bytes for kept in self._kept.evict(most)))

    def clear(self) -> None:
        """Forget all of them; numbers go on."""
        self._background.add(_free(self._kept))
        self._kept = NumberedRecords()
        self._add(-self.size_bytes)
        self.cleared = self._count

    def _add(self, size_bytes: int) -> None:
        self.size_bytes += size_bytes
        self._account.add(size_bytes)


def _free(kept: NumberedRecords[KeptVendorRequest]) -> Iterator[None]:
    while kept:
        kept.take_newest(FREED_AT_ONCE)
        yield


@dataclasses.dataclass(frozen=True, slots=True)
class PerformedAction:
    """An action that was done at a vendor, with its arguments and its moment in nanoseconds."""

    name: str
    arguments: JsonObject
    now_ns: int


Change: TypeAlias = VendorRequest | PerformedAction


class _Fail(Arguments, frozen=True):
    """What is demanded of the next answers.

    Attributes:
        error: which of the vendor's documented errors.
        times: of how many answers; 0 takes the demand back.
    """

    error: str
    times: Annotated[int, Meta(ge=0, le=1_000_000)] = 1


class _StateSize:
    """About how many bytes the state of a vendor takes.

    To measure a state costs time that depends on its size. So what is written is added up, as if
    it replaced nothing. Only when that sum is over the limit, and the last measure may be far from
    the truth, the state is measured anew, in the background; until that is done twice the
    limit is allowed.
    """

    __slots__ = (
        "_account",
        "_background",
        "_imitation",
        "_measured",
        "_measuring",
        "_meter",
        "_outdated",
        "_size_bytes",
    )

    def __init__(
        self, imitation: Imitation[Any, Any], *, meter: Meter, background: BackgroundWork
    ) -> None:
        self._imitation = imitation
        self._meter = meter
        self._background = background
        self._account = meter.accounts["vendor_states"]
        self._size_bytes = self._measured = 0
        # Whether something was removed since it was measured; and whether it is measured now.
        self._outdated = self._measuring = False

    def refusal(self, written: int, *, instead: bool = False) -> str | None:
        """Return why a state cannot take a further write of this many bytes; None if it can.

        Args:
            written: bytes of JSON.
            instead: of what it has.
        """
        more = _WRITE_FACTOR * written + _WRITE_BYTES
        whole = more if instead else self._size_bytes + more
        limit = self._meter.state_limit(whole)
        if limit is None:
            return None
        doubtful = self._outdated or self._size_bytes > 1.25 * self._measured
        if doubtful and not instead and not self._measuring:
            self._background.add(self._measure())
            limit = self._meter.state_limit(self._size_bytes + more)
        if self._measuring:
            limit = self._meter.state_limit(whole // 2)
        if limit is None:
            return None
        return (
            f"the state of this vendor takes about {self._size_bytes:,} bytes, and {more:,} more"
            f" would be over the limit; at most {limit}; remove users or the destination"
        )

    def wrote(self, written: int, *, removed: bool) -> None:
        """Count a write of this many bytes of JSON, which may also have removed something."""
        self._set(self._size_bytes + _WRITE_FACTOR * written + _WRITE_BYTES)
        self._outdated = self._outdated or removed

    def replaced(self, written: int) -> None:
        """Count a state of this many bytes of JSON instead of what was before."""
        self._set(_WRITE_FACTOR * written + _WRITE_BYTES)
        self._measured, self._outdated = 0, True

    def forget(self) -> None:
        self._set(0)

    def _measure(self) -> Iterator[None]:
        self._measuring, self._outdated = True, False
        before, measured = self._size_bytes, 0
        for part in _sizes(self._imitation.store):
            measured += part
            yield
        self._measuring, self._measured = False, measured
        # What was written meanwhile may be in the measure already, and counts all the same.
        self._set(measured + max(0, self._size_bytes - before))

    def _set(self, size_bytes: int) -> None:
        self._account.add(size_bytes - self._size_bytes)
        self._size_bytes = size_bytes
        self._meter.keep_bound()


def _sizes(store: object) -> Iterator[int]:
    """Yield the sizes of all that a state holds, of a few hundred values each."""
    waiting, seen, size, looked_at = [store], set[int](), 0, 0
    while waiting:
        value = waiting.pop()
        looked_at += 1
        if looked_at % FREED_AT_ONCE == 0:
            yield size
            size = 0
        inner = _inner(value)
        if inner is not None:
            if id(value) in seen:
                continue
            seen.add(id(value))
            waiting.extend(inner)
        size += sys.getsizeof(value)
    yield size


def _inner(value: object) -> Iterable[object] | None:
    """Return what a value of a state holds, None for one that cannot hold others."""
    if isinstance(value, dict):
        return (*value.keys(), *value.values())
    if isinstance(value, list | tuple | set | frozenset | deque):
        return value
    if isinstance(value, msgspec.Struct):
        return [getattr(value, name) for name in value.__struct_fields__]
    names = getattr(type(value), "__slots__", ())
    held = [getattr(value, name, None) for name in names]
    return [*held, *vars(value).values()] if hasattr(value, "__dict__") else held or None


class Vendor:
    """One imitated vendor of one destination.

    Args:
        imitation: knows the vendor's rules, and has its state.
        meter: bounds what state and log take, with what others keep.
        background: frees what was cleared.

    Attributes:
        imitation: the same.
        log: what reached it.
        actions: what can be done there; `fail` among them.
        on_change: called with what may have changed the state, afterwards; with None when the
            whole state was set.
    """

    def __init__(
        self, imitation: Imitation[Any, Any], *, meter: Meter, background: BackgroundWork
    ) -> None:
        self.imitation = imitation
        self.log = VendorLog(meter, background)
        self._size = _StateSize(imitation, meter=meter, background=background)
        self.on_change: Callable[[Change | None], object] = lambda _: None
        errors = ", ".join(imitation.errors)
        self.actions: Mapping[str, Action] = {
            **imitation.actions,
            FAIL: Action(f"Answer the next requests with an error: {errors}.", _Fail, self._demand),
        }
        self._demanded: VendorResponse | None = None
        self._times = 0

    def receive(self, request: VendorRequest, *, sender: Origin = "segment") -> VendorResponse:
        if self._times > 0 and self._demanded is not None:
            self._times -= 1
            response = self._demanded
        else:
            response = self._answer(request)
        self.log.keep(sender, request, response)
        return response

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Do what the vendor's own page or SDK would, or demand an error.

        Raises:
            VendorStateError: no such action, wrong arguments, or the state would outgrow its
                share of `max_bytes`; nothing is changed.
        """
        written = len(json_types.encode(arguments))
        if action != FAIL and (full := self._size.refusal(written)) is not None:
            raise VendorStateError(full)
        done = perform(self.actions, self.imitation, action, arguments, now_ns=now_ns)
        self._size.wrote(written, removed=True)
        if action != FAIL:
            self.on_change(PerformedAction(action, arguments, now_ns))
        return done

    def restore(self, state: JsonObject) -> None:
        """Have this state instead; what is left out begins empty.

        Raises:
            VendorStateError: it is invalid, or larger than its share of `max_bytes`; nothing is
                changed.
        """
        written = len(json_types.encode(state))
        if (full := self._size.refusal(written, instead=True)) is not None:
            raise VendorStateError(full)
        self.imitation.restore(state)
        self._size.replaced(written)
        self.on_change(None)

    def resume(self, state: JsonObject, *, size_bytes: int) -> None:
        """Have the state of an earlier run, which took this many bytes of JSON.

        Raises:
            VendorStateError: it is invalid; nothing is changed.
        """
        self.imitation.restore(state)
        self._size.replaced(size_bytes)

    def replay(self, change: Change) -> None:
        """Apply again what was applied in an earlier run, whatever the bounds are now."""
        if isinstance(change, VendorRequest):
            self.imitation.answer(change)
            self._size.wrote(len(change.body), removed=change.method == "DELETE")
        else:
            perform(
                self.actions, self.imitation, change.name, change.arguments, now_ns=change.now_ns
            )
            self._size.wrote(len(json_types.encode(change.arguments)), removed=True)

    def close(self) -> None:
        """Count and keep nothing any more: the destination was removed."""
        self._size.forget()
        self.log.clear()

    def _demand(self, imitation: Imitation[Any, Any], asked: _Fail, _: int) -> JsonObject:
        errors = imitation.errors
        if asked.error not in errors:
            raise VendorStateError(
                unknown("error of the vendor", asked.error, errors), place="error"
            )
        response = errors[asked.error]
        note = Note("demanded", "", f"the error {asked.error} was demanded with the action fail")
        self._demanded = dataclasses.replace(response, notes=(*response.notes, note))
        self._times = asked.times
        return {"error": asked.error, "status": response.status, "times": asked.times}

    def _answer(self, request: VendorRequest) -> VendorResponse:
        writes = request.method not in _READS
        if writes and (full := self._size.refusal(len(request.body))) is not None:
            return partner_error(413, full, code="state_full")
        try:
            answer = self.imitation.answer(request)
            # What a rate limit refuses has changed nothing.
            if writes and answer.status != _TOO_MANY:
                self.on_change(request)
            if writes and answer.status < 400:
                self._size.wrote(len(request.body), removed=request.method == "DELETE")
        except MocksegError as error:
            reason = str(error)
        except Exception as error:
            # A fault of ours must not cost a client its answer, nor the vendor its state.
            log.exception("an imitation failed; what it had before is kept")
            reason = f"{type(error).__name__}: {error}"
        else:
            return answer
        note = Note("imitation_failed", "", f"mockseg's imitation failed: {reason}")
        body = json_types.encode({"message": "internal error of the imitation"})
        return VendorResponse(500, body, (("Content-Type", "application/json"),), (note,))
