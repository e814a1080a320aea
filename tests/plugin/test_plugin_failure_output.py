"""A failed test explains itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_a_failed_assertion_shows_the_nearest_call_and_the_calls(
    run: Run, pytester: pytest.Pytester
) -> None:
    """The difference is named, the traceback ends in the test, and a section lists the calls."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_signup(segment, send):
            send(segment, "Signed Up", properties={"plan": "pro"})
            segment.assert_called(track("Signed Up", properties={"plan": "free"}), wait=0)
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       segment.assert_called(track(*",
            "E  *expected 1 or more track 'Signed Up'*",
            "E  *properties.plan: expected 'free' (string), got 'pro' (string)",
            "test_*.py:5: UnmetExpectationError",
            "*- mockseg: calls of this test -*",
            'call-* track \'Signed Up\', userId \'u1\': accepted {"properties":{"plan":"pro"}}',
        ]
    )
    # No line of ours stands between the test and the failure.
    assert "client/verbs" not in result.stdout.str()


def test_a_wrong_argument_is_shown_at_the_line_of_the_test(
    run: Run, pytester: pytest.Pytester
) -> None:
    """No line of ours stands between the test and what it should have written."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_event(segment):
            segment.assert_called("Signed Up")

        def test_count(segment):
            segment.assert_called(track("A"), at_least=2, at_most=1)

        def test_wait(segment):
            segment.assert_called(track("A"), wait=-1)

        def test_key(segment):
            segment.assert_called(track("A", propertis={}))

        def test_message(segment):
            segment.send({"type": "trakc"})
        """
    )
    result = run()
    result.assert_outcomes(failed=5)
    shown = result.stdout.str()
    assert [line for line in shown.splitlines() if re.search(r"mockseg.*\.py:", line)] == []
    result.stdout.fnmatch_lines(["E  *did you mean track('Signed Up')?", "test_*.py:4: TypeError"])


def test_no_failure_shows_our_lines(run: Run, pytester: pytest.Pytester) -> None:
    """Whatever a test holds: a server, a source without the plugin, a destination, a block."""
    pytester.makepyfile(
        """
        import asyncio
        import pytest
        from mockseg import Client, MockSegment, track

        @pytest.fixture(scope="module")
        def server():
            with MockSegment() as server:
                yield server

        def test_unmet(server):
            server.source().wait_for(track("A"), timeout=0)

        def test_unmet_over_http(server):
            Client(server.url).source().wait_for(track("A"), timeout=0)

        def test_unmet_awaited(server):
            async def waits():
                await server.source().aio.wait_for(track("A"), timeout=0)

            asyncio.run(waits())

        def test_unmet_at_a_destination(server):
            server.source().destination("userengage").assert_received(track("A"), wait=0)

        def test_matcher_of_a_delivery(server):
            server.source().assert_delivered("A")

        def test_unknown_option(segment_server):
            segment_server.source(nmae="shop")

        def test_wrong_value(segment_server):
            segment_server.source(edge="1999")

        def test_no_plan(server):
            server.source().update(plan="missing.json")

        def test_unknown_option_of_a_block(segment):
            with segment.faults(statos=503):
                pass

        def test_wrong_value_of_a_block(segment):
            with segment.faults(status="high"):
                pass

        def test_unknown_member_of_a_block(segment):
            with segment.faults(delay={"secnds": 1}):
                pass

        def test_no_server():
            Client("http://127.0.0.1:1").source()
        """
    )
    result = run()
    result.assert_outcomes(failed=12)
    shown = result.stdout.str()
    assert [line for line in shown.splitlines() if re.search(r"mockseg.*\.py:", line)] == []
    assert "During handling of the above exception" not in shown


def test_any_failure_lists_the_calls(run: Run, pytester: pytest.Pytester) -> None:
    """A plain assert shows the calls, too; a test that passes shows nothing."""
    pytester.makepyfile(
        """
        def test_fails(segment, send):
            send(segment, "First")
            assert 0

        def test_none(segment):
            assert 0

        def test_passes(segment, send):
            send(segment, "Second")
        """
    )
    result = run()
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*calls of this test*", "call-1 track 'First'*"])
    result.stdout.fnmatch_lines(["*test_none*", "*calls of this test*", "none"])
    result.stdout.no_fnmatch_line("*'Second'*")


def test_earlier_tests_are_not_blamed_on_the_write_key(run: Run, pytester: pytest.Pytester) -> None:
    """What earlier tests sent is no hint; a call in their source now is told as theirs."""
    pytester.makepyfile(
        """
        from mockseg import track

        sources = []

        def test_first(segment, send):
            sources.append(segment)
            send(segment, "Signed Up")
            segment.assert_called(track("Signed Up"))

        def test_forgets_to_send(segment):
            segment.assert_called(track("Signed Up"), wait=0)

        def test_sends_to_the_first(segment, send):
            send(sources[0], "Signed Up")
            segment.assert_called(track("Signed Up"), wait=0)

        def test_sends_with_a_wrong_key(segment, post_to):
            message = {"event": "Signed Up", "userId": "u1", "writeKey": "another"}
            post_to(type("Wrong", (), {"url": segment.url, "write_key": "another"}), message)
            segment.assert_called(track("Signed Up"), wait=0)
        """
    )
    result = run()
    result.assert_outcomes(passed=1, failed=3)
    parts = result.stdout.str().split("____ test_")
    said = {part.partition(" ")[0]: part for part in parts}
    assert "Nothing at all was recorded" in said["forgets_to_send"]
    assert "another write key" not in said["forgets_to_send"]
    assert "sources of others" not in said["forgets_to_send"]
    assert "::test_first" in said["sends_to_the_first"]
    assert "another write key" not in said["sends_to_the_first"]
    assert "write key 'another'" in said["sends_with_a_wrong_key"]
    assert "Does the app use another write key?" in said["sends_with_a_wrong_key"]


def test_soft_failures_are_told_together(run: Run, pytester: pytest.Pytester) -> None:
    """Inside `soft()` every assertion is tried, and all that failed are told at the end."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_soft(segment, send):
            send(segment, "A")
            with segment.soft():
                segment.assert_called(track("B"), wait=0)
                segment.assert_called(track("A"), wait=0)
                segment.assert_called(track("C"), wait=0)
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E  *2 soft assertions failed:",
            "E  *1. expected*track 'B'*",
            "E  *2. expected*track 'C'*",
        ]
    )
