"""What was lost, and which claims can no longer be checked because of it."""

from __future__ import annotations

import pytest

from mockseg.domain.lost import NOTHING_LOST, ForgottenSource, Lost

PLAN = ForgottenSource(at="2026-01-31T12:00:00.000Z", times=1, settings=("plan",))


def test_nothing_is_lost_at_first():
    """Where nothing was evicted, all numbers are 0, no source is forgotten, all can be checked."""
    assert Lost(calls=0, cursor=0, requests=0, number=0, forgotten=None) == NOTHING_LOST
    assert not NOTHING_LOST.inside(after=0, after_request=0)


def test_a_forgotten_source_counts_from_nothing():
    """Of a source that may have been forgotten nothing more is told."""
    assert ForgottenSource() == ForgottenSource(
        known=True, at=None, times=0, calls=0, requests=0, settings=()
    )


def test_losses_add_up():
    """Together two losses have as many calls as both, and the later of their last ones."""
    one = Lost(calls=2, cursor=7, requests=1, number=9)
    other = Lost(calls=3, cursor=5, requests=4, number=11, forgotten=PLAN)
    both = Lost(calls=5, cursor=7, requests=5, number=11, forgotten=PLAN)
    assert one + other == both
    assert other + one == both
    assert one + NOTHING_LOST == one


@pytest.mark.parametrize(
    ("lost", "after", "after_request", "inside"),
    [
        (Lost(calls=1, cursor=5), 4, None, True),
        (Lost(calls=1, cursor=5), 5, None, False),
        (Lost(calls=1, cursor=5), 6, None, False),
        (Lost(requests=1, number=5), 0, None, False),
        (Lost(requests=1, number=5), 0, 4, True),
        (Lost(requests=1, number=5), 0, 5, False),
        (Lost(requests=1, number=5), 0, 6, False),
        (Lost(requests=1, number=5), 0, 0, True),
        (Lost(forgotten=ForgottenSource(times=1)), 0, 0, False),
        (Lost(forgotten=PLAN), 10**9, None, True),
    ],
)
def test_a_claim_about_later_calls_fails_when_one_of_them_is_lost(
    lost, after, after_request, inside
):
    """What was evicted before the claim begins does not matter; a forgotten plan always does."""
    assert lost.inside(after=after, after_request=after_request) is inside
