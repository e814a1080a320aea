"""What the import of exported calls does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.domain.request import Arrival, Route
from mockseg.domain.timestamps import parse_moment
from mockseg.operations.calls import Imported

if TYPE_CHECKING:
    from mockseg.domain.call import KeptCall
    from mockseg.hub.hub import Hub
    from mockseg.operations.calls import ImportCalls, ImportedCall


async def import_calls(hub: Hub, asked: ImportCalls) -> Imported:
    """Record exported calls, judged anew."""
    duplicates = 0
    for call in asked.calls:
        arrival = _arrival_of(call, asked.source)
        cursor = hub.cursor
        hub.accept(arrival)
        recorded = hub.calls_after(cursor, limit=1, source=arrival.key)
        duplicates += any(_is_duplicate(one) for one in recorded)
    return Imported(imported=len(asked.calls), duplicates=duplicates)


def _is_duplicate(call: KeptCall) -> bool:
    return call.verdict == "dropped" and call.remark is not None and call.remark.duplicate_of > 0


# What was exported was delivered then; `redeliver` is for those who want it again.
_IMPORT_ROUTE = Route(path="/_mockseg/v1/calls/import", carries="batch", delivered=False)


def _arrival_of(call: ImportedCall, source: str | None) -> Arrival:
    """Make a request out of an exported call, with which it gets the same normalised form."""
    message: Any = call.message or call.raw
    received_ns = parse_moment(call.received_at)
    if isinstance(message, dict):
        # Which source it goes to is said beside it.
        message = {key: value for key, value in message.items() if key != "writeKey"}
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
