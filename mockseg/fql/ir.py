"""A filter as browsers read it: the intermediate form of Segment's SDK, JSON text.

Source: the public code of ``@segment/tsub``, which the SDK for browsers evaluates. A path is a
text, a literal ``{"value": x}``, a list ``{"value": [...]}``, everything else a list that begins
with the operator's or function's name. That engine knows ``contains``, ``match``, ``lowercase``,
``length`` and ``typeof``; the other functions are written in the same way, and it refuses them.
"""

from __future__ import annotations

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
    parse_tree,
)
from mockseg.json_types import Json


def intermediate_form(text: str) -> Json:
    """Return the intermediate form of a filter, as JSON; ``all`` is the literal true.

    Raises:
        FqlError: as for :func:`mockseg.fql.query.parse`.
    """
    return _form(parse_tree(text))


def _form(node: Node) -> Json:
    match node:
        case Literal():
            return {"value": node.value}
        case Path():
            return ".".join(node.keys)
        case ListOf():
            return {"value": [_form(item) for item in node.items]}
        case Call():
            return [node.function, *(_form(argument) for argument in node.arguments)]
        case Comparison():
            return [node.operator, _form(node.left), _form(node.right)]
        case Negation():
            return ["!", _form(node.operand)]
        case Conjunction():
            return ["and", *(_form(operand) for operand in node.operands)]
        case Disjunction():
            return ["or", *(_form(operand) for operand in node.operands)]
