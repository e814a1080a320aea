"""Why all calls of a source together are not as expected, in under 40 lines.

They are out of order, bad, duplicates, unlinked identities, or not those of a golden file. Most
functions judge and explain in one, and return None where all is as expected.
What is said of the calls of one matcher is in :mod:`mockseg.matching.explain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from mockseg import json_types
from mockseg.domain.call import Call
from mockseg.domain.findings import read_more
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.json_types import JsonObject
from mockseg.matching.differences import compare, difference_line
from mockseg.matching.explanation import Explanation, Section, listed, recorded_section
from mockseg.matching.matcher import Matcher
from mockseg.matching.nearest import near_json, near_lines, nearest
from mockseg.matching.render import (
    call_json,
    call_line,
    clip,
    count_names,
    counted,
    evicted_note,
    shown,
    verdict_line,
    verdict_lines,
)

_MAX_LISTED = 8
_MAX_STEPS = 12
_MAX_IN_JSON = 20
_MAX_GOLDEN_LINES = 24
_MAX_DIFFERENCES = 8


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

    def line(call: Call) -> str:
        original = call.duplicate_of or ""
        brought = requests.get(original)
        first = f"request {brought}" if brought else "it is not among the calls looked at"
        return (
            f"{call_line(call)}: messageId {shown(call.message_id)} was that of"
            f" {clip(original, 40)} ({first}); sent again in request {call.request.id},"
            f" attempt {call.request.attempt}"
        )

    return Explanation(
        kind="duplicates",
        headline=f"expected no duplicates; {len(duplicates):,} of {counted(len(seen), 'call')}"
        f" {'repeats' if len(duplicates) == 1 else 'repeat'} an earlier messageId.",
        sections=(Section("Duplicates:", listed(duplicates, line, limit=_MAX_LISTED)),),
        notes=(
            "Segment keeps the first call of a messageId in about 24 hours, and drops the others.",
            *evicted_note(lost),
        ),
        details=_details(duplicates, recorded=len(seen), evicted=lost.calls),
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
    more = filter(None, [read_more(each.code for call in bad for each in call.findings)])
    return Explanation(
        kind="not_good",
        headline=f"expected all calls to be good; {len(bad):,} of {counted(len(seen), 'call')}"
        f" {'is' if len(bad) == 1 else 'are'} bad.",
        sections=(Section("Bad:", listed(bad, verdict_lines, limit=_MAX_LISTED)),),
        notes=(*evicted_note(lost), *more),
        details=_details(bad, recorded=len(seen), evicted=lost.calls),
    )


def explain_others(others: Sequence[Call], *, asserted: int) -> Explanation:
    """Explain which calls there were besides those that assertions matched.

    Args:
        others: these calls, oldest first.
        asserted: how many calls assertions matched.
    """
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
        sections=(Section("Others:", listed(others, verdict_line, limit=_MAX_LISTED)),),
        notes=("Calls that may be there as well are named with allow=[...].",),
        details=_details(others, asserted=asserted),
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
        sections.append(Section(f"Nearest to step {step + 1}:", near_lines(nears)))
    sections.append(recorded_section(count_names(seen), total=len(seen)))
    return Explanation(
        kind="out_of_order",
        headline=f"expected {counted(len(matchers), 'call')} in this order;"
        f" step {step + 1} {outcome}{previous}.",
        sections=tuple(sections),
        notes=tuple(evicted_note(lost)),
        details={
            "steps": [each.describe() for each in matchers[:_MAX_IN_JSON]],
            "failedStep": step + 1,
            "calls": _brief(taken),
            "before": _brief(before),
            "nearest": near_json(nears),
            "recorded": len(seen),
            "evicted": lost.calls,
        },
    )


def _steps(
    matchers: Sequence[Matcher], taken: Sequence[Call], before: Sequence[Call]
) -> tuple[str, ...]:
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


def _details(calls: Sequence[Call], **counts: int) -> JsonObject:
    return {"calls": _brief(calls), "found": len(calls), **counts}


def _brief(calls: Sequence[Call]) -> list[JsonObject]:
    return [call_json(call) for call in calls[:_MAX_IN_JSON]]


def explain_identity(
    seen: Sequence[Call],
    *,
    anonymous_id: str | None = None,
    user_id: str | None = None,
    lost: Lost = NOTHING_LOST,
) -> Explanation | None:
    """Explain why anonymous visitors and users are not linked; None when they are.

    A link is an identify call with both ids, or an alias call from the anonymous id to the
    user's (the Spec's Identify and Alias). Every user who appears after anonymous calls must
    be linked to one of those anonymous ids, and no anonymous id to two users.

    Args:
        seen: the accepted calls, oldest first.
        anonymous_id: this visitor must have become ...
        user_id: ... this user; each alone means any other half.
        lost: the older calls that could not be looked at.
    """
    links, breaks = _links(seen)
    breaks += _unlinked(seen, links)
    users = any(call.user_id is not None for call in seen)
    breaks += _asked(links, anonymous_id=anonymous_id, user_id=user_id)
    if users and not breaks:
        return None
    if not users:
        came = f"{counted(len(seen), 'call')} came, none with a userId"
        headline = (
            f"expected a user whose identity continues; {came if seen else 'no call was recorded'}."
        )
    else:
        headline = "expected every user to be linked to the anonymous visitor whom they were."
    return Explanation(
        kind="identity",
        headline=headline,
        sections=(
            Section("Broken:", listed(breaks, limit=_MAX_LISTED, noun="breaks")),
            recorded_section(count_names(seen), total=len(seen)),
        ),
        notes=(
            "A link is identify() with anonymousId and userId, or alias() from one to the other.",
            *evicted_note(lost),
        ),
        details={
            "breaks": breaks[:20],
            "links": {each: names[:20] for each, names in list(links.items())[:20]},
            "recorded": len(seen),
            "evicted": lost.calls,
        },
    )


def explain_calls_after(last: Call, late: Sequence[Call]) -> Explanation:
    return Explanation(
        kind="calls_after",
        headline=f"expected no call after {call_line(last)}; {counted(len(late), 'call')} came.",
        sections=(Section("After it:", listed(late, verdict_line, limit=_MAX_LISTED)),),
        notes=("Calls that may follow are named with allow=[...].",),
        details={"last": call_json(last), "calls": _brief(late)},
    )


def _link(call: Call) -> tuple[str, str] | None:
    if call.user_id is None:
        return None
    if call.type == "identify" and call.anonymous_id is not None:
        return call.anonymous_id, call.user_id
    previous = call.message.get("previousId")
    if call.type == "alias" and isinstance(previous, str):
        return previous, call.user_id
    return None


def _links(seen: Sequence[Call]) -> tuple[dict[str, list[str]], list[str]]:
    """Return each anonymous id with the users it was linked to, and where those became two."""
    links: dict[str, list[str]] = {}
    breaks: list[str] = []
    for call in seen:
        link = _link(call)
        if link is None:
            continue
        names = links.setdefault(link[0], [])
        if link[1] not in names:
            names.append(link[1])
            if len(names) == 2:
                breaks.append(
                    f"{call_line(call)}: anonymousId {shown(link[0])} was linked to"
                    f" {shown(names[0])} and now is to {shown(names[1])}"
                )
    return links, breaks


def _unlinked(seen: Sequence[Call], links: dict[str, list[str]]) -> list[str]:
    anonymous: dict[str, None] = {}
    users: set[str] = set()
    breaks: list[str] = []
    for call in seen:
        user = call.user_id
        if user is None:
            if call.anonymous_id is not None:
                anonymous.setdefault(call.anonymous_id)
        elif user not in users:
            users.add(user)
            if anonymous and not any(user in links.get(each, ()) for each in anonymous):
                names = ", ".join(shown(each) for each in list(anonymous)[:3])
                breaks.append(
                    f"{call_line(call)}: the first call of this user, and nothing links it to"
                    f" the anonymous calls before it (anonymousId {names})"
                )
    return breaks


def _asked(
    links: dict[str, list[str]], *, anonymous_id: str | None, user_id: str | None
) -> list[str]:
    if anonymous_id is not None and user_id is not None:
        if user_id not in links.get(anonymous_id, []):
            return [f"no call links anonymousId {shown(anonymous_id)} to userId {shown(user_id)}"]
    elif anonymous_id is not None and not links.get(anonymous_id):
        return [f"no call links anonymousId {shown(anonymous_id)} to any userId"]
    elif user_id is not None and not any(user_id in names for names in links.values()):
        return [f"no call links any anonymousId to userId {shown(user_id)}"]
    return []


def explain_golden(
    golden: Sequence[JsonObject],
    got: Sequence[JsonObject],
    calls: Sequence[Call],
    *,
    path: str,
    lost: Lost = NOTHING_LOST,
) -> Explanation | None:
    """Explain why messages are not those of the golden file; None when they are.

    Args:
        golden: of the file.
        got: what was recorded, volatile fields removed.
        calls: one for each of these.
        path: the file, for people.
        lost: the older calls that could not be looked at.
    """
    wanted = [json_types.canonical(each) for each in golden]
    found = [json_types.canonical(each) for each in got]
    if wanted == found:
        return None
    lines: list[str] = []
    matcher = SequenceMatcher(None, wanted, found, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = min(i2 - i1, j2 - j1)
        for offset in range(pairs):
            i, j = i1 + offset, j1 + offset
            lines.append(f"golden {i + 1} against {call_line(calls[j])}:")
            # Also what is only in the second.
            differences = list(compare(golden[i], got[j], "", exact=True))[:_MAX_DIFFERENCES]
            lines += [f"  {difference_line(each)}" for each in differences]
        for i in range(i1 + pairs, i2):
            name = golden[i].get("event") or golden[i].get("name")
            named = f" {shown(name)}" if name else ""
            lines.append(f"golden {i + 1} {golden[i].get('type')}{named}: not recorded")
        lines += [f"{call_line(calls[j])}: not in the file" for j in range(j1 + pairs, j2)]
    return Explanation(
        kind="golden",
        headline=f"expected the {counted(len(golden), 'call')} of {path};"
        f" {counted(len(got), 'call')} recorded, and they differ.",
        sections=(Section("Differences:", listed(lines, limit=_MAX_GOLDEN_LINES, noun="lines")),),
        notes=(
            "If they are right now, run pytest with --mockseg-update-goldens (update=True).",
            *evicted_note(lost),
        ),
        details={"golden": len(golden), "recorded": len(got), "lines": lines[:200]},
    )
