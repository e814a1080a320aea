from __future__ import annotations

from functools import partial
from typing import get_args

import click
from msgspec import UNSET

from mockseg.cli.deliveries import delivery_line
from mockseg.cli.flags import OneOf, client_or_journal, json_flag
from mockseg.cli.lines import Times, key_word, time_flags, verdict_word, why
from mockseg.cli.output import Colour, Part, note, paint, say, say_json, say_text, say_view, shorten
from mockseg.cli.target import Target
from mockseg.domain.call import call_cursor
from mockseg.domain.findings import CallWarning, Discard, all_warnings, read_more
from mockseg.domain.request import route_text
from mockseg.errors import ConfigError, MalformedJsonError
from mockseg.json_types import decode, encode_printable
from mockseg.matching.render import name_of, verdict_words
from mockseg.operations.calls import (
    CallBrief,
    CallDetails,
    CallPage,
    FindingDetails,
    GetCall,
    ListCalls,
)
from mockseg.operations.faults import AttemptView
from mockseg.operations.requests import GetRequest, RequestView
from mockseg.operations.rows import CopiedText, CopyCall, CopyForm

_LAST = "last"
# More is hard to read; --json has everything.
_MOST_FINDINGS = 100
_LONGEST_VALUE = 2000


@click.command(name="show")
@click.argument("name", metavar="ID")
@json_flag("As GET /calls/ID or /requests/ID has it.")
@click.option(
    "--as",
    "form",
    type=OneOf(get_args(CopyForm)),
    help="Print the call as a curl command, as an assertion for pytest, as the body of"
    " POST /calls/wait, or as Markdown for a report, …",
)
@time_flags
@client_or_journal()
def command(
    *, target: Target, name: str, as_json: bool, form: CopyForm | None, times: Times
) -> None:
    """Show one call whole: verdict, what is wrong and where, message, request, deliveries.

    ID is that of a call (call-17 or 17), its messageId, `last` for the newest call, or that of
    a request (req-5), which is shown with its body and its answer.
    """
    if form is not None:
        _show_copy(target, name, form, as_json=as_json)
        return
    if name.startswith("req-"):
        request = target.ask("get_request", GetRequest(id=name), RequestView)
        say_view(request, partial(_show_request, times=times), as_json=as_json)
        return
    details = target.ask("get_call", GetCall(id=_call_id(target, name)), CallDetails)
    say_view(details, partial(_show_call, times=times), as_json=as_json)


def _show_copy(target: Target, name: str, form: CopyForm, *, as_json: bool) -> None:
    if name.startswith("req-") or as_json:
        raise click.UsageError("--as is for calls, and excludes --json")
    asked = CopyCall(id=_call_id(target, name), form=form, url=target.served_at)
    say_text(target.ask("copy_call", asked, CopiedText).text)


def _call_id(target: Target, name: str) -> str:
    """Return the id of the call that an argument names.

    Raises:
        ConfigError: no call has it.
    """
    if call_cursor(name) is not None:
        return name
    message_id = None if name == _LAST else name
    asked = ListCalls(message_id=message_id, order="newest", limit=1)
    page = target.ask("list_calls", asked, CallPage)
    if page.calls:
        if message_id is not None and page.total is not None and page.total > 1:
            listed = f"mockseg calls --message-id {shorten(name)} lists them"
            note(f"{page.total} calls have this messageId; this is the newest ({listed})")
        return page.calls[0].id
    if name == _LAST:
        raise ConfigError("no call is kept, so last names none: expected an id such as call-17")
    raise ConfigError(
        f'no call has the id or messageId "{name[:100]}": expected an id such as call-17 or req-5'
        " (mockseg calls lists them), a messageId, or last"
    )


def _show_call(details: CallDetails, times: Times) -> None:
    call, request = details.call, details.request
    event = name_of(call)
    title = f"{shorten(call.type)}{f' {_value(event)}' if event is not None else ''}"
    say(f"{call.id}  ", verdict_word(call), f"  {title}")
    if not call.good:
        say(*_row("verdict"), paint(verdict_words(call), "red"))
    say(*_row("received"), times.show(call.received_at))
    say(*_row("source"), key_word(call.source))
    for label, value in (
        ("userId", call.user_id),
        ("anonymousId", call.anonymous_id),
        ("groupId", call.group_id),
        ("messageId", call.message_id),
        ("duplicate of", call.duplicate_of),
    ):
        if value is not None:
            say(*_row(label), shorten(value))
    say(*_row("attempts"), "; ".join(map(_attempt, details.attempts)))
    _show_findings(details.findings)
    _head("message")
    say_json(call.message or call.raw, indented=True)
    _head("request")
    place = f", message {call.request.index + 1} of {len(request.calls)}"
    _show_route(request, place if len(request.calls) > 1 else "")
    _head("deliveries")
    for delivery in details.deliveries:
        say("  ", *delivery_line(delivery, times=times))
    if not details.deliveries:
        say("  none")
    if details.before or details.after:
        _head("calls of this user")
        lines = [_brief(brief, times) for brief in details.before]
        lines.append((f"{call.id}  this call",))
        lines += [_brief(brief, times) for brief in details.after]
        for line in lines:
            say("  ", *line)


def _show_findings(findings: list[FindingDetails]) -> None:
    if findings:
        _head("warnings" if all_warnings(tuple(each.finding for each in findings)) else "wrong")
    for details in findings[:_MOST_FINDINGS]:
        _show_finding(details)
    if len(findings) > _MOST_FINDINGS:
        say(f"  and {len(findings) - _MOST_FINDINGS} more (--json has all)")
    if findings:
        say(f"  {read_more(each.finding.code for each in findings)}")


def _show_finding(details: FindingDetails) -> None:
    finding = details.finding
    place = f" at {shorten(finding.field)}" if finding.field else ""
    colour: Colour = "yellow" if isinstance(finding, CallWarning) else "red"
    say("  ", paint(f"{finding.code}{place}", colour), f": {shorten(finding.description)}")
    if details.sent is not UNSET:
        say(f"    sent  {_value(details.sent)}")
    elif finding.field:
        say("    sent  nothing")
    if details.rule is not None:
        rule = details.rule
        say(f"    rule  {_value(rule.excerpt)}")
        say(f"          of {shorten(rule.rule)} in plan {shorten(rule.plan)}")
    elif not isinstance(finding, Discard) and finding.plan:
        say(f"    plan  {shorten(finding.plan)}")


def _show_request(request: RequestView, times: Times) -> None:
    say(f"{request.id}  {shorten(route_text(request.method, request.path))}")
    say(*_row("received"), times.show(request.received_at))
    say(*_row("source"), shorten(request.source) or "none: the request has no write key")
    if request.reason is not None:
        say(*_row("refused"), paint(why((request.reason,)), "red"))
    say(*_row("calls"), ", ".join(request.calls) or "none")
    _head("request")
    _show_route(request, "")
    _head("body")
    try:
        say_json(decode(request.body.encode()), indented=True)
    except (MalformedJsonError, UnicodeEncodeError):
        for line in request.body.splitlines() or ["(empty)"]:
            say(f"  {line}")


def _show_route(request: RequestView, place: str) -> None:
    query = f"?{request.query}" if request.query else ""
    say(f"  {request.id}{place}")
    say(f"  {route_text(request.method, request.path)}{query}, {request.sent_bytes} bytes")
    for name, value in request.headers:
        say(f"  {name}: {value}")
    if request.fault is not None:
        say("  ", paint(f"fault {request.fault.text}", "red"))
    answer = request.answer
    if not answer.status:
        say("  ", paint("no answer", "red"))
        return
    text = f"answered {answer.status} in {request.spent_milliseconds:.2f} ms"
    body = shorten(answer.body, longest=_LONGEST_VALUE)
    say("  ", paint(text, "green" if answer.status < 400 else "red"), f"  {body}")


def _attempt(attempt: AttemptView) -> str:
    gap = "" if attempt.gap is None else f"+{attempt.gap:.3f} s "
    status = f"answered {attempt.status}" if attempt.status else "no answer"
    what = "not recorded" if attempt.end == "unstored" else attempt.end
    return f"{gap}{attempt.request} {status}, {what}"


def _brief(brief: CallBrief, times: Times) -> tuple[Part, ...]:
    word = "good" if brief.good else brief.verdict
    what = shorten(brief.event or brief.type)
    verdict = paint(word if word != "accepted" else "bad", "green" if brief.good else "red")
    return (f"{brief.id}  {times.show(brief.received_at)}  ", verdict, f"  {what}")


def _head(text: str) -> None:
    say()
    say(paint(text, "bright_black"))


def _row(label: str) -> tuple[Part, ...]:
    return ("  ", paint(f"{label:13}", "bright_black"))


def _value(value: object) -> str:
    return shorten(encode_printable(value).decode(), longest=_LONGEST_VALUE)
