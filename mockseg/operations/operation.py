"""What one row of the table of operations says."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import msgspec


PREFIX = "/_mockseg/v1"


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        name: of the handler on the hub.
        method: HTTP method.
        path: below :data:`PREFIX`; names in braces are parameters.
        summary: one sentence.
        params: what it takes; from path and query for GET and DELETE, else from path and body.
        result: what it answers.
        status: of the answer when it went well.
        refusals: other statuses it may answer, with their meaning.
        details: what ``error.details`` of a 406 has, or None.
    """

    name: str
    method: str
    path: str
    summary: str
    params: type[msgspec.Struct]
    result: type[msgspec.Struct]
    status: int = 200
    refusals: tuple[tuple[int, str], ...] = ()
    details: type[msgspec.Struct] | None = None

    @property
    def path_names(self) -> tuple[str, ...]:
        """Give the names in braces of the path, as parameters are called on the wire."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def has_body(self) -> bool:
        """Tell whether parameters travel in a body."""
        return self.method in {"POST", "PUT", "PATCH"}
