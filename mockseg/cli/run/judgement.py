"""What a program sent, judged: bad calls by field, refused requests, and what cannot be known."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final, get_args

from msgspec import UNSET

from mockseg.cli.output import Part, paint, shorten
from mockseg.cli.target import Target
from mockseg.client.allowance import Allowance, is_resend, was_refused, word_of
from mockseg.domain.call import Call, Verdict
from mockseg.domain.findings import read_more
from mockseg.errors import OperationError
from mockseg.json_types import JsonObject, encode_printable
from mockseg.matching.render import bounds_words, counted, lost_words
from mockseg.operations.base import OfSource
from mockseg.operations.calls import CallDetails, CallPage, GetCall, ListCalls, Summary
from mockseg.operations.requests import (
    ListRequests,
    RefusalCounter,
    RequestPage,
    RequestView,
)

_MOST_SHOWN: Final = 20


@dataclasses.dataclass(slots=True)
class Wrong:
    """What is wrong in the same way with some calls.

    Attributes:
        what: the calls, such as ``track "Order Completed"``.
        code: of the finding; the verdict if the call has no finding.
        field: where, empty for the whole call.
        description: one sentence, of the first of them.
        first: the id of the first of them.
        sent: the value at the field in the first of them, as JSON; empty for none.
        count: how many.
    """

    what: str
    code: str
    field: str
    description: str
    first: str
    sent: str = ""
    count: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of a run.

    Attributes:
        calls, good: as recorded.
        bad: of the others, those that nothing excuses.
        allowed: those that ``--allow`` excuses, and resends of the same message.
        wrong: what is wrong with the bad ones, most frequent first.
        requests: as recorded.
        refused: refused requests that nothing excuses.
        problems: why the run cannot be called good besides these, as sentences.
    """

    calls: int
    good: int
    bad: int
    allowed: int
    wrong: tuple[Wrong, ...]
    requests: int
    refused: tuple[RequestView, ...]
    problems: tuple[str, ...]

    @property
    def fine(self) -> bool:
        """Whether all that was sent is known to be good."""
        return not (self.bad or self.refused or self.problems)

    def lines(self) -> Iterator[tuple[Part, ...]]:
        allowed = f", {self.allowed} bad but allowed" if self.allowed else ""
        calls = f"{counted(self.calls, 'call')}: {self.good} good, {self.bad} bad{allowed}"
        requests = f"{counted(self.requests, 'request')}, {len(self.refused)} refused"
        yield (f"mockseg: {calls}; {requests}",)
        for wrong in self.wrong[:_MOST_SHOWN]:
            yield from _wrong_lines(wrong)
        if len(self.wrong) > _MOST_SHOWN:
            yield (f"{'':10} and {len(self.wrong) - _MOST_SHOWN} more kinds of findings",)
        yield from _refused_lines(self.refused)
        for problem in self.problems:
            yield ("mockseg: ", paint(problem, "red"))
        words = list(dict.fromkeys([*(w.code for w in self.wrong), *map(word_of, self.refused)]))
        if words:
            flags = " ".join(f"--allow {word}" for word in words[:_MOST_SHOWN])
            yield (f"mockseg: to allow it, pass {flags}",)
        if more := read_more(w.code for w in self.wrong if w.code not in get_args(Verdict)):
            yield (f"mockseg: {more}",)
        if self.fine and self.calls:
            proof = "that does not prove that the real Segment accepted anything"
            yield (f"mockseg: nothing is wrong here; {proof}",)

    def as_json(self) -> JsonObject:
        return {
            "fine": self.fine,
            "calls": self.calls,
            "good": self.good,
            "bad": self.bad,
            "allowed": self.allowed,
            "wrong": [dataclasses.asdict(wrong) for wrong in self.wrong],
            "requests": self.requests,
            "refused": [
                {
                    "id": request.id,
                    "method": request.method,
                    "path": request.path,
                    "status": request.answer.status,
                    "code": word_of(request),
                    "description": request.reason.description if request.reason else "",
                }
                for request in self.refused
            ],
            "problems": list(self.problems),
        }


def judge(
    target: Target, *, allow: Allowance, expected: int | None, may_be_empty: bool, nothing: str
) -> Judgement:
    """Judge all that a server recorded, in every source.

    Args:
        target: the server.
        allow: what is excused.
        expected: minimum number of calls, or None.
        may_be_empty: whether a run without a call can be good.
        nothing: what to say if nothing was recorded.
    """
    summary = target.ask("summary", OfSource(), Summary)
    bad = allowed = 0
    kinds: dict[tuple[str, str, str], Wrong] = {}
    for page in target.pages("list_calls", ListCalls(good=False), CallPage):
        for call in page.calls:
            if allow.lets_call_pass(call) or _is_resend(target, call):
                allowed += 1
                continue
            bad += 1
            _count(kinds, call)
    wrong = sorted(kinds.values(), key=lambda each: -each.count)
    for each in wrong[:_MOST_SHOWN]:
        each.sent = _sent(target, each)
    pages = target.pages("list_requests", ListRequests(refused=True, body=False), RequestPage)
    refused = [
        request
        for page in pages
        for request in page.requests
        if was_refused(request) and not allow.lets_request_pass(request)
    ]
    problems = []
    incomplete = summary.lost.inside(after=0, after_request=0)
    if incomplete:
        bounds = bounds_words(summary.lost, flags=True)
        problems.append(f"{lost_words(summary.lost, requests=True)}; raise {bounds}")
    if not summary.total and not incomplete and not may_be_empty:
        problems.append(nothing)
    elif expected is not None and summary.total < expected:
        problems.append(f"{counted(summary.total, 'call')} recorded, at least {expected} expected")
    return Judgement(
        calls=summary.total,
        good=summary.good,
        bad=bad,
        allowed=allowed,
        wrong=tuple(wrong),
        requests=summary.requests,
        refused=tuple(refused),
        problems=tuple(problems),
    )


def _wrong_lines(wrong: Wrong) -> Iterator[tuple[Part, ...]]:
    place = f" at {shorten(wrong.field)}" if wrong.field else ""
    text = f" of {wrong.what}: {shorten(wrong.description)}"
    yield (f"{wrong.count:6} x  ", paint(f"{wrong.code}{place}", "red"), text)
    sent = f"sent {wrong.sent}, " if wrong.sent else ""
    yield (f"{'':10} {sent}first in {wrong.first}",)


def _refused_lines(refused: tuple[RequestView, ...]) -> Iterator[tuple[Part, ...]]:
    counter = RefusalCounter()
    for request in refused:
        counter.add(request)
    for same in counter.kinds:
        yield (f"{same.count:6} x  ", paint(shorten(same.kind), "red"))
    beyond = len(refused) - sum(same.count for same in counter.kinds)
    if beyond:
        yield (f"{'':10} and {beyond} more refused requests",)


def _is_resend(target: Target, call: Call) -> bool:
    if call.duplicate_of is None:
        return False
    try:
        first = target.ask("get_call", GetCall(id=call.duplicate_of), CallDetails).call
    except OperationError:
        # It was evicted.
        return False
    return is_resend(first, call)


def _count(kinds: dict[tuple[str, str, str], Wrong], call: Call) -> None:
    event = f" {encode_printable(shorten(call.event)).decode()}" if call.event else ""
    what = f"{shorten(call.type)}{event}"
    found = [(each.code, each.field, each.description) for each in call.findings]
    for code, field, description in found or [(call.verdict, "", "no finding says why")]:
        wrong = kinds.setdefault(
            (what, code, field), Wrong(what, code, field, description, call.id)
        )
        wrong.count += 1


def _sent(target: Target, wrong: Wrong) -> str:
    for each in target.ask("get_call", GetCall(id=wrong.first), CallDetails).findings:
        if (each.finding.code, each.finding.field) == (wrong.code, wrong.field):
            if each.sent is UNSET:
                return "nothing" if wrong.field else ""
            return shorten(encode_printable(each.sent).decode())
    return ""
