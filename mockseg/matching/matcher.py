"""A matcher: what a test expects of a call, split into what a server can wait on and the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mockseg.domain.call import Call, Verdict
from mockseg.errors import FqlError
from mockseg.fql.parser import Comparison, Conjunction, Literal, Node, Path, parse_tree
from mockseg.fql.query import Query, parse, parse_question, quote
from mockseg.json_types import Json, JsonObject
from mockseg.matching.differences import Difference, compare, same_but_for_format
from mockseg.matching.match import Match, ScalarMatch, accepted_by_default
from mockseg.matching.render import NAME_FIELDS, clip, shown, shown_path
from mockseg.matching.values import ABSENT, ANY, Expected, is_plain, plain_part

# Field of the message -> match key.
_MATCH_KEYS = {
    "event": "event",
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "messageId": "message_id",
    "groupId": "group_id",
}
_OBJECTS = ("properties", "traits", "context", "integrations")
# The order in which a matcher shows what is expected of a message.
_ORDER = (
    *("event", "name", "category", "userId", "anonymousId", "groupId", "previousId", "messageId"),
    *_OBJECTS,
)
# These name what was tracked or seen; a wrong one is often only spelt in another way.
_NAMES = frozenset({"event", "name", "category"})
# Field of the message -> the argument that expects something of it.
_ARGUMENTS = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "messageId": "message_id",
    "groupId": "group_id",
    "previousId": "previous_id",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Matcher:
    """What a test expects of a call; made by the functions of :mod:`mockseg.matching.matchers`.

    It is ``==`` to a :class:`~mockseg.domain.call.Call` that satisfies it, and to a plain
    message (a dict) that does so verdict apart, from either side.

    Attributes:
        type: of the call, or None for any.
        expected: pairs of a field of the normalised message and what is expected there.
        verdict: None for accepted calls, ``ANY`` for all, or one verdict.
        good: None for both.
        where: a filter, or None.
        match: what of this a server can judge. It has no verdict where accepted calls
            are meant and goodness does not matter, which is what a wait means by default.
        residual: the pairs of ``expected`` that ``match`` does not say in full.
    """

    type: str | None
    expected: tuple[tuple[str, Expected], ...]
    verdict: Verdict | Any | None
    good: bool | None
    where: Query | None
    match: Match
    residual: tuple[tuple[str, Expected], ...]

    def matches(self, call: Call) -> bool:
        """Return whether a call is what is expected, its verdict too."""
        if self.good is not None and call.good is not self.good:
            return False
        if self.verdict is not ANY and call.verdict != (self.verdict or "accepted"):
            return False
        return self.means(call)

    def means(self, call: Call) -> bool:
        """Return whether a call is the one that is meant, whatever its verdict."""
        if self.type is not None and call.type != self.type:
            return False
        return self._holds(call.message)

    def matches_message(self, message: Mapping[str, Json]) -> bool:
        """Return whether a plain message is what is expected; it has no verdict."""
        if self.type is not None and message.get("type") != self.type:
            return False
        return self._holds(message)

    def differences(self, call: Call | Mapping[str, Json]) -> tuple[Difference, ...]:
        return tuple(self._differences(call))

    def describe(self, *, limit: int = 300) -> str:
        """Say in words what is expected: ``track 'Signed Up' where user_id='u1'``."""
        first = NAME_FIELDS.get(self.type or "")
        head = self.type or "any call"
        conditions: list[str] = []
        for field, expected in self.expected:
            if field == first:
                head = f"{head} {shown(expected)}"
            else:
                conditions += _conditions(_ARGUMENTS.get(field, field), expected)
        if self.verdict is not None:
            conditions.append(f"verdict={shown(self.verdict)}")
        if self.good is not None:
            conditions.append(f"good={self.good}")
        if self.where is not None:
            conditions.append(f"where={shown(self.where.text, limit=120)}")
        return clip(f"{head} where {', '.join(conditions)}" if conditions else head, limit)

    def _holds(self, message: Mapping[str, Json]) -> bool:
        for field, expected in self.expected:
            if next(compare(expected, _field(message, field), field), None) is not None:
                return False
        return self.where is None or self.where.matches(message)

    def _differences(self, call: Call | Mapping[str, Json]) -> Iterator[Difference]:
        recorded = call if isinstance(call, Call) else None
        message: Mapping[str, Json] = call.message if isinstance(call, Call) else call
        type_ = message.get("type", ABSENT) if recorded is None else recorded.type
        if self.type is not None and type_ != self.type:
            kind = "missing" if type_ is ABSENT else "value"
            yield Difference("type", self.type, type_, kind)  # type: ignore[arg-type]  # mypy widens the two literals
        for field, expected in self.expected:
            for difference in compare(expected, _field(message, field), field, hints=True):
                yield _with_format(difference)
        if self.where is not None and not self.where.matches(message):
            yield Difference("where", self.where.text, ABSENT, "where")
        if recorded is None:
            return
        if self.verdict is not ANY and recorded.verdict != (self.verdict or "accepted"):
            yield Difference("verdict", self.verdict or "accepted", recorded.verdict, "verdict")
        if self.good is not None and recorded.good is not self.good:
            yield Difference("good", self.good, recorded.good, "good")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Call):
            return self.matches(other)
        if isinstance(other, Matcher):
            return _parts(self) == _parts(other)
        if isinstance(other, Mapping):
            return self.matches_message(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it equals calls, which have hashes of their own

    def __str__(self) -> str:
        return self.describe()

    def __repr__(self) -> str:
        return f"<{self.describe()}>"


def make_matcher(
    type_: str | None,
    expected: tuple[tuple[str, Expected], ...],
    *,
    verdict: Verdict | Any | None = None,
    good: bool | None = None,
    where: Query | None = None,
) -> Matcher:
    """Make a matcher of parts that were checked, see :mod:`mockseg.matching.matchers`.

    As much as possible of it goes into ``match``. What has no match key of its own, such
    as the name of a page, becomes a condition of its ``where``.
    """
    keys: JsonObject = {}
    conditions: list[str] = []
    conditional: list[tuple[str, Expected]] = []
    residual: list[tuple[str, Expected]] = []
    for pair in expected:
        field, value = pair
        if field in _MATCH_KEYS and isinstance(value, str):
            keys[_MATCH_KEYS[field]] = value
        elif (condition := _condition(field, value)) is not None:
            conditions.append(condition)
            conditional.append(pair)
        else:
            if field in _OBJECTS and (part := plain_part(value)) is not ABSENT:
                keys[field] = part
            if not (isinstance(value, dict) and is_plain(value)):
                residual.append(pair)
    filter_ = _joined(where, conditions)
    if filter_ is None and conditions:
        # Too long or too deep together: the client judges what a filter cannot hold.
        residual += conditional
        filter_ = where.text if where is not None else None
    default: Verdict | None = None if good is None else "accepted"
    match = Match(
        type=type_,
        verdict="any" if verdict is ANY else verdict or default,
        good=good,
        where=filter_,
        **keys,
    )
    return Matcher(type_, expected, verdict, good, where, match, tuple(residual))


def matcher_of(match: ScalarMatch) -> Matcher:
    """Return the matcher that match keys stand for; the source is not a part of it.

    Conditions at the end of ``where`` that expect something of a field of the message itself
    (``name = 'Home'``) become expectations of their own, as they were before a client wrote
    them there. So an explanation can say in what way such a field differs.

    Raises:
        FqlError: ``where`` cannot be read.
    """
    expected: dict[str, Expected] = {}
    for field, key in _MATCH_KEYS.items():
        if (value := getattr(match, key)) is not None:
            expected[field] = value
    for field in _OBJECTS:
        if (value := getattr(match, field, None)) is not None:
            expected[field] = value
    where = None if match.where is None else parse_question(match.where)
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
        found = _expectation(operands[-1])
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


def _expectation(node: Node) -> tuple[str, Expected, int] | None:
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


def _condition(field: str, value: Expected) -> str | None:
    """Say in FQL what is expected of a field, or None where FQL or a match key cannot."""
    if value is ANY:
        return f"{field} != null"
    if value is ABSENT:
        return f"{field} = null"
    written = quote(value) if isinstance(value, str) else None
    return None if written is None else f"{field} = {written}"


def _joined(where: Query | None, conditions: list[str]) -> str | None:
    """Join a person's filter with our conditions; None when no filter can hold all."""
    if not conditions:
        return where.text if where is not None else None
    parts = list(conditions)
    if where is not None and where.text.strip() != "all":
        # `all` stands alone in FQL, and adds nothing.
        parts.insert(0, f"({where.text})")
    text = " and ".join(parts)
    try:
        return parse(text).text
    except FqlError:
        return None


def _field(message: Mapping[str, Json], field: str) -> Json:
    """Return a field of the message itself, where null is nothing, as it is for Segment."""
    value = message.get(field)
    return ABSENT if value is None else value


def _with_format(difference: Difference) -> Difference:
    """Mark a name that is only spelt in another way: the most frequent mistake of all."""
    expected, actual = difference.expected, difference.actual
    if difference.kind != "value" or difference.field not in _NAMES:
        return difference
    if isinstance(expected, str) and same_but_for_format(expected, actual):
        note = "only case, spaces or separators differ"
        return Difference(difference.field, expected, actual, "format", note)
    return difference


def _conditions(place: str, expected: Expected) -> Iterator[str]:
    if isinstance(expected, dict) and expected:
        for key, member in expected.items():
            yield from _conditions(shown_path(place, key), member)
    else:
        yield f"{place}={shown(expected)}"


def _parts(matcher: Matcher) -> tuple[object, ...]:
    return (matcher.type, matcher.expected, matcher.verdict, matcher.good, matcher.where)
