"""The query language over HTTP and on the command line: one meaning everywhere."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

V1 = "/_mockseg/v1"
MESSAGES: list[dict[str, Any]] = [
    {"type": "track", "event": "Order Completed", "userId": "u1", "properties": {"total": 42}},
    {"type": "track", "event": "Order Refunded", "userId": "u2", "properties": {"total": "7"}},
    {"type": "page", "name": "Cart", "anonymousId": "a1"},
    {"type": "track", "userId": "u1"},
]


async def found(client: Any, q: str, **query: str) -> list[str]:
    """Ask for calls with a query; give their ids."""
    async with client.get(f"{V1}/calls", params={"q": q, **query}) as answer:
        assert answer.status == 200, await answer.text()
        page = await answer.json()
        assert page["total"] == len(page["calls"])
        return [call["id"] for call in page["calls"]]


@pytest.fixture(name="filled")
async def _filled(client: Any) -> Any:
    """A client of a server that has the messages."""
    async with client.post("/v1/batch", json={"writeKey": "k", "batch": MESSAGES}) as answer:
        assert answer.status == 200
    return client


async def test_calls_are_found_by_a_query(filled: Any) -> None:
    """Beside match keys, in either order."""
    assert await found(filled, "is:bad") == ["call-4"]
    assert await found(filled, "type:track -is:bad", order="newest") == ["call-2", "call-1"]
    assert await found(filled, "properties.total:>40") == ["call-1"]
    assert await found(filled, "refunded", userId="u2") == ["call-2"]
    assert await found(filled, "refunded", userId="u1") == []
    assert await found(filled, "name:Cart after:1h") == ["call-3"]


async def test_calls_are_found_by_what_became_of_them(filled: Any) -> None:
    """The destination by id, type and name, also when it is gone."""
    destination = {"type": "userguiding", "source": "d", "name": "guides"}
    async with filled.post(f"{V1}/destinations", json=destination) as answer:
        made = (await answer.json())["id"]
    async with filled.post("/v1/batch", json={"writeKey": "d", "batch": MESSAGES[:1]}) as answer:
        assert answer.status == 200
    async with filled.post(f"{V1}/settle", json={"source": "d"}) as answer:
        assert answer.status == 200
    for name in (made, "userguiding", "guides"):
        assert await found(filled, f"to:{name} delivery:delivered,filtered") == ["call-5"]
    assert await found(filled, "to:crm") == []


async def test_a_query_that_cannot_be_read_is_refused_with_its_place(filled: Any) -> None:
    """By the list and by the stream."""
    for path in ("calls", "stream"):
        async with filled.get(f"{V1}/{path}", params={"q": "is:bad usr:u1"}) as answer:
            assert answer.status == 422
            error = (await answer.json())["error"]
        assert error["code"] == "invalid_query"
        assert error["message"].startswith('q: unknown key "usr:"; did you mean "user:"?')
        assert error["details"]["position"] == 7
        assert error["details"]["nearest"] == "user"


async def test_a_stream_is_narrowed_by_a_query(filled: Any) -> None:
    """Only what it finds is told, from the beginning if asked."""
    query = {"q": "is:bad", "after": "0"}
    async with filled.get(f"{V1}/stream", params=query, timeout=None) as answer:
        text = b""
        while b"event: call" not in text or not text.endswith(b"\n\n"):
            text += await answer.content.readline()
    assert text.count(b"event:") == 1
    assert b'"id":"call-4"' in text


def test_commands_take_a_query(
    send_batch: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Its terms as arguments, or as one."""
    send_batch(*MESSAGES)
    for terms in (["type:track", "!is:bad", "user:u1"], ["type:track -is:bad user:u1"]):
        assert run(["calls", *terms, "--json"]) == 0
        (line,) = capsys.readouterr().out.splitlines()
        assert json.loads(line)["id"] == "call-1"
    assert run(["calls", "--last", "1", "type:track", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "call-4"
    assert run(["tail", "--after", "0", "--limit", "1", "--json", "name:Cart"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "call-3"
    file = tmp_path / "bad.ndjson.gz"
    assert run(["export", str(file), "is:bad"]) == 0
    assert [json.loads(line)["id"] for line in gzip.decompress(file.read_bytes()).splitlines()] == [
        "call-4"
    ]


def test_a_command_says_what_is_wrong_with_a_query(
    cli_server: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the nearest word, and status 2."""
    assert run(["calls", "is:bda"]) == 2
    assert 'unknown value "bda" of is:; did you mean "bad"?' in capsys.readouterr().err
