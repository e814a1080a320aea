"""The tables of a warehouse: how they grow with what arrives, and the SQL that makes them. Pure.

A table and a column exist only once a value for them arrived. The first value of a column sets its
type, and later ones are cast to it. Nothing is ever dropped, and no type changes. Source: Segment's
documentation of its warehouse schema.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Final

from mockseg.warehouse.rows import FIRST_COLUMNS, Loss, Row
from mockseg.warehouse.values import Cell, Dates, LogicalType, cast, type_of

MOST_COLUMNS: Final = 1600
"""Of a table; PostgreSQL's own maximum."""
MOST_TABLES: Final = 9900
"""Of a warehouse; the maximum that Segment documents, Redshift's."""
LONGEST_ID_BYTES: Final = 1024
"""Of a row's key, in UTF-8: as long as Segment's column for it has characters."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Choices for what Segment does not document.

    Attributes:
        dates: which texts make a column a timestamp; see :func:`~mockseg.warehouse.values.type_of`.
        text_limit: characters after which texts are cut; 512 is what Segment documents for
            Redshift. None does not cut.
        id: of the warehouse, as ``integrations.Warehouses.warehouseIds`` names it.
    """

    dates: Dates = "zoned"
    text_limit: int | None = None
    id: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What differs between databases.

    Attributes:
        key: declared type of the column ``id``.
        types: declared type of each logical type.
        longest_name: characters of a name.
        parameter: what stands for a value in a statement.
        taken: names that the database does not allow, as a pattern; they get an ``_``.
        schema: before each table, or empty.
    """

    key: str
    types: Mapping[LogicalType, str]
    longest_name: int
    parameter: str
    taken: re.Pattern[str]
    schema: str = ""

    def name(self, name: str) -> str:
        """Return a name as this database can have it."""
        allowed = f"_{name}" if self.taken.fullmatch(name) else name
        return allowed[: self.longest_name]

    def table(self, name: str) -> str:
        """Return a table as statements name it."""
        return f'"{self.schema}"."{name}"' if self.schema else f'"{name}"'

    def logical(self, declared: str) -> LogicalType:
        """Return the logical type of a column as the database declares it."""
        wanted = declared.upper()
        return next((name for name, each in self.types.items() if each == wanted), "varchar")


SQLITE: Final = Dialect(
    key="TEXT NOT NULL PRIMARY KEY",
    types={
        "varchar": "TEXT",
        # It must compare as text: a type called TIMESTAMP alone would compare as a number.
        "timestamp": "TIMESTAMP TEXT",
        "integer": "INTEGER",
        "float": "REAL",
        "boolean": "BOOLEAN",
    },
    longest_name=300,
    parameter="?",
    taken=re.compile(r"sqlite_.*"),
)
POSTGRES: Final = Dialect(
    key="VARCHAR(1024) NOT NULL PRIMARY KEY",
    types={
        "varchar": "TEXT",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "integer": "BIGINT",
        "float": "NUMERIC",
        "boolean": "BOOLEAN",
    },
    longest_name=63,
    parameter="%s",
    taken=re.compile(r"cmax|cmin|ctid|tableoid|xmax|xmin"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Statements:
    """What loads a row.

    Attributes:
        changes: statements that make its table or columns, in order.
        insert: the statement that writes it.
        cells: its values.
        losses: what of it is not written.
    """

    changes: list[str]
    insert: str
    cells: list[Cell]
    losses: list[Loss]


class Tables:
    """The tables of a warehouse with their columns and types.

    Args:
        dialect: of its database.
        options: choices for what Segment does not document.
        known: what exists already, by table and column; it is changed in place.

    Attributes:
        columns: by table, the logical type of each column in the order in which they were made.
    """

    def __init__(
        self,
        dialect: Dialect,
        options: Options,
        *,
        known: dict[str, dict[str, LogicalType]] | None = None,
    ) -> None:
        self._dialect = dialect
        self._options = options
        self.columns = {} if known is None else known

    def prepare(self, row: Row) -> Statements | Loss:
        """Return what loads a row; a loss where it cannot be loaded.

        The tables then have what its statements make.
        """
        table = self._dialect.name(row.table)
        losses = list(row.losses)
        if not row.id or len(row.id.encode()) > LONGEST_ID_BYTES or "\0" in row.id:
            sentence = f"a row's id has from 1 to {LONGEST_ID_BYTES} bytes and no NUL"
            return Loss("invalid_id", table, "id", sentence)
        if table not in self.columns and len(self.columns) >= MOST_TABLES:
            sentence = f"the warehouse has {MOST_TABLES:,} tables, the maximum"
            return Loss("too_many_tables", "", "", sentence)
        if table != row.table:
            losses.append(self._cut(row.table, table, ""))
        cells, added = self._cells(row, table, losses)
        changes = self._changes(table, added)
        self.columns.setdefault(table, {}).update(added)
        return Statements(changes, self._insert(row, table, cells), list(cells.values()), losses)

    def _cells(
        self, row: Row, table: str, losses: list[Loss]
    ) -> tuple[dict[str, Cell], dict[str, LogicalType]]:
        """Return the values of a row by column, and the columns that are new."""
        known = self.columns.get(table, {})
        cells: dict[str, Cell] = {}
        added: dict[str, LogicalType] = {}
        merged = {**row.own, **row.standard}
        first = [name for name in FIRST_COLUMNS if name in merged]
        for sent in (*first, *sorted(merged.keys() - first)):
            value, own = merged[sent], sent not in row.standard
            column = self._dialect.name(sent) if own else sent
            if column != sent:
                losses.append(self._cut(sent, table, column))
            type_ = known.get(column) or added.get(column) or row.types.get(column)
            type_ = type_ or type_of(value, dates=self._options.dates)
            limit = self._options.text_limit if own else None
            cell = cast(value, type_, text_limit=limit)
            if cell is None:
                sentence = f"a value could not be cast to {type_}, the type of the column"
                losses.append(Loss("failed_cast", table, column, sentence))
                continue
            if column not in known and column not in added:
                if len(known) + len(added) >= MOST_COLUMNS:
                    sentence = f"the table has {MOST_COLUMNS:,} columns, the maximum"
                    losses.append(Loss("too_many_columns", table, "", sentence))
                    continue
                added[column] = type_
            cells[column] = cell
        return cells, added

    def _changes(self, table: str, added: Mapping[str, LogicalType]) -> list[str]:
        dialect = self._dialect
        declared = {
            name: dialect.key if name == "id" else dialect.types[type_]
            for name, type_ in added.items()
        }
        columns = [f'"{name}" {type_}' for name, type_ in declared.items()]
        if table not in self.columns:
            return [f"CREATE TABLE {dialect.table(table)} ({', '.join(columns)})"]
        return [f"ALTER TABLE {dialect.table(table)} ADD COLUMN {column}" for column in columns]

    def _insert(self, row: Row, table: str, cells: Mapping[str, Cell]) -> str:
        names = [f'"{name}"' for name in cells]
        values = ", ".join([self._dialect.parameter] * len(names))
        into = f"{self._dialect.table(table)} ({', '.join(names)})"
        insert = f"INSERT INTO {into} VALUES ({values})"  # noqa: S608  (names are of our making)
        if not row.upsert:
            return f'{insert} ON CONFLICT ("id") DO NOTHING'
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        return f'{insert} ON CONFLICT ("id") DO UPDATE SET {changes}'

    def _cut(self, sent: str, table: str, name: str) -> Loss:
        longest = self._dialect.longest_name
        sentence = f"a name is {sent[:100]} there: the database allows up to {longest} characters"
        return Loss("cut_name", table, name, sentence)
