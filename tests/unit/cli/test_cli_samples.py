"""``mockseg samples``: what strategies draw, for suites that are not in Python."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.catalogue.loader import load
from mockseg.cli.main import run
from mockseg.domain.spec import check
from mockseg.plans.planset import PlanSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Lines = Callable[..., list[dict[str, Any]]]

ORDER = "Order Completed"
SHORT = "tutorial.interaction"


@pytest.fixture(name="samples")
def _samples(capfdbinary: pytest.CaptureFixture[bytes]) -> Lines:
    """Run the command and return the objects that it writes to standard output."""

    def samples(*arguments: str) -> list[dict[str, Any]]:
        assert run(["samples", *arguments]) == 0
        return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    return samples


def _found(message: dict[str, Any], plans: PlanSet) -> set[tuple[str, str]]:
    """Return code and field of all that Segment and the plan find in a message."""
    type_, event = message.get("type"), message.get("event")
    discards = check(message, type_ if isinstance(type_, str) else "")
    if discards:
        return {(each.code, each.field) for each in discards}
    found = plans.check(message, type=str(type_), event=event)
    return {(each.code, each.field) for each in found}


@pytest.mark.parametrize("kind", ["--valid", "--edge"])
def test_valid_and_edge_messages_are_good(samples: Lines, kind: str) -> None:
    """Each line names kind, plan, event and type of its message."""
    lines = samples(ORDER, "Cart Viewed", kind, "--count", "8")
    plans = PlanSet([load("ecommerce", strictness="strict")])

    assert [line["event"] for line in lines] == [ORDER] * 8 + ["Cart Viewed"] * 8
    for line in lines:
        assert set(line) == {"kind", "plan", "event", "type", "message"}
        assert (line["kind"], line["plan"], line["type"]) == (kind[2:], "ecommerce", "track")
        assert line["message"]["event"] == line["event"]
        assert _found(line["message"], plans) == set()


def test_invalid_messages_are_wrong_as_their_labels_say(samples: Lines) -> None:
    """The label names the finding that mockseg reports, and the kind of mistake."""
    lines = samples("guide started (userguiding)", "--invalid", "--count", "40")

    plans = PlanSet([load("userguiding", strictness="strict")])
    labels = [line["label"] for line in lines]
    assert len({label["mistake"] for label in labels}) >= 4
    for line, label in zip(lines, labels, strict=True):
        if label["mistake"] != "size":
            found = _found(line["message"], plans)
            assert (label["code"], label["field"]) in found or label["kind"] == "discard"
        assert label["description"]


@pytest.mark.parametrize("kind", ["--edge", "--invalid"])
def test_no_sample_is_a_duplicate_of_another(samples: Lines, kind: str) -> None:
    """The messageIds of a file differ, also between events; those that are sent are texts."""
    lines = samples("--plan", "candu", kind, "--count", "60")

    ids = [line["message"].get("messageId") for line in lines]
    texts = [id_ for id_ in ids if isinstance(id_, str) and id_]
    assert len(texts) > 10
    assert len(set(texts)) == len(texts)


def test_kinds_choose_the_mistakes(samples: Lines) -> None:
    """Of a whole plan, only events that can have them are written."""
    lines = samples("--plan", "userguiding", "--invalid", "--kinds", "enum", "--count", "1")

    assert {line["label"]["mistake"] for line in lines} == {"enum"}
    assert 1 < len(lines) < len(load("userguiding", strictness="strict").rules)


def test_a_plan_without_events_is_written_whole(samples: Lines) -> None:
    """Every rule of the plan, those of one type with --type."""
    rules = load("candu", strictness="strict").rules
    every = samples("--plan", "candu", "--count", "1")
    screens = samples("--plan", "candu", "--type", "screen", "--count", "1")

    assert [line["type"].upper() for line in every] == [rule.type for rule in rules]
    assert {line["type"] for line in screens} == {"screen"}


def test_a_plan_of_ones_own_is_taken_from_its_file(samples: Lines, tmp_path: Path) -> None:
    """The name of its event, in the values that its schema allows."""
    body = {"type": "object", "required": ["n"], "properties": {"n": {"enum": [1, 2]}}}
    schema = {"type": "object", "required": ["properties"], "properties": {"properties": body}}
    rules = [{"type": "TRACK", "key": "Mine", "version": 1, "jsonSchema": schema}]
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"name": "own", "rules": rules}), "utf-8")

    lines = samples("Mine", "--plan", str(file), "--count", "20")

    assert {line["message"]["properties"]["n"] for line in lines} == {1, 2}


def test_fewer_samples_are_the_beginning_of_more(samples: Lines) -> None:
    """Neither does another event of the same run change what is drawn; another seed does."""
    many = samples(SHORT, "--count", "110", "--seed", "7")

    assert samples(SHORT, "--count", "5", "--seed", "7") == many[:5]
    assert samples("alias", SHORT, "--count", "5", "--seed", "7")[5:] == many[:5]
    assert samples(SHORT, "--count", "5", "--seed", "8") != many[:5]


def test_realistic_messages_have_addresses_as_people_have_them(samples: Lines) -> None:
    """By Faker; the same seed draws the same."""
    lines = samples("identify", "--realistic", "--count", "12")

    assert samples("identify", "--realistic", "--count", "12") == lines
    emails = [line["message"].get("traits", {}).get("email") for line in lines]
    assert any("@example." in email for email in emails if email)


def test_a_file_is_written_whole_and_zipped_by_its_name(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What is said of it goes to standard error; lone surrogates are escapes in ASCII."""
    out = tmp_path / "edge.ndjson.gz"
    asked = ["samples", SHORT, "--edge", "--count", "40"]

    assert run([*asked, "--out", str(out)]) == 0
    said = capfdbinary.readouterr()
    assert run(asked) == 0

    assert said.out == b""
    assert said.err == f"40 messages written to {out}\n".encode()
    assert gzip.decompress(out.read_bytes()) == capfdbinary.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], 'no events: name them, such as "Order Completed", or pass --plan'),
        (["Order Complete"], 'did you mean "Order Completed"'),
        ([ORDER, "--kinds", "enum"], "--kinds goes with --invalid"),
        ([ORDER, "--edge", "--realistic"], "--realistic goes with --valid"),
        ([ORDER, "--invalid", "--kinds", "enums"], 'unknown kind of mistake "enums"'),
        (["--plan", "userguiding", "--type", "page"], "userguiding has no rule of this type"),
        (["--plan", "candu", "--invalid", "--kinds", "limit"], "possible kinds: "),
        (["--plan", "nope"], 'unknown catalogue plan "nope"'),
    ],
)
def test_what_cannot_be_drawn_is_said(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and nothing on standard output."""
    assert run(["samples", *arguments]) == 2

    out, err = capsys.readouterr()
    assert sentence in err
    assert out == ""
