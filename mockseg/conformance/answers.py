"""The answers that SDKs tell apart: the rows of the matrix, and what is expected for each."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

from mockseg.client.verbs.fault import FaultOptions
from mockseg.conformance.check import MAX_RETRIES, Trial, one_event

Expectation: TypeAlias = Literal["delivered", "dropped", "not retried", "retried"]

# An SDK that still retries after this many failures never ends: then the fault is lifted.
PAST_BUDGET = MAX_RETRIES + 1 + 3


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one event is answered, again and again.

    Attributes:
        id: for the check.
        label: for people.
        expected: delivered at the first attempt; dropped at it; not retried, whatever it is
            taken for; or retried as often as is allowed, and no more. None where SDKs
            differ and no check is made of it.
        trial: one event into this answer.
    """

    id: str
    label: str
    expected: Expectation | None
    trial: Trial


def _answer(id_: str, label: str, expected: Expectation | None, effect: FaultOptions) -> Answer:
    return Answer(id_, label, expected, one_event(label, {**effect, "times": PAST_BUDGET}))


def _status(status: int, expected: Expectation) -> Answer:
    return _answer(str(status), str(status), expected, {"status": status})


ANSWERS: tuple[Answer, ...] = (
    _answer("200-empty", "200, empty body", "delivered", {"body": "empty"}),
    _answer("200-text", "200, text body", "delivered", {"body": "text"}),
    _status(201, "delivered"),
    _status(204, "delivered"),
    _answer("301", "301 without Location", "not retried", {"status": 301}),
    _status(304, "not retried"),
    _status(400, "dropped"),
    _answer("400-text", "400, text body", "dropped", {"status": 400, "body": "text"}),
    _answer(
        "400-bare",
        "400, JSON without code and message",
        "dropped",
        {"status": 400, "body": {"json": {"success": False}}},
    ),
    *(_status(status, "dropped") for status in (401, 403, 404, 413, 422)),
    *(_status(status, "retried") for status in (408, 410, 460, 429)),
    _answer(
        "429-retry-after-1",
        "429, Retry-After: 1",
        None,
        {"status": 429, "retry_after": 1},
    ),
    _answer(
        "429-retry-after-0",
        "429, Retry-After: 0",
        None,
        {"status": 429, "retry_after": 0},
    ),
    _status(500, "retried"),
    _answer("502", "502, a page of a proxy", "retried", {"status": 502, "body": "html"}),
    _status(503, "retried"),
    _status(504, "retried"),
    _answer(
        "503-retry-after-1",
        "503, Retry-After: 1",
        None,
        {"status": 503, "retry_after": 1},
    ),
    *(_status(status, "dropped") for status in (501, 505, 511)),
    _answer("reset", "connection reset", "retried", {"reset": "before"}),
)
