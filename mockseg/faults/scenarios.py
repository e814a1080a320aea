"""Scenarios: faults that belong together, by a name. Data only.

Each is a list of rules as ``POST /faults`` takes them. All of them end by themselves.
"""

from __future__ import annotations

import dataclasses

from mockseg.json_types import JsonObject


@dataclasses.dataclass(frozen=True, slots=True)
class Scenario:
    """A named list of rules.

    Attributes:
        says: what it is like, a sentence.
        rules: each with ``effect``, and ``match``, ``times``, ``probability`` where needed.
    """

    says: str
    rules: tuple[JsonObject, ...]


_FLAKY = 1000

SCENARIOS: dict[str, Scenario] = {
    "rate-limited": Scenario(
        "Two answers of 429 with Retry-After: 1.",
        ({"effect": {"status": 429, "retryAfter": 1}, "times": 2},),
    ),
    "rate-limited-by-date": Scenario(
        "Two answers of 429 whose Retry-After is a date, one second ahead.",
        (
            {
                "effect": {"status": 429, "headers": {"Retry-After": {"after": 1}}},
                "times": 2,
            },
        ),
    ),
    "outage-then-recovery": Scenario(
        "Five answers of 503, then all is well.", ({"effect": {"status": 503}, "times": 5},)
    ),
    "bad-gateway": Scenario(
        "Three answers of 502 with a page of a proxy.",
        ({"effect": {"status": 502, "body": "html"}, "times": 3},),
    ),
    "flaky-network": Scenario(
        "One request in five is reset before it is stored, one in ten after, one in ten is slow.",
        (
            {"effect": {"reset": "before"}, "probability": 0.2, "times": _FLAKY},
            {"effect": {"reset": "after"}, "probability": 0.1, "times": _FLAKY},
            {
                "effect": {"delay": {"lognormal": {"median": 0.2, "most": 2}}},
                "probability": 0.1,
                "times": _FLAKY,
            },
        ),
    ),
    "lost-ack": Scenario(
        "One answer is lost after its calls were stored: the client sends them again.",
        ({"effect": {"reset": "after"}, "times": 1},),
    ),
    "slow": Scenario(
        "A thousand answers take 0.3 s, most of them, and some much longer.",
        ({"effect": {"delay": {"lognormal": {"median": 0.3, "most": 3}}}, "times": _FLAKY},),
    ),
    "dribble": Scenario(
        "Three answers come byte by byte.", ({"effect": {"dribble": 0.02}, "times": 3},)
    ),
    "garbled-answers": Scenario(
        "Answers of 200 that are not JSON, are cut off, and are not gzip, one each.",
        (
            {"effect": {"body": "garbage"}, "times": 1},
            {"effect": {"body": "truncated"}, "times": 1},
            {"effect": {"badGzip": "corrupt"}, "times": 1},
        ),
    ),
    "black-hole": Scenario(
        "One request is never answered; the client has to give up by itself.",
        ({"effect": {"hang": True}, "times": 1},),
    ),
    "settings-down": Scenario(
        "Three answers of 500 where the CDN's settings are asked for.",
        ({"match": {"route": "settings"}, "effect": {"status": 500}, "times": 3},),
    ),
}
