"""Timestamps as SDKs write them: 0 to 9 fraction digits, any offset, kept to the nanosecond.

A moment is an ``int``: nanoseconds since 1970-01-01T00:00:00Z, negative before.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

from mockseg.clock import NANOSECONDS

_EPOCH_DAY = date(1970, 1, 1).toordinal()

# Every part has a bounded length, so the match is linear. Segment documents ISO 8601;
# seen on the wire: `Z` with milliseconds, `+00:00` with microseconds (Python), whole
# seconds with a local offset (PHP), seven digits (.NET), nine (Go).
_ISO_8601 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9})[0-9]{0,9})?)?"
    r"\s?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


def parse_moment(text: object) -> int | None:
    """Read an ISO 8601 timestamp as a moment; None for any other value.

    Without an offset it is UTC; without a time it is midnight.
    """
    return _moment(text) if isinstance(text, str) and len(text) <= 64 else None


# A batch has one sentAt for all of its calls.
@lru_cache(maxsize=256)
def _moment(text: str) -> int | None:
    if len(text) == 24 and text[7] == "-" and text[10:20:9] == "T." and text[23] == "Z":
        # As most SDKs write it, and Segment itself; what is wrong with it is looked at below.
        usual = _usual(text)
        if usual is not None:
            return usual
    match = _ISO_8601.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    # 24:00 and leap seconds are legal ISO 8601 and name the first moment after.
    if hours > 24 or minutes > 59 or seconds > 60 or (hours == 24 and (minutes or seconds)):
        return None
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds - _offset_seconds(zone)
    return total * NANOSECONDS + int((fraction or "0").ljust(9, "0"))


# A batch has one receivedAt for all of its calls.
@lru_cache(maxsize=256)
def format_moment(moment_ns: int) -> str:
    """Write a moment as Segment does, in UTC: milliseconds, or more digits where it has them."""
    seconds, nanoseconds = divmod(moment_ns, NANOSECONDS)
    try:
        second = _second(seconds)
    except (ValueError, OverflowError):
        # A lying sentAt can put the corrected time outside the calendar: its nearest end.
        return "0001-01-01T00:00:00.000Z" if seconds < 0 else "9999-12-31T23:59:59.999Z"
    milliseconds, more = divmod(nanoseconds, 1_000_000)
    if more:
        return f"{second}.{milliseconds:03d}{f'{more:06d}'.rstrip('0')}Z"
    return f"{second}.{milliseconds:03d}Z"


def skew_corrected(*, original_ns: int | None, sent_ns: int | None, received_ns: int) -> int:
    """Return the time at which a call happened, by the server's clock.

    Source: the Spec, "Timestamps": timestamp = receivedAt - (sentAt - originalTimestamp).
    The Spec is silent about missing ones; then the client's timestamp stands as it is
    when sentAt is missing, and receivedAt when the timestamp is.
    """
    if original_ns is None:
        return received_ns
    if sent_ns is None:
        return original_ns
    return received_ns - (sent_ns - original_ns)


def _usual(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    days = moment.toordinal() - _EPOCH_DAY
    seconds = (days * 24 + moment.hour) * 3600 + moment.minute * 60 + moment.second
    return seconds * NANOSECONDS + moment.microsecond * 1000


# Calls come at much the same time, many a second.
@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    day = date.fromordinal(days + _EPOCH_DAY).isoformat()
    return f"{day}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def _offset_seconds(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    sign = -1 if zone[0] == "-" else 1
    minutes = zone[3:].lstrip(":") or "0"
    return sign * (int(zone[1:3]) * 3600 + int(minutes) * 60)
