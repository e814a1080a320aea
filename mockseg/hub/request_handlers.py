"""What the operations on requests do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.errors import OperationError
from mockseg.hub.views import request_view
from mockseg.operations.requests import RequestPage

if TYPE_CHECKING:
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.machine import Hub
    from mockseg.operations.requests import GetRequest, ListRequests, RequestView

__all__ = ["get_request", "list_requests"]


async def list_requests(hub: Hub, asked: ListRequests) -> RequestPage:
    """Give a page of requests."""
    page = hub.requests_after(asked.after, limit=asked.limit + 1, source=asked.source)
    shown = page[: asked.limit]
    return RequestPage(
        requests=[_request(hub, request) for request in shown],
        next=shown[-1].number if len(page) > asked.limit else None,
    )


async def get_request(hub: Hub, asked: GetRequest) -> RequestView:
    """Give one request whole."""
    number = asked.id.removeprefix("req-")
    countable = number.isascii() and number.isdigit() and len(number) < 20
    request = hub.journal.request(int(number)) if countable else None
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
