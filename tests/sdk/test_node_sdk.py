"""The real @segment/analytics-node against mockseg. Its sessions are in node/sessions.mjs."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from mockseg import alias, group, identify, page, screen, track

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.client.source import Source


def test_all_six_types_are_recorded_good(source: Source, node: Any) -> None:
    """Each type of call comes with its own fields, accepted, in one batch."""
    assert node.run("sixCalls", source=source) == [{"delivered": 6}]
    source.assert_in_order(
        [
            identify(user_id="u-1", anonymous_id="a-1", traits={"age": 36}),
            track("Order Completed", user_id="u-1", properties={"revenue": 25.5}),
            page("Start", category="Docs", properties={"path": "/start"}),
            screen("Basket", category="Shop", properties={"items": 2}),
            group("g-1", user_id="u-1", traits={"employees": 2}),
            alias(user_id="u-1", previous_id="a-1"),
        ],
        wait=0,
    )
    source.assert_all_good()
    assert len(source.requests()) == 1


def test_sixteen_calls_come_in_batches_of_fifteen(source: Source, node: Any) -> None:
    """The SDK sends both batches at once, so either may come first; nothing is lost."""
    assert node.run("sixteenTracks", source=source) == [{"delivered": 16}]
    assert sorted(len(request.calls) for request in source.requests()) == [1, 15]
    numbers = sorted(call.properties["number"] for call in source.calls(good=True))
    assert numbers == list(range(1, 17))


def test_more_than_a_hundred_calls_are_one_batch_when_told_to(source: Source, node: Any) -> None:
    """How many make a batch is the app's to say: mockseg takes them all in one."""
    order = {"settings": {"flushAt": 500}, "times": 40}
    assert node.run("threeTracks", source=source, **order) == [{"delivered": 120}]
    assert [len(request.calls) for request in source.requests()] == [120]
    source.assert_all_good()


def test_the_write_key_comes_in_the_body_and_as_basic(
    source: Source, node: Any, new_tap: Callable[..., Any]
) -> None:
    """The SDK says its key twice, and both name the same source."""
    tap = new_tap().open()
    node.run("oneTrack", source=source, url=tap.url)
    (sent,) = tap.sent
    key = source.write_key
    assert json.loads(sent.body)["writeKey"] == key
    expected = base64.b64encode(f"{key}:".encode()).decode()
    assert sent.header("Authorization") == f"Basic {expected}"
    assert sent.header("Content-Encoding") is None
    source.assert_called(track("Sent Twice"), times=1, wait=0)


def test_a_refused_connection_is_tried_again_until_it_is_let_in(
    source: Source, node: Any, new_tap: Callable[..., Any]
) -> None:
    """The server comes up after the first try failed: the call arrives, as a first attempt."""
    tap = new_tap()
    with node.started("oneTrack", source=source, url=tap.url, gated=True) as process:
        assert json.loads(process.stdout.readline()) == {"failed": "ECONNREFUSED"}
        tap.open()
        said, complaints = process.communicate("go on\n")
    assert (json.loads(said), complaints) == ({"delivered": 1}, "")
    (sent,) = tap.sent
    assert sent.header("X-Retry-Count") == "1"
    call = source.assert_called(track("Sent Twice"), times=1, wait=0)[0]
    assert call.request.attempt == 1


def test_a_lost_answer_makes_a_duplicate_that_is_told_apart(
    source: Source, node: Any, new_tap: Callable[..., Any]
) -> None:
    """The call was recorded, the SDK did not hear of it: its retry is dropped, attempt 2."""
    tap = new_tap(lose_answers=1).open()
    assert node.run("oneTrack", source=source, url=tap.url) == [{"delivered": 1}]
    first, second = source.calls()
    assert (first.verdict, first.request.attempt) == ("accepted", 1)
    assert (second.verdict, second.request.attempt) == ("dropped", 2)
    assert second.duplicate_of == first.id
    assert [sent.header("X-Retry-Count") for sent in tap.sent] == [None, "1"]


def test_a_group_or_a_previous_id_alone_is_sent_and_dropped(source: Source, node: Any) -> None:
    """The SDK counts any of four ids as an identity and is answered 200; Segment wants two."""
    assert node.run("oddIdentities", source=source) == [{"delivered": 3}]
    anonymous, by_group, by_previous = source.calls()
    assert (anonymous.type, anonymous.good) == ("track", True)
    assert (by_group.type, by_group.group_id, by_group.user_id) == ("group", "g-1", None)
    assert (by_previous.type, by_previous.raw["previousId"]) == ("alias", "a-1")
    for call in (by_group, by_previous):
        assert call.verdict == "dropped"
        assert "no_user_anon_id" in [finding.code for finding in call.findings]
    assert [request.answer.status for request in source.requests()] == [200]


def test_an_alias_without_a_user_loses_its_own_id(source: Source, node: Any) -> None:
    """A quirk of the SDK that the journal makes visible: it replaces the messageId it was given."""
    node.run("oddIdentities", source=source)
    (call,) = source.calls(type="alias")
    assert call.message_id.startswith("node-next-")


def test_nulls_are_good(source: Source, node: Any) -> None:
    """An id that is null counts as not given, undefined is not sent."""
    assert node.run("nulls", source=source) == [{"delivered": 2}]
    tracked, paged = source.calls(good=True)
    assert "userId" in tracked.raw
    assert (tracked.user_id, tracked.anonymous_id) == (None, "a-1")
    assert tracked.properties == {"none": None, "nan": None, "list": [None, None]}
    assert paged.properties == {}


def test_text_of_all_kinds_arrives_as_it_was(source: Source, node: Any) -> None:
    """Only a lone surrogate, which is no character, becomes U+FFFD."""
    assert node.run("unicode", source=source) == [{"delivered": 1}]
    (call,) = source.calls(good=True)
    assert call.event == "Größe geändert \U0001f680"
    assert call.user_id == "Zoë-\U0001f469\u200d\U0001f680"
    assert call.properties == {
        "schlüssel": "مرحبا",
        "combining": "e\u0301",
        "astral": "\U0001d54a",
        "lone": "a\ufffdb",
        "low": "\ufffd",
        "controls": "\x00\x07\u2028\u2029",
        "k\ufffd": 1,
    }


def test_times_are_kept_as_they_were_sent(source: Source, node: Any) -> None:
    """A Date has milliseconds; text is sent as it is, with any offset and nanoseconds."""
    assert node.run("times", source=source) == [{"delivered": 3}]
    calls = source.calls(good=True)
    assert [call.message["originalTimestamp"] for call in calls] == [
        "2026-01-15T11:00:00.250Z",
        "2026-01-15T13:00:00+01:00",
        "2026-01-15T11:00:00.123456789Z",
    ]
    assert calls[0].properties == {"at": "2026-01-15T11:59:59.123Z"}


def test_context_and_integrations_are_the_events_own(source: Source, node: Any) -> None:
    """What the app says arrives; the SDK adds its library, whatever the app says of that."""
    assert node.run("contextAndIntegrations", source=source) == [{"delivered": 1}]
    (call,) = source.calls(good=True)
    assert call.context["campaign"] == {"name": "Spring", "source": "mail"}
    assert call.context["library"]["name"] == "@segment/analytics-node"
    assert call.integrations == {
        "All": False,
        "Amplitude": {"session_id": 1768478400000},
        "Mixpanel": True,
    }
    assert call.message["_metadata"]["jsRuntime"] == "node"


def test_a_message_id_twice_in_a_batch_is_dropped_the_second_time(
    source: Source, node: Any
) -> None:
    """The SDK is told that both were delivered; the journal knows that only one counts."""
    assert node.run("duplicates", source=source) == [{"delivered": 2}]
    first, second = source.calls()
    assert (first.verdict, second.verdict) == ("accepted", "dropped")
    assert second.duplicate_of == first.id
