"""The words for what a plan says of a call, made when they are read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final
from weakref import WeakValueDictionary

from mockseg import json_types
from mockseg.domain.call import KeptCall, Remark, UnexplainedRemark, remark_bytes
from mockseg.domain.findings import CallWarning, Finding, Violation, discard
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

    __slots__ = ("_bytes", "_explainers", "_held", "made", "max_findings")

    def __init__(self, *, max_findings: int) -> None:
        self.max_findings = max_findings
        self.made = 0
        # By the remark that they explain, which is held, so that no other has its identity.
        self._held: OrderedDict[int, tuple[Remark, Remark]] = OrderedDict()
        self._bytes = 0
        # By the identity of the plans, the oldest first.
        self._explainers: WeakValueDictionary[int, PlanExplainer] = WeakValueDictionary()

    def explainer_of(self, plans: PlanSet) -> PlanExplainer:
        """Return the explainer of plans: one for all the calls that they judge."""
        found = self._explainers.get(id(plans))
        if found is None or found.plans is not plans:
            found = self._explainers[id(plans)] = PlanExplainer(plans, self)
        return found

    def release(self, excess: Callable[[], int], in_force: AbstractSet[int]) -> None:
        """Let go of plans that were replaced, the oldest first; their calls keep their verdicts.

        Args:
            excess: returns how many bytes are to be let go of yet.
            in_force: the identities of the plans that may not be.
        """
        for explainer in list(self._explainers.values()):
            if excess() <= 0:
                return
            if id(explainer.plans) not in in_force:
                explainer.plans = None

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
    """Says what the plans found in a call.

    Args:
        plans: that judged it.
        explanations: that were made last, of all calls of a server.

    Attributes:
        plans: the same; None once they were evicted, which only plans that were replaced are.
    """

    __slots__ = ("__weakref__", "_explanations", "plans")

    def __init__(self, plans: PlanSet, explanations: Explanations) -> None:
        self.plans: PlanSet | None = plans
        self._explanations = explanations

    def explain(self, call: KeptCall) -> Remark:
        """Return a call's remark with its findings and the altered message."""
        remark = call.remark
        assert remark is not None  # noqa: S101  (it is what has an explainer)
        explained = self._explanations.get(remark)
        if explained is None:
            if self.plans is None:
                return _unexplained(remark)
            explained = self._explained(call, remark, self.plans)
            self._explanations.put(remark, explained)
        return explained

    def _explained(self, call: KeptCall, remark: Remark, plans: PlanSet) -> Remark:
        raw = json_types.decode(call.raw)
        event = raw.get("event")
        event = event if isinstance(event, str) else None
        message = call.message_before_plans()
        outcome = plans.decide(message, type=call.type, event=event, source_id=call.source)
        findings: tuple[Finding, ...] = (
            *capped(outcome.violations, most=self._explanations.max_findings),
            *plans.warnings(raw, type=call.type, event=event),
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


_EVICTED: Final = (
    "the plan that judged this call was replaced and then evicted (--max-bytes): what exactly it"
    " found, and how its settings changed the message, is not known any more"
)


def _unexplained(remark: Remark) -> Remark:
    """Return what is known of a call without the plan that judged it."""
    violates = isinstance(remark, UnexplainedRemark) and remark.violates
    evicted: Finding = (
        Violation(code="plan_evicted", type="Plan Evicted", field="", description=_EVICTED)
        if violates
        else CallWarning(code="plan_evicted", field="", description=_EVICTED)
    )
    return Remark(
        verdict=remark.verdict, findings=(evicted, *remark.findings), attempt=remark.attempt
    )
