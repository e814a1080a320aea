"""Why a journal's file cannot be used or written, in words, and what to do."""

from __future__ import annotations

import sqlite3
from typing import Final

from filelock import FileLock, Timeout

# SQLite has this code for its own files.
_REPLACED: Final = sqlite3.SQLITE_READONLY_DBMOVED
_BUSY: Final = "another program writes to it; end that one"
NO_ROOM: Final = "free disk space, or pass a file on another disk"
# What to do where something cannot be written, by SQLite's codes; else it is the disk.
_WRITING: Final = {
    sqlite3.SQLITE_BUSY: _BUSY,
    _REPLACED: "put it back, or start the server anew",
}
# What to do where a file cannot be opened although it may be whole.
_OPENING: Final = {
    sqlite3.SQLITE_FULL: NO_ROOM,
    sqlite3.SQLITE_CANTOPEN: "allow mockseg to read and write the file and its folder",
    sqlite3.SQLITE_BUSY: _BUSY,
}


def replaced() -> sqlite3.Error:
    """Return the error of a file that was removed or replaced after it was opened."""
    error = sqlite3.OperationalError("the file was removed or replaced")
    error.sqlite_errorcode = _REPLACED
    return error


def why_unwritten(error: sqlite3.Error) -> str:
    """Return why something was not written, and what to do."""
    advice = _WRITING.get(_code(error), "clear sources, or free disk space")
    return f"cannot be written: {error}; {advice}"


def why_unopened(error: Exception) -> str | None:
    """Return why a file cannot be opened, and what to do; None where it is damaged."""
    advice = _OPENING.get(_code(error))
    return None if advice is None else f"cannot be opened: {error}; {advice}"


def why_not_locked(lock: FileLock) -> str | None:
    """Take a lock and return None, or return why it cannot be taken and what to do."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return "is in use by another mockseg; stop that one, or pass another file"
    except OSError as error:
        return (
            f"cannot be opened: {error.strerror}: {lock.lock_file}, which mockseg keeps beside it;"
            " pass a file in a folder that mockseg may write to"
        )
    except NotImplementedError:
        return "cannot be opened: its file system has no locks; pass a file on another one"
    return None


def _code(error: Exception) -> int:
    code = int(getattr(error, "sqlite_errorcode", 0))
    return code if code == _REPLACED else code & 0xFF
