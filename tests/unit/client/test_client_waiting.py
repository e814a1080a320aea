"""What waiting verbs ask of a server, and what they make of its answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mockseg.client.scope import Deadline, Scope
from mockseg.client.verbs import waiting
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.explanation import CallElsewhere
from mockseg.matching.matchers import track
from mockseg.matching.values import ANY, approx


def test_a_matcher_that_json_can_say_is_one_ask(script: Any, make_call: Any, waited: Any) -> None:
    """The server is asked once, for the source, the match and the count."""
    server = script(waited(make_call(3), make_call(4)))
    steps = waiting.wait_for_all(Scope("key", after=2), track("Signed Up"), 2, timeout=5)
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
    steps = waiting.wait_for(
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
    steps = waiting.wait_for(
        Scope("key"), track("Signed Up", properties={"total": approx(7)}), timeout=5
    )
    assert server.run(steps).cursor == 6
    assert server.asked[1].params.after == 4


def test_a_dropped_call_that_is_meant_fails_at_once(
    script: Any, make_call: Any, dropped: Any, explained: Any
) -> None:
    """Nobody waits for a call that came and was dropped, and nobody looks for it being late."""
    call = make_call(4, verdict="dropped", good=False)
    server = script(dropped(call), explained(track("Signed Up"), call))
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(waiting.wait_for(Scope("key"), track("Signed Up"), timeout=5))
    assert raised.value.explanation.kind == "not_accepted"
    assert server.operations == ["wait_calls", "explain_calls"]
    assert (server.asked[1].params.late, server.asked[1].params.waited) == (0, 0)


def test_the_server_says_why(script: Any, make_call: Any, timed_out: Any, explained: Any) -> None:
    """Text, kind and facts are the server's; it is asked for this scope and this count, once."""
    call = make_call(3, "Signed up")
    why = explained(track("Signed Up"), call, waited=0.0)
    server = script(timed_out, why)
    scope = Scope("key", after=2, after_request=1, window=True, opened_at="2026-01-31T12:00:00Z")
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(waiting.wait_for_all(scope, track("Signed Up"), 2, timeout=0))
    explanation = raised.value.explanation
    assert str(raised.value) == explanation.text() == why.text
    assert explanation.as_json() == msgspec.to_builtins(why)
    asked = server.asked[1].params
    assert (asked.after, asked.after_request, asked.opened_at) == (2, 1, scope.opened_at)
    assert (asked.match.source, asked.match.event, asked.candidates) == ("key", "Signed Up", 0)
    assert (asked.count.min, asked.count.max) == (2, None)
    assert asked.late > 0
    # The wait itself is not to look for reasons, too.
    assert not server.asked[0].params.explain


def test_what_json_cannot_say_is_explained_by_the_client(
    script: Any, make_call: Any, timed_out: Any, explained: Any
) -> None:
    """The calls that the server finds nearest are judged by the whole matcher."""
    matcher = track("Signed Up", properties={"total": approx(7)})
    near, other = make_call(3, properties={"total": 8}), make_call(2, "Quite different")
    stray, bad = make_call(5, source="other"), make_call(6, source="o", properties={"total": 7})
    elsewhere = tuple(CallElsewhere(call, claimed=False, name="") for call in (stray, bad))
    why = explained(matcher, near, other, candidates=(near, other), elsewhere=elsewhere)
    server = script(timed_out, why)
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(waiting.wait_for(Scope("key"), matcher, timeout=0))
    explanation = raised.value.explanation
    assert server.asked[1].params.candidates > 100
    (nearest,) = explanation.details["nearest"]
    assert (nearest["call"]["id"], nearest["differences"][0]["path"]) == (
        "call-3",
        "properties.total",
    )
    # Only the one that the whole matcher means.
    assert [each["call"]["id"] for each in explanation.details["elsewhere"]] == ["call-6"]
    assert "found none" in explanation.headline


def test_what_came_in_time_is_counted_by_the_client(
    script: Any, make_call: Any, waited: Any, timed_out: Any, explained: Any
) -> None:
    """What the wait has brought is found; what only the explanation brought is late."""
    matcher = track("Signed Up", properties={"total": approx(7)})
    first, late = (make_call(cursor, properties={"total": 7}) for cursor in (3, 9))
    why = explained(matcher, candidates=(first, late))
    server = script(waited(first), timed_out, why)
    with pytest.raises(UnmetExpectationError) as raised:
        server.run(waiting.wait_for_all(Scope("key"), matcher, 3, timeout=0))
    details = raised.value.explanation.details
    assert [call["id"] for call in details["calls"]] == ["call-3"]
    assert [each["call"]["id"] for each in details["late"]] == ["call-9"]


def test_calls_of_any_verdict_are_one_wait(script: Any, make_call: Any, waited: Any) -> None:
    """With ``verdict=ANY`` a dropped call is what was waited for, not what ends the wait."""
    call = make_call(4, verdict="dropped", good=False)
    server = script(waited(call))
    steps = waiting.wait_for(Scope("key"), track("Signed Up", verdict=ANY), timeout=5)
    assert server.run(steps).cursor == 4
    assert server.asked[0].params.match.verdict == "any"


def test_a_refusal_that_is_no_timeout_reaches_the_caller(script: Any) -> None:
    """What the server refuses for another reason is not taken for a call that did not come."""
    refusal = OperationError("no", status=422, code="invalid_parameter")
    with pytest.raises(OperationError) as raised:
        script(refusal).run(waiting.wait_for(Scope("key"), track("Signed Up"), timeout=0))
    assert raised.value is refusal


@pytest.mark.parametrize("seconds", [-1, 3601, float("nan"), float("inf")])
def test_a_wait_has_bounds(seconds: float) -> None:
    """A wait that cannot be is refused with what is allowed."""
    with pytest.raises(ValueError, match="expected 0 to 3600 seconds"):
        Deadline(seconds)


def test_a_wait_is_a_number(script: Any) -> None:
    """A text is no number of seconds."""
    with pytest.raises(TypeError, match="a number of seconds"):
        script().run(
            waiting.wait_for(Scope("key"), track("A"), timeout="5")  # type: ignore[arg-type]  # the slip
        )


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_count_is_a_whole_number(script: Any, count: Any) -> None:
    """A count that cannot be is refused with what is allowed."""
    with pytest.raises(ValueError, match="it must be a whole number of 1 or more"):
        script().run(waiting.wait_for_all(Scope("key"), track("A"), count, timeout=0))


def test_the_name_of_an_event_is_no_matcher(script: Any) -> None:
    """The usual slip is answered with what to write."""
    with pytest.raises(TypeError, match=r"did you mean track\('Signed Up'\)"):
        script().run(
            waiting.wait_for(Scope("key"), "Signed Up", timeout=0)  # type: ignore[arg-type]  # the slip
        )
