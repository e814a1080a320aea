"""Coverage of a running server's sources, merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockseg.cli.output import shorten
from mockseg.errors import ConfigError, PlanError
from mockseg.operations.base import Nothing
from mockseg.operations.plans import CoverageView
from mockseg.operations.sources import GetSource, SourceList
from mockseg.plans.coverage import Coverage
from mockseg.plans.model import plan_from_json
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from mockseg.cli.target import Target

__all__ = ["Gathered", "gather"]

_PLANS_HELP = "start the server with --catalogue or --plan, or give the source a plan"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was seen.

    Attributes:
        coverage: of all these sources.
        sources: their write keys; those without plans are not among them.
        evicted: calls that had to make room and are not counted.
    """

    coverage: Coverage
    sources: tuple[str, ...]
    evicted: int


def gather(target: Target, source: str | None) -> Gathered:
    """Ask for the coverage of one source, or of all.

    Raises:
        ConfigError: there is no such source, or none has a plan.
        PlanError: sources have plans of the same name that differ.
    """
    keys = _keys(target, source)
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
        raise ConfigError(f"{which} {verb}, so there is nothing to cover; {_PLANS_HELP}")
    return Gathered(merged, tuple(covered), evicted)


def _keys(target: Target, source: str | None) -> list[str]:
    sources = target.ask("list_sources", Nothing(), SourceList).sources
    keys = [each.write_key for each in sources]
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
