"""Objects become columns, and values have one of five types."""

from __future__ import annotations

import pytest

from mockseg.warehouse.values import LONGEST_NAME, cast, flatten, type_of


@pytest.mark.parametrize(
    ("sent", "columns"),
    [
        ({"a": {"b": {"cD": 1}}}, {"a_b_c_d": 1}),
        ({"a": [1, {"b": None}], "e": []}, {"a": '[1,{"b":null}]', "e": "[]"}),
        ({"a": {"b": [{"c": "é<"}]}}, {"a_b": '[{"c":"é<"}]'}),
        ({"a": None, "b": {}, "c": ""}, {"c": ""}),
        ({"first": {"name": 1}, "firstName": 2, "first_name": 3}, {"first_name": 3}),
        ({"firstName": 2, "FirstName": 1}, {"first_name": 2}),
        ({"日本": {"a": 1}, "🎉": 2}, {"a": 1, "": 2}),
        ({"where": {"__type": "x"}}, {"where_type": "x"}),
    ],
)
def test_objects_are_flattened_and_arrays_become_json(sent, columns):
    """Keys are visited in the order of their bytes, and the last of two with one name wins."""
    assert flatten(sent) == columns


def test_a_context_has_its_prefix():
    """``context.app.version`` is ``context_app_version``."""
    assert flatten({"app": {"version": "1"}}, prefix="context") == {"context_app_version": "1"}


def test_deep_objects_do_not_make_endless_names():
    """A name is cut while it grows, however deep a client nests."""
    deep = {"a": 1}
    for _ in range(2000):
        deep = {"abc": deep}
    ((name, value),) = flatten(deep).items()
    assert (len(name), value) == (LONGEST_NAME + 1, 1)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (True, "boolean"),
        (1, "integer"),
        (1.5, "float"),
        ("1", "varchar"),
        ("", "varchar"),
        ("2026-01-31T12:00:00.000Z", "timestamp"),
        ("2026-01-31T12:00:00+01:00", "timestamp"),
        ("2026-01-31T12:00Z", "timestamp"),
        ("2026-01-31", "varchar"),
        ("2026-01-31T12:00:00", "varchar"),
        ("2026-13-31T12:00:00Z", "varchar"),
        ("12:00:00Z", "varchar"),
    ],
)
def test_the_first_value_sets_the_type(value, type_):
    """Texts with date, time and zone are timestamps; numbers in texts stay texts."""
    assert type_of(value, dates="zoned") == type_


def test_dates_without_time_or_zone_are_timestamps_on_demand():
    """``dates="any"`` is the other reading of "ISO dates"."""
    assert type_of("2026-01-31", dates="any") == "timestamp"
    assert type_of("2026-01-31 12:00", dates="any") == "timestamp"
    assert type_of("soon", dates="any") == "varchar"


@pytest.mark.parametrize(
    ("value", "type_", "cell"),
    [
        (10.75, "integer", 10),
        (-10.75, "integer", -10),
        ("12", "integer", 12),
        ("12.9", "integer", 12),
        ("twelve", "integer", None),
        (True, "integer", None),
        (2**63, "integer", None),
        (-(2**63), "integer", -(2**63)),
        (1, "float", 1.0),
        ("1.5", "float", 1.5),
        ("1e999", "float", None),
        (10**400, "float", None),
        ("0" * 500, "float", None),
        (False, "float", None),
        ("TRUE", "boolean", True),
        ("yes", "boolean", None),
        (1, "boolean", None),
        (False, "boolean", False),
        ("soon", "timestamp", None),
        (5, "timestamp", None),
        ("2026-01-31", "timestamp", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T12:00:00.1234567+01:00", "timestamp", "2026-01-31T11:00:00.123Z"),
        (True, "varchar", "true"),
        (5, "varchar", "5"),
        (1.5, "varchar", "1.5"),
        ("a\0b", "varchar", "ab"),
    ],
)
def test_later_values_are_cast_to_the_type(value, type_, cell):
    """What cannot be cast is missing; a fraction in an integer column is cut."""
    found = cast(value, type_)
    assert (found, type(found)) == (cell, type(cell))


def test_texts_can_be_cut_like_redshifts():
    """``text_limit`` counts characters."""
    assert cast("é" * 600, "varchar", text_limit=512) == "é" * 512
