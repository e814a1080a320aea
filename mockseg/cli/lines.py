"""One call, or one refused request, as one line for a person.

What is shown was sent by any client, so each text has a maximum length; a line that is printed
goes through :mod:`mockseg.cli.output`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.cli.output import paint, shorten
from mockseg.domain.call import KeptCall
from mockseg.domain.request import KeptRequest
from mockseg.domain.timestamps import format_moment

if TYPE_CHECKING:
    from mockseg.cli.output import Part
    from mockseg.domain.call import Call
    from mockseg.domain.findings import Finding
    from mockseg.operations.requests import RequestView

__all__ = ["call_line", "is_refused", "request_line", "why"]


def call_line(call: Call | KeptCall) -> tuple[Part, ...]:
    """Return the parts of a line: time, verdict, type, event, user, source, and why it is bad."""
    if isinstance(call, KeptCall):
        received_at = format_moment(call.request.received_ns)
        findings = call.remark.findings if call.remark is not None else ()
    else:
        received_at, findings = call.received_at, call.findings
    verdict = call.verdict if call.verdict != "accepted" else ("good" if call.good else "bad")
    head = (f"{received_at[11:23]}  ", paint(f"{verdict:8}", "green" if call.good else "red"))
    texts = [f"  {shorten(call.type):8}"]
    if call.event:
        texts.append(shorten(call.event))
    if call.user_id:
        texts.append(f"user {shorten(call.user_id)}")
    source = paint(f"source {shorten(call.source)}", "bright_black")
    line = (*head, "  ".join([*texts, ""]), source)
    return (*line, "  ", paint(why(findings), "red")) if findings else line


def is_refused(request: RequestView | KeptRequest) -> bool:
    """Tell whether a request was refused before a call could be read from it."""
    status = request.answer.status
    return (status >= 400 or (status == 0 and request.fault is not None)) and not request.calls


def request_line(request: RequestView | KeptRequest) -> tuple[Part, ...]:
    """Return the parts of a line for a request that was refused before a call could be read."""
    if isinstance(request, KeptRequest):
        received_at = format_moment(request.received_ns)
    else:
        received_at = request.received_at
    reason = why((request.reason,)) if request.reason is not None else ""
    if request.fault is not None:
        reason = shorten(f"{request.fault.id}: {request.fault.words}")
    status = paint(f"{request.answer.status:<8}", "red")
    place = f"{shorten(request.method)} {shorten(request.path)}"
    return (f"{received_at[11:23]}  ", status, f"  {place}  {reason}".rstrip())


def why(findings: tuple[Finding, ...]) -> str:
    """Return code and sentence of each finding."""
    return "; ".join(shorten(f"{finding.code}: {finding.description}") for finding in findings)
