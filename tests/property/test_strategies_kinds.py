"""What the strategies promise by name: each kind of value, mistake and request is drawn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, settings

from mockseg import strategies as seg
from mockseg.catalogue.loader import load
from mockseg.catalogue.mistakes import breakages
from mockseg.domain.limits import MAX_CALL_BYTES, MAX_MESSAGE_ID_CHARACTERS
from mockseg.plans.model import plan_from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hypothesis.strategies import SearchStrategy

GUIDE = "guide started (userguiding)"
ANSWER = "survey question answer (userguiding)"


def _drawn(strategy: SearchStrategy[Any], count: int) -> list[Any]:
    """Give so many examples as a test of Hypothesis sees them."""
    found: list[Any] = []

    @settings(
        max_examples=count, database=None, deadline=None, derandomize=True, phases=[Phase.generate]
    )
    @given(strategy)
    def run(value: Any) -> None:
        found.append(value)

    run()
    return found


def _never(kinds: dict[str, Callable[[Any], object]], values: Iterable[Any]) -> list[str]:
    """Give the kinds that none of the values is of."""
    values = list(values)
    return [kind for kind, holds in kinds.items() if not any(holds(value) for value in values)]


def _leaves(value: Any) -> list[Any]:
    """Give what is in a value and holds nothing itself."""
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return [leaf for each in inside for leaf in _leaves(each)] or [value]
    return [value]


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inside), default=0)


GOOD: dict[str, Callable[[Any], object]] = {
    "quotes": lambda m: '"' in m["properties"].get("feedback", ""),
    "commas": lambda m: "," in m["properties"].get("choices", ""),
    "newlines": lambda m: "\n" in m["properties"].get("feedback", ""),
    "empty": lambda m: m["properties"]["surveyName"] == "",
    "zero": lambda m: m["properties"].get("score") == 0,
    "negative": lambda m: m["properties"].get("score", 0) < 0,
    "fractional": lambda m: m["properties"].get("score", 0) % 1,
    "userId": lambda m: "userId" in m,
    "no userId": lambda m: "userId" not in m,
    "context": lambda m: "context" in m,
    "no context": lambda m: "context" not in m,
    "timestamp": lambda m: "timestamp" in m,
    "no timestamp": lambda m: "timestamp" not in m,
}


def test_values_come_from_the_whole_legal_space() -> None:
    """What breaks consumers of survey answers is among 200 of them."""
    assert _never(GOOD, _drawn(seg.event(ANSWER), 200)) == []


def test_events_with_many_branches_come_more_often() -> None:
    """An answer with its twelve types of question more often than a guide that has none."""
    names = [message["event"] for message in _drawn(seg.events("userguiding"), 200)]
    assert names.count(ANSWER) > names.count(GUIDE) > 0


NASTY_MESSAGES: dict[str, Callable[[Any], object]] = {
    "exactly the largest message": lambda m: len(seg.encode(m)) == MAX_CALL_BYTES,
    "the longest messageId": lambda m: len(m.get("messageId") or "") == MAX_MESSAGE_ID_CHARACTERS,
    "null for a userId": lambda m: m.get("userId", 0) is None,
    "null for a context": lambda m: m.get("context", 0) is None,
    "null for the body": lambda m: m.get("properties", 0) is None,
    "an empty body": lambda m: m.get("properties") == {},
    "lone surrogates": lambda m: re.search(rb"\\ud[89a-f]", seg.encode(m)),
    "snake and camel case": lambda m: {"user_id", "userId"} <= set(m.get("properties") or {}),
    "a clock that is ahead": lambda m: _skew(m) > 1,
    "a clock that is behind": lambda m: _skew(m) < -1,
} | {
    f"{count} digits of a second": lambda m, count=count: re.search(
        rf"T[0-9:]{{8}}{rf'[.][0-9]{{{count}}}' if count else ''}[Z+-]", str(m.get("timestamp"))
    )
    for count in range(10)
} | {
    f"offset {offset}": lambda m, offset=offset: str(m.get("timestamp")).endswith(offset)
    for offset in ("Z", "-00:00", "+14:00", "-12:00", "+05:45", "+23:59")
}  # fmt: skip
NASTY_LEAVES: dict[str, Callable[[Any], object]] = {
    "right-to-left": lambda v: isinstance(v, str) and re.search("[\u05d0-\u05ea\u0627-\u064a]", v),
    "NUL": lambda v: isinstance(v, str) and "\x00" in v,
    "2^53 - 1": lambda v: v == 2**53 - 1,
    "2^53 + 1": lambda v: isinstance(v, int) and v == 2**53 + 1,
    "-0": lambda v: isinstance(v, float) and str(v) == "-0.0",
    "1e308": lambda v: v == 1e308,
    "null": lambda v: v is None,
    "an empty object": lambda v: v == {} and isinstance(v, dict),
} | {
    f"plane {plane} of Unicode": lambda v, plane=plane: isinstance(v, str)
    and any(ord(char) >> 16 == plane for char in v)
    for plane in range(17)
}  # fmt: skip
NASTY_NAMES = {"a.b", "$set", "__proto__", "constructor", "userId", "user_id", "event", "messageId"}


def _skew(message: dict[str, Any]) -> float:
    """Give by how many days the client's clock is ahead of the moment of sending."""
    days = [str(message.get(name))[:10].split("-") for name in ("timestamp", "sentAt")]
    if any(len(day) != 3 for day in days):
        return 0
    one, two = ([int(part) for part in day] for day in days)
    return (one[0] - two[0]) * 365 + (one[1] - two[1]) * 30 + one[2] - two[2]


def test_edge_events_have_all_that_is_nasty() -> None:
    """Every kind that is promised: of messages, of values, of names, and how deep they go."""
    messages = _drawn(
        seg.edge_event("Order Completed", plan="ecommerce", strictness="lenient"), 700
    )
    leaves = [leaf for message in messages for leaf in _leaves(message)]
    bodies = [message.get("properties") or {} for message in messages]
    names = set().union(*bodies)
    ids = [message["messageId"] for message in messages if message.get("messageId")]
    # Where a plan says what a field is, it is never null.
    free = {"name": "own", "rules": [{"type": "TRACK", "key": "A", "jsonSchema": {}}]}
    assert _never(NASTY_MESSAGES, messages + _drawn(seg.edge_event("A", plan=free), 600)) == []
    assert _never(NASTY_LEAVES, leaves) == []
    assert NASTY_NAMES - names == set()
    assert max(map(_depth, bodies)) > 100
    assert max(map(ids.count, ids)) > 1


def test_every_way_to_break_an_event_is_drawn() -> None:
    """Each code that the catalogue knows of an answer, and it at nearly each of its fields."""
    plan = load("userguiding", strictness="strict")
    ways = [way for way in breakages(plan) if way.rule == ANSWER and way.kind == "violation"]
    labels = [invalid.label for invalid in _drawn(seg.invalid_event(ANSWER, discards=False), 500)]
    assert len(ways) > 100
    known = {(way.code, way.field) for way in ways}
    drawn = {(each.code, each.field) for each in labels}
    assert {code for code, _ in drawn} == {code for code, _ in known}
    assert drawn <= known
    assert len(known - drawn) < len(known) / 10
    assert len({each.id for each in labels}) > len(ways) / 2


TEXTS = {
    f"properties.{name}"
    for name in ("surveyId", "surveyName", "surveyQuestion", "questionId", "feedback", "choices",
                 "pageUrl", "user_id")
}  # fmt: skip
LABELS: dict[str, Callable[[Any], object]] = {
    "missing": lambda i: i.label.code == "required",
    "out of the enumeration": lambda i: i.label.code == "enum",
    "wrong branch": lambda i: i.label.when and i.label.code in {"required", "not_allowed"},
    "unplanned property": lambda i: i.label.code == "additional_property",
    "unplanned event": lambda i: i.label.code == "unplanned_event",
    "a name that is nearly planned": lambda i: i.label.code == "unplanned_event"
    and i.message["event"].replace("_", " ").strip().lower()[:12] == ANSWER[:12],
    "a userId that is no string": lambda i: (i.label.code, i.label.field)
    == ("id_not_string", "userId"),
    "nobody": lambda i: i.label.code == "no_user_anon_id"
    and not {"userId", "anonymousId"} & {k for k, v in i.message.items() if v is not None},
    "an event that is no string": lambda i: i.label.code == "event_not_string"
    and not isinstance(i.message["event"], str),
    "one byte too large": lambda i: i.label.code == "call_too_large"
    and len(seg.encode(i.message)) == MAX_CALL_BYTES + 1,
    "a messageId of 101 characters": lambda i: i.label.code == "message_id_too_long"
    and len(i.message["messageId"]) == MAX_MESSAGE_ID_CHARACTERS + 1,
} | {
    f"{kind.__name__} for a text": lambda i, kind=kind: i.label.code == "invalid_type"
    and i.label.field in TEXTS
    and type(i.message["properties"][i.label.field.removeprefix("properties.")]) is kind
    for kind in (int, float, bool, list, dict, type(None))
}  # fmt: skip


def test_every_kind_of_mistake_is_drawn() -> None:
    """Of the plan and of the Spec, and each other JSON type in place of a text."""
    assert _never(LABELS, _drawn(seg.invalid_event(ANSWER), 700)) == []


def test_an_optional_property_is_there_as_often_as_not() -> None:
    """Whatever its values are: a visitor who is no user is as usual among nasty messages."""
    for strategy in (seg.event(GUIDE), seg.edge_event(GUIDE)):
        there = [bool(message.get("userId")) for message in _drawn(strategy, 200)]
        assert 90 < sum(there) < 180


def test_a_batch_of_2501_is_one_too_many() -> None:
    """Not one more, and all with ids of their own."""
    (invalid, *_) = _drawn(seg.invalid_batches(), 2)
    ids = {message["messageId"] for message in invalid.message["batch"]}
    assert len(invalid.message["batch"]) == len(ids) == 2501
    assert invalid.label.code == "batch_too_many_calls"


REQUESTS: dict[str, Callable[[Any], object]] = {
    "packed": lambda r: ("Content-Encoding", "gzip") in r.headers and r.status == 200,
    "key in the headers": lambda r: "Authorization" in dict(r.headers),
    "as text": lambda r: dict(r.headers).get("Content-Type") == "text/plain",
    "PUT": lambda r: r.method == "PUT",
    "pixel": lambda r: r.path.startswith("/v1/pixel/"),
    "import": lambda r: r.path == "/v1/import",
    "short": lambda r: r.path == "/v1/t",
} | {
    what: lambda r, what=what: r.what.startswith(what)
    for what in (
        "one ", "a batch of", "JSON that is cut", "no JSON object", "a batch that is not a list",
        "gzip that is cut", "an empty batch", "a path that does not exist",
        "a method that is not allowed", "one call too many", "exactly as large",
        "as many calls", "a key that is there twice",
    )
} | {f"status {status}": lambda r, status=status: r.status == status
     for status in (200, 400, 404, 405)}  # fmt: skip


def test_requests_are_of_every_kind() -> None:
    """Routes, methods, headers, encodings, and all that is malformed."""
    light = seg.messages(["track"]).map(lambda m: {**m, "properties": {}, "context": {}})
    assert _never(REQUESTS, _drawn(seg.requests(light), 400)) == []


def test_a_visitor_is_anonymous_and_then_identified() -> None:
    """With the identify call between, and never the other way."""
    journeys = _drawn(seg.journeys("ecommerce"), 60)
    both = [m for m in journeys if "userId" in m[-1] and "userId" not in m[0]]
    assert len(both) > 3
    for messages in both:
        first = next(m for m in messages if "userId" in m)
        assert first["type"] == "identify"
        assert first["anonymousId"] == messages[0]["anonymousId"]


def test_a_journey_may_be_long() -> None:
    """The simplest is short, so that no size is too large for Hypothesis to begin with."""
    for plan in ("spec", "video"):
        assert len(_drawn(seg.journeys(plan, max_size=500), 15)) > 10


def test_a_plan_that_is_called_like_one_of_the_catalogue_has_its_own_journeys() -> None:
    """A user's plan "email" has nothing of the catalogue's but the name."""
    rule = {"type": "TRACK", "key": "Mail Filed", "jsonSchema": {"type": "object"}}
    plan = plan_from_json({"name": "email", "rules": [rule]}, file="plan.json")
    journeys = _drawn(seg.journeys(plan), 10)
    assert {message["event"] for messages in journeys for message in messages} == {"Mail Filed"}


def test_an_event_that_several_plans_know_is_that_of_the_plan_given() -> None:
    """`identify` stands in two plans: one documents the traits of the Spec, the other ids only."""

    def share(plan: str, trait: str) -> float:
        messages = _drawn(seg.event("identify", plan=plan), 100)
        return sum(trait in message.get("traits", {}) for message in messages) / len(messages)

    # A trait that is not documented may come too, by chance.
    for trait in ("email", "firstName", "company"):
        assert share("spec", trait) > 0.1 > share("copilot", trait)
