"""Mistakes in the configuration of an SDK are told apart by the paths that they make."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockseg.web.routes import what_is_wrong

SETTINGS = "/v1/projects/{writeKey}/settings"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/v1/v1/t", '/v1 is doubled; did you mean "/v1/t"?'),
        ("/V1/v1/V1/Track/", '/v1 is doubled; did you mean "/V1/Track/"?'),
        ("//v1/batch", 'a double slash, as from a host that ends in /; did you mean "/v1/batch"?'),
        ("/v1//track", 'a double slash, as from a host that ends in /; did you mean "/v1/track"?'),
        ("/v1/track//", 'more than one / at the end; did you mean "/v1/track/"?'),
        ("/track", '/v1 is missing; did you mean "/v1/track"?'),
        ("/b", '/v1 is missing; did you mean "/v1/b"?'),
        ("/v2/track", '/v2 instead of /v1; did you mean "/v1/track"?'),
        ("/api/batch", '/api instead of /v1; did you mean "/v1/batch"?'),
        ("/api/v1/t", 'unexpected prefix /api; did you mean "/v1/t"?'),
        ("/_mockseg/v1/track", 'unexpected prefix /_mockseg; did you mean "/v1/track"?'),
        ("/v1/track.json", 'unexpected suffix .json; did you mean "/v1/track"?'),
        ("/v1/track/u1", 'unexpected suffix /u1; did you mean "/v1/track"?'),
        ("/v1/track%20", 'a blank or a quote at the end; did you mean "/v1/track"?'),
        ("/v1/batch%22", 'a blank or a quote at the end; did you mean "/v1/batch"?'),
        ("/v1%2Ftrack", 'percent-encoded slashes; did you mean "/v1/track"?'),
        ("/http://localhost:1/v1/b", 'a whole URL in the path; did you mean "/v1/b"?'),
        (
            "//v1/v1/t",
            (
                "a double slash, as from a host that ends in /, and /v1 is doubled;"
                ' did you mean "/v1/t"?'
            ),
        ),
        ("/v1/tracks", 'this path does not exist; did you mean "/v1/track"?'),
        ("/v1/nope", "this path does not exist"),
        ("/v1/v1/projects/k/settings", f'/v1 is doubled; did you mean "{SETTINGS}"?'),
        (
            "/v1/projects/k",
            f"/settings is missing after the write key: settings are at {SETTINGS}",
        ),
        ("/v1/projects//settings", f"the write key is missing: settings are at {SETTINGS}"),
        (
            "/analytics.js/v1/k/other.js",
            "the script is at /analytics.js/v1/{writeKey}/analytics.min.js",
        ),
        (
            "/v1/calls",
            'the control API is below /_mockseg/v1; did you mean "/_mockseg/v1/calls"?',
        ),
    ],
)
def test_a_wrong_path_says_which_part_is_wrong(path: str, sentence: str) -> None:
    """With the path that was meant, where one can be told."""
    assert what_is_wrong(path) == sentence


@given(
    st.lists(
        st.sampled_from(["v1", "V1", "track", "t", "projects", "k", "%2f", "http:", "", ".", " "])
        | st.text(max_size=5),
        max_size=8,
    )
)
@example([""] * 5000)
@example(["v1"] * 5000)
@example(["http:", ""] * 5000)
def test_any_path_gets_one_sentence(parts: list[str]) -> None:
    """Of bounded length, and never an exception."""
    sentence = what_is_wrong("/" + "/".join(parts))
    assert 0 < len(sentence) < 700
    assert not sentence.endswith(".")
