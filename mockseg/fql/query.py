r"""Questions about messages, in Segment's Filter Query Language.

The language of destination filters, and of ``where=`` when calls are searched. Source:
Segment's page ``api/public-api/fql.md``, and 5 KB as the limit of one filter. What the
page leaves open is decided like this:

- A message matches when the whole filter gives true; null, texts and numbers are not true.
- ``and``, ``or`` and ``!`` take everything that is not true as false: ``!null`` is true.
- ``or``, ``and``, ``!``, comparison, from loose to tight: ``!a = b`` is ``!(a = b)``.
- A path that leads nowhere is null, and so is a path into a list. Keys of the message
  are found as they are written, case and all.
- ``=`` is strict about types; 1 equals 1.0 because both are numbers, 1 is not true.
  Lists are equal when their elements are, objects when their members are. ``a in b``
  is true when b is a list and some element ``= a``. A comparison by size of anything but
  two numbers is false.
- ``typeof`` of an object is ``"object"``, a name that Segment's page does not have.
- A wrong type never raises: ``contains``, ``match`` and ``bool`` give false, the others null.
- ``bool`` is false of null, 0, ``[]``, ``''``, ``'0'``, ``'false'`` (any case) and objects.
  ``string`` of a list is compact JSON (null beyond 32 KB), of null is null. ``number`` of a
  text that is no decimal number is null.
- ``snakecase`` and ``kebabcase`` replace spaces only; ``titlecase`` begins each word with
  a capital and leaves the rest.
- A malformed glob is an error when it is written into the filter, and false when it
  comes out of the message (as is one of more than 5120 characters).

Rules of spelling: :mod:`mockseg.fql.tokens`; of globs: :mod:`mockseg.fql.glob`. No IO.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from mockseg.errors import FqlError
from mockseg.fql.evaluation import Evaluation, compile_tree
from mockseg.fql.parser import parse_tree
from mockseg.fql.tokens import KEYWORDS, NAME_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mockseg.json_types import Json


# Filters of all destinations and the searches of a test run; a compiled one is a few KB.
_CACHED_QUERIES = 256


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was read; made by :func:`parse`. Two are equal when their texts are.

    Attributes:
        text: the filter as it was written.
    """

    text: str
    _evaluation: Evaluation = field(repr=False, compare=False)

    def matches(self, message: Mapping[str, Json]) -> bool:
        """Whether the filter gives true for a decoded message; never raises."""
        return self._evaluation(message) is True

    def evaluate(self, message: Mapping[str, Json]) -> Json:
        """What the filter gives for a decoded message, any JSON value; never raises."""
        return self._evaluation(message)

    def __reduce__(self) -> tuple[Callable[[str], Query], tuple[str]]:
        """Travel as text: compiled functions cannot be pickled."""
        return parse, (self.text,)


def parse(text: str) -> Query:
    """Read and compile a filter; the same text is compiled once.

    Raises:
        FqlError: the text is empty, over 5 KB, nested deeper than 64 levels or not FQL.
            It carries the reason, the text and the position in characters from 0.
    """
    return _parse(text)


@lru_cache(maxsize=_CACHED_QUERIES)
def _parse(text: str) -> Query:
    return Query(text, compile_tree(parse_tree(text)))


def quote(text: str) -> str:
    r"""Write any text as a literal of a filter: ``it's`` becomes ``'it\'s'``."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def path(*keys: str) -> str:
    r"""Write the names that lead to a field as a path: ``product 1`` becomes ``product\ 1``.

    Raises:
        FqlError: there is no name, or an empty one, which FQL cannot write.
    """
    written = ".".join("".join(_escaped(char) for char in key) for key in keys)
    if not all(keys) or not keys:
        reason = "A field path is made of one or more names that are not empty"
        raise FqlError(reason, text=written, position=0)
    # What would be read as a number, a keyword or `all` is a name behind a backslash.
    if written[0] in "-0123456789" or written.lower() in {*KEYWORDS, "all"}:
        return f"\\{written}"
    return written


def _escaped(char: str) -> str:
    return char if char in NAME_CHARACTERS else f"\\{char}"
