"""What waiting verbs ask of a server, and what they make of its answers."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.client import verbs_waiting
from mockseg.client.scope import Deadline, Scope
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.matchers import track
from mockseg.matching.values import ANY, approx


def test_a_matcher_that_json_can_say_is_one_ask(script: Any, make_call: Any, waited: Any) -> None:
    """The server is asked once, for the source, the match and the count."""
    server = script(waited(make_call(3), make_call(4)))
    steps = verbs_waiting.wait_for_all(Scope("key", after=2), track("Signed Up"), 2, timeout=5)
    assert [call.cursor for call in server.run(steps)] == [3, 4]
    (asked,) = server.asked
    assert asked.params.match.source == "key"
    assert asked.params.match.event == "Signed Up"
    assert asked.params.count.min == 2
    assert asked.params.after == 2


def test_what_json_cannot_say_is_judged_by_the_client(
    script: Any, make_call: Any, waited: Any
) -> None:
    """Calls that only nearly match are passed over, and the wait goes on behind them."""
    wrong, right = (make_call(cursor, properties={"total": cursor}) for cursor in (3, 7))
    server = script(waited(wrong), waited(right))
    steps = verbs_waiting.wait_for(
        Scope("key"), track("Signed Up", properties={"total": approx(7)}), timeout=5
    )
    assert server.run(steps).cursor == 7
    assert [asked.params.after for asked in server.asked] == [0, 3]
    assert [asked.params.count.min for asked in server.asked] == [1, 1]


def test_a_dropped_call_that_is_not_meant_does_not_end_the_wait(
    script: Any, make_call: Any, waited: Any, dropped: Any
) -> None:
    """The server gives up on the first dropped call of the match; the client may know better."""
    other = make_call(4, properties={"total": 1}, verdict="dropped", good=False)
    right = make_call(6, properties={"total": 7})
    server = script(dropped(other), waited(right))
    steps = verbs_waiting.wait_for(
        Scope("key"), track("Signed Up", properties={"total": approx(7)}), timeout=5
    )
    assert server.run(steps).cursor == 6
    assert server.asked[1].params.after == 4


def test_a_dropped_call_that_is_meant_fails_at_once(
    script: Any, make_call: Any, dropped: Any, counts: Any, page: Any
) -> None:
    """Nobody waits for a call that came and was dropped, and nobody looks for it being late."""
    call = make_call(4, verdict="dropped", good=False)
    server = script(dropped(call), counts(total=1, cursor=4), page(call), page())
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(verbs_waiting.wait_for(Scope("key"), track("Signed Up"), timeout=5))
    assert raised.value.explanation.kind == "not_accepted"
    assert server.operations == ["wait_calls", "summary", "list_calls", "list_calls"]


def test_a_late_call_is_named(  # noqa: PLR0917  (fixtures)
    script: Any, make_call: Any, waited: Any, timed_out: Any, counts: Any, page: Any
) -> None:
    """After a failed wait the call is looked for a moment longer, to say that it was late."""
    server = script(timed_out, counts(cursor=2), page(), waited(make_call(3)), page())
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(verbs_waiting.wait_for(Scope("key"), track("Signed Up"), timeout=0))
    assert raised.value.explanation.kind == "late"
    assert server.asked[3].params.after == 2


def test_a_call_between_the_wait_and_the_count_is_late_too(
    script: Any, make_call: Any, timed_out: Any, counts: Any, page: Any
) -> None:
    """A failure never says that it found what it was looking for."""
    server = script(
        timed_out, counts(total=1, cursor=3), page(make_call(3)), timed_out, page(make_call(3))
    )
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(verbs_waiting.wait_for(Scope("key"), track("Signed Up"), timeout=0))
    assert raised.value.explanation.kind == "late"


def test_the_same_call_in_another_source_is_named(
    script: Any, make_call: Any, timed_out: Any, counts: Any, page: Any
) -> None:
    """A wrong write key is found out."""
    elsewhere = make_call(3, source="other")
    server = script(timed_out, counts(cursor=3), page(), timed_out, page(elsewhere))
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(verbs_waiting.wait_for(Scope("key"), track("Signed Up"), timeout=0))
    assert raised.value.explanation.kind == "wrong_source"


def test_calls_of_any_verdict_are_found_among_dropped_ones(
    script: Any, make_call: Any, page: Any, dropped: Any
) -> None:
    """With ``verdict=ANY`` a dropped call is what was waited for, not what ends the wait."""
    call = make_call(4, verdict="dropped", good=False)
    server = script(page(), dropped(call), page(call))
    steps = verbs_waiting.wait_for(Scope("key"), track("Signed Up", verdict=ANY), timeout=5)
    assert server.run(steps).cursor == 4


def test_calls_of_any_verdict_are_looked_for_once_more_at_the_end(
    script: Any, make_call: Any, page: Any, timed_out: Any
) -> None:
    """A duplicate wakes no wait, and is found all the same."""
    call = make_call(4, verdict="dropped", good=False, duplicate_of="call-1")
    server = script(page(), timed_out, page(call))
    steps = verbs_waiting.wait_for(Scope("key"), track("Signed Up", verdict=ANY), timeout=0)
    assert server.run(steps).cursor == 4


def test_a_refusal_that_is_no_timeout_reaches_the_caller(script: Any) -> None:
    """What the server refuses for another reason is not taken for a call that did not come."""
    refusal = OperationError("no", status=422, code="invalid_parameter")
    with pytest.raises(OperationError) as raised:
        script(refusal).run(verbs_waiting.wait_for(Scope("key"), track("Signed Up"), timeout=0))
    assert raised.value is refusal


@pytest.mark.parametrize("seconds", [-1, 3601, float("nan"), float("inf")])
def test_a_wait_has_bounds(seconds: float) -> None:
    """A wait that cannot be is refused with what is allowed."""
    with pytest.raises(ValueError, match="0 to 3600 is allowed"):
        Deadline(seconds)


def test_a_wait_is_a_number(script: Any) -> None:
    """A text is no number of seconds."""
    with pytest.raises(TypeError, match="a number of seconds"):
        script().run(
            verbs_waiting.wait_for(Scope("key"), track("A"), timeout="5")  # type: ignore[arg-type]  # the slip
        )


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_count_is_a_whole_number(script: Any, count: Any) -> None:
    """A count that cannot be is refused with what is allowed."""
    with pytest.raises(ValueError, match="a whole number from 1 is allowed"):
        script().run(verbs_waiting.wait_for_all(Scope("key"), track("A"), count, timeout=0))


def test_the_name_of_an_event_is_no_matcher(script: Any) -> None:
    """The usual slip is answered with what to write."""
    with pytest.raises(TypeError, match=r"write track\('Signed Up'\)"):
        script().run(
            verbs_waiting.wait_for(Scope("key"), "Signed Up", timeout=0)  # type: ignore[arg-type]  # the slip
        )
