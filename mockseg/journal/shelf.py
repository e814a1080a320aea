"""One source's part of the journal in memory."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from mockseg.domain.lost import Lost

if TYPE_CHECKING:
    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest


# A list gives up its front in one move once so much of it is spent.
_SPENT = 4096


class Shelf:
    """Calls and requests of one source, oldest first, evicted from the front.

    Attributes:
        lost_cursor: of the latest call that was evicted, 0 when none was.
        size_bytes: of the bodies of its requests.
    """

    __slots__ = (
        "_calls",
        "_first_call",
        "_first_request",
        "_lost_calls",
        "_lost_number",
        "_lost_requests",
        "_requests",
        "lost_cursor",
        "size_bytes",
    )

    def __init__(self) -> None:
        self._calls: list[KeptCall | None] = []
        self._first_call = 0
        self._requests: list[KeptRequest | None] = []
        self._first_request = 0
        self.size_bytes = 0
        self._lost_calls = self.lost_cursor = 0
        self._lost_requests = self._lost_number = 0

    @property
    def call_count(self) -> int:
        """Return how many calls are kept here."""
        return len(self._calls) - self._first_call

    @property
    def request_count(self) -> int:
        """Return how many requests are kept here."""
        return len(self._requests) - self._first_request

    @property
    def complete(self) -> bool:
        """Return whether nothing was evicted here."""
        return not self.lost_cursor and not self._lost_number

    @property
    def lost(self) -> Lost:
        """Return what was evicted here."""
        return Lost(self._lost_calls, self.lost_cursor, self._lost_requests, self._lost_number)

    @property
    def whole(self) -> Lost:
        """Return what is lost when all that is kept here goes."""
        last_call = self._calls[-1] if self.call_count else None
        last_request = self._requests[-1] if self.request_count else None
        return Lost(self.call_count, _cursor(last_call), self.request_count, _number(last_request))

    def add(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        """Put a request and its calls at the end."""
        self._requests.append(request)
        self._calls.extend(calls)
        self.size_bytes += len(request.body)

    def evict_calls(self, count: int) -> int:
        """Evict the oldest calls, and the requests that no kept call needs any more.

        Returns:
            How many requests went with them.
        """
        first, calls = self._first_call + count, self._calls
        spent = calls[first - 1]
        assert spent is not None  # noqa: S101  (what lies after the first is never spent)
        calls[self._first_call : first] = [None] * count
        self._first_call = first
        self._lost_calls += count
        self.lost_cursor = spent.cursor
        following = calls[first] if first < len(calls) else None
        needed = spent.request.number + 1 if following is None else following.request.number
        went = 0
        while self.request_count and self._oldest().number < needed:
            self._drop_request()
            went += 1
        self._trim()
        return went

    def evict_request(self) -> int:
        """Evict the oldest request with its calls.

        Returns:
            How many calls went with it.
        """
        number = self._oldest().number
        went = 0
        while self.call_count:
            call = self._calls[self._first_call]
            if call is None or call.request.number > number:
                break
            self._calls[self._first_call] = None
            self._first_call += 1
            self.lost_cursor = call.cursor
            went += 1
        self._lost_calls += went
        self._drop_request()
        self._trim()
        return went

    def remove(self, call: KeptCall) -> None:
        """Take one call out."""
        del self._calls[bisect_right(self._calls, call.cursor - 1, self._first_call, key=_cursor)]

    def calls_after(self, cursor: int, limit: int) -> list[KeptCall]:
        """Return at most `limit` calls after a cursor, oldest first."""
        start = bisect_right(self._calls, cursor, lo=self._first_call, key=_cursor)
        return [call for call in self._calls[start : start + limit] if call is not None]

    def latest(self, limit: int) -> list[KeptCall]:
        """Return the newest calls, newest first."""
        start = max(self._first_call, len(self._calls) - limit)
        return [call for call in reversed(self._calls[start:]) if call is not None]

    def requests_after(self, number: int, limit: int) -> list[KeptRequest]:
        """Return at most `limit` requests after a number, oldest first."""
        start = bisect_right(self._requests, number, lo=self._first_request, key=_number)
        return [item for item in self._requests[start : start + limit] if item is not None]

    def _oldest(self) -> KeptRequest:
        oldest = self._requests[self._first_request]
        assert oldest is not None  # noqa: S101  (what lies after the first is never spent)
        return oldest

    def _drop_request(self) -> None:
        oldest = self._oldest()
        self.size_bytes -= len(oldest.body)
        self._lost_requests += 1
        self._lost_number = oldest.number
        self._requests[self._first_request] = None
        self._first_request += 1

    def _trim(self) -> None:
        if self._first_call > _SPENT and self._first_call * 2 > len(self._calls):
            del self._calls[: self._first_call]
            self._first_call = 0
        if self._first_request > _SPENT and self._first_request * 2 > len(self._requests):
            del self._requests[: self._first_request]
            self._first_request = 0


def _cursor(call: KeptCall | None) -> int:
    return 0 if call is None else call.cursor


def _number(request: KeptRequest | None) -> int:
    return 0 if request is None else request.number
