"""Damaged copies of a journal's file: told in one sentence or read right, and never changed."""

from __future__ import annotations

import random

import pytest
from journal_files import arrival, copy_of_killed, hub_of

from mockseg.errors import JournalError
from mockseg.journal.upkeep import check_journal

_SEED = 20261130
_PAGE_BYTES = 16384


@pytest.fixture(name="file", params=["stopped", "killed"])
def _file(request, tmp_path):
    """Return a journal of 120 calls; where its server was killed, with its log."""
    file = tmp_path / "journal.db"
    for name in "ab":
        hub = hub_of(file)
        for number in range(60):
            hub.accept(arrival(f"{name}{number}", source=f"k{number % 3}", text="text " * 60))
        if request.param == "killed" and name == "b":
            killed = copy_of_killed(file, tmp_path / "copy")
            hub.close()
            return killed
        hub.close()
    return file


def _damages(size_bytes):
    """Yield changes of a file: a bit, a page of zeros, an end that is missing."""
    chance = random.Random(_SEED)

    def flipped(data, place, bit):
        data[place] ^= 1 << bit

    def zeroed(data, page):
        start = page * _PAGE_BYTES
        data[start : start + _PAGE_BYTES] = bytes(len(data[start : start + _PAGE_BYTES]))

    def cut(data, place):
        del data[place:]

    for _ in range(60):
        place, bit = chance.randrange(size_bytes), chance.randrange(8)
        yield lambda data, place=place, bit=bit: flipped(data, place, bit)
    for page in range(size_bytes // _PAGE_BYTES):
        yield lambda data, page=page: zeroed(data, page)
    for _ in range(20):
        place = chance.randrange(1, size_bytes)
        yield lambda data, place=place: cut(data, place)


def test_damaged_copies_are_told_or_whole_and_stay_as_they_are(file):
    """Bits, pages and ends: `check` says one sentence or has read each call; no byte changes."""
    log = file.with_name(f"{file.name}-wal")
    whole = file.read_bytes()
    logged = log.read_bytes() if log.exists() else None
    told = 0
    for damage in _damages(len(whole)):
        data = bytearray(whole)
        damage(data)
        file.write_bytes(data)
        if logged is not None:
            log.write_bytes(logged)
        try:
            assert check_journal(str(file)).calls == 120
        except JournalError as error:
            told += 1
            said = str(error).split("\nRead more: ")[0]
            assert "\n" not in said
            assert said.startswith(f"journal {file} ")
        assert file.read_bytes() == data
        assert logged is None or log.read_bytes() == logged
    assert told > 20
