"""Operations on destinations: add, change, see and set their state, act at the vendor."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, inspect
from msgspec.structs import replace

from mockseg import json_types
from mockseg.clock import SystemClock, Turn
from mockseg.conversion import invalid
from mockseg.delivery.filters import listed_filters
from mockseg.delivery.outgoing import Outgoing, Unanswered, send_within
from mockseg.destinations.audiences import Audience
from mockseg.destinations.kinds import KINDS, imitation_class, is_imported
from mockseg.destinations.vendor import Action, Arguments
from mockseg.domain.call import call_id
from mockseg.domain.credentials import shown_header, shown_query
from mockseg.domain.request import Arrival, Route, internal_arrival
from mockseg.domain.timestamps import format_moment
from mockseg.errors import MalformedJsonError, OperationError, VendorStateError
from mockseg.hub.audiences import refuse_unclear
from mockseg.hub.destinations import Connected, Destinations
from mockseg.hub.handlers.requests import text_of
from mockseg.hub.sources import Sources
from mockseg.hub.vendor import FAIL, KeptVendorRequest, Vendor, VendorLog
from mockseg.journal.memory import MemoryJournal
from mockseg.json_types import Json, JsonObject
from mockseg.operations.destinations import (
    Act,
    Acted,
    ActionView,
    AddDestination,
    ArgumentKind,
    ArgumentView,
    AudienceChanged,
    ChangeAudience,
    DeletionRequested,
    DeliveryCounts,
    DestinationList,
    DestinationView,
    GetDestination,
    ListDestinations,
    ListVendorRequests,
    PutVendorState,
    RequestDeletion,
    VendorRequestPage,
    VendorRequestView,
    VendorState,
    WaitVendorRequests,
)
from mockseg.operations.requests import AnswerView
from mockseg.operations.sources import Deleted
from mockseg.suggestions import nearest, unknown

# A computation makes its calls beside what an SDK sends.
_COMPUTED = Route(path="/_mockseg/v1/sources/{writeKey}/audiences", carries="batch", internal=True)
_HOOK_SECONDS = 10.0
# Deliveries that are counted between two looks at the clock.
_PORTION = 1000
_KINDS_OF_ARGUMENTS: dict[type[inspect.Type], ArgumentKind] = {
    inspect.StrType: "text",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.BoolType: "boolean",
    inspect.LiteralType: "choice",
}


async def list_destinations(
    asked: ListDestinations, *, destinations: Destinations
) -> DestinationList:
    views = [_view(each, destinations) for each in destinations.of(asked.source)]
    if asked.counts:
        counts = await _delivery_counts(asked.source, destinations)
        views = [replace(view, counts=DeliveryCounts(**counts[view.id])) for view in views]
    return DestinationList(destinations=views)


async def _delivery_counts(
    source: str | None, destinations: Destinations
) -> defaultdict[str, Counter[str]]:
    """Count what the ledger keeps by destination and state."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    turn, after = Turn(), 0
    while page := destinations.ledger.page(source=source, after=after, limit=_PORTION):
        for kept in page:
            counts[kept.destination][kept.state] += 1
        after = page[-1].cursor
        await turn.over()
    return counts


async def add_destination(asked: AddDestination, *, destinations: Destinations) -> DestinationView:
    if asked.type in KINDS and not is_imported(asked.type):
        # It takes longer than the event loop may be held.
        await asyncio.to_thread(imitation_class, asked.type)
    return _view(destinations.add(asked), destinations)


async def get_destination(asked: GetDestination, *, destinations: Destinations) -> DestinationView:
    return _view(existing(asked.id, destinations), destinations)


async def patch_destination(
    asked: msgspec.Struct, *, destinations: Destinations
) -> DestinationView:
    given = {name: getattr(asked, name) for name in asked.__struct_fields__}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    connected = existing(changes.pop("id"), destinations)
    return _view(destinations.patch(connected, changes), destinations)


async def delete_destination(asked: GetDestination, *, destinations: Destinations) -> Deleted:
    destinations.remove(existing(asked.id, destinations))
    return Deleted(deleted=asked.id)


async def get_destination_state(
    asked: GetDestination, *, destinations: Destinations
) -> VendorState:
    return VendorState(state=_vendor(asked.id, destinations).imitation.state())


async def put_destination_state(
    asked: PutVendorState, *, destinations: Destinations
) -> VendorState:
    vendor = _vendor(asked.id, destinations)
    try:
        vendor.restore(asked.state)
    except VendorStateError as error:
        raise _refused(error, within="state") from None
    return VendorState(state=vendor.imitation.state())


async def act(asked: Act, *, destinations: Destinations) -> Acted:
    vendor = _vendor(asked.id, destinations)
    now_ns = existing(asked.id, destinations).source.clock.now_ns()
    try:
        result = vendor.act(asked.action, asked.arguments, now_ns=now_ns)
        return Acted(result=result | await _sent(vendor, destinations))
    except VendorStateError as error:
        within = "arguments" if asked.action in vendor.actions else "action"
        raise _refused(error, within=within) from None


async def _sent(vendor: Vendor, destinations: Destinations) -> JsonObject:
    """Send what an action had the vendor send, once; return what was answered."""
    outbox = vendor.imitation.outbox
    hooks, outbox[:] = list(outbox), []
    answers: list[Json] = []
    for hook in hooks:
        request = Outgoing("POST", hook.url, hook.headers, hook.body)
        sender = destinations.dispatcher.sender
        # By the real clock: a client waits for this answer, and the source's may stand still.
        answer = await send_within(sender, request, SystemClock(), seconds=_HOOK_SECONDS)
        if isinstance(answer, Unanswered):
            answers.append({"url": hook.url, "error": answer.code, "detail": answer.detail})
        else:
            answers.append({"url": hook.url, "status": answer.status})
    return {"sent": answers} if answers else {}


async def list_vendor_requests(
    asked: ListVendorRequests, *, destinations: Destinations
) -> VendorRequestPage:
    return _page(_log(asked.id, destinations), after=asked.after, limit=asked.limit)


async def wait_vendor_requests(
    asked: WaitVendorRequests, *, destinations: Destinations
) -> VendorRequestPage:
    log = _log(asked.id, destinations)
    if not await log.bell.wait_for(lambda: log.after(asked.after, limit=1), seconds=asked.timeout):
        raise OperationError(
            f"nothing more reached {asked.id} within {asked.timeout:g} s",
            status=406,
            code="timeout",
        )
    return _page(log, after=asked.after, limit=1000)


async def request_deletion(
    asked: RequestDeletion, *, destinations: Destinations
) -> DeletionRequested:
    takers = [each for each in destinations.of(asked.write_key) if each.destination.takes_deletions]
    for connected in takers:
        destinations.dispatcher.offer_deletion(connected.destination, asked.user_id)
    return DeletionRequested(destinations=[connected.id for connected in takers])


def existing(id_: str, destinations: Destinations) -> Connected:
    """Return a destination.

    Raises:
        OperationError: 404, it is unknown; names the nearest.
    """
    found = destinations.get(id_)
    if found is not None:
        return found
    ids = tuple(each.id for each in destinations.of(None))
    near = nearest(id_, ids)
    raise OperationError(
        unknown("destination", id_, ids, see="GET /destinations", label="Known"),
        status=404,
        code="unknown_destination",
        details={} if near is None else {"nearest": near},
    )


def _refused(error: VendorStateError, *, within: str) -> OperationError:
    place = ".".join(part for part in (within, error.place) if part)
    return invalid(place, f"{place}: {error.reason}")


def _log(id_: str, destinations: Destinations) -> VendorLog:
    return destinations.strangers.get(id_) or _vendor(id_, destinations).log


def _vendor(id_: str, destinations: Destinations) -> Vendor:
    connected = existing(id_, destinations)
    if connected.vendor is None:
        urls = ", ".join(connected.destination.urls)
        raise OperationError(
            f"{id_} is a service of your own, at {urls}: mockseg sees what"
            " it sends there (GET /deliveries), not what is done with it",
            status=409,
            code="not_imitated",
        )
    return connected.vendor


def _view(connected: Connected, destinations: Destinations) -> DestinationView:
    asked, vendor = connected.asked, connected.vendor
    return DestinationView(
        id=connected.id,
        type=asked.type,
        source=asked.source,
        name=asked.name,
        enabled=asked.enabled,
        settings=asked.settings,
        filters=listed_filters(asked.filters),
        invalid_filters=asked.invalid_filters,
        forwards=sorted(connected.destination.forwards),
        connection_mode=asked.connection_mode,
        consent_categories=asked.consent_categories,
        imitated=vendor is not None,
        path=None if vendor is None else connected.path,
        urls=list(connected.destination.urls) if vendor is None else [],
        actions={}
        if vendor is None
        else {
            name: _action(action, errors=tuple(vendor.imitation.errors) if name == FAIL else ())
            for name, action in vendor.actions.items()
        },
        errors=[] if vendor is None else list(vendor.imitation.errors),
        pending=destinations.dispatcher.pending_at(connected.id),
    )


def _action(action: Action, *, errors: tuple[str, ...]) -> ActionView:
    """Return an action as readers see it.

    Args:
        action: it.
        errors: what its argument ``error`` may be, where it has that.
    """
    fields = msgspec.structs.fields(action.arguments)
    return ActionView(
        summary=action.summary,
        arguments={field.encode_name: _type_name(field.type) for field in fields},
        fields=[
            replace(field, kind="choice", choices=list(errors))
            if errors and field.name == "error"
            else field
            for field in _argument_views(action.arguments)
        ],
    )


@lru_cache(maxsize=128)
def _argument_views(arguments: type[Arguments]) -> tuple[ArgumentView, ...]:
    known = inspect.type_info(arguments)
    assert isinstance(known, inspect.StructType)  # noqa: S101  (that is what Arguments are)
    return tuple(_argument_view(field) for field in known.fields)


def _argument_view(field: inspect.Field) -> ArgumentView:
    kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    rest = [kind for kind in kinds if not isinstance(kind, inspect.NoneType)]
    only = rest[0] if len(rest) == 1 else None
    kind: ArgumentKind = next(
        (words for type_, words in _KINDS_OF_ARGUMENTS.items() if isinstance(only, type_)), "json"
    )
    return ArgumentView(
        name=field.encode_name,
        kind=kind,
        required=field.required,
        choices=[str(each) for each in only.values]
        if isinstance(only, inspect.LiteralType)
        else [],
    )


def _type_name(type_: Any) -> str:
    """Name a type as a person reads it: ``str``, ``dict[str, str]``."""
    return type_.__name__ if isinstance(type_, type) else str(type_).replace("typing.", "")


def _page(log: VendorLog, *, after: int, limit: int) -> VendorRequestPage:
    kept = log.after(after, limit=limit + 1)
    shown = kept[:limit]
    return VendorRequestPage(
        requests=[_request(each) for each in shown],
        next=shown[-1].number if len(kept) > limit else None,
        evicted=log.evicted,
        cleared=log.cleared,
    )


def _request(kept: KeptVendorRequest) -> VendorRequestView:
    request, response = kept.request, kept.response
    body, encoding = text_of(request.body)
    try:
        decoded = json_types.decode(request.body) if request.body else None
    except MalformedJsonError:
        decoded = None
    types = [value for name, value in response.headers if name.lower() == "content-type"]
    return VendorRequestView(
        number=kept.number,
        sender=kept.sender,
        method=request.method,
        path=request.path,
        query=shown_query("&".join(f"{name}={value}" for name, value in request.query)),
        headers=[(name, shown_header(name, value)) for name, value in request.headers],
        body=body,
        body_encoding=encoding,
        json=decoded,
        answer=AnswerView(
            status=response.status,
            content_type=types[0] if types else "",
            body=text_of(response.body)[0],
        ),
        notes=response.notes,
        received_at=format_moment(request.received_ns),
    )


# --- audiences


async def change_audience(
    asked: ChangeAudience,
    *,
    sources: Sources,
    destinations: Destinations,
    journal: MemoryJournal,
    accept: Callable[[Arrival], object],
) -> AudienceChanged:
    """Change who is in an audience, or a computed trait, and record the calls that this makes.

    Raises:
        OperationError: 422, it is neither or both, a name or an id is empty, or the limit
            is reached; nothing is changed.
    """
    refuse_unclear(asked)
    audiences = destinations.audiences
    async with audiences.changing:
        source = sources.claim(asked.write_key)
        source.restored("audiences")
        changed, messages = audiences.change(source.key, asked)
        names = {each.kind.names[0]: True for each in destinations.of(source.key)}
        calls, turn = [], Turn()
        for message in messages:
            message["integrations"] = {"All": False} | names
            accept(internal_arrival(_COMPUTED, message, key=source.key))
            calls.append(call_id(journal.cursor))
            await turn.over()
    members = list(changed.members) if isinstance(changed, Audience) else []
    return AudienceChanged(property=changed.key, calls=calls, members=members)
