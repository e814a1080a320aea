"""Waiting: as a call, as a block, as long as ini says, and not for what cannot come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_waiting_as_a_call_and_as_a_block(run: Run, pytester: pytest.Pytester) -> None:
    """A block waits for what it causes, and not for what came before it."""
    pytester.makepyfile(
        """
        import threading

        import pytest
        from mockseg import UnmetExpectationError, track

        def later(send, segment, event):
            thread = threading.Thread(target=send, args=(segment, event))
            thread.start()
            return thread

        def test_call(segment, send):
            thread = later(send, segment, "A")
            assert segment.wait_for(track("A"), timeout=20).event == "A"
            thread.join()

        def test_block(segment, send):
            send(segment, "A")
            with segment.waiting_for(track("A"), timeout=20) as waited:
                thread = later(send, segment, "A")
                with pytest.raises(LookupError, match="ended"):
                    waited.call
            thread.join()
            first, second = segment.calls()
            assert waited.call == second and waited.calls == [second]

        def test_block_without_a_call(segment, send):
            send(segment, "A")
            with pytest.raises(UnmetExpectationError, match="found none"):
                with segment.waiting_for(track("A"), timeout=0):
                    pass

        def test_error_in_the_block(segment):
            with pytest.raises(ZeroDivisionError):
                with segment.waiting_for(track("A"), timeout=3600):
                    1 / 0

        @pytest.mark.segment(allow=["dropped"])
        def test_hopeless(segment, send):
            send(segment, "A", user=None)
            with pytest.raises(UnmetExpectationError, match="no_user_anon_id"):
                segment.wait_for(track("A"), timeout=3600)
        """
    )
    run().assert_outcomes(passed=5)


def test_ini_says_how_long_assertions_wait(run: Run, pytester: pytest.Pytester) -> None:
    """`mockseg_wait` is in force where nothing is said, also for awaitable verbs."""
    pytester.makepyfile(
        """
        import asyncio

        import pytest
        from mockseg import UnmetExpectationError, track

        def test_sync(segment):
            for verb in (segment.assert_called, segment.wait_for):
                with pytest.raises(UnmetExpectationError, match="within 20 ms"):
                    verb(track("A"))

        def test_async(segment):
            with pytest.raises(UnmetExpectationError, match="within 20 ms"):
                asyncio.run(segment.aio.assert_called(track("A")))
            with pytest.raises(UnmetExpectationError, match="within 10 ms"):
                asyncio.run(segment.aio.assert_called(track("A"), wait=0.01))
        """
    )
    run(ini="mockseg_wait = 0.02\n").assert_outcomes(passed=2)
