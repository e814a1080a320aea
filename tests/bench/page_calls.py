"""The calls that the page shows while it is measured."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any, Final
from urllib.parse import quote

__all__ = ["EXTREMES", "fill", "fill_extremes", "row_query"]

_PORTION = 1000
# The names say what is special about them.
EXTREMES: Final = ("of 32 KB", "of 200 levels", "with 15,000 wrong values")


def _ask(port: int, path: str, body: object | None = None) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={} if body is None else {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310  (our own address)
        return json.load(answer)


def fill(port: int, *, calls: int, sources: int = 1, event: str = "Order Completed") -> None:
    """Import calls of about 600 bytes, of so many sources by turns."""
    for start in range(0, calls, _PORTION):
        portion = [
            {
                "source": f"bench{number % sources:05d}",
                "message": {
                    "type": "track",
                    "event": event,
                    "userId": f"user-{number % 100}",
                    "properties": {
                        "orderId": f"o-{number}",
                        "total": 42.5,
                        "coupon": "SUMMER" if number % 100 else "SPRING",
                        "note": "x" * 270,
                    },
                    "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
                },
            }
            for number in range(start, min(calls, start + _PORTION))
        ]
        _ask(port, "/_mockseg/v1/calls/import", {"calls": portion})


def fill_extremes(port: int) -> dict[str, str]:
    """Import calls that are large, deep or full of findings; return their ids by name."""
    deep: Any = 1
    for _ in range(200):
        deep = {"d": deep}
    wrong = [{"price": "4"} for _ in range(7500)]
    properties: dict[str, Any] = {
        "of 32 KB": {f"property {number}": f"value {number} " * 3 for number in range(600)},
        "of 200 levels": {"deep": deep},
        "with 15,000 wrong values": {"total": "42", "products": wrong},
    }
    _ask(port, "/_mockseg/v1/sources", {"writeKey": "shop", "catalogue": ["ecommerce"]})
    ids = {}
    for number, name in enumerate(EXTREMES, 1):
        message = {
            "type": "track",
            "event": "Order Completed",
            "userId": "u1",
            "properties": properties[name],
        }
        call = {"source": "shop", "message": message}
        _ask(port, "/_mockseg/v1/calls/import", {"calls": [call]})
        ids[name] = f"call-{number}"
    return ids


def row_query(port: int, q: str) -> float:
    """Ask for the rows of a query; return how many milliseconds it took."""
    began = time.perf_counter()
    _ask(port, f"/_mockseg/v1/calls/rows?limit=500&q={quote(q)}")
    return (time.perf_counter() - began) * 1000
