"""What the operations on requests do."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mockseg.errors import OperationError
from mockseg.hub.views import request_view
from mockseg.operations.requests import RequestPage

if TYPE_CHECKING:
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.hub import Hub
    from mockseg.operations.requests import GetRequest, ListRequests, RequestView


async def list_requests(hub: Hub, asked: ListRequests) -> RequestPage:
    """Return a page of requests."""
    found = await _found(hub, asked)
    shown = found[: asked.limit]
    return RequestPage(
        requests=[_view(hub, request, body=asked.body) for request in shown],
        next=shown[-1].number if len(found) > asked.limit else None,
    )


async def _found(hub: Hub, asked: ListRequests) -> list[KeptRequest]:
    """Return the requests that are asked for, and one more where there are more."""
    newest = asked.order == "newest"
    # A full deque drops its oldest.
    found: deque[KeptRequest] = deque(maxlen=asked.limit + 1)
    async for portion in hub.scan_requests(after=asked.after, source=asked.source):
        for request in portion:
            if asked.before is not None and request.number >= asked.before:
                break
            if asked.refused not in {None, request.refused}:
                continue
            found.append(request)
            if not newest and len(found) > asked.limit:
                return list(found)
        else:
            continue
        break
    return list(reversed(found)) if newest else list(found)


async def get_request(hub: Hub, asked: GetRequest) -> RequestView:
    """Return one request whole."""
    number = asked.id.removeprefix("req-")
    countable = number.isascii() and number.isdigit() and len(number) < 20
    request = hub.journal.request(int(number)) if countable else None
    if request is None:
        raise OperationError(
            f'no request "{asked.id[:100]}" is kept', status=404, code="unknown_request"
        )
    return _view(hub, request, body=True)


def _view(hub: Hub, request: KeptRequest, *, body: bool) -> RequestView:
    return request_view(request, hub.calls_of(request), body=body)
