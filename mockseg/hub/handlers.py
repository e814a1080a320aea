"""What the rows of the operations table do."""

from __future__ import annotations

import time
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.domain.request import Arrival, Route
from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.errors import FqlError, OperationError
from mockseg.hub.views import request_view, source_view
from mockseg.hub.waits import Waiter, needs_one
from mockseg.matching.match import compile_match
from mockseg.operations.calls import (
    CallPage,
    ClearCalls,
    Cleared,
    ImportCalls,
    Imported,
    ImportedCall,
    ListCalls,
    Settle,
    Settled,
    Summary,
    WaitCalls,
    WaitedCalls,
)
from mockseg.operations.clock import AdvanceClock, ClockView, Health, SetClock
from mockseg.operations.requests import GetRequest, ListRequests, RequestPage, RequestView
from mockseg.operations.sources import (
    CreateSource,
    Deleted,
    GetSource,
    PatchSource,
    SourceList,
    SourceView,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import msgspec

    from mockseg.clock import ShiftedClock
    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.machine import Hub
    from mockseg.hub.sources import Source
    from mockseg.matching.match import Matchable, ScalarMatch
    from mockseg.operations.base import Nothing, OfSource

__all__ = ["HANDLERS"]


async def _health(hub: Hub, _: Nothing) -> Health:
    return Health(status="ok", version=metadata.version("mockseg"), seed=hub.seed)


# --- calls


async def _list_calls(hub: Hub, asked: ListCalls) -> CallPage:
    matches = _predicate(asked)
    total = 0
    found: list[KeptCall] = []
    more = False
    async for portion in hub.scan(after=0, source=asked.source):
        for call in portion:
            if not matches(call):
                continue
            total += 1
            if call.cursor <= asked.after:
                continue
            if len(found) < asked.limit:
                found.append(call)
            else:
                more = True
    return CallPage(
        calls=[call.view() for call in found],
        total=total,
        next=found[-1].cursor if more else None,
    )


async def _wait_calls(hub: Hub, asked: WaitCalls) -> WaitedCalls:
    needs_one(asked)
    try:
        waiter = Waiter(asked)
    except FqlError as error:
        raise _bad_filter(error) from None
    async for portion in hub.scan(after=asked.after, source=asked.match.source):
        for call in portion:
            waiter.offer(call, now=False)
    # No await lies between the end of the scan and this: no call falls in between.
    hub.waiters.add(waiter)
    try:
        return await waiter.satisfied()
    finally:
        hub.waiters.remove(waiter)


async def _import_calls(hub: Hub, asked: ImportCalls) -> Imported:
    for call in asked.calls:
        hub.accept(_arrival_of(call, asked.source))
    return Imported(imported=len(asked.calls))


async def _clear_calls(hub: Hub, asked: ClearCalls) -> Cleared:
    if (asked.source is None) == (not asked.all):
        raise OperationError(
            "say what to clear: one of source=<write key> and all=true",
            status=422,
            code="invalid_parameter",
            details={"allowed": ["source", "all"]},
        )
    keys = [asked.source] if asked.source is not None else [source.key for source in hub.sources]
    return Cleared(cleared=sum(_clear(hub, key) for key in keys))


def _clear(hub: Hub, key: str) -> int:
    source = hub.sources.get(key)
    if source is not None:
        source.window.clear()
    return hub.journal.clear(key)


async def _settle(hub: Hub, asked: Settle) -> Settled:
    started = time.monotonic()
    while True:
        source = hub.sources.get(asked.source) if asked.source is not None else None
        last = hub.last_arrival if source is None else source.last_arrival
        now = time.monotonic()
        quiet_for = now - max(started, last)
        if hub.in_flight == 0 and quiet_for >= asked.quiet:
            return Settled(cursor=hub.cursor)
        left = asked.timeout - (now - started)
        if left <= 0:
            raise OperationError(
                f"not settled within {asked.timeout:g} s: {hub.in_flight} requests in flight,"
                f" the last thing came {now - last:.2f} s ago, {asked.quiet:g} s are asked for",
                status=406,
                code="not_quiet",
                details={"inFlight": hub.in_flight},
            )
        await hub.rung(min(left, max(asked.quiet - quiet_for, 0.001)))


async def _summary(hub: Hub, asked: OfSource) -> Summary:
    verdicts = {"accepted": 0, "dropped": 0, "blocked": 0, "rejected": 0}
    total = good = 0
    by_event: dict[str, int] = {}
    async for portion in hub.scan(after=0, source=asked.source):
        for call in portion:
            total += 1
            good += call.good
            verdicts[call.verdict] += 1
            name = call.event or call.type
            by_event[name] = by_event.get(name, 0) + 1
    requests = refused = number = 0
    while page := hub.requests_after(number, limit=1000, source=asked.source):
        requests += len(page)
        refused += sum(request.answer.status >= 400 for request in page)
        number = page[-1].number
    return Summary(
        total=total,
        good=good,
        bad=total - good,
        evicted=hub.journal.evicted(asked.source),
        requests=requests,
        refused=refused,
        by_event=by_event,
        cursor=hub.cursor,
        **verdicts,
    )


# --- requests


async def _list_requests(hub: Hub, asked: ListRequests) -> RequestPage:
    page = hub.requests_after(asked.after, limit=asked.limit + 1, source=asked.source)
    shown = page[: asked.limit]
    return RequestPage(
        requests=[_request(hub, request) for request in shown],
        next=shown[-1].number if len(page) > asked.limit else None,
    )


async def _get_request(hub: Hub, asked: GetRequest) -> RequestView:
    number = asked.id.removeprefix("req-")
    request = hub.journal.request(int(number)) if number.isascii() and number.isdigit() else None
    if request is None:
        raise OperationError(
            f'no request "{asked.id[:100]}" is kept', status=404, code="unknown_request"
        )
    return _request(hub, request)


def _request(hub: Hub, request: KeptRequest) -> RequestView:
    calls = (
        hub.calls_after(request.first_cursor - 1, limit=request.calls, source=request.source)
        if request.calls
        else []
    )
    end = request.first_cursor + request.calls
    return request_view(request, [call for call in calls if call.cursor < end])


# --- sources


async def _list_sources(hub: Hub, _: Nothing) -> SourceList:
    return SourceList(
        sources=[_source(hub, source) for source in hub.sources],
        forgotten=hub.sources.forgotten,
    )


async def _create_source(hub: Hub, asked: CreateSource) -> SourceView:
    key = asked.write_key or hub.sources.mint()
    if hub.sources.get(key) is not None:
        raise OperationError(
            f'the source "{key[:100]}" is open already', status=409, code="source_exists"
        )
    source = hub.sources.use(key)
    source.change(asked)
    return _source(hub, source)


async def _get_source(hub: Hub, asked: GetSource) -> SourceView:
    return _source(hub, _existing(hub, asked.write_key))


async def _patch_source(hub: Hub, asked: PatchSource) -> SourceView:
    source = _existing(hub, asked.write_key)
    source.change(asked)
    return _source(hub, source)


async def _delete_source(hub: Hub, asked: GetSource) -> Deleted:
    source = _existing(hub, asked.write_key)
    hub.journal.clear(source.key)
    hub.sources.drop(source.key)
    return Deleted(deleted=source.key)


async def _open_window(hub: Hub, asked: GetSource) -> Window:
    hub.sources.use(asked.write_key).window.clear()
    return Window(cursor=hub.cursor)


def _source(hub: Hub, source: Source) -> SourceView:
    return source_view(source, hub.journal.count(source.key)[0])


def _existing(hub: Hub, key: str) -> Source:
    source = hub.sources.get(key)
    if source is None:
        raise OperationError(
            f'no source has the write key "{key[:100]}"; it opens on first use or with'
            " POST /sources",
            status=404,
            code="unknown_source",
        )
    return source


# --- clock


async def _get_clock(hub: Hub, asked: OfSource) -> ClockView:
    return _clock_view(_clock(hub, asked.source))


async def _set_clock(hub: Hub, asked: SetClock) -> ClockView:
    clock = _clock(hub, asked.source)
    if asked.now is None:
        clock.follow()
        return _clock_view(clock)
    moment = parse_moment(asked.now)
    if moment is None:
        raise OperationError(
            f'now is "{asked.now[:60]}"; allowed is ISO 8601 such as 2026-01-31T12:00:00Z, or null',
            status=422,
            code="invalid_parameter",
            details={"parameter": "now"},
        )
    clock.set(moment, frozen=asked.frozen)
    return _clock_view(clock)


async def _advance_clock(hub: Hub, asked: AdvanceClock) -> ClockView:
    clock = _clock(hub, asked.source)
    clock.advance(asked.seconds)
    return _clock_view(clock)


def _clock(hub: Hub, key: str | None) -> ShiftedClock:
    return hub.clock if key is None else hub.sources.use(key).clock


def _clock_view(clock: ShiftedClock) -> ClockView:
    return ClockView(
        now=format_moment(clock.now_ns()), frozen=clock.frozen, offset_seconds=clock.offset_seconds
    )


# --- shared


def _predicate(match: ScalarMatch) -> Callable[[Matchable], bool]:
    try:
        return compile_match(match)
    except FqlError as error:
        raise _bad_filter(error) from None


def _bad_filter(error: FqlError) -> OperationError:
    return OperationError(
        str(error),
        status=422,
        code="invalid_filter",
        details={"parameter": "where", "position": error.position, "reason": error.reason},
    )


_IMPORT_ROUTE = Route(path="/_mockseg/v1/calls/import", carries="batch")


def _arrival_of(call: ImportedCall, source: str | None) -> Arrival:
    """Make a request out of an exported call, with which it gets the same normalised form."""
    message: Any = dict(call.message) if call.message else call.raw
    received_ns = parse_moment(call.received_at)
    if isinstance(message, dict):
        message.pop("receivedAt", None)
        original = message.pop("originalTimestamp", None)
        message.pop("timestamp", None)
        if original is not None:
            message["timestamp"] = original
    body = json_types.encode({"batch": [message]})
    return Arrival(
        route=_IMPORT_ROUTE,
        method="POST",
        path=_IMPORT_ROUTE.path,
        query="",
        headers=(),
        body=body,
        sent_bytes=len(body),
        received_ns=received_ns or 0,
        key=source if source is not None else call.source,
    )


HANDLERS: dict[str, Callable[[Hub, Any], Coroutine[Any, Any, msgspec.Struct]]] = {
    "health": _health,
    "list_calls": _list_calls,
    "wait_calls": _wait_calls,
    "import_calls": _import_calls,
    "clear_calls": _clear_calls,
    "settle": _settle,
    "summary": _summary,
    "list_requests": _list_requests,
    "get_request": _get_request,
    "list_sources": _list_sources,
    "create_source": _create_source,
    "get_source": _get_source,
    "patch_source": _patch_source,
    "delete_source": _delete_source,
    "open_window": _open_window,
    "get_clock": _get_clock,
    "set_clock": _set_clock,
    "advance_clock": _advance_clock,
}
