"""Calls as rows: which tables they are in, with which columns, and what is lost."""

from __future__ import annotations

import pytest

from mockseg.warehouse import loader as loading
from mockseg.warehouse import tables as growing
from mockseg.warehouse.loader import excluded

BASE = ["id", "received_at", "uuid_ts"]


def test_a_track_has_a_row_in_tracks_and_in_its_own_table(loaded):
    """``tracks`` has no properties; both rows have the context and the id of the message."""
    loaded.load(
        event="Signed Up",
        userId="u1",
        anonymousId="a1",
        sentAt="2026-01-31T12:00:00Z",
        originalTimestamp="2026-01-31T11:59:59Z",
        properties={"planName": "Pro"},
        context={"page": {"url": "x"}},
    )
    standard = ["event", "event_text", "original_timestamp", "sent_at", "timestamp", "user_id"]
    columns = sorted(["anonymous_id", "context_page_url", *standard])
    assert loaded.columns("tracks") == BASE + columns
    assert loaded.columns("signed_up") == BASE + sorted([*columns, "plan_name"])
    assert loaded.rows(
        "SELECT t.event, t.event_text, s.plan_name, s.uuid_ts, s.received_at, s.sent_at"
        " FROM tracks t JOIN signed_up s USING (id)"
    ) == [
        (
            "signed_up",
            "Signed Up",
            "Pro",
            "2026-01-31T13:00:00.000Z",
            "2026-01-31T12:00:00.000Z",
            "2026-01-31T12:00:00.000Z",
        )
    ]


def test_columns_come_with_their_first_value(loaded):
    """A later column is the last one; older rows have no value there."""
    loaded.load(properties={"z": 1, "b": None})
    loaded.load(properties={"a": 2})
    assert loaded.columns("e")[-1] == "a"
    assert "b" not in loaded.columns("e")
    assert loaded.rows("SELECT z, a FROM e ORDER BY id") == [(1, None), (None, 2)]


def test_users_have_the_latest_traits(loaded):
    """Traits that are not sent, or sent as null, keep their value; context is there, too."""
    loaded.load("identify", userId="u1", traits={"a": 1, "b": "x"}, context={"ip": "1"})
    loaded.load("identify", userId="u1", traits={"a": None, "b": "y"}, receivedAt="2026-02-01")
    loaded.load("identify", userId="u2", traits={"a": 3})
    assert loaded.rows("SELECT id, a, b, context_ip FROM users ORDER BY id") == [
        ("u1", 1, "y", "1"),
        ("u2", 3, None, None),
    ]
    assert loaded.columns("users") == [*BASE, "a", "b", "context_ip"]
    assert loaded.rows("SELECT received_at FROM users WHERE id = 'u1'") == [
        ("2026-02-01T00:00:00.000Z",)
    ]


def test_a_repeated_identify_changes_no_user(loaded):
    """The second call with an id is not loaded, whatever it says."""
    loaded.load("identify", userId="u1", traits={"a": 1}, messageId="same")
    loaded.load("identify", userId="u1", traits={"a": 2}, messageId="same")
    assert loaded.rows("SELECT a FROM identifies UNION ALL SELECT a FROM users") == [(1,), (1,)]


def test_accounts_have_who_changed_them_last(loaded):
    """``user_id`` is a column of accounts, ``group_id`` one of groups."""
    loaded.load("group", groupId="g1", userId="u1", traits={"plan": "a"})
    loaded.load("group", groupId="g1", userId="u2")
    loaded.load("group", userId="u3", traits={"plan": "b"})
    assert loaded.rows("SELECT id, plan, user_id FROM accounts") == [("g1", "a", "u2")]
    assert loaded.rows("SELECT group_id FROM groups") == [("g1",), ("g1",), (None,)]


def test_pages_have_their_name_wherever_it_was_sent(loaded):
    """SDKs write name and category into the properties, too; the outer ones win."""
    loaded.load("page", name="Outer", properties={"name": "Inner", "category": "Docs"})
    loaded.load("screen", properties={"name": "Inner", "event": "x"})
    assert loaded.rows("SELECT name, category FROM pages") == [("Outer", "Docs")]
    assert loaded.rows("SELECT name, event FROM screens") == [("Inner", "x")]


def test_ids_are_texts(loaded):
    """A userId that was sent as a number is a text, a trait of that name in the context is not."""
    loaded.load(userId=5, context={"traits": {"userId": 5}})
    assert loaded.rows("SELECT user_id, context_traits_user_id FROM tracks") == [("5", 5)]


def test_segments_own_columns_win(loaded):
    """``id`` and ``uuid`` get an underscore; other names of Segment's columns are dropped."""
    loaded.load(
        userId="u1",
        properties={
            "id": 1,
            "uuid": 2,
            "userId": "other",
            "user": {"id": "other"},
            "timestamp": 3,
            "Event": 4,
            "order": 5,
            "context_ip": "sent",
            "context_app": "sent",
        },
        context={"ip": "real"},
    )
    assert loaded.rows("SELECT _id, _uuid, user_id, event, _order, context_ip FROM e") == [
        (1, 2, "u1", "e", 5, "real")
    ]
    assert loaded.rows("SELECT context_app FROM e") == [("sent",)]
    assert sorted(loaded.losses) == [
        ("reserved_column", "e", "event", 1),
        ("reserved_column", "e", "timestamp", 1),
        ("reserved_column", "e", "user_id", 1),
    ]


def test_what_has_no_name_or_the_wrong_type_is_reported(loaded):
    """Nothing is lost in silence."""
    loaded.load(event="🎉", properties={"a": 1})
    loaded.load(properties={"日本": 1, "n": 1, "at": "2026-01-31T12:00:00Z"})
    loaded.load(properties={"n": "x", "at": "soon"})
    loaded.load(properties={"n": "y"}, originalTimestamp="never")
    assert sorted(loaded.losses) == [
        ("empty_name", "e", "", 1),
        ("empty_name", "tracks", "event", 1),
        ("failed_cast", "e", "at", 1),
        ("failed_cast", "e", "n", 2),
        ("failed_cast", "e", "original_timestamp", 1),
        ("failed_cast", "tracks", "original_timestamp", 1),
    ]
    assert loaded.rows("SELECT event, event_text FROM tracks WHERE id = 'm1'") == [(None, "🎉")]


def test_a_row_without_a_usable_id_is_reported(loaded):
    """Segment's column for it has 1,024 characters."""
    loaded.load("identify", userId="u" * 1025, traits={"a": 1})
    loaded.load("identify", userId="u1", messageId="")
    assert loaded.losses == [
        ("invalid_id", "users", "id", 1),
        ("invalid_id", "identifies", "id", 1),
    ]
    assert list(loaded.loader.tables.columns) == ["identifies"]


def test_tables_and_columns_are_bounded(loaded, monkeypatch):
    """What exceeds the maximum is missing, and reported."""
    monkeypatch.setattr(growing, "MOST_COLUMNS", 8)
    monkeypatch.setattr(growing, "MOST_TABLES", 2)
    loaded.load(properties={f"p{n}": n for n in range(9)})
    loaded.load(event="Other")
    assert len(loaded.columns("e")) == 8
    assert loaded.losses == [("too_many_columns", "e", "", 7), ("too_many_tables", "", "", 1)]
    assert loaded.rows("SELECT COUNT(*) FROM tracks") == [(2,)]


def test_losses_are_bounded(loaded, monkeypatch):
    """Of the later ones only the number is known."""
    monkeypatch.setattr(loading, "MOST_LOSSES", 1)
    for name in ("userId", "userId", "event"):
        loaded.load(properties={name: 1})
    assert loaded.losses == [("reserved_column", "e", "user_id", 2)]
    assert loaded.loader.more_losses == 1


def test_long_and_taken_names_are_changed_and_reported(loaded):
    """SQLite keeps ``sqlite_`` for itself; no name has more than 300 characters."""
    loaded.load(event="sqlite master", properties={"p" * 400: 1})
    (name,) = [name for name in loaded.columns("_sqlite_master") if name.startswith("p")]
    assert len(name) == 300
    assert loaded.rows("SELECT event FROM tracks") == [("sqlite_master",)]
    assert {loss[:2] for loss in loaded.losses} == {("cut_name", "_sqlite_master")}


@pytest.mark.parametrize(
    ("rule", "id_", "out"),
    [
        (False, "", True),
        (True, "", False),
        ({"all": False}, "", True),
        ({"all": True}, "", False),
        ({}, "", False),
        ({"All": False}, "", False),
        ({"warehouseIds": ["w1"]}, "", True),
        ({"warehouseIds": ["w1"]}, "w1", False),
        ({"warehouseIds": ["w1"], "all": False}, "w1", False),
        ({"warehouseIds": []}, "w1", True),
        ("no", "", False),
    ],
)
def test_only_the_key_warehouses_keeps_a_call_out(rule, id_, out):
    """``All`` and other destinations mean nothing to a warehouse."""
    integrations = {"All": False, "Mixpanel": False, "Warehouses": rule}
    assert excluded({"integrations": integrations}, id_) is out
    assert excluded({"integrations": {"All": False}}, id_) is False
    assert excluded({}, id_) is False


def test_options_decide_what_segment_does_not_document(make_loaded):
    """Dates and the length of texts."""
    loaded = make_loaded(dates="any", text_limit=3)
    loaded.load(userId="user-1", properties={"at": "2026-01-31", "text": "long text"})
    assert loaded.rows("SELECT at, text, user_id FROM e") == [
        ("2026-01-31T00:00:00.000Z", "lon", "user-1")
    ]
