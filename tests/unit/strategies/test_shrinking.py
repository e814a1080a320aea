"""Ten bugs in small consumers: what is reported is the smallest message that shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import find, settings

from mockseg import strategies as seg

if TYPE_CHECKING:
    from collections.abc import Callable

GUIDE = "guide started (userguiding)"
ANSWER = "survey question answer (userguiding)"
SETTINGS = settings(max_examples=2000, database=None, deadline=None, derandomize=True)


def _guide(**properties: Any) -> dict[str, Any]:
    body = {"guideId": "", "guideName": "", "pageUrl": "", **properties}
    return {"type": "track", "event": GUIDE, "userId": "0", "properties": body}


def _answer(question: str, **properties: Any) -> dict[str, Any]:
    names = {"surveyId": "", "surveyName": "", "questionId": "", "questionType": question}
    body = {**names, "surveyQuestion": "", **properties, "pageUrl": ""}
    return {"type": "track", "event": ANSWER, "userId": "0", "properties": body}


BUGS: dict[str, tuple[Any, Callable[[Any], bool], Any]] = {
    "any message at all": (seg.event(GUIDE), lambda _: True, _guide()),
    "no userId": (
        seg.event(GUIDE),
        lambda m: "userId" not in m,
        {
            "type": "track",
            "event": GUIDE,
            "anonymousId": "0",
            "properties": {"guideId": "", "guideName": "", "pageUrl": ""},
        },
    ),
    "a name that is not empty": (
        seg.event(GUIDE),
        lambda m: m["properties"]["guideName"] != "",
        _guide(guideName="0"),
    ),
    "a timestamp that does not end in Z": (
        seg.event(GUIDE),
        lambda m: "timestamp" in m and not m["timestamp"].endswith("Z"),
        {**_guide(), "timestamp": "2000-01-01T00:00:00+00:00"},
    ),
    "a context": (
        seg.event(GUIDE),
        lambda m: "context" in m,
        {**_guide(), "context": {"integration": {"name": "UserGuiding", "version": "1.0.0"}}},
    ),
    "a negative score": (
        seg.event(ANSWER),
        lambda m: m["properties"].get("score", 0) < 0,
        _answer("Star Rating", score=-1),
    ),
    "a comma in choices": (
        seg.event(ANSWER),
        lambda m: "," in m["properties"].get("choices", ""),
        _answer("Multiple Choice", choices=","),
    ),
    "a thumb": (
        seg.event(ANSWER),
        lambda m: m["properties"]["questionType"] == "Thumbs Up/Down",
        _answer("Thumbs Up/Down", emojiScore="Positive"),
    ),
    "an order without products": (
        seg.event("Order Completed", plan="ecommerce"),
        lambda m: m.get("properties", {}).get("products") == [],
        {
            "type": "track",
            "event": "Order Completed",
            "userId": "0",
            "properties": {"products": []},
        },
    ),
    "another event": (
        seg.events("userguiding"),
        lambda m: m["event"] == "survey shown (userguiding)",
        {
            "type": "track",
            "event": "survey shown (userguiding)",
            "userId": "0",
            "properties": {"surveyId": "", "surveyName": "", "pageUrl": ""},
        },
    ),
}


@pytest.mark.parametrize("bug", BUGS)
def test_the_reported_example_is_the_smallest(bug: str) -> None:
    """Nothing is in it that the bug does not need, and what is needed is simplest."""
    strategy, shows, smallest = BUGS[bug]
    assert find(strategy, shows, settings=SETTINGS) == smallest
