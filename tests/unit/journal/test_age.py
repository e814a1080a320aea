"""How old calls and requests may become, by the server's clock and without a timer."""

from __future__ import annotations

import pytest

from mockseg.clock import NANOSECONDS
from mockseg.config import Settings
from mockseg.errors import ConfigError
from mockseg.journal.age import AgeLimit

_HOUR_NS = 3600 * NANOSECONDS


class Clock:
    """A clock that is set."""

    def __init__(self):
        self.now_ns = 1_700_000_000 * NANOSECONDS

    def limit(self, hours):
        """Return a limit by this clock."""
        return AgeLimit(hours * _HOUR_NS, now_ns=lambda: self.now_ns)


@pytest.fixture(name="clock")
def _clock():
    return Clock()


def test_what_is_too_old_is_evicted_with_the_next_request_and_counted(recorder, clock):
    """Nothing goes before its time; what went is known as evicted."""
    made = recorder(age=clock.limit(10))
    made.record("a", 2)
    clock.now_ns += 5 * _HOUR_NS
    made.record("b", 1)
    clock.now_ns += 5 * _HOUR_NS
    made.record("a", 1)
    assert made.cursors() == [1, 2, 3, 4]
    clock.now_ns += _HOUR_NS
    made.record("b", 1)
    assert made.cursors() == [3, 4, 5]
    assert made.numbers("a") == [3]
    assert made.journal.lost("a").calls == 2
    assert made.journal.lost("a").cursor == 2
    assert made.journal.lost("b").calls == 0
    assert made.journal.counts("a").by_verdict()[1] == 1


def test_one_request_evicts_few_and_a_question_the_rest(recorder, clock):
    """However many are too old at once, one request holds the loop for a few of them."""
    made = recorder(age=clock.limit(1))
    for _ in range(500):
        made.record("a")
    clock.now_ns += 2 * _HOUR_NS
    made.record("a")
    assert 400 < made.journal.count("a")[1] < 500
    while made.journal.evict_expired():
        pass
    assert made.numbers() == [501]


def test_cleared_requests_are_not_in_the_way(recorder, clock):
    """What was cleared and is not freed yet neither counts as evicted nor stops eviction."""
    made = recorder(age=clock.limit(1))
    for _ in range(3000):
        made.record("a")
    made.record("b")
    made.journal.clear("a")
    clock.now_ns += 2 * _HOUR_NS
    while made.journal.evict_expired():
        pass
    assert made.journal.count() == (0, 0)
    assert made.journal.lost("a").calls == 0
    assert made.journal.lost("b").calls == 1


def test_a_clock_that_is_set_back_makes_nothing_older_or_eternal(recorder, clock):
    """What was recorded before the clock went back is as old as what comes next."""
    made = recorder(age=clock.limit(1))
    made.record("a")
    clock.now_ns -= 1000 * _HOUR_NS
    made.record("a")
    assert made.numbers() == [1, 2]
    clock.now_ns += 2 * _HOUR_NS
    made.record("a")
    assert made.numbers() == [3]


def test_many_requests_share_one_moment(clock):
    """However many requests come, few moments are known."""
    limit = clock.limit(24)
    begun = []
    limit.on_begun = lambda number, _: begun.append(number)
    for number in range(1, 10_001):
        clock.now_ns += 10 * NANOSECONDS
        limit.recorded(number)
    assert len(begun) < 400


@pytest.mark.parametrize("value", ["3", "d", "0s", "-1d", "3 weeks", "4000d", "3x"])
def test_a_limit_without_a_unit_is_refused(value):
    """The sentence names the setting, the value and what is allowed."""
    with pytest.raises(ConfigError, match=r"^max_age is ") as refusal:
        Settings(max_age=value)
    assert value in str(refusal.value)
