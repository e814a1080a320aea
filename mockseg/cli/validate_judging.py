"""Judging messages one by one, as a server with these plans would, without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from mockseg.clock import SystemClock
from mockseg.domain.findings import Discard, Finding, Violation
from mockseg.domain.message import normalise
from mockseg.hub.judge import DryRun
from mockseg.plans.violations import explain

if TYPE_CHECKING:
    from mockseg.cli.validate_lines import Sent
    from mockseg.domain.call import KeptCall, Verdict
    from mockseg.plans.planset import PlanSet


# At least so many messageIds are remembered, at most twice as many.
_REMEMBERED_IDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one message.

    Attributes:
        sent: the message.
        type: its type, or empty.
        event: of a track call, or None.
        user_id: or None.
        verdict: accepted, dropped or blocked.
        findings: why it is not good; empty for a good one.
    """

    sent: Sent
    type: str
    event: str | None
    user_id: str | None
    verdict: Verdict
    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        """Tell whether it was accepted without findings."""
        return self.verdict == "accepted" and not self.findings

    def explained(self) -> list[str]:
        """Give a few lines for each finding: what, where, what was sent, whose rule."""
        lines: list[str] = []
        for finding in self.findings:
            if isinstance(finding, Violation) and isinstance(self.sent.message, dict):
                normalised = normalise(
                    self.sent.message,
                    type_=self.type,
                    message_id="",
                    received_ns=0,
                    shared=self.sent.shared,
                )
                first, *more = explain(finding, normalised).splitlines()
                lines += [f"{finding.code}: {first}", *more]
            else:
                lines.append(f"{finding.code}: {finding.description}")
        return lines


class Judgement:
    """Judges the messages of a file.

    Args:
        plans: compiled, with the settings of Protocols; None judges by the edge alone.
        duplicates: whether a messageId that was there before is a finding.
    """

    def __init__(self, plans: PlanSet | None, *, duplicates: bool) -> None:
        self._run = DryRun(
            plans,
            received_ns=SystemClock().now_ns(),
            remembered=_REMEMBERED_IDS if duplicates else 0,
        )

    def judge(self, sent: Sent, *, line: int) -> Judged:
        """Judge one message, which stands on this line."""
        call = self._run.judge(sent.raw, sent.message, place=line, shared=sent.shared)
        return Judged(
            sent, call.type, call.event, call.user_id, call.verdict, tuple(_findings(call))
        )


def _findings(call: KeptCall) -> list[Finding]:
    if call.remark is None:
        return []
    found = list(call.remark.findings)
    first = call.remark.duplicate_of
    for place, finding in enumerate(found):
        if first and isinstance(finding, Discard) and finding.code == "duplicate_message_id":
            said = f'messageId "{call.message_id[:100]}" was on line {first} before'
            found[place] = msgspec.structs.replace(finding, description=said)
    return found
