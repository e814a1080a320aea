"""From the tree of a filter to one function of a message.

All decisions that the filter alone can make are made here, once: which key is read,
which type a constant has, which glob runs. What is left for each message is small.
The functions never raise for a decoded JSON message.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeGuard

from mockseg.fql.functions import FUNCTIONS, is_number
from mockseg.fql.glob import GlobFault, compile_glob
from mockseg.fql.syntax import (
    Call,
    Comparison,
    Conjunction,
    Disjunction,
    ListOf,
    Literal,
    Negation,
    Node,
    Path,
)
from mockseg.json_types import Json

Evaluation: TypeAlias = Callable[[Mapping[str, Json]], Json]

_ORDERINGS: dict[str, Callable[[Json, Json], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def compile_tree(node: Node) -> Evaluation:
    """Make the function that evaluates a tree on one message."""
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
            return _conjunction([compile_tree(each) for each in node.operands])
        case Disjunction():
            return _disjunction([compile_tree(each) for each in node.operands])


def same(left: Json, right: Json) -> bool:
    """Type-strict equality: 1 is 1.0 but not true; lists and objects go by their parts.

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
            if not isinstance(other, dict) or one.keys() != other.keys():
                return False
            pending.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, bool) or isinstance(other, (bool, list, dict)):
            # Two equal bools are one object, which was seen above.
            return False
        elif one != other:
            return False
    return True


def _path(keys: tuple[str, ...]) -> Evaluation:
    if len(keys) == 1:
        (only,) = keys
        return lambda message: message.get(only)
    first, *others = keys
    if len(others) == 1:
        (second,) = others

        def shallow(message: Mapping[str, Json]) -> Json:
            parent = message.get(first)
            return parent.get(second) if isinstance(parent, dict) else None

        return shallow

    def deep(message: Mapping[str, Json]) -> Json:
        value = message.get(first)
        for key in others:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    return deep


def _list(node: ListOf) -> Evaluation:
    items = [compile_tree(item) for item in node.items]
    return lambda message: [item(message) for item in items]


def _call(node: Call) -> Evaluation:
    run = FUNCTIONS[node.function].run
    first = compile_tree(node.arguments[0])
    if len(node.arguments) == 1:
        return lambda message: run(first(message))
    pattern = node.arguments[1]
    if node.function == "match" and isinstance(pattern, Literal) and isinstance(pattern.value, str):
        return _match(first, pattern.value)
    second = compile_tree(pattern)
    return lambda message: run(first(message), second(message))


def _match(read: Evaluation, pattern: str) -> Evaluation:
    glob = compile_glob(pattern)
    if isinstance(glob, GlobFault):
        # The parser refuses such a literal; a tree made by hand may have one.
        return lambda _message: False

    def run(message: Mapping[str, Json]) -> bool:
        text = read(message)
        return isinstance(text, str) and glob(text)

    return run


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
    if constant is None or isinstance(constant, bool):
        return lambda message: read(message) is constant
    if isinstance(constant, str):
        return lambda message: read(message) == constant

    def number(message: Mapping[str, Json]) -> bool:
        value = read(message)
        return not isinstance(value, bool) and bool(value == constant)

    return number


def _membership(node: Comparison) -> Evaluation:
    left = compile_tree(node.left)
    if isinstance(node.right, ListOf) and _all_literals(node.right.items):
        constants = [item.value for item in node.right.items]
        texts = frozenset(value for value in constants if isinstance(value, str))
        others = [value for value in constants if not isinstance(value, str)]

        def among(message: Mapping[str, Json]) -> bool:
            value = left(message)
            if isinstance(value, str):
                return value in texts
            return any(same(value, other) for other in others)

        return among
    right = compile_tree(node.right)

    def run(message: Mapping[str, Json]) -> bool:
        values = right(message)
        if not isinstance(values, list):
            return False
        value = left(message)
        if isinstance(value, str):
            # Python's own search is as strict about texts, and far quicker.
            return value in values
        return any(same(value, other) for other in values)

    return run


def _all_literals(items: tuple[Node, ...]) -> TypeGuard[tuple[Literal, ...]]:
    return all(isinstance(item, Literal) for item in items)


def _ordering(node: Comparison) -> Evaluation:
    compare = _ORDERINGS[node.operator]
    left, right = compile_tree(node.left), compile_tree(node.right)

    def run(message: Mapping[str, Json]) -> bool:
        one, other = left(message), right(message)
        return is_number(one) and is_number(other) and compare(one, other)

    return run


def _conjunction(operands: list[Evaluation]) -> Evaluation:
    if len(operands) == 2:
        left, right = operands
        return lambda message: left(message) is True and right(message) is True

    def run(message: Mapping[str, Json]) -> bool:
        for operand in operands:  # noqa: SIM110 - all() over a generator costs twice as much
            if operand(message) is not True:
                return False
        return True

    return run


def _disjunction(operands: list[Evaluation]) -> Evaluation:
    if len(operands) == 2:
        left, right = operands
        return lambda message: left(message) is True or right(message) is True

    def run(message: Mapping[str, Json]) -> bool:
        for operand in operands:  # noqa: SIM110 - any() over a generator costs twice as much
            if operand(message) is True:
                return True
        return False

    return run
