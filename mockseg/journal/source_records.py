"""What a journal keeps of one source, or of all in the one order."""

from __future__ import annotations

from mockseg.domain.call import KeptCall
from mockseg.domain.lost import Lost
from mockseg.domain.request import KeptRequest
from mockseg.journal.counts import Counts
from mockseg.journal.records import NumberedRecords


class SourceRecords:
    """Calls and requests of one source, or of all in the one order.

    Attributes:
        after: number of the last request before its first one.
        bounds: the settings over which some were evicted.
    """

    __slots__ = ("after", "bounds", "calls", "counts", "requests", "size_bytes")

    def __init__(self, after: int) -> None:
        self.after = after
        self.bounds: tuple[str, ...] = ()
        self.calls: NumberedRecords[KeptCall] = NumberedRecords()
        self.requests: NumberedRecords[KeptRequest] = NumberedRecords()
        self.counts = Counts()
        # Of its calls and requests.
        self.size_bytes = 0

    @property
    def has_evicted(self) -> bool:
        return self.calls.evicted > 0 or self.requests.evicted > 0

    @property
    def lost(self) -> Lost:
        calls, requests = self.calls, self.requests
        return Lost(
            calls.evicted,
            calls.evicted_number,
            requests.evicted,
            requests.evicted_number,
            bounds=self.bounds,
        )

    @property
    def kept(self) -> Lost:
        """What is lost if the whole source is evicted now."""
        calls, requests = self.calls, self.requests
        return Lost(len(calls), calls.newest_number, len(requests), requests.newest_number)
