"""``mockseg catalogue``: events as a person reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from mockseg.catalogue.loader import catalogues, load
from mockseg.cli.main import run
from mockseg.plans.model import plan_from_json, plan_to_json

FIXTURES = Path(__file__).parents[3] / "fixtures" / "events"

# As it is printed where nothing is folded; examples and documents are not repeated here.
TUTORIAL_INTERACTION = """\
tutorial.interaction (TRACK, plan candu, strict)
A user clicked an element of the content
Document: Segment documentation, Candu Source"""


def test_list_names_every_plan_with_its_count(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each plan, the document below it, the totals at the end."""
    assert run(["catalogue", "list"]) == 0

    out = capsys.readouterr().out
    for name in catalogues():
        count = len(load(name, strictness="strict").rules)
        assert re.search(rf"^{re.escape(name)} +{count} ", out, re.MULTILINE), name
    assert "userguiding           25  UserGuiding (help centre)\n" in out
    assert "12 plans, " in out


def test_list_as_json_has_every_name(capsys: pytest.CaptureFixture[str]) -> None:
    """One object with the plans, their documents and their rules."""
    assert run(["catalogue", "list", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert [plan["name"] for plan in document["plans"]] == list(catalogues())
    assert all(
        set(plan) == {"name", "title", "description", "document", "rules"}
        for plan in document["plans"]
    )
    assert sum(len(plan["rules"]) for plan in document["plans"]) == document["rules"]
    assert {"type": "TRACK", "name": "tutorial.interaction"}.items() <= document["plans"][2][
        "rules"
    ][2].items()


@pytest.mark.parametrize("name", catalogues())
def test_a_plan_is_shown_with_all_its_rules(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Title, document, and a line for each rule."""
    assert run(["catalogue", "show", name]) == 0

    out = capsys.readouterr().out
    plan = load(name, strictness="strict")
    assert out.startswith(f"{plan.name} ({name}, strict)\n")
    for rule in plan.rules:
        assert re.search(rf"^{rule.type} +{re.escape(rule.name)} ", out, re.MULTILINE)
    assert out.endswith(f"{len(plan.rules)} rules\n")


def test_a_plan_as_json_is_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed can be given to --plan."""
    assert run(["catalogue", "show", "candu", "--lenient", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document == plan_to_json(load("candu", strictness="lenient"))
    assert plan_from_json(document, file="candu").slug == "candu"


def test_an_event_is_shown_as_a_person_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    """What it is, its document, a row for each property, a whole call."""
    assert run(["catalogue", "show", "tutorial.interaction"]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(TUTORIAL_INTERACTION)
    lines = out.splitlines()
    header = next(line for line in lines if line.startswith("Property"))
    assert header.split() == ["Property", "Type", "Required", "Rule", "Example"]
    assert "properties.tutorialId  integer  yes             2041" in out
    call = json.loads(out[out.index("\n{") :])
    assert (call["type"], call["event"]) == ("track", "tutorial.interaction")


def test_rules_and_conditions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Values that are allowed, and the condition under which a property is required."""
    assert run(["catalogue", "show", "survey question answer (userguiding)"]) == 0

    out = capsys.readouterr().out
    assert 'when questionType is "' in out
    assert 'one of "' in out


def test_every_event_of_every_plan_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """No event's name, table or sample is refused, in either strictness."""
    for name in catalogues():
        for flag in ("--strict", "--lenient"):
            for rule in load(name, strictness="strict").rules:
                assert run(["catalogue", "show", rule.name, "--plan", name, flag]) == 0
    assert capsys.readouterr().err == ""


def test_an_event_of_two_types_is_shown_as_both(capsys: pytest.CaptureFixture[str]) -> None:
    """Candu documents its view as a screen call and as a track call."""
    assert run(["catalogue", "show", "tutorial.view"]) == 0

    out = capsys.readouterr().out
    assert "tutorial.view (SCREEN, plan candu, strict)\n" in out
    assert "tutorial.view (TRACK, plan candu, strict)\n" in out


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("guide button click", "guide button click (userguiding)"),
        ("Guide Button_Click", "guide button click (userguiding)"),
        ("order completed", "Order Completed"),
        ("ORDER_COMPLETED", "Order Completed"),
    ],
)
def test_one_clear_match_is_shown_and_said(
    asked: str, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name without the vendor's suffix, or in other case, is enough."""
    assert run(["catalogue", "show", asked]) == 0

    out, err = capsys.readouterr()
    assert out.startswith(f"{found} (TRACK, plan ")
    assert err == f'mockseg: no event is called exactly "{asked}"; this is "{found}"\n'


def test_other_plans_of_the_same_event_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The vendor's two documents name one event differently."""
    assert run(["catalogue", "show", "guide started (userguiding)"]) == 0

    out = capsys.readouterr().out
    assert out.endswith("Also in other plans: Guide Started (--plan userguiding-segment)\n")
    assert "(TRACK, plan userguiding, strict)" in out


def test_the_plan_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """--plan looks there only, in the naming of that plan."""
    assert run(["catalogue", "show", "guide started", "--plan", "userguiding-segment"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("Guide Started (TRACK, plan userguiding-segment, strict)\n")
    assert "properties.guide_id" in out
    assert "Also in" not in out


def test_lenient_shows_what_either_document_allows(capsys: pytest.CaptureFixture[str]) -> None:
    """Other spellings and types; the strict plan has exactly the document's."""
    event = "guide started (userguiding)"
    assert run(["catalogue", "show", event, "--lenient"]) == 0
    lenient = capsys.readouterr().out
    assert run(["catalogue", "show", event, "--strict"]) == 0
    strict = capsys.readouterr().out

    assert "properties.guide_id" in lenient
    assert "Also as:  guide started" in lenient
    assert "properties.guide_id" not in strict


def test_an_event_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A list of events with rows, sample, examples and schema."""
    assert run(["catalogue", "show", "tutorial.interaction", "--json"]) == 0

    (event,) = json.loads(capsys.readouterr().out)["events"]
    assert set(event) == {
        "plan",
        "strictness",
        "type",
        "name",
        "title",
        "document",
        "aliases",
        "properties",
        "sample",
        "examples",
        "jsonSchema",
    }
    assert event["properties"][0] == {
        "property": "properties.tutorialId",
        "type": "integer",
        "required": "yes",
        "rule": "",
        "example": 2041,
    }
    assert event["sample"]["event"] == "tutorial.interaction"


def test_a_table_is_folded_to_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row is wider than the terminal; elsewhere rows stay whole."""
    event = "guide button click (userguiding)"
    monkeypatch.setenv("COLUMNS", "70")
    assert run(["catalogue", "show", event]) == 0
    whole = capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run(["catalogue", "show", event]) == 0
    folded = capsys.readouterr().out

    def table(text: str) -> list[str]:
        plain = click.unstyle(text)
        return plain[plain.index("Property") : plain.index("Example:")].splitlines()

    assert max(map(len, table(whole))) > 100
    assert max(map(len, table(folded))) <= 70
    assert len(table(folded)) > len(table(whole))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "guide butn click"], 'did you mean "guide button click (userguiding)"'),
        (["show", "xyzzy"], "more; see mockseg catalogue list."),
        (["show", "userguidin"], 'unknown event "userguidin"'),
        (["show", "x", "--plan", "userguidin"], 'did you mean "userguiding"?'),
        (["show", "Order Completed", "--plan", "candu"], 'unknown event "Order Completed"'),
        (["show", "\x1b[2J" * 200], "unknown event"),
        (["show", ""], "unknown event"),
        (["show"], "Missing argument"),
        (["lst"], 'unknown command "lst"; did you mean "list"?'),
        (["zzz"], 'unknown command "zzz". Allowed: list, show.'),
        (["list", "--jsn"], "unknown option"),
    ],
)
def test_unknown_names_are_one_sentence_and_exit_2(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """What is wrong, and the nearest names; nothing on standard output, no traceback."""
    monkeypatch.chdir(tmp_path)

    assert run(["catalogue", *arguments]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert "internal error" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["list", "show"])
def test_every_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It explains itself."""
    assert run(["catalogue", name, "--help"]) == 0
    assert f"Usage: mockseg catalogue {name}" in capsys.readouterr().out
