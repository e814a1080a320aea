"""The three-line test of the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_three_lines_pass(run: Run, pytester: pytest.Pytester) -> None:
    """A test that sends with the SDK and asserts passes."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_signup(segment):
            segment.analytics.track("u1", "Signed Up", {"plan": "pro"})
            segment.assert_called(track("Signed Up", user_id="u1"))
        """
    )
    run().assert_outcomes(passed=1)


def test_each_test_has_a_source_of_its_own(run: Run, pytester: pytest.Pytester) -> None:
    """No test sees what another one sent."""
    pytester.makepyfile(
        """
        import pytest

        keys = set()

        @pytest.mark.parametrize("n", range(3))
        def test_own(segment, send, n):
            assert segment.write_key not in keys and len(segment.write_key) == 32
            keys.add(segment.write_key)
            assert segment.calls() == []
            assert send(segment, "A", messageId="same") == 200
            assert len(segment.calls()) == 1
        """
    )
    run().assert_outcomes(passed=3)


def test_the_plugin_can_be_switched_off(run: Run, pytester: pytest.Pytester) -> None:
    """`-p no:mockseg` leaves no fixture and no option of ours."""
    pytester.makepyfile("def test_none(segment): pass")
    result = run("-p", "no:mockseg", "--continue-on-collection-errors")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'segment' not found*"])


def test_warnings_as_errors_find_nothing(run: Run, pytester: pytest.Pytester) -> None:
    """`-W error` and `--import-mode=importlib` change nothing."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_signup(segment, make_segment_source):
            with segment.patch_default_client() as analytics:
                analytics.track("u1", "Signed Up")
            segment.assert_called(track("Signed Up"))
            make_segment_source().analytics.track("u1", "Other")
        """
    )
    result = run("-W", "error", "--import-mode=importlib", "--strict-markers", "--strict-config")
    result.assert_outcomes(passed=1)
    assert result.stderr.str() == ""
