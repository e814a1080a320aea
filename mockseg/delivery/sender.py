"""What carries a request to a real URL; :mod:`mockseg.web.sender` has the one over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from mockseg.delivery.retrying import Unanswered

if TYPE_CHECKING:
    from mockseg.clock import Clock
    from mockseg.delivery.outgoing import Outgoing
    from mockseg.destinations.vendor import VendorResponse

__all__ = ["Sender", "send_within"]


class Sender(Protocol):
    """Sends requests. How long an answer may take is the caller's to say: it cancels."""

    async def send(self, request: Outgoing) -> VendorResponse | Unanswered:
        """Send a request; give what was answered, or why nothing was. Never raises for those."""
        ...

    async def close(self) -> None:
        """Close what is open; a later request opens it again."""
        ...


async def send_within(
    sender: Sender, request: Outgoing, clock: Clock, *, seconds: float
) -> VendorResponse | Unanswered:
    """Send a request; what takes longer than so many seconds of this clock is given up."""
    sending = asyncio.ensure_future(sender.send(request))
    limit = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({sending, limit}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            return Unanswered("ETIMEDOUT", f"none within {seconds:g} s")
        return sending.result()
    except Exception as error:  # noqa: BLE001  (one call must not stop all others)
        return Unanswered("INTERNAL", repr(error)[:500])
    finally:
        limit.cancel()
        sending.cancel()
        await asyncio.gather(sending, limit, return_exceptions=True)
