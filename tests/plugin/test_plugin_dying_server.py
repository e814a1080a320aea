"""A server that dies in the middle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_tests_fail_with_the_reason_and_the_report_is_written(
    run: Run, pytester: pytest.Pytester
) -> None:
    """Those that needed it fail in one sentence; what was recorded before is reported."""
    pytester.makepyfile(
        """
        import os
        import signal
        import subprocess
        import sys

        import pytest
        from mockseg import track

        def test_before(segment, send):
            send(segment, "A")
            segment.assert_called(track("A"))

        def test_dies(segment, send):
            send(segment, "B")
            os.kill(int(os.environ["SERVER_PID"]), signal.SIGKILL)
            os.environ.pop("SERVER_PID")
            segment.assert_called(track("C"))

        def test_after(segment):
            segment.calls()

        def test_other():
            pass
        """
    )
    import os
    import subprocess
    import sys

    command = [sys.executable, "-m", "mockseg", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        os.environ["SERVER_PID"] = str(server.pid)
        try:
            result = run("--mockseg-url", url, "--mockseg-report", "out.json")
        finally:
            os.environ.pop("SERVER_PID", None)
            server.kill()
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines([f"*{url}*"])
    assert "Traceback" not in result.stdout.str()
    report = json.loads((pytester.path / "out.json").read_text())
    counts = {test["id"].rpartition("::")[2]: test["counts"]["total"] for test in report["tests"]}
    assert counts["test_before"] == 1
