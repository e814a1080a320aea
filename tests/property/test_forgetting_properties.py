"""Sources against a simple model: whatever is forgotten, no claim of completeness is wrong."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from mockseg.clock import ShiftedClock, SystemClock
from mockseg.domain.lost import Lost
from mockseg.hub.forgotten import Forgotten
from mockseg.hub.source_plans import NO_PLANS
from mockseg.hub.sources import Behaviour, Sources
from mockseg.journal.background import BackgroundWork
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.meter import Meter

KEYS = st.sampled_from("abcdefgh")
MOST = 3


class SourcesMachine(RuleBasedStateMachine):
    """Arrivals, claims, clears and deletions; the model remembers everything for ever."""

    @initialize(records=st.integers(0, 4))
    def begin(self, records):
        """Make a server that remembers few sources and few of those that it forgot."""
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("mockseg.hub.sources.MAX_SOURCES", MOST)
        self.patch.setattr("mockseg.hub.forgotten.MAX_FORGOTTEN", records)
        self.sources = Sources(
            Behaviour(edge="2025", dedup="source", error_body="json", plans=NO_PLANS),
            generation=1000,
            journal=MemoryJournal(
                max_calls=1000, max_requests=1000, meter=Meter(1000), background=BackgroundWork()
            ),
            meter=Meter(10**6),
            background=BackgroundWork(),
            clock=ShiftedClock(SystemClock()),
            random=random.Random(1),
            forget=self._forget,
            is_set_up=lambda _: False,
        )
        self.cursor = 0
        # The cursors of the calls of each key that were neither cleared nor deleted.
        self.sent = {key: [] for key in "abcdefgh"}
        self.kept = {key: [] for key in "abcdefgh"}
        self.claimed = set()
        self.order = []

    def teardown(self):
        """Take the bounds back."""
        if hasattr(self, "patch"):
            self.patch.undo()

    @rule(key=KEYS)
    def arrive(self, key):
        """Record a call."""
        self._goes(key, claimed=False)
        self.sources.use(key)
        self.cursor += 1
        self.sent[key].append(self.cursor)
        self.kept[key].append(self.cursor)

    @rule(key=KEYS)
    def claim(self, key):
        """Name a source, as a client does."""
        self._goes(key, claimed=True)
        self.sources.claim(key)

    @rule(key=KEYS)
    def clear(self, key):
        """Clear a source."""
        if self.sources.get(key) is None and self.sources.forgotten_as(key) is not None:
            self._goes(key, claimed=True)
        self.sources.clear(key, cursor=self.cursor)
        self.sent[key], self.kept[key] = [], []

    @rule(key=KEYS)
    def delete(self, key):
        """Delete a source, if it is open."""
        source = self.sources.get(key)
        if source is not None:
            self.sources.drop(source)
            self.order.remove(key)
            self.claimed.discard(key)
            self.sent[key], self.kept[key] = [], []

    @invariant()
    def nothing_is_said_to_be_whole_that_is_not(self):
        """From each cursor on: what was lost after it is known, or known to be unknown."""
        if not hasattr(self, "sources"):
            return
        for key, sent in self.sent.items():
            gone = sorted(set(sent) - set(self.kept[key]))
            record = self.sources.forgotten_as(key)
            lost = Lost() if record is None else record.view()
            for after in {0, *gone, *(cursor - 1 for cursor in gone)}:
                if any(cursor > after for cursor in gone):
                    assert lost.inside(after=after)
            if record is not None and record.known:
                assert lost.calls <= len(gone) or not gone

    @invariant()
    def those_go_that_should(self):
        """The open sources are those of the model, in the order in which they go."""
        if hasattr(self, "sources"):
            assert [source.key for source in self.sources] == self._in_order()
            total = self.sources.forgotten_sources.total
            missing = sum(len(set(s) - set(self.kept[k])) for k, s in self.sent.items())
            assert total.calls >= missing

    def _in_order(self):
        strays = [key for key in self.order if key not in self.claimed]
        return strays + [key for key in self.order if key in self.claimed]

    def _goes(self, key, *, claimed):
        """Let the model use a source, and forget another one for it."""
        if key in self.order:
            self.order.remove(key)
        elif len(self.order) >= MOST:
            gone = self._in_order()[0]
            self.order.remove(gone)
            self.claimed.discard(gone)
        self.order.append(key)
        if claimed:
            self.claimed.add(key)

    def _forget(self, source):
        kept, self.kept[source.key] = self.kept[source.key], []
        lost = Lost(len(kept), max(kept, default=0), len(kept), max(kept, default=0))
        return Forgotten(lost=lost, at_ns=self.cursor)


SourcesMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSources = SourcesMachine.TestCase
TestSources.__doc__ = "A key whose calls were forgotten never passes for one without calls."
