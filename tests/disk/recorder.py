"""A hub in a process of its own that records batches until it is killed, and says which it answers.

Usage: recorder.py FILE NAME SYNC
"""

from __future__ import annotations

import asyncio
import itertools
import sys

from arrivals import batch_arrival

from mockseg.clock import breathe
from mockseg.config import Settings
from mockseg.hub.hub import Hub


async def _record(file: str, name: str, sync: str) -> None:
    hub = Hub(Settings(journal=file, journal_sync=sync))  # type: ignore[arg-type]
    for number in itertools.count():
        calls = [
            {"type": "track", "event": "E", "userId": "u", "messageId": f"{name}-{number}.{place}"}
            for place in range(3)
        ]
        hub.accept(batch_arrival(*calls))
        saving = hub.journal.saving
        assert (saving is None) == (sync == "off")
        if saving is not None:
            await saving
        sys.stdout.write(f"{name}-{number}\n")
        sys.stdout.flush()
        if saving is None:
            # The commit follows at the end of this turn.
            await breathe()


asyncio.run(_record(*sys.argv[1:]))
