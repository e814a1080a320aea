"""``mockseg validate``: the messages of a file, judged without a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.catalogue.loader import load
from mockseg.catalogue.mistakes import breakages
from mockseg.catalogue.samples import sample
from mockseg.cli.main import run
from mockseg.domain.limits import MAX_BATCH_CALLS, MAX_CALL_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVENT = "guide started (userguiding)"
GOOD = sample(EVENT)
BAD = GOOD | {"properties": GOOD["properties"] | {"guideId": True}}

REPORT = """\
line 2: track "guide started (userguiding)", user user-1, violates its plan
  invalid_type: properties.guideId: Invalid type. Expected: [string,integer], given: boolean
    sent: boolean true
    plan: userguiding, rule /properties/properties/properties/guideId/type
line 4: no call, rejected
  bad_request: it is not a JSON object; expected a JSON object, or an array of objects
line 5: track "E", dropped
  no_user_anon_id: neither userId nor anonymousId was given

f.ndjson: 4 messages on 4 lines: 1 good, 3 bad (1 dropped, 0 blocked, 1 rejected)
       1  bad_request
       1  invalid_type
       1  no_user_anon_id
judged by what Segment's edge discards, and the plan userguiding (lenient)
Read more: mockseg manual findings#bad_request
"""

REPORT_OF_GOOD = """\
f.ndjson: 2 messages on 2 lines: 2 good, 0 bad (0 dropped, 0 blocked, 0 rejected)
judged by what Segment's edge discards, and the plan userguiding (lenient)
"""


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


def test_good_messages_are_exit_0(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A summary and by what was judged."""
    write(GOOD, GOOD)

    assert run(["validate", "f.ndjson", "--catalogue", "userguiding"]) == 0

    assert capsys.readouterr() == (
        REPORT_OF_GOOD,
        "",
    )


def test_bad_messages_are_told_with_their_lines(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """What, where, what was sent, whose rule; then the counts; exit 1."""
    write(GOOD, BAD, b"", 12, {"type": "track", "event": "E"})

    assert run(["validate", "f.ndjson", "--catalogue", "userguiding"]) == 1

    assert capsys.readouterr() == (REPORT, "")


def test_the_report_as_json(write: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """One object: counts, and the first bad messages with their findings."""
    write(GOOD, BAD)

    report = validated(capsys, "--catalogue", "userguiding,candu", "--strictness", "strict")

    (shown,) = report.pop("shown")
    assert report == {
        "file": "f.ndjson",
        "plans": ["userguiding", "candu"],
        "strictness": "strict",
        "lines": 2,
        "messages": 2,
        "good": 1,
        "bad": 1,
        "warned": 0,
        "verdicts": {"accepted": 2, "dropped": 0, "blocked": 0, "rejected": 0},
        "byCode": {"invalid_type": 1},
        "notShown": 0,
    }
    assert (shown["line"], shown["index"], shown["event"]) == (2, None, EVENT)
    assert shown["findings"][0]["instancePath"] == "/properties/guideId"


def test_violations_are_those_of_the_plan_in_every_strict_breakage(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each labelled invalid payload of an event gives its finding; none is let through."""
    plan = load("userguiding", strictness="strict")
    rule = plan.rule(EVENT)
    assert rule is not None
    broken = list(breakages(plan, rule))
    write(*(each.message for each in broken))

    flags = ("--catalogue", "userguiding", "--strictness", "strict", "--limit-shown", "10000")
    report = validated(capsys, *flags)

    assert report["bad"] == len(broken)
    missing = [
        each.id for each, found in zip(broken, codes(report), strict=True) if each.code not in found
    ]
    assert missing == []


def test_without_plans_segments_edge_judges_alone(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Unplanned events are good; what Segment discards is not."""
    write({"type": "track", "event": "anything", "userId": "u"}, {"type": "track", "userId": "u"})

    assert codes(validated(capsys)) == [["event_not_defined"]]
    assert run(["validate", "f.ndjson"]) == 1
    assert "alone; name plans with --catalogue or --plan" in capsys.readouterr().out


def test_a_plan_of_your_own_and_settings_of_protocols(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """--plan reads Segment's JSON; --protocols blocks what it does not know."""
    rule = {"type": "TRACK", "key": "Known", "version": 1, "jsonSchema": {"type": "object"}}
    (tmp_path / "plan.json").write_text(json.dumps({"name": "mine", "rules": [rule]}))
    (tmp_path / "p.json").write_text('{"track": {"allowUnplannedEvents": false}}')
    write(
        {"type": "track", "event": "Known", "userId": "u"},
        {"type": "track", "event": "Knwon", "userId": "u"},
    )

    report = validated(capsys, "--plan", "plan.json")
    assert (report["verdicts"]["accepted"], codes(report)) == (2, [["unplanned_event"]])

    report = validated(capsys, "--plan", "plan.json", "--protocols", "p.json")
    assert report["verdicts"]["blocked"] == 1
    assert codes(report) == [["unplanned", "unplanned_event"]]


def test_plans_of_the_settings_file_judge_too(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What a server would be started with is what is judged by."""
    (tmp_path / "mockseg.toml").write_text('catalogue = ["candu"]\nport = 1\n')
    write(GOOD)

    report = validated(capsys)

    assert (report["plans"], codes(report)) == (["candu"], [["unplanned_event"]])


def test_a_batch_is_its_messages(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is judged with what the batch says for all, and named by its place."""
    bare = {"type": "track", "event": "E"}
    write({"batch": [GOOD, bare, bare | {"userId": "u"}], "sentAt": "2026-01-01T00:00:00Z"})

    report = validated(capsys)

    assert (report["lines"], report["messages"], report["good"]) == (1, 3, 2)
    assert [(bad["line"], bad["index"]) for bad in report["shown"]] == [(1, 1)]
    assert run(["validate", "f.ndjson"]) == 1
    assert "line 1, message 1 of its batch: track" in capsys.readouterr().out


def test_what_a_batch_shares_is_judged_with_its_messages(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A plan that asks for a context finds the batch's."""
    schema = {"required": ["context"], "properties": {"context": {"required": ["app"]}}}
    rule = {"type": "TRACK", "key": "E", "version": 1, "jsonSchema": schema}
    (tmp_path / "plan.json").write_text(json.dumps({"rules": [rule]}))
    call = {"type": "track", "event": "E", "userId": "u"}
    write({"batch": [call], "context": {"app": {}}}, {"batch": [call]})

    report = validated(capsys, "--plan", "plan.json")

    assert [bad["line"] for bad in report["shown"]] == [2]


def test_batches_that_segment_refuses_are_findings(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Empty, no list, too many, too large."""
    call = {"type": "track", "event": "E", "userId": "u"}
    write(
        {"batch": []},
        {"batch": 5},
        {"batch": [call] * (MAX_BATCH_CALLS + 1)},
        {"batch": [call | {"properties": {"x": "x" * 30_000}}] * 20},
    )

    assert codes(validated(capsys)) == [
        ["empty_batch"],
        ["bad_request"],
        ["batch_too_many_calls"],
        ["payload_too_large"],
    ]


def test_a_message_that_only_speaks_of_a_batch_is_a_message(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The word among its properties means nothing."""
    write({"type": "track", "event": "batch", "userId": "u", "properties": {"batch": [1]}})

    report = validated(capsys)

    assert (report["good"], report["bad"]) == (1, 0)


def test_a_call_that_is_too_large_is_a_finding(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a batch that is sent."""
    write(GOOD | {"context": {"x": "x" * MAX_CALL_BYTES}})

    assert codes(validated(capsys)) == [["call_too_large"]]


def exported(message: dict[str, Any] | None, raw: Any) -> dict[str, Any]:
    """Make a call as ``mockseg export`` writes it."""
    return {"id": "call-1", "source": "wk", "type": "track", "message": message, "raw": raw}


def test_exported_calls_are_judged_by_what_was_sent(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the server added counts for nothing; what plans had omitted is there again."""
    raw = {key: value for key, value in BAD.items() if key != "type"}
    added = {"messageId": "m", "receivedAt": "2026-01-01T00:00:00.000Z", "context": {}}
    properties = {"properties": {"guideId": "1", "guideName": "Tour"}}
    write(
        exported(BAD | added, raw),
        exported(BAD | added | properties, raw),
        exported(GOOD | added, GOOD),
        exported({}, 42),
        exported({}, {"type": "track", "userId": "u"}),
        {"source": "wk", "message": GOOD},
        {"source": "wk", "raw": GOOD},
    )

    report = validated(capsys, "--catalogue", "userguiding")

    assert [bad["line"] for bad in report["shown"]] == [1, 2, 4, 5]
    assert codes(report) == [
        ["invalid_type"],
        ["invalid_type"],
        ["bad_request"],
        ["event_not_defined"],
    ]


def test_a_message_with_a_warning_is_good(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told all the same, and the exit status is 0."""
    write(GOOD | {"properties": GOOD["properties"] | {"user_id": "other"}})

    assert run(["validate", "f.ndjson", "--catalogue", "userguiding"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("user user-1, good, with a warning")
    assert lines[1].startswith('  user_id_differs: properties.user_id is "other" and userId is')
    assert "1 good, 0 bad (0 dropped, 0 blocked, 0 rejected); 1 good with warnings" in lines[-4]
