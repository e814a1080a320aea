"""A warehouse in a SQLite file: one file a source, its tables without a prefix."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mockseg.errors import ConfigError
from mockseg.warehouse.loader import Loader
from mockseg.warehouse.tables import SQLITE, Options
from mockseg.warehouse.values import LogicalType

# In the header of a file: that it is one of ours, "mcks".
_APPLICATION: Final = 0x6D636B73


@contextlib.contextmanager
def sqlite_file(path: str, *, source: str, options: Options) -> Iterator[Loader]:
    """Yield what loads calls into a file; it has all of them or none when the block ends.

    A file that has some of the calls of this source gets the others.

    Args:
        path: of the file.
        source: the write key; a file belongs to one.
        options: choices for what Segment does not document.

    Raises:
        ConfigError: it cannot be written, or is another source's, or no warehouse.
    """
    file = Path(path)
    is_new = not file.exists()
    done = False
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            _take(connection, path, source)
            yield Loader(connection, SQLITE, options, known=_known(connection))
            connection.execute("COMMIT")
            done = True
    except (sqlite3.Error, ValueError) as error:
        raise ConfigError(f"cannot write {path}: {error}") from None
    finally:
        if is_new and not done:
            file.unlink(missing_ok=True)


def _take(connection: sqlite3.Connection, path: str, source: str) -> None:
    """Mark a new file as the source's.

    Raises:
        ConfigError: it is something else already.
    """
    mark = zlib.crc32(source.encode()) & 0x7FFFFFFF
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (owner,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if not tables and not application:
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {mark}")
    elif application != _APPLICATION:
        raise ConfigError(f"{path} is a database of something else: name a new file")
    elif owner != mark:
        raise ConfigError(f"{path} has the warehouse of another source: name a file for each")


def _known(connection: sqlite3.Connection) -> dict[str, dict[str, LogicalType]]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: {
            column: SQLITE.logical(declared)
            for column, declared in connection.execute(
                "SELECT name, type FROM pragma_table_info(?)", (name,)
            )
        }
        for (name,) in names
    }
