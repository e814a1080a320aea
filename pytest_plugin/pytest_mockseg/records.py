"""A source that a test holds: from where it is judged, and what is wrong with its calls."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from mockseg import json_types
from mockseg.client.allowance import Allowance, is_resend, was_refused, word_of
from mockseg.client.operation_call import Steps, ask, run
from mockseg.client.scope import Scope
from mockseg.client.verbs import reading, waiting
from mockseg.client.verbs.unmet import raise_if_lost
from mockseg.domain.call import Call, call_cursor
from mockseg.errors import MocksegError, OperationError, UnmetExpectationError
from mockseg.operations.base import OfSource
from mockseg.operations.calls import CallPage, ListCalls
from mockseg.operations.faults import AskTruth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from mockseg.domain.lost import Lost
    from mockseg.operations.plans import CoverageView
    from mockseg.operations.requests import RequestView
    from pytest_mockseg.marker import Wish
    from pytest_mockseg.options import Options
    from pytest_mockseg.sources import SegmentSource

_SECTION = "mockseg: calls of this test"
_MAX_SHOWN = 30
_MAX_MESSAGE = 240
_COUNTS = ("total", "good", "bad", "accepted", "dropped", "blocked", "rejected", "requests")
# What is in every message and tells nothing in a list of them.
_NOT_SHOWN = frozenset(
    {
        *("messageId", "timestamp", "receivedAt", "sentAt", "originalTimestamp", "context"),
        *("type", "event", "userId", "integrations", "channel", "writeKey"),
    }
)


class TestRecord:
    """What one test sent.

    Attributes:
        id: of the test.
        sources: that it opened.
        problems: what was wrong when it ended, in words.
        failed: a phase of it failed.
        coverage: of the plans of its sources, by server and write key.
        shown: what a report shows of its sources.
    """

    __test__ = False

    def __init__(self, id: str) -> None:  # noqa: A002  (pytest's own word)
        self.id = id
        self.sources: list[Opened] = []
        self.problems: list[str] = []
        self.failed = False
        self._counts = dict.fromkeys(_COUNTS, 0)
        self.coverage: dict[str, CoverageView] = {}
        self.shown: list[dict[str, Any]] = []

    def count(self, seen: list[Call], *, requests: int) -> None:
        self._counts["total"] += len(seen)
        self._counts["requests"] += requests
        for call in seen:
            self._counts["good" if call.good else "bad"] += 1
            self._counts[call.verdict] += 1

    def explain(self, report: pytest.TestReport, *, artifacts: Path | None) -> None:
        first = not self.failed
        self.failed = True
        calls, trouble = self._calls()
        if first and (calls or trouble or self.sources):
            report.sections.append((_SECTION, _listing(calls, trouble)))
        if artifacts is not None and calls:
            try:
                artifacts.mkdir(parents=True, exist_ok=True)
                lines = b"".join(json_types.encode_printable(call) + b"\n" for call in calls)
                (artifacts / _file_name(self.id)).write_bytes(lines)
            except OSError as error:
                report.sections.append(
                    (_SECTION, f"--mockseg-artifacts: {artifacts}: {error.strerror}")
                )

    def as_json(self, plans_sent: set[str]) -> dict[str, Any]:
        """Return what the report of the run needs, as JSON.

        Args:
            plans_sent: names of the plans that it has already; more are added.
        """
        plans: dict[str, Any] = {}
        coverage: dict[str, Any] = {}
        for source, view in self.coverage.items():
            for plan in view.plans:
                name = json_types.canonical(plan).decode()
                if name not in plans_sent:
                    plans_sent.add(name)
                    plans[name] = plan
            coverage[source] = {
                "rules": [rule for rule in view.coverage["rules"] if rule["seen"]],
                "unplanned": view.coverage["unplanned"],
            }
        return {
            "id": self.id,
            "counts": self._counts,
            "problems": self.problems,
            "coverage": coverage,
            "plans": list(plans.values()),
            "sources": self.shown,
        }

    def _calls(self) -> tuple[list[Call], str | None]:
        calls: list[Call] = []
        trouble = None
        for opened in self.sources:
            try:
                calls += opened.calls()
            except MocksegError as error:
                calls += opened.seen
                trouble = str(error)
        return sorted(calls, key=lambda call: call.cursor), trouble


def _listing(calls: list[Call], trouble: str | None) -> str:
    from mockseg.matching.render import call_line, clip, finding_line, verdict_words
    from mockseg.printable import printable

    lines: list[str] = []
    for call in calls[:_MAX_SHOWN]:
        rest = {
            name: value for name, value in call.message.items() if name not in _NOT_SHOWN and value
        }
        text = clip(json_types.encode_printable(rest).decode(), _MAX_MESSAGE) if rest else ""
        lines.append(f"{call_line(call)}: {verdict_words(call)} {text}".rstrip())
        lines += [f"  {finding_line(finding)}" for finding in call.findings[:3]]
    if len(calls) > _MAX_SHOWN:
        lines.append(f"… and {len(calls) - _MAX_SHOWN} more; --mockseg-artifacts DIR has all")
    if not calls:
        lines.append("none")
    if trouble is not None:
        lines.append(f"perhaps not all of them: {trouble}")
    return "\n".join(map(printable, lines))


def _file_name(test: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", test)[-120:].strip("_.")
    return f"{plain}-{zlib.crc32(test.encode()):08x}.ndjson"


T = TypeVar("T")


class KeylessCalls:
    """The calls without a write key on a server of this process: no source of a test has them."""

    def __init__(self) -> None:
        self._scope = Scope("")

    def take(self, opened: Opened) -> list[Call]:
        """Return those that came to the server of a source since the last look."""
        calls = run(reading.call_pages(self._scope), opened.source.transport.perform)
        if calls:
            self._scope.after = calls[-1].cursor
        return [
            call for call in calls if any(each.code == "unknown_source" for each in call.findings)
        ]


_MAX_LISTED = 10
_MOST_REPORTED_BYTES = 256 * 1024
_SETTLE_SECONDS = 5.0


class Opened:
    """A source in the hands of a test.

    Attributes:
        source: the source.
        test: the id of the test that is charged with its calls.
        closed: nothing more is expected of it.
        seen: its calls that were judged.
    """

    def __init__(
        self,
        source: SegmentSource,
        *,
        test: str,
        wish: Wish,
        judged_by_plan: bool,
        options: Options,
    ) -> None:
        self.source = source
        self.test = test
        self.closed = False
        self.seen: list[Call] = []
        self.policy = wish.teardown or options.teardown
        self._allow = Allowance(wish.allow)
        # A server that runs elsewhere may have plans of its own.
        has_plan = judged_by_plan or options.url is not None
        self._covers = has_plan and options.wants_coverage
        self._shows = options.wants_calls
        self._after = source.scope.after
        self._after_request = source.scope.after_request

    def calls(self) -> list[Call]:
        if self.closed:
            return self.seen
        return self._run(reading.call_pages(self.source.scope))

    def judge(
        self, record: TestRecord, *, final: bool, keyless: Callable[[Opened], list[Call]]
    ) -> str | None:
        """Look at what came since the last look, charge it to a test, and say what is wrong.

        Args:
            record: of that test.
            final: nothing more is expected of the source.
            keyless: returns the calls without a write key that came while the test ran.

        Raises:
            MocksegError: the server has gone.
        """
        scope = self.source.scope
        # Cleared windows begin later than they did.
        after = max(self._after, scope.after)
        after_request = max(self._after_request, scope.after_request)
        self.closed = final
        unsettled = self._unsettled()
        seen = self._run(reading.call_pages(scope, after=after))
        sent = self._run(reading.request_pages(scope, after=after_request))
        lost = self._run(ask("summary", OfSource(source=scope.write_key), field="lost"))
        if seen:
            self._after = seen[-1].cursor
        if sent:
            self._after_request = sent[-1].number
        self.seen += seen
        record.count(seen, requests=len(sent))
        if self._covers:
            name = f"{self.source.url} {scope.write_key}"
            record.coverage[name] = self._run(reading.coverage(scope))
        if self._shows:
            record.shown.append(self._shown(seen))
        problem = self._problem([*seen, *keyless(self)], sent)
        if problem is None and "bad" not in self._allow.words:
            problem = _incomplete(lost, after=after, after_request=after_request)
        return "\n".join(filter(None, (problem, unsettled))) or None

    def _unsettled(self) -> str | None:
        """Wait for what is in flight, and say that not all of it came."""
        scope = self.source.scope
        try:
            # Calls are judged: a delivery may wait for a retry for hours.
            self._run(waiting.settle(scope, quiet=0, timeout=_SETTLE_SECONDS, deliveries=False))
        except OperationError as refusal:
            if refusal.status != 406:
                raise
            return f"{refusal.message}; what is still to come of this test cannot be judged"
        return None

    def late(self, *, until: int | None = None, move: bool = False) -> list[dict[str, Any]]:
        """Return the calls that came after the last look.

        Args:
            until: and no later than this cursor.
            move: they have been looked at now.
        """
        from mockseg.matching.render import call_line, verdict_words

        found = self._run(reading.call_pages(self.source.scope, after=self._after))
        late = [call for call in found if until is None or call.cursor <= until]
        if move and late:
            self._after = late[-1].cursor
        return [
            {
                "test": self.test,
                "call": call.id,
                "text": f"{call_line(call)}: {verdict_words(call)}",
                "type": call.type,
                "event": call.event,
                "receivedAt": call.received_at,
            }
            for call in late
        ]

    def _shown(self, seen: list[Call]) -> dict[str, Any]:
        """Return what a report shows of the source: the first calls, up to 256 KB of them."""
        from mockseg.web.page.report import ReportedSource

        key = self.source.write_key
        faults = self._run(ask("list_faults", OfSource(source=key), field="faults"))
        calls: list[Call] = []
        left = _MOST_REPORTED_BYTES
        for call in seen:
            left -= len(json_types.encode(call))
            if left < 0:
                break
            calls.append(call)
        reported = ReportedSource(
            write_key=key,
            truth=self._run(ask("truth", AskTruth(source=key, limit=0), field="summary")),
            faults=[rule.words for fault in faults for rule in fault.rules],
            calls=calls,
            left_out=len(seen) - len(calls),
        )
        shown: dict[str, Any] = msgspec.to_builtins(reported)
        return shown

    def _problem(self, seen: list[Call], sent: list[RequestView]) -> str | None:
        allow = self._allow
        bad = [call for call in seen if not call.good and not allow.lets_call_pass(call)]
        bad = [call for call in bad if not self._is_resend(call)]
        refused = [
            request
            for request in sent
            if was_refused(request) and not allow.lets_request_pass(request)
        ]
        if not bad and not refused:
            return None
        # Only what is wrong pays for its words.
        from mockseg.domain.findings import read_more
        from mockseg.matching.render import (
            before_window,
            before_window_note,
            call_line,
            finding_line,
            verdict_words,
        )

        lines = [_headline(len(bad), len(refused))]
        for call in bad[:_MAX_LISTED]:
            lines.append(f"  {call_line(call)}: {verdict_words(call)}")
            lines += [f"    {finding_line(finding)}" for finding in call.findings[:3]]
        lines += [f"  {_refused_line(request)}" for request in refused[:_MAX_LISTED]]
        beyond = max(0, len(bad) - _MAX_LISTED) + max(0, len(refused) - _MAX_LISTED)
        if beyond:
            lines.append(f"  … and {beyond} more")
        words = [finding.code for call in bad for finding in call.findings]
        words += [word_of(request) for request in refused]
        words += [call.verdict for call in bad if not call.findings]
        named = ", ".join(repr(word) for word in dict.fromkeys(words))
        lines += before_window_note(before_window(bad, self.source.scope.opened_at))
        lines.append(
            f"To allow it: @pytest.mark.segment(allow=[{named}]), or ini"
            " mockseg_teardown = warn | off."
        )
        lines.append(read_more(finding.code for call in bad for finding in call.findings))
        return "\n".join(line for line in lines if line)

    def _is_resend(self, call: Call) -> bool:
        if call.duplicate_of is None:
            return False
        before = (call_cursor(call.duplicate_of) or 1) - 1
        page: CallPage = self._run(
            ask("list_calls", ListCalls(source=self.source.write_key, after=before, limit=1))
        )
        return bool(page.calls) and is_resend(page.calls[0], call)

    def _run(self, steps: Steps[T]) -> T:
        # Not with the source's verbs: those refuse to stop an event loop, and here it is meant.
        return run(steps, self.source.transport.perform)


def _incomplete(lost: Lost, *, after: int, after_request: int) -> str | None:
    """Say that not every call of a test could be judged, None when each was."""
    try:
        raise_if_lost(
            lost, "that all calls of this test are good", after=after, after_request=after_request
        )
    except UnmetExpectationError as unmet:
        return (
            f'{unmet}\nIf that does not matter: @pytest.mark.segment(teardown="off"), or ini'
            " mockseg_teardown = warn | off."
        )
    return None


def _headline(bad: int, refused: int) -> str:
    from mockseg.matching.render import counted

    parts = [f"{counted(bad, 'call')} of this test would not pass at Segment"] if bad else []
    if refused:
        were = "was" if refused == 1 else "were"
        parts.append(f"{counted(refused, 'request')} of this test {were} refused")
    return f"{' and '.join(parts)}:"


def _refused_line(request: RequestView) -> str:
    code = f" ({request.reason.code})" if request.reason is not None else ""
    return f"{request.id}: {request.refusal_text}{code}"
