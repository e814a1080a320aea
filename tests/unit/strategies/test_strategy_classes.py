"""The first examples are spread over the classes of values; nothing else of Hypothesis changes."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis.database import InMemoryExampleDatabase

from mockseg import strategies as seg
from mockseg.catalogue.loader import catalogues
from mockseg.catalogue.lookup import FoundRule, get, matches_of
from mockseg.strategies import classes
from mockseg.strategies.edges import edges_of
from mockseg.strategies.events import in_classes, values_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.strategies.classes import Values

ANSWER = "survey question answer (userguiding)"
BUTTON = "hotspot button click (userguiding)"
QUIET = settings(
    max_examples=200, database=None, deadline=None, derandomize=True, phases=[Phase.generate]
)


def _drawn(strategy: Any, *, how: settings = QUIET) -> list[Any]:
    found: list[Any] = []

    @how
    @given(strategy)
    def run(value: Any) -> None:
        found.append(value)

    run()
    return found


def _rich(plan: str) -> FoundRule:
    """Return the rule of a plan with most classes."""
    return max(matches_of(plan), key=lambda match: values_of(match).count)


@pytest.mark.parametrize("values_of_rule", [values_of, edges_of], ids=["events", "edges"])
@pytest.mark.parametrize("plan", catalogues())
def test_each_choice_of_a_row_is_one_that_the_strategy_makes(
    plan: str, values_of_rule: Callable[[FoundRule], Values], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script never goes astray: all of it fits what is asked, up to its end."""
    strays: list[Any] = []
    fits = classes._fits

    def recorded(step: Any, kind: str, constraints: Any) -> bool:
        found = fits(step, kind, constraints)
        if not found and step is not classes._NO_STEP:
            strays.append((step, kind, constraints))
        return found

    monkeypatch.setattr(classes, "_fits", recorded)
    few = settings(QUIET, max_examples=40)
    assert _drawn(in_classes([values_of_rule(_rich(plan))]), how=few)
    assert strays == []


def test_no_row_is_drawn_twice_and_nearly_all_are_in_200_examples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the whole plan: Hypothesis knows which rows it had, nothing else remembers them."""
    rows: Counter[Any] = Counter()
    forced = classes._forced

    def counted(data: Any, script: Any, row: int) -> Any:
        rows[row] += 1
        return forced(data, script, row)

    monkeypatch.setattr(classes, "_forced", counted)
    _drawn(seg.events("userguiding"))
    assert set(rows.values()) == {1}
    assert len(rows) >= 0.9 * sum(values_of(match).count for match in matches_of("userguiding"))


SEEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "a score of zero": lambda p: p.get("score") == 0,
    "a score with a fraction": lambda p: p.get("score", 0) % 1,
    "a negative score": lambda p: p.get("score", 0) < 0,
    "a score beyond 32 bits": lambda p: p.get("score", 0) > 2**32,
    "an empty choice": lambda p: "" in p.get("choices", "x").split(",")[1:],
    "no choice": lambda p: p.get("choices") == "",
    "blank feedback": lambda p: p.get("feedback", "x").isspace(),
    "feedback of several lines": lambda p: "\n" in p.get("feedback", ""),
}


def test_the_whole_plan_shows_what_branches_ask_for_within_200_examples() -> None:
    """Of 25 events, the one with conditions shows each of its classes, and each of its types."""
    answers = [
        message["properties"]
        for message in _drawn(seg.events("userguiding"))
        if message["event"] == ANSWER
    ]
    assert [what for what, shows in SEEN.items() if not any(map(shows, answers))] == []
    zero = {each["questionType"] for each in answers if each.get("score") == 0}
    assert zero == {"Star Rating", "Number Rating (5)", "Number Rating (10)", "NPS Rating"}


def test_members_of_a_union_and_absent_ones_are_seen_in_few_examples() -> None:
    """Null, a text and a number, and neither of two optional properties, in a plan of one's own."""
    schema = {
        "type": "object",
        "required": ["rating"],
        "additionalProperties": False,
        "properties": {
            "rating": {"type": ["integer", "string", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "comment": {"type": "string"},
        },
    }
    body = {"type": "object", "required": ["properties"], "properties": {"properties": schema}}
    plan = {"name": "own", "rules": [{"type": "TRACK", "key": "Rated", "jsonSchema": body}]}
    bodies = [
        each["properties"]
        for each in _drawn(seg.events(plan), how=settings(QUIET, max_examples=60))
    ]
    assert {type(each["rating"]) for each in bodies} == {int, str, type(None)}
    assert any(set(each) == {"rating"} for each in bodies)
    tags = [each["tags"] for each in bodies if "tags" in each]
    assert [] in tags
    assert any(len(each) == 2 and each[0] == each[1] for each in tags)


def _of_one_event(body: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Return the bodies of messages that a plan of one event allows."""
    whole = {"type": "object", "required": ["properties"], "properties": {"properties": body}}
    plan = {"name": "own", "rules": [{"type": "TRACK", "key": "Done", "jsonSchema": whole}]}
    how = settings(QUIET, max_examples=count)
    return [message["properties"] for message in _drawn(seg.events(plan), how=how)]


def test_of_two_optional_members_each_is_seen_without_the_other() -> None:
    """Both, either, neither: of each two of five members that may be absent."""
    names = ("city", "street", "zip", "country", "floor")
    body = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": "string"} for name in names},
    }
    bodies = _of_one_event(body, 30)
    pairs = {(a, b, a in each, b in each) for each in bodies for a, b in combinations(names, 2)}
    assert len(pairs) == 4 * 10


@pytest.mark.parametrize("optional", [False, True], ids=["required", "optional"])
def test_each_currency_is_seen_with_a_fraction_and_without(*, optional: bool) -> None:
    """A consumer that rounds the amounts of one currency is found, beside other enumerations."""
    currencies = ["USD", "EUR", "JPY", "KWD", "TRY"]
    body = {
        "type": "object",
        "required": ["method", *([] if optional else ["amount", "currency"])],
        "additionalProperties": False,
        "properties": {
            "method": {"enum": [f"m{number}" for number in range(8)]},
            "amount": {"type": "number", "minimum": 0},
            "currency": {"enum": currencies},
        },
    }
    seen = {
        (each["currency"], each["amount"] == int(each["amount"]))
        for each in _of_one_event(body, 40)
        if each.keys() >= {"currency", "amount"}
    }
    assert len(seen) == 2 * len(currencies)


def test_a_text_has_characters_that_any_even_number_of_bytes_cuts() -> None:
    """So a consumer that cuts a text after 40 bytes is found, and 64, and 200."""
    body = {"type": "object", "required": ["label"], "properties": {"label": {"type": "string"}}}
    labels = [each["label"].encode() for each in _of_one_event(body, 25)]

    def is_cut(text: bytes, size: int) -> bool:
        return text[:size].decode(errors="ignore").encode() != text[:size]

    assert [n for n in range(14, 202, 2) if not any(is_cut(each, n) for each in labels)] == []


@pytest.mark.parametrize("most", [60, 80, 200])
def test_a_text_that_may_not_be_long_has_all_that_breaks_consumers(most: int) -> None:
    """A limit of characters takes those in the middle away, not quotes, line ends and braces."""
    label = {"type": "string", "maxLength": most}
    body = {"type": "object", "required": ["label"], "properties": {"label": label}}
    labels = [each["label"] for each in _of_one_event(body, 25)]
    assert any({*"\\\"'\n\r\t,;<{`\u0301\U0001f600"} <= {*each} for each in labels)
    assert max(map(len, labels)) <= most


def test_days_that_code_tells_apart_are_seen_in_few_examples() -> None:
    """A leap day, one before 1970, and moments at whose offsets UTC knows no year."""
    fields = {name: {"type": "string", "format": name} for name in ("date", "date-time")}
    body = {"type": "object", "required": list(fields), "properties": fields}
    bodies = _of_one_event(body, 20)
    for name in fields:
        days = {each[name][:10] for each in bodies}
        assert {"2000-01-01", "2024-02-29", "1969-12-31", "9999-12-31"} <= days
    moments = {each["date-time"] for each in bodies}
    assert "9999-12-31T23:59:59-08:00" in moments


@pytest.mark.parametrize("name", ["\ud800", "k" * 300, "__proto__", "a.b"])
def test_an_open_object_has_names_that_break_consumers_in_few_edge_cases(name: str) -> None:
    """Half of a surrogate pair, a very long name, one of JavaScript's own, one with a dot."""
    body = {"type": "object", "properties": {"a": {"type": "string"}}}
    whole = {"type": "object", "properties": {"properties": body}}
    plan = {"name": "own", "rules": [{"type": "TRACK", "key": "Done", "jsonSchema": whole}]}
    messages = _drawn(seg.edge_events(plan), how=settings(QUIET, max_examples=100))
    assert any(name in (message.get("properties") or {}) for message in messages)


def test_lists_of_distinct_values_are_seen_empty_with_one_and_with_two() -> None:
    """Each value of the enumeration is in one of few lists."""
    values = ["brakes", "lights", "tyres", "mirror"]
    body = {
        "type": "object",
        "required": ["defects"],
        "properties": {
            "defects": {"type": "array", "uniqueItems": True, "items": {"enum": values}}
        },
    }
    lists = [each["defects"] for each in _of_one_event(body, 20)]
    assert {0, 1, 2} <= {len(each) for each in lists}
    assert {each for found in lists for each in found} == set(values)


def test_objects_told_apart_by_their_kind_are_all_drawn() -> None:
    """Exactly one of three closed objects, one of them with a format, holds."""
    ways = [
        {"kind": {"const": "photo"}, "url": {"type": "string", "format": "uri"}},
        {"kind": {"const": "signature"}, "strokes": {"type": "integer", "minimum": 0}},
        {"kind": {"const": "pin"}, "pin": {"type": "string", "pattern": "^[0-9]{4}$"}},
    ]
    proof = {
        "oneOf": [
            {"type": "object", "required": [*way], "additionalProperties": False, "properties": way}
            for way in ways
        ]
    }
    body = {"type": "object", "required": ["proof"], "properties": {"proof": proof}}
    proofs = [each["proof"] for each in _of_one_event(body, 20)]
    assert {each["kind"] for each in proofs} == {"photo", "signature", "pin"}
    assert {len(each) for each in proofs} == {2}


def test_a_failing_row_shrinks_to_what_it_needs() -> None:
    """The row had a long label, a context and more; the report has none of it."""
    wanted = {",", "\u00e9", "\n"}
    found = find(
        seg.events("userguiding"),
        lambda m: m["event"] == BUTTON and wanted <= set(m["properties"]["ctaText"]),
        settings=settings(QUIET, max_examples=1000, phases=[Phase.generate, Phase.shrink]),
    )
    label = found["properties"].pop("ctaText")
    assert sorted(label) == sorted(wanted)
    assert set(found) == {"type", "event", "userId", "properties"}
    assert {*found["properties"].values()} <= {"", "link"}


def test_a_failing_row_is_replayed_from_the_database() -> None:
    """What failed is what fails first the next time, though no row is forced again by chance."""
    database = InMemoryExampleDatabase()
    seen: list[Any] = []

    def hunt(*phases: Phase) -> dict[str, Any]:
        @settings(max_examples=200, database=database, deadline=None, phases=phases)
        @given(seg.event(ANSWER))
        def test(message: dict[str, Any]) -> None:
            seen.append(message)
            assert "score" not in message["properties"]

        with pytest.raises(AssertionError):
            test()
        last: dict[str, Any] = seen[-1]
        return last

    smallest = hunt(Phase.generate, Phase.shrink)
    seen.clear()
    assert hunt(Phase.reuse) == smallest
    assert len(seen) <= 3


def test_a_script_that_does_not_fit_leaves_the_rest_free() -> None:
    """Should a strategy ask for something else, the message is a good one all the same."""
    values = values_of(get(ANSWER, strictness="strict"))
    astray = classes.Values(
        strategy=values.strategy, count=1, script=lambda row, _: ("no such choice", row)
    )
    names = {
        each["event"] for each in _drawn(in_classes([astray]), how=settings(QUIET, max_examples=20))
    }
    assert names == {ANSWER}
