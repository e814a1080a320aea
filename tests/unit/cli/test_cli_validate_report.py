"""`mockseg validate`: what it reads, what it prints, how it ends."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from mockseg.catalogue.samples import sample
from mockseg.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVENT = "guide started (userguiding)"
GOOD = sample(EVENT)
BAD = GOOD | {"properties": GOOD["properties"] | {"guideId": True}}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CATALOGUE", "PLAN", "STRICTNESS", "PROTOCOLS", "CONFIG"):
        monkeypatch.delenv(f"MOCKSEG_{name}", raising=False)


def validated(capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    """Validate the file and give the report, which always agrees with the exit status."""
    status = run(["validate", "f.ndjson", "--json", *flags])
    out, err = capsys.readouterr()
    assert err == ""
    report: dict[str, Any] = json.loads(out)
    assert status == (1 if report["bad"] else 0)
    return report


def codes(report: dict[str, Any]) -> list[list[str]]:
    """Give the codes of each bad message that is shown."""
    return [[finding["code"] for finding in bad["findings"]] for bad in report["shown"]]


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b'"text"',
        b"42",
        b"null",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b'{"batch":' + b"[" * 5000,
        b'{"type":"track"',
        b'{"batch":[nonsense]}',
        b'{"n":1e999}',
    ],
)
def test_a_broken_line_is_a_finding_with_its_number(
    line: bytes, write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are judged all the same."""
    write(GOOD, line, GOOD)

    report = validated(capsys)

    assert (report["lines"], report["messages"], report["good"]) == (3, 3, 2)
    assert [(bad["line"], bad["verdict"]) for bad in report["shown"]] == [(2, "rejected")]
    assert codes(report) == [["bad_request"]]


def test_duplicates_are_findings_when_asked(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The first stays good, the later ones say where it was; no id is never the same id."""
    one = GOOD | {"messageId": "m1"}
    write(one, GOOD, {"batch": [one, GOOD, GOOD | {"messageId": "m2"}]}, one)

    assert validated(capsys)["bad"] == 0

    report = validated(capsys, "--duplicates")
    assert [(bad["line"], bad["index"]) for bad in report["shown"]] == [(3, 0), (4, None)]
    assert codes(report) == [["duplicate_message_id"]] * 2
    assert report["shown"][1]["explanation"] == [
        'duplicate_message_id: messageId "m1" was on line 1 before'
    ]


def test_a_duplicate_within_one_line_is_a_finding_too(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A batch may carry one id twice."""
    one = GOOD | {"messageId": "m1"}
    write({"batch": [one, one]})

    report = validated(capsys, "--duplicates")

    assert (report["good"], report["bad"]) == (1, 1)
    assert codes(report) == [["duplicate_message_id"]]


def test_only_so_many_are_shown_and_all_are_counted(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """--limit-shown, 20 by default, also none."""
    write(*[BAD] * 30)

    for flags, shown in (((), 20), (("--limit-shown", "3"), 3), (("--limit-shown", "0"), 0)):
        report = validated(capsys, "--catalogue", "userguiding", *flags)
        assert (len(report["shown"]), report["notShown"]) == (shown, 30 - shown)
        assert (report["bad"], report["byCode"]) == (30, {"invalid_type": 30})
    assert run(["validate", "f.ndjson", "--limit-shown", "0", "--catalogue", "userguiding"]) == 1
    assert capsys.readouterr().out.startswith("... and 30 more with findings (--limit-shown")


def test_what_was_sent_cannot_command_the_terminal(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters are shown as escapes, in the report and in JUnit."""
    evil = "\x1b[2J\r\x00\u202e]]>&<"
    write({"type": "track", "event": evil, "userId": evil, "properties": {evil: evil}})

    assert run(["validate", "f.ndjson", "--catalogue", "candu", "--junit", "j.xml"]) == 1

    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.splitlines())
    assert "\\x1b[2J" in out
    assert "\\x1b[2J" in ET.parse("j.xml").getroot()[0][0].attrib["name"]  # noqa: S314 - ours


def test_junit_has_a_case_for_each_event(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Failed when a message of it is bad; the counts agree."""
    write(GOOD, BAD, sample("guide completed (userguiding)"), b"nonsense")

    assert run(["validate", "f.ndjson", "--catalogue", "userguiding", "--junit", "j.xml"]) == 1

    assert "4 messages" in capsys.readouterr().out
    (suite,) = ET.parse("j.xml").getroot()  # noqa: S314 - ours
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("3", "2")
    assert [(case.attrib["name"], [each.attrib["message"] for each in case]) for case in suite] == [
        (f'track "{EVENT}"', ["1 of 2 bad"]),
        ('track "guide completed (userguiding)"', []),
        ("no call", ["1 of 1 bad"]),
    ]
    assert "line 2\n  invalid_type: properties.guideId" in (suite[0][0].text or "")


@pytest.mark.parametrize("name", ["f.ndjson.gz", "-"])
def test_gzip_by_name_and_standard_input(
    name: str,
    write: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same report as of a plain file."""
    if name == "-":
        content = json.dumps(BAD).encode() + b"\n"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    else:
        write(BAD, name=name)

    assert run(["validate", name, "--catalogue", "userguiding", "--json"]) == 1

    report = json.loads(capsys.readouterr().out)
    assert (report["file"], codes(report)) == (name, [["invalid_type"]])


def test_an_empty_file_is_not_good(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was judged, which is said, exit 1; --allow-empty allows it."""
    write()

    assert run(["validate", "f.ndjson"]) == 1
    out, err = capsys.readouterr()
    assert "0 messages on 0 lines" in out
    assert "f.ndjson has no messages, so nothing was judged" in err
    assert run(["validate", "f.ndjson", "--allow-empty"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument"),
        (["none.ndjson"], "cannot read none.ndjson: No such file or directory"),
        (["half.gz"], "cannot read half.gz: Compressed file ended"),
        (["f.ndjson", "--catalogue", "userguidin"], 'did you mean "userguiding"?'),
        (["f.ndjson", "--strictness", "stict"], 'did you mean "strict"'),
        (["f.ndjson", "--plan", "none.json"], "none.json: cannot be read"),
        (["f.ndjson", "--plan", "f.ndjson"], "allowed is Segment's"),
        (["f.ndjson", "--protocols", "none.json"], "protocols: cannot read none.json"),
        (["f.ndjson", "--limit-shown", "-1"], "-1 is not in the range"),
        (["f.ndjson", "--junit", "-"], "--junit needs a file"),
        (["f.ndjson", "--junit", "no/where.xml"], "cannot write no/where.xml"),
        (["f.ndjson", "--catalog", "x"], "unknown option"),
    ],
)
def test_usage_errors_are_one_sentence_and_exit_2(
    arguments: list[str],
    said: str,
    write: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """What is wrong and what is allowed; never a traceback."""
    write(GOOD)
    (tmp_path / "half.gz").write_bytes(gzip.compress(b"{}")[:-9])

    assert run(["validate", *arguments]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "internal error" not in err


def test_a_large_file_is_streamed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Memory does not grow with the file: every event of it is new, and every one is bad."""
    padding = "x" * 500
    with gzip.open(tmp_path / "f.ndjson.gz", "wt", compresslevel=1) as file:
        for number in range(20_000):
            properties = {"n": number, "text": f"{number}{padding}"}
            message = {"type": "track", "event": f"event {number}", "messageId": f"m{number}"}
            file.write(json.dumps(message | {"properties": properties}) + "\n")
    (tmp_path / "few.ndjson").write_text(json.dumps(GOOD) + "\n")
    # What is loaded once is no matter of the file.
    assert run(["validate", "few.ndjson", "--json"]) == 0
    capsys.readouterr()

    tracemalloc.start()
    try:
        flags = ["--json", "--duplicates", "--junit", "j.xml"]
        status = run(["validate", "f.ndjson.gz", *flags])
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    report = json.loads(capsys.readouterr().out)
    assert (status, report["messages"], report["bad"]) == (1, 20_000, 20_000)
    assert peak_bytes < 8 * 1024 * 1024


def test_a_bar_is_drawn_on_a_terminal(
    write: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On standard error, by lines; the report is the same."""
    write({"batch": [GOOD, GOOD]}, GOOD)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    assert run(["validate", "f.ndjson", "--catalogue", "userguiding"]) == 0

    out, err = capsys.readouterr()
    assert out.startswith("f.ndjson: 3 messages on 2 lines: 3 good")
    assert "2/2" in err


def test_help_tells_forms_and_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    """What a file may hold, and what the exit status means."""
    assert run(["validate", "--help"]) == 0

    out = " ".join(capsys.readouterr().out.split())
    assert "messages, exported calls, batches, or raw events of Segment's archive" in out
    assert "Exit 1 when something is bad, or when there was nothing to judge." in out
    assert "[MOCKSEG_CATALOGUE; none]" in out
