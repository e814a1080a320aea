"""Which recorded calls come nearest to what a test expected."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from mockseg.domain.call import Call
from mockseg.json_types import JsonObject
from mockseg.matching.differences import (
    Difference,
    difference_json,
    difference_line,
    same_but_for_format,
)
from mockseg.matching.matcher import Matcher
from mockseg.matching.render import NAME_FIELDS, call_line, name_of, shown

# Below this share of common characters two names are not taken for one another.
_SIMILAR = 0.6
# Comparing names costs the product of their lengths.
_MAX_NAME_CHARACTERS = 100

# What a difference adds to the distance of a call.
_OTHER_TYPE = 3.0
_OTHER_NAME = 4.0
_OTHER_FORMAT = 0.5
_OTHER_VERDICT = 0.25
_SAME_AS_TEXT = 0.5

_MAX_DIFFERENCES = 5
_MAX_DIFFERENCES_OF_ONE = 12


@dataclass(frozen=True, slots=True)
class Near:
    """A call that is nearly what was expected.

    Attributes:
        call: it.
        differences: all that is not as expected; empty when the call satisfies the matcher.
        score: 1.0 for a call that satisfies, towards 0.0 the farther it is.
        alike: how many more calls differ in just the same way; older ones.
    """

    call: Call
    differences: tuple[Difference, ...]
    score: float
    alike: int = 0


def nearest(matcher: Matcher, calls: Iterable[Call], *, limit: int = 3) -> list[Near]:
    """Rank the calls that are similar to what was expected, the nearest first.

    Args:
        matcher: what was expected.
        calls: what was recorded.
        limit: maximum number of near calls.
    """
    ranking = Ranking(matcher)
    for call in calls:
        ranking.look(call)
    return ranking.best(limit)


class Ranking:
    """Ranks calls by how near they are to what was expected, one after another.

    Same type and name count most, then few differing fields, then what was recorded
    last. Names are similar when they differ only in case and separators, or have most
    of their characters in common.

    Args:
        matcher: what was expected.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._found: list[Near] = []
        self._matcher = matcher
        expected = dict(matcher.expected)
        # Whoever names an event and no type means a track call.
        self._field = NAME_FIELDS.get(matcher.type or ("track" if "event" in expected else ""))
        wanted = expected.get(self._field or "")
        self._name = wanted if isinstance(wanted, str) else None
        # Other conditions than the name, that make a call similar by themselves.
        self._conditions = len(matcher.expected) - (wanted is not None)
        self._ratios: dict[str, float] = {}
        # What it learns of its second text, it learns once.
        self._letters = difflib.SequenceMatcher(
            None, "", _comparable(self._name or ""), autojunk=False
        )

    def look(self, call: Call) -> None:
        near = self._near(call)
        if near is not None:
            self._found.append(near)

    def ranked(self) -> list[Near]:
        """Return each similar call, the nearest first, of equally near ones the newest."""
        return sorted(self._found, key=lambda near: (-near.score, -near.call.cursor))

    def best(self, limit: int) -> list[Near]:
        """Return the nearest; calls that differ in the same way are returned once."""
        alike: dict[tuple[object, ...], int] = {}
        first: dict[tuple[object, ...], Near] = {}
        for near in self.ranked():
            key = _way(near)
            first.setdefault(key, near)
            alike[key] = alike.get(key, -1) + 1
        return [
            Near(near.call, near.differences, near.score, alike[key])
            for key, near in list(first.items())[: max(limit, 0)]
        ]

    def _near(self, call: Call) -> Near | None:
        matcher = self._matcher
        same_type = matcher.type is None or call.type == matcher.type
        name = name_of(call)
        ratio = 1.0 if self._name is None else self._ratio(name)
        if not same_type and ratio < 1.0 and self._name is not None:
            return None
        differences = matcher.differences(call)
        others = sum(d.field not in {"type", "verdict", "good", self._field} for d in differences)
        all_else_agrees = self._conditions > 0 and others == 0
        if not same_type and self._name is None and not all_else_agrees:
            return None
        if ratio < _SIMILAR and not all_else_agrees:
            return None
        cost = sum(self._cost(difference, ratio) for difference in differences)
        return Near(call, differences, 1.0 / (1.0 + cost))

    def _ratio(self, name: str | None) -> float:
        """Return how much a name resembles the expected one; 1.0 where only its format differs."""
        wanted = self._name
        if wanted is None or name is None:
            return 0.0
        known = self._ratios.get(name)
        if known is None:
            known = 1.0 if same_but_for_format(wanted, name) else self._resemblance(name)
            self._ratios[name] = known
        return known

    def _resemblance(self, name: str) -> float:
        letters = self._letters
        letters.set_seq1(_comparable(name))
        if letters.real_quick_ratio() < _SIMILAR or letters.quick_ratio() < _SIMILAR:
            return 0.0
        # Never 1.0: that is kept for the same letters.
        return min(letters.ratio(), 0.99)

    def _cost(self, difference: Difference, ratio: float) -> float:
        if difference.field == "type":
            return _OTHER_TYPE
        if difference.kind == "format":
            return _OTHER_FORMAT
        if difference.field == self._field:
            return 1.0 + _OTHER_NAME * (1.0 - ratio)
        if difference.kind in {"verdict", "good"}:
            return _OTHER_VERDICT
        if difference.kind == "type" and _same_as_text(difference):
            return _SAME_AS_TEXT
        return 1.0


def _comparable(name: str) -> str:
    return name[:_MAX_NAME_CHARACTERS].casefold()


def _same_as_text(difference: Difference) -> bool:
    """Return whether only the type differs: 42 and '42', true and 'true'."""
    expected, actual = difference.expected, difference.actual
    if isinstance(expected, str) == isinstance(actual, str):
        return False
    return shown(expected).strip("'") == shown(actual).strip("'")


def _way(near: Near) -> tuple[object, ...]:
    return (
        near.call.type,
        name_of(near.call),
        *((d.field, d.kind, shown(d.actual), d.note) for d in near.differences),
    )


def near_lines(nears: Sequence[Near], *, sampled: bool = False) -> tuple[str, ...]:
    """Show near calls: the name of each, then what differs, indented.

    Args:
        nears: the calls.
        sampled: only some of the calls were compared; there may be more that are alike.
    """
    limit = _MAX_DIFFERENCES if len(nears) > 1 else _MAX_DIFFERENCES_OF_ONE
    return tuple(line for near in nears for line in _near_lines(near, limit, sampled=sampled))


def _near_lines(near: Near, limit: int, *, sampled: bool) -> list[str]:
    least = "at least " if sampled else ""
    alike = f" (and {least}{near.alike:,} alike)" if near.alike else ""
    lines = [f"{call_line(near.call)}{alike}"]
    differences = [f"  {difference_line(each)}" for each in near.differences[:limit]]
    beyond = len(near.differences) - limit
    if beyond > 0:
        differences.append(f"  … and {beyond} more {'field' if beyond == 1 else 'fields'}")
    return lines + differences


def near_json(nears: Iterable[Near]) -> list[JsonObject]:
    return [
        {
            "call": msgspec.to_builtins(near.call),
            "score": round(near.score, 4),
            "alike": near.alike,
            "differences": [difference_json(each) for each in near.differences[:50]],
        }
        for near in nears
    ]
