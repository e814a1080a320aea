"""What a user agent names: the browser, the operating system, the device."""

from __future__ import annotations

import pytest

from mockseg.destinations.userengage.user_agent import read_user_agent

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"
CHROME = f"{KIT} Chrome/120.0.0.0"


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
    assert read_user_agent(user_agent).browser == browser


@pytest.mark.parametrize(
    ("inside", "os", "device_type", "device_name"),
    [
        ("Macintosh; Intel Mac OS X 10_15_7", "Mac OS X 10.15.7", "desktop", "Mac"),
        ("Windows NT 10.0; Win64; x64", "Windows 10", "desktop", None),
        ("Windows NT 6.1; WOW64", "Windows 7", "desktop", None),
        ("X11; Linux x86_64", "Linux", "desktop", None),
        ("X11; Ubuntu; Linux x86_64; rv:120.0", "Ubuntu", "desktop", None),
        ("X11; CrOS x86_64 14541.0.0", "Chrome OS 14541.0.0", "desktop", None),
        ("iPhone; CPU iPhone OS 17_0_1 like Mac OS X", "iOS 17.0.1", "mobile", "iPhone"),
        ("iPad; CPU OS 16_6 like Mac OS X", "iOS 16.6", "tablet", "iPad"),
        ("Linux; Android 13; Pixel 7", "Android 13", "mobile", "Pixel 7"),
        ("Linux; Android 13; SM-G991B Build/TP1A.220624.014", "Android 13", "mobile", "SM-G991B"),
        ("Linux; Android 10; K", "Android 10", "mobile", None),
        ("Android 14; Mobile; rv:120.0", "Android 14", "mobile", None),
    ],
)
def test_systems_and_devices(inside, os, device_type, device_name):
    """The first part in parentheses; phones also say that they are mobile."""
    mobile = " Mobile" if device_type == "mobile" else ""
    found = read_user_agent(f"Mozilla/5.0 ({inside}) {CHROME}{mobile} Safari/537.36")
    assert (found.os, found.device_type, found.device_name) == (os, device_type, device_name)


def test_an_android_device_that_does_not_say_mobile_is_a_tablet():
    """So its browsers tell phones and tablets apart."""
    found = read_user_agent(f"Mozilla/5.0 (Linux; Android 12; SM-X700) {CHROME} Safari/537.36")
    assert (found.device_type, found.device_name) == ("tablet", "SM-X700")


@pytest.mark.parametrize("user_agent", ["okhttp/4.9.3", "", "analytics-node/2.1.0"])
def test_a_library_has_no_device(user_agent):
    """A server's user agent names neither system nor device."""
    found = read_user_agent(user_agent)
    assert (found.os, found.device_type, found.device_name) == (None, None, None)


@pytest.mark.parametrize(
    "part", ["Windows Phone ", "iPhone OS ", "Android 1; ", "Trident/ rv:", "CrOS x ", "Version/1"]
)
def test_a_hostile_user_agent_takes_no_time(part):
    """Only its beginning is looked at, and no pattern looks at it twice."""
    assert read_user_agent(part * 100_000) is read_user_agent(part * 200_000)
