"""Names of schemas, tables and columns, as Segment's converter writes them. Pure.

Source: Segment's documentation of its warehouse schema, and the pairs of go-snakecase, the
converter that it names.
"""

from __future__ import annotations

import re
from typing import Final

from mockseg.errors import ConfigError

# A word is a run of capitals and digits with the run of small letters and digits behind it:
# `HTTPStatus` is one word, `iOS` is two. Everything else separates words, other letters too.
_WORD = re.compile(r"[A-Z0-9]+[a-z0-9]*|[a-z0-9]+")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]*")
# PostgreSQL's own limit.
_LONGEST_SCHEMA = 63

_REDSHIFT = """
aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup
between binary blanksasnull both bytedict bzip2 case cast check collate column constraint create
credentials cross current_date current_time current_timestamp current_user current_user_id default
deferrable deflate defrag delta delta32k desc disable distinct do else emptyasnull enable encode
encrypt encryption end except explicit false for foreign freeze from full globaldict256
globaldict64k grant group gzip having identity ignore ilike in initially inner intersect interval
into is isnull join leading left like limit localtime localtimestamp lun luns lzo lzop minus
mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset oid old on only open
or order outer overlaps parallel partition percent permissions pivot placing primary raw readratio
recover references rejectlog resort respect restore right select session_user similar snapshot some
sysdate system table tag tdes text255 text32k then to top trailing true truncatecolumns union unique
unnest unpivot user using verbose wallet when where with without
"""

RESERVED: Final = frozenset(_REDSHIFT.split())
"""Amazon Redshift's reserved words, which Segment escapes in every warehouse.

Without ``timestamp``, Segment's own column, and ``language``, which stands unescaped in a public
warehouse of Segment's.
"""

FIXED_TABLES: Final = frozenset(
    {"accounts", "aliases", "groups", "identifies", "pages", "screens", "tracks", "users"}
)


def snake_name(text: str) -> str:
    """Return a name in lower case with single underscores; empty where no ASCII word is in it."""
    return "_".join(_WORD.findall(text)).lower()


def escaped(name: str) -> str:
    """Return a name that SQL takes unquoted: reserved words and digits get an ``_`` before them."""
    return f"_{name}" if name in RESERVED or name[:1].isdigit() else name


def table_name(event: str) -> str:
    """Return the table of a track event, empty where its name has no ASCII letter or digit.

    Segment does not document what an event called ``Users`` or ``Pages`` does; mockseg puts an
    ``_`` before it.
    """
    name = escaped(snake_name(event))
    return f"_{name}" if name in FIXED_TABLES else name


def schema_name(source: str) -> str:
    """Return the schema of a source by its name or slug; ``3doctors`` is ``_3doctors``."""
    return escaped(snake_name(source))[:_LONGEST_SCHEMA]


def check_schema_name(name: str) -> str:
    """Return a schema name that a user chose.

    Raises:
        ConfigError: Segment allows lower case letters, digits and underscores only.
    """
    if _SCHEMA.fullmatch(name) is None or len(name) > _LONGEST_SCHEMA:
        raise ConfigError(
            f'invalid schema name "{name[:100]}": expected up to {_LONGEST_SCHEMA} lower case'
            " letters, digits and underscores, no digit first"
        )
    return name
