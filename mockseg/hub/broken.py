"""A request that a fault has hit: what becomes of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mockseg.domain.request import FaultMark
from mockseg.faults.served import NO_ANSWER, Served, served

if TYPE_CHECKING:
    from mockseg.domain.request import Answer
    from mockseg.faults.effect import Effect
    from mockseg.hub.sources import Source


@dataclasses.dataclass(frozen=True, slots=True)
class Broken:
    """What a fault does to one request.

    Attributes:
        fault: its id.
        effect: what it does.
        delay: seconds before the answer, as they were drawn.
        source: whose request it is.
    """

    fault: str
    effect: Effect
    delay: float
    source: Source

    @property
    def mark(self) -> FaultMark:
        """Give what is kept of it with the request."""
        return FaultMark(id=self.fault, words=self.effect.words, stored=self.effect.stores)

    def serve(self, usual: Answer) -> Served:
        """Make the answer out of the usual one."""
        return served(
            self.effect,
            usual,
            # Clients reckon with moments in headers by the second of the answer.
            now_ns=self.source.clock.now_ns() + round(self.delay * 1_000_000_000),
            plain=self.source.error_body == "text",
        )

    def kept(self, usual: Answer) -> Answer:
        """Give what the journal keeps as the answer."""
        return self.serve(usual).answer if self.effect.answers else NO_ANSWER
