"""What type checkers make of the public API; `mypy` reads this file, nothing runs it.

A line that must be refused carries a `type: ignore` with its code: where it is accepted,
mypy reports the comment as unused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from hypothesis.strategies import SearchStrategy
from pytest_mockseg import AsyncSegmentSource, SegmentClock, SegmentServer, SegmentSource

from mockseg import (
    ANY,
    AsyncClient,
    AsyncDestination,
    AsyncSource,
    Call,
    Client,
    Delivery,
    Destination,
    EdgeAnswer,
    MockSegment,
    Source,
    approx,
    identify,
    sample,
    strategies,
    track,
)
from mockseg.strategies import Invalid, MistakeKind

if TYPE_CHECKING:
    from mockseg.operations.calls import Summary
    from mockseg.operations.destinations import AudienceChanged


def matchers() -> None:
    """A matcher takes the match keys, and no other words."""
    track("Signed Up", user_id="u1", properties={"plan": ANY, "total": approx(42, abs=0.01)})
    identify("u1", traits={"email": "ada@example.com"})
    track("Signed Up", propertys={})  # type: ignore[call-arg]


def a_source(source: Source) -> None:
    """Verbs that block return values."""
    assert_type(source.calls(), list[Call])
    assert_type(source.calls(track(), good=True), list[Call])
    assert_type(source.wait_for(track("A"), timeout=2), Call)
    assert_type(source.wait_for_all(track("A"), 2), list[Call])
    assert_type(source.assert_called(track("A")), Call)
    assert_type(source.assert_called(track("A"), times=2), list[Call])
    assert_type(source.assert_in_order([track("A"), track("B")]), list[Call])
    assert_type(source.settle(quiet=0.1), int)
    assert_type(source.clear(), int)
    assert_type(source.send({"type": "track"}, batch=True), list[EdgeAnswer])
    source.send("Signed Up")  # type: ignore[arg-type]
    assert_type(source.aio, AsyncSource)
    assert_type(source.destination("webhook", url="http://127.0.0.1:1"), Destination)
    assert_type(source.deliveries(), list[Delivery])
    summary: Summary = source.summary()
    assert_type(summary.good, int)
    assert_type(source.assert_no_calls_after(track("A"), within=0), Call)
    assert_type(source.assert_matches_golden("a.json", update=True), None)
    assert_type(source.calls("is:bad type:track"), list[Call])
    source.calls(7)  # type: ignore[arg-type]
    source.calls(evnt="A")  # type: ignore[call-arg]
    source.wait_for()  # type: ignore[call-arg]
    source.wait_for(track("A"), 2)  # type: ignore[call-arg]
    source.assert_called("Signed Up")  # type: ignore[call-overload]
    source.assert_called(track("A"), wiat=1)  # type: ignore[call-overload]
    source.update(strictnes="strict")  # type: ignore[call-arg]


def kinds_of_mistakes() -> None:
    """The kinds are words that a type checker knows."""
    kind: MistakeKind = "wrong_type"
    assert_type(strategies.invalid_event("A", kinds=[kind, "enum"]), SearchStrategy[Invalid])
    strategies.invalid_events("spec", kinds=["missing", "ids"], discards=False)
    strategies.invalid_messages(kinds=["ids"])
    strategies.invalid_events("spec", kinds=["enums"])  # type: ignore[list-item]


async def an_awaitable_source(source: AsyncSource) -> None:
    """The same verbs, awaited; without it they are no values."""
    assert_type(await source.calls(), list[Call])
    assert_type(await source.wait_for(track("A")), Call)
    assert_type(await source.assert_called(track("A")), Call)
    assert_type(await source.assert_called(track("A"), times=2), list[Call])
    assert_type(await source.settle(), int)
    assert_type(await source.send({"type": "track"}), list[EdgeAnswer])
    await source.wait_for(track("A"), timout=1)  # type: ignore[call-arg]
    _call: Call = source.wait_for(track("A"))  # type: ignore[assignment]


def a_destination(source: Source) -> None:
    """The parts of a source have verbs of their own."""
    crm = source.destination("userengage", attributes={"plan": "string"})
    assert_type(crm.aio, AsyncDestination)
    assert_type(crm.state(), dict[str, Any])
    assert_type(crm.eligible("s", "u1"), bool)
    assert_type(crm.update(enabled=False), None)
    crm.update(enabld=False)  # type: ignore[call-arg]
    assert_type(source.destinations(), list[Destination])
    assert_type(source.deliveries(to=crm, state="failed"), list[Delivery])
    source.deliveries(state="lost")  # type: ignore[arg-type]
    members: AudienceChanged = source.audience("buyers").enter(["u1"])
    assert_type(members.members, list[str])


async def an_awaitable_destination(source: AsyncSource) -> None:
    """The same, awaited."""
    crm = await source.destination("userengage")
    assert_type(crm, AsyncDestination)
    assert_type(await crm.state(), dict[str, Any])
    assert_type(await crm.fail("rate_limited", times=2), None)
    assert_type(await source.destinations(), list[AsyncDestination])


def a_call(call: Call) -> None:
    """What is known of a call has a type, and what is not is JSON."""
    assert_type(call.user_id, str | None)
    assert_type(call.good, bool)
    assert_type(call.properties, dict[str, Any])
    call.event = "other"  # type: ignore[misc]


def servers() -> None:
    """A server in this process, and clients of one elsewhere."""
    with MockSegment() as server:
        assert_type(server.url, str)
        assert_type(server.source(catalogue="userguiding"), Source)
        server.source(catalog="userguiding")  # type: ignore[call-arg]
    with Client("http://127.0.0.1:8765") as client:
        assert_type(client.source("key"), Source)
    assert_type(sample("guide started (userguiding)"), dict[str, Any])


async def awaitable_clients() -> None:
    """A client for event loops."""
    async with AsyncClient("http://127.0.0.1:8765") as client:
        assert_type(await client.source("key"), AsyncSource)


def fixtures(segment: SegmentSource, segment_server: SegmentServer, clock: SegmentClock) -> None:
    """What a test's parameters are annotated with."""
    assert_type(segment.aio, AsyncSegmentSource)
    assert_type(segment.assert_called(track("A")), Call)
    assert_type(segment_server.source(), Source)
    clock.advance(60)
