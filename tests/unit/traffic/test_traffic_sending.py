"""Requests, files and replays of traffic, without a network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from datetime import UTC, datetime
from fractions import Fraction
from urllib.parse import parse_qs, urlsplit

import pytest

from mockseg.cli.message_lines import read_value
from mockseg.errors import ConfigError
from mockseg.json_types import decode, encode
from mockseg.traffic.as_segment import to_destination
from mockseg.traffic.file_sink import opened
from mockseg.traffic.packets import GeneratedCall, Group, grouped, replayed, to_segment
from mockseg.traffic.profiles import DEFAULTS, with_profile
from mockseg.traffic.sdk_driver import arguments_of

NOW_NS = 1_767_225_600 * 10**9


def call(due_ns: int = 0, type_: str = "track", **more) -> GeneratedCall:
    """Make a call."""
    message = {"type": type_, "event": "E", "userId": "ü1", "messageId": "m1"} | more
    return GeneratedCall(due_ns, json.dumps(message).encode(), type_, "E", "good", "", "m1")


def test_batches_hold_a_hundred_calls_or_a_tenth_of_a_second() -> None:
    """Calls go together up to 100 or up to a tenth of a second, and none is lost."""
    fast = [call(number * 10_000) for number in range(250)]
    slow = [call(10**10 + number * 60_000_000) for number in range(5)]
    groups = list(grouped([*fast, *slow], "batch"))
    assert [len(group.calls) for group in groups] == [100, 100, 50, 2, 2, 1]
    assert all(group.due_ns == group.calls[-1].due_ns for group in groups)
    assert all(len(group.calls) == 1 for group in grouped(fast, "single"))


def test_batches_stay_below_segments_limit() -> None:
    """A batch of large calls is cut before it is too large for Segment."""
    large = [call(properties={"text": "x" * 30_000}) for _ in range(40)]
    make = to_segment("k", "batch", zipped=False)
    requests = [make(group, NOW_NS) for group in grouped(large, "batch")]
    assert sum(request.body.count(b'"messageId"') for request in requests) == 40
    assert max(len(request.body) for request in requests) < 500 * 1024


def test_request_of_a_batch() -> None:
    """A batch goes to its route with the write key as the user and the time of sending."""
    request = to_segment("key", "batch", zipped=False)(Group(0, (call(), call())), NOW_NS)
    assert (request.method, request.path) == ("POST", "/v1/batch")
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"key:").decode()
    body = decode(request.body)
    assert len(body["batch"]) == 2
    assert body["sentAt"] == "2026-01-01T00:00:00.000Z"


def test_request_of_one_call() -> None:
    """A single call goes to the route of its type; one without a readable type as a batch."""
    make = to_segment("key", "single", zipped=False)
    request = make(Group(0, (call(),)), NOW_NS)
    assert request.path == "/v1/track"
    assert decode(request.body)["userId"] == "ü1"
    assert make(Group(0, (call(type_=""),)), NOW_NS).path == "/v1/batch"


def test_request_of_a_pixel() -> None:
    """A pixel carries the message with its write key in the query."""
    request = to_segment("key", "pixel", zipped=False)(Group(0, (call(),)), NOW_NS)
    parts = urlsplit(request.path)
    assert (request.method, parts.path) == ("GET", "/v1/pixel/track")
    message = decode(base64.b64decode(parse_qs(parts.query)["data"][0]))
    assert message["writeKey"] == "key"
    assert message["userId"] == "ü1"


def test_zipped_bodies() -> None:
    """A zipped body says so and holds the same."""
    request = to_segment("key", "batch", zipped=True)(Group(0, (call(),)), NOW_NS)
    assert request.headers["Content-Encoding"] == "gzip"
    assert len(decode(gzip.decompress(request.body))["batch"]) == 1
    with pytest.raises(ConfigError, match="--gzip"):
        to_segment("key", "pixel", zipped=True)


def test_webhooks_are_signed() -> None:
    """A webhook gets the normalised message, signed over the very bytes that are sent."""
    request = to_destination("webhook", "abc123")(Group(0, (call(),)), NOW_NS)
    signature = hmac.new(b"abc123", request.body, hashlib.sha1).hexdigest()
    assert request.headers["X-Signature"] == signature
    assert request.headers["User-Agent"] == "Segment.io/1.0"
    assert "Authorization" not in request.headers
    message = decode(request.body)
    assert message["receivedAt"] == "2026-01-01T00:00:00.000Z"
    assert message["version"] == 2
    assert "X-Signature" not in to_destination("webhook", "")(Group(0, (call(),)), 0).headers


@pytest.mark.parametrize("kind", ["userengage", "userleap", "userguiding", "candu"])
def test_partners_get_the_key_as_user(kind: str) -> None:
    """A partner gets the key as the user of Basic, with an empty password."""
    request = to_destination(kind, "segment")(Group(0, (call(),)), NOW_NS)
    assert request.headers["Authorization"] == "Basic c2VnbWVudDo="
    assert "X-Signature" not in request.headers
    assert {request.headers[name] for name in ("Accept", "Cache-Control", "Connection")} == {
        "*/*", "no-cache", "Keep-Alive",
    }  # fmt: skip


def test_files_end_with_a_whole_line(tmp_path) -> None:
    """What was written before an end without warning are whole lines."""
    name = tmp_path / "calls.ndjson"

    def interrupted() -> None:
        with opened(str(name)) as write:
            write(b'{"a":1}\n{"a":2}\n')
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert [json.loads(line) for line in name.read_bytes().splitlines()] == [{"a": 1}, {"a": 2}]


def test_zipped_files_can_be_read_before_their_end(tmp_path) -> None:
    """A gzipped file is whole when it is closed, and readable up to what was written before."""
    name = tmp_path / "calls.ndjson.gz"
    with opened(str(name)) as write:
        write(b'{"a":1}\n')
        with gzip.open(name) as file:
            assert file.readline() == b'{"a":1}\n'
        write(b'{"a":2}\n')
    assert gzip.decompress(name.read_bytes()) == b'{"a":1}\n{"a":2}\n'


def test_unwritable_files_are_refused(tmp_path) -> None:
    """A file that cannot be opened is refused in a sentence; nothing is left behind."""
    for name in (tmp_path / "none" / "a.ndjson", tmp_path):
        with pytest.raises(ConfigError, match="cannot write"), opened(str(name)):
            pass
    with pytest.raises(ConfigError, match="cannot write"), opened("a\0b"):
        pass


def test_a_full_disk_leaves_whole_lines() -> None:
    """A write that fails is told of as what it is."""
    with pytest.raises(ConfigError, match="cannot write /dev/full"), opened("/dev/full") as write:
        write(b'{"a":1}\n')


def message(at: str | None, **more):
    """Make a message that happened at a time of a day."""
    base = {"type": "track", "event": "E", "messageId": at, **more}
    return base if at is None else base | {"timestamp": f"2026-01-01T{at}Z", "sentAt": "x"}


def test_calls_of_the_sdk_are_what_an_application_would_write() -> None:
    """A message becomes the arguments of the SDK's method; a time becomes a datetime."""
    message = {
        "type": "group", "userId": "u1", "anonymousId": "a1", "groupId": "g1",
        "traits": {"name": "x"}, "context": {"ip": "192.0.2.1"}, "messageId": "m1",
        "timestamp": "2026-01-01T00:00:00.250Z", "channel": "nobody's",
    }  # fmt: skip
    assert arguments_of(message) == {
        "user_id": "u1",
        "anonymous_id": "a1",
        "group_id": "g1",
        "traits": {"name": "x"},
        "context": {"ip": "192.0.2.1"},
        "message_id": "m1",
        "timestamp": datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC),
    }
    assert arguments_of({"type": "track", "timestamp": "soon"}) == {"timestamp": "soon"}
    alias = {"type": "alias", "userId": "u1", "anonymousId": "a1", "previousId": "p1"}
    assert arguments_of(alias) == {"user_id": "u1", "previous_id": "p1"}


def test_replays_keep_the_pauses() -> None:
    """Due times are the distances from the first, as many times shorter as the speed says."""
    messages = [message("10:00:00"), message("10:00:05"), message(None), message("09:00:00")]
    made = list(replayed(messages, speed=Fraction(10), shift_to_ns=None, ids=None))
    assert [each.due_ns for each in made] == [0, 500_000_000, 500_000_000, 500_000_000]
    assert decode(made[1].line)["timestamp"] == "2026-01-01T10:00:05Z"
    assert "sentAt" not in decode(made[0].line)


def test_a_call_without_a_timestamp_is_replayed_at_the_pause_of_its_receipt() -> None:
    """As calls by curl are exported; when it was received then is not sent again."""
    lines = [
        {"raw": {"event": "A"}, "message": {"event": "A", "type": "track"}, "receivedAt": moment}
        for moment in ("2026-01-15T09:30:00.000Z", "2026-01-15T09:30:05.000Z")
    ]
    sent = [read_value(encode(line))[0] for line in lines]
    messages = [{"receivedAt": each.received_at} for each in sent]
    made = list(replayed(messages, speed=Fraction(1), shift_to_ns=None, ids=None))
    assert [each.due_ns for each in made] == [0, 5_000_000_000]
    assert [decode(call.line) for call in made] == [{}, {}]


def test_replays_can_be_moved_in_time() -> None:
    """All times are moved by as much as the first; new ids are all different."""
    messages = [message("10:00:00"), message("10:00:05.250")]
    made = list(replayed(messages, speed=Fraction(1), shift_to_ns=NOW_NS, ids="new"))
    assert [decode(each.line)["timestamp"] for each in made] == [
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:05.250Z",
    ]
    assert [each.message_id for each in made] == ["new-00000000", "new-00000001"]


def test_profiles_fill_what_flags_leave_out(tmp_path) -> None:
    """Flags win over a profile, a profile over the defaults; a mix may be a table."""
    file = tmp_path / "shop.toml"
    file.write_text(
        'catalogue = ["ecommerce", "spec"]\nusers = 9\nrate = "50/s"\ngzip = true\n'
        '[mix]\n"Order Completed" = 3\n'
    )
    flags = dict.fromkeys(DEFAULTS) | {"rate": "70/s", "gzip": None}
    values = with_profile(flags, file=str(file), others=("gzip", "to"))
    told = {name: values[name] for name in ("catalogue", "users", "rate", "gzip", "mix", "seed")}
    assert told == {
        "catalogue": "ecommerce,spec",
        "users": "9",
        "rate": "70/s",
        "gzip": True,
        "mix": "Order Completed=3",
        "seed": "0",
    }
    assert values["to"] is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("user = 3", 'did you mean "users"'),
        ("users = [1, 2]", "must be a text"),
        ("users = ", "not TOML"),
        ("mix = {a = true}", "must be a text"),
    ],
)
def test_bad_profiles_are_refused(tmp_path, text: str, told: str) -> None:
    """A profile that cannot be understood is refused with its place."""
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=told):
        with_profile({}, file=str(file), others=())
    with pytest.raises(ConfigError, match="cannot read"):
        with_profile({}, file=str(tmp_path / "none.toml"), others=())


@pytest.mark.parametrize("transport", ["batch", "single", "pixel"])
def test_a_replay_is_for_the_source_that_it_goes_to(transport) -> None:
    """A message's old write key is left out, and the server is told not to take the sender's ip."""
    message = {"type": "track", "event": "E", "userId": "u", "writeKey": "old"}
    calls = tuple(replayed([message], speed=Fraction(1), shift_to_ns=None, ids=None))
    make = to_segment("key", transport, zipped=False)
    request = make(Group(0, calls), NOW_NS)
    assert request.headers["X-Mockseg-Replay"] == "1"
    data = parse_qs(urlsplit(request.path).query).get("data", [""])[0]
    assert b"old" not in (request.body or base64.b64decode(data))
    assert "X-Mockseg-Replay" not in make(Group(0, (call(),)), NOW_NS).headers
