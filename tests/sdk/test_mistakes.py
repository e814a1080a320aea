"""The reference SDK keeps every rule; each of the deliberate mistakes breaks the one it names."""

from __future__ import annotations

import dataclasses
import importlib
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ADAPTERS = Path(__file__).resolve().parent / "adapters"
LARGE = {"type": "track", "userId": "u", "event": "Large", "properties": {"text": "x" * 30_000}}


@pytest.fixture
def adapters(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the modules of the adapters, which find each other by the folder they lie in."""
    monkeypatch.syspath_prepend(str(ADAPTERS))
    names = ("cli_contract", "reference", "mistakes")
    return {name: importlib.import_module(name) for name in names}


@dataclasses.dataclass
class Story:
    """What an SDK did.

    Attributes:
        outcome: what it said of itself.
        posts: its requests that carried calls.
        bodies: of them, decoded.
        waits: seconds, in order; a wait of none is left out.
    """

    outcome: Any
    posts: list[Any]
    bodies: list[dict[str, Any]]
    waits: list[float]

    @property
    def sent(self) -> list[list[Any]]:
        """Give what names the calls of each request."""
        return [
            [message["properties"]["number"] for message in body["batch"]] for body in self.bodies
        ]

    @property
    def message_ids(self) -> list[list[str]]:
        """Give the messageIds of each request."""
        return [[message["messageId"] for message in body["batch"]] for body in self.bodies]

    @property
    def retry_counts(self) -> list[str | None]:
        """Give what each request says of itself as a retry."""
        return [post.headers.get("X-Retry-Count") for post in self.posts]


@pytest.fixture
def play(adapters: Any) -> Callable[..., Story]:
    """Give a function that lets an SDK send calls to a wire whose answers are given."""

    def run(
        way: str = "",
        *answers: tuple[int, dict[str, str]] | int,
        events: list[dict[str, Any]] | None = None,
        settings: dict[str, Any] | int | None = None,
        flush_at: int = 20,
    ) -> Story:
        contract, reference = adapters["cli_contract"], adapters["reference"]
        coming = [answer if isinstance(answer, tuple) else (answer, {}) for answer in answers]
        posts: list[Any] = []
        waits: list[float] = []

        def wire(request: Any) -> Any:
            if request.method == "GET":
                if isinstance(settings, int):
                    return reference.Answer(settings)
                return reference.Answer(200, {}, json.dumps(settings).encode())
            posts.append(request)
            return reference.Answer(*(coming.pop(0) if coming else (200, {})))

        order = contract.Order(
            write_key="k",
            api_host="http://api.test",
            cdn_host=None if settings is None else "http://cdn.test",
            sequences=(contract.Sequence(0, tuple(events or numbered(3))),),
            flush_at=flush_at,
            flush_interval_seconds=1,
            max_retries=2,
            timeout_seconds=5,
        )
        kind = adapters["mistakes"].MISTAKES[way] if way else reference.Sdk
        outcome = kind(order, wire=wire, sleep=waits.append).run()
        bodies = [json.loads(post.body) for post in posts]
        return Story(outcome, posts, bodies, [wait for wait in waits[1:] if wait])

    return run


def numbered(count: int) -> list[dict[str, Any]]:
    """Make so many track calls."""
    return [
        {"type": "track", "userId": "u", "event": "Counted", "properties": {"number": number}}
        for number in range(count)
    ]


def after(seconds: int) -> tuple[int, dict[str, str]]:
    """Make an answer of 429 that asks to wait."""
    return 429, {"retry-after": str(seconds)}


def test_the_reference_says_whose_calls_these_are_and_when(play: Callable[..., Story]) -> None:
    """Write key in the body and as Basic, sentAt, JSON; all calls once and in order."""
    story = play()
    (post,), (body,) = story.posts, story.bodies
    assert story.sent == [[0, 1, 2]]
    assert (body["writeKey"], post.headers["Authorization"]) == ("k", "Basic azo=")
    assert body["sentAt"].endswith("Z")
    assert story.retry_counts == [None]
    assert (story.outcome.sent_batches, story.outcome.error) == (1, "")


@pytest.mark.parametrize("status", [0, 408, 410, 429, 460, 500, 502, 503, 504])
def test_the_reference_tries_again_what_passes(play: Callable[..., Story], status: int) -> None:
    """With the same messageIds, counting its retries, waiting longer each time."""
    story = play("", status, status)
    assert story.message_ids[0] == story.message_ids[1] == story.message_ids[2]
    assert story.retry_counts == [None, "1", "2"]
    first, second = story.waits
    assert 0.5 <= first <= 0.55
    assert 1.0 <= second <= 1.1
    assert story.outcome.error == ""


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422, 501, 505, 511])
def test_the_reference_gives_up_what_does_not_pass(play: Callable[..., Story], status: int) -> None:
    """One attempt, and it says so."""
    story = play("", status)
    assert len(story.posts) == 1
    assert str(status) in story.outcome.error


def test_the_reference_stops_when_its_budget_is_spent(play: Callable[..., Story]) -> None:
    """Two retries are three attempts."""
    story = play("", *[503] * 9)
    assert len(story.posts) == 3
    assert (story.outcome.sent_batches, story.outcome.error) == (0, "given up after 503")


def test_the_reference_waits_as_long_as_it_is_asked_and_does_not_count_it(
    play: Callable[..., Story],
) -> None:
    """Five rate limits, then two failures that count, and the batch still arrives."""
    story = play("", *[after(7)] * 5, 503, 503)
    assert story.waits[:5] == [7] * 5
    assert story.retry_counts == [None, *"1234567"]
    assert story.outcome.error == ""


def test_the_reference_cuts_batches_by_count_and_by_size(play: Callable[..., Story]) -> None:
    """No more calls than flushAt, no more bytes than Segment takes, no call over 32 KB."""
    assert play("", events=numbered(5), flush_at=2).sent == [[0, 1], [2, 3], [4]]
    large = play("", events=[LARGE] * 20)
    assert [len(body["batch"]) for body in large.bodies] == [15, 5]
    assert max(len(post.body) for post in large.posts) < 500_000
    over = {**LARGE, "messageId": "m-1", "properties": {"text": "x" * 33_000}}
    refused = play("", events=[over])
    assert (refused.posts, refused.outcome.error) == ([], "m-1 is over 32 KB and was not sent")


def test_the_reference_does_what_the_settings_say(play: Callable[..., Story]) -> None:
    """The CDN's httpConfig goes over the defaults; without settings the defaults hold."""
    backoff = {
        "maxRetryCount": 4,
        "baseBackoffInterval": 2,
        "jitterPercent": 0,
        "statusCodeOverrides": {"400": "retry", "503": "drop"},
    }
    limit = {"maxRetryInterval": 3}
    config = {"httpConfig": {"backoffConfig": backoff, "rateLimitConfig": limit}}
    settings = {"integrations": {"Segment.io": config}}
    assert len(play("", *[503] * 9, settings=settings).posts) == 1
    assert play("", *[400] * 9, settings=settings).waits == [2, 4, 8, 16]
    assert play("", after(60), settings=settings).waits == [3]
    assert len(play("", *[503] * 9, settings=404).posts) == 3


def test_every_mistake_has_a_test(adapters: Any) -> None:
    """What is offered is what is checked below."""
    assert set(adapters["mistakes"].MISTAKES) == set(WRONG)


def _new_ids(play: Callable[..., Story]) -> bool:
    first, second = play(503).message_ids
    return not set(first) & set(second)


def _largest(story: Story) -> int:
    return max((len(post.body) for post in story.posts), default=0)


def _is_nameless(play: Callable[..., Story]) -> bool:
    story = play()
    (post,), (body,) = story.posts, story.bodies
    return "Authorization" not in post.headers and "writeKey" not in body


def _is_deaf(play: Callable[..., Story]) -> bool:
    backoff = {"statusCodeOverrides": {"503": "drop"}}
    settings = {"integrations": {"Segment.io": {"httpConfig": {"backoffConfig": backoff}}}}
    return len(play(503, settings=settings).posts) == 2


def _dies(play: Callable[..., Story]) -> bool:
    try:
        play(settings=404)
    except RuntimeError as error:
        return "404" in str(error)
    return False


TOO_LARGE = {**LARGE, "properties": {"text": "x" * 33_000}}
WRONG: dict[str, Callable[[Callable[..., Story]], bool]] = {
    "constant-backoff": lambda play: max(play(503, 503).waits) < 0.6,
    "counts-retry-after": lambda play: len(play(*[after(1)] * 9).posts) == 3,
    "dies-without-settings": _dies,
    "gives-up-on-503": lambda play: len(play(503).posts) == 1,
    "gives-up-on-reset": lambda play: len(play(0).posts) == 1,
    "hides-losses": lambda play: play(400).outcome.error == "",
    "ignores-http-config": _is_deaf,
    "ignores-retry-after": lambda play: max(play(after(7)).waits) < 1,
    "invents": lambda play: play().sent == [[0, 1, 2, 0]],
    "loses-the-last": lambda play: play().sent == [[0, 1]],
    "never-stops": lambda play: len(play(*[503] * 9).posts) == 10,
    "new-message-ids": _new_ids,
    "no-backoff": lambda play: play(503, 503).waits == [],
    "no-retry-count": lambda play: play(503).retry_counts == [None, None],
    "no-sent-at": lambda play: "sentAt" not in play().bodies[0],
    "no-write-key": _is_nameless,
    "over-flush-at": lambda play: play(flush_at=2).sent == [[0, 1, 2]],
    "reorders": lambda play: play().sent == [[2, 1, 0]],
    "retries-400": lambda play: len(play(400).posts) == 2,
    "sends-again": lambda play: play().sent == [[0, 1, 2]] * 2,
    "stuck-retry-count": lambda play: play(503, 503).retry_counts == [None, "1", "1"],
    "too-large-batches": lambda play: _largest(play(events=[LARGE] * 20)) > 500_000,
    "too-large-messages": lambda play: _largest(play(events=[TOO_LARGE])) > 32 * 1024,
}


@pytest.mark.parametrize("way", sorted(WRONG))
def test_a_mistake_is_made_and_the_reference_does_not_make_it(
    play: Callable[..., Story], way: str
) -> None:
    """The SDK that is wrong in this way does on the wire what its name says."""
    assert WRONG[way](partial(play, way))
    assert not WRONG[way](partial(play, ""))
