"""The warehouse of a source, in this process and over HTTP."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime

import pytest
from warehouse_sample import ASSERTIONS, CALLS

from mockseg import AsyncClient, Client, MockSegment
from mockseg.errors import BlockingCallError, OperationError


@pytest.fixture(name="server", scope="module")
def _server():
    """Return a server for all tests."""
    with MockSegment() as server:
        yield server


def test_a_test_runs_sql_on_what_its_app_sent(server):
    """Each answer is a list of dictionaries; it has what was answered before the question."""
    source = server.source()
    source.send(*CALLS)
    warehouse = source.warehouse()
    for sql in ASSERTIONS.values():
        assert [list(row.values()) for row in warehouse.query(sql)] == [[1]]
    assert warehouse.query("SELECT id, total FROM order_completed WHERE total > ?", 9) == [
        {"id": "m9", "total": 10}
    ]
    tables = {table.name: table.rows for table in warehouse.show().tables}
    assert (tables["tracks"], tables["users"], tables["order_completed"]) == (5, 1, 2)


async def test_every_door_answers_the_same(server):
    """In this process and over HTTP, blocking and awaitable."""
    source = server.source()
    await source.aio.send({"type": "track", "userId": "u", "event": "Paid", "properties": {"n": 1}})
    sql, rows = "SELECT n FROM paid WHERE user_id = ?", [{"n": 1}]
    assert await source.aio.warehouse().query(sql, "u") == rows
    assert await source.warehouse().aio.query(sql, "u") == rows
    async with AsyncClient(server.url) as client:
        remote = (await client.source(source.write_key)).warehouse()
        assert await remote.query(sql, "u") == rows
        assert [table.name for table in (await remote.show()).tables] == ["paid", "tracks"]
    with pytest.raises(BlockingCallError, match=r"source\.warehouse\(\)\.aio\.query"):
        source.warehouse().query(sql, "u")


def test_parameters_may_be_moments(server):
    """A datetime is a text as timestamps are; one without a zone is UTC."""
    source = server.source()
    source.send({"type": "track", "userId": "u", "event": "Paid"})
    sql = "SELECT COUNT(*) AS n FROM paid WHERE timestamp > ?"
    with Client(server.url) as client:
        remote = client.source(source.write_key).warehouse()
        assert remote.query(sql, datetime(2020, 1, 1, tzinfo=UTC)) == [{"n": 1}]
        assert remote.query(sql, datetime(2999, 1, 1)) == [{"n": 0}]  # noqa: DTZ001  (on purpose)
        assert remote.query("SELECT ? AS a, ? AS b", None, True) == [{"a": None, "b": 1}]
        with pytest.raises(OperationError, match=r"parameters\[0\] is \[\]: expected a text"):
            remote.query("SELECT ?", [])


def test_a_mistake_in_sql_names_what_exists(server):
    """Everywhere with the same sentence."""
    source = server.source()
    source.send({"type": "track", "userId": "u", "event": "Paid"})
    with Client(server.url) as client:
        for each in (source, client.source(source.write_key)):
            with pytest.raises(OperationError, match='did you mean "paid"') as caught:
                each.warehouse().query("SELECT * FROM payd")
            assert (caught.value.status, caught.value.code) == (422, "invalid_sql")


def test_options_are_those_of_the_warehouse(server):
    """Each set of them is a warehouse of its own."""
    source = server.source()
    only = {"Warehouses": {"warehouseIds": ["w1"]}}
    source.send(
        {
            "type": "track",
            "userId": "u",
            "event": "Paid",
            "integrations": only,
            "properties": {"day": "2026-01-31", "note": "abcdef"},
        }
    )
    assert source.warehouse("w1").query("SELECT day, note FROM paid") == [
        {"day": "2026-01-31", "note": "abcdef"}
    ]
    assert source.warehouse("w1", dates="any", text_limit=3).query(
        "SELECT day, note FROM paid"
    ) == [{"day": "2026-01-31T00:00:00.000Z", "note": "abc"}]
    with pytest.raises(OperationError, match="the warehouse has no tables"):
        source.warehouse().query("SELECT * FROM paid")
    with pytest.raises(OperationError, match="zoned"):
        source.warehouse(dates="some").query("SELECT 1")


def test_a_connected_warehouse_has_an_id_and_deliveries(server):
    """The ledger says which calls reach it; SQL sees the same ones."""
    source = server.source()
    connected = source.destination("warehouse")
    paid = {"type": "track", "userId": "u", "event": "Paid", "properties": {"userId": "x"}}
    only = {"Warehouses": {"warehouseIds": [connected.id]}}
    source.send(
        paid | {"integrations": {"All": False}},
        paid | {"integrations": only},
        paid | {"integrations": {"Warehouses": {"warehouseIds": ["another"]}}},
    )
    source.settle(timeout=30)
    states = [delivery.state for delivery in source.deliveries()]
    assert states == ["delivered", "delivered", "filtered"]
    ((note, *_), *_) = [
        attempt.notes for attempt in source.deliveries()[0].attempts if attempt.notes
    ]
    assert (note.code, note.field) == ("reserved_column", "paid.user_id")
    sql = "SELECT COUNT(*) AS n FROM paid"
    assert source.warehouse(connected.id).query(sql) == [{"n": 2}]
    assert source.warehouse().query(sql) == [{"n": 1}]
    assert connected.state()["tables"]["paid"]["event"] == "varchar"
    # SDKs are not told of it.
    address = f"{server.url}/v1/projects/{source.write_key}/settings"
    with urllib.request.urlopen(address) as answer:  # noqa: S310  (our own)
        settings = json.load(answer)
    assert settings["integrations"]["Segment.io"]["unbundledIntegrations"] == []


def test_a_window_has_a_warehouse_from_then_on(server):
    """What came before it was opened is not in its tables, nor what came before it was cleared."""
    source = server.source()
    paid = {"type": "track", "userId": "u", "event": "Paid"}
    source.send(paid)
    window = server.window(source.write_key)
    source.send(paid, paid)
    sql = "SELECT COUNT(*) AS n FROM tracks"
    assert window.warehouse().query(sql) == [{"n": 2}]
    warehouse = window.warehouse()
    window.clear()
    source.send(paid)
    assert warehouse.query(sql) == [{"n": 1}]
    assert source.warehouse().query(sql) == [{"n": 4}]


GUIDE = {"guideId": 1, "guideName": "Welcome", "pageUrl": "https://app.example.com/"}
CANDU = {
    "tutorialId": 12,
    "segmentId": "f9a0",
    "portalId": 3,
    "versionId": "5c1d",
}


def test_userguiding_events_are_tables(server):
    """UserGuiding's page: "these events appear as tables in your warehouse"; both spellings are."""
    source = server.source("userguiding-prod-key")
    properties = {"guide_id": 1, "guide_name": "Welcome", "page_url": "https://app.example.com/"}
    source.send(
        {"type": "track", "userId": "u1", "event": "Guide Started", "properties": properties},
        {
            "type": "track",
            "userId": "u1",
            "event": "guide started (userguiding)",
            "properties": GUIDE | {"guideId": "1"},
        },
    )
    warehouse = source.warehouse()
    assert warehouse.query("SELECT guide_id, guide_name, page_url FROM guide_started") == [
        properties
    ]
    assert warehouse.query(
        "SELECT guide_id, guide_name, page_url FROM guide_started_userguiding WHERE user_id = 'u1'"
    ) == [properties | {"guide_id": "1"}]
    types = {table.name: table.columns for table in source.warehouse().show().tables}
    assert types["guide_started"]["guide_id"] == "integer"
    assert types["guide_started_userguiding"]["guide_id"] == "varchar"
    with pytest.raises(OperationError, match="A column exists once a call had a value for it"):
        source.warehouse().query("SELECT feedback FROM guide_started")


def test_candu_events_are_rows_by_their_type(server):
    """``tutorial.interaction`` has a table; ``tutorial.view`` as a screen is a row of screens."""
    source = server.source()
    source.send(
        {
            "type": "track",
            "userId": "u1",
            "event": "tutorial.interaction",
            "properties": CANDU | {"eventName": "clicked"},
        },
        {"type": "screen", "userId": "u1", "name": "tutorial.view", "properties": CANDU},
        {"type": "track", "userId": "u1", "event": "tutorial.view", "properties": CANDU},
    )
    row = {"tutorial_id": 12, "segment_id": "f9a0", "portal_id": 3, "version_id": "5c1d"}
    warehouse = source.warehouse()
    assert warehouse.query(
        "SELECT tutorial_id, segment_id, portal_id, version_id, event_name"
        " FROM tutorial_interaction"
    ) == [row | {"event_name": "clicked"}]
    assert warehouse.query(
        "SELECT tutorial_id, segment_id, portal_id, version_id FROM screens"
        " WHERE name = 'tutorial.view'"
    ) == [row]
    assert warehouse.query(
        "SELECT tutorial_id, segment_id, portal_id, version_id FROM tutorial_view"
    ) == [row]
