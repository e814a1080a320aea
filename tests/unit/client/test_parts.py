"""The parts of a source: its destinations and audiences."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mockseg.errors import BlockingCallError, UnmetExpectationError
from mockseg.matching.matchers import track
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.client.source import Source


@pytest.fixture
def source() -> Iterator[Source]:
    """Return a source of a server in this process."""
    with MockSegment() as server:
        yield server.source()


def test_an_audience_is_awaitable_as_its_refusal_says(source: Source) -> None:
    """What is named under an event loop exists."""
    audience = source.audience("Buyers")

    async def changed() -> list[str]:
        return (await audience.aio.enter(["u1"])).members

    assert asyncio.run(changed()) == ["u1"]
    assert audience.leave(["u1"]).members == []


def test_a_destination_waits_as_long_as_its_source_says(source: Source) -> None:
    """Where the caller names no seconds."""
    source._scope.wait = 0.0
    destination = source.destination("userengage")
    with pytest.raises(UnmetExpectationError, match="Nothing reached it"):
        destination.assert_received(track("Signed Up"))


def test_both_kinds_of_a_destination_see_the_same(source: Source) -> None:
    """What one changes, the other shows."""
    destination = source.destination("userengage")
    asyncio.run(_rename(destination.aio))
    assert destination.view.name == "crm"


async def _rename(destination: object) -> None:
    await destination.update(name="crm")  # type: ignore[attr-defined]


def test_a_refusal_under_an_event_loop_names_the_part(source: Source) -> None:
    """With what to write instead."""
    destination = source.destination("userengage")

    async def asserts() -> None:
        destination.assert_received(wait=0)

    with pytest.raises(BlockingCallError, match=r"destination\(\.\.\.\)\.aio\.assert_received"):
        asyncio.run(asserts())
