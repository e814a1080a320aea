"""Blocks of a source: what is wrong with them is said before their body runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.client.client import Client
from mockseg.errors import BlockingCallError
from mockseg.matching.matchers import track
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[MockSegment]:
    """Return a server in this process."""
    with MockSegment() as server:
        yield server


def _enter(block: Any, ran: list[str]) -> None:
    with block:
        ran.append("body")


def test_a_block_that_waits_is_refused_under_an_event_loop_before_it_begins(
    server: MockSegment,
) -> None:
    """In process, too, where only its end would stop the loop; it names the block to write."""
    ran: list[str] = []

    async def enters() -> None:
        _enter(server.source().waiting_for(track("A")), ran)

    with pytest.raises(BlockingCallError, match=r"`async with source\.aio\.waiting_for\(\.\.\.\)`"):
        asyncio.run(enters())
    assert ran == []


def test_faults_over_http_under_an_event_loop_name_the_block_to_write(server: MockSegment) -> None:
    """A block cannot be awaited."""
    ran: list[str] = []

    async def enters() -> None:
        _enter(Client(server.url).faults(status=503), ran)

    with pytest.raises(BlockingCallError, match=r"`async with server\.aio\.faults\(\.\.\.\)`"):
        asyncio.run(enters())
    assert ran == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"matcher": "A"}, r"expected a matcher, got 'A'; did you mean track\('A'\)\?"),
        ({"count": 0}, "count is 0: it must be a whole number of 1 or more"),
        ({"timeout": "2"}, "invalid wait '2': expected a number of seconds"),
        ({"timeout": -1}, "invalid wait -1: expected 0 to 3600 seconds"),
    ],
    ids=str,
)
def test_a_wrong_argument_of_a_block_is_told_where_it_is_made(
    server: MockSegment, wrong: dict[str, Any], sentence: str
) -> None:
    """Not after the block has run; and nothing is left that would have to be entered."""
    for source in (server.source(), server.source().aio):
        with pytest.raises((TypeError, ValueError), match=sentence):
            source.waiting_for(**{"matcher": track("A"), **wrong})
    assert server.unused.take() == []
