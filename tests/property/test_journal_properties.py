"""The journal against a simple list, whatever is done to it in whatever order."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Raw

from mockseg.domain.call import KeptCall, Remark
from mockseg.domain.findings import Violation
from mockseg.domain.lost import Lost
from mockseg.domain.request import Answer, KeptRequest
from mockseg.journal.background import BackgroundWork
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.meter import Meter
from mockseg.journal.records import NumberedRecords, evict_largest

SOURCES = st.sampled_from(["a", "b", "c"])
ANSWER = Answer(status=200, body=b"{}")
VIOLATION = Violation(code="required", type="Required", field="total", description="")
REMARKS = st.sampled_from(
    [None, None, Remark(findings=(VIOLATION,)), Remark(attempt=2), Remark(verdict="dropped")]
)


class JournalMachine(RuleBasedStateMachine):
    """Appends, clears and reads; the model is a list of (cursor, source, request number)."""

    @initialize(most=st.integers(1, 30), requests=st.integers(2, 60), size=st.integers(700, 20_000))
    def begin(self, most, requests, size):
        """Make a journal with these bounds."""
        self.bounds = (most, requests, size)
        self.journal = MemoryJournal(
            max_calls=most,
            max_requests=requests,
            meter=Meter(size),
            background=BackgroundWork(),
        )
        self.calls = []
        self.requests = []
        self.cursor = self.number = self.evicted = 0
        # Of each source, the cursors and the request numbers that were evicted.
        self.lost = {name: ([], []) for name in "abc"}
        # What two readers have read so far: (cursor they stand at, cursors they were given).
        self.readers = {None: [0, []], "a": [0, []]}

    @rule(
        source=SOURCES,
        remarks=st.lists(REMARKS, max_size=8),
        size=st.integers(0, 60),
        minute=st.integers(0, 3),
    )
    def append(self, source, remarks, size, minute):
        """Record a request; the model learns from the counts which calls had to go."""
        self.number += 1
        request = KeptRequest(
            number=self.number,
            source=source,
            method="POST",
            path="/",
            query="",
            headers=(),
            body=b"x" * size,
            sent_bytes=size,
            received_ns=minute * 60 * 10**9,
            answer=ANSWER,
        )
        ids = ("track", "E", "u", "m")
        new = [
            KeptCall(self.cursor + 1 + index, request, index, Raw(b"{}"), *ids, remark)
            for index, remark in enumerate(remarks)
        ]
        self.cursor += len(new)
        before = {name: self._of(name) for name in "abc"}
        before[source] += [call.cursor for call in new]
        self.calls += [(call.cursor, source, self.number) for call in new]
        self.requests.append((self.number, source, size))
        self.journal.append(request, new)
        self._evict(before)

    @rule(source=SOURCES)
    def clear(self, source):
        """Forget a source."""
        assert self.journal.clear(source) == len(self._of(source))
        self.calls = [call for call in self.calls if call[1] != source]
        self.requests = [request for request in self.requests if request[1] != source]
        self.lost[source] = ([], [])

    @rule(source=SOURCES)
    def forget(self, source):
        """Evict a source as a whole."""
        cursors, numbers = self.lost[source]
        cursors += self._of(source)
        numbers += [number for number, name, _ in self.requests if name == source]
        lost = msgspec.structs.replace(self.journal.forget(source), bounds=())
        assert lost == _lost(cursors, numbers)
        self.evicted += len(self._of(source))
        self.calls = [call for call in self.calls if call[1] != source]
        self.requests = [request for request in self.requests if request[1] != source]
        self.lost[source] = ([], [])

    @rule(data=st.data())
    def remove(self, data):
        """Forget one call; its request stays."""
        if self.calls:
            gone = data.draw(st.sampled_from(self.calls))
            self.journal.remove(self.journal.call(gone[0]))
            self.calls.remove(gone)

    @rule(source=st.sampled_from([None, "a"]), limit=st.integers(1, 5))
    def read(self, source, limit):
        """Read on from where this reader stands."""
        reader = self.readers[source]
        page = self.journal.calls_after(reader[0], limit=limit, source=source)
        expected = [c for c, s, _ in self.calls if source in (None, s) and c > reader[0]][:limit]
        assert [call.cursor for call in page] == expected
        if page:
            reader[0] = page[-1].cursor
            reader[1] += expected

    @invariant()
    def holds_what_the_model_holds(self):
        """Calls, requests and counts agree, and the bounds hold."""
        most, requests, size = self.bounds
        assert len(self.calls) <= most
        assert len(self.requests) <= requests
        kept = self.journal.calls_after(0, limit=1000), self.journal.requests_after(0, limit=1000)
        assert sum(each.size_bytes for records in kept for each in records) <= size
        for source in (None, "a", "b", "c"):
            calls = [c for c, s, _ in self.calls if source in (None, s)]
            numbers = [n for n, s, _ in self.requests if source in (None, s)]
            assert self.journal.count(source) == (len(calls), len(numbers))
            kept = self.journal.calls_after(0, limit=1000, source=source)
            assert [call.cursor for call in kept] == calls
            page = self.journal.requests_after(0, limit=1000, source=source)
            assert [request.number for request in page] == numbers
            latest = self.journal.calls_before(None, limit=3, source=source)
            assert [call.cursor for call in latest] == calls[::-1][:3]
            self._counts_agree(self.journal.counts(source), kept)
        for name, (cursors, numbers) in self.lost.items():
            lost = self.journal.lost(name)
            assert msgspec.structs.replace(lost, bounds=()) == _lost(cursors, numbers)
            assert bool(lost.bounds) == (lost != Lost())
        assert self.journal.evicted_ever == self.evicted

    @invariant()
    def readers_never_go_back(self):
        """No reader was given a call twice or out of order."""
        for _, given_ in self.readers.values():
            assert given_ == sorted(set(given_))

    def _counts_agree(self, counts, kept):
        """Check what is counted against the calls that are kept."""
        minutes = {}
        for call in kept:
            minute = call.request.received_ns // (60 * 10**9)
            minutes.setdefault(minute, [0, 0])[not call.good] += 1
        remarks = [call.remark for call in kept if call.remark]
        assert counts.by_time(1) == minutes
        assert counts.violations == sum(VIOLATION in each.findings for each in remarks)
        assert counts.retried == sum(each.attempt > 1 for each in remarks)

    def _of(self, source):
        return [c for c, s, _ in self.calls if s == source]

    def _evict(self, before):
        """Take out what the journal gave up: the oldest of each source, and nothing else."""
        kept = {call.cursor for call in self.journal.calls_after(0, limit=1000)}
        numbers = {request.number for request in self.journal.requests_after(0, limit=1000)}
        for cursors in before.values():
            assert [c in kept for c in cursors] == sorted(c in kept for c in cursors)
        largest = max(len(cursors) for cursors in before.values())
        total = sum(len(cursors) for cursors in before.values())
        enough = len(self.requests) <= self.bounds[1]
        if total > self.bounds[0] and enough and len(numbers) == len(self.requests):
            # Only calls had to go: a source that gave some up was a largest one.
            least = min(sum(c in kept for c in v) for v in before.values() if set(v) - kept)
            assert least + 1 >= max(sum(c in kept for c in v) for v in before.values())
            assert largest >= least
        for cursor, name, _ in self.calls:
            if cursor not in kept:
                self.evicted += 1
                self.lost[name][0].append(cursor)
        for number, name, _ in self.requests:
            if number not in numbers:
                self.lost[name][1].append(number)
        self.calls = [call for call in self.calls if call[0] in kept]
        self.requests = [request for request in self.requests if request[0] in numbers]
        assert {number for _, _, number in self.calls} <= numbers


def _lost(cursors, numbers):
    return Lost(len(cursors), max(cursors, default=0), len(numbers), max(numbers, default=0))


JournalMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestJournal = JournalMachine.TestCase
TestJournal.__doc__ = "The journal gives exactly what a list would, whatever is done to it."


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_records_that_others_left_move_together(seed):
    """A few records between many removed ones take a few blocks."""
    gone = random.Random(seed).sample(range(3_000), 2_900)
    records = NumberedRecords()
    records.extend(range(1_000), range(1_000))
    for number in range(1_000, 2_000):
        records.append(number, number)
    records.extend(range(2_000, 3_000), range(2_000, 3_000))
    for number in gone:
        records.remove(number)
    assert list(records.after(-1)) == sorted(set(range(3_000)) - set(gone))
    assert len(records._blocks) <= 3


@given(st.lists(st.tuples(st.sampled_from(["append", "evict", "remove"]), st.integers(1, 30))))
def test_numbered_records_are_a_dict_with_an_order(changes):
    """After any changes they have what a plain dict has, read from any number on."""
    records, model, number, evicted = NumberedRecords(), {}, 0, []
    for change, amount in changes:
        if change == "append":
            number += amount
            records.extend((number,), (str(number),))
            model[number] = str(number)
        elif change == "remove":
            records.remove(amount)
            model.pop(amount, None)
        elif model:
            evicted.append(min(model))
            assert records.evict(1) == [model.pop(evicted[-1])]
        assert len(records) == len(model)
        assert list(records.after(10)) == [model[each] for each in model if each > 10]
        assert list(records.before())[:2] == [
            model[each] for each in sorted(model, reverse=True)[:2]
        ]
        assert records.get(amount) == model.get(amount)
        assert records.oldest == model.get(min(model, default=0))
        assert records.newest_number == max(model, default=0)
    assert (records.evicted, records.evicted_number) == (len(evicted), max(evicted, default=0))


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9), min_size=1),
    st.integers(-3, 12),
    st.integers(0, 4),
)
def test_the_largest_gives_first(sizes, excess, slack):
    """What is too much goes, one by one, each time from a largest; a little more at most."""
    before, left = sum(sizes.values()), {name: [size] for name, size in sizes.items()}

    def evict(group, most):
        others = [each[0] for each in left.values() if each is not group]
        assert group[0] >= max(others, default=0)
        assert most == 1 or group[0] - most >= max(others, default=0)
        group[0] -= most

    def too_much():
        return excess - before + sum(each[0] for each in left.values())

    evict_largest(left, size=lambda group: group[0], evict=evict, excess=too_much, slack=slack)
    after = sum(each[0] for each in left.values())
    assert after == 0 or too_much() <= 0
    assert before - after <= max(excess, 0) + min(slack, len(sizes))
