"""The address of the list of calls: which calls it names, and how they are shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from mockseg.conversion import invalid
from mockseg.domain.timestamps import parse_moment
from mockseg.operations.base import Cursor, OfSource
from mockseg.query.terms import term_text
from mockseg.suggestions import quoted
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import query_of
from mockseg.web.page.rendering import DOWNLOAD, HOME

# The parts of a call, in the order of their keys, 1 to 6.
Tab = Literal["message", "raw", "request", "deliveries", "plan", "user"]
# Length of a column of the timeline, in seconds.
USUAL_COLUMN: Final = 60


class CallsQuery(OfSource, frozen=True):
    """Which calls are shown.

    Attributes:
        q: a query, such as ``is:bad type:track``; all calls if omitted.
        before: only earlier calls than this cursor.
        since: only later calls than this cursor.
        at: the cursor of the last call that is shown; a live view is paused there.
        begin: the moment from which calls are shown, ISO 8601; the parameter is ``from``.
        end: the moment before which calls are shown, ISO 8601; the parameter is ``to``.
        cols: columns, separated by commas; fields such as ``properties.total`` too.
        plain: as a table in pages that no script changes.
        call: the id of the call that a script opens beside them.
        compare: the id of a call that it is compared with there.
        tab: the part of the call that is shown there.
        column: the length of a column of the timeline, in seconds.
    """

    q: str = ""
    before: Cursor | None = None
    since: Cursor | None = None
    at: Cursor | None = None
    begin: str = msgspec.field(name="from", default="")
    end: str = msgspec.field(name="to", default="")
    cols: str = ""
    plain: bool = False
    call: str = ""
    compare: str = ""
    tab: Tab = "message"
    column: Annotated[int, Meta(ge=1, le=86_400)] = USUAL_COLUMN

    @property
    def span(self) -> str:
        """The terms of the query language that find the calls between ``from`` and ``to``."""
        bounds = (("after", self.begin), ("before", self.end))
        return " ".join(term_text(key, moment) for key, moment in bounds if moment)

    @property
    def whole_query(self) -> str:
        """The query with the span of time; the text of the query comes first."""
        return f"{self.q} {self.span}".strip() if self.span else self.q

    @property
    def bounds_ms(self) -> tuple[float, float]:
        """``from`` and ``to``, milliseconds since 1970; infinite where they are not given."""
        begin, end = parse_moment(self.begin), parse_moment(self.end)
        return (
            -math.inf if begin is None else begin / 1e6,
            math.inf if end is None else end / 1e6,
        )

    def parameters(self) -> dict[str, Any]:
        """Return what names these calls and how they are shown, for an address."""
        kept = ("source", "q", "since", "at", "cols")
        return {name: getattr(self, name) for name in kept} | {
            "from": self.begin,
            "to": self.end,
            "plain": 1 if self.plain else None,
            "column": None if self.column == USUAL_COLUMN else self.column,
        }

    def address(self, **changes: Any) -> str:
        """Return the address of the same view with changes, without an open call."""
        return f"{HOME}{query_of(**self.parameters() | changes)}"

    def address_between(self, begin: str, end: str) -> str:
        """Return the address of the calls of a span of time; all times with two empty texts."""
        return self.address(**{"from": begin, "to": end})

    def addresses_between(self) -> Callable[[str, str], str]:
        """Return `address_between` for many spans: what they have in common is encoded once."""
        first, last = "FROM", "TO"
        address = self.address_between(first, last)
        before, _, rest = address.rpartition(f"from={first}&to={last}")
        return lambda begin, end: f"{before}{urlencode({'from': begin, 'to': end})}{rest}"

    @property
    def download(self) -> str:
        """The address of all calls of the view as a file."""
        names = ("source", "q", "since", "at", "from", "to")
        given = self.parameters()
        return f"{DOWNLOAD}{query_of(**{name: given[name] for name in names})}"

    def address_with(self, terms: str) -> str:
        """Return the address of those of the calls that more terms find."""
        return self.address(q=f"{self.q} {terms}".strip())

    def check(self) -> None:
        """Refuse a moment that cannot be read.

        Raises:
            OperationError: 422; it names the parameter.
        """
        for name, text in (("from", self.begin), ("to", self.end)):
            if text and parse_moment(text) is None:
                sentence = (
                    f"the address: `{name}` must be a moment such as 2026-01-31T12:00:00Z,"
                    f" got {quoted(text)}"
                )
                raise invalid(name, sentence, allowed="ISO 8601")


def read_calls(request: web.Request) -> CallsQuery:
    """Read which calls an address names.

    Raises:
        OperationError: 415 a body is sent, 422 a wrong value.
    """
    asked = read_address(request, CallsQuery)
    asked.check()
    return asked
