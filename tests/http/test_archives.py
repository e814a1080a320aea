"""Raw events of Segment, from its archive in S3 and its debugger: imported, judged, replayed."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from mockseg.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mockseg.server import MockSegment

Folder: TypeAlias = "Callable[..., Path]"


def event(number: int, **members: Any) -> dict[str, Any]:
    """Make an event as Segment's archive has it."""
    return {
        "_metadata": {"bundled": ["Segment.io"], "unbundled": [], "bundledIds": []},
        "anonymousId": "anon-1",
        "channel": "server",
        "context": {"ip": "203.0.113.7", "library": {"name": "analytics-node", "version": "2"}},
        "event": f"E{number}",
        "integrations": {},
        "messageId": f"m{number}",
        "originalTimestamp": "2015-09-02T01:00:00.000-0400",
        "projectId": "src1",
        "properties": {"n": number},
        "receivedAt": "2015-09-02T05:00:03.000Z",
        "sentAt": "2015-09-02T05:00:02.000Z",
        "timestamp": "2015-09-02T05:00:01.000Z",
        "type": "track",
        "userId": "u1",
        "version": 2,
        **members,
    }


@pytest.fixture(name="server")
def _server(cli_server: MockSegment) -> MockSegment:
    """A server that the commands find by themselves."""
    return cli_server


@pytest.fixture(name="archive")
def _archive(tmp_path: Path) -> Folder:
    """Write an archive of files of events, and return its folder."""

    def write(**files: list[dict[str, Any]]) -> Path:
        for name, events in files.items():
            file = tmp_path / "segment-logs" / "src1" / "1441152000000" / f"{name}.gz"
            file.parent.mkdir(parents=True, exist_ok=True)
            lines = "".join(json.dumps(each) + "\n" for each in events)
            file.write_bytes(gzip.compress(lines.encode()))
        return tmp_path / "segment-logs"

    return write


def test_an_archive_is_imported_as_it_was_received(
    server: MockSegment, archive: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order of days and files, into the source that projectId names, with its times."""
    folder = archive(b=[event(3)], a=[event(1), event(2)])
    assert run(["import", str(folder)]) == 0
    assert capsys.readouterr() == ("3 calls imported\n", "")
    calls = server.source("src1").calls()
    assert [call.event for call in calls] == ["E1", "E2", "E3"]
    assert {call.verdict for call in calls} == {"accepted"}
    first = calls[0]
    assert first.received_at == "2015-09-02T05:00:03.000Z"
    assert first.message["originalTimestamp"] == "2015-09-02T01:00:00.000-0400"
    assert first.message["timestamp"] == "2015-09-02T05:00:01.000Z"
    assert first.message["context"]["ip"] == "203.0.113.7"
    assert "projectId" not in first.message


def test_an_event_goes_where_its_key_or_the_flag_says(server: MockSegment, tmp_path: Path) -> None:
    """Its writeKey is what the app sent; --source wins over all."""
    file = tmp_path / "debugger.json"
    file.write_text(json.dumps(event(1, writeKey="wk"), indent=2))
    assert run(["import", str(file)]) == 0
    assert run(["import", str(file), "--source", "mine"]) == 0
    assert server.source("wk").summary().total == server.source("mine").summary().total == 1


def test_what_is_pasted_from_the_debugger_is_read(
    server: MockSegment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An object, several of them, or an array, as an editor of Windows saves it."""
    for name, text in {
        "object": json.dumps(event(1), indent=2),
        "objects": json.dumps(event(2), indent=4) + "\n" + json.dumps(event(3), indent=4),
        "array": json.dumps([event(4), event(5)], indent=2),
        "line": json.dumps([event(6)]),
    }.items():
        file = tmp_path / name
        file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        assert run(["import", str(file)]) == 0
        assert run(["validate", str(file)]) == 0
    assert "array: 2 messages on 64 lines: 2 good" in capsys.readouterr().out
    assert [call.event for call in server.source("src1").calls()] == [f"E{n}" for n in range(1, 7)]


def test_a_message_without_a_source_needs_one(
    server: MockSegment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the place, and the flag."""
    file = tmp_path / "f"
    file.write_text('[\n{"type": "track", "event": "A", "userId": "u"}\n]')
    assert run(["import", str(file)]) == 2
    assert capsys.readouterr().err == (
        f'mockseg: {file}, line 2, item 0 of its array: the event has no "writeKey" and no'
        ' "projectId" that names its source; pass --source KEY\n'
    )
    assert run(["import", str(file), "--source", "k"]) == 0
    assert [call.event for call in server.source("k").calls()] == ["A"]


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (b'{"type": "tra', "b.gz, line 1: not an exported call: "),
        (b"[1]", "b.gz, line 1, item 0 of its array: not an exported call: "),
        (gzip.compress(b"{}", mtime=0)[:-9], "b.gz: Compressed file ended"),
        (b'{"type": "track", "projectId": "' + b"k" * 1000 + b'"}', "b.gz, line 1: not an exp"),
        (b'{"type": "track", "projectId": "k", "receivedAt": 5}', "b.gz, line 1: not an exported"),
    ],
)
def test_a_damaged_file_is_named_and_nothing_is_imported(
    server: MockSegment,
    archive: Folder,
    capsys: pytest.CaptureFixture[str],
    damaged: bytes,
    said: str,
) -> None:
    """With its line, as a file alone."""
    folder = archive(a=[event(1)], b=[])
    (folder / "src1" / "1441152000000" / "b.gz").write_bytes(damaged)
    assert run(["import", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert (out, server.summary().total) == ("", 0)
    assert said in err


def test_an_archive_is_judged_file_by_file(
    archive: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A finding names its file; a duplicate of another file, too."""
    folder = archive(a=[event(1), event(2)], b=[event(1), event(3, userId=5, anonymousId=None)])
    (folder / "src1" / "1441152000000" / "c.json").write_text("{\n" + '"type":' + "\n}")
    assert run(["validate", str(folder), "--duplicates"]) == 1
    out = capsys.readouterr().out
    day = folder / "src1" / "1441152000000"
    assert f'{day}/b.gz, line 1: track "E1", user u1, dropped\n' in out
    assert f'messageId "m1" was on {day}/a.gz, line 1 before' in out
    assert f"{day}/c.json, line 1: no call, rejected\n" in out
    assert f"{folder}: 5 messages on 7 lines of 3 files: 2 good, 3 bad" in out
    assert run(["validate", str(folder), "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)["shown"]
    assert [(bad["file"], bad["line"], bad["item"]) for bad in shown] == [
        (f"{day}/b.gz", 2, None),
        (f"{day}/c.json", 1, None),
    ]


def test_what_segment_adds_does_not_count_as_sent(
    archive: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A call that was as long as the edge allows is still allowed in the archive."""
    longest = event(1)
    for name in ("projectId", "version", "channel", "receivedAt", "originalTimestamp"):
        del longest[name]
    longest["timestamp"] = "2015-09-02T01:00:00.000-0400"
    sent = json.dumps(longest, separators=(",", ":"))
    padding = "x" * (32 * 1024 - len(sent) - 16)
    folder = archive(a=[event(1, properties={"n": 1, "padding": padding})])
    assert run(["validate", str(folder)]) == 0, capsys.readouterr().out


def test_an_archive_is_replayed(
    server: MockSegment, archive: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the times that the app gave its calls."""
    folder = archive(a=[event(1)], b=[event(2)])
    assert run(["replay", str(folder), "--write-key", "again", "--speed", "100x"]) == 0
    calls = server.source("again").calls()
    assert sorted(str(call.event) for call in calls) == ["E1", "E2"]
    assert calls[0].message["originalTimestamp"] == "2015-09-02T01:00:00.000-0400"
    assert "projectId" not in calls[0].message
    assert capsys.readouterr().err == ""


def test_a_plan_is_inferred_from_an_archive(
    archive: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """From all of its files."""
    folder = archive(a=[event(1)], b=[event(2)])
    assert run(["plan", "infer", str(folder)]) == 0
    keys = [rule["key"] for rule in json.loads(capsys.readouterr().out)["rules"]]
    assert keys == ["E1", "E2"]


def test_a_plan_that_was_written_gzipped_can_be_read(
    archive: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As its name says gzip, its reader knows it."""
    folder = archive(a=[event(1)])
    plan = tmp_path / "plan.json.gz"
    assert run(["plan", "infer", str(folder), "-o", str(plan)]) == 0
    assert plan.read_bytes().startswith(b"\x1f\x8b")
    assert run(["validate", str(folder), "--plan", str(plan)]) == 0
    plan.write_bytes(plan.read_bytes()[:-9])
    assert run(["validate", str(folder), "--plan", str(plan)]) == 2
    assert "it is damaged gzip: Compressed file ended" in capsys.readouterr().err
