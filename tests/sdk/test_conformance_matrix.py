"""What the real SDKs make of each answer, row for row, with two retries allowed.

Measured; facts about segment-analytics-python 2.3.4 and 2.4.0 and @segment/analytics-node 3.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from mockseg.conformance.answers import ANSWERS
from mockseg.conformance.contract import E2eConfig
from mockseg.conformance.matrix import measure
from mockseg.conformance.runner import Sdk

ADAPTERS = Path(__file__).resolve().parent / "adapters"
OLD = "2.3.4"
JOBS = 6

# Answer: segment-analytics-python 2.3.4, 2.4.0, @segment/analytics-node 3.
MEASURED = {
    "200-empty": ("1 ok", "1 ok", "1 ok"),
    "200-text": ("1 ok", "1 ok", "1 ok"),
    "201": ("3 lost", "1 ok", "1 ok"),
    "204": ("3 lost", "1 ok", "1 ok"),
    "301": ("3 lost", "1 lost", "1 ok"),
    "304": ("3 lost", "1 lost", "1 ok"),
    "400": ("1 lost", "1 lost", "1 lost"),
    "400-text": ("1 lost", "1 lost", "1 lost"),
    # A missing key of the body is an error of the network to the old one.
    "400-bare": ("3 lost", "1 lost", "1 lost"),
    "401": ("1 lost", "1 lost", "1 lost"),
    "403": ("1 lost", "1 lost", "1 lost"),
    "404": ("1 lost", "1 lost", "1 lost"),
    "413": ("1 lost", "1 lost", "1 lost"),
    "422": ("1 lost", "1 lost", "1 lost"),
    "408": ("1 lost", "3 lost", "3 lost"),
    "410": ("1 lost", "3 lost", "3 lost"),
    "460": ("1 lost", "3 lost", "3 lost"),
    "429": ("3 lost", "3 lost", "3 lost"),
    # Not counted; Node stops at maxRetries + 20 attempts, far past what is waited for here.
    "429-retry-after-1": ("3 lost", "endless", "endless"),
    "429-retry-after-0": ("3 lost", "3 lost", "endless"),
    "500": ("3 lost", "3 lost", "3 lost"),
    "502": ("3 lost", "3 lost", "3 lost"),
    "503": ("3 lost", "3 lost", "3 lost"),
    "504": ("3 lost", "3 lost", "3 lost"),
    "503-retry-after-1": ("3 lost", "endless", "3 lost"),
    "501": ("3 lost", "1 lost", "1 lost"),
    "505": ("3 lost", "1 lost", "1 lost"),
    "511": ("3 lost", "1 lost", "1 lost"),
    "reset": ("3 lost", "3 lost", "3 lost"),
}


async def column(*command: str, env: dict[str, str] | None = None) -> dict[str, str]:
    """Measure an SDK: its words for each answer."""
    sdk = Sdk(command, E2eConfig(env=env or {}), timeout_seconds=60)
    cells = await measure(sdk, jobs=JOBS)
    assert [cell.problem for cell in cells if cell.problem] == []
    return {answer.id: cell.words for answer, cell in zip(ANSWERS, cells, strict=True)}


def measured(place: int) -> dict[str, str]:
    """Give a column of the table."""
    return {answer: words[place] for answer, words in MEASURED.items()}


@pytest.fixture(scope="session")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with the SDK as it was before 2.4; in CI it must be had."""
    folder = tmp_path_factory.mktemp("old-sdk")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
            *("--disable-pip-version-check", "--no-compile", f"segment-analytics-python=={OLD}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        missed = pytest.fail if os.environ.get("CI") else pytest.skip
        missed(f"the SDK {OLD} cannot be had; pip said: {done.stderr.strip()[-500:]}")
    return python


async def test_python_before_2_4_retries_what_is_no_200(old_python: Path) -> None:
    """2.3.4 takes only 200 for a success, ignores Retry-After, and retries 501 and 505."""
    adapter = str(ADAPTERS / "python_cli.py")
    assert await column(str(old_python), adapter) == measured(0)


async def test_python_2_4_follows_the_policy_and_has_no_end_with_retry_after() -> None:
    """2.4.0 retries what the policy says; Retry-After is not counted, whatever the status."""
    assert await column(sys.executable, str(ADAPTERS / "python_cli.py")) == measured(1)


async def test_node_3_follows_the_policy_and_takes_3xx_for_a_success(node: object) -> None:
    """Retry-After counts for 429 alone, a second at least, and is not counted."""
    assert await column("node", str(ADAPTERS / "node_cli.mjs")) == measured(2)
