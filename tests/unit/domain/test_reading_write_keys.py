"""A request that is refused still belongs to the source that its write key names."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.domain.reading import key_in_path, key_in_text, key_of_refused


@pytest.mark.parametrize(
    ("given_", "key"),
    [
        ({"body": b'{"writeKey":"k"}'}, "k"),
        ({"body": b'{"batch":[{"a":1},{"writeKey":"k"}]}'}, "k"),
        ({"body": b'[{"writeKey":"k"}]'}, "k"),
        ({"body": b'{"writeKey":"k","event":"cut o'}, "k"),
        ({"body": b'{"event":"E","write_key" : "k"}'}, "k"),
        ({"body": b'{"writeKey":"\\u006b"}'}, "k"),
        ({"body": b"event=E&writeKey=k"}, "k"),
        ({"query": "a=1&writeKey=k"}, "k"),
        ({"query": "writekey=%6b"}, "k"),
        ({"path": "/v2/projects/k/settings"}, "k"),
        ({"path": "/analytics.js/v1/k/analytics.js"}, "k"),
        ({"header_key": "k"}, "k"),
        # As where nothing is wrong: the body goes before the header, the header before an item.
        ({"header_key": "h", "body": b'{"writeKey":"k"}'}, "k"),
        ({"header_key": "h", "body": b'{"batch":[{"writeKey":"i"}]}'}, "h"),
        ({"header_key": "h", "query": "writeKey=q", "path": "/projects/p"}, "h"),
        ({"query": "writeKey=q", "path": "/projects/p"}, "q"),
        ({"path": "/v1/projects/k"}, "k"),
        ({"path": "/analytics.js/v1"}, ""),
        ({"path": "/analytics.js/v2/k"}, ""),
        ({"path": "/projects/settings"}, ""),
        ({"path": "/projects/settings/x"}, "settings"),
        # What cannot be read is passed over.
        ({"body": b'{"writeKey":"\\x","writeKey":"","write_key":"k","event":"cut o'}, "k"),
        ({"body": b'{"writeKey":1}'}, ""),
        ({"body": b'{"writeKey":""}', "path": "/v1/projects/settings"}, ""),
        ({"body": b"\xff\xfe=", "path": "/projects"}, ""),
        ({}, ""),
    ],
)
def test_the_key_is_found_wherever_it_stands(given_: dict[str, object], key: str) -> None:
    """In the body, an item, the header, the query, the path, or a text that cannot be read."""
    asked = {"header_key": "", "path": "/x", "query": "", "body": b"", **given_}
    assert key_of_refused(**asked) == key  # type: ignore[arg-type]  # made of one dict


@given(st.text(min_size=1).filter(lambda key: key.lower() != "settings"))
def test_the_key_of_a_path_is_decoded(key: str) -> None:
    """Whatever a write key is made of."""
    try:
        sent = quote(key, safe="")
    except UnicodeEncodeError:
        return
    assert key_in_path(f"/v1/projects/{sent}/settings") == key


@given(st.binary(max_size=200), st.sampled_from([b'"writeKey":"', b'"write_key"', b"writeKey="]))
def test_any_bytes_are_searched(noise: bytes, part: bytes) -> None:
    """Text of any kind gives a key or none."""
    assert isinstance(key_in_text(noise + part + noise), str)
