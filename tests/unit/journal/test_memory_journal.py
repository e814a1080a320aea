"""The journal in memory: order, bounds, and who has to make room."""

from __future__ import annotations

import pytest

from mockseg.domain.call import Remark
from mockseg.domain.findings import discard
from mockseg.domain.lost import Lost
from mockseg.domain.request import OwnHeaders


def test_calls_are_given_oldest_first_after_a_cursor(recorder):
    """A cursor names a place; what comes after it is given, up to the limit."""
    kept = recorder()
    kept.record("a", 3)
    assert [call.cursor for call in kept.journal.calls_after(1, limit=10)] == [2, 3]
    assert [call.cursor for call in kept.journal.calls_after(0, limit=2)] == [1, 2]
    assert kept.journal.calls_after(3, limit=10) == []


def test_sources_are_merged_in_the_order_of_recording(recorder):
    """All sources together have one order; each alone has its part of it."""
    kept = recorder()
    for source in ("a", "b", "a", "c", "b"):
        kept.record(source, 2)
    assert kept.cursors() == list(range(1, 11))
    assert kept.cursors("b") == [3, 4, 9, 10]
    assert [call.cursor for call in kept.journal.calls_before(None, limit=3)] == [10, 9, 8]
    assert [call.cursor for call in kept.journal.calls_before(None, limit=3, source="a")] == [
        6,
        5,
        2,
    ]
    assert kept.numbers() == [1, 2, 3, 4, 5]
    assert kept.numbers("a") == [1, 3]


def test_a_call_and_a_request_can_be_fetched_alone(recorder):
    """By cursor and by number; None where nothing is kept."""
    kept = recorder()
    kept.record("a")
    kept.record("b", 2)
    call, request = kept.journal.call(3), kept.journal.request(2)
    assert call is not None
    assert (call.cursor, call.request) == (3, request)
    assert kept.journal.call(4) is None
    assert kept.journal.call(0) is None
    assert kept.journal.request(3) is None


def test_an_unknown_source_has_nothing(recorder):
    """No source is opened by asking for it."""
    kept = recorder()
    kept.record("a")
    journal = kept.journal
    assert (
        journal.calls_after(0, limit=9, source="b"),
        journal.calls_before(None, limit=9, source="b"),
    ) == ([], [])
    assert journal.requests_after(0, limit=9, source="b") == []
    assert (journal.count("b"), journal.lost("b").calls, journal.clear("b")) == ((0, 0), 0, 0)


def test_the_largest_source_gives_up_its_oldest(recorder):
    """A noisy source makes room; its neighbours keep everything."""
    kept = recorder(max_calls=10)
    quiet = kept.record("quiet", 3)
    noisy = [cursor for _ in range(20) for cursor in kept.record("noisy")]
    assert kept.cursors("quiet") == quiet
    assert kept.cursors("noisy") == noisy[-7:]
    assert kept.journal.lost("noisy").calls == 13
    assert kept.journal.lost("quiet").calls == 0
    assert kept.journal.evicted_ever == kept.journal.lost().calls == 13


def test_the_largest_gives_up_even_when_another_arrives(recorder):
    """It is not the newcomer that has to go."""
    kept = recorder(max_calls=5)
    kept.record("noisy", 5)
    kept.record("quiet")
    assert kept.cursors() == [2, 3, 4, 5, 6]
    assert kept.journal.lost("noisy").calls == 1


def test_equal_sources_stay_equal(recorder):
    """No source of many is emptied while others keep all they have."""
    kept = recorder(max_calls=30)
    for _ in range(10):
        for source in "abcdef":
            kept.record(source)
    assert [kept.journal.count(source)[0] for source in "abcdef"] == [5] * 6


def test_a_batch_larger_than_the_journal_keeps_its_newest(recorder):
    """The bound holds within one request too."""
    kept = recorder(max_calls=3)
    kept.record("a", 10)
    assert kept.cursors() == [8, 9, 10]
    assert kept.journal.count() == (3, 1)


def test_a_request_goes_with_its_last_call(recorder):
    """What no kept call needs any more is given up, refused requests before it too."""
    kept = recorder(max_calls=3)
    kept.record("a", 2)
    kept.record("a", 0)
    kept.record("a", 2)
    assert (kept.cursors(), kept.numbers()) == ([2, 3, 4], [1, 2, 3])
    kept.record("a")
    assert (kept.cursors(), kept.numbers()) == ([3, 4, 5], [3, 4])


def test_requests_are_bounded_too(recorder):
    """Requests without calls make room like others, those of the largest source first."""
    kept = recorder(max_requests=10)
    kept.record("quiet")
    kept.record("quiet", 0)
    for _ in range(50):
        kept.record("noisy", 0)
    assert kept.journal.count()[1] == 10
    assert kept.numbers("quiet") == [1, 2]
    assert kept.numbers("noisy") == list(range(45, 53))


def test_many_small_sources_are_not_emptied_for_requests(recorder):
    """Each gives up its oldest only: none loses all while others lose nothing."""
    kept = recorder(max_requests=2000)
    for _ in range(21):
        for source in range(100):
            kept.record(str(source), 0)
    counts = {kept.journal.count(str(source))[1] for source in range(100)}
    assert max(counts) - min(counts) <= 2


def test_calls_go_with_their_requests(recorder):
    """A request that makes room takes its calls with it, and they are counted."""
    kept = recorder(max_requests=2)
    kept.record("a", 3)
    kept.record("a", 1)
    kept.record("a", 1)
    assert kept.cursors() == [4, 5]
    assert kept.journal.evicted_ever == 3
    assert kept.journal.count() == (2, 2)


def test_bytes_are_bounded(recorder):
    """The source with most bytes makes room; the small one is untouched."""
    kept = recorder(max_bytes=5000)
    kept.record("small", size_bytes=50)
    for _ in range(20):
        kept.record("large", size_bytes=100)
    assert kept.size_bytes() <= 5000
    assert kept.cursors("small") == [1]
    assert kept.cursors("large")[-1] == 21


@pytest.mark.parametrize(
    "large",
    [
        {"query": "q" * 2000},
        {"path": "/" + "p" * 2000},
        {"headers": OwnHeaders([("X-Own", "h" * 2000)])},
        {"message_id": "m" * 2000},
        {"event": "e" * 2000},
        {"user_id": "u" * 2000},
        {"remark": Remark(altered=b"a" * 2000)},
        {"remark": Remark(findings=(discard("no_user_anon_id"),) * 9)},
    ],
    ids=lambda large: next(iter(large)),
)
def test_everything_that_a_client_chooses_is_counted(recorder, large):
    """A hundred of them stay within the bound, whatever is large about them."""
    kept = recorder(max_bytes=20_000)
    for _ in range(100):
        kept.record("a", **large)
    assert len(kept.cursors()) < 20
    assert kept.size_bytes() <= 20_000
    kept.journal.clear("a")
    assert kept.journal._all.size_bytes == 0


def test_a_body_over_the_bound_does_not_stay(recorder):
    """One body alone may be more than there is room for; the neighbours stay."""
    kept = recorder(max_bytes=1800)
    kept.record("a", size_bytes=40)
    kept.record("b", size_bytes=2000)
    assert kept.cursors() == [1]
    kept.record("b", size_bytes=40)
    assert kept.cursors() == [1, 3]


@pytest.mark.parametrize("again", [False, True])
def test_clear_forgets_one_source(recorder, again):
    """A cleared source begins anew; cursors go on, and neighbours stay."""
    kept = recorder(max_calls=5)
    kept.record("b")
    kept.record("a", 6)
    assert kept.journal.lost("a").calls == 2
    assert kept.journal.clear("a") == 4
    assert (kept.cursors(), kept.numbers()) == ([1], [1])
    assert (kept.journal.count(), kept.journal.lost().calls) == ((1, 1), 0)
    if again:
        assert kept.record("a", 2) == [8, 9]
        assert kept.cursors("a") == [8, 9]
        assert kept.journal.lost("a").calls == 0


def test_reading_through_a_cursor_survives_eviction(recorder):
    """Who reads slowly misses what was evicted, and gets everything after it once."""
    kept = recorder(max_calls=10_000)
    kept.record("a", 10_000)
    page = kept.journal.calls_after(0, limit=100)
    kept.record("a", 9_000)
    rest = kept.journal.calls_after(page[-1].cursor, limit=100_000)
    assert 9_980 <= len(rest) <= 10_000
    assert [call.cursor for call in rest] == list(range(19_001 - len(rest), 19_001))


def test_what_was_evicted_does_not_stay_in_memory(recorder):
    """Neither in its source's order nor in that of all, and reading is right before and after."""
    kept = recorder(max_calls=10, max_requests=10)
    for _ in range(4):
        newest = kept.record("a", 5000)[-10:]
        assert kept.cursors("a") == newest
    for _ in range(2_000):
        kept.record("a", 0)
    assert (len(kept.journal._all.calls), len(kept.journal._all.requests)) == (0, 10)
    assert kept.numbers()[-1] == 2_004


def test_what_was_cleared_is_gone_at_once_and_freed_bit_by_bit(recorder):
    """No read of any kind finds it, also while it is freed and its source is in use again."""
    kept = recorder()
    kept.record("b")
    kept.record("a", 5000)
    kept.record("b")
    assert kept.journal.clear("a") == 5000
    again = kept.record("a")
    assert len(kept.journal._all.calls) > 3
    assert kept.cursors() == [1, 5002, *again]
    assert [call.cursor for call in kept.journal.calls_before(None, limit=9)] == [*again, 5002, 1]
    assert (kept.journal.call(2), kept.journal.request(2)) == (None, None)
    assert kept.numbers() == [1, 3, 4]
    assert kept.journal.counts().by_name() == {"E": 3}
    while kept.background:
        kept.background.run()
    assert (len(kept.journal._all.calls), len(kept.journal._all.requests)) == (3, 3)
    assert kept.cursors() == [1, 5002, *again]


def test_summaries_are_counted_as_calls_come_and_go(recorder):
    """By name and verdict, of a source and of all: after evictions, removals and clearing."""
    kept = recorder(max_calls=4)
    kept.record("a", 3)
    kept.record("b", 2)
    assert kept.journal.counts("a").by_name() == {"E": 2}
    kept.journal.remove(kept.journal.calls_after(0, limit=1, source="b")[0])
    assert kept.journal.counts().by_name() == {"E": 3}
    verdicts, good = kept.journal.counts().by_verdict()
    assert (verdicts["accepted"], good) == (3, 3)
    kept.journal.clear("a")
    assert kept.journal.counts("a").by_name() == {}
    assert kept.journal.counts().by_name() == {"E": 1}


@pytest.mark.parametrize(
    "bound", [{"max_requests": 1000}, {"max_bytes": 439_000}, {"max_calls": 1000}]
)
def test_room_is_made_in_small_portions(recorder, bound):
    """At a bound each request costs a few of the oldest, never one request a great many."""
    kept = recorder(**bound)
    least = []
    for _ in range(1500):
        kept.record("a", "max_calls" in bound, size_bytes=100)
        least.append(kept.journal.count()[1])
    assert max(least) == 1000
    assert min(least[1000:]) >= 998


def test_what_was_lost_has_a_place(recorder):
    """The latest call and the latest request that were evicted: later ones are all kept."""
    kept = recorder(max_calls=3)
    assert kept.journal.lost("a") == Lost()
    kept.record("a", 2)
    kept.record("a", 0)
    kept.record("a", 2)
    assert kept.journal.lost("a") == Lost(calls=1, cursor=1, bounds=("max_calls",))
    kept.record("a")
    assert kept.journal.lost("a") == Lost(
        calls=2, cursor=2, requests=2, number=2, bounds=("max_calls",)
    )
    assert kept.journal.lost() == kept.journal.lost("a")
    assert kept.journal.evicted_cursor == 2


def test_requests_without_calls_are_lost_too(recorder):
    """No call is lost with them; somebody may have been refused."""
    kept = recorder(max_requests=2)
    for _ in range(3):
        kept.record("a", 0)
    assert kept.journal.lost("a") == Lost(requests=1, number=1, bounds=("max_requests",))


def test_a_forgotten_source_is_evicted_whole(recorder):
    """All that it had, and what it had lost before; its neighbour stays."""
    kept = recorder(max_calls=3)
    kept.record("a", 2)
    kept.record("a", 2)
    kept.record("a", 0)
    kept.record("b", 0)
    assert kept.journal.forget("a") == Lost(
        calls=4, cursor=4, requests=3, number=3, bounds=("max_calls",)
    )
    assert (kept.journal.evicted_ever, kept.journal.evicted_cursor) == (4, 4)
    assert (kept.journal.count(), kept.numbers()) == ((0, 1), [4])
    assert kept.journal.lost("a") == kept.journal.forget("a") == Lost()
