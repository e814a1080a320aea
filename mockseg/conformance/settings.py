"""The suites ``settings`` and ``retry-settings``: what an SDK takes from the CDN."""

from __future__ import annotations

import functools
from typing import Any

from mockseg.client.verbs.fault import FaultOptions
from mockseg.conformance import sources
from mockseg.conformance.answers import PAST_BUDGET
from mockseg.conformance.assertions import (
    attempts,
    delivered_once,
    failure_is_reported,
    waited,
)
from mockseg.conformance.check import EVENT, Check, Judgement, one_event
from mockseg.conformance.evidence import Evidence

# Settings are fetched once, or now and then; no SDK is kept from them for ever.
_TIMES = 20

_CDN = {"auto_settings": (None, True)}
_FALLBACK = {"SETTINGS_ERROR_FALLBACK": (None, True), **_CDN}
_NO_FALLBACK = {"SETTINGS_ERROR_FALLBACK": (False,), **_CDN}
_HTTP_CONFIG = {"HTTP_CONFIG_SETTINGS": (True,), **_CDN}

_settings = functools.partial(Check, suite="settings", source=sources.SETTINGS)
_overriding = functools.partial(
    Check, suite="retry-settings", source=sources.HTTP_CONFIG, needs=_HTTP_CONFIG
)


def _settings_are_fetched(evidence: Evidence) -> Judgement:
    asked = [request for request in evidence.settings if evidence.write_key in request.path]
    saw = f"{len(asked)} requests for the settings of the write key"
    if not evidence.requests:
        return Judgement(passed=False, saw=f"{saw}, and no events")
    return Judgement(bool(asked) and asked[0].at <= evidence.requests[0].at, saw)


_BROKEN: dict[str, tuple[str, FaultOptions]] = {
    "404": ("are not found (404)", {"status": 404, "body": "text"}),
    "500": ("are not available (500)", {"status": 500}),
    "garbage": ("are not JSON", {"body": "garbage"}),
    "truncated": ("end in the middle", {"body": "truncated"}),
    "reset": ("end in a reset connection", {"reset": "before"}),
}
_TRIALS = {
    name: one_event(f"settings that {what}", {**effect, "route": "settings", "times": _TIMES})
    for name, (what, effect) in _BROKEN.items()
}
_USUAL = one_event("the usual settings")
_SLOW = one_event("slow settings", {"route": "settings", "delay": 1.5})

SETTINGS: tuple[Check, ...] = (
    _settings(
        "settings-are-fetched",
        expected="The settings of the write key are fetched before events are sent.",
        trial=_USUAL,
        judge=_settings_are_fetched,
        needs=_CDN,
    ),
    _settings(
        "settings-then-events",
        expected="With the usual settings, events are delivered once.",
        trial=_USUAL,
        judge=delivered_once(EVENT, attempt=1),
        needs=_CDN,
    ),
    _settings(
        "slow-settings",
        expected="Events that were tracked before the settings came are delivered once.",
        trial=_SLOW,
        judge=delivered_once(EVENT, attempt=1),
        needs=_CDN,
    ),
    *(
        _settings(
            f"settings-{name}",
            expected=f"When the settings {_BROKEN[name][0]}, events are delivered all the same.",
            trial=trial,
            judge=delivered_once(EVENT, attempt=1),
            needs=_FALLBACK,
        )
        for name, trial in _TRIALS.items()
    ),
    *(
        _settings(
            f"settings-{name}-is-reported",
            expected=f"When the settings {_BROKEN[name][0]}, the CLI says success: false.",
            trial=_TRIALS[name],
            judge=failure_is_reported,
            needs=_NO_FALLBACK,
        )
        for name in ("404", "500")
    ),
)


def _config(**parts: dict[str, Any]) -> FaultOptions:
    return {"route": "settings", "http_config": parts, "times": _TIMES}


def _backoff(**values: object) -> FaultOptions:
    return _config(backoffConfig={"enabled": True, **values})


def _failing(status: int) -> FaultOptions:
    return {"status": status, "times": PAST_BUDGET}


RETRY_SETTINGS: tuple[Check, ...] = (
    _overriding(
        "override-to-drop",
        expected='statusCodeOverrides {"503": "drop"}: 503 is tried once.',
        trial=one_event(
            "503 is dropped", _backoff(statusCodeOverrides={"503": "drop"}), _failing(503)
        ),
        judge=attempts(EVENT, most=1),
    ),
    _overriding(
        "override-to-retry",
        expected='statusCodeOverrides {"404": "retry"}: 404 is retried.',
        trial=one_event(
            "404 is retried",
            _backoff(statusCodeOverrides={"404": "retry"}),
            {"status": 404, "times": 1},
        ),
        judge=delivered_once(EVENT, attempt=2),
    ),
    _overriding(
        "default-4xx-retry",
        expected="default4xxBehavior retry: 422 is retried.",
        trial=one_event(
            "4xx are retried", _backoff(default4xxBehavior="retry"), {"status": 422, "times": 1}
        ),
        judge=delivered_once(EVENT, attempt=2),
    ),
    _overriding(
        "default-5xx-drop",
        expected="default5xxBehavior drop: 500 is tried once.",
        trial=one_event("5xx are dropped", _backoff(default5xxBehavior="drop"), _failing(500)),
        judge=attempts(EVENT, most=1),
    ),
    _overriding(
        "max-retry-count",
        expected="backoffConfig.maxRetryCount 1 wins over maxRetries 3: 500 is tried twice.",
        trial=one_event("one retry", _backoff(maxRetryCount=1), _failing(500), max_retries=3),
        judge=attempts(EVENT, most=2),
    ),
    _overriding(
        "base-backoff",
        expected="baseBackoffInterval 1.5: the second retry waits 1.3 s at least.",
        trial=one_event(
            "a long base",
            _backoff(baseBackoffInterval=1.5, jitterPercent=10),
            {"status": 500, "times": 2},
            max_retries=3,
        ),
        judge=waited(EVENT, least=1.3, gap=1),
    ),
    _overriding(
        "max-rate-limit-count",
        expected="rateLimitConfig.maxRetryCount 1: 429 with Retry-After: 1 ends after 3 attempts.",
        trial=one_event(
            "one wait",
            _config(rateLimitConfig={"enabled": True, "maxRetryCount": 1}),
            {"status": 429, "retry_after": 1, "times": PAST_BUDGET},
        ),
        judge=attempts(EVENT, most=3),
    ),
    _overriding(
        "max-retry-interval",
        expected="rateLimitConfig.maxRetryInterval 1: Retry-After: 30 is cut to it.",
        trial=one_event(
            "a short cap",
            _config(rateLimitConfig={"enabled": True, "maxRetryInterval": 1}),
            {"status": 429, "retry_after": 30},
        ),
        judge=waited(EVENT, least=0.5, most=20),
    ),
)
