from __future__ import annotations

from dataclasses import dataclass

import click

from mockseg.cli.data_files import PIPE, put
from mockseg.cli.flags import Number, OneOf, client_settings, source_flag
from mockseg.cli.output import decided, note, shorten, warn
from mockseg.cli.target import Target
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.errors import ConfigError, PlanError
from mockseg.json_types import JsonObject, pretty
from mockseg.matching.render import bounds_words, counted, forgotten_words
from mockseg.operations.plans import CoverageView
from mockseg.operations.sources import GetSource, ListSources, SourceList
from mockseg.plans.coverage import Coverage, CoverageReport
from mockseg.plans.coverage_report import coverage_html, coverage_junit, coverage_text
from mockseg.plans.model import plan_from_json, plan_to_json
from mockseg.suggestions import unknown

_PLANS_HELP = "start the server with --catalogue or --plan, or give the source a plan"


@click.command(name="coverage")
@source_flag("Of this write key.")
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
    type=Number("number from 0 to 100", min=0, max=100),
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
    """Report what of the plans of a running server's sources was seen and asserted on.

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
            f" server with a higher {bounds_words(gathered.lost, flags=True)}"
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
    """Return what ``GET /sources/{k}/coverage`` answers, for all sources together."""
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


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was seen.

    Attributes:
        coverage: of all these sources.
        sources: their write keys; those without plans are not among them.
        evicted: calls that were evicted and are not counted.
        missing: why plans are missing from this, empty where none are.
        lost: what was evicted, in detail.
    """

    coverage: Coverage
    sources: tuple[str, ...]
    evicted: int
    missing: str = ""
    lost: Lost = NOTHING_LOST


def gather(target: Target, source: str | None) -> Gathered:
    """Ask for the coverage of one source, or of all.

    Raises:
        ConfigError: the source is unknown, or no source has a plan.
        PlanError: sources have plans of the same name that differ.
    """
    listed = target.ask("list_sources", ListSources(), SourceList)
    missing = _missing(listed, source)
    keys = _keys(listed, source)
    views = {
        key: view
        for key in keys
        if (view := target.ask("get_coverage", GetSource(write_key=key), CoverageView)).plans
    }
    if not views:
        which = "no source has" if source is None else f'source "{shorten(source)}" does not have'
        because = f" ({missing})" if missing else ""
        raise ConfigError(f"{which} a plan{because}, so nothing can be covered; {_PLANS_HELP}")
    (first, view), *others = views.items()
    merged = _read(view, first)
    for key, other in others:
        _merge(merged, _read(other, key), key)
    evicted = sum(view.evicted for view in views.values())
    lost = sum((view.lost for view in views.values()), NOTHING_LOST)
    return Gathered(merged, tuple(views), evicted, missing, lost)


def _missing(listed: SourceList, source: str | None) -> str:
    """Return which plans the server has forgotten, empty if none."""
    if source is not None:
        named = [each.forgotten for each in listed.sources if each.write_key == source]
        if named and named[0] is not None and "plan" in named[0].settings:
            return forgotten_words(named[0], subject=f"source {shorten(source)}")
    elif listed.forgotten_with_plan:
        count = listed.forgotten_with_plan
        with_plan = (
            "was forgotten with its plan" if count == 1 else "were forgotten with their plans"
        )
        return f"{counted(count, 'source')} {with_plan}, because there were too many"
    return ""


def _keys(listed: SourceList, source: str | None) -> list[str]:
    keys = [each.write_key for each in listed.sources]
    if source is None:
        # What came without a write key was dropped, and no path leads to it.
        return sorted(key for key in keys if key)
    if source not in keys:
        raise ConfigError(
            f"--source: {unknown('source', source, keys, see='mockseg calls', label='Known')}"
        )
    return [source]


def _read(view: CoverageView, key: str) -> Coverage:
    # The server has checked the schemas.
    plans = [
        plan_from_json(plan, file=f"plan of source {shorten(key)}", check=False)
        for plan in view.plans
    ]
    return Coverage.from_json(view.coverage, plans=plans)


def _merge(merged: Coverage, found: Coverage, key: str) -> None:
    try:
        merged.merge(found)
    except PlanError as error:
        raise PlanError(
            f"{error.reason}; source {shorten(key)} has another one, look at it alone with"
            " --source",
            file=error.file,
            place=error.place,
        ) from None
