"""What parameters and results have in common."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=0, le=3600, description="seconds")]
Cursor = Annotated[int, Meta(ge=0, description="a cursor; 0 is before the first")]
Limit = Annotated[int, Meta(ge=1, le=1000)]
Order = Literal["oldest", "newest"]
WriteKey = Annotated[str, Meta(max_length=512)]


class Params(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What an operation is asked with; unknown names are refused."""


class Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an operation answers."""


class Nothing(Params, frozen=True):
    """An operation that needs no parameters."""


class OfSource(Params, frozen=True):
    """Of which source; of all of them without.

    Attributes:
        source: a write key.
    """

    source: WriteKey | None = None
