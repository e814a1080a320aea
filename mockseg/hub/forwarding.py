"""What Protocols forwards to another source: violations, and blocked calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from mockseg.domain.call import KeptCall
from mockseg.domain.findings import Violation
from mockseg.domain.request import Arrival, Route, internal_arrival
from mockseg.domain.timestamps import format_moment
from mockseg.hub.sources import Source
from mockseg.plans.planset import PlanSet
from mockseg.plans.protocols import (
    Origin,
    forwarded_blocked,
    reported_in,
    violation_generated,
)

# What comes by this route was forwarded, and is never forwarded again.
FORWARDED = Route(path="/_mockseg/forwarded", carries="batch", internal=True)


def forwarded(source: Source, calls: list[KeptCall]) -> Iterator[Arrival] | None:
    """Return the requests that a source's settings send to other sources because of these calls.

    They are made one by one, because each call has to be explained for them.

    Args:
        source: whose calls they are.
        calls: those of a request that have a remark.

    Returns:
        None where nothing is forwarded.
    """
    settings = source.behaviour.plans.set.settings
    if not settings.forwarding_violations_to and not settings.forwarding_blocked_events_to:
        return None
    return _forwarded(source, source.behaviour.plans.set, calls)


def _forwarded(source: Source, plans: PlanSet, calls: list[KeptCall]) -> Iterator[Arrival]:
    violations_to = plans.settings.forwarding_violations_to
    blocked_to = plans.settings.forwarding_blocked_events_to
    by_slug = {plan.slug: plan for plan in plans.plans}
    name = source.behaviour.name
    origin = Origin(source_id=source.key, source_name=name)
    for call in calls:
        findings = call.findings
        message = call.message() if findings else {}
        violation = next((each for each in findings if isinstance(each, Violation)), None)
        if violation is not None and violations_to:
            plan = by_slug.get(violation.plan)
            of_plan = dataclasses.replace(
                origin,
                source_slug=name.lower().replace(" ", "_"),
                plan_id="" if plan is None else plan.id,
                plan_name=violation.plan if plan is None else plan.name or violation.plan,
            )
            now = format_moment(call.request.received_ns)
            for reported in reported_in(message):
                generated = violation_generated(message, reported, origin=of_plan, now=now)
                yield internal_arrival(FORWARDED, generated, key=violations_to)
        if findings and call.verdict == "blocked" and blocked_to:
            blocked = forwarded_blocked(message, origin=origin)
            yield internal_arrival(FORWARDED, blocked, key=blocked_to)
