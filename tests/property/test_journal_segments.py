"""A journal's file in segments: read or unread, restarted at any moment, it answers as memory."""

from __future__ import annotations

import itertools
import random

import msgspec
import pytest
from msgspec import Raw

from mockseg.domain.call import KeptCall, Remark
from mockseg.domain.lost import NOTHING_LOST
from mockseg.domain.request import Answer, KeptRequest
from mockseg.journal.background import BackgroundWork
from mockseg.journal.durable import DurableJournal
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.meter import Meter
from mockseg.journal.segments import Keys

_ANSWER = Answer(status=200, body=b"{}")
_REFUSED = Answer(status=400, body=b"no")
_SOURCES = ("a", "b", "c")
_STEPS = ("append",) * 8 + ("clear", "remove", "remove", "read", "read_back", "one")


class _Pair:
    """The same steps for a journal in memory and one in a file."""

    def __init__(self, file, **bounds):
        self._file, self._bounds = file, bounds
        self.memory = MemoryJournal(**self._parts())
        self.durable = self._opened()
        self._cursors, self._numbers = itertools.count(1), itertools.count(1)

    def _parts(self):
        return {"meter": Meter(10**9), "background": BackgroundWork(), **self._bounds}

    def _opened(self):
        return DurableJournal(str(self._file), sync="normal", **self._parts())

    def append(self, source, count):
        number = next(self._numbers)
        body = b",".join(b'"%d.%d"' % (number, place) for place in range(count))
        request = KeptRequest(
            number=number,
            source=source,
            method="POST",
            path="/v1/batch",
            query="",
            headers=(),
            body=body,
            sent_bytes=len(body),
            received_ns=number * 10**9,
            answer=_ANSWER if number % 7 else _REFUSED,
            calls=count,
        )
        calls = [
            KeptCall(
                next(self._cursors),
                request,
                place,
                Raw(b'"%d.%d"' % (number, place)),
                "track",
                f"E{(number + place) % 3}" if place != 3 else None,
                f"u{number % 4}",
                f"m{number}.{place}",
                Remark(attempt=2) if place == 2 else None,
            )
            for place in range(count)
        ]
        request.first_cursor = calls[0].cursor if calls else 0
        for journal in (self.memory, self.durable):
            journal.append(request, calls)

    def clear(self, source):
        assert self.memory.clear(source) == self.durable.clear(source)

    def remove(self, place):
        kept = self.memory.calls_after(0, limit=100)
        if kept:
            cursor = kept[place % len(kept)].cursor
            for journal in (self.memory, self.durable):
                journal.remove(journal.call(cursor))

    def read(self, source, place):
        asked = {"limit": 3, "source": source}
        assert self.memory.calls_after(place, **asked) == self.durable.calls_after(place, **asked)

    def read_back(self, source, place):
        asked = {"limit": 3, "source": source}
        before = place or None
        expected = self.memory.requests_before(before, **asked)
        assert self.durable.requests_before(before, **asked) == expected
        expected = self.memory.calls_before(before, **asked)
        assert self.durable.calls_before(before, **asked) == expected

    def one(self, place):
        assert self.memory.call(place) == self.durable.call(place)
        assert self.memory.request(place) == self.durable.request(place)

    def restart(self):
        self.durable.close()
        self.durable = self._opened()

    def compare(self, *, bytes_off=0):
        """Compare all that both say of each source and of all.

        Args:
            bytes_off: how far the bytes may be off: a part that is not read yet counts its share.
        """
        for source in (None, *_SOURCES):
            memory, durable = self.memory, self.durable
            assert durable.count(source) == memory.count(source)
            assert durable.lost(source) == memory.lost(source)
            if source is None:
                lost = [memory.lost(each) for each in _SOURCES]
                assert memory.lost() == sum(lost, NOTHING_LOST)
            assert _counted(durable.counts(source)) == _counted(memory.counts(source))
        indexes = sum(segment.size_bytes for segment in durable._segments)
        off = durable._account.size_bytes - memory._account.size_bytes - indexes
        assert abs(off) <= bytes_off


def _counted(counts):
    """Return all numbers, in any order."""
    return [
        sorted(each, key=repr) if isinstance(each, list) else each
        for each in msgspec.structs.astuple(counts.saved())
    ]


def _step(pair, chance):
    name = chance.choice((*_STEPS, "restart", "restart"))
    source = chance.choice(_SOURCES)
    any_source = chance.choice((None, *_SOURCES))
    place = chance.randrange(200)
    asked = {
        "append": (source, chance.randrange(6)),
        "clear": (source,),
        "remove": (place,),
        "read": (any_source, place),
        "read_back": (any_source, place),
        "one": (place,),
        "restart": (),
    }
    getattr(pair, name)(*asked[name])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bounds", [(10**6, 10**6), (40, 10**6), (10**6, 25)])
def test_a_journal_in_segments_answers_as_one_in_memory(tmp_path, monkeypatch, bounds, seed):
    """Whatever is recorded, cleared, evicted and read, and whenever the server starts anew."""
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", 8)
    part_calls, bytes_off = ((3, 10_000), (100, 0))[seed % 2]
    monkeypatch.setattr("mockseg.journal.unread.PART_CALLS", part_calls)
    chance = random.Random(seed)
    pair = _Pair(tmp_path / "journal.db", max_calls=bounds[0], max_requests=bounds[1])
    for _ in range(120):
        _step(pair, chance)
        pair.compare(bytes_off=bytes_off)
    pair.restart()
    for source in (None, *_SOURCES):
        everything = {"limit": 10**6, "source": source}
        expected = pair.memory.calls_after(0, **everything)
        assert pair.durable.calls_after(0, **everything) == expected
        expected = pair.memory.requests_after(0, **everything)
        assert pair.durable.requests_after(0, **everything) == expected
    pair.compare()
    pair.durable.close()


async def _found(journal, keys, source):
    """Return cursors by the index, both ways, and their number; by looking at all where none is."""
    narrowed = await journal.narrow(keys, source=source)
    assert narrowed is not None
    forth = [call async for portion in narrowed.after(0) for call in portion]
    back = [call async for portion in narrowed.before(None) for call in portion]
    assert back == forth[::-1]
    assert [call.cursor for call in forth] == sorted({call.cursor for call in forth})
    total = await narrowed.total(lambda call: _has(call, keys), said=True)
    assert [call async for portion in narrowed.after(0) for call in portion] == forth
    return forth, total


def _has(call, keys):
    return (
        keys.event in {None, call.event}
        and keys.user_id in {None, call.user_id}
        and keys.message_id in {None, call.message_id}
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bounds", [(10**6, 10**6), (60, 10**6)])
async def test_an_index_finds_what_a_look_at_all_calls_finds(tmp_path, monkeypatch, bounds, seed):
    """By event, user, messageId and two of them; of a source and of all; loosely a superset."""
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", 8)
    monkeypatch.setattr("mockseg.journal.segmented._FEW_CALLS", 0)
    monkeypatch.setattr("mockseg.journal.segmented._FEW_A_SHARE", 0)
    monkeypatch.setattr("mockseg.journal.unread.PART_CALLS", (3, 100)[seed % 2])
    monkeypatch.setattr("mockseg.journal.memory._FEW_CALLS", 0)
    monkeypatch.setattr("mockseg.journal.key_index.RUN_RECORDS", 8)
    chance = random.Random(seed)
    pair = _Pair(tmp_path / "journal.db", max_calls=bounds[0], max_requests=bounds[1])
    for _ in range(80):
        _step(pair, chance)
        if pair.durable.saving is not None:
            await pair.durable.saving
        keys = Keys(
            chance.choice((None, "E0", "E1", "none")),
            chance.choice((None, "u0", "u1")),
            chance.choice((None, None, f"m{chance.randrange(1, 40)}.1")),
        )
        source = chance.choice((None, *_SOURCES))
        if keys == Keys():
            assert await pair.durable.narrow(keys, source=source) is None
            continue
        everything = pair.memory.calls_after(0, limit=10**6, source=source)
        expected = [call for call in everything if _has(call, keys)]
        for journal in (pair.durable, pair.memory):
            if journal is pair.memory and not everything:
                assert await journal.narrow(keys, source=source) is None
                continue
            found, total = await _found(journal, keys, source)
            assert [call for call in found if _has(call, keys)] == expected
            assert total == len(expected)
            loosely, total = await _found(journal, keys._replace(loosely=True), source)
            assert total == len(expected)
            meant = [*expected]
            # A filter may mean the event of a call that is not a track call, too.
            if keys[1:3] == (None, None):
                meant += [call for call in everything if call.event is None]
            assert {call.cursor for call in meant} <= {call.cursor for call in loosely}
    pair.durable.close()
