"""Waits are grouped: a call is offered to those that may be for it, and looked at once by each."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockseg.clock import breathe
from mockseg.domain.lost import NOTHING_LOST
from mockseg.errors import OperationError
from mockseg.hub.waiters import OfferedCall, Waiters
from mockseg.hub.waits import CallWaiter
from mockseg.matching.match import Match, compile_match, required
from mockseg.operations.calls import Count, WaitCalls

NOTHING = SimpleNamespace(calls_after=lambda *_, **__: [], lost=lambda _: NOTHING_LOST)
"""A journal without calls, and sources that lost none."""


async def waiters_of(matches):
    """Give waits for these matches that have caught up, and a list of what they are offered."""
    group, offered = Waiters(), []

    class Counted(CallWaiter):
        def offer(self, call):
            offered.append(call.call.message_id)
            super().offer(call)

    asked = [WaitCalls(match=match, count=Count(min=10**6), timeout=0) for match in matches]
    for each in asked:
        waiter = Counted(each, journal=NOTHING, sources=NOTHING, turns=group.turns)
        await waiter._catch_up()
        group.add(waiter)
    return group, offered


@pytest.mark.parametrize(
    "match",
    [
        lambda number: Match(message_id=f"m{number}"),
        lambda number: Match(user_id=f"u{number}", event="E"),
        lambda number: Match(anonymous_id=f"a{number}"),
        lambda number: Match(event="E", where=f'properties.plan = "p{number}"'),
        lambda number: Match(
            where=f'(properties.n > 3 or !(type = "x")) and "p{number}" = properties.plan'
        ),
        lambda number: Match(properties={"deep": {"er": f"d{number}"}, "n": number}),
    ],
)
async def test_one_of_800_waits_is_offered_a_call_that_only_it_can_match(machine, match):
    """Whichever key tells them apart: of 800 predicates one or two are evaluated."""
    group, offered = await waiters_of(match(number) for number in range(800))
    call = machine.track(
        messageId="m17",
        userId="u17",
        anonymousId="a17",
        properties={"plan": "p17", "deep": {"er": "d17"}, "n": 17},
    )
    kept = machine.hub.journal.call(call.cursor)
    group.offer("k", [OfferedCall(kept)])
    assert 1 <= len(offered) <= 2
    assert sum(len(waiter._seen) for waiter in group._of("k")[0]) == 1


FILTERS = st.sampled_from(
    [
        None,
        "all",
        'event = "E"',
        'properties.a = "x"',
        '!(properties.a = "x")',
        'properties.a = "x" or userId = "v"',
        'properties.a = "x" and properties.b.c = "y"',
        '"y" = properties.b.c',
        "properties.a = properties.b.c",
    ]
)
MATCHES = st.builds(
    Match,
    source=st.sampled_from([None, "k", "other"]),
    event=st.sampled_from([None, "E", "F"]),
    user_id=st.sampled_from([None, "u", "v"]),
    type=st.sampled_from([None, "track", "page"]),
    where=FILTERS,
    properties=st.sampled_from([None, {}, {"a": "x"}, {"b": {"c": "y"}}, {"a": 1}, {"l": ["x"]}]),
)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(["x", "y", 1, None, {"c": "y"}]),
        "b": st.sampled_from([{"c": "y"}, {"c": "x"}, "y", ["x"]]),
        "l": st.sampled_from([["x"], "x"]),
    },
)
CALLS = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["k", "other"]),
        "event": st.sampled_from(["E", "F"]),
        "userId": st.sampled_from(["u", "v", 7]),
        "properties": PROPERTIES,
    }
)


@given(calls=st.lists(CALLS, max_size=6), matches=st.lists(MATCHES, max_size=8))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_groups_leave_out_no_wait_that_matches(make_machine, calls, matches):
    """Whatever is waited for: what a wait counts is what its predicate alone would find."""
    machine = make_machine()
    for call in calls:
        machine.track(**call)
    kept = machine.hub.journal.calls_after(0, limit=100)

    async def body():
        group, _ = await waiters_of(matches)
        for call in kept:
            group.offer(call.source, [OfferedCall(call)])
        for groups in list(group._by_source.values()):
            for waiter in groups:
                matches_alone = compile_match(waiter._asked.match)
                alone = [
                    call.cursor
                    for call in kept
                    if matches_alone(call) and call.verdict == "accepted"
                ]
                assert list(waiter._seen) == alone
                group.remove(waiter)
        assert not group._by_source

    asyncio.run(body())


def test_what_an_or_or_a_list_says_is_not_required():
    """Only texts that every match has tell waits apart."""
    assert required(Match(where='a = "x" or b = "y"')) == []
    assert required(Match(where='!(a = "x")')) == []
    assert required(Match(where='a != "x"')) == []
    assert required(Match(where="a = 1 and b = true")) == []
    assert required(Match(properties={"l": ["x"], "n": 1})) == []
    assert required(Match(where='a.b = "x"')) == [(("a", "b"), "x")]


@pytest.mark.parametrize("hold_seconds", [-1.0, 60.0])
def test_a_wait_answers_alike_inside_and_outside_of_the_request(machine, run, hold_seconds):
    """A batch that would hold the loop too long is read from the journal afterwards."""
    machine.hub.waiters = Waiters(hold_seconds=hold_seconds)
    message = {"type": "track", "userId": "u", "event": "E"}
    match = {"source": "k", "event": "E"}

    async def outcome(**asked):
        waiting = asyncio.ensure_future(machine.perform("wait_calls", match=match, **asked))
        await breathe()
        machine.batch(*[message] * 3)
        await breathe()
        machine.batch(*[message] * 2, *[message | {"event": "F"}] * 100)
        try:
            waited = await waiting
        except OperationError as error:
            return error.code
        finally:
            machine.hub.clear("k")
        return len(waited.calls), waited.next

    found = [
        run(outcome(count={"min": 4}, timeout=5)),
        run(outcome(count={"exactly": 5}, quiet=0.5, timeout=5)),
        run(outcome(count={"exactly": 2}, quiet=0.5, timeout=5)),
        run(outcome(count={"min": 9}, timeout=1)),
    ]
    assert found == [(5, 5), (5, 110), "too_many", "timeout"]


def test_a_wait_that_reads_afterwards_is_not_offered_meanwhile(machine, run):
    """What is recorded before it has caught up counts once."""
    machine.hub.waiters = Waiters(hold_seconds=-1.0)
    message = {"type": "track", "userId": "u", "event": "E"}

    async def body():
        match = {"source": "k"}
        waiting = asyncio.ensure_future(
            machine.perform("wait_calls", match=match, count={"exactly": 11}, quiet=1, timeout=5)
        )
        await breathe()
        machine.batch(*[message] * 5)
        machine.batch(*[message] * 5)
        machine.track()
        return [call.cursor for call in (await waiting).calls]

    assert run(body()) == list(range(1, 12))
