"""One call as one line for a person.

What is shown was sent by anybody: control characters, which a terminal would obey, are
written as escapes, and everything has a longest length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mockseg.domain.call import KeptCall
from mockseg.domain.request import KeptRequest
from mockseg.domain.timestamps import format_moment

if TYPE_CHECKING:
    from mockseg.domain.call import Call
    from mockseg.domain.findings import Finding
    from mockseg.operations.requests import RequestView

__all__ = ["call_line", "is_refused", "printable", "request_line", "why"]

_LONGEST = 200


def call_line(call: Call | KeptCall, *, colour: bool) -> str:
    """Show when, what became of it, what, who, and why it is bad."""
    if isinstance(call, KeptCall):
        received_at = format_moment(call.request.received_ns)
        findings = call.remark.findings if call.remark is not None else ()
    else:
        received_at, findings = call.received_at, call.findings
    verdict = call.verdict if call.verdict != "accepted" else ("good" if call.good else "bad")
    parts = [
        received_at[11:23],
        _painted(f"{verdict:8}", "green" if call.good else "red", colour=colour),
        f"{printable(call.type):8}",
    ]
    if call.event:
        parts.append(printable(call.event))
    if call.user_id:
        parts.append(f"user {printable(call.user_id)}")
    parts.append(_painted(f"source {printable(call.source)}", "bright_black", colour=colour))
    line = "  ".join(parts)
    return f"{line}  {_painted(why(findings), 'red', colour=colour)}" if findings else line


def is_refused(request: RequestView | KeptRequest) -> bool:
    """Tell whether a request was refused before a call could be read from it."""
    status = request.answer.status
    return (status >= 400 or (status == 0 and request.fault is not None)) and not request.calls


def request_line(request: RequestView | KeptRequest, *, colour: bool) -> str:
    """Show a request that was refused before a call could be read from it."""
    if isinstance(request, KeptRequest):
        received_at = format_moment(request.received_ns)
    else:
        received_at = request.received_at
    reason = why((request.reason,)) if request.reason is not None else ""
    if request.fault is not None:
        reason = printable(f"{request.fault.id}: {request.fault.words}")
    status = _painted(f"{request.answer.status:<8}", "red", colour=colour)
    place = f"{printable(request.method)} {printable(request.path)}"
    return f"{received_at[11:23]}  {status}  {place}  {reason}".rstrip()


def why(findings: tuple[Finding, ...]) -> str:
    """Show findings: code and sentence of each."""
    return "; ".join(printable(f"{finding.code}: {finding.description}") for finding in findings)


def printable(text: str, *, longest: int = _LONGEST) -> str:
    """Cut a text to a length and write what no terminal should see as escapes."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in cut
    )


def _painted(text: str, paint: str, *, colour: bool) -> str:
    return click.style(text, fg=paint) if colour else text
