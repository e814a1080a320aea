"""The real segment-analytics-python against faults: what it does, and what the truth says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockseg import track

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.client.source import Source


def test_a_call_is_delivered_after_503(source: Source, new_client: Callable[..., Any]) -> None:
    """The SDK tries again until it is let in: one call, good, on its second attempt."""
    client = new_client(calls=1)
    with source.faults(status=503, times=1) as fault:
        client.track("u-1", "Retried")
        client.flush()
    call = source.assert_called(track("Retried"), wait=0)
    assert (fault.fired, call.request.attempt) == (1, 2)
    source.assert_all_good()
    (story,) = source.truth().messages
    assert (story.fate, story.statuses) == ("delivered once", [503, 200])


def test_a_lost_acknowledgement_makes_a_duplicate_that_is_dropped(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """Reset after storing: the SDK sends again, dedup saves the day, and the truth says so."""
    client = new_client(calls=2)
    with source.faults("lost-ack"):
        client.track("u-1", "Stored", {"number": 1})
        client.track("u-1", "Stored", {"number": 2})
        client.flush()
    verdicts = [call.verdict for call in source.calls()]
    assert verdicts == ["accepted", "accepted", "dropped", "dropped"]
    told = source.truth()
    assert told.summary == "2 calls: 0 delivered once, 2 duplicated by resend"
    assert [story.statuses for story in told.messages] == [[0, 200], [0, 200]]


def test_a_status_that_is_not_retried_loses_the_call(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """A 400 is given up at once: never retried, and the SDK says so."""
    given_up: list[object] = []
    client = new_client(calls=1, on_error=lambda error, _: given_up.append(error))
    with source.faults(status=400):
        client.track("u-1", "Refused")
        client.flush()
    assert len(given_up) == 1
    assert source.calls() == []
    assert source.truth().summary == "1 call: 0 delivered once, 1 never retried (400)"


@pytest.mark.parametrize("effect", [{"reset": "before"}, {"close": "head"}, {"status": 502}])
def test_a_broken_connection_is_survived(
    source: Source, new_client: Callable[..., Any], effect: dict[str, Any]
) -> None:
    """A reset, half a head, a proxy's error: the call arrives all the same, once or deduped."""
    client = new_client(calls=1)
    with source.faults(**effect):
        client.track("u-1", "Survived")
        client.flush()
    assert [call.event for call in source.calls(verdict="accepted")] == ["Survived"]
    assert source.truth().fates["lost"] == 0


def test_retry_after_is_waited_for_and_not_counted(
    source: Source, new_client: Callable[..., Any]
) -> None:
    """Two answers of 429 with Retry-After: 0 cost no call."""
    client = new_client(calls=1)
    with source.faults(status=429, retry_after=0, times=2):
        client.track("u-1", "Limited")
        client.flush()
    (story,) = source.truth().messages
    assert (story.fate, story.statuses) == ("delivered once", [429, 429, 200])
