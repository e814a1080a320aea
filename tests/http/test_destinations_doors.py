"""Destinations from Python: in process, over HTTP, and in an event loop."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import http.server
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg import verify_signature
from mockseg.client.client import AsyncClient, Client
from mockseg.errors import BlockingCallError, OperationError, UnmetExpectationError
from mockseg.matching.matchers import group, identify, page, track
from mockseg.matching.values import ANY
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[MockSegment]:
    """Give one server for all tests of this module; each takes its own source."""
    with MockSegment() as running:
        yield running


@pytest.fixture(params=["process", "http"])
def source(request: pytest.FixtureRequest, server: MockSegment) -> Iterator[Any]:
    """Give a fresh source through one of the doors."""
    fresh = server.source()
    if request.param == "process":
        yield fresh
        return
    with Client(server.url) as client:
        yield client.source(fresh.write_key)


def send(source: Any, *messages: dict[str, Any]) -> None:
    """Send a batch as any SDK would."""
    connection = http.client.HTTPConnection(urlsplit(source.url).netloc, timeout=30)
    connection.request(
        "POST", "/v1/batch", json.dumps({"writeKey": source.write_key, "batch": messages})
    )
    assert connection.getresponse().read() == b'{"success":true}'
    connection.close()


def call_vendor(crm: Any, method: str, path: str, body: Any, **headers: str) -> int:
    """Call a vendor's REST API as an application does; give the status."""
    where = urlsplit(crm.url)
    connection = http.client.HTTPConnection(where.netloc, timeout=30)
    connection.request(method, where.path + path, json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def seen(name: str = "Seen", **fields: Any) -> dict[str, Any]:
    """Give a track message."""
    return {"type": "track", "userId": "u1", "event": name, **fields}


def test_the_documented_example_of_userengage(source: Any) -> None:
    """UE-14: a defined number takes "123" as 123, an undefined trait becomes the text "999"."""
    crm = source.destination("userengage", attributes={"custom_integer": "number"})
    traits = {"custom_integer": "123", "custom_integer_new": 999}
    send(source, {"type": "identify", "userId": "u1", "traits": traits})
    (delivery,) = source.assert_delivered(identify("u1"), to=crm)
    assert [attempt.status for attempt in delivery.attempts] == [200]
    (user,) = crm.state()["users"]
    values = {each["name"]: each["value"] for each in user["attributes"]}
    assert values == {"custom_integer": 123, "custom_integer_new": "999"}


def test_a_filtered_call_has_its_reason(source: Any) -> None:
    """The ledger says which of Segment's rules stopped a call; the vendor never sees it."""
    crm = source.destination(
        "userengage", filters=[{"if": "event = 'Secret'", "actions": [{"type": "DROP"}]}]
    )
    send(source, seen("Secret"), seen("Open"))
    source.assert_filtered(track("Secret"), reason="FILTERED_BY_RULES", to=crm)
    source.assert_delivered(track("Open"), to=crm, times=1)
    assert [request.json["event"] for request in crm.requests()] == ["Open"]
    assert [each.state for each in source.deliveries(to=crm)] == ["filtered", "delivered"]
    assert [each.event for each in source.deliveries(track("Open"))] == ["Open"]


def test_a_failed_delivery_assertion_says_what_became_of_the_call(source: Any) -> None:
    """The call, the destination, the state, the reason and a hint stand in the failure."""
    crm = source.destination("userengage", enabled=False)
    send(source, seen())
    with pytest.raises(UnmetExpectationError) as failure:
        source.assert_delivered(track("Seen"), to=crm, wait=0)
    text = str(failure.value)
    assert text.startswith(f"expected track 'Seen' to be delivered at {crm.id}; that holds for 0")
    assert f"→ {crm.id}: filtered for NO_ENABLED_DESTINATIONS" in text
    assert failure.value.explanation.kind == "delivery"


def test_a_failure_without_the_call_is_the_one_of_assert_called(source: Any) -> None:
    """When the call itself is missing, that is what is explained."""
    source.destination("userengage")
    send(source, seen("Sen"))
    with pytest.raises(UnmetExpectationError, match="found none") as failure:
        source.assert_delivered(track("Seen"), wait=0)
    assert "Nearest:" in str(failure.value)


def test_a_failure_without_a_destination_says_so(source: Any) -> None:
    """A source that forwards to nobody is the usual mistake."""
    send(source, seen())
    with pytest.raises(UnmetExpectationError, match="The source has no destination; connect"):
        source.assert_delivered(track("Seen"), wait=0)


def test_a_destination_that_the_source_does_not_have_is_named_with_its_own(
    server: Any, source: Any
) -> None:
    """One that nobody has is refused; that of another source explains the failure."""
    other = server.source().destination("candu")
    crm = source.destination("userengage")
    send(source, seen())
    with pytest.raises(OperationError, match=f'did you mean "{crm.id}"'):
        source.assert_delivered(track("Seen"), to=f"{crm.id}x", wait=0)
    with pytest.raises(UnmetExpectationError) as failure:
        source.assert_delivered(track("Seen"), to=other.id, wait=0)
    assert f'to: unknown destination "{other.id}". Known: {crm.id}.' in str(failure.value)


def test_too_many_deliveries_fail_too(source: Any) -> None:
    """`times` is exact, and 0 means none."""
    source.destination("webhook")
    send(source, seen(), seen())
    source.assert_delivered(track("Seen"), times=2)
    with pytest.raises(UnmetExpectationError, match="to be delivered 1 time; that holds for 2"):
        source.assert_delivered(track("Seen"), times=1)
    with pytest.raises(UnmetExpectationError, match="0 times"):
        source.assert_delivered(track("Seen"), times=0)
    source.assert_delivered(track("Other"), times=0)


def test_values_only_python_knows_are_judged_here(source: Any) -> None:
    """A matcher with ANY or a callable selects deliveries like calls."""
    source.destination("webhook")
    send(source, seen(properties={"n": 1}), seen(properties={"n": 2}))
    wanted = track("Seen", properties={"n": lambda n: n > 1})
    (delivery,) = source.assert_delivered(wanted, times=1)
    assert json.loads(delivery.attempts[0].body)["properties"] == {"n": 2}
    source.assert_delivered(track("Seen", properties={"n": ANY}), times=2)


def test_retries_happen_when_the_clock_is_advanced(source: Any) -> None:
    """A vendor that is down for two requests has the call at the third; nobody waits for it."""
    crm = source.destination("userengage")
    source.set_clock("2026-01-01T00:00:00Z", frozen=True)
    crm.fail("server_error", times=2)
    send(source, {"type": "group", "userId": "u1", "groupId": "acme"})
    retrying = source.wait_for_delivery(group("acme"), state="retrying", timeout=5)
    assert retrying.next_attempt_at is not None
    for _ in range(2):
        source.advance_clock(600)
    (delivery,) = source.assert_delivered(group("acme"), to=crm, wait=5)
    assert [attempt.status for attempt in delivery.attempts] == [500, 500, 200]
    assert [company["custom_id"] for company in crm.state()["companies"]] == ["acme"]


def test_settle_covers_deliveries(source: Any) -> None:
    """Once settled, everything has arrived."""
    source.destination("userengage")
    send(source, *(seen(f"E{number}") for number in range(50)))
    source.settle(quiet=0, timeout=10)
    assert {each.state for each in source.deliveries()} == {"delivered"}


def test_calls_are_judged_while_a_delivery_waits_for_a_retry(source: Any) -> None:
    """Assertions on calls do not wait for it; settling does, unless it is told not to."""
    source.set_clock("2026-01-01T00:00:00Z", frozen=True)
    source.destination("userengage").fail("server_error", times=9)
    send(source, {"type": "group", "userId": "u1", "groupId": "acme"})
    source.wait_for_delivery(group("acme"), state="retrying", timeout=5)
    source.assert_all_good(timeout=0)
    source.assert_no_duplicates(timeout=0)
    assert source.settle(quiet=0, timeout=0, deliveries=False) > 0
    with pytest.raises(OperationError, match="1 delivery under way, the next retry at"):
        source.settle(quiet=0, timeout=0)


def test_what_the_application_sends_to_the_vendor_itself_can_be_asserted_on(source: Any) -> None:
    """No Segment is involved: the app calls the vendor's API with the vendor's own key."""
    crm = source.destination("userengage")
    body = {"custom_id": "u7", "email": "ada@example.com"}
    token = {"Authorization": f"Token {crm.api_key}", "Accept": "*/*; version=2"}
    assert call_vendor(crm, "POST", "/api/public/users/", body, **token) in {200, 201}
    (request,) = crm.assert_received(
        method="POST", path="/api/public/users/", json={"email": ANY}, sender="client", times=1
    )
    assert request.json == body
    with pytest.raises(UnmetExpectationError) as failure:
        crm.assert_received(path="/api/public/events/", wait=0)
    assert "client POST /api/public/users/ answered" in str(failure.value)


def test_a_message_matcher_finds_what_segment_forwarded(source: Any) -> None:
    """`assert_received(track(...))` looks into the bodies, as an assertion on calls would."""
    crm = source.destination("candu")
    send(source, seen(properties={"plan": "pro"}))
    (request,) = crm.assert_received(track("Seen", properties={"plan": "pro"}))
    assert (request.sender, request.path) == ("segment", "/segment")


def test_a_vendor_acts_as_its_own_page_would(source: Any) -> None:
    """A revoked key is refused with 403, and the delivery is not tried again."""
    crm = source.destination("userengage")
    crm.act("revoke_key", key=crm.api_key)
    send(source, {"type": "page", "userId": "u1"})
    delivery = source.wait_for_delivery(page(), state="failed", timeout=5)
    assert [attempt.status for attempt in delivery.attempts] == [403]
    with pytest.raises(OperationError, match='did you mean "revoke_key"'):
        crm.act("revoke_kee", key="x")


def test_segments_events_filter_a_survey_and_never_trigger_it(source: Any) -> None:
    """A user may be asked once the SDK knows her and Segment's events satisfy the filters."""
    sprig = source.destination("userleap")
    sprig.act(
        "define_survey",
        name="Onboarding",
        triggers=["Checkout"],
        filters=[{"event": "Seen", "operator": "is set"}],
    )
    send(source, {"type": "identify", "userId": "u1"}, seen())
    source.assert_delivered(track("Seen"), to=sprig)
    assert not sprig.eligible("Onboarding", "u1")
    sprig.act("link_sdk_user", visitor_id="v1", user="u1")
    assert sprig.eligible("Onboarding", "u1")


def test_an_audience_is_entered_and_left(source: Any) -> None:
    """Each change is one identify call, and brings the trait in snake_case."""
    crm = source.destination("userengage", attributes={"big_spenders": "boolean"})
    spenders = source.audience("Big Spenders")
    assert len(spenders.enter(["u1", "u2"]).calls) == 2
    assert spenders.enter(["u1"]).calls == []
    spenders.leave(["u2"])
    source.assert_delivered(identify(traits={"big_spenders": ANY}), times=3, wait=5)
    users = {each["custom_id"]: each["attributes"][0]["value"] for each in crm.state()["users"]}
    assert users == {"u1": True, "u2": False}


def test_a_computed_trait_is_sent_when_it_changes(source: Any) -> None:
    """The same value again brings no call."""
    source.destination("userengage")
    assert len(source.computed_trait("Lifetime Value", {"u1": 450.0}).calls) == 1
    assert source.computed_trait("Lifetime Value", {"u1": 450.0}).calls == []


def test_a_deletion_reaches_webhooks_only(source: Any) -> None:
    """The partners' inlets know no such message."""
    source.destination("userengage")
    hook = source.destination("webhook")
    assert source.request_deletion("u1") == [hook.id]
    (request,) = hook.assert_received(json={"type": "delete", "userId": "u1"})
    assert request.sender == "segment"


def test_a_changed_destination_and_a_removed_one(source: Any) -> None:
    """What is changed holds from now on; what is removed is no more."""
    crm = source.destination("webhook", name="first")
    crm.update(name="second", shared_secret="s")
    assert (crm.view.name, crm.view.settings) == ("second", {"sharedSecret": "s"})
    assert [each.id for each in source.destinations()] == [crm.id]
    crm.remove()
    assert source.destinations() == []
    with pytest.raises(OperationError, match="unknown destination"):
        crm.state()


def test_the_state_can_be_put(source: Any) -> None:
    """A test begins with the users that it needs."""
    crm = source.destination("userengage")
    crm.put_state({"users": [{"custom_id": "u1", "email": "ada@example.com"}]})
    assert [user["email"] for user in crm.state()["users"]] == ["ada@example.com"]


class Receiver(http.server.BaseHTTPRequestHandler):
    """A webhook receiver of the user's own: keeps what came, and answers as it is told."""

    seen: list[tuple[str, bytes]]
    answers: list[int]

    def do_POST(self) -> None:
        """Keep the request, and answer with the next status."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.headers["X-Signature"], body))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Any]:
    """Run a receiver on a free port; give its class, with its URL."""

    class Own(Receiver):
        seen: list[tuple[str, bytes]] = []
        answers: list[int] = []
        url = ""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Own) as listening:
        Own.url = f"http://127.0.0.1:{listening.server_port}/hook"
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield Own
        listening.shutdown()
        thread.join()


def test_a_webhook_of_your_own_is_signed_over_the_bytes_that_are_sent(
    source: Any, receiver: Any
) -> None:
    """HMAC-SHA1 of the raw body; a receiver checks it with `verify_signature`."""
    source.destination("webhook", url=receiver.url, shared_secret="abc123")
    send(source, seen(properties={"price": 1.0, "name": "Übung"}))
    source.assert_delivered(track("Seen"), wait=10)
    ((signature, body),) = receiver.seen
    assert signature == hmac.new(b"abc123", body, hashlib.sha1).hexdigest()
    assert verify_signature(body, signature, secret="abc123")
    assert not verify_signature(body + b" ", signature, secret="abc123")
    assert json.loads(body)["event"] == "Seen"


def test_a_service_that_is_down_is_tried_again_on_the_clock(source: Any, receiver: Any) -> None:
    """503 is tried again when the clock has moved; 400 is not tried again at all."""
    receiver.answers += [503, 200, 400]
    source.destination("webhook", url=receiver.url)
    source.set_clock("2026-01-01T00:00:00Z", frozen=True)
    send(source, seen("First"))
    source.wait_for_delivery(track("First"), state="retrying", timeout=10)
    source.advance_clock(3600)
    (delivery,) = source.assert_delivered(track("First"), wait=10)
    assert [attempt.status for attempt in delivery.attempts] == [503, 200]
    send(source, seen("Second"))
    failed = source.wait_for_delivery(track("Second"), state="failed", timeout=10)
    assert [attempt.error for attempt in failed.attempts] == ["discarded.400"]


def test_calls_are_delivered_again(source: Any) -> None:
    """A replay begins deliveries of its own, for the chosen destination."""
    hook = source.destination("webhook")
    send(source, seen("A"), seen("B"))
    source.assert_delivered(track(), times=2)
    begun = source.redeliver(hook, where="event = 'A'")
    assert (begun.calls, begun.deliveries) == (1, 1)
    source.assert_delivered(track("A"), times=2)


async def test_destinations_in_an_event_loop(server: MockSegment) -> None:
    """Everything is awaitable, and the blocking verbs that wait say what to write instead."""
    source = server.source()
    crm = await source.aio.destination("userengage")
    await asyncio.to_thread(send, source, {"type": "identify", "userId": "u1"})
    await source.aio.assert_delivered(identify("u1"), to=crm)
    await crm.assert_received(identify("u1"), times=1)
    assert [user["custom_id"] for user in (await crm.state())["users"]] == ["u1"]
    assert len(await source.aio.deliveries(to=crm)) == 1
    with pytest.raises(BlockingCallError, match=r"await source\.aio\.assert_delivered"):
        source.assert_delivered(identify("u1"))
    blocking = source.destination("candu")
    with pytest.raises(BlockingCallError, match=r"destination\(\.\.\.\)\.aio\.assert_received"):
        blocking.assert_received(identify("u1"))
    assert await blocking.aio.assert_received(times=0) == []


async def test_destinations_of_an_async_client(server: MockSegment) -> None:
    """The same over HTTP."""
    async with AsyncClient(server.url) as client:
        source = await client.source()
        hook = await source.destination("webhook")
        await asyncio.to_thread(send, source, seen())
        (delivery,) = await source.assert_delivered(track("Seen"), to=hook)
        assert delivery.destination == hook.id
        changed = await source.audience("A").enter(["u1"])
        assert changed.members == ["u1"]
        await hook.remove()
        assert await source.destinations() == []


def test_userguidings_webhook_reaches_a_service_of_ones_own(source: Any) -> None:
    """Its action posts the event, and says what was answered."""
    receiver = source.destination("webhook")
    guiding = source.destination("userguiding", webhook_url=f"{receiver.url}/hook")
    told = {"event": "guide started", "user": "u1", "payload": {"guideId": 1}}
    result = guiding.act("send_webhook", **told)
    assert result["sent"] == [{"url": f"{receiver.url}/hook", "status": 200}]
    [request] = receiver.requests()
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.json == {
        "event": "guide started (userguiding)",
        "payload": {"userId": "u1", "guideId": 1},
    }
    receiver.remove()
    assert guiding.act("send_webhook", **told)["sent"][0]["status"] == 404


def test_userguiding_is_told_its_region_with_segments_settings(source: Any) -> None:
    """Segment has a setting for it, which is `us` before a person changes it."""
    for settings, region in (({}, "us"), ({"region": "eu"}, "eu")):
        guiding = source.destination("userguiding", settings=settings)
        send(source, seen(f"In {region}"))
        source.assert_delivered(track(f"In {region}"), to=guiding)
        assert guiding.state()["region"] == region


def test_a_replay_reaches_a_destination_that_is_not_enabled(source: Any) -> None:
    """As Segment's page on replays says; new calls still do not go there."""
    crm = source.destination("candu", enabled=False)
    send(source, seen())
    source.assert_filtered(track("Seen"), reason="NO_ENABLED_DESTINATIONS", to=crm)
    source.redeliver(crm)
    source.assert_delivered(track("Seen"), to=crm)


def test_filters_are_pasted_as_segments_api_returns_them(source: Any) -> None:
    """Envelope and all, when a destination is made and when it is changed."""
    drops = {"if": "event = 'Seen'", "actions": [{"type": "DROP"}], "title": "No views"}
    answer = {"data": {"filters": [drops], "pagination": {"current": "MA=="}}}
    crm = source.destination("candu", filters=answer)
    assert [each.title for each in crm.view.filters] == ["No views"]
    send(source, seen())
    source.assert_filtered(track("Seen"), reason="FILTERED_BY_RULES", to=crm)
    crm.update(filters={"data": {"filters": []}})
    send(source, seen())
    source.assert_delivered(track("Seen"), to=crm)
