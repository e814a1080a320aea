"""Calls sent to real URLs: concurrency, order, timeouts, retries on the clock."""

from __future__ import annotations

import pytest

from mockseg.clock import breathe

URL = "http://hook.test/"


async def test_calls_of_one_user_are_sent_one_after_the_other(world, call, destination):
    """Others are sent meanwhile: order is kept per user."""
    world.wire.hold("u1")
    users = ["u1", "u1", "u2", "u1", "u2", "u3"]
    calls = [call(event=f"{user}-{place}", userId=user) for place, user in enumerate(users)]
    world.dispatcher.offer(destination(url=URL), calls)
    await world.until("queued", "queued", "delivered", "queued", "delivered", "delivered")
    assert [event for event in world.wire.events if event.startswith("u1")] == ["u1-0"]
    world.wire.release("u1")
    await world.settled()
    of_u1 = [event for event in world.wire.events if event.startswith("u1")]
    assert of_u1 == ["u1-0", "u1-1", "u1-3"]


async def test_without_a_user_id_the_anonymous_id_orders(world, call, destination):
    """Neither is the other's."""
    world.dispatcher.offer(
        destination(url=URL, concurrency=1),
        [call(event=f"e{n}", userId=None, anonymousId=f"a{n % 2}") for n in range(6)],
    )
    await world.settled()
    events = world.wire.events
    assert [e for e in events if e in {"e0", "e2", "e4"}] == ["e0", "e2", "e4"]
    assert [e for e in events if e in {"e1", "e3", "e5"}] == ["e1", "e3", "e5"]


async def test_no_more_attempts_than_allowed_at_once(world, call, destination):
    """The others wait for their turn, oldest first."""
    users = [f"u{n}" for n in range(6)]
    world.wire.hold(*users)
    calls = [call(event=user, userId=user) for user in users]
    world.dispatcher.offer(destination(url=URL, concurrency=2), calls)
    await world.wire.until_sent(2)
    for count, user in enumerate(users, 3):
        world.wire.release(user)
        await world.wire.until_sent(min(count, 6))
        assert len(world.wire.sent) == min(count, 6)
    await world.settled()
    assert world.wire.events == users


async def test_an_answer_that_never_comes_times_out_on_the_clock(world, call, destination):
    """Nobody waits five seconds; the attempt is tried again and tells why."""
    world.wire.hold("u1")
    world.dispatcher.offer(destination("webhook", url=URL), [call()])
    await world.wire.until_sent(1)
    world.clock.advance(4.999)
    await breathe()
    assert world.states == ["queued"]
    world.clock.advance(0.001)
    await world.until("retrying")
    (attempt,) = world.deliveries[0].attempts
    assert (attempt.status, attempt.error) == (0, "awaiting-retry.ETIMEDOUT")
    assert (attempt.answer, attempt.milliseconds) == ("none within 5 s", 5000)
    world.wire.release("u1")
    world.advance_to_retry()
    await world.until("delivered")


async def test_the_ledger_says_when_a_retry_comes(world, call, destination):
    """A Retry-After is waited out to the nanosecond, and not a moment longer."""
    from mockseg.destinations.vendor import VendorResponse

    world.wire.answers[URL] = [VendorResponse(429, b"slow down", (("Retry-After", "30"),))]
    world.dispatcher.offer(destination(url=URL), [call()])
    await world.until("retrying")
    assert world.deliveries[0].next_attempt_at == "2026-01-01T12:00:30.000Z"
    world.clock.advance(29.999)
    await breathe()
    assert len(world.wire.sent) == 1
    world.clock.advance(0.001)
    await world.until("delivered")
    delivered = world.deliveries[0]
    assert [each.status for each in delivered.attempts] == [429, 200]
    assert delivered.attempts[1].started_at == "2026-01-01T12:00:30.000Z"
    assert delivered.next_attempt_at is None


async def test_a_call_that_is_tried_again_holds_up_nobody(world, call, destination):
    """Later calls of its user pass it."""
    world.wire.answers[URL] = ["ECONNREFUSED"]
    world.dispatcher.offer(destination(url=URL), [call(event="a"), call(event="b")])
    await world.until("retrying", "delivered")
    world.advance_to_retry()
    await world.settled()
    assert world.wire.events == ["a", "b", "a"]


async def test_after_four_hours_a_delivery_fails(world, call, destination):
    """As `expires`, with what stood in its way last; one retry is made after such a step."""
    world.wire.answers[URL] = [500] * 1000
    world.dispatcher.offer(destination(url=URL), [call()])
    await world.until("retrying")
    world.clock.advance(4 * 3600)
    await world.until("failed")
    failed = world.deliveries[0]
    assert failed.reason == "expires"
    assert failed.description == "not delivered within 14400 s: the destination answered 500"
    assert [each.error for each in failed.attempts] == ["awaiting-retry.5xx"] * 2


async def test_base_cap_and_limit_are_the_destinations(world, call, destination):
    """Step by step until the limit; the last retry lies within it."""
    retry = {"base_seconds": 10, "cap_seconds": 20, "limit_seconds": 60}
    world.wire.answers[URL] = [503] * 1000
    started_ns = world.clock.now_ns()
    world.dispatcher.offer(destination(url=URL, retry=retry), [call()])
    await world.until("retrying")
    while (kept := world.ledger.page()[0]).state == "retrying":
        count = len(kept.attempts)
        assert started_ns < kept.next_ns <= started_ns + 60 * 10**9
        assert kept.next_ns - world.clock.now_ns() <= 20 * 10**9
        world.advance_to_retry()
        await world.until_attempted(count + 1)
    assert world.states == ["failed"]
    assert len(world.wire.sent) > 3


async def test_any_of_several_urls_is_enough(world, call, destination):
    """A webhook whose second URL succeeds is delivered; the others are not asked again."""
    urls = [f"{URL}{number}" for number in range(3)]
    world.wire.answers = {urls[0]: [500], urls[2]: ["ECONNRESET"]}
    world.dispatcher.offer(destination("webhook", settings={"urls": urls}), [call()])
    await world.settled()
    assert world.states == ["delivered"]
    told = [(each.number, each.url, each.status) for each in world.deliveries[0].attempts]
    assert told == [(1, urls[0], 500), (2, urls[1], 200), (3, urls[2], 0)]


async def test_only_urls_that_may_recover_are_asked_again(world, call, destination):
    """A 404 is final for its URL, not for the others."""
    urls = [f"{URL}{number}" for number in range(2)]
    world.wire.answers = {urls[0]: [404], urls[1]: [503, 503]}
    world.dispatcher.offer(destination("webhook", settings={"urls": urls}), [call()])
    await world.until("retrying")
    world.advance_to_retry()
    await world.until_attempted(3)
    world.advance_to_retry()
    await world.until("delivered")
    assert [request.url for request in world.wire.sent] == [*urls, urls[1], urls[1]]


async def test_webhook_actions_send_what_waits_in_one_request(
    world, call, destination, monkeypatch
):
    """In the order of the calls; one answer counts for all of them."""
    # On a busy machine a turn may end before the third call is in the queue.
    for limit in ("_SHORTEST_TURN", "_LONGEST_TURN"):
        monkeypatch.setattr(f"mockseg.delivery.dispatcher.{limit}", 3600.0)
    of = destination("webhook-actions", url=URL, settings={"batchSize": 3}, concurrency=1)
    world.wire.answers[URL] = [500]
    world.dispatcher.offer(of, [call(event=f"e{n}", userId=f"u{n % 2}") for n in range(3)])
    await world.until("retrying", "retrying", "retrying")
    (request,) = world.wire.sent
    assert [message["event"] for message in _json(request)] == ["e0", "e2", "e1"]
    world.clock.advance(1)
    await world.settled()
    assert world.states == ["delivered"] * 3
    (attempt, _) = world.deliveries[1].attempts
    assert '"e1"' in attempt.body
    assert '"e0"' not in attempt.body
    assert attempt.headers["Content-Length"] == str(len(request.body))


def _json(request):
    import json

    return json.loads(request.body)


async def test_a_sender_that_raises_fails_one_call(world, call, destination):
    """The next goes on."""
    world.wire.answers[URL] = [RuntimeError("a bug")]
    world.dispatcher.offer(destination(url=URL), [call(), call()])
    await world.settled()
    assert world.states == ["failed", "delivered"]
    assert world.deliveries[0].reason == "INTERNAL"


@pytest.mark.parametrize("seed", [1, 2])
async def test_jitter_comes_from_the_seed(world, call, destination, seed):
    """The same seed waits the same times."""
    due = []
    for _ in range(2):
        again = world.another(seed=seed)
        again.wire.answers[URL] = [503] * 9
        again.dispatcher.offer(destination(url=URL), [call(userId=f"u{n}") for n in range(3)])
        await again.until("retrying", "retrying", "retrying")
        due.append([kept.next_ns for kept in again.ledger.page()])
    assert due[0] == due[1]
    assert len(set(due[0])) == 3
