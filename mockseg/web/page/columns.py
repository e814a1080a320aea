"""The columns of the list of calls: ours, and any field of the message."""

from __future__ import annotations

import dataclasses
from typing import Final

from mockseg.errors import OperationError
from mockseg.hub.call_rows import read_fields
from mockseg.suggestions import unknown_parameter

TITLES: Final = {
    "time": "time",
    "source": "source",
    "type": "type",
    "label": "event or name",
    "peek": "properties",
    "user": "user",
    "verdict": "verdict",
    "finding": "findings",
    "to": "delivered",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are shown.

    Attributes:
        names: of ours, and of fields of the message such as ``properties.total``, in order.
        wrong: what is wrong with those that were asked for; empty if nothing is.
    """

    names: tuple[str, ...]
    wrong: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in TITLES)

    def title(self, name: str) -> str:
        """Return what stands above a column."""
        return TITLES.get(name, name)

    @property
    def others(self) -> tuple[str, ...]:
        """Those of ours that are not shown."""
        return tuple(name for name in TITLES if name not in self.names)


def read_columns(text: str, *, source: str | None) -> Columns:
    """Read names of columns, separated by commas.

    Args:
        text: the names; empty for the usual ones.
        source: of all calls; its column is left out of the usual ones then.
    """
    usual = tuple(name for name in TITLES if source is None or name != "source")
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    columns = Columns(names or usual)
    try:
        for field in columns.fields:
            if "." not in field:
                raise unknown_parameter("cols", "column", field, TITLES)
        read_fields(",".join(columns.fields))
    except OperationError as error:
        return Columns(usual, str(error))
    return columns
