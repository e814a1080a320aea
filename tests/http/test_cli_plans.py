"""Commands about plans against a real server: coverage, inference, validation of exports."""

from __future__ import annotations

import http.client
import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

import pytest

from mockseg.catalogue.samples import sample
from mockseg.cli.main import run
from mockseg.plans.model import read_plan
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOCKSEG_")]:
        monkeypatch.delenv(name)


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockSegment]:
    """A server that judges by Candu's plan, and that the commands find by themselves."""
    with MockSegment(catalogue=["candu"]) as server:
        monkeypatch.setenv("MOCKSEG_URL", server.url)
        yield server


def ask(server: MockSegment, method: str, path: str, body: Any) -> Any:
    """Send JSON and give the answer's."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    assert answer.status == 200, content
    return content


def send(server: MockSegment, *messages: dict[str, Any], key: str = "wk") -> None:
    """Send messages as one batch."""
    ask(server, "POST", "/v1/batch", {"writeKey": key, "batch": messages})


def put_plan(server: MockSegment, key: str, **choice: Any) -> None:
    """Choose the plans of a source."""
    ask(server, "PUT", f"/_mockseg/v1/sources/{quote(key, '')}/plan", choice)


SCREEN = sample("tutorial.view", type="screen")
TRACK = sample("tutorial.view", type="track")
INTERACTION = sample("tutorial.interaction")


def test_coverage_of_all_sources_is_merged(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also of keys that no path likes."""
    send(server, SCREEN, {"type": "track", "event": "Other", "userId": "u"}, key="a/../b c?")
    send(server, TRACK, SCREEN, key="two")

    assert run(["coverage"]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    rows = [line.split() for line in out.splitlines() if line.startswith("candu: ")]
    assert rows == [
        ["candu:", "SCREEN", '"tutorial.view"', "2", "0", "4/4"],
        ["candu:", "TRACK", '"tutorial.view"', "1", "0", "4/4"],
        ["candu:", "TRACK", '"tutorial.interaction"', "0", "0", "0/5"],
    ]
    assert "Seen, never planned:\n  Other (1)\n" in out
    assert "2 of 3 rules seen" in out


def test_coverage_of_one_source_and_its_threshold(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 below, 0 when all was exercised; an unknown source is exit 2."""
    send(server, SCREEN, TRACK, INTERACTION, key="all")
    send(server, SCREEN, key="some")

    assert run(["coverage", "--source", "all", "--fail-under", "100"]) == 0
    assert run(["coverage", "--source", "some", "--fail-under", "50"]) == 1
    assert "is below the threshold of 50 %" in capsys.readouterr().out
    assert run(["coverage", "--source", "som"]) == 2
    assert 'unknown source "som"; did you mean "some"?' in capsys.readouterr().err


def test_what_was_asserted_on_is_covered_as_such(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cursors that a client marked."""
    send(server, SCREEN, TRACK, TRACK)
    ask(server, "POST", "/_mockseg/v1/sources/wk/asserted", {"cursors": [1, 3]})

    assert run(["coverage", "--format", "json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert [
        (rule["key"], rule["seen"], rule["asserted"]) for rule in document["coverage"]["rules"]
    ] == [("tutorial.view", 1, 1), ("tutorial.view", 2, 1), ("tutorial.interaction", 0, 0)]
    assert document["neverAsserted"] == []


def test_sources_with_plans_of_their_own_are_covered_together(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Different plans stand side by side; two forms of one plan are refused in one sentence."""
    put_plan(server, "shop", catalogue=["ab-testing"])
    send(server, sample("Experiment Viewed"), key="shop")
    send(server, SCREEN, key="app")

    assert run(["coverage", "--format", "junit", "-o", "j.xml"]) == 0
    suites = [suite.attrib["name"] for suite in ET.parse("j.xml").getroot()]  # noqa: S314 - ours
    assert sorted(suites) == ["ab-testing", "candu"]

    capsys.readouterr()
    rule = {"type": "TRACK", "key": "tutorial.view", "jsonSchema": {"enum": [1]}}
    put_plan(server, "own", catalogue=[], plan={"name": "candu", "rules": [rule]})
    assert run(["coverage"]) == 2
    err = capsys.readouterr().err
    assert "source own has another one, look at it alone with --source" in err


def test_evicted_calls_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What had to make room cannot be covered."""
    with MockSegment(catalogue=["candu"], max_calls=1) as server:
        monkeypatch.setenv("MOCKSEG_URL", server.url)
        send(server, SCREEN)
        send(server, TRACK)

        assert run(["coverage"]) == 0

    assert "mockseg: 1 calls were evicted and are not counted" in capsys.readouterr().err


def test_a_server_without_plans_has_no_coverage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and what to do, rather than 100 %."""
    with MockSegment() as server:
        monkeypatch.setenv("MOCKSEG_URL", server.url)
        send(server, SCREEN)

        assert run(["coverage", "--all"]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert "no source has a plan, so nothing can be covered; start the server with" in err


def test_a_plan_is_inferred_from_the_journal(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accepted calls only, of one source or of all, more than a page of them."""
    numbered = [
        {"type": "track", "event": "N", "userId": "u", "properties": {"n": n}} for n in range(1200)
    ]
    send(server, *numbered, {"type": "track", "event": "bad"}, key="one")
    send(server, TRACK, key="two")

    assert run(["plan", "infer", "-o", "all.json"]) == 0
    assert run(["plan", "infer", "--source", "two", "-o", "two.json"]) == 0

    assert [rule.label for rule in read_plan("all.json").rules] == [
        'TRACK "N"',
        'TRACK "tutorial.view"',
    ]
    assert read_plan("all.json").rules[0].description == "inferred from 1200 calls"
    assert [rule.key for rule in read_plan("two.json").rules] == ["tutorial.view"]
    assert capsys.readouterr().out == ""

    assert run(["plan", "infer", "--source", "none"]) == 2
    assert "source none: it has no good call to infer" in capsys.readouterr().err


def test_an_export_is_validated_as_the_server_judged_it(
    server: MockSegment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever route a call came by, and also where the plan's settings changed it."""
    put_plan(
        server,
        "strict",
        catalogue=["candu"],
        strictness="strict",
        protocols={"track": {"allowPropertiesOnViolations": False}},
    )
    wrong = TRACK | {"properties": TRACK["properties"] | {"tutorialId": "x", "more": 1}}
    send(server, TRACK, wrong, {"type": "track", "event": "E"}, key="strict")
    single = {key: value for key, value in wrong.items() if key != "type"}
    ask(server, "POST", "/v1/track", single | {"writeKey": "strict"})
    ask(server, "POST", "/v1/batch", {"writeKey": "strict", "batch": [7]})
    assert run(["export", "f.ndjson"]) == 0
    capsys.readouterr()

    flags = ["--catalogue", "candu", "--strictness", "strict", "--json"]
    assert run(["validate", "f.ndjson", *flags]) == 1

    report = json.loads(capsys.readouterr().out)
    found = {
        bad["line"]: [(finding["code"], finding["field"]) for finding in bad["findings"]]
        for bad in report["shown"]
    }
    calls = server.source("strict").calls()
    judged = {
        number: [(finding.code, finding.field) for finding in call.findings]
        for number, call in enumerate(calls, 1)
        if not call.good
    }
    assert found == judged
    assert (report["messages"], report["good"]) == (5, 1)
