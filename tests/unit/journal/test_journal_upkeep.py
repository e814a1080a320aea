"""``mockseg journal``: what a journal's file has, whether it is whole, and smaller."""

from __future__ import annotations

import json

import pytest
from arrivals import batch_arrival
from journal_files import arrival, hub_of

from mockseg.cli.main import run
from mockseg.config import Settings
from mockseg.errors import JournalError
from mockseg.hub.hub import Hub
from mockseg.journal.upkeep import check_journal, compact_journal, journal_info

_TEXT = "text of a call " * 100


def _send(hub, *ids, source="k"):
    calls = [
        {"type": "track", "event": _TEXT, "userId": "u", "messageId": message_id}
        for message_id in ids
    ]
    hub.accept(batch_arrival(*calls, source=source))


@pytest.fixture(name="file")
def _file(tmp_path):
    """Return a journal of 40 requests with two calls each, and two sources."""
    path = tmp_path / "journal.db"
    hub = Hub(Settings(journal=str(path)))
    for number in range(40):
        _send(hub, f"a{number}", f"b{number}", source=f"k{number % 2}")
    hub.close()
    return path


def _run(capsys, *arguments):
    status = run(["journal", *map(str, arguments)])
    return status, *capsys.readouterr()


def test_info_says_what_a_file_has(file, capsys):
    """Counts, cursors and bytes, for a person and as JSON; the file is not changed."""
    before = file.read_bytes()
    status, out, err = _run(capsys, "info", file, "--json")
    facts = json.loads(out)
    assert (status, err) == (0, "")
    assert (facts["requests"], facts["sources"], facts["cursor"], facts["format"]) == (40, 2, 80, 2)
    assert facts["sizeBytes"] == len(before)
    status, out, _ = _run(capsys, "info", file)
    assert status == 0
    assert "requests" in out
    assert "80" in out
    assert file.read_bytes() == before


def test_check_reads_all_and_finds_what_sqlite_does_not(file, capsys):
    """A whole file is exit 0 with what was read; one wrong byte of a body is exit 1 with why."""
    status, out, err = _run(capsys, "check", file)
    assert (status, err) == (0, "")
    assert out == "whole: 40 requests with 80 calls, and 2 other records\n"
    assert json.loads(_run(capsys, "check", file, "--json")[1]) == {
        "whole": True,
        "requests": 40,
        "calls": 80,
        "records": 2,
    }
    data = bytearray(file.read_bytes())
    data[data.index(b"text of a call")] = ord("T")
    file.write_bytes(data)
    status, out, err = _run(capsys, "check", file)
    assert (status, err) == (1, "")
    assert "the checksum of request" in out
    status, out, _ = _run(capsys, "check", file, "--json")
    assert status == 1
    assert json.loads(out)["whole"] is False
    with pytest.raises(JournalError, match="the checksum of request"):
        compact_journal(str(file))
    assert file.read_bytes() == data


def test_a_damaged_page_is_told(file):
    """What SQLite's own check finds is one sentence."""
    data = bytearray(file.read_bytes())
    # The head of the second page: the number of its cells.
    data[16384 + 3 : 16384 + 5] = b"\x7f\xff"
    file.write_bytes(data)
    with pytest.raises(JournalError, match="is damaged") as refusal:
        check_journal(str(file))
    assert "\n" not in str(refusal.value)


def test_compact_takes_no_more_room_than_is_needed(file, capsys):
    """After a clear the file is smaller, and everything else in it is the same."""
    hub = Hub(Settings(journal=str(file)))
    hub.clear("k0")
    hub.close()
    checked, size_bytes = check_journal(str(file)), journal_info(str(file)).size_bytes
    status, out, err = _run(capsys, "compact", file)
    assert (status, err) == (0, "")
    assert " bytes before, " in out
    assert check_journal(str(file)) == checked
    assert journal_info(str(file)).size_bytes < size_bytes
    hub = Hub(Settings(journal=str(file)))
    assert {call.source for call in hub.journal.calls_after(0, limit=100)} == {"k1"}
    assert hub.journal.number == 40
    hub.close()
    status, out, _ = _run(capsys, "compact", file, "--json")
    assert set(json.loads(out)) == {"beforeBytes", "afterBytes"}


def test_a_file_that_a_server_uses_or_that_is_missing_is_refused(file, tmp_path, capsys):
    """Exit 2 and one sentence; a missing file is not made."""
    hub = Hub(Settings(journal=str(file)))
    for command in ("info", "check", "compact"):
        status, _, err = _run(capsys, command, file)
        assert status == 2
        assert "is in use by another mockseg" in err
        status, _, err = _run(capsys, command, tmp_path / "none.db")
        assert status == 2
        assert err.count("\n") == 1
        assert "does not exist" in err
    hub.close()
    assert not (tmp_path / "none.db").exists()


def test_what_is_recorded_takes_the_pages_of_what_it_evicts(tmp_path):
    """A full journal writes no more pages than its new requests need, and its file stays small."""
    hub = hub_of(tmp_path / "journal.db", max_calls=2)
    connection = hub.journal._file._connection
    pages = []
    for number in range(4):
        hub.accept(arrival(f"a{number}", f"b{number}", text="x" * 100_000))
        pages.append(connection.execute("pragma page_count").fetchone()[0])
    hub.close()
    assert pages[-1] - pages[0] <= 2
