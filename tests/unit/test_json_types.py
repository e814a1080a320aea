"""Equal JSON values have equal canonical bytes."""

from __future__ import annotations

import pytest

from mockseg.json_types import canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (1, 1.0),
        (-0.0, 0),
        ([{"a": [1.0, 2.5]}], [{"a": [1, 2.5]}]),
        ({"a": "x.0", "b": 1.0}, {"a": "x.0", "b": 1}),
        (2.0**52, 2**52),
    ],
)
def test_equal_values_have_equal_bytes(one, other):
    """The order of names does not matter, and 1.0 is 1, as in JSON Schema."""
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (None, False), (1, "1"), ([1, 2], [2, 1]), (1.5, 1), ("1.0", "1")],
)
def test_different_values_have_different_bytes(one, other):
    """Types are told apart, and so is the order of a list."""
    assert canonical(one) != canonical(other)


def test_numbers_are_written_as_short_as_they_are():
    """Only whole floats change."""
    assert canonical({"b": [1.0, 1.05, 1.5], "a": "1.0"}) == b'{"a":"1.0","b":[1,1.05,1.5]}'
