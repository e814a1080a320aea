"""Driving the real Python SDK: clients whose batches are the same every time, and sessions.

The SDK sends a batch when it is full or when an interval has passed. Here the interval
never passes: a client is told how many calls come, and sends them as one batch then.
"""

from __future__ import annotations

import atexit
import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from segment.analytics import request as sdk_request
from segment.analytics.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SESSIONS", "Session", "close_connections", "end", "new_client"]

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
_NEVER_SECONDS = 3600.0
# Enough for what the tests break; with the SDK's ten a server that is ill takes minutes.
_RETRIES = 3


def new_client(url: str, write_key: str, *, calls: int = 100, **options: Any) -> Client:
    """Make a client that sends whenever so many calls are there; to be ended by :func:`end`."""
    options.setdefault("upload_size", calls)
    options.setdefault("upload_interval", _NEVER_SECONDS)
    options.setdefault("max_retries", _RETRIES)
    return Client(write_key, host=url, **options)


def end(client: Client) -> None:
    """Flush a client and end its thread.

    Its own ``shutdown`` would wait for the interval to pass. A thing that is no message
    wakes its thread instead; the SDK logs that it cannot send it and looks whether to go on.
    """
    atexit.unregister(client.join)
    if client.consumers is None:
        return
    client.flush()
    client.log.disabled = True
    try:
        for consumer in client.consumers:
            consumer.pause()
            consumer.upload_interval = 0
        client.queue.put(object())
        client.join()
    finally:
        client.log.disabled = False


def close_connections() -> None:
    """Close the connections that the SDK keeps for the life of a process."""
    sdk_request._session.close()


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """Calls to drive the SDK through.

    Attributes:
        says: what it shows, a sentence.
        calls: makes them.
        count: how many there are in a batch.
        options: of the client.
        lose_answers: of the tap.
    """

    says: str
    calls: Callable[[Client], None]
    count: int
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    lose_answers: int = 0


def _six_calls(client: Client) -> None:
    client.identify(
        "u-1",
        {"email": "ada@example.com", "age": 36, "address": {"city": "London"}},
        context={"ip": "203.0.113.7", "traits": {"plan": "team"}},
        anonymous_id="a-1",
        timestamp=NOON,
        message_id="python-six-1",
    )
    client.track(
        "u-1",
        "Order Completed",
        {"order_id": "o-1", "revenue": 25.5, "products": [{"sku": "s-1", "quantity": 2}]},
        integrations={"All": True, "Salesforce": False},
        timestamp=NOON,
        message_id="python-six-2",
    )
    client.page(
        "u-1",
        "Docs",
        "Start",
        {"url": "https://example.com/start", "path": "/start"},
        timestamp=NOON,
        message_id="python-six-3",
    )
    client.screen("u-1", "Shop", "Basket", {"items": 2}, timestamp=NOON, message_id="python-six-4")
    client.group(
        "u-1",
        "g-1",
        {"name": "Analytical Engines", "employees": 2},
        timestamp=NOON,
        message_id="python-six-5",
    )
    client.alias("a-1", "u-1", timestamp=NOON, message_id="python-six-6")


def _three_tracks(client: Client) -> None:
    for number in (1, 2, 3):
        client.track(
            "u-1",
            "Counted",
            {"number": number},
            timestamp=NOON,
            message_id=f"python-three-{number}",
        )


def _one_track(client: Client) -> None:
    client.track("u-1", "Sent Twice", timestamp=NOON, message_id="python-retry-1")


def _nulls(client: Client) -> None:
    client.track(
        anonymous_id="a-1",
        event="Anonymous Only",
        properties={"none": None, "list": [None]},
        timestamp=NOON,
        message_id="python-null-1",
    )
    client.page(anonymous_id="a-1", timestamp=NOON, message_id="python-null-2")
    client.identify(17, None, None, timestamp=NOON, message_id="python-null-3")
    # The SDK lets an empty event name pass, Segment does not.
    client.track("u-1", "", timestamp=NOON, message_id="python-null-4")


def _unicode(client: Client) -> None:
    client.track(
        "Zoë-\U0001f469\u200d\U0001f680",
        "Größe geändert \U0001f680",
        {
            "schlüssel": "مرحبا",
            "combining": "e\u0301",
            "astral": "\U0001d54a",
            "lone": "a\ud800b",
            "low": "\udc00",
            "controls": "\x00\x07\u2028\u2029",
            "k\ud800": 1,
        },
        timestamp=NOON,
        message_id="python-unicode-1",
    )


def _times(client: Client) -> None:
    client.track(
        "u-1",
        "Timed",
        {"at": NOON, "day": date(2026, 1, 15), "price": Decimal("9.75"), "tags": ("a", "b")},
        timestamp=datetime(2026, 1, 15, 13, 0, 0, 250_999, tzinfo=timezone(timedelta(hours=1))),
        message_id="python-time-1",
    )
    # The SDK takes a time without a zone that is not now for UTC.
    client.track(
        "u-1",
        "Timed",
        timestamp=datetime(2026, 1, 15, 11),  # noqa: DTZ001  (what it does with one is the point)
        message_id="python-time-2",
    )
    client.track(
        "u-1",
        "Timed",
        timestamp=datetime(2026, 1, 15, 6, 30, tzinfo=timezone(-timedelta(hours=4, minutes=30))),
        message_id="python-time-3",
    )


def _context_and_integrations(client: Client) -> None:
    client.track(
        "u-1",
        "Routed",
        context={
            "active": True,
            "campaign": {"name": "Spring", "source": "mail"},
            "groupId": "g-1",
            "library": {"name": "not-this"},
            "page": {"url": "https://example.com/", "search": ""},
        },
        integrations={"All": False, "Amplitude": {"session_id": 1768478400000}, "Mixpanel": True},
        timestamp=NOON,
        message_id="python-context-1",
    )


def _duplicates(client: Client) -> None:
    for number in (1, 2):
        client.track(
            "u-1",
            "Said Once",
            {"number": number},
            timestamp=NOON,
            message_id="python-duplicate-1",
        )


SESSIONS = {
    "six-calls": Session("All six types of calls, in one batch.", _six_calls, 6),
    "gzip": Session(
        "A batch compressed with gzip, which the SDK does when told to.",
        _three_tracks,
        3,
        {"gzip": True},
    ),
    "sync-mode": Session(
        "In sync mode every call is a batch of its own, sent before the call returns.",
        _three_tracks,
        3,
        {"sync_mode": True},
    ),
    "nulls": Session(
        "Ids and names that were not given are sent as null; an empty event name is sent too.",
        _nulls,
        4,
    ),
    "unicode": Session(
        "All text is escaped to ASCII; a lone surrogate stays one, as an escape.", _unicode, 1
    ),
    "times": Session(
        "Times have milliseconds and their own offset; sentAt has microseconds.", _times, 3
    ),
    "context-and-integrations": Session(
        "Context and integrations are the event's own; the library's name is the SDK's.",
        _context_and_integrations,
        1,
    ),
    "duplicates": Session("A messageId twice in one batch.", _duplicates, 2),
    "retry": Session(
        "The answer to the first request got lost: the same messageId comes again, in a"
        " request that counts itself as a retry.",
        _one_track,
        1,
        lose_answers=1,
    ),
}
