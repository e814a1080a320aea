"""Why calls are not those of a golden file."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from mockseg import json_types
from mockseg.domain.lost import NOTHING_LOST
from mockseg.matching.differences import compare
from mockseg.matching.explanation import Explanation, Section, some
from mockseg.matching.lines import call_line, difference_line
from mockseg.matching.notes import counted, evicted_note
from mockseg.matching.shown import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockseg.domain.call import Call
    from mockseg.domain.lost import Lost
    from mockseg.json_types import JsonObject


_MAX_LINES = 24


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
            lines.append(f"golden {i1 + offset + 1} against {call_line(calls[j1 + offset])}:")
            lines += [f"  {each}" for each in _differences(golden[i1 + offset], got[j1 + offset])]
        lines += [f"golden {i + 1} {_name(golden[i])}: not recorded" for i in range(i1 + pairs, i2)]
        lines += [f"{call_line(calls[j])}: not in the file" for j in range(j1 + pairs, j2)]
    return Explanation(
        kind="golden",
        headline=f"expected the {counted(len(golden), 'call')} of {path};"
        f" {counted(len(got), 'call')} recorded, and they differ.",
        sections=(Section("Differences:", some(lines, limit=_MAX_LINES, noun="lines")),),
        notes=(
            "If they are right now, run pytest with --mockseg-update-goldens (update=True).",
            *evicted_note(lost),
        ),
        details={"golden": len(golden), "recorded": len(got), "lines": lines[:200]},
    )


def _differences(golden: JsonObject, got: JsonObject) -> list[str]:
    """Say where two messages differ, also what is only in the second."""
    return [difference_line(each) for each in compare(golden, got, "", exact=True)][:8]


def _name(message: JsonObject) -> str:
    return f"{message.get('type')} {shown(message.get('event') or message.get('name') or '')}"
