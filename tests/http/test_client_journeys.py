"""Assertions about all that an app sent: identity, opting out, personal data, golden files."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg.errors import ConfigError, UnmetExpectationError
from mockseg.matching.matchers import identify, track
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mockseg.client.source import Source

    Send = Callable[..., int]


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[MockSegment]:
    with MockSegment() as server:
        yield server


@pytest.fixture(name="source")
def _source(server: MockSegment) -> Source:
    return server.source()


@pytest.fixture(name="send")
def _send(source: Source) -> Send:
    def send(*messages: dict[str, Any], body: bytes | None = None) -> int:
        connection = http.client.HTTPConnection(urlsplit(source.url).netloc)
        try:
            data = body or json.dumps({"writeKey": source.write_key, "batch": messages}).encode()
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/batch", data, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    return send


def anonymous(name: str, visitor: str = "a1") -> dict[str, Any]:
    """Give a track message of a visitor."""
    return {"type": "track", "event": name, "anonymousId": visitor}


def linked(user: str = "u1", visitor: str = "a1") -> dict[str, Any]:
    """Give an identify message that links a visitor to a user."""
    return {"type": "identify", "userId": user, "anonymousId": visitor}


def test_identity_continues_over_identify_and_alias(source: Source, send: Send) -> None:
    """Either call links the visitor to the user, before or after the user's first call."""
    send(anonymous("Visited"), linked(), {"type": "track", "event": "Bought", "userId": "u1"})
    source.assert_identity_continuity()
    source.assert_identity_continuity(anonymous_id="a1", user_id="u1")
    send(
        anonymous("Visited", "a2"),
        {"type": "track", "event": "Bought", "userId": "u2"},
        {"type": "alias", "userId": "u2", "previousId": "a2"},
    )
    asyncio.run(source.aio.assert_identity_continuity(anonymous_id="a2"))


@pytest.mark.parametrize(
    ("messages", "asked", "said"),
    [
        ([], {}, "no call was recorded"),
        ([anonymous("Visited")], {}, "none with a userId"),
        ([anonymous("Visited"), linked(visitor="a2")], {}, "nothing links it"),
        ([anonymous("Visited"), linked(), linked("u2")], {}, "was linked to 'u1' and now"),
        ([linked()], {"anonymous_id": "a1", "user_id": "u2"}, "to userId 'u2'"),
        ([linked()], {"anonymous_id": "a2"}, "to any userId"),
        ([linked()], {"user_id": "u2"}, "any anonymousId to userId 'u2'"),
    ],
)
def test_a_broken_identity_is_named(
    source: Source, send: Send, messages: list[Any], asked: dict[str, str], said: str
) -> None:
    """The place where it broke is told, and what a link is."""
    if messages:
        send(*messages)
    with pytest.raises(UnmetExpectationError) as failure:
        source.assert_identity_continuity(**asked, wait=0)
    assert said in str(failure.value)
    assert "A link is identify()" in str(failure.value)


def test_nothing_follows_an_opt_out(source: Source, send: Send) -> None:
    """The last call is given; calls of any verdict that follow are named, unless allowed."""
    send(anonymous("Visited"), anonymous("Opted Out"))
    last = source.assert_no_calls_after(track("Opted Out"), within=0)
    assert last.event == "Opted Out"
    send(linked())
    source.assert_no_calls_after(last, within=0, allow=[identify()])
    send({"type": "track", "event": "Nobody"})
    with pytest.raises(UnmetExpectationError) as failure:
        source.assert_no_calls_after(track("Opted Out"), within=0, allow=[identify()])
    assert "1 call came" in str(failure.value)
    assert "'Nobody'" in str(failure.value)
    with pytest.raises(UnmetExpectationError, match="found none"):
        source.assert_no_calls_after(track("Never"), within=0, wait=0)


def test_personal_data_is_found_wherever_it_is(source: Source, send: Send) -> None:
    """In properties, keys, numbers, behind JSON's escapes; shown masked, with its place."""
    send(anonymous("Visited"))
    source.assert_no_pii(quiet=0)
    escaped = json.dumps(
        {
            "writeKey": source.write_key,
            "batch": [
                {
                    **anonymous("Paid"),
                    "properties": {"card": 4111111111111111, "who": ["MAIL"]},
                }
            ],
        }
    ).replace("MAIL", "ada\\u0040example.com")
    send(body=escaped.encode())
    with pytest.raises(UnmetExpectationError) as failure:
        source.assert_no_pii(quiet=0)
    text = str(failure.value)
    assert "e-mail address 'ad…om' (15 characters) in call-" in text
    assert "properties.who[0]" in text
    assert "card number '41…11' (16 characters)" in text
    assert "ada@" not in text
    source.assert_no_pii(quiet=0, allow=["ada@example.com", "4111111111111111"])


def test_own_patterns_replace_the_default_ones(source: Source, send: Send) -> None:
    """By name or not; what is no pattern is refused."""
    send({**anonymous("Visited"), "properties": {"mail": "ada@example.com", "plate": "B-AB 123"}})
    source.assert_no_pii([r"nothing"], quiet=0)
    with pytest.raises(UnmetExpectationError, match="plate"):
        source.assert_no_pii({"number plate": r"B-[A-Z]{2} \d{3}"}, quiet=0)
    with pytest.raises(ValueError, match="not a regular expression"):
        source.assert_no_pii(["("], quiet=0)
    with pytest.raises(ValueError, match="empty"):
        source.assert_no_pii([], quiet=0)
    with pytest.raises(TypeError, match="list or a dict"):
        source.assert_no_pii("mail", quiet=0)


def test_an_empty_capture_proves_nothing(source: Source) -> None:
    """Without a request there is nothing to be sure of."""
    with pytest.raises(UnmetExpectationError, match="proves nothing"):
        source.assert_no_pii(quiet=0)


def test_digits_that_only_look_like_a_card_are_none(source: Source, send: Send) -> None:
    """Luhn's check digit and the usual ids keep the alarm quiet."""
    send({**anonymous("Visited"), "properties": {"n": 4111111111111112, "at": 1_700_000_000_000}})
    source.assert_no_pii(quiet=0)


def test_golden_files(source: Source, send: Send, tmp_path: Path) -> None:
    """What is new in every run is not compared; the rest is, in its order."""
    file = tmp_path / "goldens" / "visit.json"
    with pytest.raises(UnmetExpectationError, match=r"golden file .* does not exist"):
        source.assert_matches_golden(file, wait=0)
    send({**anonymous("Visited"), "properties": {"page": 1, "seen": {}}}, linked())
    source.assert_matches_golden(file, update=True, wait=0)
    assert json.loads(file.read_text()) == [
        {**anonymous("Visited"), "properties": {"page": 1}},
        linked(),
    ]
    source.assert_matches_golden(file, wait=0)
    source.clear()
    send({**anonymous("Visited"), "properties": {"page": "1", "extra": True}})
    with pytest.raises(UnmetExpectationError) as failure:
        source.assert_matches_golden(file, wait=0)
    text = str(failure.value)
    assert "properties.page: expected 1 (number), got '1' (string)" in text
    assert "properties.extra: expected no such member" in text
    assert "golden 2 identify: not recorded" in text
    asyncio.run(
        source.aio.assert_matches_golden(file, update=True, ignore=["properties.extra"], wait=0)
    )
    source.assert_matches_golden(file, ignore=["properties.extra"], wait=0)


def test_a_golden_file_that_is_none_is_refused(source: Source, tmp_path: Path) -> None:
    """The file is named with what is wrong."""
    for text, said in (("{", "is not JSON"), ('{"a": 1}', "not a JSON array")):
        (tmp_path / "golden.json").write_text(text)
        with pytest.raises(ConfigError, match=said):
            source.assert_matches_golden(tmp_path / "golden.json", wait=0)


def test_soft_blocks_nest_and_keep_what_ended_them(source: Source, send: Send) -> None:
    """An error in the block stays the error, with the failures as its note."""
    send(anonymous("Visited"))
    with pytest.raises(UnmetExpectationError, match="2 soft assertions"), source.soft():  # noqa: PT012  (so)
        source.assert_called(track("One"), wait=0)
        source.assert_not_called(track("Visited"), within=0)
    with pytest.raises(ZeroDivisionError) as failure, source.soft() as block:  # noqa: PT012  (the block is what is tested)
        source.assert_called(track("One"), wait=0)
        assert len(block.failures) == 1
        raise ZeroDivisionError
    assert "1 soft assertion failed" in failure.value.__notes__[0]
    with pytest.raises(UnmetExpectationError, match="found none"), source.soft():
        source.wait_for(track("One"), timeout=0)
    with source.soft():
        source.assert_called(track("Visited"), wait=0)


def test_waiting_blocks_of_event_loops(source: Source, send: Send) -> None:
    """`async with` waits for what its block causes."""
    send(anonymous("Visited"))

    async def story() -> None:
        async with source.aio.waiting_for(track("Visited")) as waited:
            await asyncio.to_thread(send, anonymous("Visited"))
        assert [call.event for call in waited.calls] == ["Visited"]
        assert waited.call.cursor > (await source.aio.calls())[0].cursor

    asyncio.run(story())
