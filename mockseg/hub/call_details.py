"""One call with all that is known of it: findings in place, its request, attempts, deliveries."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from mockseg.domain.call import call_id
from mockseg.domain.findings import Discard, Violation
from mockseg.domain.timestamps import format_moment
from mockseg.hub.truth_handlers import attempts_of
from mockseg.hub.views import request_view
from mockseg.matching.match import ScalarMatch, compile_match
from mockseg.operations.calls import CallBrief, CallDetails, FindingDetails, RuleExcerpt
from mockseg.schemas.tree import NO_PLACE, lookup, pointer_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.domain.call import KeptCall
    from mockseg.domain.findings import Finding
    from mockseg.hub.hub import Hub
    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.model import Rule


_NEIGHBOURS = 10
_ANNOTATIONS = ("title", "description")


async def call_details(hub: Hub, call: KeptCall) -> CallDetails:
    """Return a call with its findings, request, attempts, deliveries and neighbours."""
    view = call.view()
    before, after = await _neighbours(hub, call)
    return CallDetails(
        call=view,
        findings=[
            FindingDetails(
                finding=finding,
                sent=_sent(finding, view.message, view.raw),
                rule=_rule(hub, call, finding, view.message),
            )
            for finding in view.findings
        ],
        request=request_view(call.request, hub.calls_of(call.request)),
        attempts=await attempts_of(hub, source=call.source, message_id=call.message_id),
        deliveries=[kept.view() for kept in hub.destinations.deliveries_of(call.cursor)],
        before=before,
        after=after,
    )


def _sent(finding: Finding, message: JsonObject, raw: Json) -> Json | UnsetType:
    """Return the value at the place of a finding, UNSET where nothing was sent there.

    A violation is one of the normalised message, a discard of the message as sent. What the
    settings of Protocols took away is still in the message as sent.
    """
    if isinstance(finding, Discard):
        value = lookup(raw, finding.field.split(".")) if finding.field else NO_PLACE
    else:
        value = lookup(message, pointer_path(message, finding.instance_path))
        if value is NO_PLACE:
            value = lookup(raw, pointer_path(raw, finding.instance_path))
    return UNSET if value is NO_PLACE else value


def _rule(hub: Hub, call: KeptCall, finding: Finding, message: JsonObject) -> RuleExcerpt | None:
    if not isinstance(finding, Violation) or not finding.schema_path:
        return None
    for rule in _rules(hub, call, finding.plan, message):
        path = pointer_path(rule.schema, finding.schema_path)
        broken = lookup(rule.schema, path)
        if broken is NO_PLACE:
            continue
        around = lookup(rule.schema, path[:-1])
        notes = (
            {name: around[name] for name in _ANNOTATIONS if name in around}
            if isinstance(around, dict)
            else {}
        )
        return RuleExcerpt(
            plan=finding.plan,
            rule=rule.label,
            schema_path=finding.schema_path,
            excerpt={**notes, str(path[-1]): broken},
        )
    return None


def _rules(hub: Hub, call: KeptCall, plan: str, message: JsonObject) -> Iterator[Rule]:
    """Yield the rules of a plan that judge a call, its own before the COMMON ones."""
    plans = hub.plans_of(call.source).set
    for name, rule in plans.rules_for(message, type=call.type, event=call.event):
        if name == plan:
            yield rule
    for each in plans.plans:
        if each.slug == plan:
            yield from (rule for rule in each.rules if rule.type == "COMMON")


async def _neighbours(hub: Hub, call: KeptCall) -> tuple[list[CallBrief], list[CallBrief]]:
    """Return the nearest calls of the same user, before and after."""
    anonymous = call.message().get("anonymousId") if call.user_id is None else None
    if call.user_id is None and not isinstance(anonymous, str):
        return [], []
    same_user = _same_user(call.user_id, anonymous)
    before: deque[KeptCall] = deque(maxlen=_NEIGHBOURS)
    after: list[KeptCall] = []
    async for portion in hub.scan(after=0, source=call.source):
        for other in portion:
            if other.cursor == call.cursor or not same_user(other):
                continue
            if other.cursor < call.cursor:
                before.append(other)
            else:
                after.append(other)
        if len(after) >= _NEIGHBOURS:
            break
    return [_brief(each) for each in before], [_brief(each) for each in after[:_NEIGHBOURS]]


def _same_user(user_id: str | None, anonymous_id: str | None) -> Callable[[KeptCall], bool]:
    """Return what tells calls of one user: by userId, else by anonymousId."""
    matches = compile_match(ScalarMatch(user_id=user_id, anonymous_id=anonymous_id))
    if anonymous_id is None:
        return matches
    # To look for the text is far cheaper than to decode; escapes could spell it otherwise.
    text = anonymous_id.encode("utf-8", "surrogatepass")

    def same(call: KeptCall) -> bool:
        raw = bytes(call.raw)
        return (text in raw or b"\\" in raw) and matches(call)

    return same


def _brief(call: KeptCall) -> CallBrief:
    return CallBrief(
        id=call_id(call.cursor),
        cursor=call.cursor,
        type=call.type,
        event=call.event,
        message_id=call.message_id,
        verdict=call.verdict,
        good=call.good,
        received_at=format_moment(call.request.received_ns),
    )
