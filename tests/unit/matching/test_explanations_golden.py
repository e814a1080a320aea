"""Failures read as they were reviewed: each kind against a text kept under ``golden/``.

After a wanted change, write the texts anew and read the difference::

    MOCKSEG_WRITE_GOLDEN=1 python -m pytest tests/unit/matching/test_explanations_golden.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.domain.findings import Violation, discard
from mockseg.domain.lost import Lost
from mockseg.json_types import encode
from mockseg.matching.evidence import (
    Evidence,
    Expectation,
    evidence_of,
)
from mockseg.matching.explain import explain, explain_not_quiet
from mockseg.matching.explain_source import explain_duplicates, explain_not_good, explain_order
from mockseg.matching.explanation import CallElsewhere, LateCall
from mockseg.matching.matchers import identify, page, track
from mockseg.matching.render import before_window
from mockseg.matching.values import ABSENT, ANY, approx, between, exactly
from mockseg.operations.requests import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.matching.explanation import Explanation

_GOLDEN = Path(__file__).parent / "golden"
_ORDER = track("Order Completed", user_id="u1", properties={"total": 42})


def _is_big(value: Any) -> bool:
    return bool(value > 100)


def _several(make_call: Any) -> tuple[Any, ...]:
    return (
        make_call("identify", cursor=1, userId="u1", traits={"plan": "pro"}),
        make_call("track", "Product Viewed", cursor=2, userId="u1", properties={"sku": "a"}),
        make_call("track", "Product Viewed", cursor=3, userId="u1", properties={"sku": "b"}),
    )


def _order(make_call: Any, cursor: int, **fields: Any) -> Any:
    fields = {"userId": "u1", "properties": {"total": 42}, **fields}
    return make_call("track", "Order Completed", cursor=cursor, **fields)


def _case_nothing_recorded(make_call: Any) -> Explanation:
    return explain(Evidence(matcher=_ORDER, source="key-1", waited=1.0))


def _case_refused(make_call: Any) -> Explanation:
    reason = '/v1 is doubled; did you mean "/v1/t"?'
    refusals = (Refusals(status=404, method="POST", path="/v1/v1/t", reason=reason),)
    return explain(
        Evidence(matcher=_ORDER, source="key-1", waited=1.0, refused=1, refusals=refusals)
    )


def _case_refused_in_several_ways(make_call: Any) -> Explanation:
    refusals = tuple(
        Refusals(status=status, method=method, path=path, reason=reason, count=count)
        for status, method, path, reason, count in (
            (404, "POST", "/track", '/v1 is missing; did you mean "/v1/track"?', 2),
            (405, "GET", "/v1/track", "GET is not allowed on /v1/track, only POST", 1),
            (400, "POST", "/v1/track", "malformed JSON: unexpected end of data", 1),
            (401, "POST", "/v1/track", "this write key is not among the known ones", 1),
        )
    )
    return explain(
        Evidence(matcher=_ORDER, source="key-1", waited=1.0, refused=5, refusals=refusals)
    )


def _case_missing(make_call: Any) -> Explanation:
    seen = _several(make_call)
    return explain(evidence_of(_ORDER, seen, source="key-1", waited=1.0))


def _case_nearest_type(make_call: Any) -> Explanation:
    seen = (*_several(make_call), _order(make_call, 4, properties={"total": "42"}))
    return explain(evidence_of(_ORDER, seen, source="key-1", waited=1.0))


def _case_nearest_name(make_call: Any) -> Explanation:
    seen = tuple(
        make_call("track", name, cursor=cursor, userId="u1", properties={"total": 42})
        for cursor, name in enumerate(["order_completed", "Order Complete", "Order Refunded"], 1)
    )
    return explain(evidence_of(_ORDER, seen, source="key-1", waited=1.0))


def _case_nearest_every_difference(make_call: Any) -> Explanation:
    matcher = track(
        "Order Completed",
        user_id="u1",
        properties={
            "total": approx(42, abs=0.5),
            "orderId": "7",
            "currency": ANY,
            "coupon": ABSENT,
            "products": [{"sku": "a"}, {"sku": "b"}],
        },
        context={"page": {"title": "Thank you", "height": _is_big}},
        where="properties.total > 10",
    )
    seen = tuple(
        make_call(
            "track",
            "Order Completed",
            cursor=cursor,
            userId="u2",
            properties={"total": 7.25, "order_id": "7", "coupon": "X", "products": [{"sku": "a"}]},
            context={"page": {"title": "Thank\x1b[2J\nyou", "height": "tall"}},
        )
        for cursor in range(1, 13)
    )
    return explain(evidence_of(matcher, seen, source="key-1", waited=0.0))


def _case_nearest_not_exactly(make_call: Any) -> Explanation:
    matcher = track(
        "Order Completed",
        properties=exactly({"total": between(40, 50), "at": between("2026-01-01", "2026-02-01")}),
    )
    seen = (
        _order(
            make_call,
            1,
            properties={"total": 7, "at": "2026-03-01T00:00:00Z", "coupon": "X", "a": {"b": [1]}},
        ),
    )
    return explain(evidence_of(matcher, seen, source="key-1", waited=1.0))


def _case_nearest_long_text(make_call: Any) -> Explanation:
    text = "The quick brown fox jumps over the lazy dog. " * 20
    seen = (make_call("page", "Home", cursor=1, properties={"text": text + "Once."}),)
    matcher = page("Home", properties={"text": text + "Twice."})
    return explain(evidence_of(matcher, seen, source="key-1", waited=1.0))


def _case_too_few(make_call: Any) -> Explanation:
    seen = (*_several(make_call), _order(make_call, 4))
    return explain(
        evidence_of(
            _ORDER,
            seen,
            expected=Expectation.exactly(2),
            source="key-1",
            waited=1.0,
            lost=Lost(calls=12, cursor=3, bounds=("max_calls",)),
        )
    )


def _case_too_many(make_call: Any) -> Explanation:
    seen = tuple(_order(make_call, cursor) for cursor in range(1, 12))
    return explain(evidence_of(_ORDER, seen, expected=Expectation.exactly(1), waited=0.3))


def _case_wrong_source(make_call: Any) -> Explanation:
    elsewhere = (CallElsewhere(_order(make_call, 4, source="key-2"), claimed=False, name=""),)
    return explain(Evidence(matcher=_ORDER, elsewhere=elsewhere, source="key-1", waited=1.0))


def _case_sources_of_others(make_call: Any) -> Explanation:
    elsewhere = tuple(
        CallElsewhere(_order(make_call, cursor, source=f"key-{cursor}"), claimed=True, name=name)
        for cursor, name in ((9, "tests/test_shop.py::test_first"), (8, ""))
    )
    seen = (_order(make_call, 4, properties={"total": 7}),)
    return explain(evidence_of(_ORDER, seen, elsewhere=elsewhere, source="key-1", waited=1.0))


def _case_from_before_the_window(make_call: Any) -> Explanation:
    seen = (
        _order(make_call, 4, timestamp="2026-01-01T00:00:01.200Z"),
        _order(make_call, 5, timestamp="2026-01-01T00:00:05.000Z"),
    )
    return explain(
        evidence_of(
            _ORDER,
            seen,
            expected=Expectation.exactly(1),
            before_window=before_window(seen, "2026-01-01T00:00:03.000Z"),
            source="key-1",
        )
    )


def _case_too_few_of_a_range(make_call: Any) -> Explanation:
    expected = Expectation(minimum=2, maximum=4)
    seen = (_order(make_call, 4),)
    return explain(evidence_of(_ORDER, seen, expected=expected, source="key-1", waited=1.0))


def _case_dropped(make_call: Any) -> Explanation:
    findings = (discard("no_user_anon_id"), discard("message_id_too_long", "messageId"))
    seen = (
        *_several(make_call),
        make_call("track", "Signed Up", cursor=4, verdict="dropped", findings=findings),
    )
    return explain(evidence_of(track("Signed Up"), seen, source="key-1", waited=0.02))


def _case_rejected(make_call: Any) -> Explanation:
    findings = (discard("event_not_defined", "event"),)
    seen = (make_call("track", cursor=1, userId="u1", verdict="rejected", findings=findings),)
    return explain(evidence_of(track(user_id="u1"), seen, waited=0.02))


def _case_blocked(make_call: Any) -> Explanation:
    violation = Violation(
        code="required",
        type="Required",
        field="properties.total",
        description="total is required",
        plan="Orders",
    )
    seen = (_order(make_call, 1, verdict="blocked", findings=(violation,)),)
    return explain(evidence_of(_ORDER, seen, source="key-1", waited=0.02))


def _case_findings_although_good_was_asked(make_call: Any) -> Explanation:
    violation = Violation(
        code="unplanned_event", type="Unplanned Event", field="event", description="no plan has it"
    )
    seen = (_order(make_call, 1, findings=(violation,)),)
    matcher = track("Order Completed", good=True)
    return explain(evidence_of(matcher, seen, source="key-1", waited=1.0))


def _case_duplicate_only(make_call: Any) -> Explanation:
    finding = (discard("duplicate_message_id", "messageId"),)
    seen = (
        make_call("track", "Cart Viewed", cursor=1, userId="u1", messageId="m-7"),
        _order(
            make_call, 2, messageId="m-7", verdict="dropped", findings=finding,
            duplicate_of="call-1",
        ),
    )  # fmt: skip
    return explain(evidence_of(_ORDER, seen, source="key-1", waited=1.0))


def _case_duplicate_of_the_forgotten(make_call: Any) -> Explanation:
    finding = (discard("duplicate_message_id", "messageId"),)
    call = _order(make_call, 9, verdict="dropped", findings=finding, duplicate_of="call-1")
    return explain(
        evidence_of(
            _ORDER,
            (call,),
            source="key-1",
            waited=1.0,
            lost=Lost(calls=1, cursor=1, bounds=("max_calls",)),
        )
    )


def _case_late(make_call: Any) -> Explanation:
    return explain(
        evidence_of(
            _ORDER,
            _several(make_call),
            late=(LateCall(_order(make_call, 4), 0.012),),
            source="key-1",
            waited=1.0,
        )
    )


def _case_unexpected(make_call: Any) -> Explanation:
    return explain(
        evidence_of(
            identify(),
            _several(make_call),
            expected=Expectation.exactly(0),
            waited=0.3,
        )
    )


def _case_not_quiet(make_call: Any) -> Explanation:
    seen = tuple(
        make_call("track", "Heartbeat", cursor=cursor, anonymousId="a") for cursor in range(1, 21)
    )
    return explain_not_quiet(evidence_of(track("Heartbeat"), seen, waited=5.0), quiet=0.3)


def _case_out_of_order(make_call: Any) -> Explanation | None:
    seen = (*_several(make_call), _order(make_call, 4))
    steps = [track("Product Viewed"), identify("u1"), track("Order Completed")]
    return explain_order(steps, seen)


def _case_out_of_order_never_recorded(make_call: Any) -> Explanation | None:
    seen = _several(make_call)
    steps = [identify("u1"), track("Product  viewed", user_id="u1"), track("Order Completed")]
    return explain_order(steps, seen, lost=Lost(calls=3, cursor=3, bounds=("max_calls",)))


def _case_duplicates(make_call: Any) -> Explanation | None:
    again = {"verdict": "dropped", "findings": (discard("duplicate_message_id", "messageId"),)}
    seen = (
        _order(make_call, 1, messageId="m-1"),
        _order(make_call, 2, messageId="m-1", duplicate_of="call-1", attempt=2, **again),
        _order(make_call, 3, messageId="m-0", duplicate_of="call-0", attempt=2, **again),
    )
    return explain_duplicates(seen)


def _case_not_good(make_call: Any) -> Explanation | None:
    violation = Violation(
        code="invalid_type",
        type="Invalid Type",
        field="properties.total",
        description="expected a number, got a string",
        plan="Orders",
    )
    seen = (
        *_several(make_call),
        make_call(
            "track", "Signed Up", cursor=4, verdict="dropped",
            findings=(discard("no_user_anon_id"),),
        ),
        _order(make_call, 5, findings=(violation,)),
    )  # fmt: skip
    return explain_not_good(seen)


_PREFIX = "_case_"
_CASES: dict[str, Callable[[Any], Explanation | None]] = {
    name.removeprefix(_PREFIX): case
    for name, case in list(globals().items())
    if name.startswith(_PREFIX)
}


@pytest.mark.parametrize("name", _CASES)
def test_each_kind_of_failure_reads_as_reviewed(name: str, make_call: Any) -> None:
    """The text of each kind of failure is exactly the one that was reviewed."""
    explanation = _CASES[name](make_call)
    assert explanation is not None
    file = _GOLDEN / f"{name}.txt"
    text = explanation.text() + "\n"
    if os.environ.get("MOCKSEG_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", _CASES)
def test_each_kind_of_failure_is_json_too(name: str, make_call: Any) -> None:
    """Each explanation is JSON for tools, and names its kind."""
    explanation = _CASES[name](make_call)
    assert explanation is not None
    document = explanation.as_json()
    assert document["kind"] == explanation.kind
    assert encode(document) != b""


def test_no_golden_text_is_left_behind() -> None:
    """Every kept text belongs to a case."""
    kept = {file.stem for file in _GOLDEN.glob("*.txt")}
    assert kept == set(_CASES)
