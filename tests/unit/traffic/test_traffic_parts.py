"""The parts of traffic: quantities, shapes, times, histograms, draws, examples for plans."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from mockseg.catalogue.journeys import Weighted
from mockseg.errors import ConfigError, PlanError
from mockseg.plans.model import plan_from_json
from mockseg.plans.planset import PlanSet
from mockseg.traffic import profiles as q
from mockseg.traffic.draw import EXPONENTIAL, Draw
from mockseg.traffic.scenario import with_examples
from mockseg.traffic.schedule import SHAPES, Timeline, schedule, trace_rates
from mockseg.traffic.tally import Histogram

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "rate"),
    [("200/s", 200), ("200", 200), ("30/m", Fraction(1, 2)), ("1.5/s", Fraction(3, 2))],
)
def test_rates(text, rate) -> None:
    """A rate is calls a unit of time, a second when it names none."""
    assert q.parse_rate(text, place="--rate") == rate


@pytest.mark.parametrize("text", ["", "x", "0/s", "-1/s", "1/parsec", "1e9/s", "99999999999/s"])
def test_bad_rates(text) -> None:
    """What is no rate is refused with its place and value."""
    with pytest.raises(ConfigError, match=r"--rate is"):
        q.parse_rate(text, place="--rate")


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("2m", 120), ("500ms", 0.5), ("1d", 86400)]
)
def test_durations(text, seconds) -> None:
    """A duration is a number and a unit."""
    assert q.parse_duration(text, place="--duration") == seconds * SECOND


@pytest.mark.parametrize("text", ["", "30", "0s", "1y", "1 s", "9999d"])
def test_bad_durations(text) -> None:
    """What is no duration is refused."""
    with pytest.raises(ConfigError, match="--duration is"):
        q.parse_duration(text, place="--duration")


def test_shares_and_speeds() -> None:
    """Shares are percentages or fractions, speeds are factors."""
    assert q.parse_share("5%", place="x") == q.parse_share("0.05", place="x") == 0.05
    assert q.parse_speed("10x", place="x") == 10
    for text in ("101%", "2", "-1%", "%"):
        with pytest.raises(ConfigError):
            q.parse_share(text, place="x")
    with pytest.raises(ConfigError):
        q.parse_speed("0x", place="x")


def test_mixes() -> None:
    """A mix may hold names with an equals sign; it needs a weight above nothing."""
    assert q.parse_mix("a=b=3, Order Completed=1", place="x") == {"a=b": 3, "Order Completed": 1}
    for text in ("a", "a=", "=3", "a=0", "a=-1", "a=1,,b=2"):
        with pytest.raises(ConfigError):
            q.parse_mix(text, place="x")


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "trace"])
def test_shapes_are_ordered_and_as_long_as_asked(shape) -> None:
    """Due times go forward, within the time, and there are as many as announced."""
    made = schedule(shape, rate=Fraction(100), length_ns=20 * SECOND)
    due = list(made.due())
    assert due == sorted(due)
    assert len(due) == made.calls
    assert 0 <= due[0] <= due[-1] < made.length_ns == 20 * SECOND


def test_totals_of_shapes() -> None:
    """A ramp has half the calls of its rate, a sine all, a spike 1.4 times as many."""
    calls = {
        shape: schedule(shape, rate=Fraction(100), length_ns=20 * SECOND).calls
        for shape in ("constant", "ramp", "sine", "spike")
    }
    assert calls == {"constant": 2000, "ramp": 1000, "sine": 2000, "spike": 2800}


def test_constant_is_evenly_spaced() -> None:
    """A constant rate has the same pause between all calls, however rare they are."""
    due = list(schedule("constant", rate=Fraction(1, 3), length_ns=30 * SECOND).due())
    assert due == [number * 3 * SECOND for number in range(10)]


def test_traces() -> None:
    """A trace says for each second how many calls it has."""
    lines = [(1, b"2"), (2, b"0 # nobody"), (3, b"1.5"), (4, b"0.5")]
    made = schedule(
        "trace", rate=Fraction(1), length_ns=1, trace=trace_rates(iter(lines), file="t")
    )
    assert [step.calls for step in made.steps] == [2, 0, 1, 1]
    with pytest.raises(ConfigError, match="t, line 7"):
        trace_rates(iter([(7, b"many")]), file="t")
    with pytest.raises(ConfigError, match="empty"):
        trace_rates(iter([]), file="t")


def test_unknown_shape_and_no_calls() -> None:
    """A shape that nobody knows and a time without calls are refused."""
    with pytest.raises(ConfigError, match='did you mean "spike"'):
        schedule("spikes", rate=Fraction(1), length_ns=SECOND)
    with pytest.raises(ConfigError, match="no call"):
        schedule("constant", rate=Fraction(1, 100), length_ns=SECOND)


@pytest.mark.parametrize("span", [None, 3600 * SECOND, 86_400 * SECOND, 100 * 86_400 * SECOND])
@pytest.mark.parametrize("offset", [0, -300, 345])
def test_timelines_go_forward_and_stay_inside(span, offset) -> None:
    """Later places give later moments, from the start to the end of the span."""
    start = 1_767_229_999 * SECOND
    line = Timeline(start_ns=start, length_ns=10_000, span_ns=span, offset_minutes=offset)
    moments = [line.at(place) for place in range(0, 10_000, 7)]
    assert moments == sorted(moments)
    assert start <= moments[0]
    assert moments[-1] <= start + (span or 10_000)


def test_histogram_is_within_a_thousandth() -> None:
    """Percentiles are true to a thousandth, however large the values are."""
    times = Histogram()
    for value in range(1, 100_001):
        times.add(value * 10)
    for share in (0.01, 0.5, 0.9, 0.999, 1.0):
        assert times.percentile(share) == pytest.approx(share * 1_000_000, rel=0.002)
    assert times.most == 1_000_000
    assert times.mean == pytest.approx(500_005)


def test_histogram_table_ends_with_the_largest() -> None:
    """The table goes towards the end ever more finely; an empty one has its heading only."""
    times = Histogram()
    assert len(times.table()) == 1
    for value in (1, 5, 7_000, 9_000_000):
        times.add(value)
    rows = [row.split() for row in times.table()[1:]]
    assert rows[-1] == ["9000.000", "1.000000", "4", "inf"]
    shares = [float(row[1]) for row in rows]
    assert shares == sorted(shares)


def test_exponential_quantiles_have_mean_one() -> None:
    """The times to think have the mean that they say."""
    assert sum(EXPONENTIAL) / len(EXPONENTIAL) == pytest.approx(1000, rel=0.001)


def test_weighted_draws_are_as_likely_as_they_weigh() -> None:
    """A thing of weight nothing is never drawn, the others as often as they weigh."""
    for factor in (1, 100_000):
        choice = Weighted([("a", factor), ("b", 3 * factor), ("c", 0)])
        random = Draw("weighted").random
        drawn = [choice.pick(random) for _ in range(4000)]
        assert "c" not in drawn
        assert 0.7 < drawn.count("b") / len(drawn) < 0.8


def test_uuid_has_the_shape_of_one() -> None:
    """A drawn UUID says that it is random (version 4)."""
    text = Draw("uuid").uuid()
    assert [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    assert text[14] == "4"
    assert text[19] == "a"


RULES = [
    {"type": "TRACK", "key": "Report Exported", "jsonSchema": {
        "type": "object", "properties": {"properties": {
            "type": "object", "required": ["format", "rows", "at", "by", "code"],
            "additionalProperties": False, "properties": {
                "format": {"enum": ["csv", "pdf"]}, "rows": {"type": "integer", "minimum": 5},
                "at": {"type": "string", "format": "date-time"},
                "by": {"$ref": "#/definitions/who"},
                "code": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
                "pages": {"type": "number", "maximum": 3}},
            "if": {"required": ["format"], "properties": {"format": {"const": "pdf"}}},
            "then": {"required": ["pages"]}}}, "required": ["properties"],
        "definitions": {"who": {"type": ["string", "null"], "minLength": 9}}}},
    {"type": "IDENTIFY", "jsonSchema": {"properties": {"traits": {
        "required": ["plan"], "properties": {"plan": {"type": "string"}}}}}},
]  # fmt: skip


def test_examples_for_anybodys_plan_satisfy_it() -> None:
    """For each rule of a plan examples are made that it likes: conditions, references, patterns."""
    plan = plan_from_json({"name": "ours", "rules": RULES}, file="ours.json")
    made = with_examples(plan, seed="1")
    checks = PlanSet((plan,))
    for rule in made.rules:
        assert rule.examples
        for example in rule.examples:
            message = example | {"type": rule.type.lower(), "userId": "u"}
            event = rule.key or None
            if event:
                message["event"] = event
            assert checks.check(message, type=rule.type.lower(), event=event) == ()


PATTERNS = (
    "^[A-Z]{4}-[0-9]{5}-[a-f]{2}$", "^(free|team (small|large))$", "^(?:[a-z]{2}-){2}[0-9]+$",
    "^v[0-9]+(\\.[0-9]+)?$", "^a$|^b$", "seat",
)  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_satisfied(pattern: str) -> None:
    """Row by row of characters, group by group."""
    fields = {"code": {"type": "string", "pattern": pattern}}
    schema = {"properties": {"properties": {"required": ["code"], "properties": fields}}}
    rule = {"type": "TRACK", "key": "Sold", "jsonSchema": schema | {"required": ["properties"]}}
    plan = plan_from_json({"name": "ours", "rules": [rule]}, file="ours.json")
    (made,) = with_examples(plan, seed="1").rules
    assert len(made.examples) == 4
    for example in made.examples:
        assert re.search(pattern, example["properties"]["code"])


def test_traffic_makes_every_kind_of_mistake(traffic) -> None:
    """Those of lengths and lists too, as strategies do."""
    fields = {
        "name": {"type": "string", "minLength": 3, "maxLength": 30},
        "tags": {
            "type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": True,
            "items": {"type": "string"},
        },
        "price": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.25},
    }  # fmt: skip
    body = {"type": "object", "properties": fields, "required": [*fields]}
    schema = {"properties": {"properties": body}, "required": ["properties"]}
    rule = {"type": "TRACK", "key": "Sold", "jsonSchema": schema}
    plan = plan_from_json({"name": "ours", "rules": [rule]}, file="ours.json")
    codes = {made.code for made in traffic(catalogue=(), plans=(plan,), invalid=0.5)}
    assert codes >= {
        "min_length", "max_length", "min_items", "max_items", "unique_items", "invalid_type",
        "exclusive_minimum", "multiple_of", "required", "unplanned_event",
    }  # fmt: skip


def test_a_rule_that_nothing_satisfies_is_named() -> None:
    """A rule for which no message is found is refused by name, with what would help."""
    rule = {"type": "TRACK", "key": "Never", "jsonSchema": {"properties": {"properties": {
        "required": ["x"], "properties": {"x": {"pattern": "^a$", "minLength": 3}}}}}}  # fmt: skip
    plan = plan_from_json({"name": "ours", "rules": [rule]}, file="ours.json")
    with pytest.raises(PlanError, match=r"Never.*x.*\^a"):
        with_examples(plan, seed="1")


def test_traffic_of_anybodys_plan(traffic) -> None:
    """A user's plan makes traffic of its events, good and broken, that it judges as labelled."""
    plan = plan_from_json({"name": "ours", "rules": RULES}, file="ours.json")
    checks = PlanSet((plan,))
    calls = list(traffic(catalogue=(), plans=(plan,), invalid=0.2))
    assert {made.name for made in calls} >= {"Report Exported", "identify", "page"}
    from mockseg.domain.spec import check
    from mockseg.json_types import decode

    for made in calls:
        message = decode(made.line)
        type_ = message.get("type")
        type_ = type_ if isinstance(type_, str) else ""
        codes = {each.code for each in check(message, type_)}
        if not codes:
            event = message.get("event")
            codes = {each.code for each in checks.check(message, type=type_, event=event)}
        assert made.code in codes if made.label == "invalid" else codes == set(), made
