"""The SDK, wired to the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_the_module_level_client_is_patched_and_undone(run: Run, pytester: pytest.Pytester) -> None:
    """In a block, and for the rest of a test; the app's own client is back afterwards."""
    pytester.makepyfile(
        """
        import segment.analytics as analytics
        from mockseg import track

        analytics.write_key = "production"
        analytics.send = False
        own = analytics.default_client

        def test_block(segment):
            with segment.patch_default_client():
                analytics.track("u1", "Inside")
            assert analytics.default_client is own and analytics.write_key == "production"
            segment.assert_called(track("Inside"), times=1)

        def test_whole(segment):
            segment.patch_default_client()
            analytics.track("u1", "Whole")
            segment.assert_called(track("Whole"), times=1)

        def test_after():
            assert analytics.default_client is own
            assert (analytics.write_key, analytics.send) == ("production", False)
        """
    )
    run().assert_outcomes(passed=3)


def test_clients_are_flushed_and_shut_down_in_time(run: Run, pytester: pytest.Pytester) -> None:
    """What was tracked last is judged with its test; no thread of the SDK is left."""
    pytester.makepyfile(
        """
        import threading

        def test_last_call_is_judged(segment):
            for n in range(50):
                segment.analytics.track("u1", "A", message_id="same" * 30)

        def test_plain_reading_flushes(segment):
            segment.analytics.track("u1", "A")
            assert [call.event for call in segment.calls()] == ["A"]

        def test_no_thread_is_left():
            names = [type(thread).__name__ for thread in threading.enumerate()]
            assert "Consumer" not in names
        """
    )
    result = run()
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_last_call_is_judged*"])
    assert "after the end" not in result.stdout.str()


def test_a_missing_sdk_is_named(run: Run, pytester: pytest.Pytester) -> None:
    """Who has no SDK is told which to install."""
    pytester.makepyfile(
        """
        import sys

        def test_none(segment, monkeypatch):
            monkeypatch.setitem(sys.modules, "segment.analytics", None)
            segment.analytics
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ['segment.analytics needs segment-analytics-python, which is*"mockseg[[]demo[]]"']
    )
