"""``mockseg wait``: for shell scripts; what it prints, and its exit status."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.cli.main import run
from mockseg.errors import OperationError
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable


def track(event: str = "E", **fields: Any) -> dict[str, Any]:
    """Make a track call."""
    return {"type": "track", "event": event, "userId": "u1"} | fields


def test_calls_that_are_there_are_printed_at_once(
    send_batch: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """As lines, as one JSON object with the cursor to go on from, or not at all."""
    send_batch(track("a"), track("b"), track("a", userId="u2"))
    assert run(["wait", "--event", "a", "--count", "2"]) == 0
    one, two = capsys.readouterr().out.splitlines()
    assert ("call-1  " in one, "call-3  " in two) == (True, True)

    assert run(["wait", "--user-id", "u1", "--event", "a", "--json"]) == 0
    waited = json.loads(capsys.readouterr().out)
    assert ([call["event"] for call in waited["calls"]], waited["next"]) == (["a"], 1)

    assert run(["wait", "--where", "event = 'b'", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_wait_ends_when_the_call_comes(
    cli_server: MockSegment,
    send_batch: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its arrival wakes the wait, which has an hour left; calls up to --after do not count."""
    send_batch(track("a"))
    waiting = threading.Event()
    hub = cli_server._running().hub  # the very moment at which the wait has begun
    add = hub.waiters.add

    def added(waiter: Any) -> None:
        add(waiter)
        waiting.set()

    monkeypatch.setattr(hub, "waiters", Watched(hub.waiters, added))
    statuses: list[int] = []
    asked = ["wait", "--event", "a", "--after", "1", "--timeout", "1h", "--json"]
    thread = threading.Thread(target=lambda: statuses.append(run(asked)))
    thread.start()
    assert waiting.wait(60)
    send_batch(track("a"))
    thread.join(60)
    assert statuses == [0]
    assert json.loads(capsys.readouterr().out)["calls"][0]["id"] == "call-2"


class Watched:
    """The waits of a server, of which a test hears."""

    def __init__(self, waiters: Any, added: Callable[[Any], None]) -> None:
        self._waiters = waiters
        self.add = added

    def __getattr__(self, name: str) -> Any:
        return getattr(self._waiters, name)


def test_calls_that_do_not_come_are_explained(
    send_batch: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, the reason on stderr; nothing with --quiet; the server's body with --json."""
    send_batch(track("Order Complete"))
    asked = ["wait", "--event", "Order Completed", "--timeout", "0"]
    assert run(asked) == 1
    out, err = capsys.readouterr()
    assert out == ""
    said = "expected 1 or more calls where event='Order Completed'; found none."
    assert said in err
    assert "event: expected 'Order Completed' (string), got 'Order Complete' (string)" in err
    assert run([*asked, "--quiet"]) == 1
    assert capsys.readouterr() == ("", "")
    assert run([*asked, "--json"]) == 1
    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert (error["code"], error["details"]["seen"]) == ("timeout", 0)
    assert said in err


def test_the_explanation_of_the_server_is_printed_as_it_is(
    cli_server: MockSegment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the refusal carries as its text, with the nearest call, on standard error."""
    text = "expected 1 or more track 'A'; found none.\n\nNearest:\n  call-1 track 'B\x1b[2J'"

    async def refused(name: str, params: Any) -> Any:
        details = {"seen": 0, "explanation": {"text": text, "nearest": []}}
        raise OperationError("0 of 1", status=406, code="timeout", details=details)

    monkeypatch.setattr(cli_server._running().hub, "perform", refused)
    assert run(["wait", "--event", "A"]) == 1
    assert capsys.readouterr() == ("", text.replace("\x1b", "\\x1b") + "\n")


def test_a_call_that_segment_would_drop_ends_the_wait(
    send_batch: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """At once, with the reason; asked for by its verdict it is what is waited for."""
    send_batch({"type": "track", "event": "E"})
    assert run(["wait", "--event", "E", "--timeout", "1h"]) == 1
    assert "no_user_anon_id" in capsys.readouterr().err
    assert run(["wait", "--event", "E", "--verdict", "dropped", "--timeout", "0"]) == 0
    assert run(["wait", "--event", "E", "--bad", "--timeout", "0"]) == 0


def test_exactly_allows_no_more(
    send_batch: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Too many end the wait at once; none at all is waited for until the time is up."""
    send_batch(track("a"), track("a"))
    assert run(["wait", "--event", "a", "--exactly", "2", "--quiet-for", "0s"]) == 0
    assert run(["wait", "--event", "a", "--exactly", "1", "--timeout", "1h"]) == 1
    assert "expected exactly 1 call where event='a'; found 2." in capsys.readouterr().err
    assert run(["wait", "--event", "b", "--exactly", "0", "--timeout", "1ms"]) == 0
    assert run(["wait", "--event", "a", "--exactly", "0", "--timeout", "1h"]) == 1


def test_exactly_lasts_until_no_more_can_come(
    cli_server: MockSegment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The silence asked for is all of the time for none, else a tenth of a second."""
    asked: list[tuple[Any, float, float]] = []
    hub = cli_server._running().hub
    perform = hub.perform

    async def watched(name: str, params: Any) -> Any:
        if name == "wait_calls":
            asked.append((params.count.exactly, params.timeout, params.quiet))
            return await perform(name, type(params)(count=type(params.count)(exactly=0)))
        return await perform(name, params)

    monkeypatch.setattr(hub, "perform", watched)
    for flags in (["--exactly", "0"], ["--exactly", "3"], ["--exactly=3", "--quiet-for=2m"], []):
        assert run(["wait", "--timeout", "7s", *flags]) == 0
    assert asked == [(0, 7.0, 7.0), (3, 7.0, 0.1), (3, 120.0, 120.0), (None, 7.0, 0.0)]


def test_none_cannot_be_known_of_calls_that_were_evicted(
    post_batch: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A call that was evicted may have matched: exit 1, which says so."""
    with MockSegment(max_calls=2) as server:
        monkeypatch.setenv("MOCKSEG_URL", server.url)
        post_batch(server.url, track("a"), track("b"), track("c"))
        assert run(["wait", "--event", "a", "--exactly", "0", "--timeout", "0"]) == 1
    err = capsys.readouterr().err
    assert "expected no calls where event='a'; found none." in err
    assert "1 older call was evicted and could not be looked at" in err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--count", "2", "--exactly", "2"], "--count and --exactly exclude each other"),
        (["--quiet", "--json"], "--quiet and --json exclude each other"),
        (["--count", "0"], "--count"),
        (["--timeout", "2h"], "--timeout"),
        (["--timeout", "5parsec"], "such as 30s"),
        (["--timeout", "nan"], "--timeout"),
        (["--where", "event ="], "character"),
    ],
)
def test_a_wait_that_cannot_be_asked_for(
    cli_server: MockSegment, flags: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, one sentence with what is allowed."""
    assert cli_server.url
    assert run(["wait", *flags]) == 2
    out, err = capsys.readouterr()
    assert (out, told in err) == ("", True)


def test_no_server_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, which tells a script from a call that did not come."""
    with MockSegment() as server:
        url = server.url
    monkeypatch.setenv("MOCKSEG_URL", url)
    assert run(["wait", "--quiet"]) == 2
    assert url in capsys.readouterr().err
