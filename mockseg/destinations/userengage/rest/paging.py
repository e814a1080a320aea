"""Pages of a list: a cursor, at most a hundred records, the envelope of version 2.

Source: User.com REST API v2, "Basic API usage"; the form of the cursor is nowhere public.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mockseg.destinations.userengage.rest.ask import Ask
    from mockseg.json_types import Json, JsonObject


_CURSOR = re.compile(r"([ab])=([0-9]{1,18})")


def page(
    ask: Ask, records: Sequence[tuple[int, Json]], *, shown: Callable[[Json], Json]
) -> JsonObject:
    """Give one page of records.

    Args:
        ask: its cursor says which page.
        records: ids, rising, and what `shown` makes JSON of.
        shown: called for the records of the page only.

    Returns:
        ``{"count", "next", "previous", "results"}``.

    Raises:
        Refused: 404, the cursor is none.
    """
    size = ask.setup.page_size
    side, bound = _cursor(ask)
    if side == "a":
        rest = [record for record in records if record[0] > bound]
        chosen = rest[:size]
    else:
        rest = [record for record in records if record[0] < bound]
        chosen = rest[-size:]
    first, last = (chosen[0][0], chosen[-1][0]) if chosen else (bound, bound)
    return {
        "count": len(records),
        "next": _link(ask, "a", last) if records and last < records[-1][0] else None,
        "previous": _link(ask, "b", first) if records and first > records[0][0] else None,
        "results": [shown(record) for _, record in chosen],
    }


def _cursor(ask: Ask) -> tuple[str, int]:
    """Read the cursor: records after an id, or before one."""
    given = ask.request.argument("cursor")
    if given is None:
        return "a", 0
    try:
        padded = given + "=" * (-len(given) % 4)
        text = base64.b64decode(padded.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    match = _CURSOR.fullmatch(text)
    if match is None:
        ask.missing("Invalid cursor.")
    return match[1], int(match[2])


def _link(ask: Ask, side: str, bound: int) -> str:
    """Give the URL of a neighbouring page: absolute wherever the vendor's own address is known."""
    cursor = base64.urlsafe_b64encode(f"{side}={bound}".encode()).decode().rstrip("=")
    request = ask.request
    pairs = [pair for pair in request.query if pair[0] != "cursor"]
    path = quote(request.path) if request.base_url else ""
    return f"{request.base_url}{path}?{urlencode([*pairs, ('cursor', cursor)])}"
