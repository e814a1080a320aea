"""One call over the control plane, and lists with the newest first."""

from __future__ import annotations

from typing import Any

import pytest

PLAN = {
    "name": "shop",
    "rules": [
        {
            "type": "TRACK",
            "key": "Order Completed",
            "jsonSchema": {
                "properties": {
                    "properties": {
                        "type": "object",
                        "required": ["currency"],
                        "properties": {
                            "total": {"type": "number", "description": "with tax"},
                            "currency": {"type": "string"},
                        },
                    }
                }
            },
        }
    ],
}


def track(event: str = "E", **fields: Any) -> dict[str, Any]:
    """Make a track call."""
    return {"type": "track", "event": event, "userId": "u1"} | fields


async def asked(client: Any, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """Ask the control plane; give what it answers."""
    how = {} if body is None else {"json": body}
    async with client.request(method, f"/_mockseg/v1{path}", **how) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def sent(client: Any, *messages: Any, key: str = "k") -> None:
    """Send a batch as an SDK would."""
    async with client.post("/v1/batch", json={"writeKey": key, "batch": messages}) as answer:
        assert answer.status == 200


async def test_the_newest_calls_come_first_page_by_page(client: Any) -> None:
    """``next`` of a page is the ``before`` of the following one, null at the oldest."""
    await sent(client, *(track(str(number), n=number) for number in range(5)))
    pages, before = [], ""
    while before is not None:
        page = await asked(client, "GET", f"/calls?source=k&order=newest&limit=2{before}")
        pages.append([call["event"] for call in page["calls"]])
        assert page["total"] == 5
        before = None if page["next"] is None else f"&before={page['next']}"
    assert pages == [["4", "3"], ["2", "1"], ["0"]]


async def test_a_page_may_be_cut_at_both_ends(client: Any) -> None:
    """``after`` and ``before`` hold in both orders; neither includes its own cursor."""
    await sent(client, *(track(str(number)) for number in range(5)))
    for order, events in (("oldest", ["1", "2", "3"]), ("newest", ["3", "2", "1"])):
        page = await asked(client, "GET", f"/calls?order={order}&after=1&before=5")
        assert [call["event"] for call in page["calls"]] == events
        assert page["next"] is None


async def test_an_unknown_order_is_refused_with_what_is_allowed(client: Any) -> None:
    """The refusal names the parameter and both orders."""
    error = (await asked(client, "GET", "/calls?order=last", status=422))["error"]
    assert "order" in error["message"]
    assert "newest" in str(error)


async def test_refused_requests_are_listed_alone_newest_first_without_bodies(client: Any) -> None:
    """The filter, the order and the leaving out of bodies work together."""
    for body in (b"{one", b"{two", b'{"userId":"u1","event":"E","writeKey":"k"}'):
        async with client.post("/v1/track", data=body):
            pass
    page = await asked(client, "GET", "/requests?refused=true&order=newest&limit=1&body=false")
    (request,) = page["requests"]
    assert (request["answer"]["status"], request["number"], request["sentBytes"]) == (400, 2, 4)
    assert (request["body"], request["answer"]["body"]) == ("", "")
    assert page["next"] == 2
    page = await asked(client, "GET", "/requests?refused=true&order=newest&before=2")
    assert [request["body"] for request in page["requests"]] == ["{one"]
    assert page["next"] is None
    page = await asked(client, "GET", "/requests?refused=false")
    assert [request["number"] for request in page["requests"]] == [3]


async def test_a_call_shows_what_is_wrong_with_the_value_and_the_rule(client: Any) -> None:
    """Each finding has what was sent at its place, and the keyword of the plan that failed."""
    await asked(client, "POST", "/sources", {"writeKey": "k", "plan": PLAN}, 201)
    await sent(client, track("Order Completed", properties={"total": "42"}))
    details = await asked(client, "GET", "/calls/call-1")
    missing, wrong = details["findings"]
    assert missing["finding"]["field"] == "properties.currency"
    assert "sent" not in missing
    assert missing["rule"]["excerpt"] == {"required": ["currency"]}
    assert wrong["sent"] == "42"
    assert wrong["rule"] == {
        "plan": "shop",
        "rule": 'TRACK "Order Completed"',
        "schemaPath": "/properties/properties/properties/total/type",
        "excerpt": {"description": "with tax", "type": "number"},
    }
    assert details["call"]["id"] == "call-1"
    assert details["call"]["findings"] == [missing["finding"], wrong["finding"]]


async def test_a_discard_shows_the_value_as_it_was_sent(client: Any) -> None:
    """A field that normalising changes is shown from the message as sent; it has no rule."""
    await sent(client, track(properties=[1]))
    (finding,) = (await asked(client, "GET", "/calls/1"))["findings"]
    assert (finding["finding"]["code"], finding["sent"]) == ("properties_not_object", [1])
    assert finding["rule"] is None


async def test_a_call_shows_its_request_attempts_and_deliveries(client: Any) -> None:
    """The request with its answer, every request that carried the messageId, each delivery."""
    await asked(client, "POST", "/destinations", {"type": "webhook", "source": "k"}, 201)
    await sent(client, track(messageId="m1"))
    await sent(client, track(messageId="m1"))
    await asked(client, "POST", "/settle", {"source": "k", "quiet": 0})
    first, second = [await asked(client, "GET", f"/calls/call-{n}") for n in (1, 2)]
    assert first["request"]["calls"] == ["call-1"]
    assert first["request"]["answer"]["body"] == '{"success":true}'
    ends = [("req-1", "accepted"), ("req-2", "duplicate")]
    assert [(each["request"], each["end"]) for each in first["attempts"]] == ends
    assert second["attempts"] == first["attempts"]
    assert [each["state"] for each in first["deliveries"]] == ["delivered"]
    assert second["deliveries"] == []
    assert second["call"]["duplicateOf"] == "call-1"


@pytest.mark.parametrize("name", ["userId", "anonymousId"])
async def test_a_call_shows_the_nearest_calls_of_its_user(client: Any, name: str) -> None:
    """At most ten before and ten after, oldest first, and none of anyone else or elsewhere."""

    def one(number: int, user: str) -> dict[str, Any]:
        return {"type": "track", "event": str(number), name: user}

    await sent(client, one(0, "u1"), key="other")
    await sent(client, *(one(number, "u1" if number % 2 else "u2") for number in range(1, 51)))
    details = await asked(client, "GET", "/calls/call-26")
    assert details["call"]["event"] == "25"
    assert [each["event"] for each in details["before"]] == [str(n) for n in range(5, 24, 2)]
    assert [each["event"] for each in details["after"]] == [str(n) for n in range(27, 46, 2)]


async def test_an_id_that_is_spelled_in_escapes_is_the_same_user(client: Any) -> None:
    """JSON may write any character as an escape; the visitor stays one, also once identified."""
    plain = '{"type":"track","event":"A","anonymousId":"caf\u00e9"}'
    escaped = '{"type":"track","event":"B","anonymousId":"caf\\u00e9","userId":"u1"}'
    other = '{"type":"track","event":"C","anonymousId":"caf"}'
    body = f'{{"writeKey":"k","batch":[{plain},{escaped},{other}]}}'
    async with client.post("/v1/batch", data=body.encode()) as answer:
        assert answer.status == 200
    details = await asked(client, "GET", "/calls/call-1")
    assert [each["event"] for each in details["after"]] == ["B"]


async def test_a_call_of_nobody_has_no_neighbours(client: Any) -> None:
    """Calls without a user are not those of one user."""
    await sent(client, {"type": "track", "event": "A"}, {"type": "track", "event": "B"})
    details = await asked(client, "GET", "/calls/call-1")
    assert (details["before"], details["after"]) == ([], [])


async def test_a_forgotten_call_leaves_its_neighbours_and_lets_its_id_be_new(client: Any) -> None:
    """Only it is gone, from lists, counts and its request; a resend is no duplicate of it."""
    await sent(client, track("a", messageId="ma"), track("b", messageId="mb"), track("c"))
    assert await asked(client, "DELETE", "/calls/call-2") == {"cleared": 1}
    page = await asked(client, "GET", "/calls")
    assert ([call["event"] for call in page["calls"]], page["total"]) == (["a", "c"], 2)
    assert (await asked(client, "GET", "/summary"))["total"] == 2
    assert (await asked(client, "GET", "/requests/req-1"))["calls"] == ["call-1", "call-3"]
    await sent(client, track("b", messageId="mb"), track("a", messageId="ma"))
    page = await asked(client, "GET", "/calls?after=3")
    assert [call["verdict"] for call in page["calls"]] == ["accepted", "dropped"]


async def test_forgetting_a_call_cancels_its_deliveries(client: Any) -> None:
    """What waited for a retry is in flight no longer; deliveries of other calls stay."""
    view = await asked(client, "POST", "/destinations", {"type": "userengage", "source": "k"}, 201)
    await asked(
        client, "PUT", "/clock", {"source": "k", "now": "2026-01-01T00:00:00Z", "frozen": True}
    )
    failing = {"arguments": {"error": "server_error", "times": 1}}
    await asked(client, "POST", f"/destinations/{view['id']}/actions/fail", failing)
    await sent(client, {"type": "identify", "userId": "u1", "traits": {}})
    retrying = {"match": {"source": "k"}, "state": "retrying", "timeout": 5}
    await asked(client, "POST", "/deliveries/wait", retrying)
    await sent(client, {"type": "identify", "userId": "u2", "traits": {}})
    await asked(client, "DELETE", "/calls/call-1")
    await asked(client, "POST", "/settle", {"source": "k", "quiet": 0})
    ledger = await asked(client, "GET", "/deliveries")
    assert [(each["call"], each["state"]) for each in ledger["deliveries"]] == [
        ("call-2", "delivered")
    ]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_call_that_is_not_there_says_whether_it_ever_was(client: Any, method: str) -> None:
    """404 for what was never recorded or is no id, 410 with the oldest kept for what went."""
    error = (await asked(client, method, "/calls/call-1", status=404))["error"]
    assert error["message"] == 'no call "call-1" was recorded: none was recorded yet'
    await sent(client, track("a"), track("b"))
    for id_, said in (("call-3", "the newest is call-2"), ("x", "an id looks like call-17")):
        error = (await asked(client, method, f"/calls/{id_}", status=404))["error"]
        assert (error["code"], said in error["message"]) == ("unknown_call", True)
    await asked(client, "DELETE", "/calls/call-1")
    error = (await asked(client, method, "/calls/call-1", status=410))["error"]
    assert (error["code"], error["details"]) == ("evicted_call", {"oldest": "call-2", "kept": 1})
    assert "call-1 was evicted or cleared" in error["message"]
    await asked(client, "DELETE", "/calls?all=true")
    error = (await asked(client, method, "/calls/call-2", status=410))["error"]
    assert error["details"] == {"oldest": None, "kept": 0}


async def test_a_page_has_as_many_as_fit_and_says_where_to_go_on(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large messages and bodies make pages shorter, never wrong; one record always fits."""
    monkeypatch.setattr("mockseg.hub.paging.MAX_PAGE_BYTES", 500)
    for _ in range(5):
        message = {
            "writeKey": "k",
            "userId": "u",
            "event": "E",
            "properties": {"p": "x" * 100},
        }
        assert (await client.post("/v1/track", json=message)).status == 200
    for path, key in (("calls", "calls"), ("requests", "requests")):
        for order in ("oldest", "newest"):
            pages, following = [], "&order=" + order
            while True:
                page = await asked(client, "GET", f"/{path}?limit=1000{following}")
                pages.append(len(page[key]))
                if page["next"] is None:
                    break
                end = "before" if order == "newest" else "after"
                following = f"&order={order}&{end}={page['next']}"
            assert sum(pages) == 5
            assert 1 <= max(pages) < 5
    whole = await asked(client, "GET", "/requests?limit=1000&body=false")
    assert len(whole["requests"]) == 5
