"""The feed of a live page: rows at once, then together; nothing uncounted, nothing queued."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from mockseg import json_types
from mockseg.clock import SystemClock
from mockseg.web import feed as module

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FEED = "/_mockseg/v1/feed"


class Events:
    """The events of one feed."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.id = ""

    async def next(self) -> tuple[str, Any]:
        """Read the next event; give its type and its data."""
        fields: dict[str, str] = {}
        while line := (await self._answer.content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        if "event" not in fields:
            return await self.next()
        self.id = fields["id"]
        return fields["event"], json_types.decode(fields["data"].encode())

    async def rows(self) -> Any:
        """Read the next event, which has rows."""
        name, data = await self.next()
        assert name == "rows"
        return data

    async def cursors(self, most: int) -> list[int]:
        """Read rows until this many have come, over how many events ever."""
        found: list[int] = []
        while len(found) < most:
            found += [row[0] for row in reversed((await self.rows())["rows"])]
        return found


@contextlib.asynccontextmanager
async def listening(client: Any, query: Any = "", **headers: str) -> AsyncIterator[Events]:
    """Open a feed; its first event has come when this is entered."""
    async with client.get(f"{FEED}{query}", headers=headers, timeout=None) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "text/event-stream"
        events = Events(answer)
        name, events.hello = await events.next()
        assert name == "hello"
        yield events


async def send(client: Any, *events: str, key: str = "k", **changes: Any) -> None:
    """Send a batch of track calls."""
    batch = [{"type": "track", "userId": "u", "event": event, **changes} for event in events]
    async with client.post("/v1/batch", json={"writeKey": key, "batch": batch}) as answer:
        assert answer.status == 200


@pytest.fixture(name="unpaced")
def _unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message follows at once."""
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.0)


async def test_a_feed_begins_with_what_is_kept_and_tells_of_calls(client: Any) -> None:
    """`hello`, then rows as GET /calls/rows has them, with the numbers of what is kept."""
    await send(client, "before")
    async with listening(client) as events:
        assert events.hello["cursor"] == 1
        assert events.hello["counts"]["total"] == 1
        assert events.hello["run"] == client.hub.run
        await send(client, "one", "two")
        news = await events.rows()
        assert [row[0] for row in news["rows"]] == [3, 2]
        async with client.get("/_mockseg/v1/calls/rows?limit=2") as answer:
            assert (await answer.json())["rows"] == news["rows"]
        assert (news["counts"]["total"], news["counts"]["good"]) == (3, 3)
        assert news["skipped"] is None


async def test_a_feed_goes_on_where_it_was(client: Any) -> None:
    """By the id of its last event, or by a cursor."""
    async with listening(client) as events:
        await send(client, "one")
        await events.rows()
        seen = events.id
    await send(client, "two")
    async with listening(client, "?after=0", **{"Last-Event-ID": seen}) as events:
        assert [row[0] for row in (await events.rows())["rows"]] == [2]
    async with listening(client, "?after=0") as events:
        assert [row[0] for row in (await events.rows())["rows"]] == [2, 1]


async def test_a_feed_is_narrowed_by_source_and_query(client: Any, unpaced: None) -> None:
    """What does not match is neither shown nor counted as skipped."""
    query = {"source": "k", "q": "event:wanted"}
    async with client.get(FEED, params=query, timeout=None) as answer:
        events = Events(answer)
        await events.next()
        await send(client, "other")
        await send(client, "wanted", key="elsewhere")
        await send(client, "wanted")
        news = await events.rows()
        while not news["rows"]:
            news = await events.rows()
        assert [row[0] for row in news["rows"]] == [3]
        assert news["skipped"] is None
        assert news["counts"]["total"] == 2


async def test_what_comes_too_fast_is_counted(
    client: Any, unpaced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown and skipped together are all; the bad ones among the skipped are counted too."""
    for number in range(3):
        await send(client, *["e"] * 600, messageId="same" if number else None)
    shown = skipped = bad = 0
    async with listening(client, "?after=0") as events:
        while shown + skipped < 1800:
            news = await events.rows()
            assert len(news["rows"]) <= 500
            cursors = [row[0] for row in news["rows"]]
            assert cursors == sorted(cursors, reverse=True)
            shown += len(cursors)
            if (left_out := news["skipped"]) is not None:
                assert left_out["before"] == cursors[-1]
                assert left_out["before"] - left_out["after"] - 1 == left_out["count"]
                skipped += left_out["count"]
                bad += left_out["bad"]
    assert shown + skipped == 1800
    assert shown >= 500
    assert 0 < bad <= skipped


async def test_what_comes_within_the_interval_is_told_together(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first at once; the next message waits, and has all that came meanwhile."""
    held = asyncio.Event()
    sleep = SystemClock.sleep

    async def slept(self: SystemClock, seconds: float) -> None:
        await (held.wait() if seconds > 500 else sleep(self, seconds))

    monkeypatch.setattr(module, "INTERVAL_SECONDS", 1000.0)
    monkeypatch.setattr(SystemClock, "sleep", slept)
    async with listening(client) as events:
        await send(client, "one")
        assert await events.cursors(1) == [1]
        for event in ("two", "three", "four"):
            await send(client, event)
        held.set()
        assert await events.cursors(3) == [2, 3, 4]


async def test_deliveries_that_become_final_are_told(client: Any, unpaced: None) -> None:
    """Of which call, and where it went."""
    body = {"type": "userguiding", "source": "k"}
    async with listening(client, "?source=k") as events:
        async with client.post("/_mockseg/v1/destinations", json=body) as answer:
            made = (await answer.json())["id"]
        changed = await events.rows()
        assert changed["changed"] == ["sources", "destinations"]
        assert changed["counts"]["destinations"] == 1
        await send(client, "one")
        found: list[Any] = []
        while not found:
            found = (await events.rows())["deliveries"]
        ((cursor, ((destination, _state),)),) = found
        assert (cursor, destination) == (1, made)


async def test_a_feed_without_rows_says_that_something_came(client: Any, unpaced: None) -> None:
    """With the counts; also of a request that brings no call, and of no other source."""
    async with listening(client, "?source=k&rows=false") as events:
        await send(client, "a")
        news = await events.rows()
        assert (news["rows"], news["changed"][0], news["counts"]["total"]) == ([], "requests", 1)
        fault = {"source": "k", "effect": {"status": 503}}
        async with client.post("/_mockseg/v1/faults", json=fault):
            pass
        assert "faults" in (await events.rows())["changed"]
        await send(client, "b", key="other")
        async with client.post("/v1/track", json={"writeKey": "k", "event": "b"}) as answer:
            assert answer.status == 503
        news = await events.rows()
        assert (news["rows"], news["changed"][0], news["counts"]["refused"]) == ([], "requests", 1)


@pytest.mark.parametrize(
    ("what", "body", "changed"),
    [
        ("POST /faults", {"effect": {"status": 503}}, "faults"),
        ("POST /sources", {}, "sources"),
        ("PATCH /sources/k", {"name": "shop"}, "sources"),
        ("PATCH /sources/k", {"catalogue": ["ecommerce"]}, "plans"),
        ("PUT /sources/k/plan", {"catalogue": ["ecommerce"]}, "plans"),
        ("PUT /clock", {"now": "2026-01-31T12:00:00Z"}, "clock"),
        ("PUT /clock", {"now": None, "source": "k"}, "clock"),
        ("POST /clock/advance", {"seconds": 60, "source": "k"}, "clock"),
        ("DELETE /calls?source=k", None, "cleared"),
    ],
)
async def test_other_changes_are_named(
    client: Any, unpaced: None, what: str, body: Any, changed: str
) -> None:
    """So that a page knows what to ask for again."""
    await send(client, "one")
    async with listening(client) as events:
        method, _, path = what.partition(" ")
        how = {} if body is None else {"json": body}
        async with client.request(method, f"/_mockseg/v1{path}", **how) as answer:
            assert answer.status < 300, await answer.text()
        assert changed in (await events.rows())["changed"]


async def test_what_only_looks_changes_nothing(client: Any, unpaced: None) -> None:
    """A feed is not woken by questions, nor by settings that are refused."""
    await send(client, "one")
    async with listening(client) as events:
        for method, path, body in (
            ("GET", "/clock", None),
            ("PUT", "/sources/k/plan", {"catalogue": ["nothing"]}),
            ("PATCH", "/sources/k", {"catalogue": ["nothing"]}),
        ):
            how = {} if body is None else {"json": body}
            async with client.request(method, f"/_mockseg/v1{path}", **how) as answer:
                assert answer.status == (200 if body is None else 422), await answer.text()
        await send(client, "two")
        assert (await events.rows())["changed"] == []


async def test_a_feed_of_another_run_says_so(client: Any) -> None:
    """And begins with what is kept."""
    await send(client, "one")
    async with listening(client, "?after=9.9.1.9") as events:
        assert await events.next() == ("gap", {"after": 9, "next": None, "reason": "restarted"})
        assert await events.cursors(1) == [1]


async def test_a_silent_feed_is_kept_alive(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With events, so that no proxy closes it and a page knows that it is there."""
    monkeypatch.setattr(module, "KEEP_ALIVE_SECONDS", 0.001)
    async with client.get(FEED, timeout=None) as answer:
        while not (await answer.content.readline()).startswith(b"event: alive"):
            pass


async def test_only_so_many_feeds_are_open(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is asked to come again later; a place that is left is free."""
    monkeypatch.setattr(module, "MAX_FEEDS", 1)
    async with listening(client):
        async with client.get(FEED) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
            assert (await answer.json())["error"]["code"] == "too_many_feeds"
        async with client.get("/_mockseg/v1/health") as answer:
            assert answer.status == 200


async def test_a_page_of_another_site_may_not_listen(client: Any) -> None:
    """An EventSource carries its origin."""
    async with client.get(FEED, headers={"Origin": "http://evil.example"}) as answer:
        assert answer.status == 403


async def test_a_wrong_parameter_is_named(client: Any) -> None:
    """Before anything is streamed."""
    for query in ("?q=is:bda", "?after=x", "?sorce=k"):
        async with client.get(FEED + query) as answer:
            assert answer.status == 422


async def test_a_page_that_is_closed_ends_its_feed(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written any more is the end of the answer, not an error of the server."""

    async def send(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(module._Reading, "send", send)
    async with client.get(FEED) as answer:
        assert answer.status == 200
        assert await answer.read() == b""


@pytest.mark.parametrize("source", ["?source=k&", "?"])
async def test_a_clear_before_the_feed_is_told(client: Any, source: str) -> None:
    """To a page whose document shows calls that are gone by now, with the time; to no other."""
    await send(client, "one")
    async with listening(client) as events:
        seen = events.id
    await send(client, "elsewhere", key="other")
    async with client.request("DELETE", "/_mockseg/v1/calls?source=k"):
        pass
    async with listening(client, f"{source}after={seen}") as events:
        news = await events.rows()
        assert (news["changed"], news["clearedMs"] > 0) == (["cleared"], True)
        told = events.id
    await send(client, "later")
    async with listening(client, f"{source}after={told}") as events:
        news = await events.rows()
        assert (len(news["rows"]), news["changed"], news["clearedMs"]) == (1, [], None)
    async with listening(client, f"?source=other&after={seen}") as events:
        news = await events.rows()
        assert (len(news["rows"]), news["changed"]) == (1, [])


@pytest.mark.parametrize("source", ["?source=k&", "?"])
async def test_evicted_calls_are_a_gap(open_client: Any, source: str) -> None:
    """Also where they were evicted before the feed began."""
    small = await open_client(max_calls=3)
    await send(small, "one")
    async with listening(small) as events:
        seen = events.id
    await send(small, *["more"] * 20)
    async with listening(small, f"{source}after={seen}") as events:
        name, gap = await events.next()
        assert name == "gap"
        oldest = small.hub.journal.calls_after(0, limit=1)[0].cursor
        evicted = {"reason": "evicted", "bounds": ["max_calls"]}
        assert gap == {"after": 1, "next": oldest} | evicted
        assert (await events.cursors(1))[0] == oldest
