"""Whatever is given, a refusal is one printable line, and nothing else is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.conversion import convert
from mockseg.errors import OperationError
from mockseg.operations.calls import WaitCalls
from mockseg.operations.destinations import AddDestination
from mockseg.operations.faults import AddFault
from mockseg.operations.sources import CreateSource
from mockseg.suggestions import nearest, quoted, unknown

if TYPE_CHECKING:
    import msgspec

NAMES = [
    *("source", "match", "effect", "times", "type", "settings", "filters", "setup", "plan"),
    *("catalogue", "protocols", "count", "min", "timeout", "until", "probability", "status"),
]
TEXTS = st.text(st.characters(), max_size=30) | st.sampled_from(NAMES)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(VALUES, st.lists(TEXTS, max_size=60), st.sampled_from(["", "mockseg --help"]))
def test_the_phrase_is_one_line_that_a_terminal_can_show(
    value: Any, names: list[str], see: str
) -> None:
    """Of any value and any names."""
    said = unknown("thing", value, names, see=see)
    assert said.startswith(f"unknown thing {quoted(value)}")
    assert said.endswith(".")
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(quoted(value)) < 1000


@given(TEXTS, st.lists(TEXTS, max_size=20))
def test_the_nearest_is_one_of_the_names(name: str, names: list[str]) -> None:
    """And never the name itself, which is not unknown."""
    near = nearest(name, tuple(names))
    assert near is None or (near in names and near != name)


@pytest.mark.parametrize("record", [AddDestination, AddFault, CreateSource, WaitCalls])
@given(value=VALUES | st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_parameters_are_taken_or_refused(record: type[msgspec.Struct], value: Any) -> None:
    """Nothing but a refusal is raised, and it names a parameter."""
    refusal = None
    try:
        assert isinstance(convert(value, record, where="the body"), record)
    except OperationError as error:
        refusal = error
    if refusal is not None:
        assert refusal.status == 422
        assert isinstance(refusal.details["parameter"], str)
        assert "\n" not in refusal.message
