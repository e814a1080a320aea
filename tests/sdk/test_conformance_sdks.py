"""Real SDKs under the conformance suite: what is right, and the little that is not.

Answers one by one are in test_conformance_matrix.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mockseg.conformance.contract import SUITES, E2eConfig
from mockseg.conformance.runner import Sdk
from mockseg.conformance.verdicts import chosen, run_checks

ADAPTERS = Path(__file__).resolve().parent / "adapters"
JOBS = 6
# One of each kind: a page of jsdom takes a second to start.
OF_A_BROWSER = (
    *("*-fields", "write-key", "auth-header", "message-id", "timestamps", "sent-at", "library"),
    *("all-arrive", "first-attempt", "values", "neighbours", "reset-after", "retry-after"),
    *("settings-*", "slow-settings", "override-*", "max-retry-*"),
)


async def failed(name: str, *command: str, only: tuple[str, ...] = ()) -> set[str]:
    """Give the checks that an SDK fails, those of single answers apart."""
    config = E2eConfig.read((ADAPTERS / f"{name}.e2e-config.json").read_bytes(), place=name)
    checks = [
        check for check in chosen(config.suites, only=only) if not check.id.startswith("answer-")
    ]
    sdk = Sdk(command, config, timeout_seconds=100)
    verdicts = await run_checks(checks, sdk, jobs=JOBS)
    assert [verdict.saw for verdict in verdicts if verdict.stderr] == []
    return {verdict.check.id for verdict in verdicts if verdict.status == "fail"}


async def test_python_passes() -> None:
    """segment-analytics-python 2.4: nothing is amiss."""
    assert await failed("python", sys.executable, str(ADAPTERS / "python_cli.py")) == set()


async def test_node_does_not_know_how_large_its_batches_are(node: object) -> None:
    """@segment/analytics-node 3 counts bytes wrongly: what it takes for small is refused."""
    found = await failed("node", "node", str(ADAPTERS / "node_cli.mjs"))
    assert found == {"batch-bytes", "all-of-many-arrive", "large-alone"}


async def test_a_browser_passes(node: object) -> None:
    """@segment/analytics-next, a request for each call: fields, retries, settings, httpConfig."""
    adapter = str(ADAPTERS / "next_cli.mjs")
    assert await failed("browser", "node", adapter, only=OF_A_BROWSER) == set()


async def test_a_browser_that_batches_passes(node: object) -> None:
    """@segment/analytics-next in batches; X-Retry-Count apart, which sometimes lags by one."""
    adapter = str(ADAPTERS / "next_cli.mjs")
    only = ("recovers", "body-is-kept", "message-id-is-kept", "flush-at", "all-arrive")
    assert await failed("browser-batching", "node", adapter, only=only) == set()


def test_each_adapter_has_a_configuration_for_suites_that_exist() -> None:
    """Their e2e-config.json files say nothing that is refused."""
    files = sorted(ADAPTERS.glob("*.e2e-config.json"))
    configs = [E2eConfig.read(file.read_bytes(), place=file.name) for file in files]
    assert len(configs) >= 5
    assert all(set(config.suites) <= set(SUITES) for config in configs)
