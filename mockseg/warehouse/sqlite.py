"""A warehouse in SQLite, in memory or in a file: loaded by us, read by the user's SQL.

A query can only read, and it is bounded in steps, rows and bytes: whoever sends one sends a
program. Used by one thread at a time.
"""

from __future__ import annotations

import contextlib
import math
import re
import sqlite3
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockseg.errors import OperationError
from mockseg.json_types import JsonObject
from mockseg.suggestions import nearest_names, quoted, unknown
from mockseg.warehouse.loader import Loader
from mockseg.warehouse.tables import SQLITE, Options

_PAGE_BYTES: Final = 4096
# Steps of SQLite's virtual machine between two looks at how many it were.
_STRIDE: Final = 100_000
_MOST_PARAMETERS: Final = 999
_LONGEST_SQL: Final = 100_000
_READING: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
# Pragmas that tell of tables and columns; none of them changes anything.
_PRAGMAS: Final = frozenset({"table_info", "table_xinfo", "table_list"})
_TABLE_FUNCTIONS: Final = ("json_each", "json_tree", "pragma_table_info")
_NO_TABLE = re.compile(r"no such table: (.+)")
# Newer releases add that a name in double quotes may be meant as a text.
_NO_COLUMN = re.compile(r'no such column: "?(.+?)"?(?: - should .*)?')
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a warehouse and a query may take.

    Attributes:
        size_bytes: of the database.
        steps: of SQLite's virtual machine; 50 millions take a second or two.
        rows: of a result.
        result_bytes: of a result, about.
        value_bytes: of one value while a query runs.
    """

    size_bytes: int = 128 * 1024 * 1024
    steps: int = 50_000_000
    rows: int = 10_000
    result_bytes: int = 8 * 1024 * 1024
    value_bytes: int = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a query.

    Attributes:
        columns: their names, in the order of the query.
        rows: by column.
    """

    columns: list[str]
    rows: list[JsonObject]


class WarehouseFullError(Exception):
    """The database has as many bytes as it may have."""


class SqliteWarehouse:
    """Segment's warehouse schema in SQLite: the tables of one source, without a prefix.

    Args:
        options: choices for what Segment does not document.
        limits: how much it and a query may take.

    Attributes:
        loader: of its calls.
    """

    def __init__(self, options: Options, *, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        # Transactions are ours; it is used by one thread at a time, though not always the same.
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection = connection
        self._close = weakref.finalize(self, connection.close)
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute(f"PRAGMA max_page_count = {self.limits.size_bytes // _PAGE_BYTES}")
        for category, most in (
            (sqlite3.SQLITE_LIMIT_LENGTH, self.limits.value_bytes),
            (sqlite3.SQLITE_LIMIT_SQL_LENGTH, _LONGEST_SQL),
            (sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766),
            (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        ):
            connection.setlimit(category, most)
        for function in _TABLE_FUNCTIONS:
            # Their first use declares a table, which no query is allowed to do.
            connection.execute(f"SELECT 1 FROM {function}('[]')").fetchall()  # noqa: S608  (ours)
        self.loader = Loader(connection, SQLITE, options)
        self.size_bytes = 0
        self._stopped = False

    def close(self) -> None:
        self._close()

    def stop(self) -> None:
        """End the query that runs in another thread, and each that comes later."""
        self._stopped = True

    def load(self, messages: Iterable[JsonObject | str], *, written: str) -> None:
        """Load calls, in one transaction.

        Args:
            messages: normalised; or the reason why one is kept out.
            written: the time of writing, ISO 8601.

        Raises:
            WarehouseFullError: they do not fit; the warehouse is useless from then on.
        """
        connection = self._connection
        connection.execute("BEGIN")
        try:
            for message in messages:
                if isinstance(message, str):
                    self.loader.keep_out(message)
                else:
                    self.loader.load(message, written=written)
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise WarehouseFullError from None
            raise
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        self.size_bytes = pages * _PAGE_BYTES

    def count_rows(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        counts = {}
        for table in self.loader.tables.columns:
            (counts[table],) = self._connection.execute(
                f'SELECT COUNT(*) FROM "{table}"'  # noqa: S608  (names are of our own making)
            ).fetchone()
        return counts

    def query(self, sql: str, parameters: Sequence[Any] = (), *, hint: str = "") -> Answer:
        """Return the rows of a query.

        Args:
            sql: one statement that reads.
            parameters: for its question marks: texts, numbers, booleans, None.
            hint: what the error says where a table does not exist.

        Raises:
            OperationError: 422, it cannot be run, or exceeds a limit; the message names what is
                wrong and what exists.
        """
        _check(sql, parameters)
        connection = self._connection
        steps = 0

        def count_steps() -> bool:
            nonlocal steps
            steps += _STRIDE
            return self._stopped or steps >= self.limits.steps

        connection.set_authorizer(_authorize)
        connection.set_progress_handler(count_steps, _STRIDE)
        try:
            with contextlib.closing(connection.execute(sql, parameters)) as cursor:
                return self._read(cursor)
        except (sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError) as error:
            interrupted = "interrupted" in str(error)
            raise _refusal(self._sentence(error, sql, hint=hint, stopped=interrupted)) from None
        finally:
            connection.set_progress_handler(None, 0)
            connection.set_authorizer(None)

    def _read(self, cursor: sqlite3.Cursor) -> Answer:
        if cursor.description is None:
            raise _refusal("the query returns nothing: expected a SELECT")
        columns = [name for name, *_ in cursor.description]
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            raise _refusal(
                f"two columns of the result are called {quoted(twice)}: rename one with AS"
            )
        rows: list[JsonObject] = []
        size_bytes = 0
        for values in cursor:
            size_bytes += sum(
                len(value) if isinstance(value, str | bytes) else 8 for value in values
            )
            if len(rows) >= self.limits.rows or size_bytes > self.limits.result_bytes:
                raise _refusal(
                    f"the result has more than {self.limits.rows:,} rows, or"
                    f" {self.limits.result_bytes:,} bytes: add a LIMIT, or count in SQL"
                )
            rows.append(dict(zip(columns, map(_json, values), strict=True)))
        return Answer(columns, rows)

    def _sentence(self, error: Exception, sql: str, *, hint: str, stopped: bool) -> str:
        """Return what is wrong with a query, with the names that exist."""
        said = str(error)
        tables = self.loader.tables.columns
        if stopped:
            return (
                f"the query took more than {self.limits.steps:,} steps and was stopped: it may"
                " recurse without end, or join without a condition"
            )
        if found := _NO_TABLE.fullmatch(said):
            if not tables:
                return f"unknown table {quoted(found[1])}: {hint or 'the warehouse has no tables'}"
            return (
                f"{unknown('table', found[1], sorted(tables), label='Known')}"
                " A table exists once a call of its kind or event arrived."
            )
        if found := _NO_COLUMN.fullmatch(said):
            return self._unknown_column(found[1], sql)
        if any(word in said for word in ("not authorized", "prohibited", "authorization denied")):
            return "the warehouse can only be read: expected one SELECT"
        if "one statement at a time" in said:
            return "expected one statement, got several"
        if "number of bindings" in said:
            return f"the number of parameters is wrong: {said}"
        if "too big" in said:
            return f"a value has more than {self.limits.value_bytes:,} bytes"
        return f"the query cannot be run: {said}"

    def _unknown_column(self, name: str, sql: str) -> str:
        tables = self.loader.tables.columns
        named = [word for word in dict.fromkeys(_WORDS.findall(sql.lower())) if word in tables]
        columns = [column for table in named for column in tables[table]]
        short = name.rpartition(".")[2].strip('"')
        sentence = unknown("column", short, dict.fromkeys(columns), label="Known")
        elsewhere = sorted(table for table in tables if short in tables[table])[:5]
        of = f" of {', '.join(named)}" if named else ""
        more = f" {short} is a column of {', '.join(elsewhere)}." if elsewhere else ""
        if not nearest_names(short, tuple(columns), limit=1) and not elsewhere:
            more = " A column exists once a call had a value for it."
        return sentence.replace("unknown column", f"unknown column{of}:", 1) + more


def _check(sql: str, parameters: Sequence[Any]) -> None:
    if len(sql) > _LONGEST_SQL or "\0" in sql:
        raise _refusal(f"a query has up to {_LONGEST_SQL:,} characters and no NUL")
    if len(parameters) > _MOST_PARAMETERS:
        raise _refusal(f"a query has up to {_MOST_PARAMETERS} parameters, got {len(parameters)}")
    for place, value in enumerate(parameters):
        if value is not None and not isinstance(value, str | int | float | bool):
            raise _refusal(
                f"parameters[{place}] is {quoted(value)}: expected a text, a number, true, false"
                " or null",
                parameter=f"parameters[{place}]",
            )


def _refusal(sentence: str, *, parameter: str = "sql") -> OperationError:
    return OperationError(
        sentence, status=422, code="invalid_sql", details={"parameter": parameter}
    )


def _authorize(
    action: int, first: str | None, second: str | None, _database: str | None, _inner: str | None
) -> int:
    """Allow a statement to read, and nothing else."""
    if action == sqlite3.SQLITE_PRAGMA:
        allowed = first in _PRAGMAS
    else:
        allowed = action in _READING and second != "load_extension"
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _json(value: Any) -> Any:
    """Return a value as JSON can have it: bytes in hexadecimal digits, no infinity."""
    if isinstance(value, bytes):
        return value.hex()
    return None if isinstance(value, float) and not math.isfinite(value) else value
