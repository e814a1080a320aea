"""SQL on what a source recorded: up to date, its own, and honest about what is gone."""

from __future__ import annotations

import asyncio

import pytest
from warehouse_sample import ASSERTIONS, CALLS

from mockseg.clock import breathe
from mockseg.errors import OperationError
from mockseg.hub import warehouses as keeping
from mockseg.warehouse.sqlite import Limits


async def ask(machine, sql, *parameters, key="k", **more):
    """Return the rows of a query."""
    asked = {"writeKey": key, "sql": sql, "parameters": list(parameters), **more}
    return (await machine.perform("query_warehouse", **asked)).rows


async def count(machine, **more):
    """Return the number of tracks."""
    ((number,),) = [
        row.values() for row in await ask(machine, "SELECT COUNT(*) FROM tracks", **more)
    ]
    return number


@pytest.mark.parametrize("sql", ASSERTIONS.values(), ids=ASSERTIONS)
async def test_calls_are_in_segments_schema(machine, sql):
    """Each question about the sample has the answer yes."""
    machine.batch(*CALLS)
    ((answer,),) = [row.values() for row in await ask(machine, sql)]
    assert answer == 1


async def test_a_query_sees_every_call_before_it(machine):
    """Calls that came since are loaded first, and other sources have a warehouse of their own."""
    machine.track()
    assert await count(machine) == 1
    machine.track()
    machine.track("other")
    assert (await count(machine), await count(machine, key="other")) == (2, 1)
    assert await count(machine, after=machine.calls("k")[0].cursor) == 1
    assert await ask(machine, "SELECT uuid_ts FROM tracks LIMIT 1") == [
        {"uuid_ts": "2026-01-31T12:00:00.000Z"}
    ]


async def test_only_accepted_calls_are_loaded(machine):
    """Dropped, blocked and rejected calls are not; nor those that `Warehouses` keeps out."""
    await machine.perform(
        "create_source",
        writeKey="k",
        plan=[PLAN],
        protocols={"track": {"allowUnplannedEvents": False}},
    )
    machine.track(event="Planned")
    machine.track(event="Unplanned")
    machine.track(event="Planned", userId=None)
    machine.track(event="Planned", integrations={"All": False, "Warehouses": {"all": False}})
    machine.track(event="Planned", integrations={"All": False, "Mixpanel": False})
    machine.track(event="Planned", integrations={"Warehouses": {"warehouseIds": ["w"]}})
    assert (await count(machine), await count(machine, warehouse="w")) == (2, 3)
    view = await machine.perform("show_warehouse", writeKey="k")
    assert (view.calls, view.kept_out) == (2, {"blocked": 1, "dropped": 1, "integrations": 2})


PLAN = {
    "name": "p",
    "rules": [{"type": "TRACK", "key": "Planned", "version": 1, "jsonSchema": {"type": "object"}}],
}


async def test_a_warehouse_shows_its_tables(machine):
    """Rows and types of each table, and what the rows lack."""
    machine.track(event="Signed Up", properties={"plan": "Pro", "userId": "x", "n": 1})
    view = await machine.perform("show_warehouse", writeKey="k")
    assert [(table.name, table.rows) for table in view.tables] == [("signed_up", 1), ("tracks", 1)]
    assert view.tables[0].columns["n"] == "integer"
    (loss,) = view.losses
    assert (loss.code, loss.table, loss.column, loss.count) == (
        "reserved_column",
        "signed_up",
        "user_id",
        1,
    )


async def test_clearing_empties_the_warehouse(machine):
    """The rows of cleared calls are gone, of one call, too; the error says what is not known."""
    machine.track()
    second = machine.track()
    assert await count(machine) == 2
    await machine.perform("clear_call", id=second.id)
    assert await count(machine) == 1
    await machine.perform("clear_calls", source="k")
    with pytest.raises(OperationError, match=r'source "k" was cleared at call-2'):
        await count(machine)
    with pytest.raises(OperationError, match=r'source "new" has no accepted call yet'):
        await count(machine, key="new")


async def test_evicted_calls_are_not_forgotten_in_silence(make_machine):
    """What was loaded before stays; what was not makes the query fail, unless it may be partial."""
    machine = make_machine(max_calls=10)
    for _ in range(8):
        machine.track()
    assert await count(machine) == 8
    for _ in range(5):
        machine.track()
    assert await count(machine) == 13
    for _ in range(15):
        machine.track()
    with pytest.raises(OperationError, match="were evicted before the warehouse could load them"):
        await count(machine)
    assert await count(machine, incomplete=True) == 23
    view = await machine.perform("show_warehouse", writeKey="k", incomplete=True)
    assert view.lost.cursor == 18


async def test_warehouses_are_bounded(machine, monkeypatch):
    """The least recently used one is dropped, and made anew when it is asked again."""
    monkeypatch.setattr(keeping, "MOST_WAREHOUSES", 2)
    for key in ("a", "b", "c", "a"):
        machine.track(key)
        await count(machine, key=key)
    assert len(machine.hub.warehouses) == 2
    monkeypatch.setattr(keeping, "MOST_BYTES", 1)
    assert await count(machine, key="a") == 2
    assert len(machine.hub.warehouses) == 1


async def test_a_full_warehouse_says_where_the_calls_fit(machine):
    """The maximum is one of memory; a file has none."""
    machine.hub.warehouses._limits = Limits(size_bytes=64 * 1024)
    machine.batch(*({"type": "track", "userId": "u", "event": "x" * 20_000} for _ in range(5)))
    for _ in range(2):
        with pytest.raises(OperationError, match="mockseg warehouse --to FILE") as caught:
            await count(machine)
        assert caught.value.status == 413


async def test_questions_at_once_are_answered_one_after_the_other(machine):
    """They share one warehouse, also with what arrives and is cleared meanwhile."""
    for _ in range(600):
        machine.track()
    questions = [asyncio.ensure_future(count(machine)) for _ in range(3)]
    await breathe()
    await machine.perform("clear_calls", source="k")
    machine.track()
    assert await asyncio.gather(*questions) == [1, 1, 1]


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 10])
async def test_a_question_that_nobody_waits_for_ends(machine, turns):
    """Its thread ends by itself, and the next question is answered."""
    machine.hub.warehouses._limits = Limits(steps=10**12)
    machine.track()
    assert await count(machine) == 1
    forever = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT COUNT(*) FROM n"
    question = asyncio.ensure_future(ask(machine, forever))
    for _ in range(turns):
        await breathe()
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    assert await count(machine) == 1
