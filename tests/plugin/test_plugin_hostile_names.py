"""Names that would command a terminal or reorder a line, in everything that a run writes."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

_TESTS = r"""
import pytest
from mockseg import track

EVIL = "a\x1b[2J\x9b31m\u202eb\r\x07\u2028c\u200b"

def send_all(segment, send):
    for event in (EVIL, "B" + EVIL):
        send(segment, event, user=EVIL, properties={EVIL: EVIL}, context={EVIL: EVIL})
    send(segment, EVIL, user=None)
    send(segment, EVIL, messageId=EVIL)

def test_teardown(segment, send):
    send_all(segment, send)

@pytest.mark.segment(teardown="warn")
def test_warned(segment, send):
    send_all(segment, send)

@pytest.mark.segment(teardown="off")
@pytest.mark.parametrize("verb", [
    lambda s: s.assert_called(track("A", user_id=EVIL, properties={EVIL: 1}), wait=0),
    lambda s: s.assert_called(track(EVIL, properties={EVIL: 1}), wait=0),
    lambda s: s.assert_not_called(track(EVIL)),
    lambda s: s.assert_called(track(EVIL), times=9, wait=0),
    lambda s: s.assert_all_good(),
    lambda s: s.assert_in_order([track(EVIL + "x"), track(EVIL)]),
    lambda s: s.wait_for(track(EVIL + "x"), timeout=0),
    lambda s: s.calls(track(EVIL), where=EVIL),
    lambda s: s.assert_called(EVIL),
])
def test_verbs(segment, send, verb):
    send_all(segment, send)
    verb(segment)

@pytest.fixture(scope="session")
def kept():
    return []

@pytest.mark.segment(teardown="off")
def test_late(segment, kept):
    kept.append(segment)

def test_sends_late(segment, kept, send):
    send(kept[0], EVIL, user=EVIL)
"""


def unsafe(text: str) -> set[str]:
    """Find what a terminal would obey, and what is not where it seems to be."""
    return {
        char
        for char in text
        if (unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"} and char not in "\n\t")
    }


def test_nothing_that_a_run_writes_obeys_a_client(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    """Terminal, warnings, captured logs, JSON, HTML, JUnit of pytest and of ours, artifacts."""
    pytester.makepyfile(_TESTS)
    names = ("own.json", "own.html", "own.xml")
    reports = [word for name in names for word in ("--mockseg-report", name)]
    folder = ("--mockseg-artifacts", "artifacts", "--junit-xml", "pytest.xml")
    # A plan, so that there are violations, and events that nobody planned.
    plan = ("--mockseg-catalogue", "userguiding")
    result = run(*reports, *folder, *plan, "--tb=short", "-p", "no:xdist", "--color=no")

    result.assert_outcomes(passed=4, failed=9, errors=1, warnings=1)
    assert unsafe(result.stdout.str()) == set()
    assert unsafe(result.stderr.str()) == set()
    written = [*names, "pytest.xml", *(p for p in (pytester.path / "artifacts").iterdir())]
    assert len(written) > len(names) + 1
    for name in written:
        text = (pytester.path / name).read_text("utf-8")
        assert unsafe(text) == set(), name
    assert "[2J" in result.stdout.str()
    json.loads((pytester.path / "own.json").read_text("utf-8"))
    ET.parse(pytester.path / "own.xml")  # noqa: S314 - written by us
