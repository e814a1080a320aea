"""An explanation: why an expectation was not met, for people and for tools.

A value; :mod:`mockseg.matching.explain` and :mod:`mockseg.matching.explain_source` make it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, TypeVar

import msgspec

from mockseg.domain.call import Call
from mockseg.json_types import JsonObject
from mockseg.matching.render import clip, counted, names_line
from mockseg.printable import printable

T = TypeVar("T")

ExplanationKind: TypeAlias = Literal[
    "missing",  # nothing like it was recorded
    "nothing_recorded",  # nothing at all was
    "refused",  # no call was, because requests were refused
    "nearest",  # something like it was
    "too_few",
    "too_many",
    "evicted",  # as many as expected, but others are no longer kept
    "met",  # it is as expected by now
    "wrong_source",
    "not_accepted",  # the right call, but dropped, blocked, rejected or with findings
    "duplicate",  # the right call, but only as a duplicate
    "late",
    "out_of_order",
    "duplicates",
    "not_good",
    "unexpected",
    "not_quiet",
    "identity",  # an anonymous visitor and a user are not linked
    "calls_after",  # something followed what had to be the last
    "personal_data",  # a pattern was found in what was sent
    "golden",  # the calls are not those of the golden file
    "delivery",  # calls were not delivered, or filtered, as they should have been
    "received",  # something did not reach a vendor
]

_PARTS = frozenset({"text", "kind", "headline", "sections", "notes"})
# "Under 40 lines" is the promise.
MAX_LINES: Final = 39
_MAX_LINE_CHARACTERS = 320
_MAX_HEADLINE_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it.

    Attributes:
        title: one line, with its colon.
        lines: without indent.
    """

    title: str
    lines: tuple[str, ...]


class LateCall(msgspec.Struct, frozen=True, rename="camel"):
    """A call that came after the wait had ended.

    Attributes:
        call: it.
        after_seconds: how long after.
    """

    call: Call
    after_seconds: float


class CallElsewhere(msgspec.Struct, frozen=True):
    """A call of another source that would have been right.

    Attributes:
        call: it.
        claimed: a client has named its source; else the write key may be a wrong one.
        name: of its source, in pytest the id of its test; or empty.
    """

    call: Call
    claimed: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why an expectation was not met.

    Attributes:
        kind: for tools.
        headline: what was expected and what was found, one line.
        sections: what there is to know, the most useful first.
        notes: hints, one line each.
        details: the same facts as JSON.
    """

    kind: ExplanationKind
    headline: str
    sections: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()
    details: JsonObject = field(default_factory=dict)

    def text(self) -> str:
        """Return the explanation to read: under 40 lines, control characters escaped.

        Where there is more to say than fits, the middle gives way, never the headline
        or the notes.
        """
        body: list[str] = []
        for section in self.sections:
            if section.lines:
                body += ["", section.title]
                body += [f"  {line}" for line in section.lines]
        notes = ["", *self.notes] if self.notes else []
        room = MAX_LINES - 1 - len(notes)
        if len(body) > room:
            body = [*body[: room - 1], f"  … {len(body) - room + 1} more lines"]
        lines = [_line(self.headline, _MAX_HEADLINE_CHARACTERS)]
        lines += [_line(line, _MAX_LINE_CHARACTERS) for line in [*body, *notes]]
        return "\n".join(lines)

    @classmethod
    def from_json(cls, document: JsonObject) -> Explanation:
        details = {name: value for name, value in document.items() if name not in _PARTS}
        sections = document["sections"]
        return cls(
            kind=document["kind"],
            headline=document["headline"],
            sections=tuple(Section(each["title"], tuple(each["lines"])) for each in sections),
            notes=tuple(document["notes"]),
            details=details,
        )

    def as_json(self) -> JsonObject:
        """Return the explanation as JSON: its text, kind, parts, and the facts."""
        return {
            "text": self.text(),
            "kind": self.kind,
            "headline": self.headline,
            "sections": [
                {"title": section.title, "lines": list(section.lines)} for section in self.sections
            ],
            "notes": list(self.notes),
            **self.details,
        }


def listed(
    items: Sequence[T],
    written: Callable[[T], str | list[str]] = str,
    *,
    limit: int,
    noun: str = "calls",
    total: int | None = None,
) -> tuple[str, ...]:
    """Write the first items, and how many there are beyond.

    Args:
        items: what is listed.
        written: one of them as a line, or as several.
        limit: maximum number of items.
        noun: what they are.
        total: how many there are, if there are more than `items`.
    """
    lines: list[str] = []
    for item in items[:limit]:
        text = written(item)
        lines += [text] if isinstance(text, str) else text
    beyond = (len(items) if total is None else total) - min(limit, len(items))
    return (*lines, f"… and {beyond:,} more {noun}") if beyond > 0 else tuple(lines)


def recorded_section(
    by_event: Mapping[str, int], *, total: int, everywhere: bool = False
) -> Section:
    """Count what was recorded by name; without lines where nothing was.

    Args:
        by_event: how many calls there are of each name.
        total: how many calls there are.
        everywhere: all sources were looked at, not one.
    """
    lines = (names_line(by_event),) if by_event else ()
    where = "in all sources" if everywhere else "in this source"
    return Section(f"Recorded {where}, {counted(total, 'call')} in all:", lines)


def _line(text: str, limit: int) -> str:
    # What is shown was escaped where it was shown; a sentence of a finding or of a foreign
    # object may still hold what a terminal obeys.
    return clip(printable(text[: 2 * limit]), limit)
