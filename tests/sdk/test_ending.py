"""What a process sends whose last words were calls to the SDK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockseg import identify, track

if TYPE_CHECKING:
    from mockseg.client.source import Source

PROGRAM = Path(__file__).resolve().parent / "ending.py"


def _run(how: str, source: Source) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAM), how, source.url, source.write_key],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("how", ["at-exit", "shutdown"])
def test_a_python_process_that_ends_at_once_has_sent_its_calls(how: str, source: Source) -> None:
    """When the process is gone everything is there; nobody has to wait for it."""
    _run(how, source)
    calls = source.calls(good=True)
    assert [call.properties["number"] for call in calls] == [1, 2, 3]


def test_the_functions_of_the_python_module_flush_at_exit(source: Source) -> None:
    """The usual way: a key and a host on the module, a shutdown registered for the exit."""
    _run("module", source)
    source.assert_in_order(
        [
            identify(user_id="u-1", traits={"plan": "team"}),
            track("Ended", properties={"number": 1}),
            track("Ended", properties={"number": 2}),
        ],
        wait=0,
    )
    source.assert_all_good()


@pytest.mark.parametrize("end", ["closeAndFlush", "flush"])
def test_a_node_process_that_ends_at_once_has_sent_its_calls(
    end: str, source: Source, node: Any
) -> None:
    """After closeAndFlush, or a flush, the process ends by itself with everything sent."""
    said = node.run("threeTracks", source=source, end=end)
    assert said == [{"delivered": 3}]
    calls = source.calls(good=True)
    assert [call.properties["number"] for call in calls] == [1, 2, 3]
