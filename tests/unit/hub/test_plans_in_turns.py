"""A plan is checked in steps, between which others have their turn."""

from __future__ import annotations

import asyncio

import pytest

from mockseg.clock import Turn, breathe
from mockseg.config import Settings
from mockseg.errors import OperationError
from mockseg.hub.hub import Hub
from mockseg.operations.plans import PutPlan
from mockseg.operations.sources import CreateSource
from mockseg.schemas import soundness
from mockseg.schemas.effort import NODES_AT_ONCE
from mockseg.schemas.soundness import checking


def referring(count):
    """Return a schema whose definitions each lead on to the next one, and back."""
    return {
        "definitions": {
            f"d{place}": {"properties": {"p": {"$ref": f"#/definitions/d{(place + 1) % count}"}}}
            for place in range(count)
        },
        "$ref": "#/definitions/d0",
    }


def plan(*schemas):
    """Return a plan with a rule for each schema."""
    rules = [
        {"type": "TRACK", "key": f"E{place}", "jsonSchema": schema}
        for place, schema in enumerate(schemas)
    ]
    return {"name": "p", "rules": rules}


@pytest.mark.parametrize("times", [5, 15])
def test_a_step_of_a_check_looks_at_a_bounded_number_of_schemas(times):
    """There are as many steps as the schema is large, in each of its three passes."""
    count = times * NODES_AT_ONCE
    steps = sum(1 for _ in checking(referring(count), file="f", place="p"))
    # A definition and its property each; no step for the rest of a pass.
    assert 3 * (2 * times) - 3 <= steps <= 3 * (2 * times) + 1


async def test_setting_a_large_plan_gives_the_loop_back(monkeypatch):
    """Whether a rule is large or there are many; then it judges, and is not checked again."""
    monkeypatch.setattr(Turn, "is_over", True)
    hub, turns, checked = Hub(Settings()), [], []
    check = soundness.too_costly

    def counting(*args):
        checked.append(args)
        return check(*args)

    monkeypatch.setattr(soundness, "too_costly", counting)

    async def other():
        while True:
            turns.append(None)
            await breathe()

    task = asyncio.create_task(other())
    document = plan(referring(4 * NODES_AT_ONCE), *[{"required": ["userId"]}] * 30)
    await hub.perform("create_source", CreateSource(write_key="k", plan=document))
    task.cancel()
    assert len(turns) >= 3 * 7 + 30
    plans = hub.sources.use("k").behaviour.plans.set
    assert plans.judge({"type": "track", "event": "E1"}, type="track", event="E1").violates
    assert len(checked) == 31


async def test_a_plan_that_is_wrong_is_refused_with_its_place(monkeypatch):
    """Of several plans the one is named; the source stays as it was."""
    hub = Hub(Settings())
    await hub.perform("create_source", CreateSource(write_key="k", plan=plan({})))
    wrong = [plan({}), {**plan({"$ref": "#/definitions/x"}), "name": "q"}]
    with pytest.raises(OperationError, match=r"plan\[1\]: rules\[0\]\.jsonSchema\.\$ref"):
        await hub.perform("put_plan", PutPlan(write_key="k", plan=wrong))
    assert [each.slug for each in hub.sources.use("k").behaviour.plans.own] == ["p"]
