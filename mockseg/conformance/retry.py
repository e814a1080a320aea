"""The suite ``retry``: what is retried and what dropped, how often, when, and with what."""

from __future__ import annotations

import functools
from typing import assert_never

from mockseg.conformance import sources
from mockseg.conformance.answers import ANSWERS, PAST_BUDGET, Answer
from mockseg.conformance.assertions import (
    attempts,
    backoff_grows,
    bodies_are_the_same,
    delivered_once,
    each_is_stored_once,
    ids_are_kept,
    loss_is_reported,
    only_one_is_lost,
    resend_is_known,
    retries_are_counted,
    waited,
)
from mockseg.conformance.check import (
    EVENT,
    MAX_RETRIES,
    Check,
    Trial,
    at_once,
    config,
    numbered,
    one_event,
    track,
)

_retry = functools.partial(Check, suite="retry")

_RETRY_AFTER_SECONDS = 2
# The server counts from the request to the next; clocks and timers may differ by this.
_LEAST_WAIT = _RETRY_AFTER_SECONDS - 0.1
# A date has whole seconds: of three, two are left at least.
_DATE_SECONDS = 3
_LEAST_DATE_WAIT = 1.9
_TIMEOUT_SECONDS = 2
_GENERIC = {"GENERIC_RETRY_AFTER": (True,)}
# Browsers that batch drop silently.
_REPORTS = {"BROWSER_BATCHING": (None, False)}


def _of_answer(answer: Answer) -> Check:
    """Make the check that an answer is treated as it should be."""
    match answer.expected:
        case "delivered":
            expected = "is a success: one attempt, and the CLI says so"
            judge = attempts(EVENT, most=1, success=True)
        case "dropped":
            expected = "is final: one attempt"
            judge = attempts(EVENT, most=1)
        case "not retried":
            expected = "is not retried, whether it is taken for a success or not"
            judge = attempts(EVENT, most=1)
        case "retried":
            expected = (
                f"is retried, and at most maxRetries ({MAX_RETRIES}) times:"
                f" 2 to {MAX_RETRIES + 1} attempts"
            )
            judge = attempts(EVENT, least=2, most=MAX_RETRIES + 1)
        case None:
            raise ValueError(f"nothing is expected for {answer.id}")
        case _:
            assert_never(answer.expected)
    return _retry(
        f"answer-{answer.id}",
        expected=f"An answer of {answer.label} {expected}.",
        source=sources.RETRY_POLICY,
        trial=answer.trial,
        judge=judge,
    )


_ON_400 = next(answer.trial for answer in ANSWERS if answer.id == "400")
_ONE_RETRY = one_event(
    "503 for ever, one retry", {"status": 503, "times": PAST_BUDGET}, max_retries=1
)
_THREE_RETRIES = one_event(
    "503 for ever, three retries", {"status": 503, "times": PAST_BUDGET + 1}, max_retries=3
)
_RECOVERY = Trial(
    "three times 503, then all is well",
    # The one that is looked at comes first: some SDKs flush before all of them are there.
    at_once(track(), *numbered(2)),
    config(flush_at=3, max_retries=3),
    # Of each batch, or of each message where every one has a request of its own.
    tuple({"status": 503, "attempt": attempt, "times": 20} for attempt in (1, 2, 3)),
)
_RESET = one_event("reset before storing", {"reset": "before"})
_LOST_ACK = one_event("reset after storing", {"reset": "after"})
_CUT = one_event("connection closed in the head of the answer", {"close": "head"})
_HANG = one_event("an answer that never comes", {"hang": True}, timeout=_TIMEOUT_SECONDS)
_FLAKY = Trial(
    "every batch fails twice",
    at_once(*numbered(20)),
    config(flush_at=5, max_retries=3),
    ({"reset": "before", "attempt": 1}, {"status": 503, "attempt": 2}),
)
_NEIGHBOURS = Trial(
    "one event of three is refused",
    at_once(track("First"), track("Second"), track("Third")),
    config(flush_at=1),
    ({"status": 400, "event": "Second", "times": PAST_BUDGET},),
)
_WAIT = one_event("429 with Retry-After", {"status": 429, "retry_after": _RETRY_AFTER_SECONDS})
_UNCOUNTED = one_event(
    "three times 429 with Retry-After, one retry",
    {"status": 429, "retry_after": 1, "times": 3},
    max_retries=1,
)
_ZERO = one_event("429 with Retry-After: 0", {"status": 429, "retry_after": 0})
_WORDS = one_event(
    "429 with Retry-After: soon", {"status": 429, "headers": {"Retry-After": "soon"}}
)
_NO_HEADER = one_event(
    "429 with X-RateLimit-Reset alone",
    {"status": 429, "headers": {"X-RateLimit-Reset": "1", "Retry-After": None}},
)
_DATE = one_event(
    "429 with a date in Retry-After",
    {"status": 429, "headers": {"Retry-After": {"after": _DATE_SECONDS}}},
)
_WAIT_503 = one_event("503 with Retry-After", {"status": 503, "retry_after": _RETRY_AFTER_SECONDS})

_STATUSES = tuple(_of_answer(answer) for answer in ANSWERS if answer.expected is not None)

_BUDGET: tuple[Check, ...] = (
    _retry(
        "budget-1",
        expected="With maxRetries 1, 503 for ever is tried twice.",
        source=sources.CONTRACT,
        trial=_ONE_RETRY,
        judge=attempts(EVENT, least=2, most=2),
    ),
    _retry(
        "budget-3",
        expected="With maxRetries 3, 503 for ever is tried four times.",
        source=sources.CONTRACT,
        trial=_THREE_RETRIES,
        judge=attempts(EVENT, least=4, most=4),
    ),
    _retry(
        "loss-is-reported",
        expected="After the last retry the CLI says success: false.",
        source=sources.CONTRACT,
        trial=_ONE_RETRY,
        judge=loss_is_reported,
        needs=_REPORTS,
    ),
    _retry(
        "drop-is-reported",
        expected="After a 400 the CLI says success: false.",
        source=sources.CONTRACT,
        trial=_ON_400,
        judge=loss_is_reported,
        needs=_REPORTS,
    ),
    _retry(
        "backoff-grows",
        expected="The third retry waits 0.9 s at least, and longer than the first.",
        source=f"{sources.RETRY_POLICY}; base 0.5 s, doubled, 10 % jitter",
        trial=_THREE_RETRIES,
        judge=backoff_grows,
    ),
)

_RESENDS: tuple[Check, ...] = (
    _retry(
        "recovers",
        expected="What fails three times is delivered by the third of three retries.",
        source=sources.RETRY_POLICY,
        trial=_RECOVERY,
        judge=delivered_once(EVENT, attempt=4),
    ),
    _retry(
        "retry-count",
        expected="X-Retry-Count is absent at first, then 1, 2, 3.",
        source=sources.RETRY_COUNT,
        trial=_RECOVERY,
        judge=retries_are_counted(EVENT),
    ),
    _retry(
        "message-id-is-kept",
        expected="Each message has the same messageId in every attempt.",
        source="Segment's documentation: Duplicate data; messages are told apart by messageId",
        trial=_RECOVERY,
        judge=ids_are_kept,
    ),
    _retry(
        "body-is-kept",
        expected="A retry carries the same messages; only sentAt and _metadata may differ.",
        source=sources.TIMESTAMPS,
        trial=_RECOVERY,
        judge=bodies_are_the_same(EVENT),
    ),
    _retry(
        "reset-before",
        expected="A connection that is reset before storing is tried again: stored once.",
        source=sources.RETRY_POLICY,
        trial=_RESET,
        judge=delivered_once(EVENT, attempt=2),
    ),
    _retry(
        "reset-after",
        expected="A connection that is reset after storing is tried again, as the same message.",
        source="Segment's documentation: Duplicate data",
        trial=_LOST_ACK,
        judge=resend_is_known(EVENT),
    ),
    _retry(
        "cut-answer",
        expected="After an answer that ends in its head, the event is stored once in the end.",
        source=sources.RETRY_POLICY,
        trial=_CUT,
        judge=attempts(EVENT, least=0, stored=True),
    ),
    _retry(
        "timeout",
        expected=f"No answer within timeout ({_TIMEOUT_SECONDS} s) is tried again: stored once.",
        source=f"{sources.RETRY_POLICY}; timeouts are network errors",
        trial=_HANG,
        judge=delivered_once(EVENT, attempt=2),
    ),
    _retry(
        "nothing-lost",
        expected="20 events in batches that fail twice each are stored once each.",
        source=sources.RETRY_POLICY,
        trial=_FLAKY,
        judge=each_is_stored_once(20),
    ),
    _retry(
        "neighbours",
        expected="An event that is refused takes no other with it.",
        source=sources.RETRY_POLICY,
        trial=_NEIGHBOURS,
        judge=only_one_is_lost(("First", "Second", "Third"), lost="Second"),
    ),
)

_RETRY_AFTER: tuple[Check, ...] = (
    _retry(
        "retry-after",
        expected=f"429 with Retry-After: {_RETRY_AFTER_SECONDS} is retried after that, no sooner.",
        source=sources.RETRY_AFTER,
        trial=_WAIT,
        judge=waited(EVENT, least=_LEAST_WAIT),
    ),
    _retry(
        "retry-after-is-not-counted",
        expected="With maxRetries 1, three answers of 429 with Retry-After: 1 cost nothing.",
        source=sources.RETRY_AFTER,
        trial=_UNCOUNTED,
        judge=delivered_once(EVENT, attempt=4),
    ),
    _retry(
        "retry-after-0",
        expected="429 with Retry-After: 0 is retried.",
        source=sources.RETRY_AFTER,
        trial=_ZERO,
        judge=delivered_once(EVENT, attempt=2),
    ),
    _retry(
        "retry-after-words",
        expected="429 with an invalid Retry-After is retried after the usual backoff.",
        source=sources.RETRY_AFTER,
        trial=_WORDS,
        judge=delivered_once(EVENT, attempt=2),
    ),
    _retry(
        "no-retry-after",
        expected="429 without Retry-After is retried after the usual backoff.",
        source=sources.RETRY_AFTER,
        trial=_NO_HEADER,
        judge=delivered_once(EVENT, attempt=2),
    ),
    _retry(
        "retry-after-date",
        expected="429 with a date in Retry-After is retried.",
        source=sources.RETRY_AFTER,
        trial=_DATE,
        judge=delivered_once(EVENT, attempt=2),
    ),
    _retry(
        "retry-after-date-is-waited-for",
        expected=f"A date in Retry-After, {_DATE_SECONDS} s ahead, is waited for.",
        source="GENERIC_RETRY_AFTER in analytics-react-native: seconds or a date",
        trial=_DATE,
        judge=waited(EVENT, least=_LEAST_DATE_WAIT),
        needs=_GENERIC,
    ),
    _retry(
        "retry-after-503",
        expected=f"503 with Retry-After: {_RETRY_AFTER_SECONDS} is retried after that, no sooner.",
        source="GENERIC_RETRY_AFTER in analytics-react-native: any status that is retried",
        trial=_WAIT_503,
        judge=waited(EVENT, least=_LEAST_WAIT),
        needs=_GENERIC,
    ),
)

RETRY: tuple[Check, ...] = (*_STATUSES, *_BUDGET, *_RESENDS, *_RETRY_AFTER)
