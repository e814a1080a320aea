"""A matcher from match keys: what a server is asked, taken apart so that it can be explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.errors import FqlError
from mockseg.fql.parser import parse_tree
from mockseg.fql.query import parse
from mockseg.fql.syntax import Comparison, Conjunction, Literal, Path
from mockseg.matching.match import accepted_by_default
from mockseg.matching.matcher import make_matcher
from mockseg.matching.values import ABSENT, ANY

if TYPE_CHECKING:
    from collections.abc import Collection

    from mockseg.fql.query import Query
    from mockseg.fql.syntax import Node
    from mockseg.matching.match import ScalarMatch
    from mockseg.matching.matcher import Matcher
    from mockseg.matching.values import Expected


# Match key -> field of the message, ids and names first, in the order they are shown.
_TEXTS = {
    "event": "event",
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "group_id": "groupId",
    "message_id": "messageId",
}
_OBJECTS = ("properties", "traits", "context", "integrations")
# The order in which a matcher shows what is expected of a message.
_ORDER = (
    *("event", "name", "category", "userId", "anonymousId", "groupId", "previousId", "messageId"),
    *_OBJECTS,
)


def matcher_of(match: ScalarMatch) -> Matcher:
    """Return the matcher that match keys stand for; the source is not a part of it.

    Conditions at the end of ``where`` that expect something of a field of the message itself
    (``name = 'Home'``) become expectations of their own, as they were before a client wrote
    them there. So an explanation can say in what way such a field differs.

    Raises:
        FqlError: ``where`` cannot be read.
    """
    expected: dict[str, Expected] = {}
    for key, field in _TEXTS.items():
        if (value := getattr(match, key)) is not None:
            expected[field] = value
    for field in _OBJECTS:
        if (value := getattr(match, field, None)) is not None:
            expected[field] = value
    where = None if match.where is None else parse(match.where)
    if where is not None:
        where, conditions = _split(where, taken=expected.keys())
        expected |= conditions
    pairs = sorted(expected.items(), key=lambda pair: _ORDER.index(pair[0]))
    meant = accepted_by_default(match)
    # Accepted is what a matcher means where it says nothing.
    verdict = {"any": ANY, "accepted": None}.get(meant, meant)
    return make_matcher(match.type, tuple(pairs), verdict=verdict, good=match.good, where=where)


def _split(where: Query, *, taken: Collection[str]) -> tuple[Query | None, dict[str, Expected]]:
    """Split a filter into what stands before its last conditions, and these.

    Args:
        where: the filter.
        taken: fields of which something is expected already.
    """
    tree = parse_tree(where.text)
    operands = list(tree.operands) if isinstance(tree, Conjunction) else [tree]
    conditions: dict[str, Expected] = {}
    start = len(where.text)
    while operands:
        found = _condition(operands[-1])
        if found is None or found[0] in conditions or found[0] in taken:
            break
        operands.pop()
        field, conditions[field], start = found
    if not operands:
        return None, conditions
    before = where.text[:start].rstrip().removesuffix("and").rstrip()
    rest = operands[0] if len(operands) == 1 else Conjunction(tuple(operands))
    # What cannot be cut where it seemed, because of a parenthesis say, stays whole.
    if not conditions or not _says(before, rest):
        return where, {}
    inner = before[1:-1]
    return parse(inner if before.startswith("(") and _says(inner, rest) else before), conditions


def _says(text: str, tree: Node) -> bool:
    try:
        return parse_tree(text) == tree
    except FqlError:
        return False


def _condition(node: Node) -> tuple[str, Expected, int] | None:
    """Return the field that a comparison is about, what it expects there, and where it begins."""
    if not (
        isinstance(node, Comparison)
        and isinstance(node.left, Path)
        and len(node.left.keys) == 1
        and node.left.keys[0] in _ORDER
        and isinstance(node.right, Literal)
    ):
        return None
    field, value = node.left.keys[0], node.right.value
    if node.operator == "=" and isinstance(value, str):
        return field, value, node.left.position
    if value is None and node.operator in {"=", "!="}:
        return field, (ABSENT if node.operator == "=" else ANY), node.left.position
    return None
