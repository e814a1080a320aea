"""Where a journal's file may be: links, folders, devices, full disks and folders of others."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from journal_files import arrival, copy_of_killed, found_in, hub_of, ids_in, perform

from mockseg.errors import JournalError, OperationError
from mockseg.journal import creation
from mockseg.journal.upkeep import check_journal, compact_journal, journal_info


@pytest.fixture(name="file")
def _file(tmp_path):
    return tmp_path / "journal.db"


def _refusal(path):
    """Return the one sentence with which a server refuses a file."""
    with pytest.raises(JournalError) as refused:
        hub_of(path)
    said = str(refused.value).removesuffix("\nRead more: mockseg manual journal")
    assert "\n" not in said
    assert said.startswith(f"journal {path} ")
    return said.removeprefix(f"journal {path} ")


def _folder(path):
    path.mkdir()


def _pipe(path):
    os.mkfifo(path)


def _endless(path):
    path.symlink_to(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_folder, "is a folder, not a file; pass another file"),
        (_pipe, "is not a regular file; pass another file"),
        (_endless, "is not a regular file; pass another file"),
        (
            lambda path: path.symlink_to("missing/journal.db"),
            "cannot be created: its folder does not exist",
        ),
        (
            lambda path: path.write_text("no database"),
            "is not an SQLite database, so mockseg did not write it; pass another file",
        ),
    ],
)
def test_what_is_no_file_is_one_sentence_and_nothing_is_left_beside_it(file, make, said):
    """A start does not hang at a pipe either, and makes no lock there."""
    make(file)
    assert _refusal(file) == said
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_file_in_a_missing_folder_is_refused(tmp_path):
    """A start makes no folders."""
    said = _refusal(tmp_path / "missing" / "journal.db")
    assert said == "cannot be created: its folder does not exist"
    assert not (tmp_path / "missing").exists()


def test_a_link_is_the_file_that_it_names(file, tmp_path):
    """One server uses it, under whichever name; a link to a missing file makes that file."""
    link = tmp_path / "link.db"
    link.symlink_to(file.name)
    hub = hub_of(link)
    hub.accept(arrival("a"))
    with pytest.raises(JournalError, match="is in use by another mockseg"):
        hub_of(file)
    size_bytes = file.stat().st_size + file.with_name("journal.db-wal").stat().st_size
    hub.close()
    assert link.is_symlink()
    assert found_in(file) == ["a"]
    assert 0 < journal_info(str(link)).size_bytes <= size_bytes


@pytest.mark.parametrize("command", [check_journal, compact_journal, journal_info])
def test_an_empty_file_is_a_new_journal_to_a_server_only(file, command):
    """Who looks into one is told that it is empty, and it stays so; a server makes a journal."""
    file.touch()
    with pytest.raises(JournalError, match="is empty: no mockseg has written to it"):
        command(str(file))
    assert file.stat().st_size == 0
    hub = hub_of(file)
    hub.accept(arrival("a"))
    hub.close()
    assert found_in(file) == ["a"]
    assert file.stat().st_mode & 0o077 == 0


class _Killed(BaseException):
    """The process ends here."""


class _Ending:
    """A connection at which a process is killed after some statements."""

    def __init__(self, connection, *, after):
        self._connection = connection
        self._left = after

    def _step(self, name, *args):
        if self._left == 0:
            raise _Killed
        self._left -= 1
        return getattr(self._connection, name)(*args)

    def execute(self, *args):
        return self._step("execute", *args)

    def executemany(self, *args):
        return self._step("executemany", *args)

    def executescript(self, *args):
        return self._step("executescript", *args)

    def close(self):
        self._connection.close()


@pytest.mark.parametrize("empty", [False, True])
def test_a_kill_while_the_file_is_made_leaves_none_or_a_whole_one(file, monkeypatch, empty):
    """Killed after statement 0, 1, 2 ...: the next start has an empty journal, and keeps calls."""
    steps = 0
    ended = True
    while ended:
        place = file.with_name(f"{steps}.db")
        if empty:
            place.touch()
        with monkeypatch.context() as patched:
            connected = creation.connected
            patched.setattr(
                creation,
                "connected",
                lambda *how, connected=connected, after=steps: _Ending(
                    connected(*how), after=after
                ),
            )
            # A killed process tidies nothing up.
            patched.setattr(creation, "_remove", lambda _: None)
            try:
                creation.create(place)
                ended = False
            except _Killed:
                assert creation.is_new(place)
        hub = hub_of(place)
        hub.accept(arrival("a"))
        hub.close()
        assert found_in(place) == ["a"]
        steps += 1
    assert steps > 5


@pytest.mark.parametrize("most_bytes", [0, 1000, 20_000, 100_000])
def test_a_file_that_does_not_fit_on_the_disk_is_not_begun(file, most_bytes):
    """It is refused as what it is, nothing is left of it, and it fits when there is room."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        said = _refusal(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert said.startswith("cannot be created: ")
    assert said.endswith("; free disk space, or pass a file on another disk")
    assert [each.name for each in file.parent.iterdir()] == ["journal.db.lock"]
    hub_of(file).close()


async def test_a_file_that_was_removed_takes_no_more_requests(file):
    """What no restart would find is refused, not answered; put back, the file goes on."""
    hub = hub_of(file)
    hub.accept(arrival("a"))
    await hub.journal.saving
    away = file.rename(file.with_name("away.db"))
    for _ in range(2):
        hub.accept(arrival("b"))
        with pytest.raises(JournalError, match="the file was removed or replaced; put it back"):
            await hub.journal.saving
    with pytest.raises(OperationError, match="was removed or replaced") as refused:
        await perform(hub, "create_source", writeKey="new")
    assert refused.value.status == 503
    # Another one in its place is not it.
    file.write_bytes(away.read_bytes())
    hub.accept(arrival("b"))
    with pytest.raises(JournalError, match="was removed or replaced"):
        await hub.journal.saving
    assert ids_in(hub) == ["a"]
    away.rename(file)
    hub.accept(arrival("b"))
    await hub.journal.saving
    assert ids_in(hub) == ["a", "b"]
    copy = copy_of_killed(file, file.parent / "killed")
    hub.close()
    assert found_in(copy) == found_in(file) == ["a", "b"]


async def test_a_log_whose_file_is_gone_is_not_deleted(file):
    """SQLite would delete it with the calls in it; a start refuses, and says what to do."""
    hub = hub_of(file)
    hub.accept(arrival("a"))
    await hub.journal.saving
    copy = copy_of_killed(file, file.parent / "killed")
    hub.close()
    log = copy.with_name("journal.db-wal")
    logged = log.read_bytes()
    assert logged
    away = copy.rename(copy.with_name("away.db"))
    for emptied in (False, True):
        if emptied:
            copy.touch()
        assert _refusal(copy).startswith("is missing or empty, but its log journal.db-wal is there")
        assert log.read_bytes() == logged
    away.replace(copy)
    assert found_in(copy) == ["a"]


async def test_another_program_that_writes_into_the_file_holds_nothing(file):
    """A request is refused at once, with the reason, and the next one is recorded."""
    hub = hub_of(file)
    (milliseconds,) = hub.journal._file._connection.execute("pragma busy_timeout").fetchone()
    assert milliseconds == 0
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin immediate")
        hub.accept(arrival("a"))
        with pytest.raises(JournalError, match="another program writes to it; end that one"):
            await hub.journal.saving
        other.execute("rollback")
    hub.accept(arrival("b"))
    await hub.journal.saving
    assert ids_in(hub) == ["b"]
    hub.close()


@pytest.fixture(name="others")
def _others():
    """Return a folder of somebody else, for a process that is not privileged."""
    if not hasattr(os, "geteuid"):
        pytest.skip("no users here")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@contextlib.contextmanager
def _unprivileged():
    """Be a user who may not do all, as root in a container may."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_that_may_only_be_read_is_named(others):
    """The sentence names the file that mockseg would make there."""
    hub_of(others / "journal.db").close()
    (others / "journal.db.lock").unlink()
    others.chmod(0o555)
    with _unprivileged():
        said = _refusal(others / "journal.db")
    assert said.startswith("cannot be opened: Permission denied")
    others.chmod(0o755)
    (others / "journal.db").chmod(0o644)
    others.chmod(0o555)
    with _unprivileged():
        said = _refusal(others / "journal.db")
    lock = others.resolve() / "journal.db.lock"
    assert said == (
        f"cannot be opened: Permission denied: {lock}, which mockseg keeps beside it; pass a file"
        " in a folder that mockseg may write to"
    )


def test_a_file_that_may_only_be_read_is_refused_at_the_start(others):
    """Not only at each request; and no byte of it changes."""
    file = others / "journal.db"
    hub = hub_of(file)
    hub.accept(arrival("a"))
    hub.close()
    before = file.read_bytes()
    file.chmod(0o444)
    (others / "journal.db.lock").chmod(0o666)
    others.chmod(0o777)
    with _unprivileged():
        said = _refusal(file)
    assert said == "cannot be opened: Permission denied"
    assert file.read_bytes() == before


def test_a_file_with_a_second_name_is_refused_under_both(file):
    """Two servers would each lock a name, and write into one file; nothing is written to it."""
    with contextlib.closing(hub_of(file)) as hub:
        hub.accept(arrival("a"))
    other = file.with_name("other.db")
    os.link(file, other)
    before = file.read_bytes()
    for name in (file, other):
        assert _refusal(name) == (
            "has a second name (a hard link), under which another server could write to it; remove"
            " one of the names, or copy the file instead"
        )
    assert file.read_bytes() == before
    other.unlink()
    with contextlib.closing(hub_of(file)) as hub:
        assert ids_in(hub) == ["a"]
