"""Effects, scenarios, routes, merge patches and fates, as values."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from mockseg.config import Settings
from mockseg.domain.lost import Lost
from mockseg.faults.effect import Effect, merged
from mockseg.faults.routes import ROUTES, SCRIPT, SETTINGS, TOKEN, route_named
from mockseg.faults.scenarios import SCENARIOS
from mockseg.faults.truth import Attempt, fate_of, status_words, summary_of
from mockseg.hub.hub import Hub
from mockseg.operations.faults import AddFault
from mockseg.web.routes import TRACKING


def test_every_tracking_route_can_be_named():
    """The routes of faults are those of the data plane, and three that bring no calls."""
    assert set(ROUTES) == {*TRACKING, SETTINGS, SCRIPT, TOKEN}
    for path, route in TRACKING.items():
        assert (ROUTES[path].carries == "messages") == (route.carries != "nothing")
        assert ROUTES[path].type == route.type


@pytest.mark.parametrize(
    ("name", "path"),
    [("/V1/Track/", "/v1/track"), ("/", "/"), ("settings", SETTINGS), (SETTINGS, SETTINGS)],
)
def test_routes_are_found_by_path_and_by_name(name, path):
    """In any case, with a slash at the end or not."""
    found = route_named(name)
    assert found is not None
    assert found.path == path


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_put_in_force_and_ends_by_itself(name):
    """Its rules are good ones, each with a number of times."""

    async def added():
        hub = Hub(Settings(seed=1))
        return await hub.perform("add_fault", AddFault(scenario=name))

    view = asyncio.run(added())
    assert view.scenario == name
    assert all(rule.times for rule in view.rules)


@pytest.mark.parametrize(
    ("value", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [1]}, {"a": "c"}, {"a": "c"}),
        (["a"], {"a": 1}, {"a": 1}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ],
)
def test_merge_patches_are_those_of_rfc_7386(value, patch, result):
    """Objects merge, null takes away, all else replaces."""
    assert merged(value, patch) == result


@pytest.mark.parametrize(
    ("effect", "stores", "words"),
    [
        ({"status": 503}, False, "status 503"),
        ({"status": 503, "store": True}, True, "status 503, stored"),
        ({"status": 201}, True, "status 201"),
        ({"delay": 2}, True, "delay 2 s"),
        ({"delay": {"uniform": [1, 2]}}, True, "delay 1 to 2 s"),
        ({"hang": True}, False, "hang"),
        ({"reset": "before"}, False, "reset before storing"),
        ({"reset": "after"}, True, "reset after storing"),
        ({"close": "body"}, True, "close in the body"),
        ({"body": "garbage"}, True, "body garbage"),
    ],
)
def test_an_effect_says_what_it_does(effect, stores, words):
    """In a line, and whether calls are stored."""
    made = msgspec.convert(effect, Effect)
    assert (made.stores, made.words) == (stores, words)


def attempts(*ends):
    """Make attempts from (request, end) pairs."""
    return [Attempt(request, request, 200, end) for request, end in ends]


@pytest.mark.parametrize(
    ("story", "fate"),
    [
        ([(1, "accepted")], "delivered once"),
        ([(1, "unstored"), (2, "accepted")], "delivered once"),
        ([(1, "accepted"), (1, "duplicate")], "delivered once"),
        ([(1, "accepted"), (2, "duplicate")], "delivered twice"),
        ([(1, "accepted"), (2, "accepted")], "delivered twice"),
        ([(1, "accepted"), (2, "unstored")], "delivered once"),
        ([(1, "dropped")], "dropped"),
        ([(1, "unstored"), (2, "dropped")], "dropped"),
        ([(1, "duplicate")], "dropped"),
        ([(1, "unstored"), (2, "unstored")], "lost"),
        ([(1, "unstored")], "never retried"),
    ],
)
def test_fates(story, fate):
    """What the attempts of a message come to."""
    assert fate_of(attempts(*story)) == fate


def test_a_summary_says_it_as_a_person_would():
    """Counts with separators, ways of loss with their statuses, what nobody knows at the end."""
    fates = {
        "delivered once": [(200,)] * 1997,
        "delivered twice": [(0, 200)] * 2,
        "lost": [(410, 410, 410)],
        "never retried": [(0,), (400,), (400,)],
    }
    assert summary_of(fates, nameless=1, lost=Lost(calls=2, cursor=7)) == (
        "2,003 calls: 1,997 delivered once, 2 duplicated by resend,"
        " 1 lost after 3 attempts (410, 410, 410), 2 never retried (400),"
        " 1 never retried (no answer); 1 without a messageId were not stored and cannot be"
        " followed; 2 calls were evicted and cannot be checked"
    )


def test_many_statuses_are_cut_in_the_middle():
    """Six at the beginning, three at the end."""
    assert status_words((503,) * 20) == ", ".join(["503"] * 6 + ["… 11 more …"] + ["503"] * 3)
