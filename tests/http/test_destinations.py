"""Destinations over the control plane, and vendors over HTTP, as strangers meet them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

TRACK = {"type": "track", "userId": "u1", "event": "Seen", "messageId": "m-1"}
IDENTIFY = {"type": "identify", "userId": "u1", "traits": {"email": "ada@example.com"}}


def basic(key: str) -> dict[str, str]:
    """Give the header by which Segment authenticates at a partner."""
    return {"Authorization": f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"}


async def asked(client: Any, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """Ask the control plane; give what it answers."""
    how = {} if body is None else {"json": body}
    async with client.request(method, f"/_mockseg/v1{path}", **how) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def connected(client: Any, type_: str, source: str = "key", **more: Any) -> Any:
    """Connect a destination."""
    return await asked(
        client, "POST", "/destinations", {"type": type_, "source": source, **more}, 201
    )


async def sent(client: Any, *messages: Any, source: str = "key") -> None:
    """Send a batch as an SDK would, and let the deliveries come to rest."""
    async with client.post("/v1/batch", json={"writeKey": source, "batch": messages}) as answer:
        assert answer.status == 200
    await asked(client, "POST", "/settle", {"source": source, "quiet": 0})


@pytest.mark.parametrize("type_", ["userengage", "userleap", "userguiding", "candu", "webhook"])
async def test_an_accepted_call_reaches_the_imitation(client: Any, type_: str) -> None:
    """The vendor's log shows the very request that Segment makes, and the ledger its fate."""
    view = await connected(client, type_)
    await sent(client, IDENTIFY)
    page = await asked(client, "GET", f"/destinations/{view['id']}/requests")
    (request,) = page["requests"]
    assert request["sender"] == "segment"
    assert request["json"]["traits"] == IDENTIFY["traits"]
    assert dict(request["headers"])["User-Agent"] == "Segment.io/1.0"
    ledger = await asked(client, "GET", f"/deliveries?destination={view['id']}")
    (delivery,) = ledger["deliveries"]
    assert delivery["state"] == "delivered"
    assert delivery["attempts"][0]["status"] == request["answer"]["status"] == 200


async def test_a_dropped_call_goes_nowhere(client: Any) -> None:
    """Only accepted calls are forwarded: what Segment drops reaches no destination."""
    view = await connected(client, "candu")
    await sent(client, {"type": "track", "event": "Seen"})
    assert (await asked(client, "GET", "/deliveries"))["deliveries"] == []
    assert (await asked(client, "GET", f"/destinations/{view['id']}/requests"))["requests"] == []


async def test_what_a_client_sends_to_a_vendor_by_itself_is_recorded(client: Any) -> None:
    """An application that calls the vendor directly is seen like Segment is."""
    view = await connected(client, "userengage", settings={"apiKey": "secret-key"})
    headers = basic("secret-key")
    async with client.post(f"{view['path']}/segment", json=IDENTIFY, headers=headers) as answer:
        assert answer.status == 200
    page = await asked(client, "GET", f"/destinations/{view['id']}/requests")
    (request,) = page["requests"]
    assert (request["sender"], request["method"], request["path"]) == ("client", "POST", "/segment")
    state = await asked(client, "GET", f"/destinations/{view['id']}/state")
    assert [user["email"] for user in state["state"]["users"]] == ["ada@example.com"]


async def test_the_key_says_whose_a_request_without_an_id_is(client: Any) -> None:
    """A client whose base URL is all that can be changed reaches its own destination."""
    mine = await connected(client, "userengage", settings={"apiKey": "mine"})
    other = await connected(client, "userengage", settings={"apiKey": "other"})
    path = "/vendors/userengage/segment"
    async with client.post(path, json=IDENTIFY, headers=basic("mine")) as answer:
        assert answer.status == 200
    for view, count in ((mine, 1), (other, 0)):
        page = await asked(client, "GET", f"/destinations/{view['id']}/requests")
        assert len(page["requests"]) == count


async def test_a_key_of_nobody_is_refused_and_recorded(client: Any) -> None:
    """What belongs to no destination is under the vendor's name."""
    async with client.post(
        "/vendors/userengage/segment", json=IDENTIFY, headers=basic("nobody")
    ) as answer:
        assert answer.status == 403
    page = await asked(client, "GET", "/destinations/userengage/requests")
    assert [request["answer"]["status"] for request in page["requests"]] == [403]


async def test_an_unknown_vendor_names_those_there_are(client: Any) -> None:
    """A path below /vendors that is none says what exists."""
    async with client.get("/vendors/userengaged/segment") as answer:
        assert answer.status == 404
        said = (await answer.json())["message"]
    assert 'did you mean "userengage"?' in said
    assert said.startswith("/vendors/: ")
    assert "userleap" in said


async def test_two_destinations_never_share_users(client: Any) -> None:
    """State belongs to a destination's id."""
    one = await connected(client, "userengage", source="one")
    two = await connected(client, "userengage", source="two")
    await sent(client, IDENTIFY, source="one")
    for view, count in ((one, 1), (two, 0)):
        state = await asked(client, "GET", f"/destinations/{view['id']}/state")
        assert len(state["state"]["users"]) == count


async def test_retries_wait_on_the_clock_of_the_source(client: Any) -> None:
    """Advancing the clock is what lets a retry happen; nobody sleeps."""
    view = await connected(client, "userengage")
    await asked(
        client, "PUT", "/clock", {"source": "key", "now": "2026-01-01T00:00:00Z", "frozen": True}
    )
    await asked(
        client,
        "POST",
        f"/destinations/{view['id']}/actions/fail",
        {"arguments": {"error": "server_error", "times": 2}},
    )
    async with client.post("/v1/batch", json={"writeKey": "key", "batch": [IDENTIFY]}):
        pass
    waited = {"match": {"source": "key"}, "timeout": 5}
    await asked(client, "POST", "/deliveries/wait", {**waited, "state": "retrying"})
    for tries in (2, 3):
        await asked(client, "POST", "/clock/advance", {"source": "key", "seconds": 600})
        (delivery,) = (await asked(client, "GET", "/deliveries?source=key"))["deliveries"]
        assert len(delivery["attempts"]) == tries
    page = await asked(client, "POST", "/deliveries/wait", waited)
    attempts = page["deliveries"][0]["attempts"]
    assert [attempt["status"] for attempt in attempts] == [500, 500, 200]


async def test_settling_names_what_waits_for_a_retry(client: Any) -> None:
    """A source with a retry to come is not settled, and the refusal says when it will be."""
    view = await connected(client, "userengage")
    await asked(
        client, "PUT", "/clock", {"source": "key", "now": "2026-01-01T00:00:00Z", "frozen": True}
    )
    await asked(
        client,
        "POST",
        f"/destinations/{view['id']}/actions/fail",
        {"arguments": {"error": "server_error", "times": 9}},
    )
    async with client.post("/v1/batch", json={"writeKey": "key", "batch": [IDENTIFY]}):
        pass
    await asked(
        client,
        "POST",
        "/deliveries/wait",
        {"match": {"source": "key"}, "state": "retrying", "timeout": 5},
    )
    error = await asked(client, "POST", "/settle", {"source": "key", "quiet": 0, "timeout": 0}, 406)
    assert "1 delivery under way, the next retry at 2026-01-01T00:00:0" in error["error"]["message"]
    assert error["error"]["details"]["pending"] == 1


async def test_a_wait_for_a_delivery_says_what_became_of_the_call(client: Any) -> None:
    """Its 406 carries the text of the assertion; without the call, that of the missing call."""
    view = await connected(client, "userengage")
    waiting = {"match": {"source": "key", "type": "identify"}, "timeout": 0}
    error = await asked(client, "POST", "/deliveries/wait", waiting, 406)
    said = error["error"]["details"]["explanation"]
    assert said["kind"] == "nothing_recorded"
    await sent(client, {**IDENTIFY, "integrations": {"All": False}})
    waiting |= {"destination": view["id"]}
    error = await asked(client, "POST", "/deliveries/wait", waiting, 406)
    said = error["error"]["details"]["explanation"]
    assert (said["kind"], said["deliveries"][0]["state"]) == ("delivery", "filtered")
    assert f"→ {view['id']}: filtered for FILTERED_BY_INTEGRATIONS_OBJECT" in said["text"]
    error = await asked(client, "POST", "/deliveries/wait", waiting | {"explain": False}, 406)
    assert "explanation" not in error["error"]["details"]


async def test_clearing_a_source_cancels_its_deliveries_and_keeps_the_vendors_state(
    client: Any,
) -> None:
    """Calls, deliveries and the vendor's log go; its users stay."""
    view = await connected(client, "userengage")
    await sent(client, IDENTIFY)
    await asked(client, "DELETE", "/calls?source=key")
    assert (await asked(client, "GET", "/deliveries"))["deliveries"] == []
    assert (await asked(client, "GET", f"/destinations/{view['id']}/requests"))["requests"] == []
    state = await asked(client, "GET", f"/destinations/{view['id']}/state")
    assert len(state["state"]["users"]) == 1


async def test_a_deleted_source_takes_its_destinations_with_it(client: Any) -> None:
    """Nothing of it is left."""
    view = await connected(client, "userengage")
    await asked(client, "DELETE", "/sources/key")
    assert (await asked(client, "GET", "/destinations"))["destinations"] == []
    await asked(client, "GET", f"/destinations/{view['id']}/state", status=404)


async def test_calls_are_delivered_again_to_chosen_destinations_only(client: Any) -> None:
    """A replay names its destination in the integrations object, and no other gets it."""
    one = await connected(client, "webhook")
    two = await connected(client, "webhook")
    await sent(client, TRACK, IDENTIFY)
    begun = await asked(
        client,
        "POST",
        "/deliveries/again",
        {"source": "key", "destinations": [one["id"]], "where": "type = 'track'"},
    )
    assert begun == {"calls": 1, "deliveries": 1}
    await asked(client, "POST", "/settle", {"source": "key", "quiet": 0})
    page = await asked(client, "GET", f"/destinations/{one['id']}/requests")
    again = page["requests"][-1]["json"]
    assert again["integrations"] == {"All": False, "Webhooks": True}
    page = await asked(client, "GET", f"/destinations/{two['id']}/requests")
    assert len(page["requests"]) == 2


async def test_an_imported_call_is_not_delivered(client: Any) -> None:
    """What was exported was delivered then."""
    await connected(client, "webhook")
    await sent(client, TRACK)
    exported = (await asked(client, "GET", "/calls?source=key"))["calls"]
    await asked(client, "DELETE", "/calls?source=key")
    await asked(client, "POST", "/calls/import", {"calls": exported})
    assert (await asked(client, "GET", "/deliveries"))["deliveries"] == []


async def test_an_audience_makes_the_identify_calls_that_segment_makes(client: Any) -> None:
    """All members at first, then only who enters or leaves; each call is recorded and delivered."""
    view = await connected(client, "userengage")
    path = "/sources/key/audiences"
    name = "Order Completed Last 30days"
    first = await asked(client, "POST", path, {"audience": name, "members": ["u1", "u2"]})
    assert first["property"] == "order_completed_last_30days"
    assert len(first["calls"]) == 2
    again = await asked(client, "POST", path, {"audience": name, "members": ["u1", "u2"]})
    assert again["calls"] == []
    then = await asked(client, "POST", path, {"audience": name, "members": ["u2", "u3"]})
    assert len(then["calls"]) == 2
    await asked(client, "POST", "/settle", {"source": "key", "quiet": 0})
    state = (await asked(client, "GET", f"/destinations/{view['id']}/state"))["state"]
    values = {
        user["custom_id"]: [attribute["value"] for attribute in user["attributes"]]
        for user in state["users"]
    }
    assert values == {"u1": ["false"], "u2": ["true"], "u3": ["true"]}


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"type": "userengaged", "source": "k"}, 422, 'did you mean "userengage"?'),
        ({"type": "webhook", "source": "k", "settings": {"url": "ftp://x"}}, 422, "settings.url"),
        ({"type": "webhook", "source": "k", "settings": {"apiKey": "x"}}, 422, "apiKey"),
        ({"type": "candu", "source": "k", "filters": [{"if": "type =", "actions": []}]}, 422, "if"),
        ({"type": "userengage", "source": "k", "attributes": {"a": "colour"}}, 422, "colour"),
        ({"type": "userengage", "source": "k", "setup": {"atributes": {}}}, 422, "atributes"),
        ({"type": "userengage", "source": "k", "concurrency": 0}, 422, "concurrency"),
        ({"type": "userengage", "source": "k", "settings": {"apiKey": "taken"}}, 409, "belongs to"),
    ],
)
async def test_a_wrong_destination_is_refused_and_nothing_is_half_made(
    client: Any, body: Any, status: int, says: str
) -> None:
    """The refusal names the field and what is allowed; no destination and no source is left."""
    await connected(client, "userengage", source="other", settings={"apiKey": "taken"})
    error = await asked(client, "POST", "/destinations", body, status)
    assert says in error["error"]["message"]
    listed = await asked(client, "GET", "/destinations")
    assert [view["source"] for view in listed["destinations"]] == ["other"]
    sources = await asked(client, "GET", "/sources")
    assert [source["writeKey"] for source in sources["sources"]] == ["other"]


async def test_an_unknown_destination_names_the_nearest(client: Any) -> None:
    """Every route of a destination that is not there answers 404."""
    view = await connected(client, "userengage")
    wrong = view["id"].replace("userengage", "usrengage")
    for method, rest, body in (
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("GET", "/state", None),
        ("PUT", "/state", {"state": {}}),
        ("POST", "/actions/fail", {}),
        ("GET", "/requests", None),
        ("POST", "/requests/wait", {"timeout": 0}),
    ):
        error = await asked(client, method, f"/destinations/{wrong}{rest}", body, 404)
        assert error["error"]["details"]["nearest"] == view["id"]


async def test_a_service_of_your_own_has_no_state_here(client: Any) -> None:
    """What mockseg cannot know it does not make up."""
    view = await connected(client, "candu", settings={"url": "http://127.0.0.1:9/hook"})
    assert view["imitated"] is False
    error = await asked(client, "GET", f"/destinations/{view['id']}/state", status=409)
    assert "a service of your own, at http://127.0.0.1:9/hook" in error["error"]["message"]


async def test_a_change_holds_from_now_on(client: Any) -> None:
    """Settings are merged, filters replaced; a disabled destination gets nothing more."""
    view = await connected(client, "webhook", settings={"sharedSecret": "abc"})
    path = f"/destinations/{view['id']}"
    changed = await asked(
        client, "PATCH", path, {"enabled": False, "settings": {"headers": {"A": "1"}}}
    )
    assert changed["settings"] == {"sharedSecret": "abc", "headers": {"A": "1"}}
    await sent(client, TRACK)
    (delivery,) = (await asked(client, "GET", "/deliveries"))["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("filtered", "NO_ENABLED_DESTINATIONS")


async def test_an_error_on_demand_is_answered_and_noted(client: Any) -> None:
    """Each vendor's documented errors can be demanded; an unknown one names those there are."""
    view = await connected(client, "userguiding")
    path = f"/destinations/{view['id']}/actions/fail"
    error = await asked(client, "POST", path, {"arguments": {"error": "rate_limitd"}}, 422)
    assert 'did you mean "rate_limited"?' in error["error"]["message"]
    await asked(client, "POST", path, {"arguments": {"error": "rate_limited"}})
    headers = basic(view["settings"]["apiKey"])
    async with client.post(f"{view['path']}/segment", json=IDENTIFY, headers=headers) as answer:
        assert answer.status == 429
    page = await asked(client, "GET", f"/destinations/{view['id']}/requests")
    assert page["requests"][0]["notes"][-1]["code"] == "demanded"


async def test_the_state_can_be_seeded(client: Any) -> None:
    """A state that was put is what the next call finds; a wrong one changes nothing."""
    view = await connected(client, "userengage")
    path = f"/destinations/{view['id']}/state"
    await asked(client, "PUT", path, {"state": {"users": [{"custom_id": "u1", "page_views": 7}]}})
    await sent(client, {"type": "page", "userId": "u1"})
    state = (await asked(client, "GET", path))["state"]
    assert [user["page_views"] for user in state["users"]] == [8]
    await asked(client, "PUT", path, {"state": {"users": "many"}}, 422)
    assert (await asked(client, "GET", path))["state"] == state


async def test_the_next_page_of_a_vendor_can_be_followed(client: Any) -> None:
    """Links in a vendor's answers are absolute, and lead back to this server."""
    view = await connected(client, "userengage", setup={"pageSize": 1})
    users = [{"custom_id": f"u{number}"} for number in range(3)]
    await asked(client, "PUT", f"/destinations/{view['id']}/state", {"state": {"users": users}})
    token = {"Authorization": f"Token {view['settings']['apiKey']}", "Accept": "*/*; version=2"}
    seen, url = [], f"{view['path']}/api/public/users/"
    while url:
        async with client.get(url, headers=token) as answer:
            page = await answer.json()
        seen += [user["custom_id"] for user in page["results"]]
        url = page["next"]
    assert seen == ["u0", "u1", "u2"]


async def test_the_page_shows_destinations_and_what_became_of_a_call(client: Any) -> None:
    """A list of destinations; a call's page says where it went, and what was ignored."""
    view = await connected(client, "userengage", attributes={"age": "number"}, name="<our CRM>")
    await sent(client, {**IDENTIFY, "traits": {"age": "old"}})
    await connected(client, "webhook", settings={"url": "http://127.0.0.1:9/<hook>"})
    await connected(client, "webhook", settings={"urls": ["http://a.test/", "http://b.test/"]})
    async with client.get("/_mockseg/destinations?source=key") as answer:
        text = await answer.text()
    assert f"{view['id']}</a> (&lt;our CRM&gt;)" in text
    assert "http://127.0.0.1:9/&lt;hook&gt;" in text
    assert "http://a.test/ http://b.test/" in text
    async with client.get("/_mockseg/calls/call-1") as answer:
        text = await answer.text()
    assert '<span class="mark delivered">delivered</span>' in text
    assert "value_ignored" in text
