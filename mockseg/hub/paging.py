"""Pages of a list: bounded in number and in bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from mockseg.clock import Turn

_Record = TypeVar("_Record")
_Made = TypeVar("_Made")

# A page of more would take longer to encode than one request may hold the others up.
MAX_PAGE_BYTES = 4_000_000


def fitting(
    found: Sequence[_Record], *, limit: int, size: Callable[[_Record], int]
) -> list[_Record]:
    """Return the first records that fit into one page, one at least.

    Args:
        found: in the order of the page.
        limit: maximum number of records.
        size: of a record, in bytes.
    """
    page: list[_Record] = []
    left = MAX_PAGE_BYTES
    for record in found[:limit]:
        left -= size(record)
        if left < 0 and page:
            break
        page.append(record)
    return page


async def made_in_turns(
    make: Callable[[_Record], _Made], records: Iterable[_Record]
) -> list[_Made]:
    """Return what is made of each record; others have their turn every 2 ms."""
    turn, made = Turn(), []
    for record in records:
        made.append(make(record))
        await turn.over()
    return made
