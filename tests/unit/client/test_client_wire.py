"""Asks as HTTP, and HTTP answers as results."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.client.operation_call import OperationCall
from mockseg.client.wire import Address, decode, encode
from mockseg.errors import ConfigError, OperationError, UnreachableError
from mockseg.matching.match import Match
from mockseg.operations.base import OfSource
from mockseg.operations.calls import ClearCalls, Cleared, ListCalls, WaitCalls
from mockseg.operations.sources import GetSource, PatchSource, SetClock

URL = "http://127.0.0.1:8765"


def test_a_get_carries_its_parameters_in_the_query() -> None:
    """Names are those of the wire, booleans are JSON's, defaults are left out."""
    request = encode(
        OperationCall("list_calls", ListCalls(source="k", user_id="ü&=", good=False, after=3))
    )
    parts = urlsplit(request.target)
    assert request.method == "GET"
    assert parts.path == "/_mockseg/v1/calls"
    assert parse_qs(parts.query) == {
        "source": ["k"],
        "userId": ["ü&="],
        "good": ["false"],
        "after": ["3"],
    }
    assert request.body is None


def test_a_post_carries_its_parameters_in_the_body() -> None:
    """The body is JSON and says so."""
    match = Match(type="track", properties={"a": [1, None]})
    request = encode(OperationCall("wait_calls", WaitCalls(match=match, timeout=7)))
    assert request.target == "/_mockseg/v1/calls/wait"
    assert json.loads(request.body or b"") == {
        "match": {"type": "track", "properties": {"a": [1, None]}},
        "timeout": 7,
    }
    assert request.headers == {"Content-Type": "application/json"}
    assert request.patience > 7


def test_a_null_that_means_something_is_sent() -> None:
    """Only defaults are left out: null for the time follows the real one again."""
    assert json.loads(encode(OperationCall("set_clock", SetClock(now=None))).body or b"") == {
        "now": None
    }


def test_path_parameters_leave_the_body() -> None:
    """What stands in the path does not stand in the body too."""
    request = encode(OperationCall("patch_source", PatchSource(write_key="k", name="n")))
    assert request.target == "/_mockseg/v1/sources/k"
    assert json.loads(request.body or b"") == {"name": "n"}


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_write_key_is_one_segment_of_the_path(key: str) -> None:
    """Slashes, dots and question marks of a key never change the path."""
    target = encode(OperationCall("get_source", GetSource(write_key=key))).target
    segment = target.removeprefix("/_mockseg/v1/sources/")
    assert unquote(segment) == key
    assert segment not in {".", ".."}
    assert not set("/?#") & set(segment)


def test_a_prefix_stands_before_mocksegs_own_paths() -> None:
    """A mockseg behind a proxy's path is reached there."""
    target = encode(OperationCall("summary", OfSource()), prefix="/behind").target
    assert target == "/behind/_mockseg/v1/summary"


def test_an_answer_is_the_operations_result() -> None:
    """The table says what an answer is."""
    asked = OperationCall("clear_calls", ClearCalls(all=True))
    assert decode(asked, 200, b'{"cleared":3}', url=URL) == Cleared(cleared=3)


def test_a_refusal_is_raised_with_all_that_it_says() -> None:
    """Status, code, message and details come through."""
    body = b'{"error":{"code":"timeout","message":"time is up","details":{"seen":2}}}'
    with pytest.raises(OperationError, match="time is up") as raised:
        decode(OperationCall("wait_calls", WaitCalls()), 406, body, url=URL)
    refusal = raised.value
    assert (refusal.status, refusal.code, refusal.details) == (406, "timeout", {"seen": 2})


def test_a_stopping_server_is_a_server_that_is_gone() -> None:
    """A wait that the server's stop has ended looks as in the same process."""
    body = b'{"error":{"code":"stopping","message":"the server is stopping"}}'
    with pytest.raises(UnreachableError, match=URL):
        decode(OperationCall("wait_calls", WaitCalls()), 503, body, url=URL)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>"), (404, b"not found"), (200, b'{"cleared":"x"}'), (502, b""), (200, b"\xff")],
)
def test_what_is_no_mockseg_is_said_to_be_none(status: int, body: bytes) -> None:
    """Another server at that address is one clear sentence with the address."""
    with pytest.raises(UnreachableError, match=f"the server at {URL} is not mockseg"):
        decode(OperationCall("clear_calls", ClearCalls(all=True)), status, body, url=URL)


def test_parameters_are_judged_before_they_are_sent() -> None:
    """In the same process as over HTTP, a value that is not allowed is refused with 422."""
    with pytest.raises(
        OperationError, match="`timeout` is 4000: it must be a number <= 3600"
    ) as raised:
        OperationCall("wait_calls", WaitCalls(timeout=4000))
    assert (raised.value.status, raised.value.code) == (422, "invalid_parameter")
    with pytest.raises(OperationError, match="are not JSON"):
        OperationCall("wait_calls", WaitCalls(match=Match(properties={"a": object()})))


def test_a_struct_of_the_table_passes_unchanged() -> None:
    """Judging does not alter what is asked."""
    params = ListCalls(source="", verdict="dropped")
    assert OperationCall("list_calls", params).params is params
    assert isinstance(params, msgspec.Struct)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8765/", ("http://127.0.0.1:8765", False, "127.0.0.1", 8765, "")),
        ("https://[::1]:1", ("https://[::1]:1", True, "::1", 1, "")),
        (
            "http://segment.test/a/b/",
            ("http://segment.test/a/b", False, "segment.test", 80, "/a/b"),
        ),
    ],
)
def test_an_address_is_taken_apart(url: str, address: tuple[object, ...]) -> None:
    """Scheme, host, port and prefix are found; the last slash goes."""
    found = Address.parse(url)
    assert (found.url, found.secure, found.host, found.port, found.prefix) == address


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8765", "localhost", "ftp://x", "http://", "http://h:99999", "http://h:x",
     "http://u:p@h", "http://h/?a=1", "http://h/#a", "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    """The error names the value and shows what an address looks like, or what is wrong."""
    with pytest.raises(ConfigError, match="invalid address"):
        Address.parse(url)
