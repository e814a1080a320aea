"""Reading bodies: slices as they were sent, and what Go's decoder would accept."""

from __future__ import annotations

import pytest

from mockseg.domain.limits import MAX_JSON_DEPTH
from mockseg.domain.reading import read_batch, read_message, write_key


def nested(levels):
    """Give JSON of so many objects inside each other."""
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def test_a_message_is_its_own_slice():
    """The bytes of a single message are kept untouched."""
    body = b' { "userId" : "u1", "n": 1.50, "writeKey": "k" } '
    reading = read_message(body)
    assert [bytes(raw) for raw, _ in reading.items] == [body]
    assert reading.items[0][1] == {"userId": "u1", "n": 1.5, "writeKey": "k"}
    assert (reading.key, reading.problem) == ("k", None)


def test_a_batchs_messages_are_slices_of_its_body():
    """Each message keeps its bytes: white space, order and spelling of numbers."""
    parts = [b'{ "b":1.50,"a":2e3}', b"{}", b"null", b"[1, 2]", b'"x"']
    reading = read_batch(b'{"writeKey":"k","batch":[ ' + b" , ".join(parts) + b" ]}")
    assert [bytes(raw) for raw, _ in reading.items] == parts
    assert [value for _, value in reading.items] == [{"b": 1.5, "a": 2000.0}, {}, None, [1, 2], "x"]
    assert reading.key == "k"


@pytest.mark.parametrize("body", [b"{}", b'{"batch":null}', b'{"batch":[]}', b'{"other":[1]}'])
def test_a_batch_without_messages_is_read(body):
    """An empty, a null and a missing batch hold nothing and are no fault of the JSON."""
    reading = read_batch(body)
    assert (reading.items, reading.problem) == ([], None)


@pytest.mark.parametrize("batch", [b"{}", b'"x"', b"5", b"true"])
def test_a_batch_that_is_no_array_is_named(batch):
    """The problem stands at `batch`, and the source is known all the same."""
    reading = read_batch(b'{"writeKey":"k","batch":' + batch + b"}")
    assert reading.problem is not None
    assert (reading.key, reading.problem.field, reading.items) == ("k", "batch", [])


@pytest.mark.parametrize("read", [read_message, read_batch])
@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"5", b"true", b'[{"batch":[]}]'])
def test_a_body_is_an_object(read, body):
    """Other JSON is refused as what it is."""
    reading = read(body)
    assert reading.problem is not None
    assert reading.problem.description == "the body is not a JSON object"


@pytest.mark.parametrize("wrap", [b"%b", b'{"batch":[%b]}', b'{"batch":[],"context":%b}'])
@pytest.mark.parametrize(
    "value",
    [
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":01}',
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":"\n"}',
        b'{"a":"\\x"}',
        b'{"a"',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
    ],
)
def test_what_go_refuses_is_malformed(wrap, value):
    """NaN, numbers beyond a double, a BOM, other encodings and broken syntax are refused."""
    body = wrap % value
    reading = read_batch(body) if b"batch" in wrap else read_message(body)
    assert reading.problem is not None
    assert (reading.problem.code, reading.items) == ("bad_request", [])
    assert reading.problem.description.startswith("malformed JSON: ")
    assert len(reading.problem.description) < 300


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b'"\\ud800"', "\ufffd"),
        (b'"a\\udc00b"', "a\ufffdb"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\xff"', "\ufffd"),
        (b'"\xed\xa0\x80"', "\ufffd" * 3),
        (b'"\\u0000"', "\0"),
    ],
)
def test_broken_text_becomes_a_replacement_character(sent, expected):
    """Lone surrogates and broken UTF-8 are read as Go reads them."""
    message = read_message(b'{"event":' + sent + b"}")
    batch = read_batch(b'{"batch":[{"event":' + sent + b"}]}")
    assert [value for _, value in message.items] == [{"event": expected}]
    assert [value for _, value in batch.items] == [{"event": expected}]


@pytest.mark.parametrize("field", [b"writeKey", b"sentAt", b"context", b"integrations"])
def test_broken_text_at_the_batchs_own_level_is_read_too(field):
    """What the batch says for all may be broken like everything else."""
    reading = read_batch(b'{"batch":[{}],"' + field + b'":{"a":"\xff\\ud800"}}')
    assert reading.problem is None
    assert len(reading.items) == 1


def test_a_broken_write_key_is_still_a_key():
    """A key with broken UTF-8 names a source that can be shown."""
    assert read_batch(b'{"batch":[{}],"writeKey":"k\xff"}').key == "k\ufffd"


def test_the_last_of_equal_keys_wins():
    """As in Go and in every browser."""
    reading = read_message(b'{"event":"first","event":"last"}')
    assert reading.items[0][1] == {"event": "last"}


def test_numbers_beyond_64_bits_are_kept():
    """A whole number that a double can hold is no fault."""
    reading = read_message(b'{"n":123456789012345678901234567890}')
    assert reading.items[0][1] == {"n": 123456789012345678901234567890}


def test_nesting_up_to_the_limit_is_read():
    """256 levels are fine, in a message, in a batch and in what a batch shares."""
    deep = nested(MAX_JSON_DEPTH)
    assert read_message(deep).problem is None
    assert read_batch(b'{"batch":[' + deep + b"]}").problem is None
    assert read_batch(b'{"batch":[{}],"context":' + deep + b"}").problem is None


@pytest.mark.parametrize("levels", [MAX_JSON_DEPTH + 1, 2000, 50_000])
@pytest.mark.parametrize(
    "wrap",
    [
        b"%b",
        b'{"batch":[%b]}',
        b'{"batch":[{}],"context":%b}',
        b'{"batch":[{}],"integrations":%b}',
        b'{"batch":[{}],"context":{"s":"\\ud800","x":%b}}',
    ],
)
def test_deeper_nesting_is_malformed(levels, wrap):
    """Beyond the limit a body is refused, never followed."""
    body = wrap % nested(levels)
    reading = read_batch(body) if b"batch" in wrap else read_message(body)
    assert reading.problem is not None
    assert "deep" in reading.problem.description
    assert reading.items == []


def test_many_brackets_side_by_side_are_not_deep():
    """Only depth is limited, not width."""
    assert read_message(b'{"a":[' + b"{}," * 1000 + b"{}]}").problem is None


def test_many_brackets_side_by_side_in_a_batch_are_not_deep():
    """Neither in one message nor in all together, nor in what they share."""
    wide = b'{"a":[' + b"{}," * 1000 + b"{}]}"
    for body in (
        b'{"batch":[%b]}' % wide,
        b'{"batch":[%b]}' % b",".join([b'{"a":[[],[],[]]}'] * 200),
        b'{"batch":[{}],"context":%b}' % wide,
    ):
        reading = read_batch(body)
        assert reading.problem is None
        assert reading.items


def test_what_a_batch_shares_is_an_object():
    """A context that is no object, or an empty one, is nothing to merge."""
    reading = read_batch(b'{"batch":[{}],"context":[],"integrations":{},"sentAt":5}')
    assert reading.shared is None


def test_what_a_batch_shares_is_kept_as_sent():
    """Context, integrations and sentAt stand beside the messages."""
    shared = read_batch(
        b'{"batch":[{}],"context":{ "a":1},"integrations":{"All":true},"sentAt":"t"}'
    )
    assert shared.shared is not None
    assert shared.shared.context == b'{ "a":1}'
    assert shared.shared.integrations == b'{"All":true}'
    assert shared.shared.sent_at == "t"


def test_the_messages_may_carry_the_key():
    """The first key among the messages is the batch's; other values are none."""
    reading = read_batch(b'{"batch":[5,{"writeKey":7},{"writeKey":"k1"},{"writeKey":"k2"}]}')
    assert write_key(reading, header_key="") == "k1"
    assert write_key(reading, header_key="header") == "header"
    assert write_key(read_batch(b'{"batch":[]}'), header_key="") == ""


@pytest.mark.parametrize("place", [0, 7, 8, 19])
def test_no_message_of_a_batch_is_longer_than_the_longest(place):
    """Whoever looks for messages that are too long need not look where there can be none."""
    messages = [b"{}"] * 20
    messages[place] = b'{"a":"' + b"x" * 5000 + b'"}'
    body = b'{"batch":[' + b",".join(messages) + b"]}"
    assert len(messages[place]) <= read_batch(body).longest < len(messages[place]) + 20
