"""Calls after the end of their test are charged to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

_LATE = """
    sources = []

    def test_forgets_to_flush(segment):
        sources.append(segment)

    def test_next(segment, post_to):
        # What a thread of the test before would do now.
        url, key = sources[0].url, sources[0].write_key
        post_to(sources[0], {"event": "Late", "userId": "u1"})
        assert segment.calls() == []
"""


def test_late_calls_are_listed_with_the_id_of_their_test(
    run: Run, pytester: pytest.Pytester
) -> None:
    """The summary names the test; the next one is not blamed, and the run passes."""
    pytester.makepyfile(_LATE)
    result = run()
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*mockseg: calls after the end of their test*",
            "*::test_forgets_to_flush",
            "  call-1 track 'Late', userId 'u1': accepted",
        ]
    )


def test_late_calls_can_fail_the_run(run: Run, pytester: pytest.Pytester) -> None:
    """`mockseg_late = fail` makes the exit status 1."""
    pytester.makepyfile(_LATE)
    result = run(ini="mockseg_late = fail\n")
    result.assert_outcomes(passed=2)
    assert result.ret == 1


def test_late_calls_of_workers_are_merged(run: Run, pytester: pytest.Pytester) -> None:
    """Under pytest-xdist the controller lists them and decides."""
    pytester.makepyfile(_LATE)
    result = run("-n", "1", ini="mockseg_late = fail\n")
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*::test_forgets_to_flush", "*track 'Late'*"])


def test_forgotten_sources_cannot_have_late_calls(run: Run, pytester: pytest.Pytester) -> None:
    """What came late to them is gone, and the summary says so."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def two_sources(monkeypatch):
            monkeypatch.setattr("mockseg.hub.sources.MAX_SOURCES", 2)

        @pytest.mark.parametrize("number", range(3))
        def test_one(segment, send, number):
            assert send(segment, "A") == 200
        """
    )
    result = run()
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["*late calls of 1 source could not be looked for: the server had forgotten it"]
    )
