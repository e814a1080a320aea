"""The dedup window: 24 hours, bounded, and how often an id was carried."""

from __future__ import annotations

import copy

import pytest

from mockseg.journal.background import BackgroundWork
from mockseg.journal.meter import Meter
from mockseg.journal.window import DedupWindow

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def is_new(window, message_id):
    """Return whether an id would be taken in; a copy of the window is asked."""
    return copy.deepcopy(window).take_in(message_id, 10**9)


@pytest.fixture
def window():
    """Give a window with room for all that a test needs."""
    return DedupWindow(generation=1000)


def carry(window, message_id, cursor, now_ns):
    """Record a call as the hub does; give the earlier cursor, 0 for a new id."""
    window.begin(cursor, now_ns)
    first = 0 if is_new(window, message_id) else window.first(message_id, now_ns)
    if not first:
        window.remember(message_id, cursor)
    return first


def test_an_id_is_known_for_24_hours(window):
    """Just before the day is over an id is a duplicate, then it is new."""
    assert carry(window, "m", 1, 0) == 0
    assert carry(window, "m", 2, 24 * HOUR - 1) == 1
    assert carry(window, "m", 3, 24 * HOUR) == 0
    assert carry(window, "m", 4, 25 * HOUR) == 3


def test_an_id_can_be_forgotten_with_its_call(window):
    """It is new again, and is no second attempt; a later call of it forgets nothing."""
    carry(window, "m", 1, 0)
    window.carried("m", 2)
    window.forget("m", 2)
    assert window.first("m", 1) == 1
    window.forget("m", 1)
    assert is_new(window, "m")
    assert window.attempt("m", known=False) == 1


def test_calls_of_one_second_share_its_moment(window):
    """Moments are kept about once a second: no id is forgotten a second too late."""
    carry(window, "a", 1, 0)
    carry(window, "b", 2, SECOND - 1)
    carry(window, "c", 3, SECOND)
    now = 24 * HOUR
    assert [window.first(message_id, now) for message_id in "abc"] == [0, 0, 3]


def test_a_clock_that_went_back_gives_new_ids_their_own_time(window):
    """After the clock was set back, 24 hours are counted by what it shows then."""
    carry(window, "a", 1, 1000 * HOUR)
    carry(window, "b", 2, 0)
    assert window.first("a", HOUR) == 1
    assert window.first("b", 23 * HOUR) == 2
    assert window.first("b", 24 * HOUR) == 0


def test_the_older_generation_is_dropped_whole():
    """At least one generation of ids is remembered, at most two and a request."""
    window = DedupWindow(generation=10)
    for number in range(1, 101):
        carry(window, f"m{number}", number, number * SECOND)
    known = [number for number in range(1, 101) if window.first(f"m{number}", 101 * SECOND)]
    assert known == list(range(known[0], 101))
    assert 10 <= len(known) <= 20


def test_times_are_right_after_generations_went():
    """Dropping a generation does not make what remains younger."""
    window = DedupWindow(generation=3)
    for number, hour in ((1, 0), (2, 1), (3, 2), (4, 25), (5, 26)):
        carry(window, f"m{number}", number, hour * HOUR)
    # m1 was new again after a day, and stands at its old place with a new cursor.
    carry(window, "m2", 6, 26 * HOUR)
    carry(window, "m7", 7, 26 * HOUR)
    assert window.first("m3", 26 * HOUR) == 0
    assert window.first("m5", 49 * HOUR) == 5
    assert window.first("m5", 50 * HOUR) == 0


def test_attempts_are_counted_from_one(window):
    """An id that nobody carried is at its first attempt."""
    assert window.attempt("m", known=False) == 1


def test_a_remembered_id_was_carried_once(window):
    """The common case needs no count of its own."""
    carry(window, "m", 1, 0)
    assert window.attempt("m", known=True) == 2


def test_carried_ids_are_not_new(window):
    """An id whose call was refused has been seen, though it is no duplicate."""
    window.begin(1, 0)
    window.carried("m", 1)
    assert not is_new(window, "m")
    assert window.first("m", 0) == 0
    assert window.attempt("m", known=False) == 2


def test_counts_are_bounded():
    """Refused ids do not fill the memory."""
    window = DedupWindow(generation=10)
    for number in range(1000):
        window.carried(f"m{number}", 1)
    assert len(window._carried) <= 20


def test_clear_forgets_everything(window):
    """After a clear every id is new."""
    carry(window, "m", 1, 0)
    window.carried("n", 3)
    window.clear()
    assert is_new(window, "m")
    assert is_new(window, "n")
    assert carry(window, "m", 2, 0) == 0


def test_taking_in_is_asking_and_remembering(window):
    """An id is taken in once; one that was carried before is not."""
    window.begin(1, 0)
    window.carried("refused", 1)
    assert not window.take_in("refused", 1)
    assert window.take_in("m", 2)
    assert not window.take_in("m", 3)
    assert window.first("m", 0) == 2


def test_the_generation_is_the_same_however_ids_are_remembered():
    """What is taken in twice stands once, and a turn comes after so many ids."""
    window = DedupWindow(generation=4)
    window.begin(1, 0)
    for cursor, message_id in enumerate("abca", 1):
        window.remember(message_id, cursor)
    window.begin(5, 0)
    assert window.take_in("d", 5)
    window.begin(6, 0)
    assert [window.first(message_id, 0) for message_id in "abcd"] == [4, 2, 3, 5]
    for cursor, message_id in enumerate("efgh", 6):
        assert window.take_in(message_id, cursor)
    window.begin(10, 0)
    assert [window.first(message_id, 0) for message_id in "abcdefgh"] == [0, 0, 0, 0, 6, 7, 8, 9]


def test_what_is_forgotten_is_freed_part_by_part():
    """No request waits for a whole generation to be freed."""
    background = BackgroundWork()
    window = DedupWindow(generation=10_000, background=background)
    for number in range(1, 20_001):
        window.begin(number, 0)
        assert window.take_in(f"m{number}", number)
    assert not background
    window.begin(20_001, 0)
    assert background
    assert window.first("m1", 0) == 0
    for _ in range(4):
        background.run()
    assert not background


def test_a_window_counts_what_it_takes():
    """In its account: as ids come, when a generation is evicted, and when it is cleared."""
    account = Meter(10**6).accounts["message_ids"]
    window = DedupWindow(generation=1000, account=account)
    for number in range(1, 1501):
        carry(window, f"m{number}", number, 0)
    assert account.size_bytes == window.size_bytes > 1400 * 150
    window.evict()
    assert account.size_bytes == window.size_bytes < 600 * 300
    assert (window.first("m1", 0), window.first("m1500", 0)) == (0, 1500)
    window.evict()
    assert account.size_bytes == window.first("m1500", 0) == 0
    carry(window, "again", 1501, 0)
    window.clear()
    assert account.size_bytes == 0


def test_counts_outlast_a_turn():
    """How often an id was carried is known for as long as the id is."""
    window = DedupWindow(generation=2)
    carry(window, "m", 1, 0)
    window.carried("m", 3)
    carry(window, "n", 2, 0)
    carry(window, "o", 3, 0)
    assert window.first("m", 0) == 1
    assert window.attempt("m", known=True) == 4


def test_times_that_go_back_and_forth_take_bounded_memory(window):
    """Imports bring old times with each call; the day of an id is then known less exactly."""
    for cursor in range(1, 20_000):
        window.begin(cursor, (cursor % 2) * HOUR)
    assert len(window._moments) <= 4096
    assert carry(window, "m", 20_000, 2 * HOUR) == 0
    assert carry(window, "m", 20_001, 25 * HOUR) == 20_000
    assert carry(window, "m", 20_002, 26 * HOUR) == 0


def test_a_day_of_calls_each_second_is_known_to_within_a_minute():
    """The moments of older calls do not get rarer than those of newer ones."""
    window = DedupWindow(generation=100_000)
    for number in range(1, 50_001):
        window.begin(number, number * SECOND)
        assert window.take_in(f"m{number}", number)
    for past in (10_000, 25_000, 40_000, 49_000):
        now = 24 * HOUR + past * SECOND
        assert window.first(f"m{past}", now) == 0
        assert window.first(f"m{past + 60}", now) == past + 60


def test_a_window_without_a_call_has_no_parts_of_its_own(window):
    """Ten thousand open sources may be idle."""
    other = DedupWindow(generation=1000)
    assert window._newer is other._newer
    carry(window, "m", 1, 0)
    assert is_new(other, "m")
    assert not is_new(window, "m")


def test_an_id_is_known_at_once_whatever_the_cursors_are(window):
    """Messages of one line of a file are judged at one place."""
    window.begin(1, 0)
    assert window.take_in("m", 1)
    assert not window.take_in("m", 1)
    assert not window.take_in("m", 2)
