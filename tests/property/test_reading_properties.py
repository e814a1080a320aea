"""Reading any bytes and any JSON."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from mockseg import json_types
from mockseg.domain.reading import read_batch, read_message

# A double has numbers that Python reads and Go does not: none of them here.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=10,
)
SPACE = st.text(" \t\r\n", max_size=3)
# Near enough to JSON for the syntax to be met now and then.
NEARLY = st.text('{}[]:,"\\ud80bnst0123456789.eE+-arulf \n\ufeff\x00\xff', max_size=60)


@given(st.binary(max_size=200) | NEARLY.map(str.encode))
@example(b'{"batch":[{}],"context":"\xff"}')
@example(b'{"batch":[{}],"sentAt":1e999}')
@example(b'{"batch":[{}],"writeKey":"\\ud800"}')
@example(b'{"batch":[{"a":"\\ud800","b":18446744073709551616}]}')
def test_any_bytes_are_read_or_refused(body):
    """Nothing raises; what is refused says why; what is read can be shown again."""
    for read in (read_message, read_batch):
        reading = read(body)
        if reading.problem is not None:
            assert reading.items == []
            assert json_types.encode(reading.problem)
        for raw, value in reading.items:
            assert json_types.decode(raw) == value
            assert json_types.encode(value)
        assert json_types.encode(reading.key)


@given(st.lists(st.tuples(JSON, SPACE, SPACE), max_size=5), JSON, JSON, st.booleans())
def test_a_batch_is_cut_where_its_messages_are(parts, context, extra, ascii_only):
    """Each slice is exactly what was sent, whatever stands around it."""

    def written(value):
        return json.dumps(value, ensure_ascii=ascii_only)

    texts = [written(value) for value, _, _ in parts]
    batch = ",".join(
        left + text + right for text, (_, left, right) in zip(texts, parts, strict=True)
    )
    body = f'{{"x":{written(extra)},"batch":[{batch}],"context":{written(context)}}}'
    reading = read_batch(body.encode())
    assert reading.problem is None
    assert [bytes(raw).decode() for raw, _ in reading.items] == texts
    assert [value for _, value in reading.items] == [value for value, _, _ in parts]


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_a_message_is_read_as_python_reads_it(message):
    """Any object comes back as it is."""
    (item,) = read_message(json.dumps(message).encode()).items
    assert item[1] == message


@given(
    st.dictionaries(
        st.text(st.characters(), max_size=3), st.text(st.characters(), max_size=5), max_size=3
    )
)
def test_lone_surrogates_are_replaced_and_nothing_else(message):
    """Escaped surrogates of any kind give text that can be encoded."""
    (item,) = read_message(json.dumps(message).encode()).items
    expected = {_replaced(key): _replaced(value) for key, value in message.items()}
    assert item[1] == expected


def _replaced(text):
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
