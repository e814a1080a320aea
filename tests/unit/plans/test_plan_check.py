"""Which rule judges a call, and what it says."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.errors import PlanError
from mockseg.plans.model import Plan, plan_from_json
from mockseg.plans.plan_index import version_wanted
from mockseg.plans.planset import Judgement, PlanSet
from mockseg.plans.protocols import ALLOW_ALL, ProtocolsSettings, TrackSettings
from mockseg.schemas import compiled

NUMBER = {"properties": {"properties": {"properties": {"n": {"type": "number"}}}}}
TEXT = {"properties": {"properties": {"properties": {"n": {"type": "string"}}}}}
NEEDS_N = {"properties": {"properties": {"required": ["n"]}}}


def plan(*rules: tuple[str, str | None, dict[str, Any]], name: str = "p", **other: Any) -> Plan:
    """Make a plan of rules given as type, key and schema."""
    entries = [
        {"type": kind, "jsonSchema": schema} | ({} if key is None else {"key": key})
        for kind, key, schema in rules
    ]
    return plan_from_json({"name": name, "rules": entries, **other}, file=name)


def track(event: str = "A", *, version: Any = None, **properties: Any) -> dict[str, Any]:
    """Make a track message."""
    protocols = {} if version is None else {"protocols": {"event_version": version}}
    return {"type": "track", "event": event, "context": protocols, "properties": properties}


def codes(plans: PlanSet, message: dict[str, Any]) -> list[tuple[str, str]]:
    """Give code and field of each violation."""
    found = plans.check(message, type=message["type"], event=message.get("event"))
    return [(each.code, each.field) for each in found]


def test_a_good_call_has_no_violations(plans: PlanSet, answered: dict[str, Any]) -> None:
    """Nothing is found, the first time and every further time."""
    assert [codes(plans, answered) for _ in range(3)] == [[], [], []]


def test_a_bad_call_is_bad_every_time(plans: PlanSet, answered: dict[str, Any]) -> None:
    """What is remembered for good calls does not hide bad ones."""
    codes(plans, answered)
    del answered["properties"]["score"]
    assert [codes(plans, answered) for _ in range(2)] == [[("required", "properties.score")]] * 2


@pytest.mark.parametrize(
    ("schema", "alone", "shared"),
    [
        (NUMBER, True, True),
        ({"required": ["userId"], "allOf": [NUMBER]}, True, True),
        ({"properties": {"context": {"type": "object"}}}, True, False),
        ({"properties": {"context": True, "messageId": {}, "timestamp": {}}}, True, True),
        ({"properties": {"messageId": {"minLength": 1}}}, False, False),
        ({"if": {"required": ["receivedAt"]}, "then": {}}, False, False),
        ({"propertyNames": {"minLength": 1}}, False, False),
        ({"additionalProperties": False, "properties": {"a": {}}}, False, False),
    ],
)
def test_a_message_is_judged_as_sent_where_nothing_that_is_added_counts(
    schema: dict[str, Any], *, alone: bool, shared: bool
) -> None:
    """With a context that its batch says for all, a rule for contexts needs the merged one."""
    plans = PlanSet([plan(("TRACK", "A", schema))])
    good = {**track(n=1), "userId": "u1"}
    unasked = plans.judge_as_sent(good, "track", "A", shared=False)
    assert unasked is None, "asked before anything was judged"
    judged = plans.judge(good, type="track", event="A")
    assert plans.judge_as_sent(good, "track", "A", shared=False) == (judged if alone else None)
    assert plans.judge_as_sent(good, "track", "A", shared=True) == (judged if shared else None)


def test_a_message_that_is_bad_as_sent_never_passes() -> None:
    """Nor one that no JSON can be made of, nor any under settings that change good calls."""
    rule = ("TRACK", "A", NUMBER)
    good, bad, unreadable = track(n=1), track(n="1"), track(n="\ud800")

    def judged(settings: ProtocolsSettings, message: dict[str, Any]) -> Judgement | None:
        plans = PlanSet([plan(rule)], settings)
        plans.judge(good, type="track", event="A")
        return plans.judge_as_sent(message, "track", "A", shared=False)

    violates = Judgement(violates=True, changed=True)
    assert [judged(ALLOW_ALL, each) for each in (good, bad, unreadable)] == [
        Judgement(),
        violates,
        violates,
    ]
    omitting = ProtocolsSettings(track=TrackSettings(allow_unplanned_event_properties=False))
    assert [judged(omitting, each) for each in (good, bad)] == [None, violates]
    blocking = ProtocolsSettings(track=TrackSettings(allow_event_on_violations=False))
    assert [judged(blocking, each) for each in (good, bad)] == [Judgement(), None]


def test_what_the_walk_calls_good_and_the_compiled_validator_bad_has_a_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A call that is not good always says why."""
    monkeypatch.setattr(compiled, "walk", lambda *_, **__: ((), True))
    plans = PlanSet([plan(("TRACK", "A", NUMBER))])
    (violation,) = plans.check(track(n="1"), type="track", event="A")
    assert (violation.code, violation.field) == ("invalid_type", "properties.n")


def test_without_plans_everything_is_good() -> None:
    """A source without plans finds nothing."""
    assert codes(PlanSet(), track("anything")) == []


def test_an_unplanned_event_names_the_nearest_planned_one(plans: PlanSet) -> None:
    """The violation is at the event and suggests the name that was meant."""
    (violation,) = plans.check(track(), type="track", event="survey answred")
    assert (violation.code, violation.type) == ("unplanned_event", "Unplanned Event")
    assert (violation.field, violation.instance_path) == ("event", "/event")
    assert violation.description == (
        '"survey answred" is not in the tracking plan; did you mean "Survey Answered"?'
    )
    assert violation.plan == "survey"


def test_an_event_like_none_is_unplanned_without_a_suggestion(plans: PlanSet) -> None:
    """No name is suggested that has nothing to do with the event."""
    (violation,) = plans.check(track(), type="track", event="zzz")
    assert violation.description == '"zzz" is not in the tracking plan'


def test_types_without_a_rule_are_not_unplanned(plans: PlanSet) -> None:
    """A page is no violation of a plan that says nothing of pages."""
    assert codes(plans, {"type": "page", "name": "Home"}) == []


def test_track_calls_are_not_unplanned_where_no_plan_has_track_rules() -> None:
    """A plan of traits alone says nothing of events."""
    assert codes(PlanSet([plan(("IDENTIFY", None, {}))]), track()) == []


def test_an_event_of_several_plans_must_satisfy_one() -> None:
    """The first plan that calls it good decides."""
    plans = PlanSet([plan(("TRACK", "A", NUMBER), name="x"), plan(("TRACK", "A", TEXT), name="y")])
    assert codes(plans, track(n=1)) == []
    assert codes(plans, track(n="1")) == []
    assert codes(plans, track(n=[])) == [("invalid_type", "properties.n")]


def test_of_several_plans_the_nearest_is_told() -> None:
    """The violations are those of the plan that has the fewest."""
    both = {"allOf": [NUMBER, {"required": ["userId"]}]}
    plans = PlanSet([plan(("TRACK", "A", both), name="x"), plan(("TRACK", "A", NUMBER), name="y")])
    (violation,) = plans.check(track(n=[]), type="track", event="A")
    assert violation.plan == "y"


def test_an_event_known_to_one_plan_is_planned() -> None:
    """The other plans do not make it unplanned."""
    plans = PlanSet([plan(("TRACK", "A", {}), name="x"), plan(("TRACK", "B", {}), name="y")])
    assert codes(plans, track("A")) == codes(plans, track("B")) == []
    assert codes(plans, track("C")) == [("unplanned_event", "event")]


def test_two_plans_of_one_name_are_refused() -> None:
    """Findings could not say whose rule it is."""
    with pytest.raises(PlanError, match="x: two plans of this name on one source"):
        PlanSet([plan(name="x"), plan(name="x")])


@pytest.mark.parametrize(
    ("wanted", "n", "good"),
    [
        (None, 1, True),
        (1, 1, True),
        (2, "1", True),
        (2, 1, False),
        (2.0, "1", True),
        (3, 1, True),
        (1.5, 1, True),
        ("2", 1, True),
        (True, "1", False),
        ([], 1, True),
    ],
)
def test_the_event_version_chooses_the_rule(wanted: Any, n: Any, good: bool) -> None:  # noqa: FBT001  # a column of the table
    """A missing or unknown version means the oldest, wherever it stands in the file."""
    rules = [
        {"type": "TRACK", "key": "A", "version": 2, "jsonSchema": TEXT},
        {"type": "TRACK", "key": "A", "version": 1, "jsonSchema": NUMBER},
    ]
    plans = PlanSet([plan_from_json({"rules": rules}, file="p")])
    assert (codes(plans, track(version=wanted, n=n)) == []) is good


@pytest.mark.parametrize("context", [None, [], {}, {"protocols": None}, {"protocols": {}}])
def test_a_message_without_a_version_wants_none(context: Any) -> None:
    """Whatever the context is, asking it does not fail."""
    assert version_wanted({"context": context}) is None


def test_common_rules_hold_for_every_type() -> None:
    """They are checked beside the call's own rule, and where there is none."""
    plans = PlanSet([plan(("COMMON", None, {"required": ["userId"]}), ("TRACK", "A", NEEDS_N))])
    assert codes(plans, {"type": "alias"}) == [("required", "userId")]
    assert codes(plans, track()) == [("required", "properties.n"), ("required", "userId")]
    assert codes(plans, track("B")) == [("unplanned_event", "event"), ("required", "userId")]


def test_several_common_rules_hold_together() -> None:
    """Keys tell them apart, and so do plans."""
    first = plan(
        ("COMMON", None, {"required": ["a"]}), ("COMMON", "b", {"required": ["b"]}), name="x"
    )
    plans = PlanSet([first, plan(("COMMON", None, {"required": ["c"]}), name="y")])
    assert [field for _, field in codes(plans, {"type": "page"})] == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["identify", "group", "page", "screen", "alias"])
def test_rules_of_other_types_are_over_the_whole_message(kind: str) -> None:
    """Their schemas see ids and context as well."""
    plans = PlanSet([plan((kind.upper(), None, {"required": ["userId"]}))])
    assert codes(plans, {"type": kind}) == [("required", "userId")]
    assert codes(plans, {"type": kind, "userId": "u"}) == []


def test_a_screen_rule_with_a_key_is_for_that_screen() -> None:
    """Other screens have the rule without a key, or none."""
    plans = PlanSet([plan(("SCREEN", "tutorial.view", NEEDS_N))])
    assert codes(plans, {"type": "screen", "name": "tutorial.view", "properties": {}}) == [
        ("required", "properties.n")
    ]
    assert codes(plans, {"type": "screen", "name": "other", "properties": {}}) == []
    assert codes(plans, {"type": "screen", "name": ["odd"]}) == []


def test_page_viewed_is_the_rule_for_pages_where_there_is_no_other() -> None:
    """Segment shows pages as that event, so plans are written so."""
    viewed = ("TRACK", "Page Viewed", NEEDS_N)
    page = {"type": "page", "name": "Home", "properties": {}}
    assert codes(PlanSet([plan(viewed)]), page) == [("required", "properties.n")]
    assert codes(PlanSet([plan(viewed, ("PAGE", None, {}))]), page) == []


def test_a_caseless_plan_knows_its_events_in_any_case() -> None:
    """Only such a plan; the others want the exact name."""
    loose = plan(("TRACK", "guide started", {}), name="x", caseless=True)
    assert codes(PlanSet([loose]), track("Guide STARTED")) == []
    assert codes(PlanSet([plan(("TRACK", "guide started", {}))]), track("Guide STARTED")) == [
        ("unplanned_event", "event")
    ]


def test_another_spelling_is_the_same_rule() -> None:
    """A rule's own name wins over another rule's spelling."""
    document = {
        "rules": [
            {"type": "TRACK", "key": "A", "aliases": ["a", "B"], "jsonSchema": NEEDS_N},
            {"type": "TRACK", "key": "B", "jsonSchema": {}},
        ]
    }
    plans = PlanSet([plan_from_json(document, file="p")])
    assert codes(plans, track("a")) == [("required", "properties.n")]
    assert codes(plans, track("B")) == []
    assert plans.events == ("A", "B")
    assert [plans.knows(name) for name in ("A", "a", "b")] == [True, True, False]


def test_what_is_not_json_is_a_violation_and_no_crash(plans: PlanSet) -> None:
    """A message that no schema can judge says so."""
    message = track("Survey Answered", pageUrl="\ud800")
    (violation,) = plans.check(message, type="track", event="Survey Answered")
    assert (violation.code, violation.field) == ("unreadable", "(root)")


def test_a_very_deep_message_is_judged(plans: PlanSet, answered: dict[str, Any]) -> None:
    """Depth alone breaks nothing."""
    node = answered["context"]
    for _ in range(400):
        node["a"] = {}
        node = node["a"]
    assert codes(plans, answered) == []


def test_the_rules_that_judge_can_be_asked_for(plans: PlanSet, answered: dict[str, Any]) -> None:
    """Each comes with the short name of its plan."""
    found = plans.rules_for(answered, type="track", event="Survey Answered")
    assert [(name, rule.key) for name, rule in found] == [("survey", "Survey Answered")]


def test_an_unchecked_plan_tells_of_a_bad_schema_at_its_first_use() -> None:
    """The error names the plan and the rule."""
    document = {"name": "x", "rules": [{"type": "ALIAS", "jsonSchema": {"type": 3}}]}
    plans = PlanSet([plan_from_json(document, file="x", check=False)])
    with pytest.raises(PlanError, match=r"x: ALIAS\.jsonSchema\.type: unknown type of JSON Schema"):
        plans.check({"type": "alias"}, type="alias")


@pytest.mark.parametrize(
    ("other", "judged"),
    [
        ("IDENTIFY", True),
        ("SCREEN", True),
        ("PAGE", False),
    ],
)
def test_a_page_is_judged_as_page_viewed_where_no_page_rule_is(other: str, *, judged: bool) -> None:
    """Rules for other types, before or after it by name, do not matter."""
    plans = PlanSet([plan(("TRACK", "Page Viewed", NEEDS_N), (other, None, {}))])
    message = {"type": "page", "name": "Home", "properties": {}}
    assert codes(plans, message) == ([("required", "properties.n")] if judged else [])
