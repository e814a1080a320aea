"""A journal on a disk that fills up, and on one that loses what was not synchronised."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from arrivals import batch_arrival
from journal_files import copy_of_killed

from mockseg.config import Settings
from mockseg.errors import JournalError, OperationError
from mockseg.hub.hub import Hub
from mockseg.operations.table import by_name


def _arrival(name, *, text="x"):
    """Make a batch of three calls, which the name tells from others."""
    calls = [
        {
            "type": "track",
            "event": "E",
            "userId": "u",
            "messageId": f"{name}.{place}",
            "properties": {"t": text},
        }
        for place in range(3)
    ]
    return batch_arrival(*calls)


def _ids(hub):
    return [call.message_id for call in hub.journal.calls_after(0, limit=10**6)]


def _batches(ids):
    """Return the names of the batches, each of which must be whole."""
    names = [id_.partition(".")[0] for id_ in ids[::3]]
    assert ids == [f"{name}.{place}" for name in names for place in range(3)]
    return names


async def _perform(hub, name, **asked):
    return await hub.perform(name, msgspec.convert(asked, by_name(name).params))


@contextlib.contextmanager
def _files_of_at_most(size_bytes):
    """Let no file of this process grow over a size, as on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal, so that the write fails.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_where_the_file_may_not_grow_requests_are_refused_and_questions_answered(tmp_path):
    """What was answered is kept, what was refused is not, and it goes on when there is room."""
    file = tmp_path / "journal.db"
    hub = Hub(Settings(journal=str(file)))
    answered = []
    with _files_of_at_most(1024 * 1024):
        for number in range(200):
            hub.accept(_arrival(f"b{number}", text="x" * 20_000))
            if number == 0:
                await hub.journal.saving
                answered.append("b0")
                continue
            try:
                await hub.journal.saving
            except JournalError:
                break
            answered.append(f"b{number}")
        assert 1 < len(answered) < 200
        # A question is answered even while a request cannot be saved.
        hub.accept(_arrival("refused", text="x" * 20_000))
        summary = await _perform(hub, "summary", source="k")
        page = await _perform(hub, "list_calls", source="k", limit=1000)
        hub.accept(_arrival("refused", text="x" * 20_000))
        with pytest.raises(OperationError, match="cannot be written") as refusal:
            await _perform(hub, "create_source", writeKey="new")
        assert refusal.value.status == 503
        assert summary.total >= 3 * len(answered)
        assert page.calls[0].message_id == "b0.0"
        assert _batches(_ids(hub)) == answered
    hub.accept(_arrival("later"))
    await hub.journal.saving
    hub.close()
    again = Hub(Settings(journal=str(file)))
    assert _batches(_ids(again)) == [*answered, "later"]
    again.close()


@pytest.mark.parametrize("sync", ["normal", "full"])
async def test_after_a_power_cut_what_is_there_is_a_prefix(tmp_path, sync):
    """Wherever the log is cut: whole batches, from the first on, and none that is torn."""
    file = tmp_path / "journal.db"
    hub = Hub(Settings(journal=str(file), journal_sync=sync))
    names = [f"b{number}" for number in range(12)]
    for name in names:
        hub.accept(_arrival(name))
        await hub.journal.saving
    (level,) = hub.journal._file._connection.execute("pragma synchronous").fetchone()
    # 1 leaves the log of the last commits to the system, 2 waits for the disk at each.
    assert level == {"normal": 1, "full": 2}[sync]
    whole = copy_of_killed(file, tmp_path / "whole")
    hub.close()
    log = whole.with_name(whole.name + "-wal").read_bytes()
    found = set()
    for place in range(0, len(log) + 1, max(len(log) // 24, 1)):
        cut = copy_of_killed(whole, tmp_path / f"cut{place}")
        cut.with_name(cut.name + "-wal").write_bytes(log[:place])
        after = Hub(Settings(journal=str(cut)))
        kept = _batches(_ids(after))
        after.close()
        assert kept == names[: len(kept)]
        found.add(len(kept))
    assert len(found) > 5
    assert _kept_of(whole) == names


def _kept_of(file):
    hub = Hub(Settings(journal=str(file)))
    try:
        return _batches(_ids(hub))
    finally:
        hub.close()
