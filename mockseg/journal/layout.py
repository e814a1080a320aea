"""What a journal's file looks like: its marks at the start, its tables, and what stands in them."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

Sync: TypeAlias = Literal["off", "normal", "full"]

APPLICATION_ID = 0x6D6B7367
VERSION = 2
# The highest number that SQLite takes.
LAST_NUMBER: Final = 2**63 - 1
# Deleted when the disk is full, so that clearing and evicting still have a place to write to.
BALLAST_BYTES = 8 * 1024 * 1024
MAGIC = b"SQLite format 3\0"

SCHEMA = """
create table meta (key text primary key, value) without rowid;
create table sources (
    key text primary key, after integer, calls integer, cursor integer, requests integer,
    number integer, settings blob) without rowid;
create table requests (number integer primary key, entry blob, body blob, crc integer);
create table removed (cursor integer primary key, request integer);
create table records (
    kind text, number integer, value blob, crc integer, primary key (kind, number));
create table cuts (kind text primary key, number integer) without rowid;
"""
# Since version 2.
SEGMENTS = """
create table segments (first integer primary key, last integer, summary blob, crc integer);
"""


class Record(NamedTuple):
    """What another part of the server has in the file.

    Attributes:
        kind: what it is, and whose.
        number: its place among those of its kind.
        value: None deletes it.
    """

    kind: str
    number: int
    value: bytes | None


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """How far a source was cleared and evicted.

    Attributes:
        key: its write key.
        after: the number up to which its requests are gone.
        calls, cursor, requests, number: what was evicted, as in
            :class:`~mockseg.domain.lost.Lost`.
    """

    key: str
    after: int = 0
    calls: int = 0
    cursor: int = 0
    requests: int = 0
    number: int = 0


class Meta(msgspec.Struct, frozen=True):
    """What the file says of itself; see :class:`~mockseg.journal.file.JournalFile`."""

    run: int
    cursor: int
    number: int
    server: bytes | None = None


def why_not_ours(path: Path) -> str | None:
    """Return why this version cannot read a file as a journal, None where it may be able to.

    It is asked before SQLite sees the file, which may repair what another program wrote.
    """
    head = b""
    if path.exists():
        with path.open("rb") as file:
            head = file.read(100)
    if not head:
        return None
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
