"""The files of a journal, as a kill leaves them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def copy_of_killed(file: Path, folder: Path) -> Path:
    """Copy a journal with its log into a new folder, nothing closed; return the copy.

    Args:
        file: of a journal that a server may use.
        folder: that is made.
    """
    folder.mkdir()
    for suffix in ("", "-wal"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            shutil.copy(part, folder / part.name)
    return folder / file.name
