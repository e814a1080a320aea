"""Loading calls into a database: which calls, in which order, and what of them is lost.

It writes over a connection that is handed in: of ``sqlite3`` or of ``psycopg``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Protocol

from mockseg.json_types import JsonObject
from mockseg.warehouse.rows import Loss, rows_of
from mockseg.warehouse.tables import Dialect, Options, Tables
from mockseg.warehouse.values import LogicalType

MOST_LOSSES: Final = 200
"""Different losses that are told; of later ones only the number is."""


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...


class Connection(Protocol):
    """What both databases' connections can do."""

    def execute(self, query: Any, params: Sequence[Any] = ..., /) -> Cursor: ...


class Loader:
    """Loads calls, in the order in which they came.

    Args:
        connection: to the database; its transactions are the caller's business.
        dialect: of the database.
        options: choices for what Segment does not document.
        known: tables that exist already.

    Attributes:
        tables: with their columns.
        rows: number of rows that were written or changed.
        loaded: number of calls.
        kept_out: number of calls that do not reach the warehouse, by reason.
        losses: what is missing of the rows, with the number of times.
    """

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        options: Options,
        *,
        known: dict[str, dict[str, LogicalType]] | None = None,
    ) -> None:
        self._connection = connection
        self._options = options
        self.tables = Tables(dialect, options, known=known)
        self.rows = self.loaded = 0
        self.kept_out: Counter[str] = Counter()
        self.losses: dict[Loss, int] = {}
        self.more_losses = 0

    def keep_out(self, reason: str) -> None:
        self.kept_out[reason] += 1

    def load(self, message: JsonObject, *, written: str) -> None:
        """Load one call.

        Args:
            message: normalised.
            written: the time of writing, ISO 8601.

        Raises:
            Exception: of the database; the transaction cannot go on then.
        """
        if excluded(message, self._options.id):
            self.keep_out("integrations")
            return
        self.loaded += 1
        is_new = True
        for row in rows_of(message, written=written):
            if row.upsert and not is_new:
                continue
            prepared = self.tables.prepare(row)
            if isinstance(prepared, Loss):
                self._lose(prepared)
                is_new = False
                continue
            for change in prepared.changes:
                self._connection.execute(change)
            written_rows = self._connection.execute(prepared.insert, prepared.cells).rowcount
            self.rows += written_rows
            is_new = is_new and written_rows > 0
            for loss in prepared.losses:
                self._lose(loss)

    def _lose(self, loss: Loss) -> None:
        if loss in self.losses or len(self.losses) < MOST_LOSSES:
            self.losses[loss] = self.losses.get(loss, 0) + 1
        else:
            self.more_losses += 1


def excluded(message: JsonObject, id_: str) -> bool:
    """Return whether a call's integrations object keeps it out of a warehouse.

    Only its key ``Warehouses`` does; ``All`` and other destinations mean nothing here. Source:
    Segment's pages on warehouses and on filtering. It does not document ``false`` (here as
    ``{"all": false}``), nor both keys at once (here ``warehouseIds`` counts).

    Args:
        message: normalised.
        id_: of the warehouse.
    """
    integrations = message.get("integrations")
    rule = integrations.get("Warehouses") if isinstance(integrations, dict) else None
    if isinstance(rule, dict):
        ids = rule.get("warehouseIds")
        return id_ not in ids if isinstance(ids, list) else rule.get("all") is False
    return rule is False
