"""The browser that a user agent names."""

from __future__ import annotations

import pytest

from mockseg.destinations.userengage.mapping import browser_of

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"


@pytest.mark.parametrize(
    ("user_agent", "browser"),
    [
        (f"{MAC} {KIT} Chrome/120.0.0.0 Safari/537.36", ("Chrome", "120.0.0.0")),
        (f"{MAC} {KIT} Chrome/120.0.0.0 Safari/537.36 Edg/120.0.1", ("Edge", "120.0.1")),
        (f"{MAC} {KIT} Chrome/119.0 Safari/537.36 OPR/105.0", ("Opera", "105.0")),
        (f"{MAC} {KIT} SamsungBrowser/23.0 Chrome/115.0 Safari/537", ("Samsung Internet", "23.0")),
        (f"{MAC} AppleWebKit/605.1.15 Version/17.1 Safari/605.1.15", ("Safari", "17.1")),
        (f"{IPHONE} Version/17.0 Mobile/15E148 Safari/604.1", ("Mobile Safari", "17.0")),
        (f"{IPHONE} CriOS/119.0 Mobile/15E148 Safari/604.1", ("Chrome", "119.0")),
        ("Mozilla/5.0 (X11; rv:120.0) Gecko/20100101 Firefox/120.0", ("Firefox", "120.0")),
        ("Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko", ("IE", "11.0")),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)", ("IE", "8.0")),
        ("Opera/9.80 (Windows NT 6.1) Presto/2.12 Version/12.16", ("Opera", "12.16")),
        ("okhttp/4.9.3", None),
        ("", None),
    ],
)
def test_the_common_families(user_agent, browser):
    """Each claims to be others, too; the most particular one counts."""
    assert browser_of(user_agent) == browser
