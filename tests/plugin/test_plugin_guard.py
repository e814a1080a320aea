"""The guard: the real Segment is not reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

_TESTS = """
    import asyncio
    import socket
    import threading
    import urllib.request

    import pytest

    def quietly(url):
        try:
            urllib.request.urlopen(url, timeout=5)
        except OSError:
            pass

    @pytest.mark.parametrize(
        "host",
        ["api.segment.io", "CDN.segment.com.", "events.eu1.segmentapis.com",
         "cdn-settings.segment.com"],
    )
    def test_swallowed(host):
        quietly(f"http://{host}/v1/track")

    def test_in_a_thread():
        thread = threading.Thread(target=quietly, args=("http://api.segment.io/",))
        thread.start()
        thread.join()

    def test_in_an_event_loop():
        async def resolve():
            await asyncio.get_running_loop().getaddrinfo("api.segment.io", 443)
        with pytest.raises(socket.gaierror, match="guard"):
            asyncio.run(resolve())

    def test_connect():
        with socket.socket() as sock, pytest.raises(OSError):
            sock.settimeout(5)
            sock.connect(("api.segment.io", 443))

    def test_loopback(segment, send):
        send(segment, "A")
        socket.getaddrinfo("localhost", 80)
"""


def test_tests_that_try_fail(run: Run, pytester: pytest.Pytester) -> None:
    """However they resolve, and although they swallow the error; loopback is untouched."""
    pytester.makepyfile(_TESTS)
    result = run("--mockseg-guard", "-k", "not connect")
    result.assert_outcomes(failed=6, passed=1, deselected=1)
    result.stdout.fnmatch_lines(
        ["*stopped this test from reaching the real Segment at api.segment.io*"]
    )
    result.stdout.fnmatch_lines(["*this Python process only*"])


def test_ini_switches_it_on_and_what_is_outside_of_tests_fails_the_run(
    run: Run, pytester: pytest.Pytester
) -> None:
    """An import that phones home fails the run, too."""
    pytester.makepyfile(
        """
        import socket

        try:
            socket.getaddrinfo("api.segment.io", 443)
        except OSError:
            pass

        def test_nothing(): pass
        """
    )
    result = run(ini="mockseg_guard = true\n")
    result.assert_outcomes(passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*outside of its tests*api.segment.io*"])
