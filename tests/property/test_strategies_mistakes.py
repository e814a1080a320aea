"""Which mistakes the invalid messages have, and which names the edge messages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings

from mockseg import strategies as seg
from mockseg.errors import PlanError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

GUIDE = "guide started (userguiding)"
ANSWER = "survey question answer (userguiding)"


def _drawn(strategy: SearchStrategy[Any], count: int) -> list[Any]:
    found: list[Any] = []

    @settings(
        max_examples=count, database=None, deadline=None, derandomize=True, phases=[Phase.generate]
    )
    @given(strategy)
    def run(value: Any) -> None:
        found.append(value)

    run()
    return found


@pytest.mark.parametrize("plan", ["userguiding", "ecommerce"])
@pytest.mark.parametrize("discards", [True, False])
def test_renamed_and_extra_are_at_most_a_quarter(plan: str, discards: bool) -> None:  # noqa: FBT001  (a parameter of the test)
    """Whether the Spec is broken, too, or only the plan."""
    kinds = Counter(
        each.label.mistake for each in _drawn(seg.invalid_events(plan, discards=discards), 200)
    )
    assert 0 < kinds["extra"] + kinds["name"] <= 50


def test_only_the_kinds_that_are_asked_for_are_drawn() -> None:
    """Each of them is, in one event, in a plan and in messages of the Spec."""
    for strategy, kinds in (
        (seg.invalid_event(ANSWER, kinds=["conditional", "enum"]), {"conditional", "enum"}),
        (seg.invalid_events("userguiding", kinds=["extra", "size"]), {"extra", "size"}),
        (seg.invalid_messages(["track"], kinds=["ids", "name"]), {"ids", "name"}),
    ):
        assert {each.label.mistake for each in _drawn(strategy, 60)} == kinds


def test_kinds_that_cannot_be_are_named() -> None:
    """An unknown kind with what is near, one that this event cannot have with those it can."""
    unknown: Any = ["enums"]
    with pytest.raises(PlanError, match='"enums"; did you mean "enum"'):
        seg.invalid_event(GUIDE, kinds=unknown)
    with pytest.raises(PlanError, match="kind enum is possible here; possible kinds: missing"):
        seg.invalid_event(GUIDE, kinds=["enum"])
    with pytest.raises(PlanError, match="kind extra is possible here"):
        seg.invalid_messages(kinds=["extra"])
    text: Any = "enum"
    with pytest.raises(PlanError, match='must be a list of kinds, got "enum"'):
        seg.invalid_events("userguiding", kinds=text)


LISTS: dict[str, Any] = {
    "name": "lists",
    "rules": [
        {
            "type": "TRACK",
            "key": "Tagged",
            "jsonSchema": {
                "type": "object",
                "properties": {
                    "properties": {
                        "type": "object",
                        "properties": {
                            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
                            "owner": {
                                "type": "object",
                                "properties": {"name": {"type": "string"}},
                                "required": ["name"],
                            },
                        },
                    }
                },
            },
        }
    ],
}


@pytest.mark.parametrize(
    ("kind", "code", "field"),
    [
        ("limit", "max_items", "properties.tags"),
        ("missing", "required", "properties.owner.name"),
    ],
)
def test_a_mistake_brings_what_it_is_made_of(kind: Any, code: str, field: str) -> None:
    """A list with too many items needs a list, though the plan does without: none is rejected."""
    strategy = seg.invalid_event("Tagged", plan=LISTS, kinds=[kind], discards=False)
    labels = [each.label for each in _drawn(strategy, 40)]
    assert len(labels) >= 40
    assert {(each.mistake, each.code, each.field) for each in labels} == {(kind, code, field)}


# Hypothesis notes at the error from which strategy it comes, and warns that it has many fields.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_a_mistake_that_the_schema_allows_elsewhere_is_an_error() -> None:
    """Rather than examples that are rejected for ever."""
    schema = {"properties": {"properties": {"anyOf": [{"properties": {"a": {"maximum": 5}}}, {}]}}}
    plan = {"name": "open", "rules": [{"type": "TRACK", "key": "A", "jsonSchema": schema}]}
    strategy = seg.invalid_event("A", plan=plan, kinds=["limit"], discards=False)
    with pytest.raises(PlanError, match="no message of A is wrong by a mistake of kind limit"):
        _drawn(strategy, 1)


def test_edge_events_have_the_name_and_the_keys_of_their_document() -> None:
    """Other spellings only where they are asked for, and never a name that no document has."""
    messages = _drawn(seg.edge_event(GUIDE), 60)
    assert {message["event"] for message in messages} == {GUIDE}
    keys = {key for message in messages for key in message["properties"]}
    assert not keys & {"guide_id", "guide_name", "page_url"}
    lenient = _drawn(seg.edge_event(GUIDE, strictness="lenient"), 120)
    assert {message["event"] for message in lenient} == {GUIDE, "guide started"}
