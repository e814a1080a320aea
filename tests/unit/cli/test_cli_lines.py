"""Moments as commands write them: local with offset, UTC when asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mockseg.cli.lines import Times

if TYPE_CHECKING:
    from collections.abc import Iterator

# 2026-07-01T21:30:00.123456Z, which is the next day in Kathmandu and Berlin stays behind.
EVENING_NS = 1_782_941_400_123_456_000


@pytest.fixture(name="zone")
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The local time zone, for this test."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of a process cannot be set here")
    name: str = request.param
    with monkeypatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        yield name
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "23:30:00.123 +02:00"),
        ("Asia/Kathmandu", "03:15:00.123 +05:45"),
        ("America/St_Johns", "19:00:00.123 -02:30"),
        ("UTC", "21:30:00.123 +00:00"),
    ],
    indirect=["zone"],
)
@pytest.mark.usefixtures("zone")
def test_a_time_is_local_with_its_offset(shown: str) -> None:
    """Of a moment and of its ISO 8601, with whole milliseconds."""
    times = Times(now_ns=EVENING_NS)
    assert times.show("2026-07-01T21:30:00.123456Z") == shown


@pytest.mark.parametrize("zone", ["Asia/Kathmandu"], indirect=True)
@pytest.mark.usefixtures("zone")
def test_another_day_is_named_by_the_local_calendar() -> None:
    """What is today here may be yesterday in UTC."""
    times = Times(now_ns=EVENING_NS)
    assert times.show("2026-07-01T18:14:59.000Z") == "2026-07-01 23:59:59.000 +05:45"
    assert times.show("2026-07-01T18:15:00.000Z") == "00:00:00.000 +05:45"
    assert times.show("2026-07-02T18:15:00.000Z") == "2026-07-03 00:00:00.000 +05:45"


@pytest.mark.parametrize("zone", ["Europe/Berlin"], indirect=True)
@pytest.mark.usefixtures("zone")
def test_an_offset_is_that_of_its_moment() -> None:
    """Not that of now: winter's times have winter's offset."""
    shown = Times(now_ns=EVENING_NS).show("2026-01-01T12:00:00.000Z")
    assert shown == "2026-01-01 13:00:00.000 +01:00"


@pytest.mark.parametrize("zone", ["Europe/Berlin"], indirect=True)
@pytest.mark.usefixtures("zone")
def test_utc_can_be_asked_for() -> None:
    """Times and days are those of UTC then, and say so."""
    times = Times(utc=True, now_ns=EVENING_NS)
    assert times.show("2026-07-01T21:30:00.123Z") == "21:30:00.123 UTC"
    assert times.show("2026-06-30T23:59:59.999Z") == "2026-06-30 23:59:59.999 UTC"


@pytest.mark.parametrize("zone", ["Asia/Kathmandu"], indirect=True)
@pytest.mark.usefixtures("zone")
def test_a_moment_outside_the_calendar_stays_as_it_is() -> None:
    """A source's clock can be set to the end of time; a line is shown all the same."""
    times = Times(now_ns=EVENING_NS)
    assert times.show("9999-12-31T23:59:59.999Z") == "9999-12-31T23:59:59.999Z"
    assert times.show("no time") == "no time"
