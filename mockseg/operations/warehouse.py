"""Operations on the warehouse of a source: a query, and what tables it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from mockseg.domain.lost import Lost
from mockseg.json_types import Json, JsonObject
from mockseg.operations.base import Cursor, Params, Result, WriteKey
from mockseg.warehouse.rows import Loss
from mockseg.warehouse.values import Dates, LogicalType


class ShowWarehouse(Params, frozen=True):
    """Whose warehouse, and the choices for what Segment does not document.

    Attributes:
        write_key: of the source.
        after: only calls later than this cursor.
        warehouse: the id of the warehouse, as ``integrations.Warehouses.warehouseIds`` of calls
            names it; by default one that none names.
        dates: which texts make a column a timestamp: ``zoned``, those with date, time and zone;
            ``any``, a date alone, or without a zone, too.
        text_limit: characters after which texts are cut, such as 512 on Redshift; by default none
            are.
        incomplete: whether a warehouse is shown or asked that lacks evicted calls.
    """

    write_key: WriteKey
    after: Cursor = 0
    warehouse: Annotated[str, Meta(max_length=512)] = ""
    dates: Dates = "zoned"
    text_limit: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    incomplete: bool = False


class QueryWarehouse(ShowWarehouse, frozen=True, kw_only=True):
    """Whose warehouse, and what is asked of it.

    Attributes:
        sql: one statement of SQLite's SQL that reads.
        parameters: for its question marks: texts, numbers, booleans, nulls.
    """

    sql: str
    parameters: Annotated[list[Json], Meta(max_length=999)] = []


class QueriedWarehouse(Result, frozen=True):
    """The result of a query.

    Attributes:
        columns: their names, in the order of the query.
        rows: an object for each row. Booleans are 0 and 1, timestamps texts in UTC, bytes
            hexadecimal digits.
        lost: calls that were evicted before they were loaded.
    """

    columns: list[str]
    rows: list[JsonObject]
    lost: Lost


class TableView(Result, frozen=True):
    """A table.

    Attributes:
        name: it.
        rows: number of its rows.
        columns: the type of each, in the order in which they came: varchar, timestamp, integer,
            float or boolean.
    """

    name: str
    rows: int
    columns: dict[str, LogicalType]


class LossView(Result, frozen=True):
    """What the warehouse does not have although it was sent.

    Attributes:
        code: reserved_column, empty_name, cut_name, failed_cast, too_many_columns,
            too_many_tables or invalid_id.
        table, column: where it would be; empty where it has no name.
        count: how often.
        description: one sentence.
    """

    code: str
    table: str
    column: str
    count: int
    description: str


def loss_views(losses: Mapping[Loss, int]) -> list[LossView]:
    """Return losses with their numbers as results have them."""
    return [
        LossView(
            code=loss.code,
            table=loss.table,
            column=loss.column,
            count=count,
            description=loss.description,
        )
        for loss, count in losses.items()
    ]


class WarehouseView(Result, frozen=True):
    """The warehouse of a source.

    Attributes:
        tables: by name.
        calls: number of calls that were loaded.
        kept_out: number of calls that were not: by verdict, or ``integrations`` for those whose
            integrations object keeps them out of this warehouse.
        losses: what is missing of the rows, at most 200 different ones.
        lost: calls that were evicted before they were loaded.
    """

    tables: list[TableView]
    calls: int
    kept_out: dict[str, int]
    losses: list[LossView]
    lost: Lost
