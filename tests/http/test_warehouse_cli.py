"""`mockseg warehouse`: tables, SQL, and a file for every other tool."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from warehouse_sample import ASSERTIONS, CALLS

from mockseg import MockSegment
from mockseg.cli.main import run


@pytest.fixture(name="source")
def _source(cli_server):
    """Return a source that has the sample."""
    source = cli_server.source("warehouse-key", name="My App")
    source.send(*CALLS, {"type": "track", "event": "Nameless"})
    return source


@pytest.fixture(name="warehouse")
def _warehouse(source, capsys):
    """Return a function that runs the command; it returns status, output and remarks."""

    def warehouse(*arguments):
        status = run(["warehouse", "--source", source.write_key, *map(str, arguments)])
        out, err = capsys.readouterr()
        return status, out, err

    return warehouse


def rows(file, sql):
    """Ask a file."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def test_the_tables_are_listed(warehouse):
    """With their rows and types, and what was kept out."""
    status, out, err = warehouse()
    assert status == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["users"].split()[1] == "1"
    assert "address_street varchar" in lines["identifies"]
    assert "2 calls kept out: dropped" in err
    assert "failed_cast order_completed.at: a value could not be cast to timestamp" in err


def test_sql_is_answered_as_a_table_or_as_json(warehouse):
    """Nothing is a cell without a text; nulls are null in JSON."""
    sql = "SELECT id, total, at FROM order_completed ORDER BY id"
    status, out, _ = warehouse(sql)
    assert (status, out.splitlines()) == (
        0,
        ["id  total  at", "m8  9      2026-01-31T11:00:00.000Z", "m9  10"],
    )
    _, out, _ = warehouse(sql, "--json")
    assert json.loads(out.splitlines()[1]) == {"id": "m9", "total": 10, "at": None}
    assert warehouse("SELECT id FROM tracks WHERE 0") == (0, "", "no row matches\n")
    status, _, err = warehouse("SELECT * FROM order_complete")
    assert (status, 'did you mean "order_completed"?' in err) == (2, True)


def test_a_file_has_all_tables(warehouse, source, tmp_path):
    """Any tool can open it; a second run adds what it does not have."""
    file = tmp_path / "app.sqlite"
    status, _, err = warehouse("--to", file)
    assert (status, "13 calls loaded, 22 rows written" in err) == (0, True)
    for sql in ASSERTIONS.values():
        assert rows(file, sql) == [(1,)]
    source.send(
        {"type": "track", "userId": "u2", "event": "Order Completed", "properties": {"total": 1.5}}
    )
    status, out, _ = warehouse("--to", file, "--json")
    assert (status, json.loads(out)["calls"]) == (0, 14)
    assert rows(file, "SELECT total, typeof(total) FROM order_completed WHERE user_id = 'u2'") == [
        (1, "integer")
    ]
    assert rows(file, "SELECT COUNT(*) FROM order_completed") == [(3,)]


def test_a_file_belongs_to_one_source(warehouse, cli_server, tmp_path, capsys):
    """Nor is a file taken that is something else."""
    file = tmp_path / "app.sqlite"
    assert warehouse("--to", file)[0] == 0
    cli_server.source("other-key")
    assert run(["warehouse", "--source", "other-key", "--to", str(file)]) == 2
    assert "has the warehouse of another source" in capsys.readouterr().err
    foreign = tmp_path / "foreign.sqlite"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    status, _, err = warehouse("--to", foreign)
    assert (status, "is a database of something else" in err) == (2, True)
    assert rows(foreign, "SELECT name FROM sqlite_master") == [("mine",)]


def test_a_file_is_whole_or_not_there(warehouse, tmp_path):
    """What cannot be written leaves nothing behind."""
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be taken for one" * 100)
    status, _, err = warehouse("--to", text)
    assert (status, "cannot write" in err) == (2, True)
    assert text.read_text().startswith("not a database")
    status, _, err = warehouse("--to", tmp_path / "missing" / "app.sqlite")
    assert (status, "unable to open database file" in err) == (2, True)


def test_options_are_flags(warehouse, source, tmp_path):
    """Dates, the length of texts, and the id of the warehouse."""
    source.send(
        {
            "type": "track",
            "userId": "u",
            "event": "Dated",
            "integrations": {"Warehouses": {"warehouseIds": ["w1"]}},
            "properties": {"day": "2026-01-31", "note": "abcdef"},
        }
    )
    flags = ("--warehouse", "w1", "--dates", "any", "--text-limit", "3")
    _, out, _ = warehouse("SELECT day, note FROM dated", "--json", *flags)
    assert json.loads(out) == {"day": "2026-01-31T00:00:00.000Z", "note": "abc"}
    file = tmp_path / "app.sqlite"
    assert warehouse("--to", file, *flags)[0] == 0
    assert rows(file, "SELECT day, note FROM dated") == [("2026-01-31T00:00:00.000Z", "abc")]
    _, out, err = warehouse("--to", tmp_path / "b.sqlite")
    assert "1 call kept out: integrations" in err


def test_evicted_calls_make_the_command_fail(tmp_path, capsys, monkeypatch):
    """Unless they may be missing; nothing recorded is explained."""
    with MockSegment(max_calls=3) as server:
        monkeypatch.setenv("MOCKSEG_URL", server.url)
        source = server.source()
        file = str(tmp_path / "app.sqlite")
        command = ["warehouse", "--source", source.write_key]
        assert run(command) == 0
        assert "nothing was recorded" in capsys.readouterr().err
        source.send(*({"type": "track", "userId": "u", "event": "E"} for _ in range(5)))
        assert run([*command, "--to", file]) == 1
        assert "2 calls were evicted" in capsys.readouterr().err
        assert run([*command, "--to", file, "--incomplete"]) == 0
        assert run(command) == 2
        assert "pass incomplete=true" in capsys.readouterr().err
        assert run([*command, "SELECT COUNT(*) AS n FROM e", "--incomplete", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"n": 3}
