"""Filters for any text, any tree and any message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockseg.errors import FqlError
from mockseg.fql.functions import FUNCTIONS
from mockseg.fql.glob import GlobFault, compile_glob
from mockseg.fql.parser import (
    COMPARISONS,
    Call,
    Comparison,
    Conjunction,
    Disjunction,
    ListOf,
    Literal,
    Negation,
    Node,
    Path,
    parse_tree,
)
from mockseg.fql.query import parse, parse_question, path, quote

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# Few names, so that paths and messages meet.
NAMES = st.sampled_from(["a", "b", "event", "all", "and", "x y", "1", "-", "\u30a2"])
TEXTS = st.text(max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
# What a filter can say: no text with both quotes, no number with an exponent.
WRITABLE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
    | TEXTS.filter(lambda text: quote(text) is not None)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.dictionaries(NAMES, JSON, max_size=5)


def calls(inner: SearchStrategy[Any]) -> SearchStrategy[Node]:
    """Functions with the right number of arguments; literal globs are always well-formed."""
    pattern = inner.map(
        lambda node: Literal("*") if isinstance(node, Literal) else node,
    )
    ones = [name for name, function in FUNCTIONS.items() if len(function.parameters) == 1]
    return st.one_of(
        st.builds(lambda name, one: Call(name, (one,)), st.sampled_from(ones), inner),
        st.builds(lambda one, two: Call("contains", (one, two)), inner, inner),
        st.builds(lambda one, two: Call("match", (one, two)), inner, pattern),
    )


def several(inner: SearchStrategy[Any], *, least: int) -> SearchStrategy[tuple[Any, ...]]:
    """A few trees side by side."""
    return st.lists(inner, min_size=least, max_size=3).map(tuple)


TREES: SearchStrategy[Node] = st.recursive(
    st.builds(Literal, WRITABLE) | st.builds(Path, several(NAMES, least=1)),
    lambda inner: st.one_of(
        calls(inner),
        st.builds(ListOf, several(inner, least=0)),
        st.builds(Negation, inner),
        st.builds(Conjunction, several(inner, least=2)),
        st.builds(Disjunction, several(inner, least=2)),
        st.builds(Comparison, st.sampled_from(sorted(COMPARISONS)), inner, inner),
    ),
    max_leaves=8,
)

LOOSENESS = {Disjunction: 0, Conjunction: 1, Negation: 2, Comparison: 3}


def written(node: Node, *, within: int = 0) -> str:
    """Write a tree as text, with parentheses only where they are needed."""
    match node:
        case Literal():
            return literal(node)
        case Path():
            return path(*node.keys)
        case ListOf():
            return f"[{', '.join(map(written, node.items))}]"
        case Call():
            return f"{node.function}({', '.join(map(written, node.arguments))})"
        case _:
            text = condition(node)
            return f"({text})" if LOOSENESS[type(node)] < within else text


def literal(node: Literal) -> str:
    """Write a constant."""
    if isinstance(node.value, str):
        text = quote(node.value)
        assert text is not None
        return text
    if node.value is None or isinstance(node.value, bool):
        return {True: "true", False: "false", None: "null"}[node.value]
    return repr(node.value)


def condition(node: Negation | Comparison | Conjunction | Disjunction) -> str:
    """Write what has operators."""
    match node:
        case Negation():
            return f"!{written(node.operand, within=2)}"
        case Comparison():
            left, right = (written(each, within=4) for each in (node.left, node.right))
            return f"{left} {node.operator} {right}"
        case Conjunction():
            return " and ".join(written(each, within=2) for each in node.operands)
        case Disjunction():
            return " or ".join(written(each, within=1) for each in node.operands)


@settings(deadline=None)
@given(TREES)
def test_written_trees_are_read_back(tree: Node) -> None:
    """A tree written with the least parentheses is read back as it was."""
    read = parse_tree(written(tree))
    # Literal(1) == Literal(True) in Python; what they are written as is not.
    assert read == tree
    assert written(read) == written(tree)


@settings(deadline=None)
@given(TREES, MESSAGES)
def test_evaluation_never_raises(tree: Node, message: dict[str, Any]) -> None:
    """Whatever the filter and the message, there is a result, and a match is exactly true."""
    query = parse(written(tree))
    assert query.matches(message) is (query.evaluate(message) is True)


@settings(deadline=None)
@given(TREES, TREES, MESSAGES)
def test_operators_agree_with_each_other(left: Node, right: Node, message: dict[str, Any]) -> None:
    """Each negated operator is the opposite, and and/or follow De Morgan."""
    one, other = f"({written(left)})", f"({written(right)})"

    def result(text: str) -> object:
        return parse(text).evaluate(message)

    assert result(f"{one} != {other}") is (not result(f"{one} = {other}"))
    assert result(f"{one} = {other}") is result(f"{other} = {one}")
    assert result(f"!({one} and {other})") is result(f"!{one} or !{other}")
    assert result(f"{one} in [{other}]") is result(f"{one} = {other}")
    assert result(f"{one} = {one}") is True


PIECES = st.sampled_from(
    [*"()[],!=<>'\"\\ .-*", "and", "or", "in", "all", "a", "b.c", "match(", "length(", "1", "''"]
)


@settings(deadline=None)
@given(st.text(max_size=40) | st.lists(PIECES, max_size=20).map("".join))
@example("match('','[\\")
@example("'\ud800")
def test_any_text_is_read_or_refused_at_a_place(text: str) -> None:
    """Any text is a filter that runs, or an error with a position inside it."""
    fault = fault_of(text)
    if fault is None:
        parse(text).evaluate({"a": "x", "b": {"c": [1]}})
    else:
        assert 0 <= fault.position <= len(text)
        assert fault.text == text
        assert fault.reason


def fault_of(text: str) -> FqlError | None:
    """Why a filter cannot be read; any other exception goes through."""
    try:
        parse(text)
    except FqlError as error:
        return error
    return None


@settings(deadline=None)
@given(st.text(max_size=60, alphabet=st.characters(codec=None, exclude_categories=())))
def test_quote_reads_back(text: str) -> None:
    """Any text without one of the quotes, lone surrogates too, survives being quoted."""
    written = quote(text)
    if written is None:
        assert {"'", '"'} <= set(text)
    else:
        assert parse(written).evaluate({}) == text


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4))
def test_path_reads_back(keys: list[str]) -> None:
    """Any names that are not empty survive being written as a path."""
    assert parse_tree(path(*keys)) == Path(tuple(keys))


def naive(pattern: str, text: str) -> bool:
    """Match a glob by trying everything."""
    if not pattern:
        return not text
    head = pattern[0]
    if head == "*":
        return naive(pattern[1:], text) or (text != "" and naive(pattern, text[1:]))
    if not text:
        return False
    if head == "?":
        return naive(pattern[1:], text[1:])
    if head == "[":
        members, rest = pattern[1:].split("]", 1)
        if members[1:2] == "-" and len(members) == 3:
            inside = members[0] <= text[0] <= members[2]
        else:
            inside = text[0] in members
        return inside and naive(rest, text[1:])
    if head == "\\":
        return text[0] == pattern[1] and naive(pattern[2:], text[1:])
    return text[0] == head and naive(pattern[1:], text[1:])


GLOBS = st.lists(
    st.sampled_from(["a", "b", "c", "*", "*", "?", "[ab]", "[a-b]", "[b]", r"\*", r"\a"]),
    max_size=7,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(GLOBS, st.text(alphabet="abc*", max_size=8))
def test_glob_agrees_with_the_naive_matcher(pattern: str, text: str) -> None:
    """The quick matchers give what trying everything gives."""
    glob = compile_glob(pattern)
    assert not isinstance(glob, GlobFault)
    assert glob(text) is naive(pattern, text)


@settings(deadline=None)
@given(st.text(alphabet="ab*?[]^-\\", max_size=12), st.text(max_size=12))
def test_any_glob_is_compiled_or_refused_at_a_place(pattern: str, text: str) -> None:
    """Any pattern runs, or matches nothing and has a fault at a place inside it."""
    glob = compile_glob(pattern)
    if isinstance(glob, GlobFault):
        assert 0 <= glob.offset < len(pattern)
        assert not parse(f"match(s, {quote(pattern)})").matches({"s": text})
        with pytest.raises(FqlError) as caught:
            parse_question(f"match(s, {quote(pattern)})")
        assert caught.value.text[caught.value.position] == pattern[glob.offset]
    else:
        assert parse(f"match(s, {quote(pattern)})").matches({"s": text}) is glob(text)
