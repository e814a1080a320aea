"""A journal's file with something of everything, and what its server answers.

Usage: journal_fixture.py FOLDER

It is run once with each release that changes the format of the file, and its files are kept in
`fixtures/RELEASE`: `journal.db.gz`, and `journal.json` with the answers by operation.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from journal_files import arrival, hub_of, perform

from mockseg import json_types

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

# Asked with what, in this order.
QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("list_calls", {"limit": 5}),
    ("list_calls", {"source": "shop", "event": "E", "userId": "u", "order": "newest", "limit": 4}),
    ("list_requests", {"limit": 3}),
    ("list_sources", {"counts": True, "sort": "name"}),
    ("get_source", {"writeKey": "shop"}),
    ("list_deliveries", {"limit": 1000}),
    ("list_destinations", {}),
    ("get_destination_state", {"id": "userengage-1"}),
    ("get_clock", {}),
    ("get_clock", {"source": "shop"}),
    ("summary", {"source": "evicted"}),
)


async def answers(hub: Hub) -> list[Any]:
    """Return what a server answers to the questions, as JSON."""
    results = [await perform(hub, name, **asked) for name, asked in QUESTIONS]
    return [json_types.decode(json_types.encode(result)) for result in results]


async def _record(file: Path) -> list[Any]:
    hub = hub_of(file, seed=1, max_calls=40)
    await perform(hub, "set_clock", now="2026-11-30T12:00:00Z", frozen=True)
    plan = {"rules": [{"type": "TRACK", "key": "Planned", "version": 1, "jsonSchema": {}}]}
    await perform(hub, "create_source", writeKey="shop", name="Shop", edge="2018", plan=plan)
    await perform(hub, "advance_clock", source="shop", seconds=60)
    await perform(hub, "add_destination", type="userengage", source="shop", settings={})
    hub.accept(arrival("a", "b", "a", source="shop"))
    await hub.bell.wait_for(lambda: not hub.destinations.ledger.pending(), seconds=60)
    hub.accept(arrival(source="empty"))
    hub.accept(arrival("c1", "c2", source="cleared"))
    await perform(hub, "clear_calls", source="cleared")
    await perform(hub, "clear_call", id="call-2")
    for number in range(60):
        hub.accept(arrival(f"e{number}", source="evicted"))
    while hub.journal.saving is not None:
        await hub.journal.saving
    found = await answers(hub)
    await hub.destinations.dispatcher.close()
    await hub.finish()
    hub.close()
    return found


def main(folder: Path) -> None:
    """Write both files."""
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        mock.patch("mockseg.journal.segmented.SEGMENT_CALLS", 16),
    ):
        file = Path(name) / "journal.db"
        found = asyncio.run(_record(file))
        (folder / "journal.db.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    (folder / "journal.json").write_text(json.dumps(found, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
