"""Timestamps: every form that SDKs send, and the correction of a wrong clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mockseg.domain.timestamps import format_moment, parse_moment, skew_corrected

SECOND = 1_000_000_000
# 2026-01-31T12:00:00Z
NOON = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()) * SECOND


@pytest.mark.parametrize("digits", range(1, 10))
def test_one_to_nine_fraction_digits_are_read(digits):
    """A fraction of any length up to nine digits is kept to the nanosecond."""
    fraction = "123456789"[:digits]
    moment = parse_moment(f"2026-01-31T12:00:00.{fraction}Z")
    assert moment == NOON + int(fraction.ljust(9, "0"))


def test_no_fraction_is_a_whole_second():
    """A timestamp without a fraction is read."""
    assert parse_moment("2026-01-31T12:00:00Z") == NOON


def test_digits_after_the_ninth_are_ignored():
    """A nanosecond is the smallest part there is."""
    assert parse_moment("2026-01-31T12:00:00.123456789987Z") == NOON + 123_456_789


@pytest.mark.parametrize(
    ("text", "shift_seconds"),
    [
        ("2026-01-31T12:00:00+00:00", 0),
        ("2026-01-31T12:00:00-00:00", 0),
        ("2026-01-31T12:00:00+05:30", -19_800),
        ("2026-01-31T12:00:00-08:00", 28_800),
        ("2026-01-31T12:00:00+14:00", -50_400),
        ("2026-01-31T12:00:00-1200", 43_200),
        ("2026-01-31T12:00:00+02", -7_200),
        ("2026-01-31T12:00:00", 0),
        ("2026-01-31T12:00:00z", 0),
        ("2026-01-31t12:00:00Z", 0),
        ("2026-01-31 12:00:00Z", 0),
        ("2026-01-31 12:00:00 +0000", 0),
        ("2026-01-31T12:00Z", 0),
        ("2026-01-31T12:00:00,000Z", 0),
        (" 2026-01-31T12:00:00Z ", 0),
        ("2026-01-31T24:00:00Z", 43_200),
        ("2026-01-31T11:59:60Z", 0),
    ],
)
def test_any_offset_and_spelling_is_read(text, shift_seconds):
    """Offsets with and without a colon, UTC by default, small letters, a space for the T."""
    assert parse_moment(text) == NOON + shift_seconds * SECOND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T12:43:44.010Z", "2026-11-22T12:43:44.010Z"),
        ("2026-11-22T12:43:44.010+00:00", "2026-11-22T12:43:44.010Z"),
        ("2026-11-22T12:43:44.010203+00:00", "2026-11-22T12:43:44.010203Z"),
        ("2026-11-22T14:43:44+02:00", "2026-11-22T12:43:44.000Z"),
        ("2026-11-22T12:43:44.0102030+00:00", "2026-11-22T12:43:44.010203Z"),
        ("2026-11-22T12:43:44.010203040Z", "2026-11-22T12:43:44.01020304Z"),
    ],
    ids=["browser", "python", "python sentAt", "php", "dotnet", "go"],
)
def test_forms_seen_on_the_wire_are_written_as_segment_does(text, expected):
    """What real SDKs send comes out in UTC, with milliseconds or what more there is."""
    moment = parse_moment(text)
    assert moment is not None
    assert format_moment(moment) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        1.5,
        True,
        [],
        {},
        "",
        "yesterday",
        "2026",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-31T25:00:00Z",
        "2026-01-31T24:00:01Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:61Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00ZZ",
        "2026-01-31T12:00:00Z" + " " * 100,
        "\u0662\u0660\u0662\u0666-01-31T12:00:00Z",
        "1700000000",
        # A month without its zero: Segment's own example of a batch has it, and JavaScript and Go
        # refuse it, too.
        "2015-2-02T00:30:12.984Z",
        "2015-2-02",
        # Python reads weeks and days without hyphens; Segment's format has neither.
        "2026-W05-6T12:00:00.000Z",
        "20260131T12:00:00.00000Z",
        "2026-01-31T12:00:00.000+",
    ],
)
def test_what_is_no_timestamp_is_none(value):
    """Everything else is no moment, and no error."""
    assert parse_moment(value) is None


def test_a_date_alone_is_its_midnight():
    """A date without a time is read as midnight in UTC."""
    assert parse_moment("1970-01-02") == 86_400 * SECOND


def test_moments_before_1970_are_read_and_written():
    """A moment before 1970 is negative and comes out as it went in."""
    moment = parse_moment("1969-12-31T23:59:59.500Z")
    assert moment == -SECOND // 2
    assert format_moment(moment) == "1969-12-31T23:59:59.500Z"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (-(10**30), "0001-01-01T00:00:00.000Z"),
        (10**30, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_moment_outside_the_calendar_is_its_nearest_end(moment, expected):
    """A lying clock cannot make a time that nobody can write."""
    assert format_moment(moment) == expected


def test_the_clients_clock_is_corrected_by_its_own_sent_at():
    """Timestamp = receivedAt - (sentAt - originalTimestamp), whatever the client's clock says."""
    wrong = 5_000 * SECOND
    corrected = skew_corrected(
        original_ns=NOON + wrong, sent_ns=NOON + wrong + 3 * SECOND, received_ns=NOON + SECOND
    )
    assert corrected == NOON - 2 * SECOND


def test_without_a_sent_at_the_clients_timestamp_stands():
    """Nothing is corrected when the client does not say when it sent."""
    assert skew_corrected(original_ns=NOON, sent_ns=None, received_ns=NOON + 9) == NOON


def test_without_a_timestamp_a_call_happened_when_it_came():
    """The server's time stands in for a missing timestamp."""
    assert skew_corrected(original_ns=None, sent_ns=NOON, received_ns=NOON + 9) == NOON + 9
