"""What can be done with a journal's file while no server uses it: look, check, compact."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mockseg.journal.creation import refuse_unwritten
from mockseg.journal.file import JournalFile


class JournalInfo(msgspec.Struct, frozen=True, rename="camel"):
    """What a journal's file has.

    Attributes:
        file: its path.
        size_bytes: of the file and its log.
        format: version of its tables.
        requests: number of requests that are in it; some may be cleared and not deleted yet.
        sources: number of sources that it knows.
        destinations: number of destinations.
        deliveries: number of deliveries.
        cursor: of the latest call that was ever recorded.
        number: likewise, of the latest request.
    """

    file: str
    size_bytes: int
    format: int
    requests: int
    sources: int
    destinations: int
    deliveries: int
    cursor: int
    number: int


class Checked(msgspec.Struct, frozen=True, rename="camel"):
    """What was read of a journal's file that is whole.

    Attributes:
        requests, calls: how many were read, each with its checksum.
        records: how many of sources, destinations, vendors and deliveries.
    """

    requests: int
    calls: int
    records: int


class Compacted(msgspec.Struct, frozen=True, rename="camel"):
    """What compacting saved.

    Attributes:
        before_bytes, after_bytes: of the file and its log.
    """

    before_bytes: int
    after_bytes: int


def journal_info(path: str) -> JournalInfo:
    """Return what a journal's file has.

    Raises:
        JournalError: it cannot be used, or a server uses it.
    """
    with _opened(path) as file:
        count = file.count
        cursor, number = _latest(file)
        return JournalInfo(
            file=path,
            size_bytes=_size_bytes(path),
            format=file.count("pragma user_version"),
            requests=count("select count(*) from requests"),
            sources=count("select count(*) from sources"),
            destinations=count("select count(*) from records where kind = 'destination'"),
            deliveries=count(
                "select count(*) from records where kind glob 'delivery *' and number > 0"
            ),
            cursor=cursor,
            number=number,
        )


def _latest(file: JournalFile) -> tuple[int, int]:
    """Return the cursor and the number that were given out last, ever."""
    number = max(file.number, file.count("select coalesce(max(number), 0) from requests"))
    for each in range(number, file.number, -1):
        row = file.row(each)
        if row is not None and row.request.calls:
            return max(file.cursor, row.request.first_cursor + row.request.calls - 1), number
    return file.cursor, number


def check_journal(path: str) -> Checked:
    """Read a journal's file whole and return what was read; nothing is changed.

    Raises:
        JournalError: it is damaged, or cannot be used; or a server uses it.
    """
    with _opened(path) as file:
        return _checked(file)


def compact_journal(path: str) -> Compacted:
    """Write a journal's file anew without the room that deleted requests left.

    Raises:
        JournalError: it is damaged, and was not changed; it cannot be used or written; or a
            server uses it.
    """
    with _opened(path) as file:
        before_bytes = _size_bytes(path)
        _checked(file)
        file.compact()
    return Compacted(before_bytes, _size_bytes(path))


def _checked(file: JournalFile) -> Checked:
    file.check_pages()
    calls = [len(calls) for _, calls in file.requests()]
    marks = sum(1 for _ in file.marks())
    return Checked(len(calls), sum(calls), marks + sum(1 for _ in file.records()))


@contextmanager
def _opened(path: str) -> Iterator[JournalFile]:
    refuse_unwritten(path)
    file = JournalFile(path, sync="normal")
    try:
        yield file
    finally:
        file.close()


def _size_bytes(path: str) -> int:
    # The log is beside the file itself, not beside a link to it.
    place = os.path.realpath(path)
    parts = (Path(place), Path(f"{place}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
