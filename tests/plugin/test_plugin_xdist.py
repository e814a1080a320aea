"""Workers of pytest-xdist: a server each, or one for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_each_worker_has_its_own_server(run: Run, pytester: pytest.Pytester) -> None:
    """Nothing is shared; a bad call fails its own test."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("n", range(6))
        def test_own(segment_server, segment, send, n, worker_id):
            send(segment, "A", properties={"n": n})
            [call] = segment.calls()
            assert call.properties == {"n": n}
            print("server", worker_id, segment_server.url)

        def test_bad(segment, send):
            send(segment, "A", user=None)
        """
    )
    result = run("-n", "2")
    result.assert_outcomes(passed=7, errors=1)
    result.stdout.fnmatch_lines(["*calls of this test*", "call-* track 'A': answered 200*"])
    servers = {line for line in result.outlines if line.startswith("server gw")}
    assert len(servers) == 2


def test_five_hundred_tests_on_one_server(run: Run, pytester: pytest.Pytester) -> None:
    """`-n 8` against one shared server: no test sees another one's calls."""
    pytester.makepyfile(
        """
        import pytest
        from mockseg import track

        @pytest.mark.parametrize("n", range(500))
        def test_own(segment, send, n):
            # The same messageIds and the same event everywhere.
            assert send(segment, "Same", messageId="m", properties={"n": n}) == 200
            assert segment.assert_called(track("Same")).properties == {"n": n}
            assert len(segment.calls()) == 1 and len(segment.requests()) == 1
            segment.assert_no_duplicates()
        """
    )
    with MockSegment() as server:
        result = run("-n", "8", "-q", "--mockseg-url", server.url)
        assert server.summary().total == 500
    result.assert_outcomes(passed=500)
    assert "after the end" not in result.stdout.str()


def test_the_environment_names_a_running_server(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`MOCKSEG_URL` attaches as `--mockseg-url` does; the flag wins."""
    pytester.makepyfile(
        """
        def test_url(segment_server, segment, send):
            print("server", segment_server.url)
            send(segment, "A")
            assert len(segment.calls()) == 1
        """
    )
    with MockSegment() as named, MockSegment() as flagged:
        monkeypatch.setenv("MOCKSEG_URL", named.url)
        run().stdout.fnmatch_lines([f"server {named.url}"])
        run("--mockseg-url", flagged.url).stdout.fnmatch_lines([f"server {flagged.url}"])
        assert (named.summary().total, flagged.summary().total) == (1, 1)
