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


_OLD_PACKAGE = """
from segment.analytics.client import Client

write_key = host = on_error = default_client = None
send, sync_mode = True, False


def track(*args, **kwargs):
    global default_client
    if not default_client:
        default_client = Client(write_key, host=host, send=False)
    default_client.track(*args, **kwargs)
"""


def test_the_older_package_is_patched_too(run: Run, pytester: pytest.Pytester) -> None:
    """An app that imports `analytics` is met like one that imports `segment.analytics`."""
    # The older distribution would overwrite files of the newer; an example runs the real one.
    pytester.makepyfile(
        analytics=_OLD_PACKAGE,
        app="""
        import analytics
        import segment.analytics

        analytics.write_key = segment.analytics.write_key = "production"

        def sign_up(user):
            analytics.track(user, "Old")
            segment.analytics.track(user, "New")
        """,
        test_both="""
        import analytics
        import app
        from mockseg import track

        def test_both(segment):
            segment.patch_default_client()
            app.sign_up("u1")
            segment.assert_in_order([track("Old"), track("New")])

        def test_after():
            assert analytics.default_client is None
            assert analytics.write_key == "production"
        """,
    )
    run().assert_outcomes(passed=2)


def test_another_module_of_that_name_is_left_alone(run: Run, pytester: pytest.Pytester) -> None:
    """A project's own `analytics` is no SDK."""
    pytester.makepyfile(
        analytics="default_client = write_key = 'mine'",
        test_own="""
        import analytics

        def test_own(segment):
            with segment.patch_default_client():
                assert (analytics.default_client, analytics.write_key) == ("mine", "mine")
        """,
    )
    run().assert_outcomes(passed=1)


def test_what_the_sdk_holds_is_sent_before_what_is_sent_by_hand(
    run: Run, pytester: pytest.Pytester
) -> None:
    """So the order is that of the test."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_order(segment):
            segment.analytics.track("u1", "A")
            [answer] = segment.send({"type": "track", "userId": "u1", "event": "B"})
            assert answer.status == 200
            segment.assert_in_order([track("A"), track("B")])

        async def test_awaited(segment):
            segment.analytics.track("u1", "A")
            await segment.aio.send({"type": "track", "userId": "u1", "event": "B"})
            await segment.aio.assert_in_order([track("A"), track("B")])
        """
    )
    run("-o", "asyncio_mode=auto").assert_outcomes(passed=2)


def test_the_types_of_the_fixtures_have_public_names(run: Run, pytester: pytest.Pytester) -> None:
    """A parameter can be annotated, and the name is what the fixture returns."""
    pytester.makepyfile(
        """
        import pytest_mockseg
        from mockseg import Source
        from pytest_mockseg import AsyncSegmentSource, SegmentClock, SegmentServer, SegmentSource

        def test_types(
            segment: SegmentSource, segment_server: SegmentServer, segment_clock: SegmentClock
        ):
            assert isinstance(segment, SegmentSource) and isinstance(segment, Source)
            assert isinstance(segment.aio, AsyncSegmentSource)
            assert isinstance(segment_server, SegmentServer)
            assert isinstance(segment_clock, SegmentClock)
            assert not hasattr(pytest_mockseg, "Nothing")
        """
    )
    run().assert_outcomes(passed=1)
