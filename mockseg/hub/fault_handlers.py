"""What the operations on faults do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.domain.timestamps import format_moment
from mockseg.errors import OperationError
from mockseg.faults.scenarios import SCENARIOS
from mockseg.operations.faults import FaultList, FaultsCleared, FaultView, RuleView
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from mockseg.faults.rule import Rule, RuleState
    from mockseg.hub.fault_registry import Fault
    from mockseg.hub.hub import Hub
    from mockseg.operations.base import OfSource
    from mockseg.operations.faults import AddFault, ClearFaults


async def add_fault(hub: Hub, asked: AddFault) -> FaultView:
    """Put a fault in force."""
    return _view(hub.faults.add(asked))


async def list_faults(hub: Hub, asked: OfSource) -> FaultList:
    """Give the faults of a source, those of every source among them; or all."""
    return FaultList(
        faults=[
            _view(fault)
            for fault in hub.faults
            if asked.source is None or fault.source in {None, asked.source}
        ],
        scenarios={name: scenario.says for name, scenario in SCENARIOS.items()},
    )


async def clear_faults(hub: Hub, asked: ClearFaults) -> FaultsCleared:
    """Take faults away; what they hold back is let go."""
    if [asked.id is not None, asked.source is not None, asked.all].count(True) != 1:
        raise OperationError(
            "say which faults: one of id=<id>, source=<write key> and all=true",
            status=422,
            code="invalid_parameter",
            details={"allowed": ["id", "source", "all"]},
        )
    gone = [
        fault
        for fault in hub.faults
        if asked.all
        or (asked.id is not None and fault.id == asked.id)
        or (asked.source is not None and fault.source == asked.source)
    ]
    if asked.id is not None and not gone:
        ids = [fault.id for fault in hub.faults]
        sentence = unknown("fault", asked.id, ids, see="GET /faults", label="Known")
        raise OperationError(sentence, status=404, code="unknown_fault")
    views = [_view(fault) for fault in gone]
    for fault in gone:
        hub.faults.remove(fault)
    return FaultsCleared(faults=views)


def _view(fault: Fault) -> FaultView:
    rules = [
        _rule_view(rule, [states[place] for states in fault.states.values()])
        for place, rule in enumerate(fault.rules)
    ]
    return FaultView(
        id=fault.id,
        source=fault.source,
        scenario=fault.scenario,
        seed=fault.seed,
        rules=rules,
        fired=sum(rule.fired for rule in rules),
    )


def _rule_view(rule: Rule, states: list[RuleState]) -> RuleView:
    return RuleView(
        match=rule.match,
        effect=rule.effect,
        words=rule.effect.words,
        times=rule.times,
        until=None if rule.until_ns is None else format_moment(rule.until_ns),
        probability=rule.probability,
        matched=sum(state.matched for state in states),
        fired=sum(state.fired for state in states),
    )
