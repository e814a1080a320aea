"""One call, or one refused request, as one line for a person.

What is shown was sent by any client, so each text has a maximum length; a line that is printed
goes through :mod:`mockseg.cli.output`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from mockseg.cli.output import Part, paint, shorten
from mockseg.clock import NANOSECONDS, SystemClock
from mockseg.domain.call import Call
from mockseg.domain.findings import Finding
from mockseg.domain.request import route_text
from mockseg.domain.timestamps import parse_moment
from mockseg.matching.render import finding_line
from mockseg.operations.requests import RequestView


class Times:
    """Writes moments, with their day where it is not today.

    Args:
        utc: in UTC; else in the local time zone, as the variable TZ or the system names it.
        now_ns: the moment that says which day is today; now if omitted.
    """

    def __init__(self, *, utc: bool = False, now_ns: int | None = None) -> None:
        self._zone = UTC if utc else None
        now = self._moment(SystemClock().now_ns() if now_ns is None else now_ns)
        self._today = now.date() if now is not None else None

    def show(self, moment: str) -> str:
        """Return ``14:03:22.123 +02:00``, or ``14:03:22.123 UTC``, after the day if not today.

        Args:
            moment: ISO 8601.
        """
        moment_ns = parse_moment(moment)
        local = None if moment_ns is None else self._moment(moment_ns)
        if moment_ns is None or local is None:
            # No time zone knows a moment so far away.
            return moment
        day = "" if local.date() == self._today else f"{local:%Y-%m-%d} "
        milliseconds = moment_ns % NANOSECONDS // 1_000_000
        zone = "UTC" if self._zone is not None else local.isoformat()[19:]
        return f"{day}{local:%H:%M:%S}.{milliseconds:03d} {zone}"

    def _moment(self, moment_ns: int) -> datetime | None:
        try:
            return datetime.fromtimestamp(moment_ns // NANOSECONDS, UTC).astimezone(self._zone)
        except (ValueError, OverflowError, OSError):
            return None


def time_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--utc`` to a command, which gets ``times``: how it writes moments."""

    @functools.wraps(function)
    def command(*, utc: bool, **values: Any) -> Any:
        return function(times=Times(utc=utc), **values)

    return click.option("--utc", is_flag=True, help="Show times in UTC.  [local, with offset]")(
        command
    )


# One bad message can have thousands of findings; `mockseg show` has them all.
_MOST_FINDINGS = 3


def call_line(call: Call, *, times: Times) -> tuple[Part, ...]:
    """Return the parts of a line: time, id, verdict, type, event, user, source, what is wrong."""
    texts = [f"  {shorten(call.type):8}"]
    if call.event:
        texts.append(shorten(call.event))
    if call.user_id:
        texts.append(f"user {shorten(call.user_id)}")
    return (
        f"{times.show(call.received_at)}  {shorten(call.id):8}  ",
        verdict_word(call),
        "  ".join([*texts, ""]),
        paint(f"source {shorten(call.source)}", "bright_black"),
        *(
            ("  ", paint(why(call.findings), "yellow" if call.good else "red"))
            if call.findings
            else ()
        ),
    )


def verdict_word(call: Call) -> Part:
    """Return the verdict in one word of fixed width: ``bad`` is accepted with findings."""
    verdict = call.verdict if call.verdict != "accepted" else ("good" if call.good else "bad")
    return paint(f"{verdict:8}", "green" if call.good else "red")


def is_refused(request: RequestView) -> bool:
    """Return whether a request was refused before a call could be read from it."""
    status = request.answer.status
    return (status >= 400 or (status == 0 and request.fault is not None)) and not request.calls


def request_line(request: RequestView, *, times: Times) -> tuple[Part, ...]:
    """Return the parts of a line: time, id, status, route, source, and why it was refused."""
    status, calls = request.answer.status, len(request.calls)
    text = f"{status:<8}" if status else "none    "
    reason = why((request.reason,)) if request.reason is not None else ""
    if request.fault is not None:
        reason = shorten(request.fault.text)
    parts = [shorten(route_text(request.method, request.path))]
    if calls:
        parts.append(f"{calls} {'call' if calls == 1 else 'calls'}")
    source = f"source {shorten(request.source)}" if request.source else "no write key"
    return (
        f"{times.show(request.received_at)}  {request.id:8}  ",
        paint(text, "green" if 200 <= status < 400 else "red"),
        "  ".join(["", *parts, ""]),
        paint(source, "bright_black"),
        *(("  ", paint(reason, "red")) if reason else ()),
    )


def key_word(write_key: str) -> str:
    """Return a write key as one word; requests without one are filed under ``""``."""
    return shorten(write_key) or '""'


def why(findings: Sequence[Finding]) -> str:
    """Return code, field and sentence of each finding, the first few of many."""
    lines = [shorten(finding_line(finding)) for finding in findings[:_MOST_FINDINGS]]
    beyond = len(findings) - len(lines)
    return "; ".join(lines + ([f"and {beyond} more (see mockseg show)"] if beyond else []))
