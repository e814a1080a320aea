"""SQL on a warehouse: what can be asked, what cannot, and what the errors name."""

from __future__ import annotations

import gc

import pytest

from mockseg.errors import OperationError
from mockseg.warehouse.sqlite import Limits, SqliteWarehouse, WarehouseFullError
from mockseg.warehouse.tables import Options

FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n"


def test_values_compare_as_their_types(loaded):
    """Timestamps sort and compare as texts of one length; booleans are 0 and 1."""
    loaded.load(properties={"ok": True, "at": "2026-01-31T12:00:00+01:00", "f": 1.5})
    assert loaded.rows(
        "SELECT ok, f FROM e WHERE at < '2026-02' AND at > '2025' AND ok = true"
    ) == [(1, 1.5)]
    assert loaded.rows("SELECT date(at) FROM e") == [("2026-01-31",)]


def test_parameters_and_table_functions_are_there(loaded):
    """Values go beside the SQL; arrays are read with json_each, columns with pragma_table_info."""
    loaded.load(properties={"tags": ["a", "b"]})
    sql = "SELECT j.value FROM e, json_each(tags) j WHERE e.id = ? AND ?"
    assert loaded.rows(sql, "m1", True) == [("a",), ("b",)]
    found = loaded.rows("SELECT type FROM pragma_table_info('e') WHERE name = 'timestamp'")
    assert found == [("TIMESTAMP TEXT",)]


def test_results_are_json(loaded):
    """Bytes are hexadecimal digits, and what is infinite is null."""
    assert loaded.rows("SELECT x'00ff' AS a, 9e999 AS b, NULL AS c") == [("00ff", None, None)]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM tracks",
        "DROP TABLE tracks",
        "INSERT INTO tracks (id) VALUES ('x')",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "ATTACH 'x' AS y",
        "PRAGMA max_page_count = 1",
        "PRAGMA journal_mode = off",
        "BEGIN",
        "VACUUM",
        "SELECT load_extension('x')",
    ],
)
def test_a_query_can_only_read(loaded, sql):
    """Everything else is refused, and the warehouse stays as it is."""
    loaded.load()
    with pytest.raises(OperationError, match="can only be read"):
        loaded.rows(sql)
    loaded.load()
    assert loaded.rows("SELECT COUNT(*) FROM tracks") == [(2,)]


@pytest.mark.parametrize(
    ("sql", "parameters", "says"),
    [
        ("SELECT * FROM gide_started", (), 'did you mean "guide_started"? Known: guide_started'),
        ("SELECT plna FROM users", (), 'unknown column of users: "plna"; did you mean "plan"?'),
        ("SELECT feedback FROM users", (), "A column exists once a call had a value for it."),
        ("SELECT t.plan FROM tracks t", (), "plan is a column of identifies, users."),
        ("SELEC 1", (), 'near "SELEC": syntax error'),
        ("SELECT 1; SELECT 2", (), "expected one statement"),
        ("", (), "expected a SELECT"),
        ("SELECT ?", (), "the number of parameters is wrong"),
        ("SELECT 1, 1", (), 'two columns of the result are called "1"'),
        ("SELECT zeroblob(5000000)", (), "a value has more than 2,097,152 bytes"),
        ("SELECT '\0'", (), "no NUL"),
        ("SELECT 1 --" + "x" * 100_000, (), "up to 100,000 characters"),
        ("SELECT ?", ([1],), "parameters[0] is [1]: expected a text, a number"),
        ("SELECT ?", (2**70,), "cannot be run: "),
        ("SELECT ?", ("\ud800",), "cannot be run: "),
        ("SELECT 1", (1,) * 1000, "up to 999 parameters"),
        ("SELECT sum(x'00', 2)", (), "wrong number of arguments"),
    ],
)
def test_a_mistake_is_explained(loaded, sql, parameters, says):
    """The error names what is wrong and what exists."""
    loaded.load(event="Guide Started")
    loaded.load("identify", userId="u1", traits={"plan": "Pro"})
    with pytest.raises(OperationError) as caught:
        loaded.store.query(sql, parameters)
    assert says in str(caught.value)
    assert (caught.value.status, caught.value.code) == (422, "invalid_sql")


def test_an_empty_warehouse_says_why(loaded):
    """There is nothing to suggest."""
    with pytest.raises(OperationError, match=r'unknown table "tracks": the warehouse has no'):
        loaded.rows("SELECT * FROM tracks")


def test_a_query_is_bounded_in_steps_rows_and_bytes(make_loaded):
    """An endless query ends with the reason, and the next one runs."""
    loaded = make_loaded(Limits(steps=200_000, rows=3, result_bytes=100))
    with pytest.raises(OperationError, match=r"more than 200,000 steps"):
        loaded.rows(FOREVER)
    with pytest.raises(OperationError, match=r"more than 3 rows"):
        loaded.rows("SELECT value FROM json_each('[1,2,3,4]')")
    with pytest.raises(OperationError, match=r"or 100 bytes: add a LIMIT"):
        loaded.rows("SELECT hex(zeroblob(60))")
    assert loaded.rows("SELECT 1") == [(1,)]


def test_a_query_can_be_stopped(make_loaded):
    """Whoever no longer waits ends it."""
    loaded = make_loaded(Limits(steps=10**12))
    loaded.store.stop()
    with pytest.raises(OperationError, match="was stopped"):
        loaded.rows(FOREVER)


def test_a_full_warehouse_says_so(make_loaded):
    """The database has a maximum of bytes."""
    loaded = make_loaded(Limits(size_bytes=64 * 1024))
    with pytest.raises(WarehouseFullError):
        loaded.load(properties={"text": "x" * 100_000})


def test_a_warehouse_is_closed_with_its_last_reference():
    """No connection is left open."""
    store = SqliteWarehouse(Options())
    connection = store._connection
    store.close()
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")
    del store
    gc.collect()
