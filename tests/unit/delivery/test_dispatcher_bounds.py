"""Full queues, and sources and destinations that go while something is under way."""

from __future__ import annotations

import asyncio

from mockseg.clock import breathe
from mockseg.delivery.dispatcher import MAX_WAITING

URL = "http://hook.test/"


async def test_a_full_queue_refuses_visibly(world, call, destination):
    """What waits, and what an attempt is under way for, is not touched."""
    full = world.another(max_waiting=3)
    full.wire.hold("u1")
    of = destination(url=URL, concurrency=1)
    full.dispatcher.offer(of, [call(event="a")])
    await full.wire.until_sent(1)
    full.dispatcher.offer(of, [call(event=event, userId="u2") for event in "bcd"])
    assert full.states == ["queued", "queued", "queued", "failed"]
    failed = full.deliveries[3]
    assert (failed.reason, failed.attempts) == ("queue_full", ())
    assert failed.description == "the queue of User.com is full; at most 3 deliveries"
    assert (full.ledger.refused("key"), full.ledger.refused()) == (1, 1)
    full.wire.release("u1")
    await full.settled()
    assert full.wire.events == ["a", "b", "c"]
    full.dispatcher.drop_source("key")
    assert (full.ledger.refused("key"), full.ledger.refused()) == (0, 0)


async def test_a_queue_takes_at_most_a_quarter_of_max_bytes(world, call, destination):
    """Whatever a call's size: the others of a full queue are refused, and nothing else is."""
    full = world.another(max_bytes=100_000)
    full.wire.hold("u1")
    of = destination(url=URL)
    calls = [call(userId="u1", properties={"pad": "x" * 3000}) for _ in range(20)]
    full.dispatcher.offer(of, calls)
    await full.wire.until_sent(1)
    refused = [each for each in full.deliveries if each.reason == "queue_full"]
    waiting = [each for each in full.deliveries if each.state == "queued"]
    assert len(waiting) == 7
    assert len(refused) == 13
    assert refused[0].description == (
        "the queue of User.com is full; at most 25,000 bytes, a quarter of --max-bytes, each"
    )
    other = destination(url=URL, id="d2")
    full.dispatcher.offer(other, [call(userId="u2")])
    await full.wire.until_sent(2)
    full.wire.release("u1")
    await full.settled()
    assert full.meter.accounts["queues"].size_bytes == 0
    full.dispatcher.offer(of, [call(userId="u3")])
    await full.settled()
    assert full.deliveries[-1].state == "delivered"


async def test_all_queues_take_at_most_half_of_max_bytes(world, call, destination):
    """Many dead destinations are bounded together."""
    full = world.another(max_bytes=100_000)
    full.wire.hold("u1")
    for number in range(6):
        of = destination(url=URL, id=f"d{number}")
        calls = [call(userId="u1", properties={"pad": "x" * 3000}) for _ in range(10)]
        full.dispatcher.offer(of, calls)
        await breathe()
    assert full.meter.accounts["queues"].size_bytes <= 55_000
    last = full.deliveries[-1]
    assert last.description == (
        "the queue of User.com is full; at most 50,000 bytes, half of --max-bytes, all together"
    )
    assert full.meter.size_bytes <= 100_000


def test_100_000_deliveries_may_wait_for_one_destination():
    """As the README says."""
    assert MAX_WAITING == 100_000


async def test_retries_wait_in_the_queue_too(world, call, destination):
    """A destination that is down fills its queue; what waits there is sent when it is up."""
    full = world.another(max_waiting=2)
    full.wire.answers[URL] = [503]
    of = destination(url=URL)
    full.dispatcher.offer(of, [call(event="a")])
    await full.until("retrying")
    full.wire.hold("u2")
    full.dispatcher.offer(of, [call(event="b", userId="u2"), call(event="c", userId="u3")])
    assert full.states == ["retrying", "queued", "failed"]
    full.clock.advance(3600)
    full.wire.release("u2")
    await full.settled()
    assert sorted(full.wire.events) == ["a", "a", "b"]


async def test_a_queue_that_is_always_full_keeps_the_oldest(world, call, destination, receiver):
    """Thousands that are offered at once neither wait nor are lost without a trace."""
    full = world.another(max_waiting=10)
    imitation = receiver()
    calls = [call(event=f"e{n}") for n in range(1000)]
    full.dispatcher.offer(destination(receive=imitation), calls)
    await full.settled()
    assert [message["event"] for message in imitation.messages] == [f"e{n}" for n in range(10)]
    assert full.states == ["delivered"] * 10 + ["failed"] * 990


async def test_a_removed_destination_with_thousands_waiting_fails_them_bit_by_bit(
    world, call, destination
):
    """All of them fail, and nothing of the queue is left; none is sent afterwards."""
    world.wire.hold("u1")
    of = destination(url=URL)
    world.dispatcher.offer(of, [call() for _ in range(3000)])
    await world.wire.until_sent(1)
    world.dispatcher.drop_destination("d1")
    assert 0 < world.states.count("failed") < 3000
    await world.settled()
    assert set(world.states) == {"failed"}
    assert world.meter.accounts["queues"].size_bytes == 0
    assert len(world.wire.sent) == 1


async def test_thousands_of_dropped_deliveries_are_gone_at_once(world, call, destination):
    """They are freed bit by bit, and no read of any kind finds one meanwhile."""
    of = destination(url=URL)
    world.wire.hold("u1")
    calls = [call() for _ in range(3000)]
    world.dispatcher.offer(of, calls)
    world.dispatcher.offer(
        destination(source="other", id="d2"), [call(source="other", userId="u2")]
    )
    await world.settled("other")
    ledger = world.ledger
    world.dispatcher.drop_source("key")
    assert len(ledger._all.entries) > 1000
    assert (len(ledger), ledger.pending(), len(ledger.page(limit=10_000))) == (1, 0, 1)
    assert len(ledger.finals(after=0, limit=10_000)) == 1
    assert ledger.of_call(calls[0].cursor) == []
    for _ in range(50):
        await breathe()
    assert (len(ledger._all.entries), len(ledger._by_call)) == (1, 1)


async def test_a_dropped_source_leaves_nothing(world, call, destination):
    """Queued, retrying and under way: cancelled, and gone from the ledger."""
    world.wire.answers[URL] = [503]
    of = destination(url=URL, concurrency=1)
    world.dispatcher.offer(of, [call(userId="u0")])
    await world.until("retrying")
    world.wire.hold("u1")
    world.dispatcher.offer(of, [call(userId="u1"), call(userId="u2")])
    await world.wire.until_sent(2)
    other = destination(source="other", id="d2")
    world.dispatcher.offer(other, [call(source="other")])
    await world.until("retrying", "queued", "queued", "delivered")
    world.dispatcher.drop_source("key")
    assert (world.dispatcher.ledger.pending(), world.states) == (0, ["delivered"])
    world.wire.release("u1")
    world.clock.advance(4 * 3600)
    await breathe()
    assert len(world.wire.sent) == 2
    world.dispatcher.offer(of, [call(userId="u3")])
    await world.until("delivered", "delivered")


async def test_the_deliveries_of_a_forgotten_call_leave_the_queue(world, call, destination):
    """What waits is not sent, what is under way does not hold up the next call of its user."""
    world.wire.hold("u1")
    of = destination(url=URL)
    first, second, third = (call(event=event) for event in "abc")
    world.dispatcher.offer(of, [first, second, third])
    await world.wire.until_sent(1)
    assert world.dispatcher.pending_at("d1") == 3
    world.dispatcher.drop_call(second.cursor)
    assert world.dispatcher.pending_at("d1") == 2
    world.dispatcher.drop_call(first.cursor)
    assert world.dispatcher.pending_at("d1") == 1
    world.wire.release("u1")
    await world.settled()
    assert world.wire.events == ["a", "c"]
    assert [each.call for each in world.deliveries] == [f"call-{third.cursor}"]
    assert world.dispatcher.pending_at("d1") == 0
    assert world.dispatcher.pending_at("never") == 0


async def test_a_retry_of_a_forgotten_call_is_not_made(world, call, destination):
    """Neither the ledger nor the clock knows of it any more."""
    world.wire.answers[URL] = [503]
    kept = call(event="a")
    world.dispatcher.offer(destination(url=URL), [kept])
    await world.until("retrying")
    world.dispatcher.drop_call(kept.cursor)
    assert (world.deliveries, world.dispatcher.pending_at("d1")) == ([], 0)
    world.clock.advance(3600)
    world.dispatcher.offer(destination(url=URL), [call(event="b")])
    await world.settled()
    assert world.wire.events == ["a", "b"]


async def test_a_removed_destination_fails_what_was_under_way(world, call, destination):
    """Its story stays in the ledger; other destinations of the source go on."""
    world.wire.hold("u1")
    world.dispatcher.offer(destination(url=URL), [call(), call()])
    await world.wire.until_sent(1)
    world.dispatcher.drop_destination("d1")
    world.dispatcher.drop_destination("unknown")
    assert world.states == ["failed", "failed"]
    assert {each.reason for each in world.deliveries} == {"destination_removed"}
    world.wire.release("u1")
    world.dispatcher.offer(destination(url=URL, id="d2"), [call()])
    await world.until("failed", "failed", "delivered")


async def test_a_changed_destination_counts_for_what_waits(world, call, destination):
    """Repairing a URL delivers what could not be delivered before."""
    world.wire.answers[URL] = [503]
    world.dispatcher.offer(destination(url=URL), [call()])
    await world.until("retrying")
    world.dispatcher.replace(destination(url="http://other.test/"))
    world.advance_to_retry()
    await world.until("delivered")
    assert [request.url for request in world.wire.sent] == [URL, "http://other.test/"]


async def test_closing_cancels_everything_and_keeps_the_ledger(world, call, destination):
    """No task is left, whatever was under way; the sender is closed."""
    world.wire.hold("u1")
    of = destination(url=URL)
    world.wire.answers[URL] = [503]
    world.dispatcher.offer(of, [call(userId="u0")])
    await world.until("retrying")
    world.dispatcher.offer(of, [call()])
    await world.wire.until_sent(2)
    await world.dispatcher.close()
    assert world.wire.closed
    assert world.states == ["retrying", "queued"]
    world.dispatcher.offer(of, [call()])
    assert len(asyncio.all_tasks()) == 1


async def test_a_thousand_retries_sleep_in_one_task(world, call, destination):
    """And all come due by one step of the clock."""
    world.wire.answers[URL] = [503] * 1000
    of = destination(url=URL)
    world.dispatcher.offer(of, [call(userId=f"u{n}") for n in range(1000)])
    await world.until(*["retrying"] * 1000)
    for _ in range(3):
        # Attempts that are over leave the loop one step later.
        await breathe()
    assert len(asyncio.all_tasks()) == 2
    world.clock.advance(1)
    await world.settled()
    assert set(world.states) == {"delivered"}
