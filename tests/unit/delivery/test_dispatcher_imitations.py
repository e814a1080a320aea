"""Calls handed to an imitation in this process: order, filters, faults, replay."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import Raw

from mockseg.clock import breathe
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.call import Remark
from mockseg.domain.delivery import Note

FIVE = [f"e{number}" for number in range(5)]


async def test_calls_reach_an_imitation_in_order(world, call, destination, receiver):
    """Each once, the ledger tells of each; an offer returns before anything is handed over."""
    imitation = receiver()
    world.dispatcher.offer(destination(receive=imitation), [call(event=event) for event in FIVE])
    assert (imitation.requests, world.states) == ([], ["queued"] * 5)
    await world.settled()
    assert [message["event"] for message in imitation.messages] == FIVE
    assert world.states == ["delivered"] * 5


async def test_the_request_is_what_segment_would_send(world, call, destination, receiver):
    """The normalised message with the headers of the contract, at the inlet's path."""
    imitation = receiver()
    of = destination(receive=imitation, settings={"apiKey": "segment"})
    world.dispatcher.offer(of, [call("identify", traits={"plan": "p"}, messageId="mine")])
    await world.settled()
    (request,) = imitation.requests
    assert (request.method, request.path) == ("POST", "/segment")
    assert request.header("authorization") == "Basic c2VnbWVudDo="
    assert request.received_ns == world.clock.now_ns()
    assert imitation.messages == [
        {
            "type": "identify",
            "userId": "u1",
            "traits": {"plan": "p"},
            "messageId": "mine",
            "receivedAt": "2026-01-01T12:00:00.000Z",
            "timestamp": "2026-01-01T12:00:00.000Z",
            "version": 2,
        }
    ]


async def test_the_ledger_tells_of_the_attempt(world, call, destination, receiver):
    """Request with its key, answer, notes, and the moment."""
    note = Note(code="value_ignored", field="traits.age", description="sentence")
    imitation = receiver(VendorResponse(202, b'{"ok":1}', notes=(note,)))
    sent = call(event="E")
    of = destination(receive=imitation, settings={"apiKey": "segment"})
    world.dispatcher.offer(of, [sent])
    await world.settled()
    (delivery,) = world.deliveries
    assert (delivery.call, delivery.message_id) == (f"call-{sent.cursor}", sent.message_id)
    assert (delivery.type, delivery.event, delivery.user_id) == ("track", "E", "u1")
    (attempt,) = delivery.attempts
    assert (attempt.number, attempt.method, attempt.status) == (1, "POST", 202)
    assert attempt.url == "http://mockseg.test/vendors/userengage/d1/segment"
    assert attempt.headers["Authorization"] == "Basic c2VnbWVudDo="
    assert attempt.headers["Content-Length"] == str(len(attempt.body))
    assert attempt.body == imitation.requests[0].body.decode()
    assert (attempt.answer, attempt.error, attempt.notes) == ('{"ok":1}', None, (note,))
    assert attempt.started_at == "2026-01-01T12:00:00.000Z"


async def test_only_accepted_calls_are_delivered(world, call, destination):
    """What was dropped, blocked or rejected leaves no trace in the ledger."""
    verdicts = ("dropped", "blocked", "rejected")
    calls = [call(remark=Remark(verdict=verdict)) for verdict in verdicts]
    world.dispatcher.offer(destination(), calls)
    assert (world.deliveries, world.dispatcher.ledger.pending()) == ([], 0)


async def test_a_filtered_call_is_recorded_with_its_reason(world, call, destination, receiver):
    """Without an attempt; the others go on."""
    imitation = receiver()
    of = destination(
        receive=imitation,
        filters=[{"if": "event = 'e1'", "actions": [{"type": "DROP"}], "title": "No e1"}],
    )
    calls = [call(event="e0"), call(event="e1"), call("alias", previousId="p"), call(event="e2")]
    world.dispatcher.offer(of, calls)
    await world.settled()
    assert [message["event"] for message in imitation.messages] == ["e0", "e2"]
    told = [(each.state, each.reason, each.description) for each in world.deliveries[1:3]]
    assert told == [
        ("filtered", "FILTERED_BY_RULES", "the filter 'No e1' drops it"),
        (
            "filtered",
            "UNSUPPORTED_EVENT_TYPE",
            "User.com is sent group, identify, page, track calls, not alias",
        ),
    ]
    assert world.deliveries[1].attempts == ()


async def test_one_destinations_filters_do_not_touch_anothers_message(
    world, call, destination, receiver
):
    """A message is changed for its destination alone."""
    first, second = receiver(), receiver()
    drops = [
        {"if": "all", "actions": [{"type": "DROP_PROPERTIES", "fields": {"properties": ["a"]}}]}
    ]
    sent = [call(properties={"a": 1, "b": 2})]
    world.dispatcher.offer(destination(receive=first, id="d1", filters=drops), sent)
    world.dispatcher.offer(destination("candu", receive=second, id="d2"), sent)
    await world.settled()
    assert first.messages[0]["properties"] == {"b": 2}
    assert second.messages[0]["properties"] == {"a": 1, "b": 2}
    assert [kept.destination for kept in world.ledger.of_call(sent[0].cursor)] == ["d1", "d2"]


async def test_a_refused_call_fails_at_once(world, call, destination, receiver):
    """Other 4xx are never tried again, and hold up nobody."""
    imitation = receiver(400)
    world.dispatcher.offer(destination(receive=imitation), [call(event="a"), call(event="b")])
    await world.settled()
    assert world.states == ["failed", "delivered"]
    failed = world.deliveries[0]
    assert (failed.reason, failed.attempts[0].error) == ("400", "discarded.400")


async def test_an_imitation_that_answers_503_is_asked_again(world, call, destination, receiver):
    """When the clock says so; later calls of the same user pass meanwhile."""
    imitation = receiver(503)
    world.dispatcher.offer(destination(receive=imitation), [call(event="a"), call(event="b")])
    await world.until("retrying", "delivered")
    world.advance_to_retry()
    await world.settled()
    assert [message["event"] for message in imitation.messages] == ["a", "b", "a"]
    assert [each.error for each in world.deliveries[0].attempts] == ["awaiting-retry.5xx", None]


async def test_an_imitation_that_raises_fails_one_call(world, call, destination, receiver):
    """The next goes on; the ledger has what was raised."""
    imitation = receiver(RuntimeError("a bug"))
    world.dispatcher.offer(destination(receive=imitation), [call(), call()])
    await world.settled()
    assert world.states == ["failed", "delivered"]
    failed = world.deliveries[0]
    assert (failed.reason, failed.attempts[0].error) == ("INTERNAL", "discarded.INTERNAL")
    assert "RuntimeError('a bug')" in failed.description


async def test_a_call_that_cannot_be_routed_fails_alone(world, call, destination):
    """Whatever is wrong inside of mockseg, the others go on and the ledger says so."""
    broken = call()
    broken = type(broken)(*(1, broken.request, 0, Raw(b"{no json"), "track"), None, None, "m")
    world.dispatcher.offer(destination(), [broken, call()])
    await world.settled()
    assert world.states == ["failed", "delivered"]
    assert world.deliveries[0].reason == "INTERNAL"
    assert "mockseg could not route it" in world.deliveries[0].description


async def test_a_settings_object_counts_for_its_call(world, call, destination, receiver):
    """The next call has the destination's own again."""
    imitation = receiver()
    of = destination("userguiding", receive=imitation, settings={"apiKey": "segment"})
    integrations = {"All": False, "UserGuiding": {"region": "eu"}}
    world.dispatcher.offer(of, [call(integrations=integrations), call()])
    await world.settled()
    settings = [request.header("X-Segment-Settings") for request in imitation.requests]
    assert settings == ["eyJyZWdpb24iOiJldSJ9", "eyJyZWdpb24iOiJ1cyJ9"]


async def test_a_replay_goes_to_the_chosen_destination_alone(world, call, destination, receiver):
    """Whatever the call's own integrations say; consent and filters still hold."""
    imitation = receiver()
    of = destination(
        receive=imitation,
        consent_categories=["ads"],
        filters=[{"if": "event = 'no'", "actions": [{"type": "DROP"}]}],
    )
    against = {"categoryPreferences": {"ads": False}}
    calls = [
        call(event="yes", integrations={"All": False, "User.com": False}),
        call(event="no"),
        call(event="yes", context={"consent": against}),
    ]
    world.dispatcher.offer(of, calls, again=True)
    await world.settled()
    reasons = [each.reason for each in world.deliveries]
    assert reasons == [None, "FILTERED_BY_RULES", "FILTERED_BY_END_USER_CONSENT"]
    assert imitation.messages[0]["integrations"] == {"All": False, "User.com": True}


async def test_a_redelivery_is_a_delivery_of_its_own(world, call, destination):
    """The ledger keeps both."""
    sent = call()
    of = destination()
    world.dispatcher.offer(of, [sent])
    world.dispatcher.offer(of, [sent], again=True)
    await world.settled()
    assert [kept.state for kept in world.ledger.of_call(sent.cursor)] == ["delivered"] * 2


async def test_webhooks_are_told_of_deletions(world, destination, receiver):
    """`{type: delete, userId, timestamp}`; kinds that are not told get nothing."""
    imitation = receiver()
    world.dispatcher.offer_deletion(destination("webhook", receive=imitation), "u1")
    world.dispatcher.offer_deletion(destination("userengage", receive=imitation, id="d2"), "u1")
    await world.settled()
    assert imitation.messages == [
        {"type": "delete", "userId": "u1", "timestamp": "2026-01-01T12:00:00.000Z"}
    ]
    (delivery,) = world.deliveries
    assert (delivery.call, delivery.type, delivery.state) == ("", "delete", "delivered")


async def test_batches_reach_an_imitation_too(world, call, destination, receiver):
    """At most as many at once as set; what is left is not waited for."""
    imitation = receiver()
    of = destination("webhook-actions", receive=imitation, settings={"batchSize": 2})
    world.dispatcher.offer(of, [call(event=event) for event in FIVE])
    await world.settled()
    batches = [[message["event"] for message in batch] for batch in imitation.messages]
    assert [event for batch in batches for event in batch] == FIVE
    assert all(len(batch) <= 2 for batch in batches)
    assert world.states == ["delivered"] * 5


def test_what_was_offered_before_the_loop_ran_is_delivered_in_it(call, destination, receiver):
    """A hub can be made, and used, before its event loop."""
    from mockseg.clock import ShiftedClock, SystemClock
    from mockseg.delivery.dispatcher import Dispatcher
    from mockseg.delivery.ledger import Ledger

    class Nowhere:
        async def close(self):
            """Nothing was opened."""

    clock = ShiftedClock(SystemClock())
    ledger = Ledger()
    dispatcher = Dispatcher(ledger=ledger, sender=Nowhere(), clock_of=lambda _: clock)
    imitation = receiver()
    dispatcher.offer(destination(receive=imitation), [call()])
    assert (imitation.requests, dispatcher.ledger.pending()) == ([], 1)

    async def later():
        done = asyncio.Event()
        ledger.on_change = lambda _: done.set()
        dispatcher.start()
        await done.wait()
        await dispatcher.close()

    asyncio.run(later())
    assert (len(imitation.requests), dispatcher.ledger.pending()) == (1, 0)


@pytest.mark.parametrize("enabled", [True, False])
async def test_others_in_the_loop_have_their_turns_while_a_queue_drains(
    world, call, destination, enabled
):
    """A long queue is worked off in short turns, whether its calls are sent or filtered."""
    world.dispatcher.offer(destination(enabled=enabled), [call() for _ in range(3000)])
    seen = set()
    while world.dispatcher.ledger.pending():
        seen.add(world.dispatcher.ledger.pending())
        await breathe()
    assert len(seen) > 3
    assert set(world.states) == {"delivered" if enabled else "filtered"}
