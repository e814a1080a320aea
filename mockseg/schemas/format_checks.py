"""Which texts have a format, by the checkers of Segment's library: more than a standard allows.

Go's parsers decide there (format_checkers.go of github.com/xeipuuv/gojsonschema): a date is a
date-time too, and so is a time of day; an address may have a name before it; a URI is whatever has
a scheme. All of them take time linear in the text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Final

from mockseg.schemas.patterns import to_engine
from mockseg.schemas.re2 import Re2Error

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
# Go reads an hour of one digit, and any number of digits after a point or a comma.
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,][0-9]+)?")
_ZONE: Final = re.compile(r"Z|[+-][0-9]{2}:[0-9]{2}").fullmatch
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?").fullmatch
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_DOTTED: Final = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED: Final = r'"(?:[^"\\\r\n]|\\[^\r\n])*"'
_ADDRESS: Final = rf"(?:{_DOTTED}|{_QUOTED})[ \t]*@[ \t]*{_DOTTED}"
_NAMED: Final = rf"(?:[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.\u0080-\U0010ffff \t-]|{_QUOTED})*"
_EMAIL: Final = re.compile(
    rf"[ \t]*(?:{_ADDRESS}|{_NAMED}<{_ADDRESS}>)[ \t]*(?:\([^()\r\n]*\)[ \t]*)*"
).fullmatch
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]").search
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})").search
_USER: Final = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*").fullmatch
_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~[01])*)*").fullmatch
_RELATIVE_POINTER: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)").fullmatch
_HOST: Final = re.compile(
    r"(?:\[[^\]\s]*\]|[A-Za-z0-9._~!$&'()*+,;=<>\"%\u0080-\U0010ffff-]*)(?::[0-9]*)?"
).fullmatch


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    try:
        # Go has a year 0, a leap year like 2000.
        date(int(match[1]) or 2000, int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _is_clock(text: str, *, zoned: bool) -> bool:
    match = _CLOCK.match(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3]) > 59:
        return False
    rest = text[match.end() :]
    return _ZONE(rest) is not None or (not zoned and not rest)


def _is_time(text: str) -> bool:
    return _is_clock(text, zoned=False)


def _is_date_time(text: str) -> bool:
    if text[10:11] == "T":
        return _is_date(text[:10]) and _is_clock(text[11:], zoned=True)
    return _is_date(text) or _is_time(text)


def _is_hostname(text: str) -> bool:
    return len(text) < 256 and all(map(_LABEL, text.split(".")))


def _is_address(text: str) -> bool:
    # Python also takes digits of other scripts, and zones.
    if len(text) > 45 or not text.isascii() or "%" in text:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _url_parts(text: str) -> tuple[str, str] | None:
    """Return scheme and path of a text as Go's url.Parse does; None where it refuses the text.

    The path of what has a scheme and no slash after it is empty.
    """
    before, _, fragment = text.partition("#")
    if "\\" in text or _CONTROL(before) or _BAD_ESCAPE(fragment) or before.startswith(":"):
        return None
    match = _SCHEME.match(before)
    scheme = "" if match is None else match[0]
    path = before[len(scheme) :].partition("?")[0]
    if not path.startswith("/"):
        if scheme:
            return scheme, ""
        # Without a scheme, the first part of a path has no colon.
        return None if ":" in path.partition("/")[0] or _BAD_ESCAPE(path) else ("", path)
    if path.startswith("//") and (scheme or not path.startswith("///")):
        authority, slash, path = path[2:].partition("/")
        user, _, host = authority.rpartition("@")
        if not _USER(user) or not _HOST(host) or _BAD_ESCAPE(authority):
            return None
        path = slash + path
    return None if _BAD_ESCAPE(path) else (scheme, path)


def _is_uri(text: str) -> bool:
    parts = _url_parts(text)
    return parts is not None and bool(parts[0])


def _is_uri_template(text: str) -> bool:
    parts = _url_parts(text)
    if parts is None:
        return False
    # Its import is paid for by those who have such a format.
    from urllib.parse import unquote

    # A brace is open where none that closes comes after it.
    return "{" not in unquote(parts[1]).rpartition("}")[2]


def _is_regex(text: str) -> bool:
    try:
        to_engine(text)
    except Re2Error:
        return False
    return True


ASSERTED: Final[dict[str, Callable[[str], bool]]] = {
    "date-time": _is_date_time,
    "date": _is_date,
    "time": _is_time,
    "email": lambda text: _EMAIL(text) is not None,
    "idn-email": lambda text: _EMAIL(text) is not None,
    "uri": _is_uri,
    "iri": _is_uri,
    "uri-reference": lambda text: _url_parts(text) is not None,
    "iri-reference": lambda text: _url_parts(text) is not None,
    "uri-template": _is_uri_template,
    "regex": _is_regex,
    "json-pointer": lambda text: _POINTER(text) is not None,
    "relative-json-pointer": lambda text: _RELATIVE_POINTER(text) is not None,
    "uuid": lambda text: _UUID(text) is not None,
    "hostname": _is_hostname,
    # A v4 address in a v6 one has a point, so it counts as both.
    "ipv4": lambda text: "." in text and _is_address(text),
    "ipv6": lambda text: ":" in text and _is_address(text),
}

# The other formats of draft-07 and later, which the compiled validator would assert by itself.
NOT_ASSERTED: Final = ("duration", "idn-hostname")


def is_format(name: str, text: str) -> bool:
    """Return whether a text has this format; true for a format that is not asserted."""
    check = ASSERTED.get(name)
    return check is None or check(text)
