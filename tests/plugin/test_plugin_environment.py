"""The app is told host and write key by its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_variables_are_set_and_undone(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`segment_env` sets the variables that ini names, for its test only."""
    monkeypatch.setenv("ANALYTICS_KEY", "before")
    pytester.makepyfile(
        """
        import os

        def test_set(segment_env, segment):
            assert os.environ["ANALYTICS_KEY"] == segment.write_key
            assert os.environ["ANALYTICS_HOST"] == os.environ["OTHER_HOST"] == segment.url
            assert segment_env == {
                "ANALYTICS_HOST": segment.url,
                "OTHER_HOST": segment.url,
                "ANALYTICS_KEY": segment.write_key,
            }

        def test_undone():
            assert os.environ["ANALYTICS_KEY"] == "before"
            assert "ANALYTICS_HOST" not in os.environ

        def test_block(segment_env_for, make_segment_source):
            source = make_segment_source()
            with segment_env_for(source):
                assert os.environ["ANALYTICS_KEY"] == source.write_key
            assert os.environ["ANALYTICS_KEY"] == "before"
        """
    )
    ini = "mockseg_env_host = ANALYTICS_HOST OTHER_HOST\nmockseg_env_write_key = ANALYTICS_KEY\n"
    run(ini=ini).assert_outcomes(passed=3)


def test_the_clock_of_a_source_moves(run: Run, pytester: pytest.Pytester) -> None:
    """`segment_clock` moves the time of this test's source, and of no other."""
    pytester.makepyfile(
        """
        from datetime import datetime, timedelta

        def test_clock(segment, segment_clock, send, make_segment_source):
            before = segment_clock.now
            send(segment, "A", messageId="m1")
            after = segment_clock.advance(25 * 3600)
            assert after - before >= timedelta(hours=25)
            # A messageId is unique for 24 hours.
            send(segment, "B", messageId="m1")
            segment.assert_no_duplicates()
            segment_clock.set("2031-01-01T00:00:00Z", frozen=True)
            send(segment, "C")
            assert segment.calls(event="C")[0].received_at.startswith("2031-01-01T00:00:00")
            assert make_segment_source().clock().now < "2031"
        """
    )
    run().assert_outcomes(passed=1)
