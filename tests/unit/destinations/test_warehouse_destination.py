"""A warehouse as a destination: what reaches it, and what its tables become."""

from __future__ import annotations

import base64
import random

import pytest

from mockseg import json_types
from mockseg.destinations.vendor import VendorRequest
from mockseg.destinations.warehouse import Warehouse, WarehouseSetup
from mockseg.errors import VendorStateError

KEY = ("Authorization", "Basic " + base64.b64encode(b"key:").decode())


@pytest.fixture(name="warehouse")
def _warehouse():
    """Return a warehouse without tables."""
    return Warehouse(WarehouseSetup(), key="key", random=random.Random(1))


def post(warehouse, body, *, path="/segment", method="POST", headers=(KEY,)):
    """Send a body to the inlet."""
    content = body if isinstance(body, bytes) else json_types.encode(body)
    request = VendorRequest(method=method, path=path, received_ns=0, headers=headers, body=content)
    return warehouse.answer(request)


def test_calls_make_tables(warehouse):
    """The state has the type of each column; the notes of a call what its rows lack."""
    track = {"type": "track", "messageId": "m1", "event": "Signed Up"}
    assert post(warehouse, track | {"properties": {"n": 1}}).notes == ()
    answer = post(warehouse, track | {"properties": {"n": "x", "userId": "u"}})
    assert (answer.status, [(note.code, note.field) for note in answer.notes]) == (
        200,
        [("reserved_column", "signed_up.user_id"), ("failed_cast", "signed_up.n")],
    )
    assert warehouse.state()["tables"]["signed_up"]["n"] == "integer"
    assert [note.code for note in post(warehouse, {"type": "page"}).notes] == ["invalid_id"]


def test_a_dropped_table_begins_anew(warehouse):
    """As in a database, where a person drops it to change a type."""
    track = {"type": "track", "messageId": "m1", "event": "E", "properties": {"n": 1}}
    post(warehouse, track)
    assert warehouse.act("drop_table", {"name": "e"}, now_ns=0) == {"dropped": "e"}
    post(warehouse, track | {"properties": {"n": "x"}})
    assert warehouse.state()["tables"]["e"]["n"] == "varchar"
    with pytest.raises(VendorStateError, match=r'unknown table "f"\. Known: e, tracks'):
        warehouse.act("drop_table", {"name": "f"}, now_ns=0)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"body": b"{"}, 400),
        ({"body": []}, 400),
        ({"body": {}, "path": "/tables"}, 404),
        ({"body": {}, "method": "PUT"}, 405),
        ({"body": {}, "headers": ()}, 401),
    ],
)
def test_what_is_not_a_call_is_refused(warehouse, given, status):
    """It changes nothing."""
    assert post(warehouse, **given).status == status
    assert warehouse.state() == {"tables": {}}
