"""A warehouse in PostgreSQL: one schema a source, as Segment makes it."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockseg.domain.credentials import shown_url
from mockseg.errors import ConfigError
from mockseg.extras import require
from mockseg.warehouse.loader import Loader
from mockseg.warehouse.tables import POSTGRES, Options
from mockseg.warehouse.values import LogicalType

if TYPE_CHECKING:
    import psycopg

_PATIENCE_SECONDS = 10
_COLUMNS = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = %s ORDER BY table_name, ordinal_position"
)
_SCHEMA = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"


def is_postgres(target: str) -> bool:
    """Return whether a target is a PostgreSQL URL."""
    return target.startswith(("postgresql://", "postgres://"))


@contextlib.contextmanager
def postgres_schema(url: str, *, schema: str, source: str, options: Options) -> Iterator[Loader]:
    """Yield what loads calls into a schema; it has all of them or none when the block ends.

    A schema that has some of the calls of this source gets the others.

    Args:
        url: such as ``postgresql://user:password@host:5432/database``.
        schema: its name; it belongs to one source.
        source: the write key.
        options: choices for what Segment does not document.

    Raises:
        ConfigError: the server does not answer or refuses, or the schema is another's.
        MissingExtraError: psycopg is not installed.
    """
    require("psycopg", user="mockseg warehouse --to postgresql://")
    import psycopg

    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
        ours = {"connect_timeout": str(_PATIENCE_SECONDS), "application_name": "mockseg"}
        missing = {name: value for name, value in ours.items() if name not in given}
        with psycopg.connect(psycopg.conninfo.make_conninfo(url, **missing)) as connection:
            _take(connection, schema, source)
            known = _known(connection, schema)
            yield Loader(connection, replace(POSTGRES, schema=schema), options, known=known)
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"cannot write to {shown_url(url)}: {reason}") from None


def _take(connection: psycopg.Connection[Any], schema: str, source: str) -> None:
    """Make a new schema, or lock the source's own until the transaction ends.

    Raises:
        ConfigError: it is something else already.
    """
    from psycopg import sql

    mark = zlib.crc32(source.encode())
    connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"mockseg {schema}",))
    found = connection.execute(_SCHEMA, (schema,)).fetchone()
    comment = f"mockseg: warehouse of the source {mark:08x}"
    if found is None:
        name = sql.Identifier(schema)
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(name, sql.Literal(comment)))
    elif found[0] != comment:
        raise ConfigError(
            f'the schema "{schema}" is not the warehouse of this source: choose another name with'
            " --schema"
        )


def _known(connection: psycopg.Connection[Any], schema: str) -> dict[str, dict[str, LogicalType]]:
    known: dict[str, dict[str, LogicalType]] = {}
    for table, column, declared in connection.execute(_COLUMNS, (schema,)):
        known.setdefault(table, {})[column] = POSTGRES.logical(declared)
    return known
