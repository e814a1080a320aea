"""The intermediate form of a filter, which browsers evaluate."""

from __future__ import annotations

import pytest

from mockseg.errors import FqlError
from mockseg.fql.ir import intermediate_form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (
            'event = "X" and type = "track"',
            ["and", ["=", "event", {"value": "X"}], ["=", "type", {"value": "track"}]],
        ),
        ("a or b or !c", ["or", "a", "b", ["!", "c"]]),
        ("properties.total >= -3.2", [">=", "properties.total", {"value": -3.2}]),
        ("z != null", ["!=", "z", {"value": None}]),
        ("event in ['a', type]", ["in", "event", {"value": [{"value": "a"}, "type"]}]),
        ("x = [1]", ["=", "x", {"value": [{"value": 1}]}]),
        ("contains(event, 'x')", ["contains", "event", {"value": "x"}]),
        ("match(lowercase(event), 'a*')", ["match", ["lowercase", "event"], {"value": "a*"}]),
        ("length(userId) = 2", ["=", ["length", "userId"], {"value": 2}]),
        ("typeof(x) = 'string'", ["=", ["typeof", "x"], {"value": "string"}]),
        (r"context.\$set.product\ 1", "context.$set.product 1"),
        ("all", {"value": True}),
        (r"\all", "all"),
    ],
)  # fmt: skip
def test_a_filter_has_the_form_that_tsub_reads(text, form):
    """A path is a text, a literal an object, an operation a list."""
    assert intermediate_form(text) == form


def test_an_invalid_filter_has_no_form():
    """The error is that of the parser."""
    with pytest.raises(FqlError, match="Keywords are lower-case"):
        intermediate_form("a = 1 AND b = 2")
