"""Values in a sentence: short, on one line, with nothing in them that a terminal obeys.

Everything here is bounded by what is shown, not by what is there: a text of a megabyte
or an object of a thousand levels costs no more than its first characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mockseg.matching.values import ABSENT, ANY, Approx, Between, Exactly, type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mockseg.json_types import Json


# Deeper than this an object or array is three dots.
_MAX_LEVELS = 4
# Ends a text that was cut, which needs no type beside it.
_CHARACTERS = " characters)"


def shown(value: object, *, limit: int = 60) -> str:
    """Show a JSON value or what was expected of one, in at most ``limit`` characters or so.

    Texts are written as Python writes them, so that control characters, line ends and
    lone surrogates are escaped. A text that was cut says how long it is.
    """
    return _shown(value, limit, _MAX_LEVELS)


def shown_typed(value: object, *, limit: int = 60) -> str:
    """Show a value with the name of its JSON type: ``'42' (string)``.

    What needs no such name (null, true, false, and expectations that are no plain
    values) has none.
    """
    text = shown(value, limit=limit)
    name = type_name(value)
    if name in {"", "null", "boolean"} or text.endswith(_CHARACTERS):
        return text
    return f"{text} ({name})"


def shown_path(field: str, key: str) -> str:
    """Write the place of a member: ``properties.total``, or ``properties['a.b']``.

    A member of the message itself, whose ``field`` is empty, is only its key.
    """
    plain = key.isascii() and key.replace("-", "_").replace(" ", "_").isidentifier()
    if plain and len(key) <= 60:
        return f"{field}.{key}" if field else key
    return f"{field}[{_text(key, 60)}]"


def clip(text: str, limit: int) -> str:
    """Cut a line to ``limit`` characters, the last of which is then three dots in one."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(value: object, limit: int, levels: int) -> str:
    if isinstance(value, str):
        return _text(value, limit)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, limit)
    if isinstance(value, dict):
        return _braced("{", _members(value, limit, levels), "}", limit)
    if isinstance(value, list | tuple):
        return _braced("[", (_shown(item, limit, levels - 1) for item in value), "]", limit)
    if isinstance(value, Exactly):
        return f"exactly({_shown(value.expected, limit, levels)})"
    if isinstance(value, Between):
        # Two timestamps at most: a cut would hide the end of the range.
        return repr(value)
    return clip(_token(value), max(limit, 20))


def _text(value: str, limit: int) -> str:
    if len(value) <= limit:
        # What is escaped grows; a cut inside an escape would be unreadable, so none is made.
        return repr(value)
    return f"{repr(value[: max(limit - 20, 10)])[:-1]}…' ({len(value):,}{_CHARACTERS}"


def _number(value: float, limit: int) -> str:
    try:
        return clip(repr(value), limit)
    except ValueError:
        # Python writes no whole number of more than 4300 digits.
        return "a number of thousands of digits"


def _members(value: dict[str, Json], limit: int, levels: int) -> Iterator[str]:
    for key, member in value.items():
        if levels <= 0:
            yield "…"
            return
        yield f"{_text(str(key), limit)}: {_shown(member, limit, levels - 1)}"


def _braced(opening: str, parts: Iterable[str], closing: str, limit: int) -> str:
    """Join parts until the limit; the parts are made one by one, so the rest costs nothing."""
    written: list[str] = []
    length = 0
    for part in parts:
        if length + len(part) > limit and written:
            written.append("…")
            break
        # The first part may be longer than all that is allowed.
        written.append(clip(part, limit))
        length += len(part) + 2
    return f"{opening}{', '.join(written)}{closing}"


def _token(value: object) -> str:
    """Show what is not JSON: a token, a pattern, a predicate or an object that compares."""
    if value is ANY or value is ABSENT or isinstance(value, Approx):
        return repr(value)
    if isinstance(value, re.Pattern):
        return f"pattern {_text(value.pattern, 60)}"
    name = getattr(value, "__name__", None)
    if callable(value) and isinstance(name, str):
        return _function(value, name)
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a foreign repr must not hide what is being explained
        text = f"a {type(value).__name__}"
    return text if text.isprintable() else repr(text)


def _function(value: object, name: str) -> str:
    if name != "<lambda>":
        return f"predicate {name}" if name.isprintable() else f"predicate {name!r}"
    code = getattr(value, "__code__", None)
    if code is None:
        return "a lambda"
    file = code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"the lambda at {file}:{code.co_firstlineno}"
