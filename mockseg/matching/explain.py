"""Why calls that a matcher means were not recorded as expected, in under 40 lines.

Pure: everything that is known comes as :class:`~mockseg.matching.evidence.Evidence`.
What is said of all calls of a source is in :mod:`mockseg.matching.explain_source`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockseg.matching.explanation import Explanation, Section, some
from mockseg.matching.lines import (
    call_json,
    call_line,
    duration,
    finding_line,
    near_json,
    near_lines,
    verdict_words,
)
from mockseg.matching.nearest import nearest
from mockseg.matching.notes import evicted_note, recorded_section, refused_notes
from mockseg.matching.shown import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockseg.domain.call import Call
    from mockseg.json_types import JsonObject
    from mockseg.matching.evidence import Evidence
    from mockseg.matching.explanation import ExplanationKind
    from mockseg.matching.nearest import Near

__all__ = ["explain_called", "explain_not_called", "explain_not_quiet"]

_MAX_LISTED = 8
_MAX_CAUSES = 3
_MAX_FINDINGS = 3
_MAX_IN_JSON = 20


@dataclass(frozen=True, slots=True)
class _Cause:
    """One thing that explains why too few were found."""

    kind: ExplanationKind
    section: Section
    note: str = ""


def explain_called(evidence: Evidence) -> Explanation:
    """Explain why ``assert_called`` or ``wait_for`` failed.

    The kind is the first that fits of: too many, too few, late, duplicate, not accepted,
    wrong source, refused, nothing recorded, nearest, missing; the text has all that fit.
    """
    matching = evidence.matching
    if evidence.expected.exceeded_by(len(matching)):
        return _too_many(evidence, matching, "too_many")
    unaccepted = evidence.unaccepted
    causes = _causes(evidence, matching, unaccepted)
    ruled_out = {call.cursor for call in (*matching, *unaccepted)}
    rest = [call for call in evidence.seen if call.cursor not in ruled_out]
    nears = nearest(evidence.matcher, rest, limit=1 if causes else 3)
    sections = [cause.section for cause in causes]
    if nears:
        sections.append(Section("Nearest:", near_lines(nears)))
    sections.append(_recorded(evidence))
    kind: ExplanationKind = "missing"
    notes = [cause.note for cause in causes]
    if causes:
        kind = causes[0].kind
    elif not _total(evidence):
        kind = "refused" if evidence.refused else "nothing_recorded"
    elif nears:
        kind = "nearest"
    else:
        notes.append("Nothing similar was recorded.")
    return Explanation(
        kind=kind,
        headline=_headline(evidence, len(matching)),
        sections=tuple(sections),
        notes=_notes(evidence, notes),
        details=_details(evidence, matching, nears),
    )


def explain_not_called(evidence: Evidence) -> Explanation:
    """Explain why ``assert_not_called`` failed: list what was not to come."""
    return _too_many(evidence, evidence.matching, "unexpected")


def explain_not_quiet(evidence: Evidence, *, quiet: float) -> Explanation:
    """Explain why silence was waited for in vain.

    Args:
        evidence: with the calls that kept coming among ``seen``.
        quiet: seconds without a matching call that were waited for.
    """
    matching = evidence.matching
    return Explanation(
        kind="not_quiet",
        headline=(
            f"expected {duration(quiet)} without {evidence.matcher.describe()};"
            f" calls kept coming for {duration(evidence.waited)}."
        ),
        sections=(_listed("The last of them:", matching[-_MAX_LISTED:], times=True),),
        notes=_notes(evidence, ["A longer timeout or a shorter quiet time may help."]),
        details={**_details(evidence, matching, []), "quiet": quiet},
    )


def _too_many(evidence: Evidence, matching: tuple[Call, ...], kind: ExplanationKind) -> Explanation:
    return Explanation(
        kind=kind,
        headline=_headline(evidence, len(matching)),
        sections=(_listed("Found:", matching), _recorded(evidence)),
        notes=_notes(evidence, []),
        details=_details(evidence, matching, []),
    )


def _headline(evidence: Evidence, found: int) -> str:
    within = f" within {duration(evidence.waited)}" if evidence.waited > 0 else ""
    count = f"{found:,}" if found else "none"
    return (
        f"expected {evidence.expected.text} {evidence.matcher.describe()}; found {count}{within}."
    )


def _causes(
    evidence: Evidence, matching: tuple[Call, ...], unaccepted: tuple[Call, ...]
) -> list[_Cause]:
    causes: list[_Cause] = []
    if matching:
        causes.append(_Cause("too_few", _listed("Found:", matching)))
    if evidence.late:
        lines = [
            f"{call_line(late.call)}: {duration(late.after_seconds)} after the wait ended"
            for late in evidence.late
        ]
        section = Section("Arrived late:", some(lines, limit=_MAX_CAUSES, noun="calls"))
        causes.append(
            _Cause("late", section, "Wait longer, or flush the SDK before the assertion.")
        )
    duplicates = [call for call in unaccepted if call.duplicate_of is not None]
    others = [call for call in unaccepted if call.duplicate_of is None]
    if others:
        causes.append(_not_accepted(evidence, others))
    if duplicates:
        causes.append(_duplicates(evidence, duplicates))
    if evidence.elsewhere:
        causes.append(_wrong_source(evidence))
    return causes


def _not_accepted(evidence: Evidence, calls: list[Call]) -> _Cause:
    lines: list[str] = []
    for call in calls[:_MAX_CAUSES]:
        lines.append(f"{call_line(call)}: {verdict_words(call)}")
        found = [finding_line(finding) for finding in call.findings]
        lines += [f"  {line}" for line in some(found, limit=_MAX_FINDINGS, noun="findings")]
    if len(calls) > _MAX_CAUSES:
        lines.append(f"… and {len(calls) - _MAX_CAUSES} more calls")
    matcher = evidence.matcher
    others = sorted({call.verdict for call in calls} - {matcher.verdict or "accepted"})
    if matcher.any_verdict or not others:
        title = "Right, but with findings:" if matcher.good else "Right, but without findings:"
        return _Cause("not_accepted", Section(title, tuple(lines)))
    title = f"Right, but not {matcher.verdict or 'accepted'}:"
    note = ""
    if matcher.verdict is None:
        means = " or ".join(f"verdict={verdict!r}" for verdict in others)
        note = f"A matcher means accepted calls; with {means} it means these."
    return _Cause("not_accepted", Section(title, tuple(lines)), note)


def _duplicates(evidence: Evidence, calls: list[Call]) -> _Cause:
    by_id = {call.id: call for call in evidence.seen}
    lines: list[str] = []
    for call in calls[:_MAX_CAUSES]:
        lines.append(
            f"{call_line(call)}: {verdict_words(call)}, messageId {shown(call.message_id)}"
        )
        original = by_id.get(call.duplicate_of or "")
        if original is None:
            lines.append("  the call it repeats is not among those looked at (cleared, evicted,")
            lines.append("  before the window, or in another source)")
        elif not evidence.matcher.means(original):
            lines.append(f"  it repeats the messageId of another call: {call_line(original)}")
    if len(calls) > _MAX_CAUSES:
        lines.append(f"… and {len(calls) - _MAX_CAUSES} more calls")
    note = "Segment keeps the first call of a messageId in about 24 hours, and drops the others."
    return _Cause("duplicate", Section("Recorded only as a duplicate:", tuple(lines)), note)


def _wrong_source(evidence: Evidence) -> _Cause:
    lines = [f"{call_line(call)}: in source {shown(call.source)}" for call in evidence.elsewhere]
    here = f" This one's is {shown(evidence.source)}." if evidence.source else ""
    return _Cause(
        "wrong_source",
        Section(
            "Recorded in another source instead:", some(lines, limit=_MAX_CAUSES, noun="calls")
        ),
        f"Does the app use another write key?{here}",
    )


def _listed(title: str, calls: Sequence[Call], *, times: bool = False) -> Section:
    lines = []
    for call in calls[:_MAX_LISTED]:
        line = call_line(call)
        if not call.good:
            line += f" ({verdict_words(call)})"
        lines.append(f"{line}, at {call.received_at}" if times else line)
    rest = len(calls) - len(lines)
    if rest:
        lines.append(f"… and {rest:,} more calls")
    return Section(title, tuple(lines))


def _notes(evidence: Evidence, own: list[str]) -> tuple[str, ...]:
    notes = [note for note in own if note]
    if not (_total(evidence) or evidence.elsewhere or evidence.late or evidence.refused):
        key = f" {shown(evidence.source)}" if evidence.source else ""
        notes.append(
            f"Nothing at all was recorded here. Does the app send to this server with the write"
            f" key{key}, and does it flush before the wait ends?"
        )
    notes += refused_notes(evidence.refused, evidence.refusals)
    notes += evicted_note(evidence.evicted)
    return tuple(notes)


def _recorded(evidence: Evidence) -> Section:
    return recorded_section(evidence.seen, total=_total(evidence), by_event=evidence.by_event)


def _total(evidence: Evidence) -> int:
    return len(evidence.seen) if evidence.total is None else evidence.total


def _details(evidence: Evidence, matching: tuple[Call, ...], nears: list[Near]) -> JsonObject:
    return {
        "expected": {
            "matcher": evidence.matcher.describe(),
            "count": evidence.expected.text,
        },
        "source": evidence.source,
        "found": len(matching),
        "waited": evidence.waited,
        "calls": [call_json(call) for call in matching[:_MAX_IN_JSON]],
        "notAccepted": [call_json(call) for call in evidence.unaccepted[:_MAX_IN_JSON]],
        "elsewhere": [call_json(call) for call in evidence.elsewhere[:_MAX_IN_JSON]],
        "late": [
            {"call": call_json(late.call), "afterSeconds": late.after_seconds}
            for late in evidence.late[:_MAX_IN_JSON]
        ],
        "nearest": near_json(nears),
        "recorded": _total(evidence),
        "evicted": evidence.evicted,
        "refused": evidence.refused,
        "refusals": list(evidence.refusals),
    }
