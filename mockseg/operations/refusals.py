"""Refused requests, counted by how and why they were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.domain.request import refusal_reason, refusal_text, route_text
from mockseg.operations.base import Result

if TYPE_CHECKING:
    from mockseg.domain.request import KeptRequest
    from mockseg.operations.requests import RequestView


MOST_KINDS: Final = 10


class Refusals(Result, frozen=True):
    """Requests that were refused in the same way.

    Attributes:
        status: HTTP status.
        method, path: as sent.
        reason: one sentence; empty where none is known.
        count: how many.
    """

    status: int
    method: str
    path: str
    reason: str
    count: int = 1

    @property
    def route(self) -> str:
        """Return what they asked for: ``POST /v1/track``."""
        return route_text(self.method, self.path)

    @property
    def text(self) -> str:
        """Return them in a few words: ``404 POST /v1/v1/t; /v1 is doubled (3 times)``."""
        return self.kind if self.count == 1 else f"{self.kind} ({self.count:,} times)"

    @property
    def kind(self) -> str:
        """Return how and why they were refused, without their number."""
        return refusal_text(
            status=self.status, method=self.method, path=self.path, reason=self.reason
        )


class RefusalCounter:
    """Counts refused requests; of the first 10 kinds of refusals it knows how many each has.

    Attributes:
        total: how many were refused.
    """

    __slots__ = ("_kinds", "total")

    def __init__(self) -> None:
        self.total = 0
        self._kinds: dict[tuple[int, str, str, str], int] = {}

    def add(self, request: KeptRequest | RequestView) -> None:
        """Count a request, if it was answered 4xx or 5xx."""
        if request.answer.status < 400:
            return
        self.total += 1
        reason = refusal_reason(request.reason, request.fault)
        kind = (request.answer.status, request.method, request.path, reason)
        if kind in self._kinds or len(self._kinds) < MOST_KINDS:
            self._kinds[kind] = self._kinds.get(kind, 0) + 1

    @property
    def kinds(self) -> list[Refusals]:
        """Return the kinds in the order in which they first came."""
        return [Refusals(*kind, count) for kind, count in self._kinds.items()]
