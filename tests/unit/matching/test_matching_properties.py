"""What is true of matching for all calls, not only for those somebody thought of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.domain.findings import Violation
from mockseg.domain.lost import Lost
from mockseg.matching.evidence import (
    Expectation,
    evidence_of,
)
from mockseg.matching.explain import explain, explain_not_quiet
from mockseg.matching.explain_source import explain_duplicates, explain_not_good, explain_order
from mockseg.matching.explanation import CallElsewhere, LateCall
from mockseg.matching.match import Match, compile_match, contains
from mockseg.matching.matcher import make_matcher, matcher_of
from mockseg.matching.matchers import message, page, screen, track
from mockseg.matching.values import ABSENT, ANY
from mockseg.operations.requests import Refusals
from mockseg.printable import printable

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(_TEXTS, _JSON, max_size=4)
_TYPES = st.sampled_from(["identify", "track", "page", "screen", "group", "alias"])
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "userId": _TEXTS | st.none(),
        "anonymousId": _TEXTS | st.none(),
        "groupId": _TEXTS | st.none(),
        "properties": _OBJECTS | st.none(),
        "traits": _OBJECTS,
        "context": _OBJECTS,
    },
)
# Texts that a terminal would obey, that are long, or that have many lines.
_NASTY = st.sampled_from(["\x1b[2J", "a\nb\r\nc", "x" * 5000, "\u202e", "", "'\"\\", "\x00"])
_VERDICTS = st.sampled_from(["accepted", "dropped", "blocked", "rejected"])


def _kept(call: Any) -> Any:
    """Give a call as the journal has it, whose message is a method."""
    names = ("source", "type", "event", "user_id", "message_id", "verdict", "good")
    return SimpleNamespace(
        message=lambda: call.message, **{name: getattr(call, name) for name in names}
    )


@given(value=_JSON)
def test_everything_contains_itself(value: Any) -> None:
    """``contains`` is reflexive."""
    assert contains(value, value)


@given(value=_OBJECTS, more=_OBJECTS)
def test_an_object_contains_its_parts(value: Any, more: Any) -> None:
    """An object with more members contains the one with fewer."""
    assert contains({**more, **value}, value)


@given(type_=_TYPES, name=_TEXTS, fields=_FIELDS)
def test_a_matcher_made_of_a_call_matches_it(
    make_call: Any, type_: str, name: str, fields: Any
) -> None:
    """What a call is made of matches it: here, in the server's part, and without a difference."""
    call = make_call(type_, name, **fields)
    given_ = {
        "user_id": call.user_id,
        "anonymous_id": call.anonymous_id,
        "group_id": call.group_id,
        "message_id": call.message_id,
        "context": call.context,
        "properties": call.properties,
    }
    if type_ == "track":
        matcher = track(name, **given_)
    else:
        matcher = message(type_, traits=call.traits, **given_)
    assert matcher == call
    assert matcher.differences(call) == ()
    assert not matcher.residual
    assert compile_match(matcher.match)(_kept(call))


@st.composite
def _expectations(draw: Any, value: Any) -> Any:
    """Expect something of a value: itself, a part of it, a token, or something else."""
    choice = draw(st.integers(0, 6))
    if choice == 0:
        return draw(st.sampled_from([ANY, ABSENT]))
    if choice == 1:
        return draw(_JSON)
    if choice == 2:
        return lambda actual: actual == value
    if isinstance(value, dict):
        wanted = {key: draw(_expectations(member)) for key, member in value.items()}
        if draw(st.booleans()):
            wanted["more"] = draw(st.sampled_from([ABSENT, {"x": ABSENT}, {}, ANY]))
        return wanted
    if isinstance(value, list):
        return [draw(_expectations(item)) for item in value]
    return value


@given(data=st.data(), properties=_OBJECTS | st.none())
def test_the_two_parts_of_a_matcher_are_the_whole(
    make_call: Any, data: st.DataObject, properties: Any
) -> None:
    """The server's part and the residue together say exactly what the matcher says."""
    call = make_call("track", "A", properties=properties)
    wanted = {
        key: data.draw(_expectations(member), label=key)
        for key, member in (properties or {"a": 1}).items()
    }
    matcher = track("A", properties=wanted)
    rest = make_matcher(None, matcher.residual, verdict=ANY)
    in_two = compile_match(matcher.match)(_kept(call)) and rest.matches(call)
    assert in_two == matcher.matches(call)
    assert (matcher.differences(call) == ()) == matcher.matches(call)


# What a matcher says of the fields of the message, beside its objects.
_EXPECTED_TEXTS = _TEXTS.filter(bool) | st.just(ANY) | st.just(ABSENT)
_MATCHERS = st.builds(
    lambda make, fields, objects, **shared: make(**fields, **objects, **shared),
    st.sampled_from([page, screen]),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("name", "category", "user_id", "anonymous_id", "group_id", "message_id"),
            _EXPECTED_TEXTS,
        ),
    ),
    st.fixed_dictionaries({}, optional={"properties": _OBJECTS, "context": _OBJECTS}),
    verdict=st.sampled_from([None, ANY, "dropped"]),
    good=st.sampled_from([None, True, False]),
    where=st.sampled_from([None, "all", "properties.n > 1", "a = 1 or b = 2", "(a = 1)", "!a"]),
)


@given(matcher=_MATCHERS, fields=_FIELDS, verdict=_VERDICTS)
def test_a_server_explains_a_matcher_as_the_client_would(
    make_call: Any, matcher: Any, fields: Any, verdict: Any
) -> None:
    """Match keys are taken apart into the matcher that they were made of, word for word."""
    if matcher.residual:
        return
    call = make_call("page", "Home", verdict=verdict, **fields)
    again = matcher_of(matcher.match)
    text = matcher.describe(limit=10_000)
    assert again.describe(limit=10_000) in {
        text,
        # `all` adds nothing to other conditions, and parentheses around a whole filter neither.
        text.replace(", where='all'", "").replace(" where where='all'", ""),
        text.replace("where='(a = 1)'", "where='a = 1'"),
    }
    assert again.matches(call) == matcher.matches(call)
    if matcher.where is None:
        assert again.differences(call) == matcher.differences(call)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("name = 'Home'", "any call where name='Home'"),
        ("userId = null and name != null", "any call where name=ANY, user_id=ABSENT"),
        ("a = 1 and (name = 'Home')", "any call where where=\"a = 1 and (name = 'Home')\""),
        ("name = 'Home' and a = 1", "any call where where=\"name = 'Home' and a = 1\""),
        ("name = 'A' and name = 'B'", "any call where name='B', where=\"name = 'A'\""),
        (
            "(a = 1 or b = 2) and category = 'x'",
            "any call where category='x', where='a = 1 or b = 2'",
        ),
        ("name = 1", "any call where where='name = 1'"),
        ("!(name = 'A')", "any call where where=\"!(name = 'A')\""),
    ],
)
def test_a_filter_is_taken_apart_only_where_that_says_the_same(where: str, said: str) -> None:
    """Conditions on fields of the message at its end are expectations; all else stays a filter."""
    matcher = matcher_of(Match(where=where))
    assert matcher.describe() == said


def test_a_key_and_a_filter_that_contradict_each_other_stay_both() -> None:
    """A condition on a field that a key is about stays in the filter."""
    matcher = matcher_of(Match(user_id="u1", where="userId = 'u2'"))
    assert matcher.describe() == "any call where user_id='u1', where=\"userId = 'u2'\""


@st.composite
def _calls(draw: Any, make_call: Any) -> Any:
    count = draw(st.integers(0, 12))
    calls = []
    for cursor in range(1, count + 1):
        text = draw(_NASTY | _TEXTS)
        finding = Violation(code="required", type="Required", field=text, description=text * 2)
        verdict = draw(_VERDICTS)
        calls.append(
            make_call(
                draw(_TYPES),
                text,
                cursor=cursor,
                source=text,
                verdict=verdict,
                findings=(finding,) * draw(st.integers(0, 9)),
                duplicate_of=draw(st.none() | st.just("call-1")) if verdict == "dropped" else None,
                userId=text or None,
                properties=draw(_OBJECTS),
            )
        )
    return tuple(calls)


@given(data=st.data(), event=_NASTY | _TEXTS)
def test_every_explanation_is_short_and_harmless(
    make_call: Any, data: st.DataObject, event: str
) -> None:
    """Whatever was recorded, a text has fewer than 40 lines and nothing a terminal obeys."""
    calls = data.draw(_calls(make_call))
    matcher = track(event, properties={event: {event: event}}, verdict=data.draw(_VERDICTS))
    evidence = evidence_of(
        matcher if data.draw(st.booleans()) else message("page"),
        calls,
        expected=Expectation.exactly(data.draw(st.integers(0, 2))),
        source=event,
        elsewhere=tuple(CallElsewhere(call, claimed=call.good, name=event) for call in calls),
        late=tuple(LateCall(call, 0.5) for call in calls),
        before_window=tuple(call.id for call in calls),
        lost=Lost(calls=3, cursor=1),
        refused=5,
        refusals=(Refusals(status=404, method="POST", path=quote(event), reason="no"),) * 5,
        waited=0.5,
    )
    explanations = [
        explain(evidence),
        explain_not_quiet(evidence, quiet=0.1),
        explain_order(
            [matcher] * data.draw(st.integers(0, 30)), calls, lost=Lost(calls=1, cursor=1)
        ),
        explain_duplicates(calls, lost=Lost(calls=1, cursor=1)),
        explain_not_good(calls, lost=Lost(calls=1, cursor=1)),
    ]
    for explanation in explanations:
        if explanation is not None:
            lines = explanation.text().split("\n")
            assert len(lines) < 40
            assert all(printable(line) == line for line in lines)
            assert max(map(len, lines)) <= 600


@pytest.mark.parametrize(
    ("actual", "expected"),
    [(42, "42"), (1, True), (True, 1), (0, False), ([1, 2], [1]), ({}, {"a": None}), (None, {})],
)
def test_contains_is_strict_about_types(actual: Any, expected: Any) -> None:
    """Numbers, texts, booleans, lists of another length and missing keys are not the same."""
    assert not contains(actual, expected)


def test_contains_follows_any_depth() -> None:
    """Values deeper than Python's own stack are compared, not a crash."""
    one: Any = 1
    other: Any = 1
    for _ in range(5000):
        one, other = {"a": [one], "b": 2}, {"a": [other]}
    assert contains(one, other)
    assert not contains(other, one)
