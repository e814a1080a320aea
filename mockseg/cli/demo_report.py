"""What became of the demo's calls, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.cli.lines import is_refused, why
from mockseg.cli.output import paint, say, say_table, shorten

if TYPE_CHECKING:
    from mockseg.cli.output import Part
    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.hub import Hub


_MOST = 1000
_HEAD = ("call", "what", "fate", "why")


def report(hub: Hub, *, source: str) -> None:
    """Print every call of a source, and every request that was refused without one."""
    calls = hub.calls_after(0, limit=_MOST, source=source)
    refused = [
        request
        for request in hub.requests_after(0, limit=_MOST, source=source)
        if is_refused(request)
    ]
    rows = [_call_row(call) for call in calls] + [_request_row(request) for request in refused]
    say_table(_HEAD, rows)
    good = sum(call.good for call in calls)
    say()
    say(f"{good} good, {len(rows) - good} bad")


def _call_row(call: KeptCall) -> tuple[Part, ...]:
    findings = call.remark.findings if call.remark is not None else ()
    name = call.event or call.message().get("name") or ""
    fate = paint("good", "green") if call.good else paint(call.verdict, "red")
    return (shorten(call.type), shorten(str(name)), fate, why(findings))


def _request_row(request: KeptRequest) -> tuple[Part, ...]:
    reason = why((request.reason,)) if request.reason is not None else ""
    what = f"{request.method} {request.path}, {request.sent_bytes} bytes"
    fate = paint(f"answered {request.answer.status}", "red")
    return ("request", shorten(what), fate, reason)
