"""What Protocols forwards to another source: violations, and blocked calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg import json_types
from mockseg.domain.findings import Violation
from mockseg.domain.request import Arrival, Route
from mockseg.domain.timestamps import format_moment
from mockseg.plans.forwarding import Origin, forwarded_blocked, violation_generated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.domain.call import KeptCall
    from mockseg.hub.sources import Source
    from mockseg.json_types import JsonObject
    from mockseg.plans.protocols import ProtocolsSettings


# What comes by this route was forwarded, and is never forwarded again.
FORWARDED = Route(path="/_mockseg/forwarded", carries="batch")


def forwarded(source: Source, calls: list[KeptCall]) -> Iterator[Arrival]:
    """Give the requests that a source's settings send to other sources because of these calls."""
    plans = source.plans.used
    if plans is None:
        return
    settings = plans.settings
    if not settings.forwarding_violations_to and not settings.forwarding_blocked_events_to:
        return
    names = {plan.slug: plan.name for plan in plans.plans}
    ids = {plan.slug: plan.id for plan in plans.plans}
    for call in calls:
        if call.remark is None or not call.remark.findings:
            continue
        for key, message in _messages(source, call, settings, names=names, ids=ids):
            body = json_types.encode({"batch": [message]})
            yield Arrival(
                route=FORWARDED,
                method="POST",
                path=FORWARDED.path,
                query="",
                headers=(),
                body=body,
                sent_bytes=len(body),
                key=key,
            )


def _messages(
    source: Source,
    call: KeptCall,
    settings: ProtocolsSettings,
    *,
    names: dict[str, str],
    ids: dict[str, str],
) -> Iterator[tuple[str, JsonObject]]:
    """Give each message with the write key that it goes to."""
    assert call.remark is not None  # noqa: S101  (the caller has looked)
    message = call.message()
    now = format_moment(call.request.received_ns)
    for finding in call.remark.findings:
        if isinstance(finding, Violation) and settings.forwarding_violations_to:
            origin = Origin(
                source_id=source.key,
                source_name=source.name,
                source_slug=source.name.lower().replace(" ", "_"),
                plan_id=ids.get(finding.plan, ""),
                plan_name=names.get(finding.plan, ""),
            )
            generated = violation_generated(message, finding, origin=origin, now=now)
            yield settings.forwarding_violations_to, generated
    if call.verdict == "blocked" and settings.forwarding_blocked_events_to:
        origin = Origin(source_id=source.key, source_name=source.name)
        yield settings.forwarding_blocked_events_to, forwarded_blocked(message, origin=origin)
