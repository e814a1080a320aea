"""What becomes of a call: verdict, findings, place; and what its request was answered."""

from __future__ import annotations

import json

import msgspec
import pytest

from mockseg.domain.message import MESSAGE_TYPES

SUCCESS = b'{"success":true}'
GOOD = {"type": "track", "userId": "u1", "event": "E"}


def test_a_good_call_is_accepted(machine):
    """Accepted, good, at its first attempt, and whole."""
    call = machine.track(messageId="m1", properties={"a": 1}, context={"ip": "::1"})
    assert (call.verdict, call.good, call.findings) == ("accepted", True, ())
    assert (call.type, call.event, call.user_id, call.message_id) == ("track", "E", "u1", "m1")
    assert (call.request.attempt, call.request.index, call.duplicate_of) == (1, 0, None)
    assert (call.id, call.cursor, call.source) == ("call-1", 1, "k")
    assert (call.properties, call.context, call.integrations) == ({"a": 1}, {"ip": "::1"}, {})
    assert call.received_at == call.message["receivedAt"] == "2026-01-31T12:00:00.000Z"


@pytest.mark.parametrize("type_", MESSAGE_TYPES)
@pytest.mark.parametrize("form", ["/v1/{}", "/v1/{:.1}"])
def test_the_route_names_the_type(machine, type_, form):
    """Long and short routes give the same type; only track calls have an event."""
    machine.send(form.format(type_), {"userId": "u", "groupId": "g", "event": "E"}, key="k")
    (call,) = machine.calls()
    assert (call.type, call.message["type"]) == (type_, type_)
    assert call.event == ("E" if type_ == "track" else None)


def test_the_answer_of_success_is_exactly_segments(machine):
    """SDKs compare: 200 and this body, nothing else."""
    answer = machine.send("/v1/track", GOOD, key="k")
    assert (answer.status, answer.body, answer.content_type) == (200, SUCCESS, "application/json")


def test_a_bad_call_is_dropped_after_a_200(machine, codes):
    """Segment answers before it judges; every reason is told."""
    answer = machine.send("/v1/track", {"properties": []}, key="k")
    assert (answer.status, answer.body) == (200, SUCCESS)
    (call,) = machine.calls()
    assert (call.verdict, call.good) == ("dropped", False)
    assert codes(call) == ["no_user_anon_id", "event_not_defined", "properties_not_object"]


def test_one_bad_call_of_a_batch_does_not_harm_the_others(machine):
    """Only messages without errors are let through, each is recorded at its place."""
    machine.batch(GOOD, 5, {"type": "track"}, {"type": "Nope", "userId": "u"}, GOOD)
    calls = machine.calls()
    verdicts = [call.verdict for call in calls]
    assert verdicts == ["accepted", "dropped", "dropped", "dropped", "accepted"]
    assert [call.request.index for call in calls] == [0, 1, 2, 3, 4]
    assert [call.type for call in calls] == ["track", "", "track", "Nope", "track"]
    assert (calls[1].raw, calls[1].message) == (5, {})
    assert len({call.request.id for call in calls}) == 1


def test_a_whole_batch_has_one_received_at(machine):
    """All calls of a request came at the same moment."""
    machine.hub.clock.follow()
    machine.batch(*[GOOD] * 50)
    assert len({call.received_at for call in machine.calls()}) == 1


def test_a_missing_message_id_is_minted_once(machine):
    """The minted id stays the same however often the call is read, and differs for each."""
    machine.batch(GOOD, GOOD, GOOD | {"messageId": ""}, GOOD | {"messageId": None})
    first, again = machine.calls(), machine.calls()
    ids = [call.message_id for call in first]
    assert len(set(ids)) == 4
    assert all(ids)
    assert ids == [call.message_id for call in again]
    assert ids == [call.message["messageId"] for call in first]
    assert [call.verdict for call in first] == ["accepted"] * 4


def test_an_odd_message_id_is_replaced_and_told(machine, codes):
    """A messageId that is no string is a fault; the call gets one of its own."""
    call = machine.track(messageId=5)
    assert codes(call) == ["id_not_string"]
    assert isinstance(call.message_id, str)


def test_a_message_id_over_100_characters_is_dropped(machine, codes):
    """200, then dropped; a hundred are allowed."""
    assert codes(machine.track(messageId="m" * 101)) == ["message_id_too_long"]
    assert machine.track(messageId="m" * 100).verdict == "accepted"
    assert codes(machine.track(messageId="m" * 200)) == ["message_id_too_long"]


@pytest.mark.parametrize("body", [{"batch": []}, {}, {"batch": None}])
def test_an_empty_batch_is_answered_200(machine, body):
    """The request is kept with its reason; there is no call."""
    answer = machine.send("/v1/batch", body, key="k")
    (request,) = machine.requests("k")
    assert (answer.status, request.reason.code, request.calls) == (200, "empty_batch", 0)
    assert machine.calls() == []


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/track", "/v1/b", "/v1/t", "/v1/import"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{'a':1}", b"\xff\xfe{}", b"NaN"])
def test_what_is_no_json_object_is_400(machine, path, body):
    """The body is JSON that every SDK can read, and the request is kept with its reason."""
    answer = machine.send(path, body, key="k")
    said = json.loads(answer.body)
    assert answer.status == 400
    assert said == {"success": False, "message": "malformed JSON", "code": "invalid_request"}
    assert machine.requests("k")[0].reason.code == "bad_request"
    assert machine.calls() == []


def _sized(size, **fields):
    """Make a track call of exactly so many bytes."""
    message = GOOD | {"properties": {"x": ""}} | fields
    room = size - len(json.dumps(message, separators=(",", ":")))
    return message | {"properties": {"x": "x" * room}}


def test_a_call_of_32_kb_is_taken_and_one_byte_more_is_400(machine, codes):
    """The limit is 32 * 1024 bytes of a single call's body."""
    assert machine.send("/v1/track", _sized(32 * 1024), key="k").status == 200
    answer = machine.send("/v1/track", _sized(32 * 1024 + 1), key="k")
    assert answer.status == 400
    assert json.loads(answer.body)["message"] == "Exceed payload limit"
    good, refused = machine.calls()
    assert (good.verdict, refused.verdict) == ("accepted", "rejected")
    assert codes(refused) == ["payload_too_large"]


def test_a_call_over_32_kb_is_dropped_from_its_batch(machine, codes):
    """200, and only the large one is lost."""
    answer = machine.batch(_sized(32 * 1024), _sized(32 * 1024 + 1), GOOD)
    assert answer.status == 200
    calls = machine.calls()
    assert [call.verdict for call in calls] == ["accepted", "dropped", "accepted"]
    assert codes(calls[1]) == ["call_too_large"]


def test_a_batch_of_500_kb_is_taken_and_one_byte_more_is_400(machine, codes):
    """The limit is 500 * 1024 bytes; over it the whole batch is refused."""
    most = [_sized(32_000) for _ in range(15)]
    body = json.dumps({"batch": most}, separators=(",", ":")).encode()
    exact = body[:-2] + b" " * (500 * 1024 - len(body)) + body[-2:]
    assert machine.send("/v1/batch", exact, key="k").status == 200
    assert machine.send("/v1/batch", exact + b" ", key="k").status == 400
    calls = machine.calls()
    assert [call.verdict for call in calls] == ["accepted"] * 15 + ["rejected"] * 15
    assert codes(calls[-1]) == ["payload_too_large"]


def test_a_batch_of_2500_calls_is_taken_and_one_more_drops_all(machine, codes):
    """200, then the whole batch is lost."""
    small = {"type": "track", "userId": "u", "event": "E"}
    assert machine.batch(*[small] * 2500, key="a").status == 200
    assert machine.batch(*[small] * 2501, key="b").status == 200
    assert {call.verdict for call in machine.calls("a")} == {"accepted"}
    refused = machine.calls("b")
    assert [call.verdict for call in refused] == ["dropped"] * 2501
    assert codes(refused[0]) == ["batch_too_many_calls"]


def test_of_a_batch_of_nothing_but_commas_the_first_are_recorded(machine):
    """A million calls in one body would hold the server; the reason says what was left out."""
    for source, count, status in (("a", 900_000, 400), ("b", 200_000, 200)):
        body = b'{"batch":[' + b"0," * count + b"0]}"
        assert machine.send("/v1/batch", body, key=source).status == status
        calls = machine.calls(source)
        assert len(calls) == 10_000
        assert "only the first 10000 are recorded" in calls[0].findings[0].description


def test_a_whole_requests_fault_does_not_hide_a_calls_own(machine, codes):
    """The first reason is never the only one told."""
    machine.batch({"type": "track"}, GOOD, key="")
    bad, good = machine.calls()
    assert codes(bad) == ["unknown_source", "no_user_anon_id", "event_not_defined"]
    assert codes(good) == ["unknown_source"]


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/v1/batch", "/v1/b"])
@pytest.mark.parametrize("key", [{}, {"writeKey": ""}, {"writeKey": None}])
def test_a_request_without_a_key_is_400(machine, codes, path, key):
    """The body is Segment's to the byte; the call is recorded under the empty source."""
    message = GOOD | {"type": "track"}
    body = (message if path in {"/v1/track", "/v1/t"} else {"batch": [message]}) | key
    answer = machine.send(path, body)
    assert (answer.status, answer.body) == (
        400,
        b'{"success":false,"message":"An invalid write key was provided","code":"invalid_request"}',
    )
    (call,) = machine.calls("")
    assert (call.source, call.verdict, codes(call)) == ("", "rejected", ["unknown_source"])


def test_any_key_that_is_not_empty_is_200(machine):
    """Segment learns only later that no source has it."""
    key = "z" * 32
    assert machine.send("/v1/track", GOOD | {"writeKey": key}).body == SUCCESS
    assert [call.source for call in machine.calls()] == [key]


@pytest.mark.parametrize(
    ("own", "source"), [({"writeKey": "B"}, "B"), ({"writeKey": None}, "A"), ({}, "A")]
)
def test_the_key_of_the_body_beats_the_header_and_null_is_none(machine, own, source):
    """A foreign key in the body is why a good one in the header was refused."""
    assert machine.send("/v1/track", GOOD | own, key="A").status == 200
    assert [call.source for call in machine.calls()] == [source]


def test_the_body_names_the_source_before_the_header(machine):
    """Body first, then the header, then the first message that has one."""
    machine.send("/v1/track", GOOD | {"writeKey": "body"}, key="header")
    machine.batch(GOOD | {"writeKey": "item"}, key="header")
    machine.batch(GOOD | {"writeKey": "item"}, key="")
    machine.batch(GOOD | {"writeKey": "item"}, key="header", writeKey="top")
    assert [call.source for call in machine.calls()] == ["body", "header", "item", "top"]


def test_telemetry_is_answered_and_holds_no_calls(machine):
    """Whatever is sent to /v1/m is fine."""
    for body in (b'{"series":[]}', b"not json", b""):
        assert machine.send("/v1/m", body).body == SUCCESS
    assert machine.calls() == []
    assert len(machine.requests()) == 3


def test_known_write_keys_make_others_401(make_machine, codes):
    """A deviation for tests: unknown keys, and none at all, are refused."""
    machine = make_machine(known_write_keys=("k",))
    assert machine.send("/v1/track", GOOD, key="k").status == 200
    for key, refused in (("typo", (401, "unknown_source")), ("", (400, "invalid_request"))):
        answer = machine.send("/v1/track", GOOD, key=key)
        assert (answer.status, json.loads(answer.body)["code"]) == refused
        (call,) = machine.calls(key)
        assert (call.verdict, codes(call)) == ("rejected", ["unknown_source"])


def test_a_very_long_write_key_is_cut(machine):
    """A key that no question could name names a source all the same."""
    machine.send("/v1/track", GOOD | {"writeKey": "k" * 5000})
    assert [source.key for source in machine.hub.sources] == ["k" * 512]
    assert len(machine.calls("k" * 512)) == 1


def test_the_tally_counts_what_came(make_machine):
    """Accepted, bad, dropped, rejected, refused and evicted, over the server's life."""
    machine = make_machine(max_calls=2)
    machine.track(messageId="m1")
    machine.track(messageId="m1")
    machine.track(event=None)
    machine.send("/v1/track", b"{", key="k")
    machine.send("/v1/track", _sized(40_000), key="k")
    machine.hub.count_parser_refusal()
    tally = machine.hub.tally
    assert (tally.accepted, tally.bad, tally.dropped, tally.rejected) == (1, 3, 2, 1)
    assert (tally.evicted, tally.requests, tally.refused, tally.parser_refused) == (2, 5, 2, 1)


async def test_a_call_with_a_warning_is_good(machine):
    """The user that UserGuiding repeats among the properties is another: said, and no violation."""
    await machine.perform("create_source", writeKey="k", catalogue=["userguiding"])
    guide = {"guideId": "1", "guideName": "Tour", "pageUrl": "https://example.com"}
    event = "guide started (userguiding)"
    call = machine.track(event=event, properties={**guide, "user_id": "u2"})
    (warning,) = call.findings
    assert (call.verdict, call.good) == ("accepted", True)
    assert msgspec.to_builtins(warning) == {
        "kind": "warning",
        "code": "user_id_differs",
        "field": "properties.user_id",
        "description": 'properties.user_id is "u2" and userId is "u1": the source sends the same'
        " identifier in both",
        "plan": "userguiding",
    }
    details = await machine.perform("get_call", id=call.id)
    assert details.findings[0].sent == "u2"
    call = machine.track(event=event, properties={"user_id": "u2"})
    assert (call.good, call.findings[-1].code) == (False, "user_id_differs")


async def test_a_batch_item_that_names_another_source_is_told(machine, codes):
    """The batch's key decides, and the call is good; without a batch key the first item's does."""
    items = [GOOD, GOOD | {"writeKey": "k"}, GOOD | {"writeKey": "other"}]
    machine.batch(*items, key="", writeKey="k")
    calls = machine.calls("k")
    assert [codes(call) for call in calls] == [[], [], ["write_key_differs"]]
    assert all(call.good for call in calls)
    assert msgspec.to_builtins(calls[2].findings[0]) == {
        "kind": "warning",
        "code": "write_key_differs",
        "field": "writeKey",
        "description": 'writeKey is "other" and the batch\'s is "k": the call was recorded in the'
        " batch's source",
        "plan": "",
    }
    details = await machine.perform("get_call", id=calls[2].id)
    assert details.findings[0].sent == "other"
    machine.batch(GOOD | {"writeKey": "first"}, GOOD | {"writeKey": "second"}, key="")
    assert [codes(call) for call in machine.calls("first")] == [[], ["write_key_differs"]]


@pytest.mark.parametrize("type_", ["track", "identify", "page"])
@pytest.mark.parametrize(("empty", "other"), [("userId", "anonymousId"), ("anonymousId", "userId")])
def test_an_empty_id_beside_a_good_one_is_told(machine, codes, type_, empty, other):
    """The call is good: a program of Segment's sends empty ids, and no rule forbids it."""
    message = {"type": type_, "event": "E", empty: "", other: "u", "messageId": "m"}
    machine.batch(message, message | {"messageId": "n", "writeKey": "second"}, key="k")
    first, second = machine.calls("k")
    assert (first.good, first.verdict) == (second.good, second.verdict) == (True, "accepted")
    assert codes(second) == ["write_key_differs", "empty_id"]
    assert msgspec.to_builtins(first.findings[0]) == {
        "kind": "warning",
        "code": "empty_id",
        "field": empty,
        "description": f"{empty} is an empty string beside an id that names the user: leave it out",
        "plan": "",
    }


def test_an_empty_id_that_names_nobody_is_no_warning(machine, codes):
    """The call is dropped for it."""
    machine.batch({"type": "track", "event": "E", "userId": ""}, key="k")
    assert codes(machine.calls("k")[0]) == ["id_not_string"]


@pytest.mark.parametrize("key", [None, "", 5, ["k"], "k"])
def test_an_item_without_a_write_key_of_its_own_is_not(machine, key):
    """Null, an empty text and what is no text name no source."""
    machine.batch(GOOD | {"writeKey": key}, key="k")
    assert machine.calls()[0].findings == ()


def test_the_key_of_an_item_is_told_beside_what_is_wrong_with_it(machine, codes):
    """A dropped call says both; where the request is refused, its own reason is enough."""
    machine.batch({"type": "track", "event": "E", "writeKey": "other"}, key="k")
    assert codes(machine.calls("k")[0]) == ["no_user_anon_id", "write_key_differs"]
    assert machine.calls("k")[0].verdict == "dropped"
    machine.batch(*[GOOD | {"writeKey": "other"}] * 2501, key="many")
    assert {each for call in machine.calls("many") for each in codes(call)} == {
        "batch_too_many_calls"
    }


async def test_the_key_of_an_item_is_told_beside_what_a_plan_says(machine, codes):
    """The findings of the plan are worded when they are read; the warning comes after them."""
    await machine.perform("create_source", writeKey="k", catalogue=["userguiding"])
    event = "guide started (userguiding)"
    machine.batch(
        {"type": "track", "userId": "u", "event": event, "properties": {}, "writeKey": "other"},
        key="k",
    )
    (call,) = machine.calls("k")
    assert (call.good, codes(call)[-1]) == (False, "write_key_differs")
    assert "required" in codes(call)
