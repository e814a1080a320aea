"""The real segment-analytics-python against mockseg."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from mockseg import alias, group, identify, page, screen, track

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.client.source import Source

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def test_all_six_types_are_recorded_good(source: Source, new_client: Callable[..., Any]) -> None:
    """Each type of call comes with its own fields, accepted, in one batch."""
    client = new_client(calls=6)
    client.identify("u-1", {"email": "ada@example.com"}, anonymous_id="a-1")
    client.track("u-1", "Order Completed", {"revenue": 25.5})
    client.page("u-1", "Docs", "Start", {"path": "/start"})
    client.screen("u-1", "Shop", "Basket", {"items": 2})
    client.group("u-1", "g-1", {"name": "Analytical Engines"})
    client.alias("a-1", "u-1")
    client.flush()
    source.assert_in_order(
        [
            identify(user_id="u-1", anonymous_id="a-1", traits={"email": "ada@example.com"}),
            track("Order Completed", user_id="u-1", properties={"revenue": 25.5}),
            page("Start", category="Docs", properties={"path": "/start"}),
            screen("Basket", category="Shop", properties={"items": 2}),
            group("g-1", user_id="u-1", traits={"name": "Analytical Engines"}),
            alias(user_id="u-1", previous_id="a-1"),
        ],
        wait=0,
    )
    source.assert_all_good()
    assert len(source.requests()) == 1


def test_three_hundred_and_one_calls_come_in_batches_of_a_hundred(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """What is over a batch goes into the next; nothing is lost and nothing changes places."""
    client = new_client()
    for number in range(300):
        client.track("u-1", "Counted", {"number": number})
    client.flush()
    # The SDK would send what is left after its interval; here a batch is full with one call.
    for consumer in client.consumers:
        consumer.upload_size = 1
    client.track("u-1", "Counted", {"number": 300})
    client.flush()
    assert [len(request.calls) for request in source.requests()] == [100, 100, 100, 1]
    calls = source.calls(good=True)
    assert [call.properties["number"] for call in calls] == list(range(301))


def test_a_compressed_batch_is_read_like_any_other(
    source: Source, new_client: Callable[..., Any], new_tap: Callable[..., Any]
) -> None:
    """With gzip=True the wire carries gzip, and the journal what was in it."""
    tap = new_tap().open()
    client = new_client(url=tap.url, calls=2, gzip=True)
    client.track("u-1", "Packed", {"text": "x" * 5000})
    client.track("u-1", "Packed", {"text": "y" * 5000})
    client.flush()
    (sent,) = tap.sent
    assert sent.header("Content-Encoding") == "gzip"
    inflated = gzip.decompress(sent.body)
    (request,) = source.requests()
    assert request.body == inflated.decode()
    assert request.sent_bytes == len(sent.body) < len(inflated)
    assert [call.properties["text"][0] for call in source.calls(good=True)] == ["x", "y"]


def test_the_write_key_comes_in_the_body_and_as_basic(
    source: Source, new_client: Callable[..., Any], new_tap: Callable[..., Any]
) -> None:
    """The SDK says its key twice, and both name the same source."""
    tap = new_tap().open()
    client = new_client(url=tap.url, calls=1)
    client.track("u-1", "Keyed")
    client.flush()
    (sent,) = tap.sent
    key = source.write_key
    assert json.loads(sent.body)["writeKey"] == key
    expected = base64.b64encode(f"{key}:".encode()).decode()
    assert sent.header("Authorization") == f"Basic {expected}"
    source.assert_called(track("Keyed"), wait=0)


def test_a_refused_connection_is_tried_again_until_it_is_let_in(
    source: Source, new_client: Callable[..., Any], new_tap: Callable[..., Any]
) -> None:
    """The server comes up after the first try failed: the call arrives, as a first attempt."""
    tap = new_tap()
    refused = threading.Event()

    class OpensTheDoor(logging.Handler):
        """Lets the SDK in as soon as it says that it was refused, before it tries again."""

        def emit(self, record: logging.LogRecord) -> None:
            if "Network error retry" in record.getMessage() and not refused.is_set():
                refused.set()
                tap.open()

    handler = OpensTheDoor()
    log = logging.getLogger("segment")
    level = log.level
    try:
        client = new_client(url=tap.url, calls=1, debug=True, log_handler=handler)
        client.track("u-1", "Patient")
        client.flush()
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    assert refused.is_set()
    (sent,) = tap.sent
    assert sent.header("X-Retry-Count") == "1"
    call = source.assert_called(track("Patient"), wait=0)
    assert call.request.attempt == 1
    assert call.duplicate_of is None


def test_a_lost_answer_makes_a_duplicate_that_is_told_apart(
    source: Source, new_client: Callable[..., Any], new_tap: Callable[..., Any]
) -> None:
    """The call was recorded, the SDK did not hear of it: its retry is dropped, attempt 2."""
    tap = new_tap(lose_answers=1).open()
    client = new_client(url=tap.url, calls=1)
    client.track("u-1", "Sent Twice")
    client.flush()
    first, second = source.calls()
    assert (first.verdict, first.request.attempt) == ("accepted", 1)
    assert (second.verdict, second.request.attempt) == ("dropped", 2)
    assert second.duplicate_of == first.id
    assert second.message_id == first.message_id
    assert [finding.code for finding in second.findings] == ["duplicate_message_id"]
    assert [sent.header("X-Retry-Count") for sent in tap.sent] == [None, "1"]


def test_a_message_id_twice_in_a_batch_is_dropped_the_second_time(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """Both came in the first request that carried the id; only one counts."""
    client = new_client(calls=2)
    for number in (1, 2):
        client.track("u-1", "Said Once", {"number": number}, message_id="one-id")
    client.flush()
    first, second = source.calls()
    assert (first.verdict, second.verdict) == ("accepted", "dropped")
    assert second.duplicate_of == first.id
    assert second.request.attempt == 1


def test_an_empty_event_name_passes_the_sdk_and_is_dropped(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """Segment answers 200 and discards; the SDK never hears of it, the journal says why."""
    client = new_client(calls=1)
    client.track("u-1", "")
    client.flush()
    (call,) = source.calls()
    assert call.verdict == "dropped"
    assert [finding.code for finding in call.findings] == ["event_not_defined"]
    assert [request.answer.status for request in source.requests()] == [200]


def test_an_anonymous_user_and_nulls_are_good(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """The SDK sends null for what it was not given; that counts as not given."""
    client = new_client(calls=2)
    client.track(anonymous_id="a-1", event="Looked", properties={"what": None})
    client.page(anonymous_id="a-1")
    client.flush()
    looked, paged = source.calls(good=True)
    assert looked.raw["userId"] is None
    assert looked.user_id is None
    assert looked.anonymous_id == "a-1"
    assert looked.properties == {"what": None}
    assert (paged.raw["name"], paged.raw["category"]) == (None, None)


def test_numbers_as_ids_come_as_strings(source: Source, new_client: Callable[..., Any]) -> None:
    """The SDK makes strings of ids itself."""
    client = new_client(calls=1)
    client.identify(17)
    client.flush()
    source.assert_called(identify(user_id="17"), wait=0)


def test_text_of_all_kinds_arrives_as_it_was(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """Only a lone surrogate, which is no character, becomes U+FFFD."""
    client = new_client(calls=1)
    text = "Größe é e\u0301 مرحبا \U0001f469\u200d\U0001f680 \x00\u2028"
    client.track(text, text, {text: text, "lone": "a\ud800b", "k\udc00": 1})
    client.flush()
    (call,) = source.calls(good=True)
    assert (call.event, call.user_id) == (text, text)
    assert call.properties == {text: text, "lone": "a\ufffdb", "k\ufffd": 1}


def test_times_are_corrected_and_the_clients_kept(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """What the SDK said is originalTimestamp; timestamp is that by the server's clock."""
    client = new_client(calls=2)
    source.set_clock("2026-02-01T00:00:00Z", frozen=True)
    client.track(
        "u-1",
        "Timed",
        {"at": NOON, "price": Decimal("9.75")},
        timestamp=datetime(2026, 1, 15, 13, 0, 0, 250_999, tzinfo=timezone(timedelta(hours=1))),
    )
    client.track("u-1", "Timed", timestamp=datetime(2026, 1, 15, 11))  # noqa: DTZ001  (the SDK takes it for UTC)
    client.flush()
    first, second = source.calls(good=True)
    assert first.message["originalTimestamp"] == "2026-01-15T13:00:00.250+01:00"
    assert second.message["originalTimestamp"] == "2026-01-15T11:00:00.000+00:00"
    assert first.properties == {"at": "2026-01-15T12:00:00+00:00", "price": 9.75}
    assert first.received_at == second.received_at == "2026-02-01T00:00:00.000Z"
    # How long before it was sent: the server counts that back from its own time.
    for call in (first, second):
        sent = datetime.fromisoformat(call.message["sentAt"])
        made = datetime.fromisoformat(call.message["originalTimestamp"])
        corrected = datetime.fromisoformat(call.message["timestamp"])
        assert corrected == datetime(2026, 2, 1, tzinfo=UTC) - (sent - made)


def test_context_and_integrations_are_the_events_own(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """What the app says arrives; the SDK adds its library, whatever the app says of that."""
    client = new_client(calls=1)
    client.track(
        "u-1",
        "Routed",
        context={"ip": "203.0.113.7", "library": {"name": "not-this"}},
        integrations={"All": False, "Amplitude": {"session_id": 1768478400000}},
    )
    client.flush()
    (call,) = source.calls(good=True)
    assert call.context["ip"] == "203.0.113.7"
    assert call.context["library"]["name"] == "analytics-python"
    assert call.integrations == {"All": False, "Amplitude": {"session_id": 1768478400000}}


def test_in_sync_mode_a_call_is_there_when_it_returns(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """There is no thread and no batch: each call is a request, read the moment it is answered."""
    client = new_client(sync_mode=True)
    for number in (1, 2, 3):
        client.track("u-1", "At Once", {"number": number})
        assert len(source.calls(event="At Once", good=True)) == number
    assert [len(request.calls) for request in source.requests()] == [1, 1, 1]


def test_a_call_over_the_limit_never_leaves_the_sdk(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """The SDK refuses what is over 32 KB itself; just under it is good here too."""
    client = new_client(calls=1)
    with pytest.raises(RuntimeError):
        client.track("u-1", "Too Large", {"text": "x" * 33_000})
    client.track("u-1", "Large", {"text": "x" * 32_000})
    client.flush()
    source.assert_called(track("Large"), times=1, wait=0)
    source.assert_not_called(track("Too Large"), within=0)


def test_a_slash_at_the_end_of_the_host_does_no_harm(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """Users write the host with a slash as often as without."""
    client = new_client(url=source.url + "/", calls=1)
    client.track("u-1", "Slashed")
    client.flush()
    source.assert_called(track("Slashed"), wait=0)
    assert [request.path for request in source.requests()] == ["/v1/batch"]


def test_assertions_wait_for_the_thread_of_the_sdk(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """Nobody flushes: the call is found as soon as the SDK's thread has sent it."""
    client = new_client(calls=1)
    client.track("u-1", "Late")
    source.assert_called(track("Late"), wait=30)
