"""Why all calls of a source together are not as expected, in under 40 lines.

Each function judges and explains in one: it gives None when there is nothing to explain.
What is said of the calls of one matcher is in :mod:`mockseg.matching.explain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.domain.lost import NOTHING_LOST
from mockseg.matching.explanation import Explanation, Section, some
from mockseg.matching.lines import (
    call_json,
    call_line,
    finding_line,
    near_json,
    near_lines,
    verdict_words,
)
from mockseg.matching.nearest import nearest
from mockseg.matching.notes import counted, evicted_note, recorded_section
from mockseg.matching.shown import clip, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockseg.domain.call import Call
    from mockseg.domain.lost import Lost
    from mockseg.matching.matcher import Matcher


_MAX_LISTED = 8
_MAX_FINDINGS = 3
_MAX_STEPS = 12
_MAX_IN_JSON = 20


def explain_order(
    matchers: Sequence[Matcher], seen: Sequence[Call], *, lost: Lost = NOTHING_LOST
) -> Explanation | None:
    """Explain why calls are not there in this order; None when they are.

    Other calls may stand between them. Each step takes the first matching call after
    that of the step before it, so that a step is missed only where no choice would do.

    Args:
        matchers: one for each step.
        seen: what was recorded, oldest first.
        lost: the older calls that could not be looked at.
    """
    taken: list[Call] = []
    position = 0
    for matcher in matchers:
        found = next((i for i in range(position, len(seen)) if matcher.matches(seen[i])), None)
        if found is None:
            return _out_of_order(matchers, seen, taken, position, lost)
        taken.append(seen[found])
        position = found + 1
    return None


def explain_duplicates(seen: Sequence[Call], *, lost: Lost = NOTHING_LOST) -> Explanation | None:
    """Explain which calls are duplicates of earlier ones; None when none is.

    Args:
        seen: what was recorded, oldest first.
        lost: the older calls that could not be looked at.
    """
    duplicates = [call for call in seen if call.duplicate_of is not None]
    if not duplicates:
        return None
    requests = {call.id: call.request.id for call in seen}
    lines = []
    for call in duplicates[:_MAX_LISTED]:
        original = call.duplicate_of or ""
        brought = requests.get(original)
        first = f"request {brought}" if brought else "it is not among the calls looked at"
        lines.append(
            f"{call_line(call)}: messageId {shown(call.message_id)} was that of"
            f" {clip(original, 40)} ({first}); sent again in request {call.request.id},"
            f" attempt {call.request.attempt}"
        )
    return Explanation(
        kind="duplicates",
        headline=f"expected no duplicates; {len(duplicates):,} of {counted(len(seen), 'call')}"
        f" {'repeats' if len(duplicates) == 1 else 'repeat'} an earlier messageId.",
        sections=(Section("Duplicates:", _with_rest(lines, len(duplicates))),),
        notes=(
            "Segment keeps the first call of a messageId in about 24 hours, and drops the others.",
            *evicted_note(lost),
        ),
        details={
            "calls": [call_json(call) for call in duplicates[:_MAX_IN_JSON]],
            "found": len(duplicates),
            "recorded": len(seen),
            "evicted": lost.calls,
        },
    )


def explain_not_good(seen: Sequence[Call], *, lost: Lost = NOTHING_LOST) -> Explanation | None:
    """Explain which calls are bad and why; None when all are good.

    Args:
        seen: what was recorded, oldest first.
        lost: the older calls that could not be looked at.
    """
    bad = [call for call in seen if not call.good]
    if not bad:
        return None
    lines = []
    for call in bad[:_MAX_LISTED]:
        lines.append(f"{call_line(call)}: {verdict_words(call)}")
        found = [finding_line(finding) for finding in call.findings]
        lines += [f"  {line}" for line in some(found, limit=_MAX_FINDINGS, noun="findings")]
    if len(bad) > _MAX_LISTED:
        lines.append(f"… and {len(bad) - _MAX_LISTED} more calls")
    return Explanation(
        kind="not_good",
        headline=f"expected all calls to be good; {len(bad):,} of {counted(len(seen), 'call')}"
        f" {'is' if len(bad) == 1 else 'are'} bad.",
        sections=(Section("Bad:", tuple(lines)),),
        notes=tuple(evicted_note(lost)),
        details={
            "calls": [call_json(call) for call in bad[:_MAX_IN_JSON]],
            "found": len(bad),
            "recorded": len(seen),
            "evicted": lost.calls,
        },
    )


def explain_others(others: Sequence[Call], *, asserted: int) -> Explanation:
    """Explain which calls there were besides those that assertions matched.

    Args:
        others: these calls, oldest first.
        asserted: how many calls assertions matched.
    """
    lines = [f"{call_line(call)}: {verdict_words(call)}" for call in others[:_MAX_LISTED]]
    were = f"{counted(len(others), 'call')} {'was' if len(others) == 1 else 'were'} recorded"
    headline = f"expected no calls; {were}, and no assertion of this source has matched one."
    if asserted:
        matched = f"the {counted(asserted, 'call')} that assertions matched"
        headline = (
            f"expected no calls other than {matched}; {were.replace(' call', ' other call')}."
        )
    return Explanation(
        kind="unexpected",
        headline=headline,
        sections=(Section("Others:", _with_rest(lines, len(others))),),
        notes=("Calls that may be there as well are named with allow=[...].",),
        details={
            "calls": [call_json(call) for call in others[:_MAX_IN_JSON]],
            "found": len(others),
            "asserted": asserted,
        },
    )


def _out_of_order(
    matchers: Sequence[Matcher],
    seen: Sequence[Call],
    taken: Sequence[Call],
    position: int,
    lost: Lost,
) -> Explanation:
    step = len(taken)
    matcher = matchers[step]
    before = [call for call in seen[:position] if matcher.matches(call)]
    nears = [] if before else nearest(matcher, seen, limit=2)
    outcome = "came only before step" if before else "was not recorded"
    previous = f" {step}" if before else ""
    sections = [Section("Steps:", _steps(matchers, taken, before))]
    if nears:
        sections.append(
            Section(
                f"Nearest to step {step + 1}:",
                near_lines(nears),
            )
        )
    sections.append(recorded_section(seen, total=len(seen)))
    return Explanation(
        kind="out_of_order",
        headline=f"expected {counted(len(matchers), 'call')} in this order;"
        f" step {step + 1} {outcome}{previous}.",
        sections=tuple(sections),
        notes=tuple(evicted_note(lost)),
        details={
            "steps": [each.describe() for each in matchers[:_MAX_IN_JSON]],
            "failedStep": step + 1,
            "calls": [call_json(call) for call in taken[:_MAX_IN_JSON]],
            "before": [call_json(call) for call in before[:_MAX_IN_JSON]],
            "nearest": near_json(nears),
            "recorded": len(seen),
            "evicted": lost.calls,
        },
    )


def _steps(
    matchers: Sequence[Matcher], taken: Sequence[Call], before: Sequence[Call]
) -> tuple[str, ...]:
    """Show each step with the call it took, around the one that has none."""
    missed = len(taken)
    start = max(0, missed + 1 - _MAX_STEPS)
    lines = [f"… {counted(start, 'step')} before, all recorded"] if start else []
    for index in range(start, min(len(matchers), start + _MAX_STEPS)):
        what = f"{index + 1}. {matchers[index].describe(limit=120)}"
        if index < missed:
            lines.append(f"{what}: {clip(taken[index].id, 40)}")
        elif index > missed:
            lines.append(f"{what}: not looked at")
        elif before:
            earlier = ", ".join(clip(call.id, 40) for call in before[:5])
            lines.append(f"{what}: only earlier, {earlier}  <- here")
        else:
            lines.append(f"{what}: not recorded  <- here")
    beyond = len(matchers) - start - _MAX_STEPS
    return (*lines, f"… and {counted(beyond, 'more step')}") if beyond > 0 else tuple(lines)


def _with_rest(lines: list[str], count: int) -> tuple[str, ...]:
    rest = count - len(lines)
    return (*lines, f"… and {rest:,} more calls") if rest else tuple(lines)
