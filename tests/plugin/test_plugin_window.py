"""An app whose write key cannot change is seen through windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

_APP = """
    from mockseg import track

    KEY = "fixed-at-import"

    def test_first(segment, send):
        assert segment.write_key == KEY
        send(segment, "A", messageId="m1")
        segment.assert_called(track("A"), times=1)

    def test_second(segment, send):
        assert segment.calls() == [] and segment.requests() == []
        # The same messageId is new again in the window of another test.
        send(segment, "A", messageId="m1")
        segment.assert_called(track("A"), times=1)
        segment.assert_no_duplicates()
        assert segment.summary().total == 1
"""


def test_a_key_of_ini_makes_windows_on_one_source(run: Run, pytester: pytest.Pytester) -> None:
    """Each test sees its own calls only, and messageIds are new again."""
    pytester.makepyfile(_APP)
    run(ini="mockseg_write_key = fixed-at-import\n").assert_outcomes(passed=2)


def test_the_key_can_be_a_fixture(run: Run, pytester: pytest.Pytester) -> None:
    """`segment_key` may be overridden; what comes between two windows is late."""
    pytester.makepyfile(
        _APP
        + """
    import pytest

    @pytest.fixture(scope="session")
    def segment_key():
        return KEY

    @pytest.fixture
    def between(post_to, segment_server):
        post_to(segment_server.source(KEY), {"event": "Late", "userId": "u1"})

    def test_third(between, segment):
        assert segment.calls() == []
        """
    )
    result = run()
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*calls after the end*", "*::test_second", "*track 'Late'*"])


def test_a_late_call_of_an_earlier_test_is_named(run: Run, pytester: pytest.Pytester) -> None:
    """A call that happened before the window says so, in an assertion and at teardown."""
    pytester.makepyfile(
        """
        from mockseg import track

        OLD = "2026-01-31T12:00:00.000Z"

        def test_counts(segment, send):
            send(segment, "A", timestamp=OLD)
            send(segment, "A")
            segment.assert_called(track("A"), times=1)

        def test_bad(segment, send):
            send(segment, "B", user=None, timestamp=OLD)
        """
    )
    result = run(ini="mockseg_write_key = fixed-at-import\n")
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_bad*",
            "*call-3 has a timestamp from before this window was opened: an earlier test may*",
            "*_ test_counts _*",
            "E  *call-1 has a timestamp from before this window was opened: an earlier test may*",
        ]
    )


def test_workers_that_would_share_it_are_told(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One key on one shared server under pytest-xdist cannot be isolated, and says so."""
    from mockseg import MockSegment

    pytester.makepyfile(_APP)
    with MockSegment() as server:
        result = run(
            "-n", "1", "--mockseg-url", server.url, ini="mockseg_write_key = fixed-at-import\n"
        )
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*mockseg_write_key = fixed-at-import names one source*"])
