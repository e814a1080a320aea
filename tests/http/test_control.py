"""The control plane: every row of the table answers, over a real server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.operations.table import OPERATIONS, PREFIX

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub
    from mockseg.operations.table import Operation

TRACK = {"writeKey": "k1", "userId": "u1", "event": "Signed Up", "messageId": "m1"}


async def record(client: Any, **changes: Any) -> None:
    """Send one call as an SDK would."""
    answer = await client.post("/v1/track", json=TRACK | changes)
    assert answer.status == 200


async def ask(client: Any, method: str, path: str, **how: Any) -> tuple[int, Any]:
    """Ask the control plane; give status and JSON."""
    answer = await client.request(method, PREFIX + path, **how)
    return answer.status, await answer.json()


async def test_a_call_can_be_listed_the_moment_it_is_answered(client: Any) -> None:
    """GET /calls has a call as soon as its sender has its answer."""
    await record(client)
    status, page = await ask(client, "GET", "/calls?source=k1")
    assert status == 200
    assert [call["messageId"] for call in page["calls"]] == ["m1"]
    assert (page["total"], page["next"]) == (1, None)


async def test_health_says_that_the_server_is_ready(client: Any) -> None:
    """GET /health answers 200 with the seed."""
    status, health = await ask(client, "GET", "/health")
    assert (status, health["status"], health["seed"]) == (200, "ok", 1)


async def test_an_unknown_source_has_no_calls(client: Any) -> None:
    """An unknown source is an empty list, not an error."""
    assert await ask(client, "GET", "/calls?source=nobody") == (
        200,
        {"calls": [], "total": 0, "next": None, "verdict": "any"},
    )


async def test_query_values_are_read_as_what_they_mean(client: Any) -> None:
    """Numbers and booleans of a query become numbers and booleans."""
    await record(client)
    await record(client, userId=None, messageId="m2")
    status, page = await ask(client, "GET", "/calls?good=false&limit=1&after=0")
    assert status == 200
    assert [call["messageId"] for call in page["calls"]] == ["m2"]


async def test_an_empty_query_value_is_the_empty_text(client: Any) -> None:
    """``source=`` means the requests without a key, not all of them."""
    await record(client)
    assert (await ask(client, "GET", "/calls?source="))[1]["total"] == 0


async def test_a_wait_answers_when_the_call_comes(client: Any) -> None:
    """POST /calls/wait is woken by a call that is recorded later."""
    waiting = asyncio.create_task(
        ask(client, "POST", "/calls/wait", json={"match": {"event": "Signed Up"}, "timeout": 30})
    )
    await record(client)
    status, found = await waiting
    assert status == 200
    assert [call["event"] for call in found["calls"]] == ["Signed Up"]
    assert found["next"] == found["calls"][0]["cursor"]


async def test_an_unmet_wait_is_406_in_the_one_error_shape(client: Any) -> None:
    """A wait whose time is up says how many calls it has seen."""
    status, answer = await ask(client, "POST", "/calls/wait", json={"timeout": 0})
    assert (status, answer["error"]["code"]) == (406, "timeout")
    assert answer["error"]["details"]["seen"] == 0


async def test_a_wait_for_a_dropped_call_ends_at_once_and_names_it(client: Any) -> None:
    """A matching call that Segment would drop ends the wait with its reason."""
    await record(client, userId=None)
    status, answer = await ask(
        client, "POST", "/calls/wait", json={"match": {"source": "k1"}, "timeout": 60}
    )
    assert (status, answer["error"]["code"]) == (406, "dropped")
    assert answer["error"]["details"]["call"]["findings"][0]["code"] == "no_user_anon_id"


async def test_calls_are_cleared_by_source_or_all_at_once(client: Any) -> None:
    """DELETE /calls forgets one source's calls, or all with ``all=true``."""
    await record(client)
    await record(client, writeKey="k2", messageId="m2")
    assert await ask(client, "DELETE", "/calls?source=k1") == (200, {"cleared": 1})
    assert await ask(client, "DELETE", "/calls?all=true") == (200, {"cleared": 1})


async def test_to_clear_without_saying_what_is_422(client: Any) -> None:
    """DELETE /calls without a source and without ``all`` clears nothing."""
    await record(client)
    status, answer = await ask(client, "DELETE", "/calls")
    assert (status, answer["error"]["code"]) == (422, "invalid_parameter")
    assert (await ask(client, "GET", "/calls"))[1]["total"] == 1


async def test_a_source_is_minted_shown_changed_and_forgotten(client: Any) -> None:
    """The four operations on sources work together."""
    status, made = await ask(client, "POST", "/sources")
    assert status == 201
    path = f"/sources/{made['writeKey']}"
    shown = (await ask(client, "GET", path))[1]
    assert shown.pop("counts")["requests"] == 0
    assert shown == {name: value for name, value in made.items() if name != "counts"}
    changed = await ask(client, "PATCH", path, json={"name": "checkout", "edge": "2018"})
    assert changed == (200, made | {"name": "checkout", "edge": "2018"})
    assert await ask(client, "DELETE", path) == (200, {"deleted": made["writeKey"]})
    assert (await ask(client, "GET", path))[0] == 404


async def test_a_write_key_with_a_slash_travels_in_a_path(client: Any) -> None:
    """A percent-encoded write key reaches its source."""
    await ask(client, "POST", "/sources", json={"writeKey": "a/b c"})
    assert (await ask(client, "GET", "/sources/a%2Fb%20c"))[1]["writeKey"] == "a/b c"


async def test_the_path_wins_over_the_body(client: Any) -> None:
    """What a path names is not changed by the same name in the body."""
    await ask(client, "POST", "/sources", json={"writeKey": "k1"})
    status, source = await ask(client, "PATCH", "/sources/k1", json={"writeKey": "k2", "name": "n"})
    assert (status, source["writeKey"], source["name"]) == (200, "k1", "n")


async def test_a_taken_write_key_is_409(client: Any) -> None:
    """A source cannot be opened twice."""
    await ask(client, "POST", "/sources", json={"writeKey": "k1"})
    status, answer = await ask(client, "POST", "/sources", json={"writeKey": "k1"})
    assert (status, answer["error"]["code"]) == (409, "source_exists")


async def test_the_clock_is_set_and_advanced(client: Any) -> None:
    """The server's time is what was set, moved on by what was asked."""
    await ask(client, "PUT", "/clock", json={"now": "2026-01-31T12:00:00Z", "frozen": True})
    await ask(client, "POST", "/clock/advance", json={"seconds": 90})
    status, clock = await ask(client, "GET", "/clock")
    assert (status, clock["now"], clock["frozen"]) == (200, "2026-01-31T12:01:30.000Z", True)


async def test_what_was_listed_can_be_imported(client: Any) -> None:
    """An exported page of calls is recorded again under another source."""
    await record(client)
    _, page = await ask(client, "GET", "/calls?source=k1")
    done = await ask(
        client, "POST", "/calls/import", json={"calls": page["calls"], "source": "copy"}
    )
    assert done == (200, {"imported": 1, "duplicates": 0})
    assert (await ask(client, "GET", "/calls?source=copy"))[1]["calls"][0]["event"] == "Signed Up"


async def test_a_request_is_listed_and_shown(client: Any) -> None:
    """GET /requests and GET /requests/{id} show the same request."""
    await record(client)
    _, page = await ask(client, "GET", "/requests?source=k1")
    assert [request["path"] for request in page["requests"]] == ["/v1/track"]
    shown = await ask(client, "GET", f"/requests/{page['requests'][0]['id']}")
    assert shown == (200, page["requests"][0])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_every_operation_of_the_table_has_a_route(client: Any, operation: Operation) -> None:
    """No row of the table answers 404 for its path or 405 for its method."""
    path = operation.path.replace("{writeKey}", "k1").replace("{id}", "req-0")
    answer = await client.request(operation.method, PREFIX + path)
    assert answer.status != 405
    if answer.status == 404:
        said = (await answer.json())["error"]["code"]
        kinds = ("call", "destination", "plan", "request", "source")
        assert said in {f"unknown_{kind}" for kind in kinds}


async def test_a_client_that_goes_away_takes_its_wait_with_it(
    client: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait whose client disconnects is dropped from the hub."""
    monkeypatch.setattr("mockseg.web.open_requests.LOOK_SECONDS", 0.01)
    added, removed = asyncio.Event(), asyncio.Event()
    add, remove = hub.waiters.add, hub.waiters.remove

    class Watched:
        def add(self, waiter: Any) -> None:
            add(waiter)
            added.set()

        def remove(self, waiter: Any) -> None:
            remove(waiter)
            removed.set()

        offer = staticmethod(hub.waiters.offer)
        turns = hub.waiters.turns

    monkeypatch.setattr(hub, "waiters", Watched())
    waiting = asyncio.create_task(ask(client, "POST", "/calls/wait", json={"timeout": 3600}))
    await added.wait()
    waiting.cancel()
    await removed.wait()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_open_waits_end_when_the_server_stops(
    client: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopping server answers its open waits with 503 instead of keeping them."""
    added = asyncio.Event()
    add = hub.waiters.add
    original = hub.waiters

    class Watched:
        def add(self, waiter: Any) -> None:
            add(waiter)
            added.set()

        remove = staticmethod(original.remove)
        offer = staticmethod(original.offer)
        turns = original.turns

    monkeypatch.setattr(hub, "waiters", Watched())
    waiting = asyncio.create_task(ask(client, "POST", "/calls/wait", json={"timeout": 3600}))
    await added.wait()
    await client.runner.cleanup()
    status, answer = await waiting
    assert (status, answer["error"]["code"]) == (503, "stopping")


async def test_metrics_are_prometheus_text(client: Any) -> None:
    """GET /metrics counts calls by verdict, requests and sources."""
    await record(client)
    await record(client, userId=None, messageId="m2")
    answer = await client.get(PREFIX + "/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = (await answer.text()).splitlines()
    assert 'mockseg_calls_total{verdict="accepted"} 1' in lines
    assert 'mockseg_calls_total{verdict="dropped"} 1' in lines
    assert "mockseg_requests_total 2" in lines
    assert "mockseg_sources 1" in lines
    named = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
    assert named == {line.split()[2] for line in lines if line.startswith("# TYPE")}
