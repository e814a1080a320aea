"""One setting: its name in three places, its kind, and what is allowed.

:mod:`mockseg.config` holds the table of them.
"""

from __future__ import annotations

import dataclasses
import os
import re
from typing import Any, Literal, TypeAlias

from mockseg.errors import ConfigError
from mockseg.suggestions import quoted, unknown

PREFIX = "MOCKSEG_"
LARGEST = 2**63 - 1

Kind: TypeAlias = Literal["text", "secret", "file", "number", "switch", "list", "files"]

# What a token may be, as the end of a sentence: RFC 6750.
BEARER_RULE = "1 to 512 letters, digits and any of -._~+/, then perhaps ="
_token = re.compile(r"[A-Za-z0-9._~+/-]{1,512}={0,2}")


def declare(
    default: Any,
    help: str,  # noqa: A002 - the word that click has for it
    *,
    kind: Kind = "text",
    choices: tuple[str, ...] = (),
    span: tuple[int, int] = (0, LARGEST),
    flag: str = "",
) -> Any:
    """Declare a setting: its default, what it means, what is allowed.

    Args:
        default: what holds when it is set nowhere.
        help: what it means, without a full stop.
        kind: what its value is.
        choices: the only values of a text.
        span: least and most of a number.
        flag: its flag where that is not made of its name.
    """
    metadata = {"help": help, "kind": kind, "choices": choices, "span": span, "own_flag": flag}
    return dataclasses.field(default=default, metadata=metadata, repr=kind != "secret")


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: the field, and the key in the file.
        kind: text, file, number, switch, or a list of texts or files; a secret is a text that
            no message and no repr shows.
        default: what holds when it is set nowhere.
        optional: None is a value of it.
        help: what it means, without a full stop.
        choices: the only values of a text, or empty.
        span: least and most of a number.
        own_flag: its flag where that is not made of its name, or empty.
    """

    name: str
    kind: Kind
    default: object
    optional: bool
    help: str
    choices: tuple[str, ...]
    span: tuple[int, int]
    own_flag: str

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        return self.own_flag or "--" + self.name.replace("_", "-")

    @property
    def allowed(self) -> str:
        """The allowed values, as the end of a sentence."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        least, most = self.span
        number = f"a whole number from {least}" + (f" to {most}" if most < LARGEST else "")
        return {
            "text": "a text",
            "secret": BEARER_RULE,
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
        """Return the value when it is allowed, a list as a tuple.

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
        elif self.kind == "secret" and isinstance(value, str) and is_token(value):
            return value
        elif self.kind == "file" and _is_text(value):
            return _at_home(str(value))
        elif self.kind == "text" and _is_text(value) and (value in (self.choices or (value,))):
            return value
        raise self._refusal(value, place)

    def _refusal(self, value: object, place: str) -> ConfigError:
        if self.kind == "secret":
            return ConfigError(f"{place} is not a token: it must be {self.allowed}")
        if self.choices:
            return ConfigError(f"{place}: {unknown('value', value, self.choices)}")
        return ConfigError(f"{place} is {quoted(value)}: it must be {self.allowed}")


def rows(table: type) -> tuple[Setting, ...]:
    """Return the rows of a dataclass whose fields were declared here."""
    return tuple(
        Setting(
            name=field.name, default=field.default, optional=field.default is None, **field.metadata
        )
        for field in dataclasses.fields(table)
    )


def is_token(text: str) -> bool:
    """Return whether a text can be a Bearer token, see :data:`BEARER_RULE`."""
    return _token.fullmatch(text) is not None


_SWITCH = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def _parts(text: str) -> tuple[str, ...]:
    """Split at commas; an empty text has no parts, an empty part is kept to be rejected."""
    return tuple(part.strip() for part in text.split(",")) if text.strip() else ()


def _at_home(path: str) -> str:
    # Path.expanduser raises where there is no home.
    return os.path.expanduser(path)  # noqa: PTH111 - see above


def _is_text(value: object) -> bool:
    """Return whether this is a text that can stand in a command, a file name or a header."""
    return isinstance(value, str) and value != "" and value.isprintable()
