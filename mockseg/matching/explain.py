"""Why calls that a matcher means were not recorded as expected, in under 40 lines.

Pure: everything that is known comes as :class:`~mockseg.matching.evidence.Evidence`.
What is said of all calls of a source is in :mod:`mockseg.matching.explain_source`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import msgspec

from mockseg.domain.call import Call
from mockseg.domain.delivery import Delivery, DeliveryState
from mockseg.domain.findings import read_more
from mockseg.json_types import JsonObject
from mockseg.matching.evidence import MAX_NEAR, MAX_SHOWN, Evidence
from mockseg.matching.explanation import (
    CallElsewhere,
    Explanation,
    ExplanationKind,
    Section,
    listed,
    recorded_section,
)
from mockseg.matching.nearest import Near, near_json, near_lines
from mockseg.matching.render import (
    before_window_note,
    call_line,
    clip,
    counted,
    duration,
    evicted_note,
    refused_notes,
    shown,
    verdict_line,
    verdict_lines,
    verdict_words,
)
from mockseg.matching.values import ANY
from mockseg.suggestions import unknown

_MAX_LISTED = 8
_MAX_CAUSES = 3
_MAX_DELIVERIES = 10


@dataclasses.dataclass(frozen=True, slots=True)
class _Cause:
    kind: ExplanationKind
    section: Section
    note: str = ""


def explain(evidence: Evidence) -> Explanation:
    """Explain why calls were not there as often as expected.

    The kind is the first that fits of: unexpected, too many, evicted, met, too few, late, not
    accepted, duplicate, wrong source, refused, nothing recorded, nearest, missing; the text has
    all that fit.
    """
    if evidence.expected.exceeded_by(evidence.found.total):
        return _counted(evidence, "too_many" if evidence.expected.maximum else "unexpected")
    if evidence.expected.met_by(evidence.found.total):
        # By now; or it cannot be known, because others were evicted.
        lost = evidence.lost.calls or evidence.lost.forgotten is not None
        return _counted(evidence, "evicted" if lost else "met")
    causes = _causes(evidence)
    strays = [each for each in evidence.elsewhere if not each.claimed]
    sections = [cause.section for cause in causes]
    nears = evidence.near[: 1 if causes else MAX_NEAR]
    if nears:
        sections.append(Section("Nearest:", near_lines(nears, sampled=evidence.sampled)))
    # What this source has comes first: other sources are mostly those of other tests.
    others = [*_wrong_key(evidence, strays), *_other_sources(evidence)]
    sections += [cause.section for cause in others]
    sections.append(_recorded(evidence))
    kind: ExplanationKind = "missing"
    notes = [cause.note for cause in (*causes, *others)]
    if evidence.dropped:
        findings = (each for call in evidence.dropped.calls for each in call.findings)
        notes.append(read_more(each.code for each in findings))
    if causes or strays:
        kind = (*causes, *others)[0].kind
    elif not evidence.recorded:
        kind = "refused" if evidence.refused else "nothing_recorded"
    elif nears:
        kind = "nearest"
    else:
        notes.append("Nothing similar was recorded.")
    return Explanation(
        kind=kind,
        headline=_headline(evidence),
        sections=tuple(sections),
        notes=_notes(evidence, notes),
        details=_details(evidence, nears),
    )


def explain_not_quiet(evidence: Evidence, *, quiet: float) -> Explanation:
    """Explain that calls kept coming although silence was expected.

    Args:
        evidence: with the last calls that came among ``found``.
        quiet: seconds without a matching call that were waited for.
    """
    return Explanation(
        kind="not_quiet",
        headline=(
            f"expected {duration(quiet)} without {evidence.matcher.describe()};"
            f" calls kept coming for {duration(evidence.waited)}."
        ),
        sections=(
            _calls_section("The last of them:", evidence.found.calls[-_MAX_LISTED:], times=True),
        ),
        notes=_notes(evidence, ["A longer timeout or a shorter quiet time may help."]),
        details={**_details(evidence, ()), "quiet": quiet},
    )


def _counted(evidence: Evidence, kind: ExplanationKind) -> Explanation:
    return Explanation(
        kind=kind,
        headline=_headline(evidence),
        sections=(_found(evidence), _recorded(evidence)),
        notes=_notes(evidence, []),
        details=_details(evidence, ()),
    )


def _headline(evidence: Evidence) -> str:
    within = f" within {duration(evidence.waited)}" if evidence.waited > 0 else ""
    count = f"{evidence.found.total:,}" if evidence.found else "none"
    described = evidence.matcher.describe()
    if described.startswith("any call"):
        call = "call" if evidence.expected.text.endswith(" 1") else "calls"
        described = call + described.removeprefix("any call")
    return f"expected {evidence.expected.text} {described}; found {count}{within}."


def _causes(evidence: Evidence) -> list[_Cause]:
    causes: list[_Cause] = []
    if evidence.found:
        causes.append(_Cause("too_few", _found(evidence)))
    if evidence.late:
        lines = listed(
            evidence.late,
            lambda late: (
                f"{call_line(late.call)}: {duration(late.after_seconds)} after the wait ended"
            ),
            limit=_MAX_CAUSES,
        )
        note = "Wait longer, or flush the SDK before the assertion."
        causes.append(_Cause("late", Section("Arrived late:", lines), note))
    if evidence.dropped:
        causes.append(_not_accepted(evidence))
    if evidence.duplicates:
        causes.append(_duplicates(evidence))
    return causes


def _not_accepted(evidence: Evidence) -> _Cause:
    calls = evidence.dropped.calls
    lines = listed(calls, verdict_lines, limit=_MAX_CAUSES, total=evidence.dropped.total)
    matcher = evidence.matcher
    others = sorted({call.verdict for call in calls} - {matcher.verdict or "accepted"})
    if matcher.verdict is ANY or not others:
        title = "Right, but with findings:" if matcher.good else "Right, but without findings:"
        return _Cause("not_accepted", Section(title, lines))
    title = f"Right, but not {matcher.verdict or 'accepted'}:"
    note = ""
    if matcher.verdict is None:
        means = " or ".join(f"verdict={verdict!r}" for verdict in others)
        note = f"A matcher matches accepted calls only; to match these, pass {means}."
    return _Cause("not_accepted", Section(title, lines), note)


def _duplicates(evidence: Evidence) -> _Cause:
    def lines_of(call: Call) -> list[str]:
        lines = [f"{verdict_line(call)}, messageId {shown(call.message_id)}"]
        original = evidence.originals.get(call.duplicate_of or "")
        if original is None:
            lines += [
                "  the call it repeats was evicted, came before the window, or is",
                "  in another source",
            ]
        elif not evidence.matcher.means(original):
            lines.append(f"  it repeats the messageId of another call: {call_line(original)}")
        return lines

    repeated = evidence.duplicates
    lines = listed(repeated.calls, lines_of, limit=_MAX_CAUSES, total=repeated.total)
    note = "Segment keeps the first call of a messageId in about 24 hours, and drops the others."
    return _Cause("duplicate", Section("Recorded only as a duplicate:", lines), note)


def _wrong_key(evidence: Evidence, strays: Sequence[CallElsewhere]) -> list[_Cause]:
    """Name calls under a write key that no test and no client has named."""
    if not strays:
        return []
    lines = [
        f"{call_line(each.call)}:"
        f" {f'write key {shown(each.call.source)}' if each.call.source else 'no write key'}"
        for each in strays
    ]
    title = "Recorded under another write key, which no test or client has named:"
    section = Section(title, listed(lines, limit=_MAX_CAUSES))
    here = f" This source has {shown(evidence.source)}." if evidence.source else ""
    return [_Cause("wrong_source", section, f"Does the app use another write key?{here}")]


def _other_sources(evidence: Evidence) -> list[_Cause]:
    """Name calls in sources of other tests or clients that came since this one was opened."""
    others = [each for each in evidence.elsewhere if each.claimed]
    if not others:
        return []
    lines = [
        f"{call_line(each.call)}: in the source"
        f" {f'of {clip(each.name, 120)}' if each.name else shown(each.call.source)}"
        for each in others
    ]
    section = Section("Recorded meanwhile in sources of others:", listed(lines, limit=_MAX_CAUSES))
    note = "If the app under test sent it, it still uses the write key of that source."
    return [_Cause("wrong_source", section, note)]


def _found(evidence: Evidence) -> Section:
    return _calls_section("Found:", evidence.found.calls, total=evidence.found.total)


def _calls_section(
    title: str, calls: Sequence[Call], *, times: bool = False, total: int | None = None
) -> Section:
    def line(call: Call) -> str:
        verdict = "" if call.good else f" ({verdict_words(call)})"
        return f"{call_line(call)}{verdict}" + (f", at {call.received_at}" if times else "")

    return Section(title, listed(calls, line, limit=_MAX_LISTED, total=total))


def _notes(evidence: Evidence, own: list[str]) -> tuple[str, ...]:
    notes = [note for note in own if note]
    strays = any(not each.claimed for each in evidence.elsewhere)
    if not (evidence.recorded or strays or evidence.late or evidence.refused):
        key = f" with the write key {shown(evidence.source)}" if evidence.source else ""
        notes.append(
            f"Nothing at all was recorded. Does the app send to this server{key}, and does it"
            " flush before the wait ends?"
        )
    notes += refused_notes(evidence.refused, [each.text for each in evidence.refusals])
    notes += before_window_note(evidence.before_window)
    notes += evicted_note(evidence.lost)
    return tuple(notes)


def _recorded(evidence: Evidence) -> Section:
    return recorded_section(
        evidence.by_event, total=evidence.recorded, everywhere=evidence.everywhere
    )


def _details(evidence: Evidence, nears: Sequence[Near]) -> JsonObject:
    """Return the facts as JSON: what ``POST /calls/wait`` has in ``error.details``, too."""
    dropped = (*evidence.dropped.calls, *evidence.duplicates.calls)
    return {
        "expected": {
            "matcher": evidence.matcher.describe(),
            "count": evidence.expected.text,
        },
        "source": evidence.source,
        "waited": evidence.waited,
        "found": evidence.found.total,
        "calls": msgspec.to_builtins(list(evidence.found.calls[:MAX_SHOWN])),
        "nearest": near_json(nears),
        "dropped": msgspec.to_builtins(list(dropped[:MAX_SHOWN])),
        "refused": msgspec.to_builtins(list(evidence.refusals)),
        "refusedCount": evidence.refused,
        "elsewhere": msgspec.to_builtins(list(evidence.elsewhere[:MAX_SHOWN])),
        "late": msgspec.to_builtins(list(evidence.late[:MAX_SHOWN])),
        "beforeWindow": list(evidence.before_window[:MAX_SHOWN]),
        "recorded": evidence.recorded,
        "evicted": evidence.lost.calls,
        "lost": msgspec.to_builtins(evidence.lost),
        "byEvent": dict(evidence.by_event),
    }


def explain_delivery(
    described: str,
    *,
    calls: Sequence[Call],
    deliveries: Sequence[Delivery],
    destinations: Sequence[str],
    to: str | None,
    state: DeliveryState,
    reason: str | None,
    times: int | None,
) -> Explanation:
    """Explain the fate of calls that should have been delivered, or filtered.

    Args:
        described: which calls were meant, in words.
        calls: that are meant.
        deliveries: of those calls, to any destination.
        destinations: ids of those that the source has.
        to: the id of the one that was meant; any when None.
        state: in which the deliveries should be.
        reason: why they should be filtered; any when None.
        times: how many there should be; one or more when None.
    """
    goal = state + (f" for {reason}" if reason else "") + (f" at {to}" if to else "")
    often = "" if times is None else f" {counted(times, 'time')}"
    there = [each for each in deliveries if to is None or each.destination == to]
    as_meant = sum(
        each.state == state and (reason is None or each.reason == reason) for each in there
    )
    lines = {call.id: call_line(call) for call in calls}
    outcomes = listed(
        deliveries,
        lambda each: _delivery_line(each, lines[each.call]),
        limit=_MAX_DELIVERIES,
        noun="deliveries",
    )
    return Explanation(
        kind="delivery",
        headline=f"expected {described} to be {goal}{often}; that holds for {as_meant} of"
        f" {counted(len(calls), 'such call')}.",
        sections=(Section("Their fates:", outcomes),),
        notes=tuple(_delivery_notes(there, deliveries, destinations, to, state)),
        details={
            "found": as_meant,
            "calls": list(lines),
            "deliveries": [
                {
                    "call": each.call,
                    "destination": each.destination,
                    "state": each.state,
                    "reason": each.reason,
                    "statuses": [attempt.status for attempt in each.attempts],
                }
                for each in deliveries[:50]
            ],
        },
    )


def explain_received(
    id_: str,
    described: str,
    *,
    seen: Sequence[str],
    found: int,
    times: int | None,
) -> Explanation:
    """Explain what reached a vendor instead of what was expected.

    Args:
        id_: of the destination.
        described: which requests were meant, in words.
        seen: a line for each request that reached it, oldest first.
        found: how many of them are meant.
        times: how many there should be; one or more when None.
    """
    wanted = "1 or more requests" if times is None else counted(times, "request")
    return Explanation(
        kind="received",
        headline=f"expected {wanted} at {id_}: {described}; found {found}.",
        sections=(
            Section(
                f"What reached it, {counted(len(seen), 'request')}:",
                tuple(seen[-_MAX_DELIVERIES:]),
            ),
        ),
        notes=()
        if seen
        else ("Nothing reached it at all: source.deliveries() has the fate of each call.",),
        details={"found": found, "received": len(seen)},
    )


def _delivery_line(delivery: Delivery, call: str) -> str:
    statuses = ", ".join(
        str(attempt.status) if attempt.status else attempt.error or "no answer"
        for attempt in delivery.attempts[-5:]
    )
    words = [f"{call} → {delivery.destination}: {delivery.state}"]
    words += [f"for {delivery.reason}"] if delivery.reason else []
    words += [f"(answered {statuses})"] if statuses else []
    words += [f"next attempt at {delivery.next_attempt_at}"] if delivery.next_attempt_at else []
    line = " ".join(words)
    return f"{line}: {delivery.description}" if delivery.description else line


def _delivery_notes(
    there: Sequence[Delivery],
    deliveries: Sequence[Delivery],
    destinations: Sequence[str],
    to: str | None,
    state: DeliveryState,
) -> Iterator[str]:
    if not destinations:
        yield "The source has no destination; connect one with source.destination(type)."
    elif to is not None and to not in destinations:
        yield f"to: {unknown('destination', to, destinations, label='Known')}"
    elif not deliveries:
        yield "Calls are delivered to the destinations that the source had when they came."
    if any(each.state == "retrying" for each in there):
        yield "Retries wait on the source's clock: source.advance_clock(60) lets them happen now."
    elif state == "retrying" and any(len(each.attempts) > 1 for each in there):
        yield (
            "The retry came before this looked: freeze the clock before you send,"
            ' source.set_clock("2026-01-01T00:00:00Z", frozen=True).'
        )
