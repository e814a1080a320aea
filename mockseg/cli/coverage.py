"""``mockseg coverage``: what of the plans was seen and asserted on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from mockseg.cli.coverage_gathering import gather
from mockseg.cli.flags import client_settings
from mockseg.cli.ndjson import PIPE
from mockseg.cli.one_of import OneOf
from mockseg.cli.output import decided, note, warn
from mockseg.cli.plan_output import put
from mockseg.json_types import pretty
from mockseg.plans.coverage_report import coverage_html, coverage_junit, coverage_text
from mockseg.plans.model import plan_to_json

if TYPE_CHECKING:
    from mockseg.cli.coverage_gathering import Gathered
    from mockseg.cli.target import Target
    from mockseg.json_types import JsonObject
    from mockseg.plans.coverage import CoverageReport


class _Percent(click.FloatRange):
    """A number from 0 to 100. ``nan`` is within every range of click's."""

    name = "number from 0 to 100"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it, or refuse it as click does."""
        percent: float = super().convert(value, param, ctx)
        if math.isnan(percent):
            self.fail(f"{value!r} is not a number from 0 to 100.", param, ctx)
        return percent


@click.command(name="coverage")
@click.option("--source", metavar="TEXT", help="Of this write key.")
@click.option("--all", "everything", is_flag=True, help="Of every source that has plans, merged.")
@click.option(
    "--format",
    "kind",
    type=OneOf(("text", "json", "junit", "html")),
    default="text",
    help="[text]",
)
@click.option("-o", "--out", metavar="OUT", default=PIPE, help="A file; - is standard output.")
@click.option(
    "--fail-under",
    type=_Percent(min=0, max=100),
    metavar="PERCENT",
    help="Exit 1 when less than this was exercised.",
)
@client_settings
def command(
    *,
    target: Target,
    source: str | None,
    everything: bool,
    kind: str,
    out: str,
    fail_under: float | None,
) -> int:
    """Tell what of the plans of a running server's sources was seen and asserted on.

    Never seen, never planned, never asserted on; properties, values and branches that no
    call exercised. Of one source, or of all, which is the default. Only calls that are kept count.
    Exit 1 below --fail-under, or when the server has forgotten a source with a plan.
    """
    if source is not None and everything:
        raise click.UsageError("say which: --source WRITE_KEY, or --all")
    gathered = gather(target, source)
    report = gathered.coverage.report()
    failed = fail_under is not None and (bool(gathered.missing) or not report.reaches(fail_under))
    status = decided(1 if failed else 0)
    put(_drawn(gathered, report, kind, fail_under), out)
    if gathered.evicted:
        warn(
            f"{gathered.evicted} calls were evicted and are not counted; start the"
            " server with a higher --max-calls"
        )
    total = coverage_text(report, threshold=fail_under).rstrip("\n").rpartition("\n")[2]
    if gathered.missing:
        warn(f"{gathered.missing}; what was seen of that is not known")
    if out != PIPE:
        note(f"{total}; written to {out}")
    elif failed and kind != "text":
        warn(total)
    return status


def _drawn(gathered: Gathered, report: CoverageReport, kind: str, fail_under: float | None) -> str:
    if kind == "json":
        return f"{pretty(_as_json(gathered, report, fail_under))}\n"
    if kind == "junit":
        return coverage_junit(report, threshold=fail_under)
    if kind == "html":
        return coverage_html(report, threshold=fail_under)
    return coverage_text(report, threshold=fail_under)


def _as_json(gathered: Gathered, report: CoverageReport, fail_under: float | None) -> JsonObject:
    """Give what ``GET /sources/{k}/coverage`` gives, for all sources together."""
    return {
        "sources": list(gathered.sources),
        "percent": report.percent,
        "failUnder": fail_under,
        "reached": fail_under is None or report.reaches(fail_under),
        "neverSeen": [each.rule.label for each in report.never_seen],
        "neverAsserted": [each.rule.label for each in report.never_asserted],
        "evicted": gathered.evicted,
        "missing": gathered.missing,
        "coverage": gathered.coverage.as_json(),
        "plans": [plan_to_json(plan) for plan in gathered.coverage.plans],
    }
