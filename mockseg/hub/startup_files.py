"""What a server starts with: faults and destinations in files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mockseg.conversion import convert
from mockseg.errors import ConfigError, OperationError, UnreadableFileError
from mockseg.files import read_document


def add_from_file(
    name: str | None,
    noun: str,
    record: type[msgspec.Struct],
    add: Callable[[Any], object],
) -> None:
    """Add what a server starts with: ``{"faults": [...]}``, JSON or TOML.

    Args:
        name: of the file; None for no file.
        noun: ``faults`` or ``destinations``: the setting, the key, and the route that takes
            one of them.
        record: what each is.
        add: adds one.

    Raises:
        ConfigError: with the file, the place in it and what is allowed.
    """
    if name is None:
        return
    fields: list[tuple[str, type]] = [(noun, list[record])]  # type: ignore[valid-type]
    file = msgspec.defstruct("StartupFile", fields, forbid_unknown_fields=True)
    try:
        document = convert(read_document(name), file, where="the file")
        for each in getattr(document, noun):
            add(each)
    except UnreadableFileError as error:
        raise ConfigError(f"{noun}: {error}") from None
    except OperationError as refusal:
        raise ConfigError(f"{noun}: {name}: {refusal.message}") from None
