"""What a server starts with: lists of faults and destinations, read from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mockseg.conversion import convert
from mockseg.errors import ConfigError, OperationError, UnreadableFileError
from mockseg.files import read_document
from mockseg.suggestions import quoted, unknown

if TYPE_CHECKING:
    from mockseg.operations.base import Params


_P = TypeVar("_P", bound="Params")


def from_file(name: str, noun: str, record: type[_P]) -> list[_P]:
    """Read what a server starts with: ``{"faults": [...]}``, JSON or TOML.

    Args:
        name: of the file.
        noun: ``faults`` or ``destinations``: the setting, the key, and the route that takes
            one of them.
        record: what each is.

    Raises:
        ConfigError: with the file, the place in it and what is allowed.
    """
    try:
        document = read_document(name)
    except UnreadableFileError as error:
        raise ConfigError(f"{noun}: {error}") from None
    allowed = f'allowed is {{"{noun}": [what POST /{noun} takes, …]}}'
    if not isinstance(document, dict):
        raise ConfigError(f"{noun}: {name} is {quoted(document)}; {allowed}")
    for key in document:
        if key != noun:
            raise ConfigError(f"{noun}: {name}: {unknown('key', key, [noun])}")
    if noun not in document:
        raise ConfigError(f"{noun}: {name}: it has no `{noun}`; {allowed}")
    entries = document[noun]
    if not isinstance(entries, list):
        raise ConfigError(f"{noun}: {name}: `{noun}` is {quoted(entries)}; {allowed}")
    return [
        _read(entry, record, place=f"{noun}: {name}: {noun}[{at}]")
        for at, entry in enumerate(entries)
    ]


def _read(entry: object, record: type[_P], *, place: str) -> _P:
    try:
        return convert(entry, record, where="")
    except OperationError as refusal:
        raise ConfigError(f"{place}: {refusal.message}") from None
