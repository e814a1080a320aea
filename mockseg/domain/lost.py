"""What a server no longer has of a source, although it was not cleared."""

from __future__ import annotations

from typing import Final

import msgspec

# The settings that limit what is kept, in the order in which they are named.
BOUNDS: Final = ("max_calls", "max_requests", "max_bytes", "max_age")


def with_bounds(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return the settings that are in one or the other, in their order."""
    return tuple(each for each in BOUNDS if each in some or each in others)


class ForgottenSource(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A source that a server forgot, because it had too many.

    Attributes:
        known: whether it is known to be one; false where the server has forgotten more sources
            than it can name, and this may be one of them. The rest is then empty.
        at: ISO 8601, the last time.
        times: how often.
        calls: number of calls that were forgotten, with those that it had evicted before.
        requests: number of requests, likewise.
        settings: what it had and no longer has: plan, settings, clock, audiences,
            destinations, faults. Setting one again takes it off this list.
    """

    known: bool = True
    at: str | None = None
    times: int = 0
    calls: int = 0
    requests: int = 0
    settings: tuple[str, ...] = ()


class Lost(msgspec.Struct, frozen=True, rename="camel"):
    """What was evicted or forgotten of a source, or of all, without being cleared.

    Attributes:
        calls: number of calls.
        cursor: of the latest of them; none that came later was lost. 0 when none was.
        requests: number of requests.
        number: of the latest of them; none that came later was lost. 0 when none was.
        forgotten: that the source was forgotten as a whole, or null.
        bounds: the settings over which they were evicted, such as ``max_bytes``; empty where that
            is not known any more.
    """

    calls: int = 0
    cursor: int = 0
    requests: int = 0
    number: int = 0
    forgotten: ForgottenSource | None = None
    bounds: tuple[str, ...] = ()

    def __add__(self, other: Lost) -> Lost:
        return Lost(
            calls=self.calls + other.calls,
            cursor=max(self.cursor, other.cursor),
            requests=self.requests + other.requests,
            number=max(self.number, other.number),
            forgotten=self.forgotten or other.forgotten,
            bounds=with_bounds(self.bounds, other.bounds),
        )

    def inside(self, *, after: int, after_request: int | None = None) -> bool:
        """Return whether a claim about all later calls can no longer be checked.

        Args:
            after: the cursor after which the claim begins.
            after_request: the number of the request after which it begins; None for a claim
                that is not about requests.
        """
        return (
            self.cursor > after
            or (after_request is not None and self.number > after_request)
            # What judged its calls is gone, so that later calls were not judged as meant.
            or (self.forgotten is not None and bool(self.forgotten.settings))
        )


NOTHING_LOST = Lost()
