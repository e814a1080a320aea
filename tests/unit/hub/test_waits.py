"""Waiting for calls: every way in which a wait can end, and that no call is missed."""

from __future__ import annotations

import asyncio

import pytest

from mockseg.clock import breathe
from mockseg.errors import OperationError

E = {"source": "k", "event": "E"}


def later(seconds, do, *args, **fields):
    """Let something happen after so many seconds."""
    loop = asyncio.get_running_loop()
    loop.call_later(seconds, lambda: do(*args, **fields))


@pytest.fixture
def wait(machine, run):
    """Give a function that waits: `(outcome, seconds it took)`.

    The outcome is the list of message ids, or the code and the details of the refusal; of the
    explanation there is a file of its own.
    """

    def waited(*plan, **asked):
        async def body():
            loop = asyncio.get_running_loop()
            for seconds, fields in plan:
                later(seconds, machine.track, **fields)
            started = loop.time()
            try:
                whole = {"match": E, "explain": False} | asked
                result = await machine.perform("wait_calls", **whole)
                outcome = [call.message_id for call in result.calls]
            except OperationError as error:
                error.details.pop("verdict", None)
                outcome = (error.code if error.status == 406 else error.status, error.details)
            return outcome, round(loop.time() - started, 6)

        return run(body())

    return waited


def call(seconds, number, **fields):
    """Plan a call with the id m<number> after so many seconds."""
    return seconds, {"messageId": f"m{number}"} | fields


def test_what_is_there_satisfies_at_once(machine, wait):
    """A call that was recorded before the wait counts."""
    machine.track(messageId="m1")
    assert wait() == (["m1"], 0)


def test_a_call_that_comes_wakes_the_wait(wait):
    """It is answered at the moment of its arrival, not at the next look."""
    assert wait(call(0.7, 1), timeout=2) == (["m1"], 0.7)


def test_time_runs_out(wait):
    """Without the calls a wait ends after its timeout, and says how many it saw."""
    assert wait(timeout=2) == (("timeout", {"seen": 0}), 2)
    assert wait(call(0.5, 1), timeout=1, count={"min": 2}) == (("timeout", {"seen": 1}), 1)


def test_a_timeout_of_nothing_looks_once(machine, wait):
    """A wait of zero seconds is a look at what is there."""
    assert wait(timeout=0) == (("timeout", {"seen": 0}), 0)
    machine.track(messageId="m1")
    assert wait(timeout=0) == (["m1"], 0)


def test_at_least_so_many(wait):
    """min=3 is satisfied by the third."""
    plan = [call(0.1 * number, number) for number in (1, 2, 3, 4)]
    assert wait(*plan, count={"min": 3}) == (["m1", "m2", "m3"], 0.3)


def test_at_most_so_many(wait):
    """max=2 is satisfied by fewer, once it is quiet, and refused at the third."""
    plan = [call(0.1 * number, number) for number in (1, 2)]
    assert wait(*plan, count={"max": 2}, quiet=0.5, timeout=1) == (["m1", "m2"], 0.7)
    (code, details), seconds = wait(call(0.3, 3), count={"max": 2}, quiet=0.5, timeout=1)
    assert (code, details["seen"], seconds) == ("too_many", 3, 0.3)


def test_a_range_is_satisfied_from_its_minimum_on(wait):
    """Min and max together wait for the first, and fail at one more than the last."""
    count = {"min": 2, "max": 3}
    plan = [call(0.1 * number, number) for number in (1, 2, 3, 4)]
    assert wait(*plan[:2], count=count) == (["m1", "m2"], 0.2)
    (code, _), seconds = wait(*plan[2:], count=count, quiet=1, timeout=2)
    assert (code, seconds) == ("too_many", 0.4)


async def test_the_answer_says_which_verdict_was_waited_for(machine):
    """Accepted where nothing is said; any where goodness or `any` is; of a list it is any."""
    machine.track(messageId="m1", userId=...)
    machine.track(messageId="m2")
    waits = {"accepted": {}, "any": {"verdict": "any"}, "dropped": {"verdict": "dropped"}}
    for said, asked in waits.items():
        waited = await machine.perform("wait_calls", match=E | asked)
        assert waited.verdict == said
    assert (await machine.perform("wait_calls", match=E | {"good": False})).verdict == "any"
    with pytest.raises(OperationError, match="0 of 5 matching accepted calls came") as caught:
        await machine.perform("wait_calls", match=E, after=2, count={"min": 5}, timeout=0)
    assert caught.value.details["verdict"] == "accepted"
    assert (await machine.perform("list_calls", source="k")).verdict == "any"
    assert (await machine.perform("list_calls", verdict="dropped")).verdict == "dropped"


def test_calls_of_any_verdict_can_be_waited_for(machine, wait):
    """With verdict=any a dropped call, a duplicate too, is what is meant."""
    machine.track(messageId="m1", userId=...)
    machine.track(messageId="m2")
    machine.track(messageId="m2")
    asked = E | {"verdict": "any"}
    assert wait(match=asked, count={"min": 3}) == (["m1", "m2", "m2"], 0)


def test_others_do_not_count(wait):
    """Other sources, other events and other users are no matches."""
    plan = [
        (0.1, {"source": "other", "messageId": "m1"}),
        call(0.2, 2, event="F"),
        call(0.3, 3, userId="u2"),
        call(0.4, 4),
    ]
    assert wait(*plan, match=E | {"userId": "u1"}) == (["m4"], 0.4)


def test_any_source_may_be_meant(wait):
    """Without a source a wait hears all of them."""
    assert wait((0.1, {"source": "x", "messageId": "m1"}), match={"event": "E"}) == (["m1"], 0.1)


def test_calls_before_the_cursor_do_not_count(machine, wait):
    """`after` leaves out what was there."""
    machine.track(messageId="m1")
    assert wait(call(0.2, 2), after=1) == (["m2"], 0.2)
    assert wait(after=2, timeout=0.5) == (("timeout", {"seen": 0}), 0.5)


def test_exactly_so_many_after_silence(wait):
    """exactly=2 is satisfied when so much silence followed the second."""
    plan = [call(0.1, 1), call(0.2, 2)]
    assert wait(*plan, count={"exactly": 2}, quiet=0.3, timeout=5) == (["m1", "m2"], 0.5)


def test_one_more_than_exactly_is_too_many(wait):
    """It is told at once, with the call that was too many."""
    plan = [call(0.1, 1), call(0.2, 2), call(0.3, 3)]
    (code, details), seconds = wait(*plan, count={"exactly": 2}, quiet=0.5, timeout=5)
    assert (code, details["seen"], seconds) == ("too_many", 3, 0.3)
    assert details["call"]["messageId"] == "m3"


def test_too_many_may_be_there_already(machine, wait):
    """A wait does not wait for what can no longer come true."""
    machine.track(messageId="m1")
    machine.track(messageId="m2")
    (code, _), seconds = wait(count={"exactly": 1})
    assert (code, seconds) == ("too_many", 0)


def test_exactly_none(wait):
    """exactly=0 with quiet is satisfied by silence from the start of the wait."""
    assert wait(count={"exactly": 0}, quiet=0.3) == ([], 0.3)
    (code, details), seconds = wait(call(0.2, 1), count={"exactly": 0}, quiet=0.3)
    assert (code, details["seen"], seconds) == ("too_many", 1, 0.2)


def test_the_silence_of_old_calls_begins_with_the_wait(machine, wait):
    """What was there before the wait does not shorten the silence."""
    machine.track(messageId="m1")
    assert wait(count={"exactly": 1}, quiet=0.3) == (["m1"], 0.3)


def test_silence_may_be_longer_than_the_timeout(wait):
    """A short timeout does not cut the silence that was asked for."""
    assert wait(count={"exactly": 0}, quiet=2, timeout=0.5) == ([], 2)


def test_at_least_and_then_silence(wait):
    """With quiet, a satisfied wait goes on until no more calls come, and gives them all."""
    plan = [call(0.1, 1), call(0.3, 2), call(0.6, 3)]
    assert wait(*plan, quiet=0.4, timeout=5) == (["m1", "m2", "m3"], 1.0)


def test_calls_that_keep_coming_are_not_quiet(wait):
    """When there is no silence before the time is up, that is said."""
    plan = [call(0.3 * number, number) for number in range(1, 10)]
    assert wait(*plan, quiet=0.5, timeout=1) == (("not_quiet", {"seen": 3}), 1)


def test_others_do_not_break_the_silence(wait):
    """Only matching calls are noise."""
    plan = [call(0.1, 1), call(0.3, 2, event="F"), call(0.4, 3, userId="u2", event="F")]
    assert wait(*plan, quiet=0.5, timeout=5) == (["m1"], 0.6)


def test_a_dropped_match_ends_the_wait_at_once(wait):
    """A call that Segment would not let through is told with its reason."""
    (code, details), seconds = wait(call(0.2, 1, userId=...), timeout=5)
    assert (code, seconds, details["seen"]) == ("dropped", 0.2, 0)
    assert details["call"]["messageId"] == "m1"
    assert [f["code"] for f in details["call"]["findings"]] == ["no_user_anon_id"]


def test_a_dropped_match_may_be_there_already(machine, wait):
    """What came before the wait, after its cursor, ends it too."""
    machine.track(messageId="m1", userId=...)
    (code, _), seconds = wait()
    assert (code, seconds) == ("dropped", 0)
    assert wait(call(0.1, 2), after=1) == (["m2"], 0.1)


def test_a_good_match_outweighs_a_dropped_one(machine, wait):
    """Enough is enough, whatever else came."""
    machine.track(messageId="m1", userId=...)
    machine.track(messageId="m2")
    assert wait() == (["m2"], 0)


def test_a_rejected_match_ends_the_wait(make_machine, run):
    """A call that was answered 4xx ends it like a dropped one."""
    machine = make_machine(edge="debug-api")

    async def body():
        later(0.1, machine.track, properties=5)
        with pytest.raises(OperationError) as caught:
            await machine.perform("wait_calls", match=E, timeout=9)
        return caught.value

    error = run(body())
    assert (error.code, error.details["call"]["verdict"]) == ("dropped", "rejected")


def test_duplicates_do_not_end_a_wait(machine, wait):
    """A retry's second arrival is no reason to give up, and no match."""
    plan = [call(0.1, 1), call(0.2, 1), call(0.3, 1), call(0.4, 2)]
    assert wait(*plan, count={"min": 2}) == (["m1", "m2"], 0.4)


def test_exactly_so_many_ignores_dropped_ones(wait):
    """Exactly counts accepted calls; bad ones are not what is counted."""
    plan = [call(0.1, 1), call(0.2, 2, userId=...)]
    assert wait(*plan, count={"exactly": 1}, quiet=0.3) == (["m1"], 0.4)


@pytest.mark.parametrize("match", [{"verdict": "dropped"}, {"good": False}])
def test_dropped_calls_can_be_waited_for(wait, match):
    """With a verdict, or good=false, what was dropped is what is meant."""
    assert wait(call(0.1, 1), call(0.2, 2, userId=...), match=E | match) == (["m2"], 0.2)


def test_a_filter_narrows_a_wait(wait):
    """`where` and subsets look into the normalised message."""
    plan = [call(0.1, 1, properties={"n": 1}), call(0.2, 2, properties={"n": 2})]
    assert wait(*plan, match=E | {"where": "properties.n = 2"}) == (["m2"], 0.2)
    assert wait(after=1, match=E | {"properties": {"n": 2}}) == (["m2"], 0)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"count": {}}, "invalid_parameter"),
        ({"count": {"min": 1, "exactly": 1}}, "invalid_parameter"),
        ({"count": {"min": 3, "max": 2}}, "invalid_parameter"),
        ({"count": {"min": 0}}, "invalid_parameter"),
        ({"match": {"where": "event ="}}, "invalid_filter"),
    ],
)
async def test_a_wait_that_makes_no_sense_is_refused(machine, asked, code):
    """422 with what is allowed, at once."""
    with pytest.raises(OperationError) as caught:
        await machine.perform("wait_calls", **asked)
    assert (caught.value.status, caught.value.code) == (422, code)
    assert not machine.hub.waiters._by_source


def test_a_page_of_calls_at_most_is_given(machine, wait):
    """A wait counts on, and gives a thousand."""
    message = {"type": "track", "userId": "u", "event": "E"}
    machine.batch(*[message] * 1500)
    outcome, _ = wait(count={"exactly": 1500})
    assert len(outcome) == 1000


async def test_the_next_cursor_goes_on_after_the_last(machine):
    """`next` of one wait is `after` of the next; without calls it stays."""
    machine.track(messageId="m1")
    first = await machine.perform("wait_calls", match=E)
    assert first.next == 1
    nothing = await machine.perform("wait_calls", match=E, after=1, count={"exactly": 0})
    assert nothing.next == 1


def test_two_hundred_waiters_all_wake(machine, run):
    """No wake-up is lost, whoever waits for what, with calls coming in between."""

    async def body():
        waits = [
            asyncio.ensure_future(
                machine.perform(
                    "wait_calls",
                    match={"source": f"k{number % 20}", "userId": f"u{number}"},
                    count={"min": 1 + number % 3},
                    timeout=60,
                )
            )
            for number in range(200)
        ]
        everything = asyncio.ensure_future(
            machine.perform("wait_calls", match={"event": "E"}, count={"min": 600}, timeout=60)
        )
        for round_ in range(3):
            for number in range(200):
                machine.track(
                    f"k{number % 20}", userId=f"u{number}", messageId=f"{number}.{round_}"
                )
                if number % 7 == 0:
                    await breathe()
        results = await asyncio.gather(*waits)
        assert len((await everything).calls) == 600
        return [[call.user_id for call in result.calls] for result in results]

    for number, users in enumerate(run(body())):
        assert set(users) == {f"u{number}"}
        assert len(users) >= 1 + number % 3
    assert not machine.hub.waiters._by_source


def test_calls_during_a_long_scan_are_not_missed(machine, run):
    """While a wait looks through a long journal, new calls come; each counts once."""
    message = {"type": "track", "userId": "u", "event": "E"}
    for _ in range(3):
        machine.batch(*[message] * 2000)

    async def body():
        waiting = asyncio.ensure_future(
            machine.perform("wait_calls", match=E, count={"exactly": 6010}, timeout=5, quiet=1)
        )
        for number in range(10):
            await breathe()
            machine.track(messageId=f"m{number}")
        return (await waiting).next

    assert run(body()) == 1000


def test_a_cancelled_wait_leaves_nothing(machine, run):
    """Who goes away is forgotten."""

    async def body():
        waiting = asyncio.ensure_future(machine.perform("wait_calls", match=E, timeout=60))
        await breathe()
        await breathe()
        assert machine.hub.waiters._by_source
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(body())
    assert not machine.hub.waiters._by_source
