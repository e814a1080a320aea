"""What commands are made of: lines, files, events, progress, the demo's calls."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, cast

import pytest

from mockseg.cli import demo
from mockseg.cli.data_files import lines_of, written
from mockseg.cli.lines import Times, call_line, request_line, why
from mockseg.cli.output import render
from mockseg.cli.progress import Progress
from mockseg.cli.tail import _parse
from mockseg.domain.call import Call, RequestRef
from mockseg.domain.findings import Discard, Violation, discard
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.domain.spec import check
from mockseg.errors import ConfigError
from mockseg.json_types import encode
from mockseg.operations.requests import AnswerView, RequestView

if TYPE_CHECKING:
    import http.client
    from pathlib import Path


# 2026-01-02, the day on which everything here was received.
UTC_TODAY = Times(utc=True, now_ns=1_767_312_000_000_000_000)


def made_call(*, event: str = "E", good: bool = True) -> Call:
    """Make a call."""
    finding = discard("no_user_anon_id")
    return Call(
        id="call-1",
        cursor=1,
        source="key",
        type="track",
        event=event,
        user_id="u1",
        anonymous_id=None,
        group_id=None,
        message_id="m",
        verdict="accepted" if good else "dropped",
        good=good,
        findings=() if good else (finding,),
        message={},
        raw={},
        request=RequestRef(id="req-1", path="/v1/track", index=0, attempt=1),
        received_at="2026-01-02T03:04:05.678Z",
    )


def test_a_good_call_is_one_line() -> None:
    """Time with zone, id, verdict, what, who, where."""
    assert render(call_line(made_call(), times=UTC_TODAY), colour=False) == (
        "03:04:05.678 UTC  call-1    good      track     E  user u1  source key"
    )


def test_a_bad_call_says_why() -> None:
    """Code and sentence stand at the end."""
    line = call_line(made_call(good=False), times=UTC_TODAY)
    assert render(line, colour=False).endswith(
        "source key  no_user_anon_id: neither userId nor anonymousId was given"
    )
    assert "\x1b[31m" in render(line, colour=True)


def test_a_bad_call_names_each_wrong_field_and_counts_the_rest() -> None:
    """Code, field and sentence of the first findings; a line does not grow with their number."""
    wrong = [
        Violation(
            code="invalid_type",
            type="Invalid Type",
            field=f"properties.{name}",
            description="Invalid type. Expected: number, given: string",
        )
        for name in "abcde"
    ]
    assert why(wrong[:1]) == (
        "invalid_type at properties.a: Invalid type. Expected: number, given: string"
    )
    assert "at properties.c: " in why(wrong)
    assert why(wrong).endswith("; and 2 more (see mockseg show)")


def test_what_was_sent_cannot_command_the_terminal() -> None:
    """Control characters of a name are shown as escapes, and it has a longest length."""
    hostile = made_call(event="\x1b[2Jgone\n\r\x07\u202e" + "x" * 1000)
    line = render(call_line(hostile, times=UTC_TODAY), colour=False)

    assert line.isprintable()
    assert "\\x1b[2Jgone\\n\\r\\x07\\u202e" in line
    assert len(line) < 400


def test_a_refused_request_is_one_line() -> None:
    """Status, path and reason."""
    request = RequestView(
        id="req-1",
        number=1,
        source="key",
        method="POST",
        path="/v1/track",
        query="",
        headers=[],
        body="",
        body_encoding="utf-8",
        sent_bytes=3,
        answer=AnswerView(status=400, content_type="", body=""),
        reason=Discard(code="bad_request", field="", description="no JSON"),
        calls=[],
        received_at="2026-01-02T03:04:05.678Z",
        spent_milliseconds=0.1,
    )

    assert render(request_line(request, times=UTC_TODAY), colour=False) == (
        "03:04:05.678 UTC  req-1     400       POST /v1/track  source key  bad_request: no JSON"
    )
    assert why(()) == ""


@pytest.mark.parametrize("name", ["calls.ndjson", "calls.ndjson.gz"])
def test_what_was_written_can_be_read(tmp_path: Path, name: str) -> None:
    """Plain or gzipped by the name; empty lines are skipped, numbers are the file's."""
    path = tmp_path / name
    with written(str(path)) as file:
        file.write(b'{"a":1}\n\n{"b":2}\r\n{"c":3}')

    assert list(lines_of(str(path))) == [(1, b'{"a":1}'), (3, b'{"b":2}'), (4, b'{"c":3}')]
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_not_finished_does_not_appear(tmp_path: Path) -> None:
    """What was there stays, and no draft is left behind."""
    path = tmp_path / "calls.ndjson"
    path.write_text("old")

    def break_off() -> None:
        with written(str(path)) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unreadable_and_unwritable_files_are_named(tmp_path: Path) -> None:
    """Missing, a folder, gzip that breaks off."""
    whole = gzip.compress(b"{}\n" * 100_000)
    (tmp_path / "half.gz").write_bytes(whole[: len(whole) // 2])

    for name, said in [
        ("none", "cannot read .*none: No such file"),
        (".", "cannot read .*Is a directory"),
        ("half.gz", r"cannot read .*half\.gz.*: Compressed file ended"),
    ]:
        with pytest.raises(ConfigError, match=said):
            list(lines_of(str(tmp_path / name)))
    with (
        pytest.raises(ConfigError, match=r"cannot write .*none.x: No such file"),
        written(str(tmp_path / "none" / "x")),
    ):
        pass


def test_progress_counts_and_is_silent_at_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said within the first second; nothing goes to standard output."""
    with Progress("exported", total=10) as progress:
        progress.add(3)
        progress.add(4)

    assert progress.done == 7
    assert capsys.readouterr() == ("", "")


def test_progress_tells_a_line_a_second(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no bar can be drawn, a line a second says how far it is."""
    monkeypatch.setattr("mockseg.cli.progress._PERIOD_SECONDS", 1.0)
    times = iter([0.0, 0.5, 1.0, 1.0, 1.2])
    monkeypatch.setattr("time.monotonic", lambda: next(times))

    with Progress("imported", total=None) as progress:
        progress.add(1)
        progress.add(1)
        progress.add(1)

    assert capsys.readouterr().err == "imported 2 calls\n"


def test_events_are_read_as_the_stream_writes_them() -> None:
    """Kind, id and data; comments are nothing, a broken end is nothing."""
    text = b"id: 0.0\nretry: 1000\n\n"
    text += b'event: call\nid: 1.1\ndata: {"a": "b: c"}\n\n: keep-alive\n\nevent: x'
    answer = cast("http.client.HTTPResponse", io.BytesIO(text))

    assert list(_parse(answer)) == [
        ("", "0.0", ""),
        ("call", "1.1", '{"a": "b: c"}'),
        ("", "", ""),
    ]


def test_the_demo_covers_what_was_promised() -> None:
    """All six types, at least ten events of the documents, all of them good."""
    events = {call["event"] for call in demo.CALLS if call["type"] == "track"}

    assert {call["type"] for call in demo.CALLS} == set(MESSAGE_TYPES)
    assert len(events) >= 10
    for call in (*demo.CALLS, demo.DUPLICATE):
        assert check(call, call["type"]) == ()
    assert len(encode(demo.REFUSED)) > 32 * 1024
    assert [found.code for found in check(demo.DROPPED, "track")] == ["no_user_anon_id"]
