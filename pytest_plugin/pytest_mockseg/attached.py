"""A server that runs elsewhere."""

from __future__ import annotations

from mockseg.client.client import Client
from pytest_mockseg.servers import SegmentServer


class AttachedServer(SegmentServer, Client):
    """A server that runs elsewhere."""

    def end(self) -> None:
        """Let go of it."""
        self.close()
