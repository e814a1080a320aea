"""Running checks: trials side by side, a verdict for each check, a report of all."""

from __future__ import annotations

import asyncio
import dataclasses
import fnmatch
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from mockseg.client.client import AsyncServer
from mockseg.conformance.basic import BASIC
from mockseg.conformance.check import Check, Trial
from mockseg.conformance.contract import E2eConfig, Suite
from mockseg.conformance.evidence import Evidence
from mockseg.conformance.retry import RETRY
from mockseg.conformance.runner import Sdk, try_out
from mockseg.conformance.settings import RETRY_SETTINGS, SETTINGS
from mockseg.errors import ConfigError
from mockseg.json_types import JsonObject
from mockseg.junit import Case, junit_xml
from mockseg.server import MockSegment
from mockseg.suggestions import unknown

CHECKS: tuple[Check, ...] = (*BASIC, *RETRY, *SETTINGS, *RETRY_SETTINGS)


_MARKS = {"pass": "pass", "fail": "FAIL", "not applicable": "n/a "}
_MOST_STDERR_LINES = 12
VerdictStatus: TypeAlias = Literal["pass", "fail", "not applicable"]


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of a check.

    Attributes:
        check: that was made.
        status: pass, fail or not applicable.
        saw: what was seen, or why it does not apply.
        wire: what came over the wire, a line for each request.
        stderr: the end of what the CLI said, where it could not be judged.
        spent: seconds that the CLI ran; checks of one trial share them.
    """

    check: Check
    status: VerdictStatus
    saw: str
    wire: tuple[str, ...] = ()
    stderr: str = ""
    spent: float = 0.0


def chosen(suites: Sequence[Suite], *, only: Sequence[str] = ()) -> list[Check]:
    """Choose checks.

    Args:
        suites: of which.
        only: their ids, as patterns of the shell; all without.

    Raises:
        ConfigError: a pattern selects nothing.
    """
    checks = [check for check in CHECKS if check.suite in suites]
    what = f"check of {', '.join(suites)}"
    wanted = {id_ for each in only for id_ in _called(each, checks, place="--only", what=what)}
    return [check for check in checks if not only or check.id in wanted]


def check_patterns(config: E2eConfig, *, place: str) -> None:
    """See that what a configuration excuses are checks.

    Raises:
        ConfigError: a pattern selects nothing.
    """
    for pattern in config.not_applicable:
        _called(pattern, CHECKS, place=f"{place}: not_applicable", what="check")


def _called(pattern: str, checks: Sequence[Check], *, place: str, what: str) -> list[str]:
    ids = tuple(check.id for check in checks)
    found = fnmatch.filter(ids, pattern)
    if not found:
        raise ConfigError(f"{place}: {unknown(what, pattern, ids, see='--list')}")
    return found


async def run_checks(
    checks: Iterable[Check],
    sdk: Sdk,
    *,
    jobs: int,
    on_verdict: Callable[[Verdict], None] = lambda _: None,
    on_stray: Callable[[str], None] = lambda _: None,
) -> list[Verdict]:
    """Judge an SDK; return the verdicts in the order of the checks.

    Args:
        checks: which.
        sdk: whose CLI is run.
        jobs: maximum number of concurrent runs.
        on_verdict: is called with each verdict as soon as it is there.
        on_stray: is called at the end with each kind of request that was refused and named no
            write key, so that no trial shows it.

    Raises:
        ConfigError: the CLI can never be started.
    """
    checks = list(checks)
    verdicts: dict[str, Verdict] = {}

    def note(verdict: Verdict) -> None:
        verdicts[verdict.check.id] = verdict
        on_verdict(verdict)

    by_trial: dict[Trial, list[Check]] = {}
    for check in checks:
        reason = check.not_applicable(sdk.config)
        if reason:
            note(Verdict(check, "not applicable", reason))
        else:
            by_trial.setdefault(check.trial, []).append(check)

    def judge(trial: Trial, evidence: Evidence) -> None:
        for check in by_trial[trial]:
            note(verdict_of(check, evidence))

    await observe(list(by_trial), sdk, jobs=jobs, on_evidence=judge, on_stray=on_stray)
    return [verdicts[check.id] for check in checks]


async def observe(
    trials: Sequence[Trial],
    sdk: Sdk,
    *,
    jobs: int,
    on_evidence: Callable[[Trial, Evidence], None],
    on_stray: Callable[[str], None] = lambda _: None,
) -> None:
    """Run trials against a MockSegment of their own, several at a time.

    Args:
        trials: which, begun in this order.
        sdk: whose CLI is run.
        jobs: maximum number of concurrent runs.
        on_evidence: is called with what each left, as soon as it is over.
        on_stray: as for :func:`run_checks`.

    Raises:
        ConfigError: the CLI can never be started.
    """
    slots = asyncio.Semaphore(jobs)

    async def run(trial: Trial, server: AsyncServer) -> None:
        async with slots:
            evidence = await try_out(trial, sdk, server)
        on_evidence(trial, evidence)

    try:
        async with MockSegment() as server:
            async with asyncio.TaskGroup() as group:
                for trial in trials:
                    group.create_task(run(trial, server.aio))
            nameless = await server.aio.source("")
            for refused in (await nameless.summary()).refusals:
                on_stray(
                    f"{refused.status} {refused.method} {refused.path} ({refused.count} times):"
                    f" {refused.reason}"
                )
    except BaseExceptionGroup as several:
        # What ends one trial ends them all, and is reported once.
        raise several.exceptions[0] from None


def verdict_of(check: Check, evidence: Evidence) -> Verdict:
    outcome, wire = evidence.outcome, tuple(evidence.lines())
    if outcome.problem:
        return Verdict(
            check, "fail", f"the CLI: {outcome.problem}", wire, outcome.stderr, outcome.spent
        )
    passed, saw = check.judge(evidence)
    status: VerdictStatus = "not applicable" if passed is None else "pass" if passed else "fail"
    return Verdict(check, status, saw, wire, spent=outcome.spent)


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """A whole run.

    Attributes:
        sdk: its name.
        command: its CLI, as it was given.
        verdicts: in the order of the checks.
        spent: seconds of the whole run.
        strays: requests that were refused and belong to no trial, a phrase for each kind.
        printable: makes of what was sent or said what a terminal and XML can hold.
    """

    sdk: str
    command: str
    verdicts: Sequence[Verdict]
    spent: float
    strays: Sequence[str]
    printable: Callable[[str], str]

    @property
    def failed(self) -> int:
        return self._count("fail")

    def as_text(self) -> str:
        """Return a line for each check, and of those that failed all there is to know."""
        lines: list[str] = []
        suite = ""
        # What failed in the same way as a check before it is reported once.
        reported: dict[tuple[object, ...], str] = {}
        for verdict in self.verdicts:
            if verdict.check.suite != suite:
                suite = verdict.check.suite
                lines += ["", suite] if lines else [suite]
            lines += self._lines(verdict, reported)
        passed, apart = self._count("pass"), self._count("not applicable")
        counts = (
            f"{self.printable(self.sdk)}: {len(self.verdicts)} checks: {passed} passed,"
            f" {self.failed} failed, {apart} not applicable; {self.spent:.1f} s"
        )
        if self.strays:
            lines += ["", "refused, without a write key that says of which check"]
            lines += [f"  {self.printable(stray)}" for stray in self.strays]
        lines += ["", counts]
        return "\n".join(lines) + "\n"

    def as_json(self) -> JsonObject:
        """Return the same as one JSON object, with the wire of every check."""
        return {
            "sdk": self.sdk,
            "command": self.command,
            "passed": self._count("pass"),
            "failed": self.failed,
            "notApplicable": self._count("not applicable"),
            "spentSeconds": round(self.spent, 3),
            "strays": list(self.strays),
            "checks": [
                {
                    "id": verdict.check.id,
                    "suite": verdict.check.suite,
                    "expected": verdict.check.expected,
                    "source": verdict.check.source,
                    "verdict": verdict.status,
                    "seen": verdict.saw,
                    "wire": list(verdict.wire),
                    "stderr": verdict.stderr,
                    "spentSeconds": round(verdict.spent, 3),
                }
                for verdict in self.verdicts
            ],
        }

    def as_junit(self) -> str:
        """Write the same as JUnit XML, a suite for each suite."""
        suites: dict[str, list[Case]] = {}
        for verdict in self.verdicts:
            suites.setdefault(verdict.check.suite, []).append(self._case(verdict))
        return junit_xml(f"mockseg conform {self.printable(self.sdk)}", suites.items())

    def _case(self, verdict: Verdict) -> Case:
        saw = self.printable(verdict.saw)
        story = (verdict.check.expected, *self._story(verdict))
        failed = verdict.status == "fail"
        return Case(
            name=verdict.check.id,
            classname=f"mockseg.conform.{verdict.check.suite}",
            seconds=verdict.spent,
            skipped=saw if verdict.status == "not applicable" else None,
            failure=saw if failed else None,
            details="\n".join(line.strip() for line in story) if failed else "",
        )

    def _lines(self, verdict: Verdict, reported: dict[tuple[object, ...], str]) -> Iterator[str]:
        mark, check = _MARKS[verdict.status], verdict.check
        if verdict.status == "not applicable":
            yield f"  {mark}  {check.id:30}  {self.printable(verdict.saw)}"
            return
        yield f"  {mark}  {check.id:30}  {check.expected}"
        if verdict.status != "fail":
            return
        first = reported.setdefault((verdict.saw, verdict.wire, verdict.stderr), check.id)
        if first == check.id:
            yield from self._story(verdict)
        else:
            yield f"        source    {check.source}"
            yield f"        seen      the same as in {first}"

    def _story(self, verdict: Verdict) -> Iterator[str]:
        yield f"        source    {verdict.check.source}"
        yield f"        seen      {self.printable(verdict.saw)}"
        for line in verdict.wire or ("nothing",):
            yield f"        wire      {self.printable(line)}"
        for line in verdict.stderr.splitlines()[-_MOST_STDERR_LINES:]:
            yield f"        stderr    {self.printable(line)}"

    def _count(self, status: str) -> int:
        return sum(verdict.status == status for verdict in self.verdicts)
