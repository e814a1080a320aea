"""The formats that are asserted, defined once for both validators.

JSON Schema leaves it open whether ``format`` is asserted, and libraries differ in
which formats they know and how strictly. Both validators here call these functions,
so they agree by construction. All of them take time linear in the text.

Asserted: date-time, date, time (RFC 3339), email, uri, uuid, hostname, ipv4, ipv6.
Every other format only annotates, as it does at Segment.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


# Ours, for the envelope's timestamps: as SDKs write them, in years that clocks have.
MOMENT: Final = "mockseg-moment"

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_TIME: Final = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:[Zz]|[+-]([0-9]{2}):([0-9]{2}))\Z"
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_EMAIL_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}\Z")
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
# Above ASCII everything but the no-break space and its C1 neighbours: browsers escape
# such characters, other clients often do not, and Go's parser takes them.
_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%\u00a1-\U0010ffff-]*"
).fullmatch
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _is_date(text: str) -> bool:
    match = _DATE.match(text)
    if match is None:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    match = _TIME.match(text)
    if match is None:
        return False
    offset_fits = match[4] is None or (int(match[4]) < 24 and int(match[5]) < 60)
    # A leap second is written as :60.
    return int(match[1]) < 24 and int(match[2]) < 60 and int(match[3]) <= 60 and offset_fits


def _is_date_time(text: str) -> bool:
    return text[10:11] in {"T", "t"} and _is_date(text[:10]) and _is_time(text[11:])


def _is_hostname(text: str) -> bool:
    return 0 < len(text) <= 253 and all(_LABEL.match(label) for label in text.split("."))


def _is_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    if not at or _EMAIL_LOCAL.match(local) is None:
        return False
    dots_fit = not (local.startswith(".") or local.endswith(".") or ".." in local)
    return dots_fit and _is_hostname(domain)


def _is_uri(text: str) -> bool:
    return _URI(text) is not None and ("%" not in text or _BAD_ESCAPE.search(text) is None)


def _is_address(text: str, *, kind: Callable[[str], object], longest: int) -> bool:
    # Python also takes digits of other scripts, and zones.
    if len(text) > longest or not text.isascii() or "%" in text:
        return False
    try:
        kind(text)
    except ValueError:
        return False
    return True


ASSERTED: Final[dict[str, Callable[[str], bool]]] = {
    "date-time": _is_date_time,
    "date": _is_date,
    "time": _is_time,
    "email": _is_email,
    "uri": _is_uri,
    "uuid": lambda text: _UUID(text) is not None,
    "hostname": _is_hostname,
    "ipv4": partial(_is_address, kind=ipaddress.IPv4Address, longest=15),
    "ipv6": partial(_is_address, kind=ipaddress.IPv6Address, longest=45),
}

# The other formats of draft-07 and later, which the validators would assert by themselves.
NOT_ASSERTED: Final = (
    "duration",
    "idn-email",
    "idn-hostname",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "uri-reference",
    "uri-template",
)


def is_format(name: str, text: str) -> bool:
    """Return whether a text has this format; true for a format that is not asserted."""
    check = ASSERTED.get(name)
    return check is None or check(text)
