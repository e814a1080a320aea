"""Files of journals that released versions wrote: they are read, answer as before, and go on."""

from __future__ import annotations

import asyncio
import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from journal_files import arrival, edited, found_in, hub_of, ids_in
from journal_fixture import answers

from mockseg.errors import JournalError
from mockseg.journal.layout import VERSION
from mockseg.journal.upkeep import check_journal, journal_info

_FIXTURES = Path(__file__).parents[3] / "fixtures"
# A release that changes the format adds its own.
_RELEASES = sorted(folder.parent.name for folder in _FIXTURES.glob("*/journal.db.gz"))

# How far this machine's clock is away, and words.
_OF_TODAY = {"offsetSeconds", "clockOffsetSeconds", "description"}


@pytest.fixture(name="file", params=_RELEASES)
def _file(request, tmp_path):
    """Return a copy of the file that a release wrote, and what that answered."""
    folder = _FIXTURES / request.param
    file = tmp_path / "journal.db"
    file.write_bytes(gzip.decompress((folder / "journal.db.gz").read_bytes()))
    return file, json.loads((folder / "journal.json").read_text("utf-8"))


def _as_before(now, before):
    """Compare answers; later versions may say more, and in other words."""
    if isinstance(before, dict):
        assert before.keys() <= now.keys()
        for name in before.keys() - _OF_TODAY:
            _as_before(now[name], before[name])
    elif isinstance(before, list):
        assert len(now) == len(before)
        for new, old in zip(now, before, strict=True):
            _as_before(new, old)
    elif before is None and isinstance(now, dict):
        # Nothing was said of it then.
        pass
    else:
        assert now == before


def test_a_file_of_a_release_answers_as_before_and_takes_more(file):
    """Calls, requests, sources, deliveries, a vendor's state and clocks; then it is of today."""
    path, before = file
    hub = hub_of(path)
    _as_before(asyncio.run(answers(hub)), before)
    kept = ids_in(hub)
    # Known ids are duplicates, cleared ones are not.
    hub.accept(arrival("a", "new", source="shop"))
    hub.accept(arrival("c1", source="cleared"))
    *_, repeated, new, again = hub.journal.calls_after(0, limit=1000)
    assert [call.verdict for call in (repeated, new, again)] == ["dropped", "accepted", "accepted"]
    hub.close()
    found = found_in(path)
    assert found == [*kept, "a", "new", "c1"]
    assert journal_info(str(path)).format == VERSION
    assert check_journal(str(path)).calls >= len(found)


def test_the_format_of_today_is_one_of_a_release(tmp_path):
    """Who changes the format keeps a file of it in the fixtures (see CONTRIBUTING)."""
    formats = set()
    for release in _RELEASES:
        file = tmp_path / f"{release}.db"
        file.write_bytes(gzip.decompress((_FIXTURES / release / "journal.db.gz").read_bytes()))
        with closing(sqlite3.connect(file)) as connection:
            formats |= set(connection.execute("pragma user_version").fetchone())
    assert VERSION in formats


def test_a_file_of_the_next_format_is_refused_unchanged(file):
    """One sentence names both formats and what to do; nothing is written to the file."""
    path, _ = file
    edited(path, f"pragma user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(JournalError) as refused:
        hub_of(path)
    assert (
        f"was written by a newer mockseg (format {VERSION + 1}, this one reads {VERSION});"
        " update mockseg, or pass another file"
    ) in str(refused.value)
    assert path.read_bytes() == before
