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
  Lists are equal when their elements are, objects when their members are and stand in the
  same order, as Segment compares their JSON. ``a in b``
  is true when b is a list and some element ``= a``. A comparison by size of anything but
  two numbers is false.
- ``typeof`` of an object is ``"object"``, a name that Segment's page does not have.
- A wrong type never raises: ``contains``, ``match`` and ``bool`` give false, the others null.
- ``bool`` is false of null, 0, ``[]``, ``''``, ``'0'``, ``'false'`` (any case) and objects.
  ``string`` of a list is compact JSON (null beyond 32 KB), of null is null. ``number`` of a
  text that is not a decimal number is null.
- ``snakecase`` and ``kebabcase`` replace spaces only; ``titlecase`` begins each word with
  a capital and leaves the rest.
- A malformed glob matches nothing (as does one of more than 5120 characters out of the
  message). Written into a question of a test it is refused: see :func:`parse_question`.

Rules of spelling: :mod:`mockseg.fql.tokens`; of globs: :mod:`mockseg.fql.glob`. No IO.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from mockseg.errors import FqlError
from mockseg.fql.functions import FUNCTIONS, is_number
from mockseg.fql.glob import GlobFault, compile_glob
from mockseg.fql.parser import (
    Call,
    Comparison,
    Conjunction,
    Disjunction,
    ListOf,
    Literal,
    Negation,
    Node,
    Path,
    lower_case,
    parse_tree,
)
from mockseg.fql.tokens import KEYWORDS, NAME_CHARACTERS
from mockseg.json_types import Json

Evaluation: TypeAlias = Callable[[Mapping[str, Json]], Json]

_ORDERINGS: dict[str, Callable[[Json, Json], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def compile_tree(node: Node) -> Evaluation:
    match node:
        case Literal():
            constant = node.value
            return lambda _message: constant
        case Path():
            return _path(node.keys)
        case ListOf():
            return _list(node)
        case Call():
            return _call(node)
        case Comparison():
            return _comparison(node)
        case Negation():
            operand = compile_tree(node.operand)
            return lambda message: operand(message) is not True
        case Conjunction():
            return _junction([compile_tree(each) for each in node.operands], decisive=False)
        case Disjunction():
            return _junction([compile_tree(each) for each in node.operands], decisive=True)


def same(left: Json, right: Json) -> bool:
    """Type-strict equality: 1 is 1.0 but not true; lists and objects go by their parts, in order.

    Works without recursion, so that no depth of a message can stop it.
    """
    pending = [(left, right)]
    while pending:
        one, other = pending.pop()
        if one is other:
            continue
        if isinstance(one, list):
            if not isinstance(other, list) or len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif isinstance(one, dict):
            if not isinstance(other, dict) or list(one) != list(other):
                return False
            pending.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, bool) or isinstance(other, (bool, list, dict)):
            # Two equal bools are one object, which was seen above.
            return False
        elif one != other:
            return False
    return True


def _path(keys: tuple[str, ...]) -> Evaluation:
    first, *others = keys

    def run(message: Mapping[str, Json]) -> Json:
        value = message.get(first)
        for key in others:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    return run


def _list(node: ListOf) -> Evaluation:
    items = [compile_tree(item) for item in node.items]
    if all(isinstance(item, Literal) for item in node.items):
        values = [item({}) for item in items]
        return lambda _message: values
    return lambda message: [item(message) for item in items]


def _call(node: Call) -> Evaluation:
    run = FUNCTIONS[node.function].run
    first = compile_tree(node.arguments[0])
    if len(node.arguments) == 1:
        return lambda message: run(first(message))
    second = compile_tree(node.arguments[1])
    return lambda message: run(first(message), second(message))


def _comparison(node: Comparison) -> Evaluation:
    if node.operator == "=":
        return _equal(node)
    if node.operator == "!=":
        equal = _equal(node)
        return lambda message: not equal(message)
    if node.operator == "in":
        return _membership(node)
    return _ordering(node)


def _equal(node: Comparison) -> Evaluation:
    if isinstance(node.right, Literal):
        return _equal_to_constant(compile_tree(node.left), node.right.value)
    if isinstance(node.left, Literal):
        return _equal_to_constant(compile_tree(node.right), node.left.value)
    left, right = compile_tree(node.left), compile_tree(node.right)
    return lambda message: same(left(message), right(message))


def _equal_to_constant(read: Evaluation, constant: Json) -> Evaluation:
    is_bool = isinstance(constant, bool)

    def equals(message: Mapping[str, Json]) -> bool:
        value = read(message)
        # Python's own equality but for 1 and true.
        return bool(value == constant) and isinstance(value, bool) is is_bool

    return equals


def _membership(node: Comparison) -> Evaluation:
    left, right = compile_tree(node.left), compile_tree(node.right)

    def run(message: Mapping[str, Json]) -> bool:
        value, values = left(message), right(message)
        if not isinstance(values, list):
            return False
        # Python's own search is as strict about texts, and far quicker.
        if isinstance(value, str):
            return value in values
        return any(same(value, other) for other in values)

    return run


def _ordering(node: Comparison) -> Evaluation:
    compare = _ORDERINGS[node.operator]
    left, right = compile_tree(node.left), compile_tree(node.right)

    def run(message: Mapping[str, Json]) -> bool:
        one, other = left(message), right(message)
        return is_number(one) and is_number(other) and compare(one, other)

    return run


def _junction(operands: list[Evaluation], *, decisive: bool) -> Evaluation:
    """Return ``or`` where true decides, ``and`` where anything else does."""

    def run(message: Mapping[str, Json]) -> bool:
        for operand in operands:
            if (operand(message) is True) is decisive:
                return decisive
        return not decisive

    return run


# Filters of all destinations and the searches of a test run; a compiled one is a few KB.
_CACHED_QUERIES = 256


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was read; made by :func:`parse`. Two are equal when their texts are.

    Attributes:
        text: the filter as it was written.
        required: fields by their paths, with the text that each has in every message that matches.
        is_required: whether every message with these texts matches.
    """

    text: str
    _evaluation: Evaluation = field(repr=False, compare=False)
    required: tuple[tuple[tuple[str, ...], str], ...] = field(default=(), repr=False, compare=False)
    is_required: bool = field(default=False, repr=False, compare=False)

    def matches(self, message: Mapping[str, Json]) -> bool:
        """Whether the filter gives true for a decoded message; never raises."""
        return self._evaluation(message) is True

    def evaluate(self, message: Mapping[str, Json]) -> Json:
        """What the filter gives for a decoded message, any JSON value; never raises."""
        return self._evaluation(message)

    def __reduce__(self) -> tuple[Callable[[str], Query], tuple[str]]:
        """Travel as text: compiled functions cannot be pickled."""
        return parse, (self.text,)


@lru_cache(maxsize=_CACHED_QUERIES)
def parse(text: str) -> Query:
    """Read and compile a filter; the same text is compiled once.

    Raises:
        FqlError: the text is empty, over 5 KB, nested deeper than 64 levels or not FQL.
            It carries the reason, the text and the position in characters from 0.
    """
    tree = parse_tree(text)
    for doubt in _doubts(tree, text):
        if doubt.of_ours:
            raise FqlError(doubt.reason, text=text, position=doubt.position)
    found = tuple(_required(tree))
    return Query(text, compile_tree(tree), found, _comparisons(tree) == len(found))


@lru_cache(maxsize=_CACHED_QUERIES)
def parse_question(text: str) -> Query:
    """Read a filter that a person asks with, as :func:`parse` does.

    What Segment takes and no user means would make a question that nothing ever answers: a
    keyword in capitals, which is a field, and a malformed glob, which matches nothing. Both are
    refused here.

    Raises:
        FqlError: as for :func:`parse`, and for these two.
    """
    query = parse(text)
    for doubt in _doubts(parse_tree(text), text):
        raise FqlError(doubt.reason, text=text, position=doubt.position)
    return query


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What is surely not meant.

    Attributes:
        reason: a sentence.
        position: in the filter.
        of_ours: whether it is only a limit of ours that stands in the way.
    """

    reason: str
    position: int
    of_ours: bool = False


def _doubts(node: Node, text: str) -> Iterator[_Doubt]:
    match node:
        case Path((word,), position):
            if word.lower() in KEYWORDS and text[position] != "\\":
                yield _Doubt(lower_case(word), position)
        case Call("match", (subject, Literal(str(pattern), position))):
            yield from _doubts(subject, text)
            glob = compile_glob(pattern)
            if isinstance(glob, GlobFault):
                yield _Doubt(glob.reason, position + 1 + glob.offset, of_ours=glob.too_long)
        case Call(_, parts) | ListOf(parts) | Conjunction(parts) | Disjunction(parts):
            for part in parts:
                yield from _doubts(part, text)
        case Comparison(_, left, right):
            yield from _doubts(left, text)
            yield from _doubts(right, text)
        case Negation(operand):
            yield from _doubts(operand, text)
        case _:
            pass


def _required(node: Node) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what `Query.required` has; nothing of an ``or`` or a ``!``."""
    match node:
        case Conjunction():
            for operand in node.operands:
                yield from _required(operand)
        case Comparison("=", Path(keys), Literal(str(text))) | Comparison(
            "=", Literal(str(text)), Path(keys)
        ):
            yield keys, text
        case _:
            pass


def _comparisons(node: Node) -> int:
    """Return of how many parts a filter is a conjunction."""
    return sum(map(_comparisons, node.operands)) if isinstance(node, Conjunction) else 1


def quote(text: str) -> str | None:
    """Write a text as a literal of a filter, or return None: FQL has no text with both quotes."""
    mark = '"' if "'" in text else "'"
    return None if mark in text else f"{mark}{text}{mark}"


def path(*keys: str) -> str:
    r"""Write the names that lead to a field as a path: ``product 1`` becomes ``product\ 1``.

    Raises:
        FqlError: no name, or an empty one, which FQL cannot write.
    """
    written = ".".join(
        "".join(char if char in NAME_CHARACTERS else f"\\{char}" for char in key) for key in keys
    )
    if not all(keys) or not keys:
        reason = "A field path is made of one or more names that are not empty"
        raise FqlError(reason, text=written, position=0)
    # What would be read as a number, a keyword or `all` is a name behind a backslash.
    if written[0] in "-0123456789" or written.lower() in {*KEYWORDS, "all"}:
        return f"\\{written}"
    return written
