"""What an answer means, and how long is waited before the next attempt."""

from __future__ import annotations

import pytest

from mockseg.delivery.outgoing import Unanswered
from mockseg.delivery.retrying import RetryPolicy, backoff_seconds, meaning_of
from mockseg.destinations.vendor import VendorResponse

NOON_NS = 1_767_268_800_000_000_000
USUAL = RetryPolicy()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_delivered(status):
    """202 too: accepted, not processed yet."""
    ruling = meaning_of(VendorResponse(status), USUAL)
    assert (ruling.delivered, ruling.again, ruling.label) == (True, False, None)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_429_and_5xx_are_tried_again(status):
    """With the label of Segment's page on error codes."""
    ruling = meaning_of(VendorResponse(status), USUAL)
    label = "awaiting-retry.429" if status == 429 else "awaiting-retry.5xx"
    assert (ruling.delivered, ruling.again, ruling.label) == (False, True, label)
    assert ruling.description == f"the destination answered {status}"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 410, 422, 460])
def test_other_4xx_are_never_tried_again(status):
    """408 neither."""
    ruling = meaning_of(VendorResponse(status), USUAL)
    assert (ruling.again, ruling.label) == (False, f"discarded.{status}")
    assert ruling.reason == str(status)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 304])
def test_redirects_are_not_followed(status):
    """What is not a success is a failure."""
    ruling = meaning_of(VendorResponse(status), USUAL)
    assert (ruling.delivered, ruling.again, ruling.reason) == (False, False, str(status))


def test_501_is_discarded_unless_the_switch_says_otherwise():
    """It is the contract's answer for unsupported calls, and one of the 5xx."""
    ruling = meaning_of(VendorResponse(501), USUAL)
    assert (ruling.again, ruling.label) == (False, "discarded.501")
    assert ruling.reason == "UNSUPPORTED_EVENT_TYPE"
    again = meaning_of(VendorResponse(501), RetryPolicy(retry_501=True))
    assert (again.again, again.label) == (True, "awaiting-retry.5xx")


@pytest.mark.parametrize(
    "code",
    ["ETIMEDOUT", "ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EHOSTUNREACH"],
)
def test_timeouts_and_network_errors_are_tried_again(code):
    """Each with its own label and a sentence."""
    ruling = meaning_of(Unanswered(code, "detail"), USUAL)
    assert (ruling.again, ruling.label) == (True, f"awaiting-retry.{code}")
    assert ruling.description.endswith(": detail")


def wait(outcome, retries=0, *, share=0.5, policy=USUAL):
    """Give the wait before the next attempt, in seconds."""
    return backoff_seconds(outcome, policy, retries=retries, share=share, now_ns=NOON_NS)


def test_backoff_doubles_from_half_a_second_with_full_jitter():
    """Drawn from 0 to 0.5 s, then from 0 to 1 s and so on, up to the cap."""
    failed = VendorResponse(503)
    assert [wait(failed, n, share=0.999999) for n in range(4)] == pytest.approx(
        [0.5, 1, 2, 4], 1e-3
    )
    assert wait(failed, 3, share=0) == 0
    assert wait(failed, 3, share=0.25) == 1
    assert wait(failed, 10_000, share=0.5) == 150
    mine = RetryPolicy(base_seconds=2, cap_seconds=3)
    assert [wait(failed, n, share=0.5, policy=mine) for n in range(3)] == [1, 1.5, 1.5]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("name", ["Retry-After", "retry-after"])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1", 1), ("120", 120), (" 30 ", 30), ("Thu, 01 Jan 2026 12:00:10 GMT", 10)],
)
def test_retry_after_is_waited_out_exactly(status, name, value, seconds):
    """Seconds or a date, which counts by the clock of the source."""
    assert wait(VendorResponse(status, headers=((name, value),)), 5) == seconds


@pytest.mark.parametrize(
    "value",
    ["0", "", "soon", "-3", "1.5", "٣", "Thu, 01 Jan 2026 11:00:00 GMT", "Thu, 99 Foo", "9" * 5000],
)
def test_a_retry_after_that_says_nothing_leaves_the_backoff(value):
    """Zero too, or an endpoint that answers it would be asked without a pause."""
    seconds = wait(VendorResponse(429, headers=(("Retry-After", value),)), 1)
    assert seconds == (999_999_999_999 if value.startswith("9") else 0.5)
