"""Requests and calls as a journal gets them."""

from __future__ import annotations

import itertools

import pytest
from msgspec import Raw

from mockseg.domain.call import KeptCall
from mockseg.domain.request import Answer, KeptRequest
from mockseg.journal.background import BackgroundWork
from mockseg.journal.durable import DurableJournal
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.meter import Meter

_ANSWER = Answer(status=200, body=b"{}")


class Recorder:
    """Appends requests to a journal, counting as the hub does."""

    def __init__(self, file=None, **bounds):
        self.meter = Meter(bounds.pop("max_bytes", 10**9))
        bounds = {"max_calls": 10**6, "max_requests": 10**6} | bounds
        self.background = BackgroundWork()
        bounds |= {"meter": self.meter, "background": self.background}
        self.journal = (
            MemoryJournal(**bounds)
            if file is None
            else DurableJournal(str(file), sync="normal", **bounds)
        )
        self._cursors = itertools.count(1)
        self._numbers = itertools.count(1)

    def record(self, source, calls=1, *, size_bytes=10, **large):
        """Append one request with so many calls; give their cursors."""
        fields = {"path": "/v1/batch", "query": "", "headers": ()}
        fields |= {name: large.pop(name) for name in list(large) if name in fields}
        request = KeptRequest(
            number=next(self._numbers),
            source=source,
            method="POST",
            body=b"x" * size_bytes,
            sent_bytes=size_bytes,
            received_ns=0,
            answer=_ANSWER,
            **fields,
        )
        keys = {"event": "E", "user_id": "u", "message_id": "m"} | large
        kept = [
            KeptCall(
                cursor=next(self._cursors),
                request=request,
                index=index,
                raw=Raw(b"x" * sum(len(text) for text in keys.values() if isinstance(text, str))),
                type="track",
                **keys,
            )
            for index in range(calls)
        ]
        request.calls = calls
        request.first_cursor = kept[0].cursor if kept else 0
        self.journal.append(request, kept)
        return [call.cursor for call in kept]

    def cursors(self, source=None):
        """Give the cursors of all kept calls, oldest first."""
        return [call.cursor for call in self.journal.calls_after(0, limit=10**6, source=source)]

    def size_bytes(self):
        """Return what the kept calls and requests take."""
        calls = self.journal.calls_after(0, limit=10**6)
        requests = self.journal.requests_after(0, limit=10**6)
        return sum(each.size_bytes for each in (*calls, *requests))

    def numbers(self, source=None):
        """Give the numbers of all kept requests, oldest first."""
        page = self.journal.requests_after(0, limit=10**6, source=source)
        return [request.number for request in page]


@pytest.fixture(params=["memory", "file"])
def recorder(request, tmp_path):
    """Return a function that makes a journal with these bounds, and what appends to it."""
    if request.param == "memory":
        yield Recorder
        return
    files, made = itertools.count(), []

    def make(**bounds):
        made.append(Recorder(tmp_path / f"{next(files)}.db", **bounds))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()
