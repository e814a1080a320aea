"""What a server begins with: lists of faults and destinations, read from files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mockseg import json_types
from mockseg.errors import ConfigError, MalformedJsonError

if TYPE_CHECKING:
    from mockseg.operations.base import Params

__all__ = ["from_file"]

_P = TypeVar("_P", bound="Params")


def from_file(name: str, noun: str, record: type[_P]) -> list[_P]:
    """Read what a server begins with: ``{"faults": [...]}``, JSON or TOML.

    Args:
        name: of the file.
        noun: ``faults`` or ``destinations``: the setting, the key, and the route that takes
            one of them.
        record: what each is.

    Raises:
        ConfigError: with the file, the place in it and what is allowed.
    """
    path = Path(name)
    try:
        content = path.read_bytes()
        document = (
            tomllib.loads(content.decode())
            if path.suffix == ".toml"
            else json_types.decode(content)
        )
    except OSError as error:
        raise ConfigError(f"{noun}: cannot read {name}: {error.strerror or error}") from None
    except (ValueError, MalformedJsonError) as error:
        raise ConfigError(f"{noun}: {name} cannot be read: {error}") from None
    try:
        return msgspec.convert(document, dict[str, list[record]])[noun]  # type: ignore[valid-type]  # a type made of a value
    except (msgspec.ValidationError, KeyError) as error:
        said = error if isinstance(error, msgspec.ValidationError) else f"it has no `{noun}`"
        raise ConfigError(
            f'{noun}: {name}: {said}; allowed is {{"{noun}": [what POST /{noun} takes, …]}}'
        ) from None
