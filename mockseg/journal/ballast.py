"""Room on the disk beside a journal's file, let go of when the disk is full."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

# Deleted when the disk is full, so that clearing and evicting still have a place to write to.
BALLAST_BYTES = 8 * 1024 * 1024


class Ballast:
    """A file that takes room until it is needed.

    Args:
        place: of the journal's file.
    """

    def __init__(self, place: Path) -> None:
        self._folder = place.parent
        self._file = Path(f"{place}.ballast")

    def make(self) -> None:
        """Take the room, unless the disk has too little."""
        try:
            if not self._file.exists() or self._file.stat().st_size < BALLAST_BYTES:
                self._file.write_bytes(b"\0" * BALLAST_BYTES)
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Let go of the room."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def fits(self, *, unused_bytes: int) -> bool:
        """Return whether a disk that was full has room for the ballast and as much again.

        Args:
            unused_bytes: of the journal's file; it need not grow for these.

        Raises:
            OSError: the disk does not say.
        """
        free_bytes = shutil.disk_usage(self._folder).free
        return max(free_bytes - BALLAST_BYTES, unused_bytes) >= BALLAST_BYTES
