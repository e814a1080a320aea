"""Records of other parts of the server in a journal's file: how they are written and deleted."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable
from typing import Final

from mockseg.journal.layout import Record

# How many records that were cut off are deleted in one transaction.
_DELETED_AT_ONCE: Final = 1000


def checksum(kind: str, number: int, value: bytes) -> int:
    """Return the checksum of a record."""
    return zlib.crc32(value, zlib.crc32(f"{kind} {number}".encode()))


def write_records(
    connection: sqlite3.Connection,
    records: Iterable[Record],
    cuts: Iterable[tuple[str, int]],
) -> None:
    """Write records and which of them are cut off, as a part of a transaction.

    Raises:
        sqlite3.Error: not all were written.
    """
    connection.executemany("insert or replace into cuts values (?, ?)", cuts)
    for kind, number, value in records:
        if value is None:
            connection.execute("delete from records where kind = ? and number = ?", (kind, number))
            continue
        connection.execute(
            "insert or replace into records values (?, ?, ?, ?)",
            (kind, number, value, checksum(kind, number, value)),
        )


def delete_cut(connection: sqlite3.Connection) -> bool:
    """Delete some of the records that were cut off; return whether there may be more.

    Raises:
        sqlite3.Error: nothing was deleted.
    """
    deleted = connection.execute(
        "delete from records where rowid in (select records.rowid from cuts join records"
        " on records.kind = cuts.kind and records.number <= cuts.number limit ?)",
        (_DELETED_AT_ONCE,),
    ).rowcount
    if deleted < _DELETED_AT_ONCE:
        connection.execute("delete from cuts")
        return False
    return True
