"""Property tests take a fresh source for each example."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_each_example_has_a_fresh_source(run: Run, pytester: pytest.Pytester) -> None:
    """`segment_server.example()` is judged when its block ends."""
    pytester.makepyfile(
        """
        from hypothesis import given, settings, strategies as st
        from mockseg import track

        keys = set()

        @settings(max_examples=20, deadline=None)
        @given(total=st.integers(0, 100))
        def test_total(segment_server, send, total):
            with segment_server.example() as segment:
                assert segment.write_key not in keys
                keys.add(segment.write_key)
                send(segment, "Order", messageId="m", properties={"total": total})
                [call] = segment.assert_called(track("Order"), times=1)
                assert call.properties == {"total": total}

        @settings(max_examples=20, deadline=None, derandomize=True)
        @given(user=st.sampled_from(["u1", None]))
        def test_judged(segment_server, send, user):
            with segment_server.example() as segment:
                send(segment, "Order", user=user)
        """
    )
    result = run("-W", "ignore")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*1 call of this test would not pass at Segment*"])


def test_the_fixture_of_one_test_names_the_way(run: Run, pytester: pytest.Pytester) -> None:
    """`segment` in a `@given` test says what to write; who wants it may have it."""
    pytester.makepyfile(
        """
        from hypothesis import HealthCheck, given, settings, strategies as st

        @given(n=st.integers())
        def test_refused(segment, n): pass

        @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=2)
        @given(n=st.integers())
        def test_wanted(segment, n): pass
        """
    )
    result = run("-W", "ignore")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*with segment_server.example() as segment:*"])
