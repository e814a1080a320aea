"""A warehouse in memory."""

from __future__ import annotations

import pytest

from mockseg.warehouse.sqlite import SqliteWarehouse
from mockseg.warehouse.tables import Options

NOON = "2026-01-31T12:00:00.000Z"
LATER = "2026-01-31T13:00:00.000Z"


class Loaded:
    """A warehouse, and what makes its use short."""

    def __init__(self, limits=None, **options):
        self.store = SqliteWarehouse(Options(**options), limits=limits)
        self.loader = self.store.loader
        self.sent = 0

    def load(self, type_="track", **fields):
        """Load one call, changed by these fields."""
        self.sent += 1
        message = {"type": type_, "messageId": f"m{self.sent}", "receivedAt": NOON}
        if type_ == "track":
            message |= {"event": "E"}
        self.store.load([message | {"timestamp": NOON} | fields], written=LATER)

    def rows(self, sql, *parameters):
        """Return the rows of a query as tuples."""
        return [tuple(row.values()) for row in self.store.query(sql, parameters).rows]

    def columns(self, table):
        """Return the columns of a table."""
        return list(self.loader.tables.columns[table])

    @property
    def losses(self):
        """Return what was lost: code, table, column, how often."""
        losses = self.loader.losses.items()
        return [(loss.code, loss.table, loss.column, count) for loss, count in losses]


@pytest.fixture
def make_loaded():
    """Return a function that makes a warehouse with these options."""
    return Loaded


@pytest.fixture
def loaded():
    """Return a warehouse with the default options."""
    return Loaded()
