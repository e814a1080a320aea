"""A server on another machine: attached to with the control token."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mockseg import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "plugin-token"


@pytest.fixture(name="url")
def _url(listen_elsewhere: Callable[..., Any]) -> Iterator[str]:
    """Give the address of a server that takes its clients for another machine's."""
    with MockSegment(control_token=TOKEN) as server:
        thread = server._thread
        assert thread is not None
        runner = thread.started.result()._runner
        loop = thread.transport.result()._loop
        opening = listen_elsewhere(runner, ("203.0.113.9", 50_000))
        url, listener = asyncio.run_coroutine_threadsafe(opening, loop).result()
        yield url
        loop.call_soon_threadsafe(listener.close)


def test_the_token_of_ini_or_environment_attaches(
    run: Callable[..., pytest.RunResult],
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
) -> None:
    """Without it the run ends before the first test, and says what is missing."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_own(segment, send):
            assert send(segment, "A") == 200
            segment.assert_called(track("A"))
        """
    )
    refused = run("--mockseg-url", url)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["ERROR: --mockseg-url: *pytest: ini mockseg_control_token*"])

    run("--mockseg-url", url, ini=f"mockseg_control_token = {TOKEN}\n").assert_outcomes(passed=1)
    monkeypatch.setenv("MOCKSEG_CONTROL_TOKEN", TOKEN)
    result = run("--mockseg-url", url, ini="mockseg_control_token = wrong\n")
    result.assert_outcomes(passed=1)
    assert TOKEN not in result.stdout.str()
