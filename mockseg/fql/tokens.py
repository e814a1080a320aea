r"""The words of a filter: text in, tokens with their positions out.

Rules of spelling, where Segment's page (``api/public-api/fql.md``) leaves room:

- A text runs to the next quote of its kind. There are no escapes: a backslash stays, so
  that a glob can be written as the page has it: ``'ab\*d'``.
- In a path, ``\`` makes the next character part of the name, whatever it is. So
  ``\all``, ``\true`` and ``\2024`` are fields, although the bare words are not.
- Keywords are lower-case: ``AND`` and ``True`` are fields.
- A number has digits, at most one point with digits on both sides, and at most one sign right
  before them. What begins with a digit and is not a number (``5e3``, ``2024-05-01``) is refused.

The last two, and that of texts, are those of segmentio/fql-ts, whose model is Segment's own lexer.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from mockseg.errors import FqlError

Scalar: TypeAlias = str | int | float | bool | None

NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
KEYWORDS = frozenset({"and", "or", "in", "true", "false", "null"})

_CONSTANTS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_QUOTES = "'\""
_SPACES = " \t\r\n"
_SIGNS = ("!=", ">=", "<=", "=", ">", "<", "!", "(", ")", "[", "]", ",")
# What people write who come from another language; longest first.
_FOREIGN = {
    "===": "=",
    "!==": "!=",
    "==": "=",
    "<>": "!=",
    "=>": ">=",
    "=<": "<=",
    "&&": "and",
    "||": "or",
}
_TYPOGRAPHIC_QUOTES = "\u2018\u2019\u201c\u201d"
# Linear: each part starts with a character that the part before it cannot take.
_LITERAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# Longer than any double needs, shorter than where Python refuses to read an int.
_MAX_NUMBER_CHARACTERS = 400


class TokenKind(Enum):
    NAME = "a field path or a function"
    LITERAL = "a text, a number, true, false or null"
    SIGN = "an operator or punctuation"
    END = "the end of the filter"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a filter.

    Attributes:
        kind: what it is.
        position: where it begins, in characters from 0.
        source: as it was written; empty at the end.
        keys: the parts of a path, without escapes; of a ``NAME`` only.
        value: what a ``LITERAL`` stands for.
    """

    kind: TokenKind
    position: int
    source: str
    keys: tuple[str, ...] = ()
    value: Scalar = None

    @property
    def bare(self) -> bool:
        return self.kind is TokenKind.NAME and self.keys == (self.source,)


def tokenize(text: str) -> list[Token]:
    """Cut a filter into tokens; the last one is always the end.

    Raises:
        FqlError: a character, text, number or path cannot be read.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        if text[position] in _SPACES:
            position += 1
            continue
        token = _token(text, position)
        tokens.append(token)
        position += len(token.source)
    tokens.append(Token(TokenKind.END, len(text), ""))
    return tokens


def number_of(text: str) -> int | float | None:
    """Read a decimal number; None if it is not one, or beyond what a double holds."""
    if len(text) > _MAX_NUMBER_CHARACTERS or _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    return int(text) if text.lstrip("-").isdigit() else number


def shown(source: str) -> str:
    """Show a piece of a filter inside a sentence, at most 40 characters of it."""
    return source if len(source) <= 40 else f"{source[:37]}..."


def _token(text: str, position: int) -> Token:
    char = text[position]
    if char in _QUOTES:
        return _text(text, position)
    for foreign, ours in _FOREIGN.items():
        if text.startswith(foreign, position):
            raise _fault(f"FQL has no operator {foreign}, write {ours}", text, position)
    for sign in _SIGNS:
        if text.startswith(sign, position):
            return Token(TokenKind.SIGN, position, sign)
    if char in NAME_CHARACTERS or char in "\\." or _LITERAL.match(text, position):
        return _number(text, position) or _word(text, position)
    if char in _TYPOGRAPHIC_QUOTES:
        raise _fault(f"{char} is a typographic quote, write ' or \"", text, position)
    raise _fault(
        f"Unexpected character {char!r}: a text belongs between quotes, "
        "and in a field path a \\ goes before it",
        text,
        position,
    )


def _text(text: str, opening: int) -> Token:
    quote = text[opening]
    end = text.find(quote, opening + 1)
    if end < 0:
        raise _fault(f"The text that begins here is not closed with {quote}", text, opening)
    value = text[opening + 1 : end]
    return Token(TokenKind.LITERAL, opening, text[opening : end + 1], value=value)


def _number(text: str, position: int) -> Token | None:
    found = _LITERAL.match(text, position)
    if found is None:
        return None
    following = text[found.end() : found.end() + 1]
    if following and (following in NAME_CHARACTERS or following in "\\."):
        raise _not_a_number(text, position)
    value = number_of(found.group().removeprefix("+"))
    if value is None:
        raise _fault(f"The number {shown(found.group())} is beyond a double", text, position)
    return Token(TokenKind.LITERAL, position, found.group(), value=value)


def _not_a_number(text: str, start: int) -> FqlError:
    end = start
    while end < len(text) and (text[end] in NAME_CHARACTERS or text[end] in ".+"):
        end += 1
    return _fault(
        f"{shown(text[start:end])} is not a number: put a text between quotes, "
        "and a \\ before a field name that begins with a digit",
        text,
        start,
    )


def _word(text: str, start: int) -> Token:
    keys, end = _path(text, start)
    source = text[start:end]
    if source in _CONSTANTS:
        return Token(TokenKind.LITERAL, start, source, value=_CONSTANTS[source])
    if source in KEYWORDS:
        return Token(TokenKind.SIGN, start, source)
    if not source.strip("0123456789.-"):
        raise _not_a_number(text, start)
    return Token(TokenKind.NAME, start, source, keys=keys)


def _path(text: str, start: int) -> tuple[tuple[str, ...], int]:
    keys: list[str] = []
    key = ""
    position = start
    while position < len(text):
        char = text[position]
        if char in NAME_CHARACTERS:
            key += char
        elif char == "\\":
            position += 1
            if position == len(text):
                raise _fault("The \\ at the end escapes nothing", text, position - 1)
            key += text[position]
        elif char == "." and key:
            keys.append(key)
            key = ""
        else:
            break
        position += 1
    if not key:
        raise _fault("A field path has a name on each side of a dot", text, position)
    return (*keys, key), position


def _fault(reason: str, text: str, position: int) -> FqlError:
    return FqlError(reason, text=text, position=position)
