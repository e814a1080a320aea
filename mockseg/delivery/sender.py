"""What carries a request to its destination, in this process or to a real URL.

:mod:`mockseg.web.sender` has the :class:`Sender` over HTTP.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from mockseg.delivery.retrying import Unanswered
from mockseg.destinations.vendor import VendorRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.clock import Clock
    from mockseg.delivery.outgoing import Outgoing
    from mockseg.destinations.vendor import VendorResponse


_INLET = "/segment"


class Sender(Protocol):
    """Sends requests. How long an answer may take is the caller's to say: it cancels."""

    async def send(self, request: Outgoing) -> VendorResponse | Unanswered:
        """Send a request; give what was answered, or why nothing was. Never raises for those."""
        ...

    async def close(self) -> None:
        """Close what is open; a later request opens it again."""
        ...


def hand_over(
    receive: Callable[[VendorRequest], VendorResponse], request: Outgoing, *, now_ns: int
) -> VendorResponse | Unanswered:
    """Let an imitation in this process have a request, at its inlet, in this very step."""
    asked = VendorRequest(
        method=request.method,
        path=_INLET,
        received_ns=now_ns,
        headers=request.headers,
        body=request.body,
    )
    try:
        return receive(asked)
    except Exception as error:  # noqa: BLE001  (one call must not stop all others)
        return Unanswered("INTERNAL", f"the imitation failed with {error!r}"[:500])


async def send_within(
    sender: Sender | None, request: Outgoing, clock: Clock, *, seconds: float
) -> VendorResponse | Unanswered:
    """Send a request; cancel it after this many seconds of the clock."""
    if sender is None:
        return Unanswered("EHOSTUNREACH", "this hub has no server that could send")
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
