from __future__ import annotations

import bisect
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import click
import msgspec

from mockseg import junit
from mockseg.cli.data_files import PIPE, is_stream, put
from mockseg.cli.flags import json_flag, read_warned, setting_flags
from mockseg.cli.json_values import Value, values_of
from mockseg.cli.message_lines import Sent, read_value
from mockseg.cli.output import decided, on_terminal, say_json, say_text, shorten, warn
from mockseg.cli.progress import Progress
from mockseg.clock import SystemClock
from mockseg.config import SERVER_SETTINGS, Settings, load
from mockseg.domain.call import KeptCall
from mockseg.domain.findings import Discard, Finding, Violation, all_warnings, read_more
from mockseg.domain.message import normalise
from mockseg.hub.judge import DryRun
from mockseg.hub.source_plans import from_settings
from mockseg.json_types import JsonObject
from mockseg.plans.violations import explain

_NAMES: Final = ("catalogue", "plan", "strictness", "protocols")
_SETTINGS: Final = [setting for setting in SERVER_SETTINGS if setting.name in _NAMES]
_PORTION: Final = 500
# Minimum number of messageIds that are remembered; the maximum is twice this.
_REMEMBERED_IDS: Final = 1_000_000
_LONGEST_LINE: Final = 400
# A file can have any number of event names; past this limit they are counted together.
_MOST_CASES: Final = 1000
_LINES_OF_CASE: Final = 20
_LONGEST_NAME: Final = 300


@click.command(name="validate")
@click.argument("file")
@setting_flags(_SETTINGS)
@click.option(
    "--duplicates",
    is_flag=True,
    help="A messageId that was there before is a finding, as at Segment.",
)
@click.option("--junit", metavar="OUT", help="Write JUnit XML too: a test case for each event.")
@json_flag("The report as one JSON object.")
@click.option(
    "--limit-shown",
    type=click.IntRange(min=0),
    default=20,
    metavar="NUMBER",
    help="Maximum number of bad messages to show; all are counted.  [20]",
)
@click.option("--allow-empty", is_flag=True, help="Do not fail when FILE has no messages.")
def command(
    *,
    file: str,
    config: str | None,
    duplicates: bool,
    junit: str | None,
    as_json: bool,
    limit_shown: int,
    allow_empty: bool,
    **flags: Any,
) -> int:
    """Judge the messages of FILE as a server would: first Segment's edge, then the plans.

    FILE has messages, exported calls, batches, or raw events of Segment's archive (S3) or
    debugger: one JSON object a line, pretty-printed objects, or an array. It may be gzipped. A
    folder is read with all files below it; - is standard input. A value that cannot be read
    is a finding, not an error.

    Exit 1 when something is bad, or when there was nothing to judge.
    """
    settings = load(Settings, read_warned(config), flags)
    if junit == PIPE:
        raise click.UsageError("--junit needs a file: standard output has the report")
    plans = from_settings(settings)
    run = DryRun(
        plans.used,
        received_ns=SystemClock().now_ns(),
        remembered=_REMEMBERED_IDS if duplicates else 0,
    )
    report = _Report(file, limit_shown=limit_shown)
    _judge_all(file, run, report)
    empty = not report.messages and not allow_empty
    status = decided(1 if report.bad or empty else 0)
    if junit is not None:
        put(report.as_junit(), junit)
    slugs = [plan.slug for plan in plans.set.plans]
    if as_json:
        say_json(report.as_json(plans=slugs, strictness=settings.strictness), indented=True)
    else:
        say_text(report.as_text(judged_by=_judged_by(slugs, settings)))
    if empty:
        warn(f"{file} has no messages, so nothing was judged; --allow-empty allows this")
    return status


def _judge_all(file: str, run: DryRun, report: _Report) -> None:
    # Only a terminal shows a bar, and a pipe cannot be read twice.
    counted = on_terminal(err=True) and not is_stream(file)
    total = sum(1 for _ in values_of(file)) if counted else None
    places = _Places(file)
    with Progress("validated", total=total) as progress:
        values = shown = 0
        for value in values_of(file):
            values += 1
            found = read_value(value.text)
            place = places.add(value)
            report.see(value)
            if isinstance(found, Discard):
                report.add(_Judged(value, None, "rejected", findings=(found,)))
                found = ()
            for sent in found:
                call = run.judge(sent.raw, sent.message, place=place, shared=sent.shared)
                findings = tuple(_findings(call, places))
                report.add(
                    _Judged(
                        value, sent, call.verdict, call.type, call.event, call.user_id, findings
                    )
                )
            done = values if counted else report.messages
            if done - shown >= _PORTION:
                progress.add(done - shown)
                shown = done
        progress.add((values if counted else report.messages) - shown)


class _Places:
    """Numbers the lines of several files one after the other, so that a number names a place.

    Args:
        name: of the file, or of the folder with the files.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._files: list[str] = []
        # Of each file, the number before its first line.
        self._before: list[int] = []
        self._last = 0

    def add(self, value: Value) -> int:
        """Return the number of the line on which a value begins."""
        if not self._files or self._files[-1] != value.file:
            self._files.append(value.file)
            self._before.append(self._last)
        before = self._before[-1]
        self._last = before + value.last
        return before + value.line

    def where(self, number: int) -> str:
        index = bisect.bisect_left(self._before, number) - 1
        file = self._files[index]
        line = f"line {number - self._before[index]}"
        return line if file == self._name else f"{file}, {line}"


def _judged_by(slugs: list[str], settings: Settings) -> str:
    edge = "what Segment's edge discards"
    if not slugs:
        return f"{edge} alone; name plans with --catalogue or --plan"
    plans = f"the plans {', '.join(slugs)}" if len(slugs) > 1 else f"the plan {slugs[0]}"
    strictness = f" ({settings.strictness})" if settings.catalogue else ""
    return f"{edge}, and {plans}{strictness}"


def _findings(call: KeptCall, places: _Places) -> list[Finding]:
    if call.remark is None:
        return []
    found = list(call.findings)
    first = call.remark.duplicate_of
    for place, finding in enumerate(found):
        if first and isinstance(finding, Discard) and finding.code == "duplicate_message_id":
            text = f'messageId "{call.message_id[:100]}" was on {places.where(first)} before'
            found[place] = msgspec.structs.replace(finding, description=text)
    return found


@dataclass(frozen=True, slots=True)
class _Judged:
    """A message, or a value that cannot be read, with what is wrong with it.

    Attributes:
        value: of the file.
        sent: the message; None for a value that cannot be read.
        verdict: accepted, dropped or blocked; rejected for a whole value.
        type: of the call; empty if unknown.
        event: of a track call, or None.
        user_id: or None.
        findings: why it is not good, and warnings.
    """

    value: Value
    sent: Sent | None
    verdict: str
    type: str = ""
    event: str | None = None
    user_id: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def good(self) -> bool:
        return self.verdict == "accepted" and all_warnings(self.findings)

    @property
    def place(self) -> int | None:
        """Index of the message in its batch, from 0; None outside of a batch."""
        return None if self.sent is None else self.sent.place

    @property
    def where(self) -> str:
        inside = "" if self.place is None else f", message {self.place} of its batch"
        return f"{self.value.where}{inside}"

    @property
    def what(self) -> str:
        event = f' "{shorten(self.event)}"' if self.event is not None else ""
        user = f", user {shorten(self.user_id)}" if self.user_id else ""
        return f"{shorten(self.type)}{event}{user}"

    def explained(self) -> list[str]:
        """Return a few lines for each finding: what, where, what was sent, whose rule."""
        lines: list[str] = []
        for finding in self.findings:
            text = finding.description
            if isinstance(finding, Violation) and self.sent and isinstance(self.sent.message, dict):
                normalised = normalise(
                    self.sent.message,
                    type_=self.type,
                    message_id="",
                    received_ns=0,
                    shared=self.sent.shared,
                )
                text = explain(finding, normalised)
            first, *more = text.splitlines() or [""]
            lines += [f"{finding.code}: {first}", *more]
        return lines


@dataclass(slots=True)
class _Case:
    """All messages of one type and event.

    Attributes:
        total, bad: numbers of messages.
        lines: about the first bad ones, for people.
    """

    total: int = 0
    bad: int = 0
    lines: list[str] = field(default_factory=list)


class _Report:
    """Counts judged messages and keeps the first bad ones, in bounded memory.

    Args:
        file: that is judged.
        limit_shown: maximum number of messages with findings to keep.

    Attributes:
        lines: that have values.
        good, bad: messages; a value that cannot be read counts as a bad one.
        warned: good messages with warnings.
    """

    def __init__(self, file: str, *, limit_shown: int) -> None:
        self.lines = 0
        self.good = 0
        self.bad = 0
        self.warned = 0
        self._file = file
        # The file that is read, and the last line of it that was counted.
        self._at: tuple[str, int] = ("", 0)
        self._files = 0
        self._limit = limit_shown
        self._verdicts = dict.fromkeys(("accepted", "dropped", "blocked", "rejected"), 0)
        self._codes: Counter[str] = Counter()
        self._shown: list[tuple[_Judged, list[str]]] = []
        # By type and event, in the order in which they came.
        self._cases: dict[tuple[str, str | None], _Case] = {}

    @property
    def messages(self) -> int:
        return self.good + self.bad

    @property
    def _not_shown(self) -> int:
        return self.bad + self.warned - len(self._shown)

    def see(self, value: Value) -> None:
        """Count the lines of a value."""
        file, last = self._at
        if file != value.file:
            self._files += 1
            last = 0
        last = max(value.line - 1, last)
        self.lines += max(0, value.last - last)
        self._at = (value.file, max(value.last, last))

    def _where(self, judged: _Judged) -> str:
        """Return the place of a message, with its file if there are several."""
        file = judged.value.file
        return judged.where if file == self._file else f"{file}, {judged.where}"

    def add(self, judged: _Judged) -> None:
        case = self._case(judged.type, judged.event)
        case.total += 1
        self._verdicts[judged.verdict] += 1
        good = judged.good
        self.good += good
        self.bad += not good
        case.bad += not good
        if good and not judged.findings:
            return
        self.warned += good
        self._codes.update({finding.code for finding in judged.findings})
        is_shown = len(self._shown) < self._limit
        is_in_case = not good and len(case.lines) < _LINES_OF_CASE
        explained = judged.explained() if is_shown or is_in_case else []
        if is_shown:
            self._shown.append((judged, explained))
        if is_in_case:
            case.lines += [self._where(judged), *(f"  {line}" for line in explained)]

    def _case(self, type_: str, event: str | None) -> _Case:
        key = (type_[:_LONGEST_NAME], None if event is None else event[:_LONGEST_NAME])
        if key not in self._cases and len(self._cases) >= _MOST_CASES:
            key = ("(others)", None)
        return self._cases.setdefault(key, _Case())

    def as_text(self, *, judged_by: str) -> str:
        lines: list[str] = []
        for judged, explained in self._shown:
            fate = "violates its plan" if judged.verdict == "accepted" else judged.verdict
            fate = "good, with a warning" if judged.good else fate
            where = shorten(self._where(judged), longest=_LONGEST_LINE)
            lines.append(f"{where}: {judged.what or 'no call'}, {fate}")
            lines += [f"  {shorten(line, longest=_LONGEST_LINE)}" for line in explained]
        left = self._not_shown
        if left:
            lines.append(f"... and {left} more with findings (--limit-shown shows more)")
        if lines:
            lines.append("")
        of = "" if self._at[0] in {"", self._file} else f" of {self._files} files"
        lines.append(
            f"{shorten(self._file)}: {self.messages} messages on {self.lines} lines{of}:"
            f" {self.good} good, {self.bad} bad ({self._verdicts['dropped']} dropped,"
            f" {self._verdicts['blocked']} blocked, {self._verdicts['rejected']} rejected)"
            + (f"; {self.warned} good with warnings" if self.warned else "")
        )
        by_count = sorted(self._codes.items(), key=lambda item: (-item[1], item[0]))
        lines += [f"{count:8}  {code}" for code, count in by_count]
        lines.append(f"judged by {judged_by}")
        lines += filter(None, [read_more(code for code, _ in by_count)])
        return "\n".join(lines) + "\n"

    def as_json(self, *, plans: list[str], strictness: str) -> JsonObject:
        return {
            "file": self._file.encode("utf-8", "replace").decode(),
            "plans": plans,
            "strictness": strictness,
            "lines": self.lines,
            "messages": self.messages,
            "good": self.good,
            "bad": self.bad,
            "warned": self.warned,
            "verdicts": self._verdicts,
            "byCode": dict(sorted(self._codes.items())),
            "shown": [
                {
                    "file": judged.value.file.encode("utf-8", "replace").decode(),
                    "line": judged.value.line,
                    "item": judged.value.item,
                    "index": judged.place,
                    "type": judged.type,
                    "event": judged.event,
                    "userId": judged.user_id,
                    "verdict": judged.verdict,
                    "findings": [msgspec.to_builtins(finding) for finding in judged.findings],
                    "explanation": explained,
                }
                for judged, explained in self._shown
            ],
            "notShown": self._not_shown,
        }

    def as_junit(self) -> str:
        """Return JUnit XML: each event is a test case, failed when a message is bad."""
        name = f"mockseg validate {shorten(self._file)}"
        cases = []
        for (type_, event), case in self._cases.items():
            named = shorten(type_ or "no call") + (f' "{shorten(event)}"' if event else "")
            failure = f"{case.bad} of {case.total} bad" if case.bad else None
            lines = (shorten(line, longest=_LONGEST_LINE) for line in case.lines)
            cases.append(
                junit.Case(
                    name=named,
                    classname=shorten(type_ or "unreadable"),
                    failure=failure,
                    details="\n".join((failure or "", *lines)),
                )
            )
        return junit.junit_xml(name, [(name, cases)])
