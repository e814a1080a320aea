"""What a validation found: for people, as JSON, as JUnit XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mockseg.cli.output import shorten
from mockseg.junit import Case, junit_xml

if TYPE_CHECKING:
    from mockseg.cli.validate_tally import Tally
    from mockseg.json_types import JsonObject


_LONGEST_LINE = 400


def as_text(tally: Tally, *, file: str, judged_by: str) -> str:
    """Tell the first bad messages, then the counts."""
    lines: list[str] = []
    for bad in tally.shown:
        fate = "violates its plan" if bad.verdict == "accepted" else bad.verdict
        lines.append(f"{bad.where}: {bad.what or 'no call'}, {fate}")
        lines += [f"  {shorten(line, longest=_LONGEST_LINE)}" for line in bad.explained]
    left = tally.bad - len(tally.shown)
    if left:
        lines.append(f"... and {left} more bad ones (--limit-shown shows more)")
    if lines:
        lines.append("")
    lines.append(
        f"{shorten(file)}: {tally.messages} messages on {tally.lines} lines:"
        f" {tally.good} good, {tally.bad} bad ({tally.verdicts['dropped']} dropped,"
        f" {tally.verdicts['blocked']} blocked, {tally.verdicts['rejected']} rejected)"
    )
    by_count = sorted(tally.codes.items(), key=lambda item: (-item[1], item[0]))
    lines += [f"{count:8}  {code}" for code, count in by_count]
    lines.append(f"judged by {judged_by}")
    return "\n".join(lines) + "\n"


def as_json(tally: Tally, *, file: str, plans: list[str], strictness: str) -> JsonObject:
    """Give the same as one JSON object."""
    return {
        "file": file.encode("utf-8", "replace").decode(),
        "plans": plans,
        "strictness": strictness,
        "lines": tally.lines,
        "messages": tally.messages,
        "good": tally.good,
        "bad": tally.bad,
        "verdicts": tally.verdicts,
        "byCode": dict(sorted(tally.codes.items())),
        "shown": [
            {
                "line": bad.line,
                "index": bad.place,
                "type": bad.type,
                "event": bad.event,
                "userId": bad.user_id,
                "verdict": bad.verdict,
                "findings": [msgspec.to_builtins(finding) for finding in bad.findings],
                "explanation": list(bad.explained),
            }
            for bad in tally.shown
        ],
        "notShown": tally.bad - len(tally.shown),
    }


def as_junit(tally: Tally, *, file: str) -> str:
    """Write the same as JUnit XML: each event is a test case, failed when a message is bad."""
    name = f"mockseg validate {shorten(file)}"
    cases = []
    for (type_, event), case in tally.cases.items():
        failure = f"{case.bad} of {case.total} bad" if case.bad else None
        lines = [shorten(line, longest=_LONGEST_LINE) for line in case.lines]
        cases.append(
            Case(
                name=shorten(type_ or "no call") + (f' "{shorten(event)}"' if event else ""),
                classname=shorten(type_ or "unreadable"),
                failure=failure,
                details="" if failure is None else "\n".join([failure, *lines]),
            )
        )
    return junit_xml(name, [(name, cases)])
