"""The functions of a filter: what each takes and gives, for every JSON value.

Source: the tables of functions in Segment's ``api/public-api/fql.md``. What they do
with a value of a wrong type, which the page leaves open, is ours: a function that
answers a question says false, any other gives null.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from mockseg.fql.glob import GlobFault, GlobMatcher, compile_glob
from mockseg.fql.tokens import number_of
from mockseg.json_types import Json, encode

# Of a pattern that comes out of the message, in characters: as long as a filter may be.
MAX_DYNAMIC_GLOB_CHARACTERS = 5 * 1024
# Of a list written as text, in bytes: the largest call that Segment takes. Escapes of
# texts inside texts double with each level, so something has to stop them.
MAX_LIST_TEXT_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    parameters: tuple[str, ...]
    run: Callable[..., Json]

    @property
    def signature(self) -> str:
        """How it is written, such as ``contains(s, sub)``."""
        return f"{self.name}({', '.join(self.parameters)})"


def is_number(value: Json) -> bool:
    """Return whether a JSON value is a number; a bool is not."""
    return type(value) is int or type(value) is float


def type_of(value: Json) -> str:
    """Name the type: string, number, list, bool, null, or (ours) object."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "list" if isinstance(value, list) else "object"


def _contains(text: Json, part: Json) -> bool:
    return isinstance(text, str) and isinstance(part, str) and part in text


def _length(value: Json) -> int | None:
    """Bytes of a text in UTF-8, elements of a list, 0 of null."""
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    return len(value) if isinstance(value, list) else None


def _on_text(change: Callable[[str], str]) -> Callable[[Json], str | None]:
    return lambda text: change(text) if isinstance(text, str) else None


def _titled(text: str) -> str:
    """Begin each word with a capital, the rest stays; the page's example, not its sentence."""
    return " ".join(word[:1].title() + word[1:] for word in text.split(" "))


def _match(text: Json, pattern: Json) -> bool:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return False
    if len(pattern) > MAX_DYNAMIC_GLOB_CHARACTERS:
        return False
    glob = _glob(pattern)
    return not isinstance(glob, GlobFault) and glob(text)


# Of filters, and of messages.
@lru_cache(maxsize=256)
def _glob(pattern: str) -> GlobMatcher | GlobFault:
    return compile_glob(pattern)


def _bool(value: Json) -> bool:
    """False of null, 0, an empty list, and the texts '', '0' and 'false' in any case."""
    if isinstance(value, str):
        return value not in {"", "0"} and value.lower() != "false"
    if isinstance(value, (bool, int, float, list)):
        return bool(value)
    return False


def _string(value: Json) -> str | None:
    """Null stays null; a whole number has no decimals; a list becomes compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _digits(value)
    return _list_text(value) if isinstance(value, list) else None


def _digits(number: float) -> str | None:
    if isinstance(number, float):
        if not math.isfinite(number):
            return None
        # 1e21 is where JavaScript, and so JSON from browsers, turns to exponents.
        if not number.is_integer() or abs(number) >= 1e21:
            return repr(number)
    try:
        return str(int(number))
    except ValueError:  # an int of more digits than Python writes
        return None


def _list_text(values: list[Json]) -> str | None:
    try:
        written = encode(values)
    except (RecursionError, TypeError, ValueError, OverflowError):
        return None
    return written.decode() if len(written) <= MAX_LIST_TEXT_BYTES else None


def _number(value: Json) -> int | float | None:
    if isinstance(value, str):
        return number_of(value)
    return value if is_number(value) else None


FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        Function("contains", ("s", "sub"), _contains),
        Function("length", ("list or string",), _length),
        Function("lowercase", ("s",), _on_text(str.lower)),
        Function("uppercase", ("s",), _on_text(str.upper)),
        Function("snakecase", ("s",), _on_text(lambda text: text.replace(" ", "_"))),
        Function("kebabcase", ("s",), _on_text(lambda text: text.replace(" ", "-"))),
        Function("titlecase", ("s",), _on_text(_titled)),
        Function("typeof", ("value",), type_of),
        Function("match", ("s", "pattern"), _match),
        Function("bool", ("value",), _bool),
        Function("string", ("value",), _string),
        Function("number", ("value",), _number),
    )
}
