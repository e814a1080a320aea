"""The answer that nearly every request gets: made once, and the same as any other."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from mockseg.clock import SystemClock

BODY = b'{"userId":"u1","event":"E","writeKey":"k"}'
HEAD = b"POST /v1/track HTTP/%b\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n"


def request(*, version=b"1.1", headers=b""):
    """Give a good request as bytes."""
    return HEAD % (version, len(BODY), headers) + BODY


async def test_it_is_byte_for_byte_what_aiohttp_makes_of_it(client, exchange):
    """The first answer is sent as it is kept, the last one is put together for its request."""
    last = request(headers=b"Connection: close\r\n")
    answers = await exchange(client, request() + request() + last)
    undated = re.sub(rb"Date: [^\r]+", b"Date: ", answers)
    first, second, third = (b"HTTP/1.1" + part for part in undated.split(b"HTTP/1.1")[1:])
    assert first == second == third.replace(b"Connection: close\r\n", b"")
    assert first.endswith(b'\r\n\r\n{"success":true}')


async def test_its_date_is_now(client, exchange):
    """SDKs take their clock from it."""
    answers = await exchange(client, request() + request(headers=b"Connection: close\r\n"))
    dates = re.findall(rb"Date: ([^\r]+)", answers)
    now = SystemClock().now_ns() / 1_000_000_000
    for date in dates:
        assert abs(parsedate_to_datetime(date.decode()).timestamp() - now) < 60
    assert len(dates) == 2


async def test_who_asks_for_more_gets_more(client, exchange):
    """An origin, and HTTP/1.0 with keep-alive, need headers that others do not."""
    with_origin = request(headers=b"Origin: https://a.example\r\n")
    answers = await exchange(client, with_origin + request(headers=b"Connection: close\r\n"))
    assert answers.count(b"Access-Control-Allow-Origin: https://a.example\r\n") == 1
    old = request(version=b"1.0", headers=b"Connection: keep-alive\r\n")
    answers = await exchange(client, old + request(version=b"1.0"))
    assert answers.count(b'{"success":true}') == 2
    assert answers.count(b"Connection: keep-alive\r\n") == 1


async def test_whoever_hangs_up_is_recorded_all_the_same(client, exchange):
    """A client that does not wait for its answer costs nothing but the answer."""
    await exchange(client, request(), hang_up=True)
    assert [call.user_id for call in client.hub.journal.calls_after(0, limit=10)] == ["u1"]
