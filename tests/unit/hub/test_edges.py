"""Answers by edge: today's, those of 2025 and 2018, and the Debug API that was removed."""

from __future__ import annotations

import json

import pytest

from mockseg.errors import OperationError

GOOD = {"type": "track", "userId": "u1", "event": "E"}
SUCCESS = b'{"success":true}'


@pytest.mark.parametrize("path", ["/v1/t", "/v1/i", "/v1/b"])
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"x":"' + b"x" * 600_000 + b'"}'])
def test_in_2018_short_routes_always_said_200(make_machine, path, body):
    """The message was lost silently; here the request says why."""
    machine = make_machine(edge="2018")
    answer = machine.send(path, body, key="k")
    assert (answer.status, answer.body) == (200, SUCCESS)
    assert all(call.verdict == "dropped" for call in machine.calls())
    (request,) = machine.requests()
    found = request.reason or machine.calls()[0].findings[0]
    assert found.code in {"bad_request", "payload_too_large"}


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/v1/import"])
def test_in_2018_long_routes_said_400(make_machine, path):
    """Servers were told."""
    assert make_machine(edge="2018").send(path, b"{", key="k").status == 400


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"userId": "u"}, "Missing event key for track call"),
        ({"userId": "u", "event": 5}, "Event must be a string"),
        ({"event": "E"}, "Missing userId or anonymousId"),
        (
            {"userId": "u", "event": "E", "integrations": 5},
            "context integrations must be an object",
        ),
        (
            {"userId": "u", "event": "E", "properties": 5},
            "properties is the number 5, not an object",
        ),
    ],
)
def test_the_debug_api_answers_with_the_reason(make_machine, message, said):
    """400 with what is wrong, and nothing is delivered."""
    machine = make_machine(edge="debug-api")
    answer = machine.send("/v1/track", message, key="k")
    assert (answer.status, json.loads(answer.body)["message"]) == (400, said)
    (call,) = machine.calls()
    assert call.verdict == "rejected"
    assert "bad_request" not in [finding.code for finding in call.findings]


def test_the_debug_api_refuses_a_batch_for_one_bad_call(make_machine, codes):
    """The good ones say that another was refused."""
    machine = make_machine(edge="debug-api")
    assert machine.batch(GOOD, {"type": "track", "userId": "u"}, GOOD).status == 400
    calls = machine.calls()
    assert [call.verdict for call in calls] == ["rejected"] * 3
    assert [codes(call) for call in calls] == [
        ["bad_request"],
        ["event_not_defined"],
        ["bad_request"],
    ]


@pytest.mark.parametrize(
    ("key", "body", "start"), [("k", b"{", "Invalid JSON"), ("", b"{}", "Missing writeKey")]
)
def test_the_debug_api_names_json_and_key(make_machine, key, body, start):
    """Broken JSON and a missing key are 400 there."""
    answer = make_machine(edge="debug-api").send("/v1/track", body, key=key)
    assert answer.status == 400
    assert json.loads(answer.body)["message"].startswith(start)


def test_the_debug_api_lets_good_calls_through(make_machine):
    """What has no fault is answered and accepted as ever."""
    machine = make_machine(edge="debug-api")
    assert machine.batch(GOOD, GOOD).body == SUCCESS
    assert [call.verdict for call in machine.calls()] == ["accepted"] * 2


async def test_an_edge_is_a_sources_own(machine):
    """One source can be strict while its neighbour is not."""
    await machine.perform("create_source", writeKey="strict", edge="debug-api")
    await machine.perform("create_source", writeKey="old", edge="2018")
    bad = {"userId": "u"}
    assert machine.send("/v1/track", bad, key="strict").status == 400
    assert machine.send("/v1/t", b"{", key="old").status == 200
    assert machine.send("/v1/t", b"{", key="other").status == 400
    await machine.perform("patch_source", writeKey="strict", edge="2025")
    assert machine.send("/v1/track", bad, key="strict").status == 200


@pytest.mark.parametrize(
    ("settings", "body", "status", "text"),
    [
        ({}, b"{", 400, b"Bad Request\n"),
        ({"known_write_keys": ("a",)}, b"{}", 401, b"Unauthorized\n"),
        ({"edge": "debug-api"}, b"{}", 400, b"Bad Request\n"),
    ],
)
def test_plain_text_is_there_for_who_wants_it(make_machine, settings, body, status, text):
    """Segment's own text, which some SDKs choke on."""
    answer = make_machine(error_body="text", **settings).send("/v1/track", body, key="k")
    assert (answer.status, answer.body) == (status, text)
    assert answer.content_type.startswith("text/plain")


def test_in_2025_the_message_has_the_reason(make_machine):
    """Segment's documentation has no words for it, so that edge says what is wrong."""
    machine = make_machine(edge="2025")
    said = json.loads(machine.send("/v1/track", b"[]", key="k").body)
    assert said == {
        "success": False,
        "message": "the body is not a JSON object",
        "code": "invalid_request",
    }


@pytest.mark.parametrize("edge", ["2025", "2018"])
def test_before_2026_a_request_without_a_key_was_answered_200(make_machine, codes, edge):
    """Its call was lost; here it says why."""
    machine = make_machine(edge=edge)
    assert machine.send("/v1/track", GOOD).body == SUCCESS
    (call,) = machine.calls("")
    assert (call.verdict, codes(call)) == ("dropped", ["unknown_source"])


@pytest.mark.parametrize(
    ("error_body", "content_type"),
    [
        ("edge", "text/plain; charset=utf-8"),
        ("text", "text/plain; charset=utf-8"),
        ("json", "application/json"),
    ],
)
def test_in_2018_refusals_are_plain_text_unless_json_is_asked_for(
    make_machine, error_body, content_type
):
    """As the edge has it by default; some SDKs choke on text."""
    machine = make_machine(edge="2018", error_body=error_body)
    assert machine.send("/v1/track", b"{", key="k").content_type == content_type


async def test_the_old_name_of_the_edge_is_still_taken(machine):
    """JSON that was written for an earlier mockseg works; the new name wins over it."""
    view = await machine.perform("create_source", writeKey="k", profile="2018")
    assert view.edge == "2018"
    view = await machine.perform("patch_source", writeKey="k", profile="2025")
    assert view.edge == "2025"
    view = await machine.perform("patch_source", writeKey="k", profile="2018", edge="2026")
    assert view.edge == "2026"


async def test_calls_of_a_disabled_source_are_dropped(machine, codes):
    """Answered 200; enabled again, it takes them."""
    await machine.perform("create_source", writeKey="k", enabled=False)
    assert machine.send("/v1/track", GOOD, key="k").body == SUCCESS
    (call,) = machine.calls("k")
    assert (call.verdict, codes(call)) == ("dropped", ["source_disabled"])
    assert call.findings[0].origin == "segment"
    await machine.perform("patch_source", writeKey="k", enabled=True)
    assert machine.track("k").verdict == "accepted"


def _sent_to(machine, host):
    """Send a good call to a host; give its answer."""
    return machine.send("/v1/track", GOOD, key="k", headers=(("Host", host),))


@pytest.mark.parametrize(
    ("region", "host", "fits"),
    [
        ("eu", "api.segment.io", False),
        ("eu", "Events.EU1.SegmentAPIs.com:443", True),
        ("us", "events.eu1.segmentapis.com.", False),
        ("us", "api.segment.io", True),
        ("us", "api.segmentapis.com", True),
        ("eu", "127.0.0.1:8765", True),
        ("any", "events.eu1.segmentapis.com", True),
    ],
)
async def test_a_request_for_another_region_is_dropped(machine, codes, region, host, fits):
    """Only Segment's own hosts have a region; Segment answers 200."""
    await machine.perform("create_source", writeKey="k", region=region)
    assert _sent_to(machine, host).body == SUCCESS
    (call,) = machine.calls("k")
    assert codes(call) == ([] if fits else ["wrong_region"])
    assert call.verdict == ("accepted" if fits else "dropped")


async def test_a_request_for_another_region_can_be_refused(make_machine):
    """What Segment answers is not public: this is the other reading of its guide."""
    machine = make_machine(wrong_region="refuse")
    await machine.perform("create_source", writeKey="k", region="eu")
    assert _sent_to(machine, "api.segment.io").status == 400
    assert [call.verdict for call in machine.calls("k")] == ["rejected"]


async def test_candu_has_no_source_in_another_region(machine, codes):
    """Segment's page of the source: the European region is not supported (CA-X06)."""
    await machine.perform("create_source", writeKey="k", catalogue=["candu"])
    for host in ("events.eu1.segmentapis.com", "api.segment.io", "127.0.0.1"):
        _sent_to(machine, host)
    regions = ["wrong_region" in codes(call) for call in machine.calls()]
    assert regions == [True, False, False]
    with pytest.raises(OperationError, match="candu can send to the region us only, not to eu"):
        await machine.perform("patch_source", writeKey="k", region="eu")
    await machine.perform("create_source", writeKey="j", catalogue=["userguiding"], region="eu")
    await machine.perform("create_source", writeKey="l", catalogue=["candu", "spec"], region="eu")
