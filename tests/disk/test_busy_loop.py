"""Saving while the event loop is busy: by the loop itself, at the end of the turn, all at once."""

from __future__ import annotations

import asyncio
import contextlib

from journal_files import arrival, copy_of_killed, found_in, hub_of

from mockseg.clock import breathe
from mockseg.journal.durable import DurableJournal
from mockseg.journal.file import JournalFile

# The turn in which it is recorded, that of the commit, and that of whom the commit wakes.
_MOST_TURNS = 3


@contextlib.asynccontextmanager
async def _busy(hub):
    """Keep the loop busy without end: five scans and ten tasks that are always ready.

    Yields what counts the turns of the loop.
    """
    turns = [0]

    async def scan():
        while True:
            async for _ in hub.journal.scan():
                await breathe()

    async def work():
        while True:
            sum(range(1000))
            await breathe()

    async def count():
        while True:
            turns[0] += 1
            await breathe()

    works = [asyncio.create_task(each()) for each in [count, *[scan] * 5, *[work] * 10]]
    try:
        yield turns
    finally:
        for each in works:
            each.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def _turns_until_saved(file):
    """Return how many turns of a busy loop an append waits; it is in the file then."""
    hub = hub_of(file)
    try:
        for number in range(200):
            hub.accept(arrival(f"m{number}"))
        await hub.journal.saving
        async with _busy(hub) as turns:
            for _ in range(5):
                await breathe()
            before = turns[0]
            hub.accept(arrival("new"))
            saving = asyncio.shield(hub.journal.saving)
            while not saving.done() and turns[0] - before <= 10 * _MOST_TURNS:
                await breathe()
            return turns[0] - before
    finally:
        hub.close()


async def test_an_append_is_answered_in_a_busy_loop_after_its_turn(tmp_path):
    """Scans and other work make it wait for no more than the turn's end."""
    assert await _turns_until_saved(tmp_path / "journal.db") <= _MOST_TURNS


async def test_a_journal_that_saves_when_the_loop_is_idle_is_found_out(tmp_path, monkeypatch):
    """A naive one that lets all other work go first never answers."""
    commit = DurableJournal.commit

    def idle(journal):
        loop = asyncio.get_running_loop()
        if loop._ready:
            loop.call_soon(journal.commit)
        else:
            commit(journal)

    with monkeypatch.context() as naive:
        naive.setattr(DurableJournal, "commit", idle)
        naive.setattr(DurableJournal, "close", lambda journal: journal._file.close())
        assert await _turns_until_saved(tmp_path / "journal.db") > _MOST_TURNS


async def _commits_of_a_turn(file, monkeypatch):
    """Return how many transactions 50 requests of one turn are."""
    hub = hub_of(file)
    commits = []
    write = JournalFile.write
    with monkeypatch.context() as counted:
        counted.setattr(
            JournalFile, "write", lambda *args, **what: commits.append(1) or write(*args, **what)
        )
        for number in range(50):
            hub.accept(arrival(f"m{number}"))
        while hub.journal.saving is not None:
            await hub.journal.saving
    copy = copy_of_killed(file, file.parent / f"{file.name}.killed")
    hub.close()
    assert found_in(copy) == [f"m{number}" for number in range(50)]
    return len(commits)


async def test_a_turn_is_one_commit(tmp_path, monkeypatch):
    """Fifty requests that arrive together are one transaction; one for each is found out."""
    assert await _commits_of_a_turn(tmp_path / "journal.db", monkeypatch) == 1
    schedule = DurableJournal._schedule
    with monkeypatch.context() as naive:
        naive.setattr(
            DurableJournal, "_schedule", lambda journal: (schedule(journal), journal.commit())
        )
        assert await _commits_of_a_turn(tmp_path / "naive.db", monkeypatch) >= 50
