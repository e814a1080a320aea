"""Operations on the warehouse of a source."""

from __future__ import annotations

from mockseg.domain.call import call_id
from mockseg.domain.lost import Lost
from mockseg.hub.sources import Sources
from mockseg.hub.warehouses import Place, Warehouses
from mockseg.operations.warehouse import (
    QueriedWarehouse,
    QueryWarehouse,
    ShowWarehouse,
    TableView,
    WarehouseView,
    loss_views,
)
from mockseg.suggestions import quoted
from mockseg.warehouse.sqlite import SqliteWarehouse
from mockseg.warehouse.tables import Options


async def query_warehouse(
    asked: QueryWarehouse, *, warehouses: Warehouses, sources: Sources
) -> QueriedWarehouse:
    hint = _why_empty(asked, sources)

    def ask(store: SqliteWarehouse, lost: Lost) -> QueriedWarehouse:
        answer = store.query(asked.sql, asked.parameters, hint=hint)
        return QueriedWarehouse(columns=answer.columns, rows=answer.rows, lost=lost)

    return await warehouses.read(_place(asked), ask, incomplete=asked.incomplete)


async def show_warehouse(asked: ShowWarehouse, *, warehouses: Warehouses) -> WarehouseView:
    return await warehouses.read(_place(asked), _view, incomplete=asked.incomplete)


def _place(asked: ShowWarehouse) -> Place:
    options = Options(dates=asked.dates, text_limit=asked.text_limit, id=asked.warehouse)
    return Place(asked.write_key, asked.after, options)


def _view(store: SqliteWarehouse, lost: Lost) -> WarehouseView:
    loader, counts = store.loader, store.count_rows()
    return WarehouseView(
        tables=[
            TableView(name=name, rows=counts[name], columns=columns)
            for name, columns in sorted(loader.tables.columns.items())
        ],
        calls=loader.loaded,
        kept_out=dict(loader.kept_out),
        losses=loss_views(loader.losses),
        lost=lost,
    )


def _why_empty(asked: ShowWarehouse, sources: Sources) -> str:
    """Return why a warehouse without a table has none."""
    source = sources.get(asked.write_key)
    named = quoted(asked.write_key)
    cleared = 0 if source is None else source.cleared
    if cleared:
        since = f"was cleared at {call_id(cleared)}, and no call of it is kept since"
    else:
        since = "has no accepted call yet"
    return f"the warehouse has no tables: source {named} {since}"
