"""One setting: its name in three places, its kind, and what is allowed.

:mod:`mockseg.config` holds the table of them.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Literal, TypeAlias

from mockseg.errors import ConfigError
from mockseg.suggestions import quoted, unknown

__all__ = ["LARGEST", "PREFIX", "Kind", "Setting", "declare", "rows"]

PREFIX = "MOCKSEG_"
LARGEST = 2**63 - 1

Kind: TypeAlias = Literal["text", "file", "number", "switch", "list", "files"]


def declare(
    default: Any,
    help: str,  # noqa: A002 - the word that click has for it
    *,
    kind: Kind = "text",
    choices: tuple[str, ...] = (),
    span: tuple[int, int] = (0, LARGEST),
) -> Any:
    """Declare a setting: its default, what it means, what is allowed."""
    metadata = {"help": help, "kind": kind, "choices": choices, "span": span}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: the field, and the key in the file.
        kind: text, file, number, switch, or a list of texts or files.
        default: what holds when nobody says anything.
        optional: None is a value of it.
        help: what it means, without a full stop.
        choices: the only values of a text, or empty.
        span: least and most of a number.
    """

    name: str
    kind: Kind
    default: object
    optional: bool
    help: str
    choices: tuple[str, ...]
    span: tuple[int, int]

    @property
    def variable(self) -> str:
        """Give the environment variable."""
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        """Give the flag."""
        return "--" + self.name.replace("_", "-")

    @property
    def allowed(self) -> str:
        """Say which values are allowed, as the end of a sentence."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        least, most = self.span
        number = f"a whole number from {least}" + (f" to {most}" if most < LARGEST else "")
        return {
            "text": "a text",
            "file": "the name of a file",
            "number": number,
            "switch": "true or false",
            "list": "texts (an array in the file, else separated by commas)",
            "files": "names of files (an array in the file, else separated by commas)",
        }[self.kind]

    def parse(self, text: str, *, place: str) -> object:
        """Read the value from a variable or a flag.

        Raises:
            ConfigError: it cannot be read as such a value.
        """
        if self.kind in {"list", "files"}:
            return self.check(_parts(text), place=place)
        if self.kind == "switch":
            return self.check(_SWITCH.get(text.strip().lower(), text), place=place)
        if self.kind == "number":
            try:
                return self.check(int(text), place=place)
            except ValueError:
                raise self._refusal(text, place) from None
        return self.check(text, place=place)

    def check(self, value: object, *, place: str) -> object:
        """Give the value back when it is allowed, a list as a tuple.

        Raises:
            ConfigError: it is not; the message names place, value and what is allowed.
        """
        if value is None and self.optional:
            return value
        if self.kind in {"list", "files"} and isinstance(value, list | tuple):
            if all(_is_text(item) for item in value):
                return tuple(_at_home(item) if self.kind == "files" else item for item in value)
        elif self.kind == "switch" and isinstance(value, bool):
            return value
        elif self.kind == "number" and isinstance(value, int) and not isinstance(value, bool):
            if self.span[0] <= value <= self.span[1]:
                return value
        elif self.kind == "file" and _is_text(value):
            return _at_home(str(value))
        elif self.kind == "text" and _is_text(value) and (value in (self.choices or (value,))):
            return value
        raise self._refusal(value, place)

    def _refusal(self, value: object, place: str) -> ConfigError:
        if self.choices:
            return ConfigError(f"{place}: {unknown('value', value, self.choices)}")
        return ConfigError(f"{place} is {quoted(value)}: it must be {self.allowed}")


def rows(table: type) -> tuple[Setting, ...]:
    """Give the rows of a dataclass whose fields were declared here."""
    return tuple(
        Setting(
            name=field.name, default=field.default, optional=field.default is None, **field.metadata
        )
        for field in dataclasses.fields(table)
    )


_SWITCH = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def _parts(text: str) -> tuple[str, ...]:
    """Cut at commas; an empty text is no parts, an empty part stays to be refused."""
    return tuple(part.strip() for part in text.split(",")) if text.strip() else ()


def _at_home(path: str) -> str:
    # Path.expanduser raises where there is no home.
    return os.path.expanduser(path)  # noqa: PTH111 - see above


def _is_text(value: object) -> bool:
    """Tell whether this is a text that can stand in a command, a file name or a header."""
    return isinstance(value, str) and value != "" and value.isprintable()
