"""Verbs on the warehouse of a source: SQL on what was recorded."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mockseg.client.operation_call import OperationCall, Steps
from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.operations.warehouse import QueriedWarehouse, QueryWarehouse, ShowWarehouse

if TYPE_CHECKING:
    from mockseg.client.scope import Scope
    from mockseg.json_types import JsonObject
    from mockseg.operations.warehouse import WarehouseView
    from mockseg.warehouse.values import Dates

# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseOfSource:
    """Which warehouse.

    Attributes:
        scope: whose calls; of a window those since it was opened.
        id, dates, text_limit, incomplete: as ``Source.warehouse`` takes them.
    """

    scope: Scope
    id: str = ""
    dates: Dates = "zoned"
    text_limit: int | None = None
    incomplete: bool = False

    def options(self) -> dict[str, Any]:
        return {
            "write_key": self.scope.write_key,
            "after": self.scope.after,
            "warehouse": self.id,
            "dates": self.dates,
            "text_limit": self.text_limit,
            "incomplete": self.incomplete,
        }


def query(
    warehouse: WarehouseOfSource, /, sql: str, *parameters: object
) -> Steps[list[JsonObject]]:
    """Return the rows of a query, each a dictionary by column.

    It sees every call that was answered before. The SQL is SQLite's: booleans are 0 and 1,
    timestamps texts in UTC such as ``2026-01-31T12:00:00.000Z``, objects flattened, arrays JSON.

    Args:
        sql: one statement that reads, with ``?`` for each parameter.
        parameters: texts, numbers, booleans, datetimes, None.

    Raises:
        OperationError: 422, the query cannot be run, and what exists; 410, calls were evicted
            before they were loaded; 413, they take more bytes than a warehouse may have.
    """
    asked = QueryWarehouse(
        sql=sql, parameters=[_plain(each) for each in parameters], **warehouse.options()
    )
    found: QueriedWarehouse = yield OperationCall("query_warehouse", asked)
    return found.rows


def show(warehouse: WarehouseOfSource) -> Steps[WarehouseView]:
    """Return the tables with their columns, which calls were kept out, and what rows lack.

    Raises:
        OperationError: 410 and 413, as ``query``.
    """
    view: WarehouseView = yield OperationCall(
        "show_warehouse", ShowWarehouse(**warehouse.options())
    )
    return view


def _plain(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    moment = parse_moment(value.isoformat())
    # Columns have milliseconds.
    return None if moment is None else format_moment(moment - moment % 1_000_000)
