"""The stream: told of everything, resumable, and in nobody's way."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from mockseg import json_types
from mockseg.domain.call import KeptCall
from mockseg.journal.memory import MemoryJournal
from mockseg.operations.table import PREFIX
from mockseg.web import stream as module

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mockseg.hub.hub import Hub


class Events:
    """The events of one stream, one after the other."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.id = ""

    async def block(self) -> list[tuple[str, str]]:
        """Read up to the next empty line; give its fields."""
        fields = []
        while line := (await self._answer.content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(":")
            fields.append((name, value.removeprefix(" ")))
        return fields

    async def next(self) -> tuple[str | None, Any]:
        """Read the next event; give its type and its data."""
        while fields := dict(await self.block()):
            self.id = fields.get("id", self.id)
            if "event" in fields:
                return fields["event"], json_types.decode(fields["data"].encode())
        return None, None


@contextlib.asynccontextmanager
async def listening(client: Any, query: Any = "", **headers: str) -> AsyncIterator[Events]:
    """Open a stream; it is being told of things when this is entered."""
    async with client.get(f"{PREFIX}/stream{query}", headers=headers, timeout=None) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        events = Events(answer)
        first = dict(await events.block())
        events.id = first["id"]
        yield events


async def record(client: Any, event: str = "e", key: str = "k", **changes: Any) -> None:
    """Send one call."""
    message = {"writeKey": key, "userId": "u", "event": event, **changes}
    assert (await client.post("/v1/track", json=message)).status == 200


async def test_a_stream_tells_of_calls_and_requests_as_they_come(client: Any) -> None:
    """Each call and each request is an event, with what GET would show."""
    async with listening(client) as events:
        await record(client, "first")
        kind, call = await events.next()
        assert (kind, call["event"], call["cursor"]) == ("call", "first", 1)
        kind, request = await events.next()
        assert (kind, request["id"], request["calls"]) == ("request", "req-1", ["call-1"])
        await record(client, "second")
        assert (await events.next())[1]["event"] == "second"


async def test_a_stream_begins_now(client: Any) -> None:
    """What was recorded before is not told unless asked for."""
    await record(client, "before")
    async with listening(client) as events:
        await record(client, "after")
        assert (await events.next())[1]["event"] == "after"


@pytest.mark.parametrize("after", ["0", "0.0"])
async def test_a_stream_can_begin_at_the_beginning(client: Any, after: str) -> None:
    """``after=0`` tells of everything that is kept."""
    await record(client)
    async with listening(client, f"?after={after}") as events:
        assert [(await events.next())[0] for _ in range(2)] == ["call", "request"]


async def test_a_stream_goes_on_after_the_last_event_id(client: Any) -> None:
    """A client that connects again misses nothing and hears nothing twice."""
    async with listening(client) as events:
        await record(client, "one")
        await events.next()
        await events.next()
        seen = events.id
    await record(client, "two")
    # The header is what a browser sends; it goes before what stands in the address.
    async with listening(client, "?after=0", **{"Last-Event-ID": seen}) as events:
        assert (await events.next())[1]["event"] == "two"
        assert (await events.next())[1]["id"] == "req-2"


async def test_a_bare_cursor_goes_on_with_its_requests(client: Any) -> None:
    """``after=`` takes the cursor that lists and waits give, and finds the requests to it."""
    for event in ("one", "two"):
        await record(client, event)
    async with listening(client, "?after=1") as events:
        assert [(await events.next())[1]["id"] for _ in range(2)] == ["call-2", "req-2"]


async def test_a_stream_is_narrowed_by_match_keys(client: Any) -> None:
    """Only matching calls are told; requests have no such keys and are not."""
    async with listening(client, "?event=wanted&source=k") as events:
        await record(client, "other")
        await record(client, "wanted", key="elsewhere")
        await record(client, "wanted", userId="u2")
        kind, call = await events.next()
        assert (kind, call["userId"]) == ("call", "u2")
        await record(client, "wanted", userId="u3")
        assert (await events.next())[1]["userId"] == "u3"


async def test_a_stream_of_one_source_tells_of_its_requests(client: Any) -> None:
    """``source`` narrows requests, too, those without calls among them."""
    async with listening(client, "?source=k") as events:
        await record(client, key="elsewhere")
        await client.post("/v1/batch", json={"writeKey": "k", "batch": []})
        kind, request = await events.next()
        assert (kind, request["path"], request["calls"]) == ("request", "/v1/batch", [])


async def test_nothing_is_skipped_or_told_twice_while_data_arrives(client: Any) -> None:
    """Calls that come while others are being told are all told, in order."""
    async with listening(client, "?type=track") as events:

        async def send(part: int) -> None:
            for number in range(20):
                await record(client, f"{part}-{number}")

        sending = [asyncio.create_task(send(part)) for part in range(5)]
        told = [(await events.next())[1]["cursor"] for _ in range(100)]
        await asyncio.gather(*sending)
    assert told == list(range(1, 101))


async def test_a_silent_stream_is_kept_alive(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment comes when nothing else does."""
    monkeypatch.setattr(module, "KEEP_ALIVE_SECONDS", 0.01)
    async with listening(client) as events:
        assert await events.block() == [("", "keep-alive")]


async def test_an_open_stream_does_not_hold_a_stopping_server(client: Any) -> None:
    """The server stops at once and the stream ends properly."""
    async with listening(client) as events:
        await client.runner.cleanup()
        assert await events.next() == (None, None)


async def test_a_stream_that_nobody_reads_does_not_hold_a_stopping_server(
    client: Any, hub: Hub
) -> None:
    """A reader that is far behind is cut off when the server stops."""
    reader, writer = await asyncio.open_connection(*client.address, limit=1)
    request = f"GET {PREFIX}/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(30):
        batch = [{"type": "track", "userId": "u", "event": "e" * 30_000} for _ in range(16)]
        await client.post("/v1/batch", json={"writeKey": "k", "batch": batch})
    writer.write(request.encode())
    await reader.readexactly(1)
    # Data still comes in while the stream is stuck.
    await record(client, "while stuck", key="other")
    assert hub.journal.count("other") == (1, 1)
    await client.runner.cleanup()
    writer.close()


async def test_a_stream_tells_of_a_gap(open_client: Callable[..., Any]) -> None:
    """A reader that comes back too late hears that calls were evicted in between."""
    client = await open_client(max_calls=3)
    async with listening(client, "?source=k") as events:
        await record(client, "e0")
        await events.next()
        await events.next()
        seen = events.id
    for number in range(1, 7):
        await record(client, f"e{number}")
    async with listening(client, "?source=k", **{"Last-Event-ID": seen}) as events:
        gap = {"after": 1, "next": 5, "reason": "evicted", "bounds": ["max_calls"]}
        assert await events.next() == ("gap", gap)
        assert (await events.next())[1]["event"] == "e4"
    async with listening(client, **{"Last-Event-ID": seen}) as events:
        assert (await events.next())[0] == "gap"


async def test_a_gap_is_told_once(
    open_client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where older calls of a quiet source are kept, and take the stream several turns."""
    # Every turn is over at once.
    monkeypatch.setattr("mockseg.clock.TURN_SECONDS", 0.0)
    client = await open_client(max_calls=6)
    for number in range(3):
        await record(client, f"q{number}", "quiet")
    for number in range(9):
        await record(client, f"n{number}", "noisy")
    told = []
    async with listening(client, "?type=track&after=0") as events:
        while "n8" not in told:
            kind, data = await events.next()
            told.append(kind if kind == "gap" else data["event"])
    assert told == ["gap", "q0", "q1", "q2", "n6", "n7", "n8"]


async def test_a_stream_without_losses_tells_of_no_gap(open_client: Callable[..., Any]) -> None:
    """Evictions of what was told already are no gap."""
    client = await open_client(max_calls=2)
    async with listening(client, "?type=track") as events:
        for number in range(6):
            await record(client, f"e{number}")
            kind, call = await events.next()
            assert (kind, call["event"]) == ("call", f"e{number}")


async def test_cleared_calls_are_no_gap(client: Any) -> None:
    """What was forgotten on purpose is not missed."""
    async with listening(client, "?type=track") as events:
        await record(client, "one")
        await events.next()
        seen = events.id
    await record(client, "two")
    await client.request("DELETE", PREFIX + "/calls?all=true")
    async with listening(client, "?type=track", **{"Last-Event-ID": seen}) as events:
        await record(client, "three")
        assert (await events.next())[1]["event"] == "three"


async def test_a_stream_of_a_server_that_was_started_anew_begins_again(client: Any) -> None:
    """An id from an earlier server is told to be void; then everything is told."""
    await record(client, "new")
    async with listening(client, **{"Last-Event-ID": "900.800"}) as events:
        assert await events.next() == ("gap", {"after": 900, "next": None, "reason": "restarted"})
        assert (await events.next())[1]["event"] == "new"


async def test_an_id_of_another_run_is_void_even_where_the_cursor_is_known(client: Any) -> None:
    """A new server that has come as far as the old one is not taken for it."""
    await record(client, "new")
    async with listening(client) as events:
        cursor, number, run, _ = events.id.split(".")
    other = f"{cursor}.{number}.{int(run) + 1}"
    async with listening(client, **{"Last-Event-ID": other}) as events:
        assert (await events.next())[1]["reason"] == "restarted"
        assert (await events.next())[1]["event"] == "new"


@pytest.mark.parametrize("after", ["x", "1.x", "1.", "-1", "1.2.3.4.5.6", "9" * 19, "%D9%A3"])
async def test_a_wrong_id_is_422(client: Any, after: str) -> None:
    """What is no id of an event is refused before the stream begins."""
    answer = await client.get(f"{PREFIX}/stream?after={after}")
    assert answer.status == 422
    assert (await answer.json())["error"]["details"]["parameter"] == "after"


async def test_a_head_of_a_stream_is_405(client: Any) -> None:
    """What never ends has no length to tell."""
    answer = await client.request("HEAD", f"{PREFIX}/stream")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


async def test_a_stream_whose_client_is_gone_is_let_go(
    client: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a stream is left once its client has hung up."""
    monkeypatch.setattr("mockseg.web.open_requests.LOOK_SECONDS", 0.01)
    ended = asyncio.Event()
    wait = hub.bell.wait

    async def watched(_: Any, *seconds: Any) -> bool:
        try:
            return await wait(*seconds)
        finally:
            ended.set()

    monkeypatch.setattr("mockseg.hub.waits.Bell.wait", watched)
    async with listening(client):
        assert not ended.is_set()
    await ended.wait()


async def test_a_stream_tells_of_deliveries_once_they_are_final(client: Any) -> None:
    """Each comes once, in the order in which they ended; the stream goes on after the last seen."""
    for number in range(2):
        async with client.post(
            "/_mockseg/v1/destinations",
            json={"type": "webhook", "source": "k", "enabled": number == 0},
        ) as answer:
            assert answer.status == 201
    async with listening(client, "?source=k") as events:
        await record(client, "one")
        told = [await events.next() for _ in range(4)]
        assert {kind for kind, _ in told[:2]} == {"call", "request"}
        ended = [event for kind, event in told if kind == "delivery"]
        assert [each["state"] for each in ended] == ["delivered", "filtered"]
        seen = events.id
    await record(client, "two")
    async with listening(client, "?source=k", **{"Last-Event-ID": seen}) as events:
        again = [await events.next() for _ in range(4)]
        assert [event["event"] for kind, event in again if kind == "delivery"] == ["two", "two"]


async def test_a_narrowed_stream_tells_of_no_deliveries(client: Any) -> None:
    """Match keys mean calls."""
    async with client.post(
        "/_mockseg/v1/destinations", json={"type": "webhook", "source": "k"}
    ) as answer:
        assert answer.status == 201
    async with listening(client, "?event=two") as events:
        await record(client, "one")
        await record(client, "two")
        await record(client, "two", messageId="m-3")
        assert [(await events.next())[0] for _ in range(2)] == ["call", "call"]


async def test_what_several_streams_send_is_encoded_once(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty readers of one server cost it the making of each event once."""
    views, view = [], KeptCall.view
    monkeypatch.setattr(KeptCall, "view", lambda call: views.append(call.cursor) or view(call))
    async with contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(client)) for _ in range(5)]
        for number in range(3):
            await record(client, f"e{number}")
        for events in streams:
            seen = [await events.next() for _ in range(6)]
            calls = [data["event"] for name, data in seen if name == "call"]
            assert calls == ["e0", "e1", "e2"]
    assert views == [1, 2, 3]


@pytest.mark.parametrize("way", ["deleted", "evicted"])
async def test_a_request_is_told_with_the_calls_that_are_kept_of_it(
    open_client: Callable[..., Any], way: str
) -> None:
    """Not with those that another stream was told of before one of them went."""
    client = await open_client(max_calls=2)

    async def told() -> Any:
        async with listening(client, "?source=k&after=0") as events:
            while (event := await events.next())[0] != "request":
                pass
            return event[1]["calls"]

    batch = [{"type": "track", "userId": "u", "event": event} for event in ("e1", "e2")]
    assert (await client.post("/v1/batch", json={"writeKey": "k", "batch": batch})).status == 200
    assert await told() == ["call-1", "call-2"]
    if way == "deleted":
        removed = await client.request("DELETE", f"{PREFIX}/calls/call-1")
        assert removed.status == 200
    else:
        await record(client)
    assert await told() == ["call-2"]


async def test_a_stream_that_nothing_matches_looks_once_at_what_is_recorded(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has seen all of it then, and waits for more."""
    pages = []
    read = MemoryJournal.calls_after

    def counted(journal: Any, cursor: int, **options: Any) -> Any:
        pages.append(cursor)
        return read(journal, cursor, **options)

    async with listening(client, "?event=Wanted") as events:
        monkeypatch.setattr(MemoryJournal, "calls_after", counted)
        for _ in range(3):
            await record(client)
        await record(client, "Wanted")
        assert (await events.next())[1]["event"] == "Wanted"
    assert len(pages) == len(set(pages))
