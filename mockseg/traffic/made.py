"""One call of a run."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Label", "Made"]

Label: TypeAlias = Literal["good", "invalid", "duplicate", "late", "replayed"]


class Made(msgspec.Struct, frozen=True, gc=False):
    """One call.

    Attributes:
        due_ns: when it is to be sent, from the beginning of the run.
        line: the message as JSON.
        type: of the call, in lower case; empty where no route is known for it.
        name: of the event, or the type.
        label: what it was made as; of a call that was captured, that it is replayed.
        code: the finding that it must give; empty for a good or a late one.
        message_id: its own.
    """

    due_ns: int
    line: bytes
    type: str
    name: str
    label: Label
    code: str
    message_id: str
