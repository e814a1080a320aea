from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from typing import Any

import click

from mockseg.cli.empty_list import why_no_call
from mockseg.cli.flags import OneOf, client_or_journal, json_flag, source_flag
from mockseg.cli.output import Part, decided, note, say_json, say_table, shorten, warn
from mockseg.cli.progress import Progress
from mockseg.cli.target import Target
from mockseg.clock import SystemClock
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import encode_printable
from mockseg.matching.render import bounds_words, counted
from mockseg.operations.base import OfSource
from mockseg.operations.calls import CallPage, ListCalls, Summary
from mockseg.operations.sources import GetSource, SourceView
from mockseg.operations.warehouse import (
    LossView,
    QueriedWarehouse,
    QueryWarehouse,
    ShowWarehouse,
    WarehouseView,
    loss_views,
)
from mockseg.warehouse.loader import Loader
from mockseg.warehouse.names import check_schema_name, schema_name
from mockseg.warehouse.postgres import is_postgres, postgres_schema
from mockseg.warehouse.sqlite_file import sqlite_file
from mockseg.warehouse.tables import Options

_PAGE = 500
# A loss is told in one line; more of them stand in --json.
_MOST_LOSSES = 10


@click.command(name="warehouse")
@click.argument("sql", required=False)
@source_flag("The write key.", required=True)
@click.option(
    "--to",
    "to",
    metavar="FILE|URL",
    help="Write all rows to a SQLite file or to PostgreSQL, such as postgresql://localhost/test."
    " It gets what it does not have yet.",
)
@click.option(
    "--schema",
    metavar="TEXT",
    help="Schema in PostgreSQL; one source has it.  [the name of the source]",
)
@click.option(
    "--warehouse",
    metavar="TEXT",
    default="",
    help="Id of the warehouse, as integrations.Warehouses.warehouseIds of calls names it.",
)
@click.option(
    "--dates",
    type=OneOf(("zoned", "any")),
    default="zoned",
    help="Which texts make a column a timestamp: date, time and zone, or any date.  [zoned]",
)
@click.option(
    "--text-limit",
    metavar="NUMBER",
    type=click.IntRange(1, 1_000_000),
    help="Cut texts after this many characters, as Redshift after 512.  [none]",
)
@click.option(
    "--incomplete", is_flag=True, help="Go on although calls were evicted before they were loaded."
)
@json_flag("Rows, one a line; without SQL one object with tables, columns and what is missing.")
@client_or_journal()
def command(
    *,
    target: Target,
    source: str,
    sql: str | None,
    to: str | None,
    schema: str | None,
    as_json: bool,
    incomplete: bool,
    **options: Any,
) -> int:
    """Show recorded calls in the tables that Segment writes to a warehouse.

    Without SQL the tables are listed. SQL is one SELECT in SQLite's SQL, such as "SELECT
    COUNT(*) FROM signed_up WHERE plan = 'Pro'"; objects are flattened, arrays are JSON.

    Exit 1 when calls were evicted before they could be written with --to.
    """
    asked = {**options, "write_key": source, "incomplete": incomplete}
    if schema is not None and (to is None or not is_postgres(to)):
        raise click.UsageError("--schema needs --to postgresql://...")
    if to is not None:
        if sql is not None:
            raise click.UsageError("expected SQL or --to, got both")
        chosen = Options(
            id=options["warehouse"], dates=options["dates"], text_limit=options["text_limit"]
        )
        opened = _opened(target, source, to, schema, chosen)
        return _write(target, source, opened, as_json=as_json, incomplete=incomplete)
    if sql is None:
        _show(target, ShowWarehouse(**asked), as_json=as_json)
    else:
        _query(target, QueryWarehouse(sql=sql, **asked), as_json=as_json)
    return 0


def _query(target: Target, asked: QueryWarehouse, *, as_json: bool) -> None:
    answer = target.ask("query_warehouse", asked, QueriedWarehouse)
    if as_json:
        for row in answer.rows:
            say_json(row)
    elif answer.rows:
        say_table(
            answer.columns, [[_cell(row[name]) for name in answer.columns] for row in answer.rows]
        )
    else:
        note("no row matches")


def _show(target: Target, asked: ShowWarehouse, *, as_json: bool) -> None:
    view = target.ask("show_warehouse", asked, WarehouseView)
    if as_json:
        say_json(view, indented=True)
        return
    if view.tables:
        rows = [
            [table.name, str(table.rows), ", ".join(f"{n} {t}" for n, t in table.columns.items())]
            for table in view.tables
        ]
        say_table(("table", "rows", "columns"), rows)
    else:
        note(why_no_call(target, {"source": asked.write_key, "verdict": "accepted"}))
    _tell(view.kept_out, view.losses)


def _opened(
    target: Target, source: str, to: str, schema: str | None, options: Options
) -> AbstractContextManager[Loader]:
    """Return what loads calls into a file, or into a schema."""
    if not is_postgres(to):
        return sqlite_file(to, source=source, options=options)
    if schema is None:
        view = target.ask("get_source", GetSource(write_key=source), SourceView)
        schema = schema_name(view.name) or schema_name(f"source {source}")
    return postgres_schema(to, schema=check_schema_name(schema), source=source, options=options)


def _write(
    target: Target,
    source: str,
    opened: AbstractContextManager[Loader],
    *,
    as_json: bool,
    incomplete: bool,
) -> int:
    with opened as loader:
        before = target.ask("summary", OfSource(source=source), Summary)
        _load_all(target, source, loader, last=before.cursor)
    after = target.ask("summary", OfSource(source=source), Summary)
    lost = after.evicted
    losses = loss_views(loader.losses)
    if as_json:
        say_json(
            {
                "calls": loader.loaded,
                "rows": loader.rows,
                "keptOut": dict(loader.kept_out),
                "losses": losses,
                "evicted": lost,
            },
            indented=True,
        )
    else:
        note(f"{counted(loader.loaded, 'call')} loaded, {counted(loader.rows, 'row')} written")
        _tell(loader.kept_out, losses)
    if not loader.loaded:
        note(why_no_call(target, {"source": source, "verdict": "accepted"}))
    if not lost or incomplete:
        return decided(0)
    warn(
        f"{lost} calls were evicted: what was not written before is missing; start the server with"
        f" a higher {bounds_words(after.lost, flags=True)}, or pass --incomplete"
    )
    return decided(1)


def _load_all(target: Target, source: str, loader: Loader, *, last: int) -> None:
    written = format_moment(SystemClock().now_ns() // 1_000_000 * 1_000_000)
    with contextlib.ExitStack() as stack:
        progress = None
        asked = ListCalls(source=source)
        for page in target.pages("list_calls", asked, CallPage, size=_PAGE):
            if progress is None:
                progress = stack.enter_context(Progress("read", total=page.total))
            for call in page.calls:
                if call.cursor > last:
                    return
                if call.verdict == "accepted":
                    loader.load(call.message, written=written)
                else:
                    loader.keep_out(call.verdict)
            progress.add(len(page.calls))


def _tell(kept_out: dict[str, int], losses: list[LossView]) -> None:
    """Say what is not in the tables."""
    for reason, count in kept_out.items():
        note(f"{counted(count, 'call')} kept out: {reason}")
    for loss in losses[:_MOST_LOSSES]:
        place = ".".join(part for part in (loss.table, loss.column) if part)
        note(f"{loss.code} {shorten(place)}: {loss.description} ({counted(loss.count, 'time')})")
    if len(losses) > _MOST_LOSSES:
        note(f"{len(losses) - _MOST_LOSSES} more; --json has them")


def _cell(value: Any) -> Part:
    if isinstance(value, str):
        return shorten(value)
    return "" if value is None else encode_printable(value).decode()
