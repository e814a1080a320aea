"""What a user agent says of browser, operating system and device.

The tables know the browsers and systems that people use. A library would know every crawler
and television, and compile a thousand patterns at its first question.
"""

from __future__ import annotations

import dataclasses
import functools
import re

# The first that matches wins: each browser also claims to be those below it.
_FAMILIES = tuple(
    (family, re.compile(pattern))
    for family, pattern in (
        ("Edge", r"\b(?:Edg|EdgA|EdgiOS|Edge)/([0-9.]{1,30})"),
        ("Opera", r"\b(?:OPR|OPT|OPiOS)/([0-9.]{1,30})"),
        ("Opera", r"^Opera/.{0,200}Version/([0-9.]{1,30})"),
        ("Samsung Internet", r"\bSamsungBrowser/([0-9.]{1,30})"),
        ("Yandex Browser", r"\bYaBrowser/([0-9.]{1,30})"),
        ("Firefox", r"\b(?:Firefox|FxiOS)/([0-9.]{1,30})"),
        ("Chrome", r"\b(?:Chrome|CriOS|HeadlessChrome)/([0-9.]{1,30})"),
        ("IE", r"\bMSIE ([0-9.]{1,30})"),
        ("IE", r"\bTrident/.{0,200}\brv:([0-9.]{1,30})"),
        ("Mobile Safari", r"\bVersion/([0-9.]{1,30}) Mobile/[^ ]{1,30} Safari/"),
        ("Safari", r"\bVersion/([0-9.]{1,30}) Safari/"),
    )
)
# Likewise: Android also claims to be Linux, and an iPhone to be like a Mac.
_SYSTEMS = tuple(
    (system, re.compile(pattern))
    for system, pattern in (
        ("Windows Phone", r"\bWindows Phone(?: OS)? ([0-9.]{1,30})"),
        ("Android", r"\bAndroid(?: ([0-9.]{1,30}))?"),
        ("iOS", r"\b(?:iPhone|iPad|iPod)\b.{0,100}? OS ([0-9_]{1,30})"),
        ("iOS", r"\b(?:iPhone|iPad|iPod)\b"),
        ("Mac OS X", r"\bMac OS X(?: ([0-9_.]{1,30}))?"),
        ("Windows", r"\bWindows NT ([0-9.]{1,30})"),
        ("Windows", r"\bWindows\b"),
        ("Chrome OS", r"\bCrOS [^ ]{1,30} ([0-9.]{1,30})"),
        ("Ubuntu", r"\bUbuntu\b"),
        ("Linux", r"\bLinux\b|\bX11\b"),
    )
)
# What is sold as these versions of Windows NT; Windows 11 says that it is 10.0, too.
_WINDOWS = {"10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7", "6.0": "Vista", "5.1": "XP"}
_APPLE = re.compile(r"\b(iPhone|iPad|iPod)\b")
_ANDROID_MODEL = re.compile(r"\bAndroid(?: [0-9.]{1,30})?; ?([^;)]{1,100})")
# What stands in the place of the model where a browser keeps it to itself, or a language does.
_NO_MODEL = re.compile(r"K|Mobile|Tablet|U|rv:.{0,30}|[a-z]{2}(?:[-_][A-Za-z]{2})?")
_TABLET = re.compile(r"\biPad\b|\bTablet\b|\bSilk\b|\bKindle\b")
_MOBILE = re.compile(r"\bMobi|\biPhone\b|\biPod\b|\bWindows Phone\b")
_LONGEST = 1_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class UserAgent:
    """What is known of a client; None where its user agent does not say.

    Attributes:
        browser: family and version, such as ``("Chrome", "120.0.0.0")``.
        os: with its version where there is one: ``iOS 17.0``, ``Windows 10``.
        device_type: ``desktop``, ``mobile`` or ``tablet``.
        device_name: ``iPhone``, ``iPad``, ``Mac`` or the model of an Android device.
    """

    browser: tuple[str, str] | None = None
    os: str | None = None
    device_type: str | None = None
    device_name: str | None = None


def read_user_agent(user_agent: str) -> UserAgent:
    return _read(user_agent[:_LONGEST])


@functools.lru_cache(maxsize=1024)
def _read(user_agent: str) -> UserAgent:
    system, version = _first(_SYSTEMS, user_agent) or ("", "")
    if system == "Windows":
        version = _WINDOWS.get(version, version)
    return UserAgent(
        browser=_first(_FAMILIES, user_agent),
        os=f"{system} {version.replace('_', '.')}".strip() or None,
        device_type=_device_type(user_agent, system),
        device_name=_device_name(user_agent, system),
    )


def _first(
    table: tuple[tuple[str, re.Pattern[str]], ...], user_agent: str
) -> tuple[str, str] | None:
    for name, pattern in table:
        match = pattern.search(user_agent)
        if match is not None:
            version = match[1] if pattern.groups and match[1] else ""
            return name, version.rstrip("._")
    return None


def _device_type(user_agent: str, system: str) -> str | None:
    if not system:
        return None
    if _TABLET.search(user_agent):
        return "tablet"
    if _MOBILE.search(user_agent):
        return "mobile"
    # Android's browsers say "Mobile" on phones, and nothing on tablets.
    return "tablet" if system == "Android" else "desktop"


def _device_name(user_agent: str, system: str) -> str | None:
    if system == "Mac OS X":
        return "Mac"
    found = (_ANDROID_MODEL if system == "Android" else _APPLE).search(user_agent)
    if found is None:
        return None
    model = found[1].partition(" Build/")[0].strip()
    return None if _NO_MODEL.fullmatch(model) else model
