"""Commands that ask the file of a journal instead of a server."""

from __future__ import annotations

import asyncio
import json

import pytest
from arrivals import batch_arrival
from journal_files import arrival

from mockseg.cli.main import run
from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.operations.destinations import AddDestination


@pytest.fixture(name="file")
def _file(tmp_path):
    """Return a journal of three good calls and one that Segment drops, in two sources."""
    path = tmp_path / "journal.db"
    hub = Hub(Settings(journal=str(path)))
    for source, ids in (("k", "aba"), ("other", "c")):
        calls = [
            {"type": "track", "event": f"E {id_}", "userId": "u", "messageId": id_} for id_ in ids
        ]
        hub.accept(batch_arrival(*calls, source=source))
    hub.close()
    return str(path)


def _run(capsys, *arguments):
    status = run([*arguments])
    return status, *capsys.readouterr()


def _ids(capsys, file, *arguments):
    status, out, _ = _run(capsys, "calls", "--json", "--journal", file, *arguments)
    assert status == 0
    return [json.loads(line)["messageId"] for line in out.splitlines()]


def test_calls_are_listed_and_searched_in_a_file(file, capsys):
    """Filters are those of a server; requests, sources and the summary are there, too."""
    assert _ids(capsys, file) == ["a", "b", "a", "c"]
    assert _ids(capsys, file, "--source", "k", "--good") == ["a", "b"]
    assert _ids(capsys, file, "event:E*", "--last", "1") == ["c"]
    status, out, _ = _run(capsys, "summary", "--journal", file, "--json")
    assert (status, json.loads(out)["total"]) == (0, 4)
    status, out, _ = _run(capsys, "sources", "--journal", file, "--json")
    assert status == 0
    assert "other" in out
    status, out, _ = _run(capsys, "requests", "--journal", file, "--json")
    assert (status, len(out.splitlines())) == (0, 2)


def test_a_call_its_deliveries_and_the_warehouse_are_read_from_a_file(file, capsys):
    """They are shown as by a server; what is queued stays so, and nothing is sent."""
    hub = Hub(Settings(journal=file))
    asked = AddDestination(type="userengage", source="other", settings={})
    asyncio.run(hub.perform("add_destination", asked))
    hub.accept(arrival("d", source="other"))
    hub.close()
    for _ in range(2):
        status, out, _ = _run(capsys, "deliveries", "--journal", file, "--json")
        (delivery,) = map(json.loads, out.splitlines())
        assert (status, delivery["state"], delivery["call"]) == (0, "queued", "call-5")
    status, out, _ = _run(capsys, "show", "last", "--journal", file, "--json")
    details = json.loads(out)
    assert (status, details["call"]["messageId"]) == (0, "d")
    assert [each["state"] for each in details["deliveries"]] == ["queued"]
    status, out, _ = _run(capsys, "show", "d", "--journal", file, "--as", "curl")
    assert status == 0
    assert "$MOCKSEG_URL" in out or "${MOCKSEG_URL" in out
    sql = "SELECT event, COUNT(*) AS n FROM tracks GROUP BY 1 ORDER BY 1"
    asked = ("warehouse", sql, "--source", "k", "--journal", file, "--json")
    status, out, _ = _run(capsys, *asked)
    assert (status, [json.loads(line) for line in out.splitlines()]) == (
        0,
        [{"event": "e_a", "n": 1}, {"event": "e_b", "n": 1}],
    )


def test_tail_says_why_it_follows_no_file(file, capsys):
    """A file that no server uses gets no calls: one sentence names what lists those it has."""
    status, out, err = _run(capsys, "tail", "--journal", file)
    assert (status, out) == (2, "")
    assert "gets no new calls: mockseg calls --journal FILE lists what it has" in err


def test_what_is_exported_from_a_file_is_imported_into_another(file, tmp_path, capsys):
    """The other file is created; further calls are added to it."""
    exported, copy = str(tmp_path / "calls.ndjson"), str(tmp_path / "copy.db")
    status, _, err = _run(capsys, "export", exported, "--journal", file, "--good")
    assert (status, err) == (0, f"3 calls exported to {exported}\n")
    status, out, _ = _run(capsys, "import", exported, "--journal", copy)
    assert (status, out) == (0, "3 calls imported\n")
    assert _ids(capsys, copy) == ["a", "b", "c"]
    _run(capsys, "import", exported, "--journal", copy, "--source", "more")
    assert _ids(capsys, copy) == ["a", "b", "c", "a", "b", "c"]
    assert _ids(capsys, file) == ["a", "b", "a", "c"]


def test_a_file_that_cannot_be_asked_is_one_sentence(file, tmp_path, capsys):
    """Missing, in use, or asked beside a server: exit 2, what is wrong and what to do."""
    missing = str(tmp_path / "missing.db")
    status, out, err = _run(capsys, "calls", "--journal", missing)
    assert (status, out) == (2, "")
    assert err.startswith(f"mockseg: journal {missing} does not exist")
    hub = Hub(Settings(journal=file))
    try:
        status, _, err = _run(capsys, "export", "-", "--journal", file)
    finally:
        hub.close()
    assert status == 2
    assert err.startswith(f"mockseg: journal {file} is in use by another mockseg; stop that one")
    status, _, err = _run(capsys, "calls", "--journal", file, "--url", "http://127.0.0.1:1")
    assert status == 2
    assert "leave out --url" in err
