"""What a validation found, counted in bounded memory whatever the size of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mockseg.cli.output import shorten

if TYPE_CHECKING:
    from mockseg.cli.validate_judging import Judged
    from mockseg.domain.findings import Discard, Finding


# Names of events are without number; beyond, they are counted together.
_MOST_CASES: Final = 1000
_LINES_OF_CASE: Final = 20
_LONGEST_NAME: Final = 300


@dataclass(frozen=True, slots=True)
class Bad:
    """A message or a line that is not good.

    Attributes:
        line: its number in the file.
        place: in its batch from 0, or None.
        type: of the call, empty for what is none.
        event: of a track call, or None.
        user_id: or None.
        verdict: accepted (with violations), dropped, blocked, or rejected for a whole line.
        findings: why.
        explained: the findings in lines for people.
    """

    line: int
    place: int | None
    type: str
    event: str | None
    user_id: str | None
    verdict: str
    findings: tuple[Finding, ...]
    explained: tuple[str, ...]

    @property
    def where(self) -> str:
        """Say where it stands."""
        inside = "" if self.place is None else f", message {self.place} of its batch"
        return f"line {self.line}{inside}"

    @property
    def what(self) -> str:
        """Say what it is, fit for a terminal; empty for what is no call."""
        event = f' "{shorten(self.event)}"' if self.event is not None else ""
        user = f", user {shorten(self.user_id)}" if self.user_id else ""
        return f"{shorten(self.type)}{event}{user}"


@dataclass(slots=True)
class Case:
    """All messages of one type and event.

    Attributes:
        total, bad: how many.
        lines: about the first bad ones, for people.
    """

    total: int = 0
    bad: int = 0
    lines: list[str] = field(default_factory=list)


class Tally:
    """Counts judged messages and keeps the first bad ones.

    Attributes:
        lines: that were not empty.
        good, bad: messages; a line that is none counts as a bad one.
        verdicts: how many messages of each.
        codes: how many messages have a finding of each code.
        shown: the first bad ones.
        cases: by type and event, in the order in which they came.
    """

    def __init__(self, *, limit_shown: int) -> None:
        self.lines = 0
        self.good = 0
        self.bad = 0
        self.verdicts = dict.fromkeys(("accepted", "dropped", "blocked", "rejected"), 0)
        self.codes: dict[str, int] = {}
        self.shown: list[Bad] = []
        self.cases: dict[tuple[str, str | None], Case] = {}
        self._limit = limit_shown

    @property
    def messages(self) -> int:
        """Give how many were judged."""
        return self.good + self.bad

    def broken(self, line: int, problem: Discard) -> None:
        """Count a line that is no message, or a batch that is refused whole."""
        self._count_bad(Bad(line, None, "", None, None, "rejected", (problem,), (_told(problem),)))

    def judged(self, judged: Judged, *, line: int) -> None:
        """Count a message."""
        if judged.good:
            self.good += 1
            self.verdicts["accepted"] += 1
            self._case(judged.type, judged.event).total += 1
            return
        case = self._case(judged.type, judged.event)
        wanted = len(self.shown) < self._limit or len(case.lines) < _LINES_OF_CASE
        self._count_bad(
            Bad(
                line,
                judged.sent.place,
                judged.type,
                judged.event,
                judged.user_id,
                judged.verdict,
                judged.findings,
                tuple(judged.explained()) if wanted else (),
            )
        )

    def _count_bad(self, bad: Bad) -> None:
        self.bad += 1
        self.verdicts[bad.verdict] += 1
        for code in {finding.code for finding in bad.findings}:
            self.codes[code] = self.codes.get(code, 0) + 1
        if len(self.shown) < self._limit:
            self.shown.append(bad)
        case = self._case(bad.type, bad.event)
        case.total += 1
        case.bad += 1
        if len(case.lines) < _LINES_OF_CASE:
            case.lines += [bad.where, *(f"  {line}" for line in bad.explained)]

    def _case(self, type_: str, event: str | None) -> Case:
        key = (type_[:_LONGEST_NAME], None if event is None else event[:_LONGEST_NAME])
        case = self.cases.get(key)
        if case is None:
            if len(self.cases) >= _MOST_CASES:
                key = ("(others)", None)
            case = self.cases.setdefault(key, Case())
        return case


def _told(problem: Discard) -> str:
    return f"{problem.code}: {problem.description}"
