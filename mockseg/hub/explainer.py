"""The words for what a plan says of a call, made when they are read."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from mockseg import json_types
from mockseg.domain.call import KeptCall, Remark, remark_bytes
from mockseg.domain.findings import Finding, discard
from mockseg.plans.planset import PlanSet
from mockseg.plans.violations import capped

_MOST_BYTES: Final = 1_000_000


class Explanations:
    """The explanations that were made last: who reads a call reads it again.

    Args:
        max_findings: how many violations of a call are told one by one.

    Attributes:
        max_findings: the same.
        made: how many explanations were made.
    """

    __slots__ = ("_bytes", "_held", "made", "max_findings")

    def __init__(self, *, max_findings: int) -> None:
        self.max_findings = max_findings
        self.made = 0
        # By the remark that they explain, which is held, so that no other has its identity.
        self._held: OrderedDict[int, tuple[Remark, Remark]] = OrderedDict()
        self._bytes = 0

    def get(self, remark: Remark) -> Remark | None:
        found = self._held.get(id(remark))
        return None if found is None else found[1]

    def put(self, remark: Remark, explained: Remark) -> None:
        """Hold an explanation; the oldest are dropped over a megabyte."""
        self.made += 1
        self._held[id(remark)] = remark, explained
        self._bytes += remark_bytes(explained)
        while self._bytes > _MOST_BYTES:
            _, (_, dropped) = self._held.popitem(last=False)
            self._bytes -= remark_bytes(dropped)


class PlanExplainer:
    """Says what the plans found in the calls of a request.

    Args:
        plans: that judged them.
        explanations: that were made last, of all calls of a server.
    """

    __slots__ = ("_explanations", "_plans")

    def __init__(self, plans: PlanSet, explanations: Explanations) -> None:
        self._plans = plans
        self._explanations = explanations

    def explain(self, call: KeptCall) -> Remark:
        """Return a call's remark with its findings and the altered message."""
        remark = call.remark
        assert remark is not None  # noqa: S101  (it is what has an explainer)
        explained = self._explanations.get(remark)
        if explained is None:
            explained = self._explained(call, remark)
            self._explanations.put(remark, explained)
        return explained

    def _explained(self, call: KeptCall, remark: Remark) -> Remark:
        raw = json_types.decode(call.raw)
        event = raw.get("event")
        event = event if isinstance(event, str) else None
        message = call.message_before_plans()
        outcome = self._plans.decide(message, type=call.type, event=event, source_id=call.source)
        findings: tuple[Finding, ...] = (
            *capped(outcome.violations, most=self._explanations.max_findings),
            *self._plans.warnings(raw, type=call.type, event=event),
            *remark.findings,
        )
        if outcome.code is not None:
            findings = (discard(outcome.code), *findings)
        return Remark(
            verdict=remark.verdict,
            findings=findings,
            attempt=remark.attempt,
            altered=None if outcome.message is message else json_types.encode(outcome.message),
        )
