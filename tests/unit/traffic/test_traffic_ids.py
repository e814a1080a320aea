"""Plans of users' own say what the ids of people are like, and traffic keeps to it."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest

from mockseg.errors import PlanError
from mockseg.json_types import decode
from mockseg.plans.model import Plan, plan_from_json
from mockseg.traffic.generator import Traffic
from mockseg.traffic.scenario import Recipe
from mockseg.traffic.schedule import schedule

BOOKED: dict[str, Any] = {
    "type": "TRACK",
    "key": "Seat Booked",
    "jsonSchema": {"type": "object", "properties": {"properties": {"type": "object"}}},
}


def _plan(*rules: dict[str, Any]) -> Plan:
    return plan_from_json({"name": "own", "rules": [BOOKED, *rules]}, file="plan.json")


def _rule(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "jsonSchema": {"type": "object", **schema}}


def _common(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    return _rule("COMMON", {"properties": {field: schema}})


def _traffic(plan: Plan, *, invalid: float = 0.0) -> Traffic:
    made = schedule("constant", rate=Fraction(100), length_ns=3 * 10**9)
    return Traffic(
        Recipe(schedule=made, start_ns=0, plans=(plan,), users=20, seed="1", invalid=invalid)
    )


IDENTIFY = _rule("IDENTIFY", {"properties": {"userId": {"pattern": "^[0-9]{4,8}$"}}})
IF_IDENTIFY = _rule(
    "COMMON",
    {
        "if": {"properties": {"type": {"const": "identify"}}},
        "then": {"properties": {"userId": {"pattern": "^[0-9]{4,8}$"}}},
    },
)
TWO_PARTS = _rule(
    "COMMON",
    {
        "allOf": [
            {"properties": {"userId": limit}} for limit in ({"pattern": "^u"}, {"maxLength": 9})
        ]
    },
)
USER_IDS: dict[str, tuple[dict[str, Any], str]] = {
    "a pattern": (_common("userId", {"type": "string", "pattern": "^usr_[0-9a-f]{12}$"}), "usr_"),
    "a beginning": (_common("userId", {"type": "string", "pattern": "^u-"}), "u-1000"),
    "digits": (_common("userId", {"type": "string", "pattern": "^[0-9]{1,10}$"}), "1000"),
    "a length": (_common("userId", {"type": "string", "maxLength": 20}), "1000"),
    "one of two forms": (
        _common("userId", {"anyOf": [{"pattern": "^x$"}, {"pattern": "^[0-9]+$"}]}), "1000",
    ),
    "two limits at once": (TWO_PARTS, "u1000"),
    "a rule of identify": (IDENTIFY, "1000"),
    "a condition of identify": (IF_IDENTIFY, "1000"),
}  # fmt: skip


@pytest.mark.parametrize("name", USER_IDS)
def test_user_ids_have_the_form_that_the_plan_asks_for(name: str) -> None:
    """All calls are good, one person keeps one id, and no two people share it."""
    rule, start = USER_IDS[name]
    traffic = _traffic(_plan(rule))
    ids: set[str] = set()
    for call in traffic:
        message = decode(call.line)
        assert traffic.findings(message) == set()
        ids |= {message["userId"]} if "userId" in message else set()
    assert len(ids) == 20
    assert all(each.startswith(start) for each in ids)


def test_ids_of_an_enumeration_or_a_format_are_such() -> None:
    """Of three ids each person has one; where an address is asked for, it is the person's."""
    few = [decode(call.line) for call in _traffic(_plan(_common("userId", {"enum": ["a", "b"]})))]
    assert {each.get("userId", "a") for each in few} == {"a", "b"}
    mails = [
        decode(call.line)
        for call in _traffic(_plan(_common("userId", {"type": "string", "format": "email"})))
    ]
    signed_up = [each for each in mails if each["type"] == "identify"]
    assert signed_up
    assert all(each["userId"] == each["traits"]["email"] for each in signed_up)


MESSAGE_IDS: dict[str, dict[str, Any]] = {
    "hexadecimal digits": {"type": "string", "pattern": "^msg_[0-9a-f]{16}$"},
    "an open end": {"pattern": "^m-"},
    "a fixed end": {"pattern": "^m-[0-9]{10}-x$"},
    "letters": {"pattern": "^[A-Z]{20}$"},
    "a format": {"format": "uuid"},
    "a length": {"maxLength": 8},
    "what JSON escapes": {"pattern": '^"\u00e9\\\\[0-9]{6}$'},
    "digits just enough": {"pattern": "^[0-9]{3}$"},
    "the usual ones": {"pattern": "^[0-9a-f-]+$"},
}


@pytest.mark.parametrize("name", MESSAGE_IDS)
def test_message_ids_have_the_form_that_the_plan_asks_for_and_all_differ(name: str) -> None:
    """No call is a duplicate, a good one violates nothing, an invalid one has its one mistake."""
    traffic = _traffic(_plan(_common("messageId", MESSAGE_IDS[name])), invalid=0.2)
    ids: list[str] = []
    for call in traffic:
        message = decode(call.line)
        assert traffic.findings(message) == ({call.code} if call.code else set())
        assert message["messageId"] == call.message_id
        ids.append(call.message_id)
    assert len(ids) == len(set(ids)) == 300
    assert [call.message_id for call in traffic] == ids


def test_runs_of_one_seed_have_message_ids_of_their_own() -> None:
    """A second run at another time sends no duplicates of the first; shares of one run neither."""
    plan = _plan(_common("messageId", MESSAGE_IDS["hexadecimal digits"]))
    made = schedule("constant", rate=Fraction(100), length_ns=10**9)
    runs = [
        Traffic(Recipe(schedule=made, start_ns=start, plans=(plan,), seed="1", share=share))
        for start, share in ((0, 0), (1, 0), (0, 1))
    ]
    assert len({call.message_id for run in runs for call in run}) == 300


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ({"const": "m-1"}, "(one)"),
        ({"enum": ["a", "b"]}, "(2 that differ)"),
        ({"pattern": "^[0-9]{2}$"}, "(100 that differ)"),
        ({"type": "integer"}, "types or limits exclude each other"),
    ],
)
def test_a_plan_with_too_few_message_ids_is_refused_before_the_first_call(
    limit: dict[str, Any], why: str
) -> None:
    """Each further call would be a duplicate, which Segment drops."""
    with pytest.raises(PlanError, match=re.escape(why)) as refused:
        _traffic(_plan(_common("messageId", limit)))
    assert "messageId" in str(refused.value)


def test_anonymous_ids_have_their_form_too() -> None:
    """Visitors are known by such ids before they sign up, and after."""
    traffic = _traffic(
        _plan(_rule("COMMON", {"required": ["anonymousId"],
            "properties": {"anonymousId": {"pattern": "^anon-[0-9a-z]{8}$"}}}))
    )  # fmt: skip
    calls = [decode(call.line) for call in traffic]
    assert all(traffic.findings(each) == set() for each in calls)
    assert all(each["anonymousId"].startswith("anon-") for each in calls)


def test_broken_calls_have_their_one_mistake_and_no_other() -> None:
    """The ids of an invalid call have the form as well, unless they are what is broken."""
    rule, _ = USER_IDS["a pattern"]
    traffic = _traffic(_plan(rule), invalid=1.0)
    for call in islice(traffic, 100):
        assert traffic.findings(decode(call.line)) == {call.code}


def test_rules_that_exclude_each_other_are_named() -> None:
    """No id satisfies both: the error says which rule is violated and how."""
    other = _rule("IDENTIFY", {"properties": {"userId": {"pattern": "^b"}}})
    with pytest.raises(
        PlanError, match=r"""no call of traffic satisfies TRACK "Seat Booked": .*'\^a'"""
    ):
        _traffic(_plan(_common("userId", {"pattern": "^a"}), other))
