"""Coverage of a running server's sources, merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockseg.cli.output import shorten
from mockseg.errors import ConfigError, PlanError
from mockseg.matching.render import counted, forgotten_words
from mockseg.operations.plans import CoverageView
from mockseg.operations.sources import GetSource, ListSources, SourceList
from mockseg.plans.coverage import Coverage
from mockseg.plans.model import plan_from_json
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from mockseg.cli.target import Target


_PLANS_HELP = "start the server with --catalogue or --plan, or give the source a plan"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was seen.

    Attributes:
        coverage: of all these sources.
        sources: their write keys; those without plans are not among them.
        evicted: calls that were evicted and are not counted.
        missing: why plans are missing from this, empty where none are.
    """

    coverage: Coverage
    sources: tuple[str, ...]
    evicted: int
    missing: str = ""


def gather(target: Target, source: str | None) -> Gathered:
    """Ask for the coverage of one source, or of all.

    Raises:
        ConfigError: there is no such source, or none has a plan.
        PlanError: sources have plans of the same name that differ.
    """
    listed = target.ask("list_sources", ListSources(), SourceList)
    missing = _missing(listed, source)
    keys = _keys(listed, source)
    merged: Coverage | None = None
    covered: list[str] = []
    evicted = 0
    for key in keys:
        view = target.ask("get_coverage", GetSource(write_key=key), CoverageView)
        if not view.plans:
            continue
        found = _read(view, key)
        if merged is None:
            merged = found
        else:
            _merge(merged, found, key)
        covered.append(key)
        evicted += view.evicted
    if merged is None:
        which = "no source" if source is None else f'source "{shorten(source)}" does not'
        verb = "has a plan" if source is None else "have a plan"
        because = f" ({missing})" if missing else ""
        raise ConfigError(f"{which} {verb}{because}, so there is nothing to cover; {_PLANS_HELP}")
    return Gathered(merged, tuple(covered), evicted, missing)


def _missing(listed: SourceList, source: str | None) -> str:
    """Say which plans a server has forgotten, empty when none."""
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
