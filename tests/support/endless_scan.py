"""A scan of a journal that has no end: what asks for it waits until it is ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mockseg.clock import breathe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from mockseg.domain.call import KeptCall
    from mockseg.hub.hub import Hub


class EndlessScan:
    """Every search of a hub's calls from now on.

    Args:
        hub: has the journal.
        monkeypatch: puts it there.
        names: of the journal's methods that it takes the place of.

    Attributes:
        portions: how many were looked at.
        begun, ended: of the first search.
    """

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        self._calls = hub.journal.calls_after(0, limit=1)
        self.portions = 0
        self.begun, self.ended = asyncio.Event(), asyncio.Event()
        for name in names:
            monkeypatch.setattr(type(hub.journal), name, self)

    async def __call__(self, **_span: Any) -> AsyncIterator[list[KeptCall]]:
        """Yield the same calls again and again; others have their turn."""
        try:
            while True:
                self.portions += 1
                yield self._calls
                self.begun.set()
                await breathe()
        finally:
            self.ended.set()
