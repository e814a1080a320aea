"""The ledger: order, bounds, and who has to make room."""

from __future__ import annotations

import itertools

import pytest

from mockseg.delivery.ledger import Ledger
from mockseg.delivery.records import KeptAttempt
from mockseg.journal.meter import Meter


def begin(ledger, source="a", *, call=1, destination="d"):
    """Begin a delivery."""
    return ledger.open(
        call=call,
        message_id="m",
        type="track",
        event="E",
        user_id="u",
        source=source,
        destination=destination,
    )


def attempt(body=b"{}", answer=b"ok"):
    """Make an attempt."""
    return KeptAttempt("POST", "http://h/", (), body, len(body), 200, answer, None, 0, 0)


def cursors(found):
    """Give the cursors of deliveries."""
    return [kept.cursor for kept in found]


def test_deliveries_are_given_oldest_first_after_a_cursor():
    """Of all sources, of one, of a destination, in a state."""
    ledger = Ledger()
    for source, destination in (("a", "x"), ("b", "y"), ("a", "y"), ("a", "x")):
        begin(ledger, source, destination=destination)
    ledger.finish(ledger.page()[3], "delivered")
    assert cursors(ledger.page()) == [1, 2, 3, 4]
    assert cursors(ledger.page(after=1, limit=2)) == [2, 3]
    assert cursors(ledger.page(source="a")) == [1, 3, 4]
    assert cursors(ledger.page(source="a", wanted=lambda kept: kept.destination == "x")) == [1, 4]
    assert cursors(ledger.page(wanted=lambda kept: kept.destination == "y")) == [2, 3]
    assert cursors(ledger.page(wanted=lambda kept: kept.state == "delivered")) == [4]
    assert cursors(ledger.page(source="nobody")) == []


def test_the_deliveries_of_a_call_are_found():
    """One for each destination, and those that were sent again."""
    ledger = Ledger()
    for call in (7, 8, 7, 7):
        begin(ledger, call=call)
    assert cursors(ledger.of_call(7)) == [1, 3, 4]
    assert cursors(ledger.of_call(8)) == [2]
    assert ledger.of_call(9) == []


def test_the_deliveries_of_one_call_can_be_forgotten():
    """Whatever their state; the counts and the bounds hold afterwards."""
    ledger = Ledger(max_deliveries=3)
    for call in (7, 8, 7):
        begin(ledger, call=call)
    ledger.finish(ledger.page()[0], "delivered")
    ledger.drop_call(7)
    assert (cursors(ledger.page()), ledger.pending(), len(ledger)) == ([2], 1, 1)
    for call in (9, 10, 11):
        ledger.finish(begin(ledger, call=call), "delivered")
    assert (cursors(ledger.page()), ledger.evicted_of(None)[0], len(ledger)) == ([2, 5, 6], 1, 3)


def test_final_ones_make_room_oldest_first():
    """What is under way stays, however old."""
    ledger = Ledger(max_deliveries=3)
    kept = [begin(ledger, call=number) for number in (1, 2, 3)]
    ledger.finish(kept[2], "filtered")
    ledger.finish(kept[1], "delivered")
    begin(ledger, call=4)
    assert cursors(ledger.page()) == [1, 2, 4]
    begin(ledger, call=5)
    assert cursors(ledger.page()) == [1, 4, 5]
    begin(ledger, call=6)
    assert cursors(ledger.page()) == [1, 4, 5, 6]
    assert (ledger.evicted_of(None)[0], len(ledger)) == (2, 4)
    assert ledger.of_call(2) == []


def test_a_noisy_source_does_not_evict_its_neighbours():
    """The source with most final deliveries makes room."""
    ledger = Ledger(max_deliveries=5)
    for source in "abbbbbbb":
        ledger.finish(begin(ledger, source), "delivered")
    assert cursors(ledger.page(source="a")) == [1]
    assert cursors(ledger.page(source="b")) == [5, 6, 7, 8]


def test_bytes_are_bounded_too():
    """Over the limit the oldest final ones are evicted; what is open stays and is counted."""
    meter = Meter(10_000)
    ledger = Ledger(meter=meter)
    first = begin(ledger)
    for _ in range(10):
        ledger.attempted(first, attempt(b"x" * 2000, b"busy " * 2))
    assert meter.accounts["queues"].size_bytes == first.size_bytes
    ledger.finish(first, "failed", "expires", "sentence")
    assert meter.accounts["queues"].size_bytes == 0
    assert meter.accounts["deliveries"].size_bytes == first.size_bytes
    second, third = begin(ledger, call=2), begin(ledger, call=3)
    ledger.attempted(third, attempt(b"x" * 7000, b"ok"))
    assert cursors(ledger.page()) == [1, 2, 3]
    ledger.finish(second, "delivered")
    assert cursors(ledger.page()) == [2, 3]
    assert ledger.evicted_of("a")[0] == 1
    ledger.drop_call(3)
    assert meter.size_bytes == second.size_bytes
    ledger.drop_source("a")
    assert meter.size_bytes == 0


def test_what_attempts_share_counts_once():
    """All of a delivery have one body, and equal answers in a row are kept once."""
    ledger = Ledger()
    kept = begin(ledger)
    sizes = [kept.size_bytes]
    for answer in (b"aaaa", b"aaaa", b"b" * 1000):
        ledger.attempted(kept, attempt(b"x" * 5000, answer))
        sizes.append(kept.size_bytes)
    first, again, other = (after - before for before, after in itertools.pairwise(sizes))
    assert first > 5000
    assert again < 400
    assert 1000 < other < 1400


def test_a_page_has_100_deliveries_by_default():
    """A reader who says nothing gets the oldest hundred."""
    ledger = Ledger()
    for _ in range(101):
        begin(ledger)
    assert cursors(ledger.page()) == list(range(1, 101))


def test_nothing_is_due_unless_it_is_tried_again():
    """A reader sees when the next attempt is, and of a call that is none no id."""
    ledger = Ledger()
    kept = begin(ledger, call=0)
    assert (kept.view().next_attempt_at, kept.view().call) == (None, "")
    ledger.retrying(kept, 1_767_268_800_000_000_000)
    assert kept.view().next_attempt_at == "2026-01-01T12:00:00.000Z"
    ledger.finish(kept, "failed", "expires", "sentence")
    assert kept.view().next_attempt_at is None
    assert begin(ledger, call=7).view().call == "call-7"


def test_thousands_of_evictions_leave_the_order_whole():
    """The list is trimmed now and then."""
    ledger = Ledger(max_deliveries=10)
    for call in range(1, 5001):
        ledger.finish(begin(ledger, call=call), "delivered")
    assert cursors(ledger.page()) == list(range(4991, 5001))
    assert cursors(ledger.page(after=4995)) == list(range(4996, 5001))
    assert ledger.evicted_of(None)[0] == 4990


def test_a_source_is_forgotten_whatever_its_state():
    """Its deliveries vanish, those of others stay; what comes late for them is ignored."""
    told = []
    ledger = Ledger()
    mine, other = begin(ledger, "a"), begin(ledger, "b")
    ledger.finish(begin(ledger, "a"), "delivered")
    ledger.on_change = told.append
    assert ledger.drop_source("a") == 2
    assert ledger.drop_source("a") == 0
    ledger.attempted(mine, attempt())
    ledger.finish(mine, "delivered")
    assert (cursors(ledger.page()), ledger.pending(), len(ledger)) == ([2], 1, 1)
    assert told == []
    ledger.finish(other, "failed")
    assert ledger.pending() == 0


def test_pending_counts_what_is_not_final():
    """Queued and retrying, of a source or of all."""
    ledger = Ledger()
    kept = [begin(ledger, source) for source in "aab"]
    ledger.retrying(kept[0], 5)
    assert [ledger.pending(source) for source in (None, "a", "b", "c")] == [3, 2, 1, 0]
    for each in kept:
        ledger.finish(each, "delivered")
    assert ledger.pending() == 0


def test_what_is_final_stays_as_it_is():
    """A second end changes nothing."""
    ledger = Ledger()
    kept = begin(ledger)
    ledger.finish(kept, "failed", "queue_full", "sentence")
    ledger.finish(kept, "delivered")
    assert (kept.state, kept.reason) == ("failed", "queue_full")


def test_every_change_is_told():
    """Opened, retrying, finished."""
    told = []
    ledger = Ledger(on_change=lambda kept: told.append(kept.state))
    kept = begin(ledger)
    ledger.retrying(kept, 5)
    ledger.finish(kept, "delivered")
    assert told == ["queued", "retrying", "delivered"]


@pytest.mark.parametrize("answer", [b"\xff" * 9000, "ü".encode() * 4500])
def test_a_reader_sees_the_first_2000_characters_of_an_answer(answer):
    """Whatever bytes it has."""
    view = attempt(answer=answer).view(1)
    assert len(view.answer) == 2000


def test_final_deliveries_are_given_in_the_order_in_which_they_ended():
    """After a number, of all or of one source; what has left the ledger is passed over."""
    ledger = Ledger()
    kept = [begin(ledger, source, call=number) for number, source in enumerate("abab", 1)]
    for place in (2, 0, 3, 1):
        ledger.finish(kept[place], "delivered")
    assert cursors(ledger.finals(after=0, limit=9)) == [3, 1, 4, 2]
    assert cursors(ledger.finals(after=1, limit=2)) == [1, 4]
    assert cursors(ledger.finals(after=0, limit=9, source="b")) == [4, 2]
    assert ledger.finished == 4
    ledger.drop_source("a")
    assert cursors(ledger.finals(after=0, limit=9)) == [4, 2]
    ledger.drop_source("b")
    assert ledger.finals(after=0, limit=9) == []


def test_evictions_are_counted_by_source():
    """How many, and the latest call that they were of; from nothing again after a clear."""
    ledger = Ledger(max_deliveries=2)
    ledger.finish(begin(ledger, "a", call=5), "delivered")
    ledger.finish(begin(ledger, "a", call=4), "delivered")
    for call in (7, 8, 9):
        ledger.finish(begin(ledger, "b", call=call), "delivered")
    assert ledger.evicted_of(None) == (3, 7)
    assert (ledger.evicted_of("a"), ledger.evicted_of("b")) == ((2, 5), (1, 7))
    assert ledger.evicted_of("never") == (0, 0)
    ledger.drop_source("b")
    assert ledger.evicted_of("b") == (0, 0)
    assert ledger.evicted_of(None) == (3, 7)


def test_the_first_retry_of_each_source_is_known():
    """The earliest that is still to be made, whatever was made, ended, dropped or put off."""
    ledger = Ledger()
    kept = [begin(ledger, source, call=call) for call, source in enumerate("aaaab", 1)]
    assert list(ledger.next_retries()) == []
    for each, moment in zip(kept, (40, 10, 20, 30, 50), strict=True):
        ledger.retrying(each, moment)
    assert dict(ledger.next_retries()) == {"a": 10, "b": 50}
    ledger.retrying(kept[1], 60)
    assert dict(ledger.next_retries("a")) == {"a": 20}
    ledger.finish(kept[2], "delivered")
    ledger.drop_call(4)
    assert dict(ledger.next_retries("a")) == {"a": 40}
    ledger.drop_source("b")
    ledger.retrying(kept[4], 70)
    assert dict(ledger.next_retries()) == {"a": 40}
    assert list(ledger.next_retries("never")) == []


def test_retries_that_are_over_are_swept_out():
    """However often a delivery is put off while an earlier one waits, little is kept of that."""
    ledger = Ledger()
    first, again = begin(ledger, call=1), begin(ledger, call=2)
    ledger.retrying(first, 1)
    for moment in range(2, 1000):
        ledger.retrying(again, moment)
    assert len(ledger._sources["a"].retries) < 100
    assert dict(ledger.next_retries()) == {"a": 1}
    ledger.finish(first, "delivered")
    assert dict(ledger.next_retries()) == {"a": 999}
