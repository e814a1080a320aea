"""What the operations on destinations do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from mockseg import json_types
from mockseg.domain.credentials import shown_header, shown_query
from mockseg.domain.timestamps import format_moment
from mockseg.errors import MalformedJsonError, OperationError, VendorStateError
from mockseg.hub.audiences import change
from mockseg.hub.views import text_of
from mockseg.operations.destinations import (
    Acted,
    ActionView,
    DeletionRequested,
    DestinationList,
    DestinationView,
    VendorRequestPage,
    VendorRequestView,
    VendorState,
)
from mockseg.operations.requests import AnswerView
from mockseg.operations.sources import Deleted
from mockseg.suggestions import nearest, unknown

if TYPE_CHECKING:
    from mockseg.destinations.vendor import Action
    from mockseg.hub.destinations import Connected
    from mockseg.hub.hub import Hub
    from mockseg.hub.vendor import KeptVendorRequest, Vendor, VendorLog
    from mockseg.operations.destinations import (
        Act,
        AddDestination,
        AudienceChanged,
        ChangeAudience,
        GetDestination,
        ListDestinations,
        ListVendorRequests,
        PatchDestination,
        PutVendorState,
        RequestDeletion,
        WaitVendorRequests,
    )


async def list_destinations(hub: Hub, asked: ListDestinations) -> DestinationList:
    """Give the destinations of a source, or all."""
    return DestinationList(
        destinations=[_view(hub, each) for each in hub.destinations.of(asked.source)]
    )


async def add_destination(hub: Hub, asked: AddDestination) -> DestinationView:
    """Connect a destination to a source, which opens now if it is new."""
    return _view(hub, hub.destinations.add(asked))


async def patch_destination(hub: Hub, asked: PatchDestination) -> DestinationView:
    """Change how calls are forwarded from now on."""
    return _view(hub, hub.destinations.patch(existing(hub, asked.id), asked))


async def delete_destination(hub: Hub, asked: GetDestination) -> Deleted:
    """Take a destination away with all that it has."""
    hub.destinations.remove(existing(hub, asked.id))
    return Deleted(deleted=asked.id)


async def get_destination_state(hub: Hub, asked: GetDestination) -> VendorState:
    """Give what an imitated vendor has."""
    return VendorState(state=_vendor(hub, asked.id).imitation.state())


async def put_destination_state(hub: Hub, asked: PutVendorState) -> VendorState:
    """Let an imitated vendor have this state."""
    imitation = _vendor(hub, asked.id).imitation
    try:
        imitation.restore(asked.state)
    except VendorStateError as error:
        raise refused(error, within="state") from None
    return VendorState(state=imitation.state())


async def act(hub: Hub, asked: Act) -> Acted:
    """Do what only the vendor's own page or SDK could."""
    vendor = _vendor(hub, asked.id)
    now_ns = existing(hub, asked.id).now_ns()
    try:
        return Acted(result=vendor.act(asked.action, asked.arguments, now_ns=now_ns))
    except VendorStateError as error:
        within = "arguments" if asked.action in vendor.actions else "action"
        raise refused(error, within=within) from None


async def list_vendor_requests(hub: Hub, asked: ListVendorRequests) -> VendorRequestPage:
    """Give a page of what reached a vendor."""
    log = hub.destinations.strangers.get(asked.id)
    return _page(log or _vendor(hub, asked.id).log, after=asked.after, limit=asked.limit)


async def wait_vendor_requests(hub: Hub, asked: WaitVendorRequests) -> VendorRequestPage:
    """Answer as soon as something reaches a vendor."""
    log = hub.destinations.strangers.get(asked.id) or _vendor(hub, asked.id).log
    deadline = time.monotonic() + asked.timeout
    while not (page := _page(log, after=asked.after, limit=1000)).requests:
        if not await log.bell.wait(max(0.0, deadline - time.monotonic())):
            raise OperationError(
                f"nothing more reached {asked.id} within {asked.timeout:g} s",
                status=406,
                code="timeout",
            )
    return page


async def change_audience(hub: Hub, asked: ChangeAudience) -> AudienceChanged:
    """Change who is in an audience, or a computed trait."""
    return change(hub, asked)


async def request_deletion(hub: Hub, asked: RequestDeletion) -> DeletionRequested:
    """Tell the destinations of a source that are told at all."""
    told = [each for each in hub.destinations.of(asked.write_key) if each.told_of_deletions]
    for connected in told:
        hub.destinations.dispatcher.offer_deletion(connected.destination, asked.user_id)
    return DeletionRequested(destinations=[connected.id for connected in told])


def existing(hub: Hub, id_: str) -> Connected:
    """Give a destination.

    Raises:
        OperationError: 404, there is none; names the nearest.
    """
    found = hub.destinations.get(id_)
    if found is not None:
        return found
    ids = tuple(each.id for each in hub.destinations.of(None))
    near = nearest(id_, ids)
    raise OperationError(
        unknown("destination", id_, ids, see="GET /destinations", label="Known"),
        status=404,
        code="unknown_destination",
        details={} if near is None else {"nearest": near},
    )


def refused(error: VendorStateError, *, within: str) -> OperationError:
    """Say over the control plane what a vendor does not take."""
    place = ".".join(part for part in (within, error.place) if part)
    return OperationError(
        f"{place}: {error.reason}",
        status=422,
        code="invalid_parameter",
        details={"parameter": place},
    )


def _vendor(hub: Hub, id_: str) -> Vendor:
    connected = existing(hub, id_)
    if connected.vendor is None:
        raise OperationError(
            f"{id_} is a service of your own, at {', '.join(connected.urls)}: mockseg sees what"
            " it sends there (GET /deliveries), not what is done with it",
            status=409,
            code="not_imitated",
        )
    return connected.vendor


def _view(hub: Hub, connected: Connected) -> DestinationView:
    asked, vendor = connected.asked, connected.vendor
    return DestinationView(
        id=connected.id,
        type=asked.type,
        source=asked.source,
        name=asked.name,
        enabled=asked.enabled,
        settings=asked.settings,
        filters=asked.filters,
        consent_categories=asked.consent_categories,
        imitated=vendor is not None,
        path=None if vendor is None else connected.path,
        urls=list(connected.urls) if vendor is None else [],
        actions={}
        if vendor is None
        else {name: _action(action) for name, action in vendor.actions.items()},
        errors=[] if vendor is None else list(vendor.imitation.errors),
        pending=hub.destinations.pending_at(connected.id),
    )


def _action(action: Action) -> ActionView:
    fields = msgspec.structs.fields(action.arguments)
    return ActionView(
        summary=action.summary,
        arguments={field.encode_name: _type_name(field.type) for field in fields},
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
