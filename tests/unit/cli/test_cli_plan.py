"""``mockseg plan``: infer, diff, import, export; all of it on files."""

from __future__ import annotations

import gzip
import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.catalogue.loader import catalogues
from mockseg.catalogue.samples import sample
from mockseg.cli.main import run
from mockseg.plans.csv_template import COLUMNS
from mockseg.plans.model import plan_from_json, read_plan
from mockseg.plans.planset import PlanSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "properties": {
            "type": "object",
            "properties": {"id": {"type": "string"}},
            "required": ["id"],
        }
    },
    "required": ["properties"],
}
RULE = {"type": "TRACK", "key": "E", "version": 1, "jsonSchema": SCHEMA}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MOCKSEG_URL", "MOCKSEG_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(name="plan")
def _plan(tmp_path: Path) -> Callable[..., str]:
    """Give a function that writes a plan, with a change of its one rule's property."""

    def write(name: str, **schema: Any) -> str:
        changed = json.loads(json.dumps(RULE))
        changed["jsonSchema"]["properties"]["properties"]["properties"]["id"] |= schema
        (tmp_path / name).write_text(json.dumps({"name": "mine", "rules": [changed]}))
        return name

    return write


def track(event: str = "E", **properties: Any) -> dict[str, Any]:
    """Make a track call."""
    return {"type": "track", "event": event, "userId": "u", "properties": properties}


def lines(*values: Any) -> bytes:
    """Write JSON values, one a line."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def test_a_plan_is_inferred_that_its_traffic_satisfies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages, a batch and an exported call; what Segment discards is left out and said."""
    calls = [track(id="1", n=1), track(id="2"), track("F", x=True)]
    content = lines(
        calls[0],
        {"batch": [calls[1], {"type": "track", "event": "E"}]},
        {"source": "wk", "message": calls[2], "raw": calls[2]},
        {"type": "identify", "userId": "u", "traits": {"email": "a@b.c"}},
    )
    (tmp_path / "f.ndjson").write_bytes(content)

    assert run(["plan", "infer", "f.ndjson", "--name", "ours", "-o", "plan.json"]) == 0

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "mockseg: left out, as Segment discards them: 1",
        "3 rules from 4 calls written to plan.json",
    ]
    plan = read_plan("plan.json")
    assert [rule.label for rule in plan.rules] == ['TRACK "E"', 'TRACK "F"', "IDENTIFY"]
    inner = plan.rules[0].schema["properties"]["properties"]
    assert (inner["required"], set(inner["properties"])) == (["id"], {"id", "n"})
    judge = PlanSet([plan])
    assert [judge.check(call, type="track", event=call["event"]) for call in calls] == [()] * 3


@pytest.mark.parametrize("name", ["f.ndjson.gz", "-"])
def test_infer_reads_gzip_and_the_pipe_and_writes_to_it(
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plan is all that standard output has."""
    content = lines(track(id="1"))
    (tmp_path / "f.ndjson.gz").write_bytes(gzip.compress(content))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    assert run(["plan", "infer", name]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert plan_from_json(json.loads(out), file="-").name == "inferred"


def test_an_inferred_plan_validates_the_file_it_came_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The two commands fit together."""
    events = ["guide started (userguiding)", "tutorial.interaction", "Order Completed", "identify"]
    (tmp_path / "f.ndjson").write_bytes(lines(*(sample(event) for event in events)))

    assert run(["plan", "infer", "f.ndjson", "-o", "plan.json"]) == 0
    assert run(["validate", "f.ndjson", "--plan", "plan.json"]) == 0

    assert "4 good, 0 bad" in capsys.readouterr().out


def test_equal_plans_are_exit_0(
    plan: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As diff does."""
    assert run(["plan", "diff", plan("a.json"), plan("b.json")]) == 0
    assert run(["plan", "diff", "candu", "candu", "--json"]) == 0

    text, _, document = capsys.readouterr().out.partition("\n")
    assert text == "no changes"
    assert json.loads(document) == {"changes": [], "tightening": 0}


def test_differences_are_told_and_exit_1(
    plan: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By rule, with a mark at what tightens; as JSON too."""
    a, b = plan("a.json"), plan("b.json", type="integer")

    assert run(["plan", "diff", a, b]) == 1
    assert run(["plan", "diff", a, b, "--json"]) == 1

    out = capsys.readouterr().out
    text, document = out[: out.index("{\n")], out[out.index("{\n") :]
    assert text == (
        'TRACK "E"\n'
        ' !~ properties.id: type "string" -> "integer"\n'
        "1 change, 1 may make calls bad that were good (!)\n"
    )
    assert json.loads(document) == {
        "changes": [
            {
                "kind": "changed",
                "rule": 'TRACK "E"',
                "field": "properties.id",
                "what": "type",
                "text": 'type "string" -> "integer"',
                "tightens": True,
            }
        ],
        "tightening": 1,
    }


def test_names_of_the_catalogue_can_be_compared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file of that name wins; --strictness chooses which form of the plan."""
    assert run(["plan", "diff", "userguiding-segment", "userguiding"]) == 1
    assert 'TRACK "Guide Started"\n !- no longer planned' in capsys.readouterr().out

    (tmp_path / "candu").write_text(json.dumps({"rules": []}))
    assert run(["plan", "export", "candu"]) == 0
    assert json.loads(capsys.readouterr().out)["rules"] == []

    assert run(["plan", "export", "spec", "--strictness", "lenient", "-o", "lenient.json"]) == 0
    assert run(["plan", "diff", "lenient.json", "spec", "--strictness", "lenient"]) == 0


@pytest.mark.parametrize("name", catalogues())
def test_an_exported_plan_is_the_plan(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON nothing is lost, in either strictness; as CSV it can be read again."""
    for strictness in ("strict", "lenient"):
        flags = ["--strictness", strictness]
        assert run(["plan", "export", name, "-o", "p.json", *flags]) == 0
        assert run(["plan", "diff", name, "p.json", *flags]) == 0
        assert run(["plan", "export", name, "-o", "p.csv.gz", *flags]) == 0
        assert run(["plan", "import", "p.csv.gz", "-o", "back.json"]) == 0
        events = [(rule.type, rule.key) for rule in read_plan("p.json").rules]
        assert [(rule.type, rule.key) for rule in read_plan("back.json").rules] == events
    assert capsys.readouterr().out == "no changes\n" * 2


def test_export_names_what_a_spreadsheet_loses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By kind, with the first places of each; the CSV alone goes to standard output."""
    assert run(["plan", "export", "userguiding", "--format", "csv"]) == 0

    out, err = capsys.readouterr()
    assert out.splitlines()[0] == ",".join(COLUMNS)
    assert err.startswith("mockseg: a spreadsheet cannot hold everything; lost are:\n")
    assert "  additionalProperties, 25 times\n" in err
    assert "    ... and 22 more\n" in err
    assert "allOf" in err

    assert run(["plan", "export", "userguiding", "--format", "csv", "--strictness", "lenient"]) == 0
    err = capsys.readouterr().err
    assert "  other spellings of the name, 25 times\n" in err
    assert "  caseless, 1 times\n" in err


@pytest.mark.parametrize(
    ("arguments", "is_csv"),
    [
        (["a.json"], False),
        (["a.json", "-o", "x.csv"], True),
        (["a.json", "-o", "x.CSV"], True),
        (["a.json", "-o", "x.csv.gz"], True),
        (["a.json", "-o", "x.txt"], False),
        (["a.json", "-o", "x.csv", "--format", "json"], False),
        (["a.csv"], True),
        (["a.csv", "-o", "x.json"], False),
        (["a.csv", "--format", "json"], False),
    ],
)
def test_export_writes_what_the_name_of_the_file_says(
    plan: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    *,
    is_csv: bool,
) -> None:
    """That of --out, else that of the plan; --format wins."""
    plan("a.json")
    assert run(["plan", "export", "a.json", "--format", "csv", "-o", "a.csv"]) == 0
    capsys.readouterr()

    assert run(["plan", "export", *arguments]) == 0

    out = capsys.readouterr().out
    if "-o" in arguments:
        data = (tmp_path / arguments[arguments.index("-o") + 1]).read_bytes()
        out = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    assert out.startswith(COLUMNS[0] if is_csv else "{")


def test_a_plan_that_a_spreadsheet_holds_loses_nothing(
    plan: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is said then."""
    assert run(["plan", "export", plan("a.json"), "--format", "csv", "-o", "a.csv"]) == 0

    assert capsys.readouterr().err == "plan mine, 1 rule, written to a.csv\n"


def test_import_reads_the_template_and_the_api(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CSV with a byte order mark; the API's whole answer; both become what --plan reads."""
    table = "Event Name,Property Name,Property Data Type,Property Status\nE,id,string,required\n"
    (tmp_path / "in.CSV").write_bytes(b"\xef\xbb\xbf" + table.encode())
    answer = {"data": {"trackingPlan": {"id": "tp_1", "name": "Ours"}, "rules": [RULE]}}
    (tmp_path / "in.json").write_text(json.dumps(answer))

    assert run(["plan", "import", "in.CSV", "--name", "Sheet", "-o", "sheet.json"]) == 0
    assert run(["plan", "import", "in.json", "-o", "api.json"]) == 0

    assert capsys.readouterr() == (
        "",
        "plan Sheet, 1 rule, written to sheet.json\nplan Ours, 1 rule, written to api.json\n",
    )
    assert (read_plan("sheet.json").name, read_plan("api.json").id) == ("Sheet", "tp_1")
    assert run(["plan", "diff", "sheet.json", "api.json"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dif"], 'unknown command "dif"; did you mean "diff"?'),
        (["diff", "a.json"], "Missing argument"),
        (["diff", "userguidin", "candu"], 'did you mean "userguiding"? Allowed:'),
        (["diff", "candu", "zzz"], 'zzz: no such file; unknown catalogue plan "zzz"'),
        (["diff", "candu", "x" * 5000], "no such file"),
        (
            ["diff", "candu", "candu", "--strictness", "x"],
            'unknown value "x". Allowed: lenient, strict.',
        ),
        (["diff", "candu", "bad.json"], "bad.json: cannot be read: it is not JSON: "),
        (["diff", "candu", "."], "cannot be read: Is a directory"),
        (["import", "none.csv"], "none.csv: cannot be read: No such file"),
        (["import", "candu"], "candu: cannot be read: No such file"),
        (["import", "latin.csv"], "latin.csv: cannot be read: it is not UTF-8 text (byte 12)"),
        (["import", "column.csv"], 'unknown column "Evnt Name"; did you mean "Event Name"?'),
        (["import", "bad.json"], "bad.json: cannot be read: it is not JSON: "),
        (["import", "good.json", "-o", "no/where.json"], "cannot write no/where.json"),
        (["export", "good.json", "--format", "xml"], 'unknown value "xml". Allowed: json, csv.'),
        (["infer", "none.ndjson"], "cannot read none.ndjson: No such file"),
        (["infer", "bad.json"], "bad.json, line 1: malformed JSON: "),
        (["infer", "good.json"], "good.json: it has no good call to infer a plan from"),
        (["infer", "good.json", "--source", "wk"], "--source is about a server's calls"),
        (["infer", "good.json", "--name", "\x07"], "it must be a text to be read by people"),
        (["infer", "--url", "http://127.0.0.1:9"], "http://127.0.0.1:9"),
        (["infer", "--url", "nonsense"], 'url is "nonsense"'),
    ],
)
def test_wrong_files_and_flags_are_one_sentence_and_exit_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """File, place and what is allowed; nothing is written, and there is no traceback."""
    (tmp_path / "bad.json").write_text("nonsense")
    (tmp_path / "good.json").write_text(json.dumps({"rules": [RULE]}))
    (tmp_path / "latin.csv").write_bytes(b"Event Name,\xe9\n")
    (tmp_path / "column.csv").write_text("Evnt Name,Property Name\n")
    before = sorted(tmp_path.iterdir())

    assert run(["plan", *arguments]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert said in " ".join(err.split())
    assert "internal error" not in err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["infer", "diff", "import", "export"])
def test_every_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It explains itself."""
    assert run(["plan", name, "--help"]) == 0
    assert f"Usage: mockseg plan {name}" in capsys.readouterr().out
