"""Searches whose client goes away: they end, and look at no further call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from endless_scan import EndlessScan

from mockseg.clock import breathe
from mockseg.operations.calls import ImportCalls, ImportedCall

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub


@pytest.mark.parametrize(
    "path",
    [
        "/_mockseg/?q=event:nothing",
        "/_mockseg/v1/calls/rows?q=event:nothing&total=true",
        "/_mockseg/v1/calls/counts?q=event:nothing",
    ],
)
async def test_a_search_ends_with_its_connection(
    client: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """At once, without a look at who is still there."""
    monkeypatch.setattr("mockseg.web.open_requests.LOOK_SECONDS", 3600.0)
    call = ImportedCall(source="k", message={"type": "track", "userId": "u", "event": "E"})
    await hub.perform("import_calls", ImportCalls(calls=[call]))
    scan = EndlessScan(hub, monkeypatch, "scan", "scan_back")
    asking = asyncio.create_task(client.get(path))
    await scan.begun.wait()
    assert scan.portions > 0
    asking.cancel()
    await scan.ended.wait()
    looked = scan.portions
    await hub.perform("import_calls", ImportCalls(calls=[call]))
    assert scan.portions == looked
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_what_changes_something_is_not_cut_short(
    client: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that closes its connection at once has sent what it sent."""
    monkeypatch.setattr("mockseg.web.open_requests.LOOK_SECONDS", 3600.0)
    begun, done = asyncio.Event(), asyncio.Event()
    perform = hub.perform

    async def slowly(name: str, params: Any) -> Any:
        begun.set()
        for _ in range(100):
            await breathe()
        result = await perform(name, params)
        done.set()
        return result

    monkeypatch.setattr(hub, "perform", slowly)
    asking = asyncio.create_task(client.post("/_mockseg/v1/sources", json={"writeKey": "k"}))
    await begun.wait()
    asking.cancel()
    await done.wait()
    assert hub.sources.get("k") is not None
    with pytest.raises(asyncio.CancelledError):
        await asking
