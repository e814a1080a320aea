"""What the rows of the operations table that are about plans do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from mockseg import json_types
from mockseg.errors import OperationError
from mockseg.hub.judge import DryRun
from mockseg.hub.source_plans import NO_PLANS, SourcePlans, chosen, settings_json
from mockseg.matching.render import forgotten_words
from mockseg.operations.plans import (
    CoverageView,
    Marked,
    PlanView,
    Validated,
    ValidatedMessages,
)
from mockseg.operations.plans import SourcePlans as SourcePlansView
from mockseg.plans.coverage import Coverage
from mockseg.plans.model import plan_to_json
from mockseg.suggestions import quoted

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub
    from mockseg.operations.plans import MarkAsserted, PutPlan, ValidateMessages
    from mockseg.operations.sources import GetSource


async def put_plan(hub: Hub, asked: PutPlan) -> SourcePlansView:
    """Set the plans of a source, which opens now if it is new."""
    before = hub.plans_of(asked.write_key)
    plans = chosen(asked, before=before)
    hub.sources.claim(asked.write_key).take_plans(plans)
    return _view(plans)


async def get_coverage(hub: Hub, asked: GetSource) -> CoverageView:
    """Tell what of a source's plans was seen among the calls that are kept."""
    plans = hub.plans_of(asked.write_key)
    source = hub.sources.get(asked.write_key)
    asserted = source.asserted if source is not None else frozenset[int]()
    coverage = Coverage(plans.set.plans)
    async for portion in hub.scan(after=0, source=asked.write_key):
        for call in portion:
            message = call.message()
            coverage.saw(message)
            if call.cursor in asserted:
                coverage.asserted(message)
    report = coverage.report()
    lost = hub.lost(asked.write_key)
    return CoverageView(
        percent=report.percent,
        coverage=coverage.as_json(),
        never_seen=[each.rule.label for each in report.never_seen],
        never_asserted=[each.rule.label for each in report.never_asserted],
        evicted=lost.calls,
        lost=lost,
        plans=[plan_to_json(plan) for plan in plans.set.plans],
    )


async def mark_asserted(hub: Hub, asked: MarkAsserted) -> Marked:
    """Remember which calls assertions matched."""
    source = hub.sources.claim(asked.write_key)
    kept = {
        call.cursor
        for cursor in asked.cursors
        for call in hub.calls_after(cursor - 1, limit=1, source=asked.write_key)
    }
    marked = kept & set(asked.cursors)
    source.asserted |= marked
    return Marked(marked=len(marked))


async def validate_messages(hub: Hub, asked: ValidateMessages) -> ValidatedMessages:
    """Judge messages as a fresh source with these plans would, and record nothing."""
    names_none = asked.catalogue is UNSET and asked.plan is UNSET
    by_source = names_none and asked.source is not None
    if by_source and asked.source is not None:
        _refuse_forgotten_plan(hub, asked.source)
    plans = chosen(asked, before=hub.plans_of(asked.source or "") if by_source else NO_PLANS)
    run = DryRun(plans.used, received_ns=hub.clock.now_ns(), remembered=len(asked.messages) + 1)
    results = []
    for place, message in enumerate(asked.messages):
        call = run.judge(msgspec.Raw(json_types.encode(message)), message, place=place + 1)
        results.append(
            Validated(
                index=place,
                verdict=call.verdict,
                good=call.good,
                findings=call.remark.findings if call.remark is not None else (),
            )
        )
    good = sum(result.good for result in results)
    return ValidatedMessages(good=good, bad=len(results) - good, results=results)


def _refuse_forgotten_plan(hub: Hub, key: str) -> None:
    """Refuse to judge by the plans of a source that has lost them.

    Raises:
        OperationError: 409, with when and why.
    """
    forgotten = hub.lost(key).forgotten
    if forgotten is not None and "plan" in forgotten.settings:
        raise OperationError(
            f"source {quoted(key)} no longer has its plan:"
            f" {forgotten_words(forgotten, subject='it')}. Set its plan again, or name plans in"
            " the request.",
            status=409,
            code="forgotten_source",
        )


def _view(plans: SourcePlans) -> SourcePlansView:
    return SourcePlansView(
        plans=[
            PlanView(
                name=plan.name,
                slug=plan.slug,
                rules=len(plan.rules),
                events=[rule.key for rule in plan.rules if rule.type == "TRACK" and rule.key],
            )
            for plan in plans.set.plans
        ],
        strictness=plans.strictness,
        protocols=settings_json(plans),
    )
