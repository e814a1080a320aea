"""Segment's SDK by the script tag: its parts, and destinations in device mode."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mockseg import MockSegment, track
from mockseg.fql.ir import intermediate_form
from mockseg.fql.query import parse

NODE = Path(__file__).resolve().parent / "node"
STANDALONE = NODE / "node_modules/@segment/analytics-next/dist/umd/standalone.js"

Show = Callable[..., dict[str, list[dict[str, Any]]]]


@pytest.fixture
def served(node: Any) -> Iterator[MockSegment]:
    """Run a server that serves the package's own build; the fixture `node` installed it."""
    with MockSegment(analytics_js=str(STANDALONE)) as server:
        yield server


@pytest.fixture
def show(node: Any) -> Show:
    """Give a function that makes calls in a page, and gives what scripts of vendors received."""

    def page(server: MockSegment, write_key: str, *calls: list[Any]) -> Any:
        order = {"url": server.url, "writeKey": write_key, "calls": calls}
        done = subprocess.run(
            [node.node, "page.mjs", json.dumps(order)],
            cwd=NODE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return page


def test_the_umd_build_works_with_the_parts_beside_it(served: MockSegment, show: Show) -> None:
    """A page whose script tag and `_cdn` name mockseg loads every part from there."""
    source = served.source()
    assert show(served, source.write_key, ["track", "Seen"], ["identify", "u1"]) == {}
    call = source.assert_called(track("Seen"))
    assert call.message["context"]["page"]["url"] == "http://shop.test/"
    source.assert_all_good()


def test_the_sdk_applies_the_filters_of_a_destination_in_device_mode(
    served: MockSegment, show: Show
) -> None:
    """What its script receives is filtered, and Segment's server sends it nothing."""
    source = served.source()
    candu = source.destination(
        "candu",
        connection_mode="device",
        filters=[
            {
                "if": 'type = "track" and match(event, "Debug*")',
                "actions": [{"type": "DROP"}],
            },
            {
                "if": "properties.total > 100",
                "actions": [{"type": "DROP_PROPERTIES", "fields": {"properties": ["card"]}}],
            },
        ],
    )
    received = show(
        served,
        source.write_key,
        ["track", "Debug Shown"],
        ["track", "Paid", {"total": 5, "card": "1"}],
        ["track", "Paid", {"total": 500, "card": "2"}],
    )
    assert [(each["event"], each["properties"]) for each in received["Candu"]] == [
        ("Paid", {"total": 5, "card": "1"}),
        ("Paid", {"total": 500}),
    ]
    source.assert_called(track("Debug Shown"))
    source.assert_filtered(track("Paid"), reason="MESSAGE_SENT_CLIENT_SIDE", to=candu, times=2)


def test_the_sdk_keeps_events_from_destinations_as_the_plan_says(
    served: MockSegment, show: Show
) -> None:
    """A disabled event reaches Segment alone; a rule's ``integrations`` name the others."""
    rules = [
        {"type": "TRACK", "key": "Paid", "jsonSchema": {}},
        {"type": "TRACK", "key": "Refunded", "jsonSchema": {}, "integrations": {"Candu": False}},
    ]
    source = served.source(
        plan={"name": "shop", "rules": rules}, protocols={"disabledEvents": ["Mouse Moved"]}
    )
    source.destination("candu", connection_mode="device")
    names = ["Mouse Moved", "Refunded", "Paid"]
    received = show(served, source.write_key, *(["track", name] for name in names))
    assert [each["event"] for each in received["Candu"]] == ["Paid"]
    [moved] = source.assert_called(track("Mouse Moved", verdict="blocked"), times=1)
    assert moved.message["integrations"] == {"All": False, "Segment.io": True}
    [refunded] = source.assert_called(track("Refunded"), times=1)
    assert refunded.message["integrations"] == {"Candu": False}


FILTERS = [
    'event = "Paid" and type = "track"',
    'event = "Seen" or properties.total > 100',
    "!(properties.list = null)",
    "!properties.vip",
    "properties.vip",
    "properties.total = +5",
    "properties.total > -1",
    "properties.total != '5'",
    "properties.note > 'a'",
    "properties.one = properties.other",
    "properties.none = null",
    "contains(properties.list, 'a')",
    "contains(event, 'ai')",
    "match(event, '[^O]*')",
    "match(event, '[!P]*')",
    "match(event, 'P?i[c-e]')",
    "match(event, 'P*[')",
    "lowercase(event) = 'paid'",
    "length(event) = 4",
    "length(properties.list) >= 2",
    "typeof(event) = 'string'",
    "event in ['Seen', 'Paid']",
    "'track' in [event, type]",
    "all",
]
MESSAGES: list[dict[str, Any]] = [
    {"type": "track", "event": "Paid", "properties": {"total": 5, "vip": True}},
    {"type": "track", "event": "Order", "properties": {"total": 500, "note": "b", "vip": "yes"}},
    {
        "type": "track",
        "event": "Seen",
        "properties": {
            "list": ["a", "b"],
            "one": {"a": 1, "b": 2},
            "other": {"b": 2, "a": 1},
            "none": None,
        },
    },
]


def test_the_engine_of_browsers_matches_what_ours_does(node: Any) -> None:
    """The intermediate form means there what the filter means here, where a field is there."""
    asked = [
        (json.dumps(intermediate_form(text)), message) for text in FILTERS for message in MESSAGES
    ]
    done = subprocess.run(
        [node.node, "matches.mjs"],
        cwd=NODE,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    found = iter(json.loads(done.stdout))
    theirs = {text: [next(found) for _ in MESSAGES] for text in FILTERS}
    ours = {text: [parse(text).matches(message) for message in MESSAGES] for text in FILTERS}
    # The two engines differ by design: a missing field is null on the server alone.
    for text in ("!(properties.list = null)", "properties.none = null"):
        assert theirs.pop(text) != ours.pop(text)
    assert theirs == ours
