"""Queries for any text and any value."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from mockseg import json_types
from mockseg.domain.call import KeptCall
from mockseg.domain.request import Answer, KeptRequest
from mockseg.errors import QueryError
from mockseg.fql.query import parse_question
from mockseg.query.as_fql import fql_of
from mockseg.query.field_term import field_term
from mockseg.query.predicate import CallQuery, Surroundings, compile_query
from mockseg.query.terms import KEYS, read_terms, term_text

NOW = Surroundings(datetime(2026, 1, 31, tzinfo=UTC))
# What a query is made of, so that many of them can be read.
PIECES = st.sampled_from(
    [*KEYS, ":", "-", "!", '"', "\\", "*", ",", ">", "=", " ", ".", "x", "4", "bad"]
)
TEXTS = st.text(max_size=40) | st.lists(PIECES, max_size=12).map("".join)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = KeptRequest(1, "k", "POST", "/v1/track", "", (), b"", 0, 0, Answer(200, b""))


def call(message: object, event: str | None = None) -> KeptCall:
    """Return a call as the journal keeps it."""
    return KeptCall(1, PLAIN, 0, msgspec.Raw(json_types.encode(message)), "track", event, None, "m")


@given(TEXTS)
@example("event:\ud800")
def test_any_text_is_a_query_or_is_refused_with_its_place(text: str) -> None:
    """Nothing else is raised, and matching never raises."""
    query, error = _read(text)
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert error.refusal().status == 422
    if query is not None:
        query.matches(call({"event": "e"}))
        read = text.encode("utf-8", "replace").decode()
        assert [read[term.start : term.end] for term in query.terms] == [
            term.text for term in query.terms
        ]


def _read(text: str) -> tuple[CallQuery | None, QueryError | None]:
    try:
        return compile_query(text, NOW), None
    except QueryError as error:
        return None, error


@given(value=VALUES, negated=st.booleans())
def test_a_term_that_was_written_finds_exactly_its_value(value: str, *, negated: bool) -> None:
    """Whatever characters it has."""
    query = compile_query(term_text("event", value, negated=negated), NOW)
    assert query.matches(call({}, value)) is not negated
    assert query.matches(call({}, value + "x")) is negated


@given(VALUES)
def test_a_text_is_found_in_every_message_that_has_it(value: str) -> None:
    """As a value, and as a key."""
    (term,) = read_terms(term_text("event", value or "x"))
    word = term.text.removeprefix("event:")
    if not word.startswith(('"', "-", "!")):
        word = f'"{word}"' if "\\" not in word else word
    for message in ({"a": f"before {value or 'x'} after"}, {f"k{value or 'x'}": 1}):
        assert compile_query(word, NOW).matches(call(message))


@given(name=VALUES.filter(bool), value=st.integers() | VALUES | st.booleans())
def test_a_property_is_found_by_its_value(name: str, *, value: int | str | bool) -> None:
    """Quoted texts, numbers and booleans."""
    if "." in name:
        return
    key = "".join(char if char.isalnum() else f"\\{char}" for char in name)
    written = json_types.encode(value).decode() if not isinstance(value, str) else None
    term = f"properties.{key}:{written}" if written else term_text(f"properties.{key}", str(value))
    query = compile_query(term, NOW)
    assert query.matches(call({"properties": {name: value}}))
    assert not query.matches(call({"properties": {}}))


FQL_VALUES = st.sampled_from(["a", "42", "1.5", "true", "null", "-3", "1e3", "a b", "", "x_1"])
TERMS = st.builds(
    lambda key, comparison, values, star, sign: (
        sign + f"{key}:" + ",".join(comparison + (value or '""') + star for value in values)
    ),
    st.sampled_from(["type", "event", "user", "name", "properties.p", "traits.t", "properties.q"]),
    st.sampled_from(["", "", "=", ">", "<="]),
    st.lists(FQL_VALUES.map(lambda text: f'"{text}"' if " " in text else text), min_size=1),
    st.sampled_from(["", "", "*"]),
    st.sampled_from(["", "-"]),
)
HELD = st.sampled_from(["a", "42", 42, 1.5, "1.5", True, "true", None, -3, "a b", "", 1000, {}, []])


@given(TERMS, st.dictionaries(st.sampled_from("pq"), HELD), HELD, st.sampled_from(["a", None]))
def test_a_term_in_fql_means_the_same(text: str, held: dict, name: object, event: str) -> None:  # type: ignore[type-arg]
    """Where FQL can say it, for every value."""
    query, _ = _read(text)
    fql = fql_of(query.terms[0]) if query is not None else None
    if query is None or fql is None:
        return
    message = {"type": "track", "event": event, "name": name, "properties": held, "userId": "a"}
    kept = msgspec.structs.replace(call(message, event), user_id="a")
    assert query.matches(kept) is parse_question(fql).matches(kept.message())


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | VALUES
    | st.sampled_from(["42", "true", "null", "-x", "=1", ">2", "a*", "\\", '"'])
)


@given(
    name=VALUES | st.sampled_from(["a.b", "*", "x:y", "__proto__"]), value=SCALARS, other=SCALARS
)
def test_a_term_of_a_field_finds_its_value_and_no_other(
    name: str, *, value: object, other: object
) -> None:
    """With its type; there is none only for names that a query cannot say."""
    term = field_term(("properties", name), value)
    if not term:
        assert not name or "." in name
        return
    for each, finds in ((value, True), (other, type(other) is type(value) and other == value)):
        message = call({"properties": {name: each}})
        assert compile_query(term, NOW).matches(message) is finds
        assert compile_query(f"-{term}", NOW).matches(message) is not finds
    assert field_term(("properties", name), value, negated=True) == f"-{term}"
