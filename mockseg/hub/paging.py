"""Pages of a list: bounded in number and in bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

_Record = TypeVar("_Record")

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
