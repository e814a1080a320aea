"""The rate limit that vendors share."""

from __future__ import annotations

import pytest

from mockseg.destinations.rate_limit import RateLimit

SECOND = 1_000_000_000


def test_a_window_opens_with_its_first_request():
    """What is too many is refused until the window ends."""
    limit = RateLimit(2, window_ns=10 * SECOND)
    moments = (3, 4, 12.9, 13, 13, 13)
    assert [limit.refuses(int(moment * SECOND)) for moment in moments] == [
        *(False, False, True),
        *(False, False, True),
    ]


def test_a_block_outlives_the_window_and_is_not_made_longer():
    """It begins with the first request that is too many."""
    limit = RateLimit(1, window_ns=SECOND, block_ns=60 * SECOND)
    moments = (0, 0, 59, 60, 60)
    assert [limit.refuses(moment * SECOND) for moment in moments] == [
        *(False, True, True),
        *(False, True),
    ]


@pytest.mark.parametrize("most", [None, 0])
def test_without_a_maximum_all_are_taken(most):
    """None and 0 say so."""
    limit = RateLimit(most, window_ns=SECOND)
    assert not any(limit.refuses(0) for _ in range(1000))


def test_a_clock_that_is_set_back_ends_a_block():
    """Neither a block nor a full window outlives it."""
    limit = RateLimit(1, window_ns=10 * SECOND, block_ns=60 * SECOND)
    assert [limit.refuses(100 * SECOND) for _ in range(2)] == [False, True]
    assert limit.refuses(0) is False
    assert limit.refuses(-SECOND) is False
    assert limit.refuses(-SECOND) is True
