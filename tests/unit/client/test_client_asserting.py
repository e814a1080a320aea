"""What assertions ask of a server, and when they fail."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.client.scope import Scope
from mockseg.client.verbs import delivery, judging, waiting
from mockseg.domain.lost import ForgottenSource, Lost
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.evidence import Expectation
from mockseg.matching.matchers import identify, track
from mockseg.operations.calls import Settled
from mockseg.operations.deliveries import DeliveryPage
from mockseg.operations.requests import RequestPage

SETTLED = Settled(cursor=9)
NOON = "2026-01-31T12:00:00.000Z"
NO_REQUESTS = RequestPage(requests=[], next=None)


def test_so_many_times_looks_for_one_more(  # noqa: PLR0917  (fixtures)
    script: Any, make_call: Any, waited: Any, timed_out: Any, page: Any, counts: Any
) -> None:
    """With ``times`` the calls are counted again, behind the last one and then all of them."""
    calls = [make_call(1), make_call(2)]
    server = script(waited(*calls), timed_out, page(*calls), counts())
    steps = waiting.assert_called_times(
        Scope("key"), track("Signed Up"), Expectation.exactly(2), wait=1, quiet=0
    )
    assert [call.cursor for call in server.run(steps)] == [1, 2]
    assert server.asked[1].params.after == 2
    assert server.asked[1].params.timeout == 0


def test_one_too_many_fails(
    script: Any, make_call: Any, waited: Any, explained: Any, page: Any
) -> None:
    """A call more than ``times`` is a failure that lists them."""
    calls = [make_call(1), make_call(2)]
    matcher, once = track("Signed Up"), Expectation.exactly(1)
    why = explained(matcher, *calls, expected=once)
    server = script(waited(calls[0]), waited(calls[1]), page(*calls), why)
    steps = waiting.assert_called_times(Scope("key"), matcher, once, wait=1, quiet=0.5)
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(steps)
    assert raised.value.explanation.kind == "too_many"
    assert str(raised.value) == why.text
    assert server.asked[-1].params.late == 0


def test_a_range_waits_for_the_least_and_looks_for_one_too_many(  # noqa: PLR0917  (fixtures)
    script: Any, make_call: Any, waited: Any, timed_out: Any, page: Any, counts: Any
) -> None:
    """``at_least=2, at_most=3`` waits for two, then for two more, which would be too many."""
    calls = [make_call(1), make_call(2)]
    server = script(waited(*calls), timed_out, page(*calls), counts())
    expected = waiting.expectation(times=None, at_least=2, at_most=3)
    steps = waiting.assert_called_times(
        Scope("key"), track("Signed Up"), expected, wait=1, quiet=0.2
    )
    assert [call.cursor for call in server.run(steps)] == [1, 2]
    assert [asked.params.count.min for asked in server.asked[:2]] == [2, 2]
    assert server.asked[1].params.timeout == pytest.approx(0.2, abs=0.1)


def test_at_least_so_many_needs_no_second_look(script: Any, make_call: Any, waited: Any) -> None:
    """Without an upper bound the first answer is enough, and all that came count as asserted."""
    server = script(waited(make_call(1), make_call(2), make_call(3)))
    scope = Scope("key")
    expected = waiting.expectation(times=None, at_least=2, at_most=None)
    steps = waiting.assert_called_times(scope, track("Signed Up"), expected, wait=1, quiet=0)
    assert len(server.run(steps)) == 3
    assert scope.asserted == {1, 2, 3}


def test_at_most_so_many_may_be_none(script: Any, timed_out: Any, page: Any, counts: Any) -> None:
    """``at_least=0`` allows none, and looks out for too many as ``assert_not_called`` does."""
    server = script(timed_out, page(), counts())
    expected = waiting.expectation(times=None, at_least=0, at_most=2)
    steps = waiting.assert_called_times(Scope("key"), track("Signed Up"), expected, wait=1, quiet=0)
    assert server.run(steps) == []
    assert server.asked[0].params.count.min == 3
    assert 0.2 < server.asked[0].params.timeout <= waiting.WITHIN_SECONDS


@pytest.mark.parametrize(
    ("counts", "error", "said"),
    [
        ({"times": 1, "at_most": 2}, TypeError, "times is given with at_most"),
        ({"at_least": 3, "at_most": 2}, ValueError, "at_least must not be above at_most"),
        ({"at_most": 0}, ValueError, "with at_least=0 none is allowed"),
        ({"at_least": 0}, ValueError, "always true"),
        ({"at_least": -1}, ValueError, "at_least is -1: it must be a whole number of 0 or more"),
        ({"at_most": 1.5}, ValueError, "at_most is 1.5: it must be a whole number of 0 or more"),
        ({"times": True}, ValueError, "times is True: it must be a whole number of 0 or more"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(
    counts: dict[str, Any], error: type[Exception], said: str
) -> None:
    """What can never fail, or never be, is an error at once."""
    given = {"times": None, "at_least": None, "at_most": None} | counts
    with pytest.raises(error, match=said):
        waiting.expectation(**given)


def test_zero_times_is_not_called(script: Any, timed_out: Any, counts: Any) -> None:
    """``times=0`` waits as ``assert_not_called`` does, and no longer than ``wait``."""
    server = script(timed_out, counts())
    steps = waiting.assert_called_times(
        Scope("key"), track("Signed Up"), Expectation.exactly(0), wait=0, quiet=0
    )
    assert server.run(steps) == []
    assert server.asked[0].params.timeout == 0


def test_a_dropped_call_was_not_called(
    script: Any, make_call: Any, dropped: Any, timed_out: Any, counts: Any
) -> None:
    """What Segment drops does not count as called; the look-out goes on behind it."""
    call = make_call(4, verdict="dropped", good=False)
    server = script(dropped(call), timed_out, counts())
    server.run(waiting.assert_not_called(Scope("key"), track("Signed Up"), within=0))
    assert server.asked[1].params.after == 4


def test_nobody_can_say_what_was_evicted(script: Any, timed_out: Any, counts: Any) -> None:
    """A call that must not have come may be among those that were evicted."""
    server = script(timed_out, counts(lost=Lost(calls=3, cursor=7)))
    with pytest.raises(UnmetExpectationError, match="3 calls of this source were evicted"):
        server.run(waiting.assert_not_called(Scope("key"), track("A"), within=0))


def test_nobody_can_count_what_was_evicted(  # noqa: PLR0917  (fixtures)
    script: Any, make_call: Any, waited: Any, timed_out: Any, page: Any, counts: Any
) -> None:
    """``times=1`` is not true only because the others were evicted."""
    calls = [make_call(8, "A")]
    server = script(waited(*calls), timed_out, page(*calls), counts(lost=Lost(calls=1, cursor=7)))
    once = Expectation.exactly(1)
    steps = waiting.assert_called_times(Scope("key"), track("A"), once, wait=0, quiet=0)
    with pytest.raises(UnmetExpectationError, match="exactly 1 time: 1 call of this source was"):
        server.run(steps)


def test_an_eviction_before_a_window_is_none_of_its_business(
    script: Any, timed_out: Any, counts: Any
) -> None:
    """The latest call that was evicted came before the window was opened."""
    window = Scope("key", after=7, window=True)
    for cursor in (6, 7):
        server = script(timed_out, counts(lost=Lost(calls=3, cursor=cursor)))
        server.run(waiting.assert_not_called(window, track("A"), within=0))
    server = script(timed_out, counts(lost=Lost(calls=3, cursor=8)))
    with pytest.raises(UnmetExpectationError):
        server.run(waiting.assert_not_called(window, track("A"), within=0))


@pytest.mark.parametrize(
    ("forgotten", "words"),
    [
        (
            ForgottenSource(at=NOON, times=1, calls=1, requests=1, settings=("plan",)),
            (
                f"this source was forgotten at {NOON} with 1 call and its plan, because the server"
                " keeps 10,000 sources.\n"
            ),
        ),
        (
            ForgottenSource(at=NOON, times=2, requests=3, settings=("plan", "faults")),
            (
                f"this source was forgotten 2 times, last at {NOON} with 3 requests, its plan and"
                " its faults, because the server keeps 10,000 sources.\n"
            ),
        ),
        (
            ForgottenSource(known=False),
            (
                "the server keeps 10,000 sources and has forgotten more than it can name; this"
                " source may be one of them.\n"
            ),
        ),
    ],
)
def test_a_source_that_was_forgotten_is_told(
    script: Any, timed_out: Any, counts: Any, forgotten: ForgottenSource, words: str
) -> None:
    """Nothing is asserted of it as if it had never had a call; the reason is said."""
    server = script(timed_out, counts(lost=Lost(cursor=1, forgotten=forgotten)))
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(waiting.assert_not_called(Scope("key"), track("A"), within=0))
    assert f"cannot confirm that there was no track 'A': {words}" in str(raised.value)
    assert "Use fewer write keys" in str(raised.value)
    assert ("set up its plan" in str(raised.value)) == ("plan" in forgotten.settings)


def test_a_plan_that_was_forgotten_is_missed_in_later_windows_too(
    script: Any, page: Any, counts: Any
) -> None:
    """Its calls are not judged as somebody wanted them to be."""
    window = Scope("key", after=7, after_request=7, window=True)
    forgotten = ForgottenSource(at=NOON, times=1, settings=("plan",))
    server = script(SETTLED, page(), NO_REQUESTS, counts(lost=Lost(forgotten=forgotten)))
    with pytest.raises(UnmetExpectationError, match="with its plan"):
        server.run(judging.assert_all_good(window, quiet=0, timeout=1))


def test_requests_that_were_evicted_may_have_been_refused(
    script: Any, page: Any, counts: Any
) -> None:
    """A refused request brings no call: all calls are kept, and nobody can say."""
    server = script(SETTLED, page(), NO_REQUESTS, counts(lost=Lost(requests=2, number=5)))
    with pytest.raises(UnmetExpectationError, match="2 requests of this source were evicted"):
        server.run(judging.assert_all_good(Scope("key"), quiet=0, timeout=1))


def test_calls_that_were_cleared_in_between_do_not_count(
    script: Any, make_call: Any, waited: Any
) -> None:
    """What one wait brought is gone when the next one answers."""
    residue = track("Signed Up", properties=lambda properties: True)
    first, second, third = make_call(1), make_call(3), make_call(4)
    server = script(waited(first), waited(second, cleared=2), waited(third, cleared=2))
    steps = waiting.wait_for_all(Scope("key"), residue, 2, timeout=5)
    assert [call.cursor for call in server.run(steps)] == [3, 4]


def test_an_order_begins_anew_where_its_first_call_was_cleared(
    script: Any, make_call: Any, waited: Any
) -> None:
    """It does not go on from a call that no longer counts."""
    wanted = [track("A"), track("B")]
    server = script(
        waited(make_call(1, "A")),
        waited(make_call(3, "B"), cleared=2),
        waited(make_call(4, "A"), cleared=2),
        waited(make_call(5, "B"), cleared=2),
    )
    chosen = server.run(judging.assert_in_order(Scope("key"), wanted, wait=1))
    assert [call.cursor for call in chosen] == [4, 5]


def test_no_delivery_is_asserted_when_none_is_under_way(
    script: Any, timed_out: Any, counts: Any
) -> None:
    """``times=0`` waits until the source has settled, looks then, and asks what was evicted."""
    nothing = DeliveryPage(deliveries=[], next=None, evicted=0)
    server = script(SETTLED, timed_out, counts(), nothing)
    assert server.run(_not_delivered(Scope("key"))) == []
    assert server.operations == ["settle", "wait_deliveries", "summary", "list_deliveries"]
    assert (server.asked[0].params.source, server.asked[0].params.quiet) == ("key", 0)
    # What does not settle in time is judged as it is.
    server = script(timed_out, timed_out, counts(), nothing)
    assert server.run(_not_delivered(Scope("key"))) == []


def test_evicted_deliveries_may_be_what_is_missing(
    script: Any, timed_out: Any, counts: Any
) -> None:
    """Those of calls from before a window are none of its business."""
    evicted = DeliveryPage(deliveries=[], next=None, evicted=3, evicted_call=7)
    with pytest.raises(UnmetExpectationError, match="3 deliveries of this source were evicted"):
        script(SETTLED, timed_out, counts(), evicted).run(_not_delivered(Scope("key")))
    window = Scope("key", after=7, window=True)
    assert script(SETTLED, timed_out, counts(), evicted).run(_not_delivered(window)) == []


def _not_delivered(scope: Scope) -> Any:
    return delivery.assert_delivered(scope, identify(), times=0, wait=1)


def test_order_goes_on_behind_the_call_before(script: Any, make_call: Any, waited: Any) -> None:
    """Each matcher is looked for after the call that the one before it took."""
    server = script(waited(make_call(3), make_call(8)), waited(make_call(5, "B")))
    steps = judging.assert_in_order(Scope("key", after=1), [track("Signed Up"), track("B")], wait=1)
    assert [call.cursor for call in server.run(steps)] == [3, 5]
    assert [asked.params.after for asked in server.asked] == [1, 3]


def test_a_wrong_order_is_told(  # noqa: PLR0917  (fixtures)
    script: Any, make_call: Any, waited: Any, timed_out: Any, page: Any, counts: Any
) -> None:
    """A call that came only before the one it should follow is a failure."""
    calls = [make_call(1, "B"), make_call(2)]
    server = script(waited(calls[1]), timed_out, page(*calls), counts())
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(judging.assert_in_order(Scope("key"), [track("Signed Up"), track("B")], wait=0))
    assert raised.value.explanation.kind == "out_of_order"


@pytest.mark.parametrize("matchers", [[], (), "ab", identify()])
def test_an_order_needs_matchers(script: Any, matchers: Any) -> None:
    """An order of nothing would always be right."""
    with pytest.raises(TypeError, match="takes the matchers in order"):
        script().run(judging.assert_in_order(Scope("key"), matchers, wait=0))


def test_what_does_not_become_quiet_is_a_failure(script: Any) -> None:
    """An assertion that could not look is a failed assertion."""
    refusal = OperationError("not settled", status=406, code="not_quiet")
    with pytest.raises(UnmetExpectationError, match="not settled"):
        script(refusal).run(judging.assert_all_good(Scope("key"), quiet=1, timeout=1))


def test_all_good_says_nothing(script: Any, page: Any, counts: Any) -> None:
    """Without bad calls and refused requests nothing is raised."""
    script(SETTLED, page(), NO_REQUESTS, counts()).run(
        judging.assert_all_good(Scope("key"), quiet=0, timeout=1)
    )


def test_duplicates_are_told_with_what_they_repeat(
    script: Any, make_call: Any, page: Any, counts: Any
) -> None:
    """A duplicate fails, other dropped calls do not."""
    bad = make_call(1, verdict="dropped", good=False)
    again = make_call(2, verdict="dropped", good=False, duplicate_of="call-1")
    script(SETTLED, page(bad), counts()).run(
        judging.assert_no_duplicates(Scope("key"), quiet=0, timeout=1)
    )
    server = script(SETTLED, page(bad, again), page(bad, again), counts())
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(judging.assert_no_duplicates(Scope("key"), quiet=0, timeout=1))
    assert raised.value.explanation.kind == "duplicates"
