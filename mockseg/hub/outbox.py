"""The way out of a hub: requests to real URLs go through whatever its server hands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.delivery.retrying import Unanswered

if TYPE_CHECKING:
    from mockseg.delivery.outgoing import Outgoing
    from mockseg.delivery.sender import Sender
    from mockseg.destinations.vendor import VendorResponse


class Outbox:
    """A :class:`mockseg.delivery.sender.Sender` that is given one of its own later.

    Attributes:
        sender: that a server handed in, or None.
    """

    def __init__(self) -> None:
        self.sender: Sender | None = None

    async def send(self, request: Outgoing) -> VendorResponse | Unanswered:
        """Send a request, if there is a way out."""
        if self.sender is None:
            return Unanswered("EHOSTUNREACH", "this hub has no server, and so no way out")
        return await self.sender.send(request)

    async def close(self) -> None:
        """Close what is open."""
        if self.sender is not None:
            await self.sender.close()
