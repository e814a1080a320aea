"""Why a person's way through an app broke: two identities that are not linked, calls after the end.

Each function judges and explains in one, as in :mod:`mockseg.matching.explain_source`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.domain.lost import NOTHING_LOST
from mockseg.matching.explanation import Explanation, Section, some
from mockseg.matching.lines import call_json, call_line, verdict_words
from mockseg.matching.notes import counted, evicted_note, recorded_section
from mockseg.matching.shown import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockseg.domain.call import Call
    from mockseg.domain.lost import Lost


_MAX_LISTED = 8


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
        headline = f"expected a user whose identity continues; {_nobody(seen)}."
    else:
        headline = "expected every user to be linked to the anonymous visitor whom they were."
    return Explanation(
        kind="identity",
        headline=headline,
        sections=(
            Section("Broken:", some(breaks, limit=_MAX_LISTED, noun="breaks")),
            recorded_section(seen, total=len(seen)),
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
    """Explain that calls followed one that had to be the last."""
    lines = [f"{call_line(call)}: {verdict_words(call)}" for call in late]
    return Explanation(
        kind="calls_after",
        headline=f"expected no call after {call_line(last)}; {counted(len(late), 'call')} came.",
        sections=(Section("After it:", some(lines, limit=_MAX_LISTED, noun="calls")),),
        notes=("Calls that may follow are named with allow=[...].",),
        details={"last": call_json(last), "calls": [call_json(call) for call in late[:20]]},
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
    """Find users who appear after anonymous calls and are linked to none of them."""
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


def _nobody(seen: Sequence[Call]) -> str:
    if not seen:
        return "no call was recorded"
    return f"{counted(len(seen), 'call')} came, none with a userId"
