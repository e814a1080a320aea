"""The conformance suite against adapters: one that is right, many that are wrong, real SDKs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mockseg.conformance.contract import SUITES, E2eConfig
from mockseg.conformance.runner import Sdk
from mockseg.conformance.verdicts import chosen, run_checks

ADAPTERS = Path(__file__).resolve().parent / "adapters"
ALL_FLAGS = {
    "AUTH_HEADER": "true",
    "HTTP_CONFIG_SETTINGS": "true",
    "GENERIC_RETRY_AFTER": "true",
}

# Way to be wrong -> checks that must find it.
CAUGHT_BY = {
    "new-message-ids": ("message-id-is-kept", "reset-after"),
    "retries-400": ("answer-400",),
    "gives-up-on-503": ("answer-503", "recovers"),
    "gives-up-on-reset": ("answer-reset", "reset-before", "timeout"),
    "ignores-retry-after": ("retry-after",),
    "counts-retry-after": ("retry-after-is-not-counted",),
    "no-backoff": ("backoff-grows",),
    "constant-backoff": ("backoff-grows",),
    "never-stops": ("answer-500", "budget-1"),
    "loses-the-last": ("all-arrive", "types-arrive"),
    "reorders": ("order-in-batch",),
    "invents": ("all-arrive", "types-arrive"),
    "sends-again": ("all-arrive", "message-id"),
    "too-large-batches": ("batch-bytes", "all-of-many-arrive"),
    "too-large-messages": ("large-alone",),
    "over-flush-at": ("flush-at",),
    "no-retry-count": ("retry-count",),
    "stuck-retry-count": ("retry-count",),
    "no-write-key": ("write-key", "types-arrive"),
    "no-sent-at": ("sent-at",),
    "ignores-http-config": ("override-to-drop", "max-retry-count"),
    "dies-without-settings": ("settings-500",),
    "hides-losses": ("loss-is-reported", "drop-is-reported"),
}


def reference(*options: str, env: dict[str, str] = ALL_FLAGS) -> Sdk:
    """Give the adapter in plain Python, right unless the options say otherwise."""
    command = [sys.executable, str(ADAPTERS / "http_cli.py"), *options]
    return Sdk(command, E2eConfig(env=env), timeout_seconds=60)


async def test_an_adapter_that_is_right_passes_every_check() -> None:
    """All four suites: nothing fails, and only the opposite of what it can does not apply."""
    verdicts = await run_checks(chosen(SUITES), reference(), jobs=16)
    failed = {verdict.check.id: verdict.saw for verdict in verdicts if verdict.status == "fail"}
    assert failed == {}
    apart = [verdict.check.id for verdict in verdicts if verdict.status == "not applicable"]
    assert apart == ["settings-404-is-reported", "settings-500-is-reported"]


async def test_every_way_to_be_wrong_is_caught() -> None:
    """Each of the checks that are about a mistake fails, and says what was seen instead."""
    # Few at once: some of the checks measure pauses, and a busy machine makes pauses longer.
    room = asyncio.Semaphore(3)

    async def rulings(way: str, checks: tuple[str, ...]) -> dict[str, str]:
        async with room:
            chosen_checks = chosen(SUITES, only=checks)
            verdicts = await run_checks(chosen_checks, reference("--wrong", way), jobs=2)
        assert all(verdict.saw and not verdict.stderr for verdict in verdicts)
        return {verdict.check.id: verdict.status for verdict in verdicts}

    found = await asyncio.gather(*(rulings(way, checks) for way, checks in CAUGHT_BY.items()))
    assert dict(zip(CAUGHT_BY, found, strict=True)) == {
        way: dict.fromkeys(checks, "fail") for way, checks in CAUGHT_BY.items()
    }
