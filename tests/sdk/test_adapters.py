"""Programs that put the real SDKs, and one of our own, behind the e2e-cli contract."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockseg import alias, group, identify, page, screen, track

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.client.source import Source

ADAPTERS = Path(__file__).resolve().parent / "adapters"
EVENTS = [
    {"type": "identify", "userId": "u-1", "anonymousId": "a-1", "traits": {"age": 36}},
    {"type": "track", "userId": "u-1", "event": "Bought", "properties": {"revenue": 25.5}},
    {"type": "page", "userId": "u-1", "name": "Start", "category": "Docs"},
    {"type": "screen", "userId": "u-1", "name": "Basket", "category": "Shop"},
    {"type": "group", "userId": "u-1", "groupId": "g-1", "traits": {"employees": 2}},
    {"type": "alias", "userId": "u-1", "previousId": "a-1"},
]
CALLS = [
    identify(user_id="u-1", anonymous_id="a-1", traits={"age": 36}),
    track("Bought", user_id="u-1", properties={"revenue": 25.5}),
    page("Start", user_id="u-1", category="Docs"),
    screen("Basket", user_id="u-1", category="Shop"),
    group("g-1", user_id="u-1", traits={"employees": 2}),
    alias(user_id="u-1", previous_id="a-1"),
]
PROGRAMS = {
    "python": ("python_cli.py", {}),
    "node": ("node_cli.mjs", {}),
    "browser": ("next_cli.mjs", {}),
    "browser-batching": ("next_cli.mjs", {"BROWSER_BATCHING": "true"}),
    "reference": ("http_cli.py", {}),
}


@pytest.fixture(params=sorted(PROGRAMS))
def deliver(
    request: pytest.FixtureRequest, source: Source
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Give a function that runs an adapter to its end; it gives exit status and last line."""
    program, environment = PROGRAMS[request.param]
    if program.endswith(".mjs"):
        command = [request.getfixturevalue("node").node, str(ADAPTERS / program)]
    else:
        command = [sys.executable, str(ADAPTERS / program)]

    def run(*, events: list[Any] = EVENTS, **changed: Any) -> tuple[int, dict[str, Any]]:
        order = {
            "writeKey": source.write_key,
            "apiHost": source.url,
            "cdnHost": source.url,
            "sequences": [{"delayMs": 0, "events": events}],
            "config": {"flushAt": 20, "flushInterval": 100, "maxRetries": 1, "timeout": 10},
        }
        done = subprocess.run(
            [*command, "--input", json.dumps(order | changed)],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return done.returncode, said

    return run


def test_all_six_types_are_delivered_in_order(
    source: Source, deliver: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    """Each call comes once, with its own fields and messageId, and the result is a success."""
    events = [{**event, "messageId": f"m-{number}"} for number, event in enumerate(EVENTS)]
    status, said = deliver(events=events)
    posts = [request for request in source.requests() if request.method == "POST"]
    assert (status, said) == (0, {"success": True, "sentBatches": len(posts)})
    source.assert_in_order(CALLS, wait=0)
    source.assert_all_good()
    assert [call.message_id for call in source.calls()] == [f"m-{n}" for n in range(len(EVENTS))]


def test_context_integrations_and_time_are_the_events_own(
    source: Source, deliver: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    """What the contract lets an event say arrives, whichever SDK carries it."""
    event = {
        **EVENTS[1],
        "timestamp": "2026-01-15T12:00:00.000Z",
        "context": {"ip": "203.0.113.7"},
        "integrations": {"All": True, "Amplitude": False},
    }
    assert deliver(events=[event])[0] == 0
    (call,) = source.calls(good=True)
    assert call.raw["timestamp"].startswith("2026-01-15T12:00:00.000")
    assert call.context["ip"] == "203.0.113.7"
    assert call.integrations["Amplitude"] is False


def test_calls_of_one_sequence_come_before_those_of_the_next(
    source: Source, deliver: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    """A sequence whose delay is longer than the interval is sent for itself."""
    sequences = [{"events": [EVENTS[1]]}, {"delayMs": 1000, "events": [EVENTS[2]]}]
    assert deliver(sequences=sequences)[0] == 0
    assert [call.type for call in source.calls(good=True)] == ["track", "page"]
    posts = [request for request in source.requests() if request.method == "POST"]
    assert len(posts) == 2


def test_a_failure_that_passes_is_a_success(
    source: Source, deliver: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    """One 503 within the budget: delivered on the second attempt, and counted once."""
    # Of the browser `maxRetries` counts all attempts: 2 are one retry.
    config = {"flushAt": 20, "flushInterval": 100, "maxRetries": 2, "timeout": 10}
    with source.faults(status=503, times=1, type="track"):
        status, said = deliver(events=EVENTS[1:2], config=config)
    assert (status, said) == (0, {"success": True, "sentBatches": 1})
    (story,) = source.truth().messages
    assert (story.fate, story.statuses) == ("delivered once", [503, 200])


@pytest.mark.parametrize("effect", [{"status": 400}, {"status": 503}, {"reset": "before"}])
def test_what_is_lost_is_a_failure_that_says_why(
    source: Source,
    deliver: Callable[..., tuple[int, dict[str, Any]]],
    effect: dict[str, Any],
) -> None:
    """Refused for good, or for longer than the budget lasts: exit status 1 and an error."""
    with source.faults(**effect, type="track", times=20):
        status, said = deliver(events=EVENTS[1:2])
    assert status == 1
    assert (said["success"], said["sentBatches"]) == (False, 0)
    assert said["error"]
    assert source.calls() == []


def test_no_host_is_a_failure_and_not_segments(
    source: Source, deliver: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    """Without an apiHost nothing is sent anywhere."""
    status, said = deliver(apiHost="")
    assert (status, said["success"], said["sentBatches"]) == (1, False, 0)
    assert "apiHost" in said["error"]
    assert source.requests() == []


def test_an_unknown_type_is_a_failure(
    source: Source, deliver: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    """An event that no call can be made of is named."""
    status, said = deliver(events=[{"type": "shout", "userId": "u-1"}])
    assert (status, said["success"]) == (1, False)
    assert "shout" in said["error"]
    assert source.calls() == []
