r"""From the text of a filter to its tree.

From the loosest to the tightest: ``or``, ``and``, ``!``, the comparisons. So ``!a = b``
is ``!(a = b)``. On the right of a comparison ``!`` takes one value only: ``a = !b``.
Comparisons do not chain. The keyword ``all`` stands alone and matches every message;
a field of that name is written ``\all``. Positions are characters from 0 in the text; they
say where an error lies and take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from mockseg.errors import FqlError
from mockseg.fql.functions import FUNCTIONS
from mockseg.fql.tokens import KEYWORDS, Scalar, Token, TokenKind, shown, tokenize
from mockseg.suggestions import unknown

COMPARISONS = frozenset({"=", "!=", ">", ">=", "<", "<=", "in"})


@dataclass(frozen=True, slots=True)
class Literal:
    value: Scalar
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Path:
    """A field of the message; ``keys`` has at least one name."""

    keys: tuple[str, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Node


@dataclass(frozen=True, slots=True)
class Conjunction:
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    operands: tuple[Node, ...]


Node: TypeAlias = Literal | Path | ListOf | Call | Comparison | Negation | Conjunction | Disjunction


# Segment's limit of one filter, in bytes of UTF-8.
MAX_TEXT_BYTES = 5 * 1024
# Ours: levels of parentheses, lists, functions and negations.
MAX_DEPTH = 64


def parse_tree(text: str) -> Node:
    """Read a filter.

    Raises:
        FqlError: it is empty, too long (5 KB), nested deeper than 64 levels, or not FQL.
    """
    _check_size(text)
    tokens = tokenize(text)
    if tokens[0].kind is TokenKind.END:
        reason = "The filter is empty: write a condition, or all to match every message"
        raise FqlError(reason, text=text, position=0)
    if tokens[0].source == "all" and tokens[1].kind is TokenKind.END:
        return Literal(value=True, position=tokens[0].position)
    return _Parser(text, tokens).whole()


def _check_size(text: str) -> None:
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size <= MAX_TEXT_BYTES:
        return
    # Where it overflows: behind the characters that fit.
    position = len(text.encode("utf-8", "surrogatepass")[:MAX_TEXT_BYTES].decode("utf-8", "ignore"))
    reason = f"The filter is longer than {MAX_TEXT_BYTES} bytes (5 KB): it has {size}"
    raise FqlError(reason, text=text, position=position)


class _Parser:
    """Recursive descent; the depth is counted, so Python's own limit is never met."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._index = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._disjunction()
        if self._next.kind is not TokenKind.END:
            raise self._trailing()
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _advance(self) -> Token:
        token = self._tokens[self._index]
        self._index += 1
        return token

    def _at(self, sign: str) -> bool:
        token = self._next
        return token.kind is TokenKind.SIGN and token.source == sign

    def _take(self, sign: str) -> bool:
        found = self._at(sign)
        self._index += found
        return found

    def _open(self) -> Token:
        token = self._advance()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._fault(
                f"The filter is nested deeper than {MAX_DEPTH} levels", token.position
            )
        return token

    def _disjunction(self) -> Node:
        operands = [self._conjunction()]
        while self._take("or"):
            operands.append(self._conjunction())
        return operands[0] if len(operands) == 1 else Disjunction(tuple(operands))

    def _conjunction(self) -> Node:
        operands = [self._condition()]
        while self._take("and"):
            operands.append(self._condition())
        return operands[0] if len(operands) == 1 else Conjunction(tuple(operands))

    def _condition(self) -> Node:
        if self._at("!"):
            self._open()
            operand = self._condition()
            self._depth -= 1
            return Negation(operand)
        left = self._value()
        if not self._at_comparison():
            return left
        operator = self._advance().source
        right = self._value()
        if self._at_comparison():
            raise self._fault(
                "Comparisons do not chain: join two with and, or put one in parentheses",
                self._next.position,
            )
        return Comparison(operator, left, right)

    def _at_comparison(self) -> bool:
        return self._next.kind is TokenKind.SIGN and self._next.source in COMPARISONS

    def _value(self) -> Node:
        token = self._next
        if token.kind is TokenKind.LITERAL:
            self._index += 1
            return Literal(token.value, token.position)
        if token.kind is TokenKind.NAME:
            return self._named()
        if self._at("("):
            return self._group()
        if self._at("["):
            opening = self._open()
            items = self._items(opening, closing="]")
            self._depth -= 1
            return ListOf(items)
        if self._at("!"):
            self._open()
            operand = self._value()
            self._depth -= 1
            return Negation(operand)
        raise self._fault(
            "A value was expected (a field, a text in quotes, a number, true, false, null, "
            f"a list, a function or a parenthesis), not {_described(token)}",
            token.position,
        )

    def _group(self) -> Node:
        opening = self._open()
        node = self._disjunction()
        if self._at(","):
            raise self._fault(
                "Parentheses hold one condition; a list is written in square brackets, [a, b]",
                self._next.position,
            )
        self._close(opening, ")")
        self._depth -= 1
        return node

    def _items(self, opening: Token, *, closing: str) -> tuple[Node, ...]:
        if self._take(closing):
            return ()
        items = [self._disjunction()]
        while self._take(","):
            items.append(self._disjunction())
        self._close(opening, closing)
        return tuple(items)

    def _close(self, opening: Token, closing: str) -> None:
        if self._take(closing):
            return
        if self._next.kind is TokenKind.END:
            raise self._fault(
                f"The {opening.source} here is not closed with {closing}", opening.position
            )
        raise self._trailing()

    def _named(self) -> Node:
        token = self._advance()
        if self._at("("):
            return self._call(token)
        if token.source.lower() == "all":
            raise self._fault(
                "all (lower-case) matches every message and stands alone; "
                f"a field of that name is \\{token.source}",
                token.position,
            )
        return Path(token.keys, token.position)

    def _call(self, name: Token) -> Node:
        function = FUNCTIONS.get(name.source)
        if function is None:
            raise self._fault(_unknown_function(name.source), name.position)
        arguments = self._items(self._open(), closing=")")
        self._depth -= 1
        wanted = len(function.parameters)
        if len(arguments) != wanted:
            raise self._fault(
                f"{function.signature} takes {wanted} argument{'s' * (wanted > 1)}, "
                f"not {len(arguments)}",
                name.position,
            )
        return Call(function.name, arguments)

    def _trailing(self) -> FqlError:
        token = self._next
        before = self._tokens[self._index - 1]
        if before.bare and before.source.lower() == "not":
            return self._fault(f"FQL has no {before.source}, write !", before.position)
        for word in (token, before):
            if word.bare and word.source.lower() in KEYWORDS:
                return self._fault(lower_case(word.source), word.position)
        if self._at(")") or self._at("]"):
            reason = f"This {token.source} closes nothing that is open here"
        elif self._at("["):
            reason = "FQL cannot look inside a list by index; in and length work on lists"
        else:
            reason = (
                "An operator was expected (and, or, =, !=, >, >=, <, <=, in), "
                f"not {_described(token)}"
            )
        return self._fault(reason, token.position)

    def _fault(self, reason: str, position: int) -> FqlError:
        return FqlError(reason, text=self._text, position=position)


def lower_case(word: str) -> str:
    """Say what was meant by a keyword in capitals."""
    return f"Keywords are lower-case, write {word.lower()} (or \\{word} for a field of that name)"


def _described(token: Token) -> str:
    return TokenKind.END.value if token.kind is TokenKind.END else shown(token.source)


def _unknown_function(name: str) -> str:
    if name.lower() == "not":
        return f"FQL has no {name}, write !"
    return unknown("function", name, FUNCTIONS)
