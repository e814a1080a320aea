"""The files of a journal: servers over them, and what a kill or another program makes of them."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import msgspec
from arrivals import batch_arrival

from mockseg.config import Settings
from mockseg.hub.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mockseg.domain.request import Arrival


def copy_of_killed(file: Path, folder: Path) -> Path:
    """Copy a journal with its log into a new folder, nothing closed; return the copy.

    Args:
        file: of a journal that a server may use.
        folder: that is made.
    """
    folder.mkdir()
    for suffix in ("", "-wal"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            shutil.copy(part, folder / part.name)
    return folder / file.name


def arrival(*ids: str, source: str = "k", text: str = "x") -> Arrival:
    """Return a batch of good calls with these messageIds."""
    calls = [
        {"type": "track", "event": "E", "userId": "u", "messageId": id_, "properties": {"t": text}}
        for id_ in ids
    ]
    return batch_arrival(*calls, source=source, headers=(("Host", "h"),))


def hub_of(file: Path, **settings: Any) -> Hub:
    """Return a server over a journal's file."""
    return Hub(Settings(journal=str(file), **settings))


def ids_in(hub: Hub, source: str | None = None) -> list[str]:
    """Return the messageIds of the calls that a server has, oldest first."""
    return [call.message_id for call in hub.journal.calls_after(0, limit=10**6, source=source)]


def found_in(file: Path, **settings: Any) -> list[str]:
    """Return the messageIds that a server finds in a file, or in a copy of it."""
    hub = hub_of(file, **settings)
    try:
        return ids_in(hub)
    finally:
        hub.close()


def altered(file: Path, change: Callable[[bytearray], object]) -> bytes:
    """Change the bytes of a file, and return them."""
    data = bytearray(file.read_bytes())
    change(data)
    file.write_bytes(data)
    return bytes(data)


async def perform(hub: Hub, operation_name: str, /, **asked: Any) -> Any:
    """Perform an operation with its parameters as JSON names them."""
    from mockseg.operations.table import OPERATIONS

    (operation,) = (each for each in OPERATIONS if each.name == operation_name)
    return await hub.perform(operation_name, msgspec.convert(asked, operation.params))


def edited(file: Path, statement: str, *values: object) -> None:
    """Change a file as no mockseg does, so that SQLite still takes it."""
    with sqlite3.connect(file) as connection:
        connection.execute(statement, values)
    connection.close()
