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


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_a_list_without_its_total_has_the_same_calls(filled: Any, order: str) -> None:
    """Page by page, between two calls, and where nothing matches; it looks no further."""
    narrowed: list[dict[str, str]] = [
        {"q": "type:track"},
        {"q": "is:good", "after": "1", "before": "3"},
        {"good": "true", "after": "1"},
        {"type": "track", "before": "4"},
        {"q": "event:none"},
        {},
    ]
    for query in narrowed:
        for limit in ("1", "2", "9"):
            asked = {**query, "order": order, "limit": limit}
            pages = []
            for total in ("true", "false"):
                async with filled.get(f"{V1}/calls", params={**asked, "total": total}) as answer:
                    pages.append(await answer.json())
            assert pages[1].pop("total") is None
            assert pages[0].pop("total") >= len(pages[0]["calls"])
            assert pages[0] == pages[1], asked


async def test_a_query_is_explained_term_by_term(filled: Any) -> None:
    """How many calls each term holds for, how many match without it, and what a call fails."""
    query = {"q": "type:track properties.total:>=40 -user:u2", "limit": "2"}
    async with filled.get(f"{V1}/calls/query", params=query) as answer:
        explained = await answer.json()
    assert (explained["total"], explained["matched"]) == (4, 1)
    assert explained["terms"] == [
        {"text": "type:track", "holds": 3, "without": 1, "fql": 'type = "track"'},
        {
            "text": "properties.total:>=40",
            "holds": 1,
            "without": 2,
            "fql": "properties.total >= 40",
        },
        {"text": "-user:u2", "holds": 3, "without": 1, "fql": '!(userId = "u2")'},
    ]
    assert [call["row"][0] for call in explained["calls"]] == [4, 3]
    assert [call["fails"] for call in explained["calls"]] == [
        ["properties.total:>=40"],
        ["type:track", "properties.total:>=40"],
    ]


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


def test_a_command_explains_a_query(
    send_batch: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of its terms, then why each of the newest calls matches or does not."""
    send_batch(*MESSAGES)
    assert run(["calls", "type:track", "coupon", "--explain", "--last", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "0 of 4 calls match"
    assert [line.split() for line in lines if line.startswith(("type:track", "coupon"))] == [
        ["type:track", "3", "0", "type", "=", '"track"'],
        ["coupon", "0", "3", "-"],
    ]
    assert lines[-2:] == [
        "call-4 track: does not match coupon",
        "call-3 page Cart: does not match type:track, coupon",
    ]


def test_a_command_says_what_is_wrong_with_a_query(
    cli_server: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the nearest word, and status 2."""
    assert run(["calls", "is:bda"]) == 2
    assert 'unknown value "bda" of is:; did you mean "bad"?' in capsys.readouterr().err
