"""The one writer of JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from mockseg.junit import Case, junit_xml


def test_counts_are_those_of_the_cases():
    """Each suite counts its tests, failures and skipped cases; two suites may share a name."""
    cases = [
        Case(name="a", classname="c", seconds=1.23456),
        Case(name="b", classname="c", skipped="not here"),
        Case(name="d", classname="c", failure="broken", details="line 1\nline 2", output="said"),
    ]
    root = ET.fromstring(junit_xml("run", [("s", cases), ("s", [])]))  # noqa: S314 - our own
    assert [suite.attrib for suite in root] == [
        {"name": "s", "tests": "3", "failures": "1", "errors": "0", "skipped": "1"},
        {"name": "s", "tests": "0", "failures": "0", "errors": "0", "skipped": "0"},
    ]
    assert [case.get("time") for case in root[0]] == ["1.235", "0", "0"]
    assert root[0][1][0].attrib == {"message": "not here"}
    assert (root[0][2][0].text, root[0][2][1].text) == ("line 1\nline 2", "said")


def test_what_xml_cannot_hold_becomes_an_escape():
    """In names, messages and details alike."""
    evil = "\x1b[2J\x00<&>"
    case = Case(name=evil, classname=evil, failure=evil, details=evil, output=evil)
    text = junit_xml(evil, [(evil, [case])])
    found = ET.fromstring(text)[0][0]  # noqa: S314 - our own
    assert found.get("name") == found[0].text == "\\x1b[2J\\x00<&>"
    assert "\x1b" not in text
