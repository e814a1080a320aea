"""What a journal's file must be before it is opened, and how a new one is made."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Literal

from mockseg.errors import JournalError
from mockseg.journal.layout import APPLICATION_ID, MAGIC, PAGE_BYTES, SCHEMA, SEGMENTS, VERSION


def connected(path: Path, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
    """Open a connection to a file.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    # The loop's thread uses it; another may have made it, before there was a loop.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("pragma trusted_schema = off")
    except BaseException:
        connection.close()
        raise
    return connection


def is_new(path: Path) -> bool:
    """Return whether a file is missing or empty, so that it is to be made."""
    return not path.exists() or not path.stat().st_size


def why_no_place(path: Path) -> str | None:
    """Return why a journal's file cannot be at a place, None where it may be there.

    Nothing is opened: that and closing it again would end the locks that this process has on it.

    Args:
        path: of the file, without symbolic links.

    Raises:
        OSError: it cannot be looked at.
    """
    if path.is_dir():
        return "is a folder, not a file; pass another file"
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return "is not a regular file; pass another file"
    if path.exists() and path.stat().st_nlink > 1:
        # SQLite keeps a log for each name, and each name has a lock of its own.
        return (
            "has a second name (a hard link), under which another server could write to it; remove"
            " one of the names, or copy the file instead"
        )
    if not path.parent.is_dir():
        return "cannot be created: its folder does not exist"
    return None


def why_not_ours(path: Path) -> str | None:
    """Return why this version cannot use a file as a journal, None where it may be able to.

    It is asked before SQLite sees the file, which may repair what another program wrote.

    Args:
        path: of the file, which is locked.

    Raises:
        OSError: it cannot be read.
    """
    if is_new(path):
        log = Path(f"{path}-wal")
        if log.exists() and log.stat().st_size:
            # SQLite would delete it.
            return (
                f"is missing or empty, but its log {log.name} is there: the file was removed while"
                " a server used it; put it back, or delete the log, too"
            )
        return None
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(MAGIC):
        return "is not an SQLite database, so mockseg did not write it; pass another file"
    version = int.from_bytes(head[60:64], "big")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        return "is an SQLite database of another program; pass another file"
    if version > VERSION:
        return (
            f"was written by a newer mockseg (format {version}, this one reads {VERSION});"
            " update mockseg, or pass another file"
        )
    return None


def refuse_unwritten(path: str) -> None:
    """Refuse a file that no server has used, where there must be one.

    Raises:
        JournalError: it is missing or empty, or cannot be looked at.
    """
    file = Path(path)
    try:
        if not path or not file.exists():
            raise JournalError("does not exist", path=path or '""')
        if file.is_file() and is_new(file):
            raise JournalError("is empty: no mockseg has written to it", path=path)
    except OSError as error:
        raise JournalError(f"cannot be opened: {error.strerror}", path=path) from None


def create(path: Path) -> None:
    """Make the file of an empty journal; it is there as a whole or not at all.

    Args:
        path: of the file, without symbolic links; nothing or an empty file is there.

    Raises:
        sqlite3.Error, OSError: it cannot be made.
    """
    new = Path(f"{path}.new")
    # One that a kill has left.
    _remove(new)
    try:
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with contextlib.closing(connected(new, "rw")) as connection:
            execute = connection.execute
            execute(f"pragma page_size = {PAGE_BYTES}")
            # It is synchronised as a whole.
            execute("pragma synchronous = off")
            execute(f"pragma application_id = {APPLICATION_ID}")
            execute(f"pragma user_version = {VERSION}")
            connection.executescript(f"begin;{SCHEMA}{SEGMENTS}commit")
            run = int.from_bytes(os.urandom(4), "big") or 1
            rows = [("run", run), ("cursor", 0), ("number", 0)]
            connection.executemany("insert into meta values (?, ?)", rows)
            # Last, so that all of it is in the file itself.
            execute("pragma journal_mode = wal")
        _synchronise(new)
        new.replace(path)
        _synchronise(path.parent)
    finally:
        _remove(new)


def _remove(new: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{new}{suffix}").unlink(missing_ok=True)


def _synchronise(place: Path) -> None:
    """Have the disk keep a file, or what a folder lists; not every system can."""
    with contextlib.suppress(OSError):
        opened = os.open(place, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
