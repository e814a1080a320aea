"""Moving the log of a journal's file into the file, in a thread, while the loop goes on.

SQLite writes what is committed to a log beside the file; a checkpoint moves it into the file and
waits for the disk twice. That is one statement, during which the thread needs no turn of the
interpreter, and it has a connection of its own, so that commits go on meanwhile.

Before 3.51.3 two connections can damage a file (sqlite.org/wal.html#walresetbug): when a
checkpoint begins while all of the log is in the file, and a commit begins the log anew meanwhile.
So one begins only after a commit that was begun when no other checkpoint went on. Then a part of
the log is not in the file, and no commit can begin it anew before the checkpoint has ended.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import Final

from mockseg.journal.layout import PAGE_BYTES

# Gives whether it could not, pages in the log, and those that are in the file.
_MOVE: Final = "pragma wal_checkpoint(passive)"
EVERY_BYTES: Final = 4 * 1024 * 1024
"""When this much was committed, it is moved."""
LONG_BYTES: Final = 32 * 1024 * 1024
"""A log of this size is to begin anew when little is left to move."""
LITTLE_BYTES: Final = 1024 * 1024
"""Commits may wait while this is moved."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""A log of this size lets no commit in until it begins anew."""
# What the pages around new rows take.
_AROUND_BYTES: Final = 3 * PAGE_BYTES


class Checkpoints:
    """Decides when the log is moved, and moves it. Used by one thread; it has another.

    Args:
        connection: of its own; closed with it.
    """

    __slots__ = ("_behind_bytes", "_connection", "_log_bytes", "_outcome", "_thread")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._thread: threading.Thread | None = None
        self._outcome: tuple[int, int, int] | None = None
        # About: of the log, and of what in it is not in the file.
        self._log_bytes = self._behind_bytes = 0

    def shorten(self, connection: sqlite3.Connection, *, must: bool) -> None:
        """Move the log now where it is too long. To be called before each transaction with rows.

        It waits for the thread only where the log has the largest size.

        Args:
            connection: the one that commits.
            must: whether a failure matters. On a full disk what is cleared shall be written.

        Raises:
            sqlite3.Error: it cannot be moved.
        """
        thread = self._thread
        if thread is not None and (self._log_bytes >= MOST_BYTES or not thread.is_alive()):
            self.wait()
        if self._thread is not None or self._log_bytes < LONG_BYTES:
            return
        if self._behind_bytes > LITTLE_BYTES and self._log_bytes < MOST_BYTES:
            return
        try:
            self._moved(connection.execute(_MOVE).fetchone())
        except sqlite3.Error:
            if must:
                raise

    def wait(self) -> bool:
        """Return when no checkpoint goes on in the thread; say whether one did."""
        thread, self._thread = self._thread, None
        if thread is None:
            return False
        thread.join()
        outcome, self._outcome = self._outcome, None
        if outcome is None or outcome[0]:
            self._behind_bytes = self._log_bytes
            return True
        later_bytes = self._behind_bytes
        self._moved(outcome)
        if later_bytes:
            # Some of it may have been moved, too.
            self._behind_bytes += later_bytes
            self._log_bytes = outcome[1] * PAGE_BYTES + later_bytes
        return True

    def _moved(self, outcome: tuple[int, int, int]) -> None:
        """Note what came of a checkpoint during which nothing was committed."""
        blocked, log_pages, moved_pages = outcome
        if not blocked:
            self._behind_bytes = max(log_pages - moved_pages, 0) * PAGE_BYTES
            # The next commit begins a log anew that was moved whole.
            self._log_bytes = log_pages * PAGE_BYTES if self._behind_bytes else 0

    def committed(self, rows_bytes: int) -> None:
        """Note that new rows were committed; begin to move the log when there is enough in it."""
        size_bytes = rows_bytes + _AROUND_BYTES
        self._log_bytes += size_bytes
        self._behind_bytes += size_bytes
        # Without one now, there was none when the transaction was begun.
        if self._thread is None:
            is_long = self._log_bytes >= LONG_BYTES
            if self._behind_bytes > (LITTLE_BYTES if is_long else EVERY_BYTES):
                self._begin()

    def close(self) -> None:
        """Wait for the thread, and close its connection."""
        self.wait()
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._move, name="mockseg-checkpoint")
        # Where no thread can be begun, the log grows until it must be moved without one.
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._thread, self._behind_bytes = thread, 0

    def _move(self) -> None:
        # A failure is told by who moves it when the log is too long; until then it does no harm.
        with contextlib.suppress(sqlite3.Error):
            self._outcome = self._connection.execute(_MOVE).fetchone()
