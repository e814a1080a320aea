"""What a query means: which calls it finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from mockseg import json_types
from mockseg.clock import NANOSECONDS
from mockseg.domain.call import KeptCall, Remark, Verdict
from mockseg.domain.findings import Finding, Violation, discard
from mockseg.domain.message import Shared
from mockseg.domain.request import Answer, FaultMark, KeptRequest
from mockseg.errors import QueryError
from mockseg.query.predicate import DeliveryFacts, Surroundings, compile_query

# 20:18:13.125 UTC
NOW = datetime(2026, 1, 31, 20, 18, 13, 125_000, UTC)
NOW_NS = int(NOW.timestamp()) * NANOSECONDS + 125_000_000
TOTAL = Violation(
    code="type",
    type="Invalid Type",
    field="properties.total",
    description="…",
    instance_path="/properties/total",
    plan="shop",
)


def kept(
    *,
    raw: str | None = None,
    verdict: Verdict = "accepted",
    findings: tuple[Finding, ...] = (),
    attempt: int = 1,
    shared: Shared | None = None,
    fault: FaultMark | None = None,
    path: str = "/v1/track",
    seconds_ago: int = 0,
    **message: Any,
) -> KeptCall:
    """Return a call as the journal keeps it; `raw` overrules the message."""
    whole = {"type": "track", "event": "Order Completed", "userId": "u1", **message}
    request = KeptRequest(
        58, "checkout", "POST", path, "", (), b"", 0, NOW_NS - seconds_ago * NANOSECONDS,
        Answer(200, b"{}"), fault=fault, shared=shared,
    )  # fmt: skip
    plain = verdict == "accepted" and not findings and attempt == 1
    return KeptCall(
        12, request, 0,
        msgspec.Raw(json_types.encode(whole) if raw is None else raw.encode()),
        whole["type"], whole.get("event"), whole.get("userId"), "m-77",
        None if plain else Remark(verdict, findings, attempt),
    )  # fmt: skip


def found(text: str, call: KeptCall, **surroundings: Any) -> bool:
    """Return whether a query finds a call."""
    return compile_query(text, Surroundings(NOW, **surroundings)).matches(call)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "type:track",
        "type:page,track",
        "-type:page",
        'event:"Order Completed"',
        "event:Order*",
        "user:u1",
        "message:m-77",
        "source:checkout",
        "path:/v1/*",
        "request:req-58",
        "is:good is:accepted",
        "-is:bad",
        "attempt:1",
        "size:>10 size:<1k",
        "after:call-11 before:call-13",
    ],
)
def test_keys_of_the_record_are_compared(text: str) -> None:
    """Exactly, by their beginning, or by size; all terms must hold."""
    assert found(text, kept())
    assert not found(f"{text} event:other", kept())


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("is:bad is:violation", kept(findings=(TOTAL,))),
        ("code:type field:properties.total plan:shop", kept(findings=(TOTAL,))),
        ("field:properties.*", kept(findings=(TOTAL,))),
        ("is:dropped is:bad", kept(verdict="dropped", findings=(discard("missing_type"),))),
        ("is:duplicate", kept(verdict="dropped", findings=(discard("duplicate_message_id"),))),
        ("is:unplanned", kept(verdict="blocked", findings=(discard("unplanned"),))),
        ("is:retried attempt:>1", kept(attempt=2)),
        ("is:faulted", kept(fault=FaultMark("flt-1", "503", stored=True))),
        ("is:replayed", kept(path="/_mockseg/v1/calls/import")),
        ("is:late", kept(timestamp="2026-01-31T20:10:00Z")),
        ("is:late", kept(timestamp="2026-01-31T20:10:00Z", sentAt="2026-01-31T20:12:00Z")),
        ("name:Cart", kept(type="page", name="Cart")),
        ("anon:45*", kept(anonymousId="45445")),
        ("group:acme", kept(groupId="acme")),
        ("sdk:analytics-python", kept(context={"library": {"name": "analytics-python"}})),
    ],
)
def test_what_happened_to_a_call_can_be_asked(text: str, call: KeptCall) -> None:
    """Verdicts, findings, attempts, faults, ids; none of them holds for a plain call."""
    assert found(text, call)
    assert not found(text, kept())


def test_a_plan_is_that_of_a_violation() -> None:
    """A discard has none."""
    assert not found("plan:*", kept(verdict="dropped", findings=(discard("missing_type"),)))


def test_a_client_that_sends_at_once_is_not_late_whatever_its_clock_says() -> None:
    """The wait is measured by the client's own clock."""
    call = kept(timestamp="2020-01-01T00:00:00Z", sentAt="2020-01-01T00:00:01Z")
    assert not found("is:late", call)


@pytest.mark.parametrize(
    ("value", "yes", "no"),
    [
        (
            42,
            ["42", "=42", ">41", ">=42", "<43", "<=42.0", "*", "41,42"],
            ['="42"', ">42", "null", "4*"],
        ),
        ("42", ["42", '="42"', '"42"', "4*", "*"], ["=42", ">41"]),
        (42.0, ["42", ">41.5"], ["43"]),
        (True, ["true", "=true"], ["1", '="true"']),
        ("true", ["true"], ["=true"]),
        (1, ["1"], ["true"]),
        (None, ["null", "=null"], ["*"]),
        ("null", ["null"], ["=null"]),
        ("pro", ["pro", "p*", ">pa", "free,pro"], ["Pro", "<pa"]),
        ("", ['""', "*"], ["null"]),
        ({"a": 1}, ["*"], ["1", '"{}"']),
        ("[1]", ["[1]"], ["1"]),
    ],
)  # fmt: skip
def test_a_property_is_compared_by_value(value: Any, yes: list[str], no: list[str]) -> None:
    """A number and its text alike, unless ``=`` asks for the type; ``*`` means that it is there."""
    call = kept(properties={"total": value})
    assert [each for each in yes if not found(f"properties.total:{each}", call)] == []
    assert [each for each in no if found(f"properties.total:{each}", call)] == []


def test_a_property_may_stand_deep_and_may_be_missing() -> None:
    """A missing one equals nothing; negated it is found."""
    call = kept(properties={"cart": {"total": 1}, "x y": 2})
    assert found("properties.cart.total:1", call)
    assert found(r"properties.x\ y:2", call)
    assert not found("properties.cart.total.more:*", call)
    assert not found("properties.other:*", call)
    assert found("-properties.other:*", call)


def test_what_a_batch_said_for_all_is_part_of_each_message() -> None:
    """The bytes of the message alone do not have it."""
    call = kept(shared=Shared(context=b'{"locale":"de-DE"}'))
    assert found("context.locale:de-DE", call)


def test_an_escaped_key_is_found_by_its_name() -> None:
    r"""``\u0070lan`` is ``plan``."""
    call = kept(raw='{"type":"track","event":"e","properties":{"\\u0070lan":"pro"}}')
    assert found("properties.plan:pro", call)


@pytest.mark.parametrize(
    ("term", "plan"),
    [
        ("properties.plan:pro", '"\\u0070ro"'),
        ("properties.plan:pr*", '"\\u0070ro"'),
        ('properties.plan:"a/b"', '"a\\/b"'),
        ("properties.plan:42", "4.2e1"),
        ("properties.plan:>41", "4.2e1"),
        ("properties.plan:grün", '"gr\\u00fcn"'),
    ],
)
def test_a_value_is_found_however_it_is_written(term: str, plan: str) -> None:
    """A text may be escaped, a number has many forms."""
    assert found(term, kept(raw=f'{{"type":"track","event":"e","properties":{{"plan":{plan}}}}}'))


@pytest.mark.parametrize(
    ("word", "raw"),
    [
        ("spring", '{"coupon":"SPRING"}'),
        ("SPRING", '{"coupon":"spring"}'),
        ('"order c"', '{"event":"Order Completed"}'),
        ("grün", '{"a":"GR\u00dcN"}'),
        ("grün", '{"a":"GR\\u00dcN"}'),
        ("spring", '{"a":"\\u0053pring"}'),
        (r"say\"", '{"a":"say\\"hi"}'),
        ("42", '{"a":1423}'),
        ("a*", '{"x":"a*b"}'),
    ],
)
def test_a_word_is_looked_for_in_the_text(word: str, raw: str) -> None:
    """Whatever its case and however it is escaped."""
    assert found(word, kept(raw=raw))
    assert not found(f"-{word}", kept(raw=raw))


@pytest.mark.parametrize(("word", "raw"), [("autumn", '{"a":"\\u0053"}'), ("ü", '{"a":"u"}')])
def test_a_word_that_is_not_there_is_not_found(word: str, raw: str) -> None:
    """In escaped text neither."""
    assert not found(word, kept(raw=raw))


def test_deliveries_are_asked_of_the_ledger() -> None:
    """By destination, state and reason."""
    facts = [DeliveryFacts(("dst-1", "crm", "userengage"), "failed", "queue_full")]
    for text in ("to:dst-1", "to:crm", "to:user*", "delivery:failed,retrying", "reason:*"):
        assert found(text, kept(), deliveries=lambda cursor: facts if cursor == 12 else [])
        assert not found(text, kept())
    plain = [DeliveryFacts(("dst-1",), "delivered", None)]
    assert not found("reason:*", kept(), deliveries=lambda _: plain)


@pytest.mark.parametrize(
    ("text", "seconds_ago"),
    [
        ("after:5m", 299),
        ("before:5m", 301),
        ("after:500ms", 0),
        ("after:20:18", 5),
        ("after:20:18:13", 0),
        ("after:20:18:13.1", 0),
        ("after:20:19", 86_300),
        ("after:2026-01-31T20:18:00Z", 10),
        ("before:call-13", 0),
        ("after:call-11", 0),
    ],
)
def test_time_may_be_a_call_a_span_a_time_of_day_or_a_moment(text: str, seconds_ago: int) -> None:
    """A time of day means the latest one that has been."""
    assert found(text, kept(seconds_ago=seconds_ago))
    other = "before" if text.startswith("after") else "after"
    opposite = text.replace("after", other) if other == "before" else text.replace("before", other)
    assert not found(opposite, kept(seconds_ago=seconds_ago))


def test_a_time_of_day_is_that_of_the_time_zone_of_now() -> None:
    """The same as the page and the terminal show."""
    local = NOW.astimezone(timezone(timedelta(hours=2)))
    query = compile_query("after:22:18", Surroundings(local))
    assert query.matches(kept())
    assert not query.matches(kept(seconds_ago=20))


@pytest.mark.parametrize("value", ["25:00", "20:61", "yesterday", "call-x", "5y", "20:18:99"])
def test_a_time_that_cannot_be_is_refused(value: str) -> None:
    """With its place and what can be written."""
    with pytest.raises(QueryError, match=f'expected a call or a time, got "{value}"') as caught:
        found(f"is:bad after:{value}", kept())
    assert caught.value.position == 13


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "9" * 20])
def test_a_number_that_cannot_be_is_refused(value: str) -> None:
    """A size and an attempt are whole numbers."""
    with pytest.raises(QueryError, match="expected a whole number"):
        found(f"size:>{value}", kept())


def test_a_filter_in_fql_is_a_term() -> None:
    """And its mistakes are named at their place in the query."""
    assert found("where:\"event = 'Order Completed' and length(event) > 3\"", kept())
    assert not found("-where:\"event = 'Order Completed'\"", kept())
    with pytest.raises(QueryError, match="FQL has no operator") as caught:
        found('is:bad where:"event == 1"', kept())
    assert caught.value.position == 20


def test_a_message_that_is_no_object_does_not_stop_a_query() -> None:
    """It has no properties, but it has text."""
    assert not found("properties.a:1", kept(raw='"properties a"'))
    assert found("properties", kept(raw='"properties a"'))
