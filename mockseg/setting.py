"""One setting: its name in three places, its kind, and what is allowed.

:mod:`mockseg.config` holds the table of them. A field's annotation says all of it: the type and
its limits (:class:`msgspec.Meta`), and the help in ``description``.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_type_hints

import msgspec
from msgspec import Meta, inspect

from mockseg.durations import parse_duration
from mockseg.errors import ConfigError
from mockseg.suggestions import quoted, unknown

PREFIX = "MOCKSEG_"
_LARGEST = 2**63 - 1
# What a token may be, as the end of a sentence: RFC 6750.
BEARER_RULE = "1 to 512 letters, digits and any of -._~+/, then perhaps ="

Kind: TypeAlias = Literal["text", "secret", "file", "number", "switch", "list", "files", "duration"]
Port: TypeAlias = Annotated[int, Meta(ge=0, le=65_535)]
Whole: TypeAlias = Annotated[int, Meta(ge=0, le=_LARGEST)]
Limit: TypeAlias = Annotated[int, Meta(ge=1, le=_LARGEST)]
# A text that no message and no repr shows.
Secret: TypeAlias = Annotated[
    str, Meta(pattern=r"\A[A-Za-z0-9._~+/-]{1,512}={0,2}\Z", extra={"kind": "secret"})
]
File: TypeAlias = Annotated[str, Meta(extra={"kind": "file"})]
Duration: TypeAlias = Annotated[str, Meta(extra={"kind": "duration"})]
Files: TypeAlias = Annotated[tuple[str, ...], Meta(extra={"kind": "files"})]

_KINDS: dict[type, Kind] = {
    inspect.IntType: "number",
    inspect.BoolType: "switch",
    inspect.StrType: "text",
    inspect.LiteralType: "text",
    inspect.VarTupleType: "list",
}
_ALLOWED: dict[Kind, str] = {
    "text": "a text",
    "secret": BEARER_RULE,
    "file": "the name of a file",
    "duration": "a number and a unit, such as 30s, 12h or 3d",
    "switch": "true or false",
    "list": "texts (an array in the file, else separated by commas)",
    "files": "names of files (an array in the file, else separated by commas)",
}
_SWITCH = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: the field, and the key in the file.
        flag: of the command line.
        kind: of its value.
        type: of its value, with its limits.
        default: its value if it is set nowhere.
        help: without a full stop.
        choices: the only values of a text, or empty.
        allowed: the allowed values, as the end of a sentence.
    """

    name: str
    flag: str
    kind: Kind
    type: Any
    default: object
    help: str
    choices: tuple[str, ...]
    allowed: str

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    def parse(self, text: str, *, place: str) -> object:
        """Read the value from a variable or a flag.

        Raises:
            ConfigError: it cannot be read as such a value.
        """
        value: object = text
        if self.kind in {"list", "files"}:
            # An empty text has no parts; an empty part is kept to be rejected.
            value = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
        elif self.kind == "switch":
            value = _SWITCH.get(text.strip().lower(), text)
        elif self.kind == "number":
            try:
                value = int(text)
            except ValueError:
                raise self._error(text, place) from None
        return self.check(value, place=place)

    def check(self, value: object, *, place: str) -> Any:
        """Return the value if it is allowed, a list as a tuple.

        Raises:
            ConfigError: it is not; the message names place, value and what is allowed.
        """
        try:
            checked = msgspec.convert(value, self.type)
        except (msgspec.ValidationError, OverflowError):
            raise self._error(value, place) from None
        texts = checked if isinstance(checked, tuple) else (checked,)
        # Each text must fit into a command, a file name or a header.
        if any(isinstance(text, str) and not (text and text.isprintable()) for text in texts):
            raise self._error(value, place)
        if self.kind == "duration" and checked is not None:
            parse_duration(checked, place=place)
        if self.kind == "files":
            return tuple(map(_with_home, texts))
        return _with_home(checked) if self.kind == "file" and checked is not None else checked

    def _error(self, value: object, place: str) -> ConfigError:
        if self.kind == "secret":
            return ConfigError(f"{place} is not a token: it must be {self.allowed}")
        if self.choices:
            return ConfigError(f"{place}: {unknown('value', value, self.choices)}")
        return ConfigError(f"{place} is {quoted(value)}: it must be {self.allowed}")


def rows(table: type) -> tuple[Setting, ...]:
    """Return the settings that the fields of a dataclass are."""
    hints = get_type_hints(table, include_extras=True)
    return tuple(_row(field, hints[field.name]) for field in dataclasses.fields(table))


def is_token(text: str) -> bool:
    """Return whether a text can be a Bearer token, see :data:`BEARER_RULE`."""
    try:
        msgspec.convert(text, Secret)
    except msgspec.ValidationError:
        return False
    return True


def _row(field: dataclasses.Field[Any], hint: Any) -> Setting:
    info = inspect.type_info(hint)
    meaning, kind = "", None
    while isinstance(info, inspect.Metadata | inspect.UnionType):
        if isinstance(info, inspect.Metadata):
            meaning = (info.extra_json_schema or {}).get("description", meaning)
            kind = (info.extra or {}).get("kind", kind)
            info = info.type
        else:
            info = next(each for each in info.types if not isinstance(each, inspect.NoneType))
    kind = kind or _KINDS[type(info)]
    allowed = _ALLOWED.get(kind, "")
    choices: tuple[str, ...] = ()
    if isinstance(info, inspect.LiteralType):
        # As declared; msgspec sorts them.
        choices = get_args(get_args(hint)[0])
        allowed = "one of " + ", ".join(choices)
    elif isinstance(info, inspect.IntType):
        most = f" to {info.le}" if info.le != _LARGEST else ""
        allowed = f"a whole number from {info.ge}{most}"
    return Setting(
        name=field.name,
        flag=field.metadata.get("flag", "--" + field.name.replace("_", "-")),
        kind=kind,
        type=hint,
        default=field.default,
        help=meaning,
        choices=choices,
        allowed=allowed,
    )


def _with_home(path: str) -> str:
    # Path.expanduser raises without a home.
    return os.path.expanduser(path)  # noqa: PTH111 - see above
