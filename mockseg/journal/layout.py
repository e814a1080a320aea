"""What a journal's file looks like: its marks at the start, its tables, and what stands in them."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

Sync: TypeAlias = Literal["off", "normal", "full"]

APPLICATION_ID = 0x6D6B7367
VERSION = 2
# The highest number that SQLite takes.
LAST_NUMBER: Final = 2**63 - 1
PAGE_BYTES: Final = 16384
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
