"""What one test sent: shown when it fails, and carried to the report of the run."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.errors import MocksegError

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from mockseg.domain.call import Call
    from mockseg.operations.plans import CoverageView
    from pytest_mockseg.opened import Opened


_SECTION = "mockseg: calls of this test"
_MAX_LISTED = 30
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
    """

    __test__ = False

    def __init__(self, id: str) -> None:  # noqa: A002  (pytest's own word)
        self.id = id
        self.sources: list[Opened] = []
        self.problems: list[str] = []
        self.failed = False
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._coverage: dict[str, CoverageView] = {}

    def begin_example(self, opened: Opened) -> None:
        """Take a source for the next example; of those before, nobody asks for the calls."""
        self.sources = [each for each in self.sources if not each.closed]
        self.sources.append(opened)

    def count(self, seen: list[Call], *, requests: int) -> None:
        """Count calls."""
        self._counts["total"] += len(seen)
        self._counts["requests"] += requests
        for call in seen:
            self._counts["good" if call.good else "bad"] += 1
            self._counts[call.verdict] += 1

    def cover(self, source: str, view: CoverageView) -> None:
        """Take over what was seen of a source's plans until now."""
        self._coverage[source] = view

    def explain(self, report: pytest.TestReport, *, artifacts: Path | None) -> None:
        """Add the calls to the report of a phase that failed."""
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
        """Give what the report of the run needs, as JSON.

        Args:
            plans_sent: names of the plans that it has already; more are added.
        """
        plans: dict[str, Any] = {}
        coverage: dict[str, Any] = {}
        for source, view in self._coverage.items():
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
    for call in calls[:_MAX_LISTED]:
        rest = {
            name: value for name, value in call.message.items() if name not in _NOT_SHOWN and value
        }
        text = clip(json_types.encode_printable(rest).decode(), _MAX_MESSAGE) if rest else ""
        lines.append(f"{call_line(call)}: {verdict_words(call)} {text}".rstrip())
        lines += [f"  {finding_line(finding)}" for finding in call.findings[:3]]
    if len(calls) > _MAX_LISTED:
        lines.append(f"… and {len(calls) - _MAX_LISTED} more; --mockseg-artifacts DIR has all")
    if not calls:
        lines.append("none")
    if trouble is not None:
        lines.append(f"perhaps not all of them: {trouble}")
    return "\n".join(map(printable, lines))


def _file_name(test: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", test)[-120:].strip("_.")
    return f"{plain}-{zlib.crc32(test.encode()):08x}.ndjson"
