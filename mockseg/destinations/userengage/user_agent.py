"""The browser that a user agent names, for the common families."""

from __future__ import annotations

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
_LONGEST = 1_000


def browser_of(user_agent: str) -> tuple[str, str] | None:
    """Give family and version (``("Chrome", "120.0.0.0")``), or None for another client."""
    return _browser(user_agent[:_LONGEST])


@functools.lru_cache(maxsize=1024)
def _browser(user_agent: str) -> tuple[str, str] | None:
    for family, pattern in _FAMILIES:
        match = pattern.search(user_agent)
        if match is not None:
            return family, match[1].rstrip(".")
    return None
