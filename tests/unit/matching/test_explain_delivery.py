"""What is said when calls did not arrive at a destination, or a vendor got something else."""

from __future__ import annotations

import pytest

from mockseg.domain.delivery import Attempt, Delivery
from mockseg.matching.explain import explain_delivery, explain_received

RETRIES = "Retries wait on the source's clock: source.advance_clock(60) lets them happen now."
FREEZE = (
    "The retry came before this looked: freeze the clock before you send,"
    ' source.set_clock("2026-01-01T00:00:00Z", frozen=True).'
)


def delivery(call="call-1", destination="crm", state="delivered", *, statuses=(), **fields):
    """Return a delivery with an attempt for each status; 0 got no answer."""
    error = fields.pop("error", None)
    attempts = tuple(
        Attempt(
            number=number,
            method="POST",
            url="http://h/",
            headers={},
            body="",
            status=status,
            answer="",
            error=None if status else error,
            started_at="2026-01-01T00:00:00.000Z",
            milliseconds=1.0,
        )
        for number, status in enumerate(statuses, 1)
    )
    whole = {
        "cursor": 1,
        "call": call,
        "message_id": "m",
        "type": "track",
        "event": "E",
        "user_id": "u1",
        "source": "key-1",
        "destination": destination,
        "state": state,
        "attempts": attempts,
    }
    return Delivery(**(whole | fields))


@pytest.fixture
def explained(make_call):
    """Give a function that explains what became of two calls."""
    calls = [make_call("track", "E", cursor=cursor, userId=f"u{cursor}") for cursor in (1, 2)]

    def explain(*deliveries, **asked):
        usual = {
            "calls": calls,
            "destinations": ["crm", "hook"],
            "to": None,
            "state": "delivered",
            "reason": None,
            "times": None,
        }
        return explain_delivery("track 'E'", deliveries=deliveries, **(usual | asked))

    return explain


@pytest.mark.parametrize(
    ("asked", "goal"),
    [
        ({}, "delivered"),
        ({"to": "crm"}, "delivered at crm"),
        ({"times": 1}, "delivered 1 time"),
        (
            {"to": "hook", "state": "filtered", "reason": "FILTERED_BY_RULES", "times": 2},
            "filtered for FILTERED_BY_RULES at hook 2 times",
        ),
    ],
)
def test_the_headline_says_what_should_have_become_of_the_calls(explained, asked, goal):
    """State, reason, destination and how often, as far as they were asked for."""
    assert explained(**asked).headline == (
        f"expected track 'E' to be {goal}; that holds for 0 of 2 such calls."
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 1),
        ({"state": "filtered"}, 3),
        ({"state": "filtered", "to": "crm"}, 2),
        ({"state": "filtered", "reason": "A"}, 2),
        ({"state": "filtered", "reason": "A", "to": "crm"}, 1),
        ({"state": "failed"}, 0),
        ({"to": "nobody"}, 0),
    ],
)
def test_deliveries_count_by_state_reason_and_destination(explained, asked, found):
    """What was not asked for does not matter."""
    deliveries = (
        delivery(),
        delivery(state="filtered", reason="A"),
        delivery(state="filtered", reason="B"),
        delivery(destination="hook", state="filtered", reason="A"),
    )
    explanation = explained(*deliveries, **asked)
    assert explanation.details["found"] == found
    assert f"holds for {found} of 2 such calls" in explanation.headline


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (delivery(), "crm: delivered"),
        (delivery(destination="hook", statuses=(200,)), "hook: delivered (answered 200)"),
        (
            delivery(state="filtered", reason="A", description="filter 1 drops it"),
            "crm: filtered for A: filter 1 drops it",
        ),
        (
            delivery(
                state="retrying",
                statuses=(503, 0),
                error="awaiting-retry.ETIMEDOUT",
                next_attempt_at="2026-01-01T00:01:00.000Z",
            ),
            (
                "crm: retrying (answered 503, awaiting-retry.ETIMEDOUT)"
                " next attempt at 2026-01-01T00:01:00.000Z"
            ),
        ),
        (
            delivery(state="failed", statuses=(500, 501, 502, 503, 504, 0)),
            "crm: failed (answered 501, 502, 503, 504, no answer)",
        ),
    ],
    ids=["delivered", "answered", "filtered", "retrying", "failed"],
)
def test_each_delivery_is_a_line(explained, made, line):
    """State, reason, the last five answers, the next attempt and what is known beyond."""
    (section,) = explained(made).sections
    assert section.lines == (f"call-1 track 'E', userId 'u1' → {line}",)


def test_ten_deliveries_are_listed(explained):
    """And how many there are beyond."""
    ((section,), (longer,)) = (explained(*[delivery()] * count).sections for count in (10, 12))
    assert len(section.lines) == 10
    assert (len(longer.lines), longer.lines[-1]) == (11, "… and 2 more deliveries")


@pytest.mark.parametrize(
    ("deliveries", "asked", "notes"),
    [
        (
            (),
            {"destinations": []},
            ("The source has no destination; connect one with source.destination(type).",),
        ),
        (
            (),
            {"to": "hok"},
            ('to: unknown destination "hok"; did you mean "hook"? Known: crm, hook.',),
        ),
        (
            (),
            {"to": "crm"},
            ("Calls are delivered to the destinations that the source had when they came.",),
        ),
        ((delivery(),), {}, ()),
        ((delivery(state="retrying"),), {"to": "crm"}, (RETRIES,)),
        ((delivery(state="retrying"),), {"to": "hook"}, ()),
        ((delivery(statuses=(500, 200)),), {"state": "retrying"}, (FREEZE,)),
        ((delivery(statuses=(500, 200)),), {}, ()),
    ],
)
def test_a_note_says_what_to_do(explained, deliveries, asked, notes):
    """Connect a destination, mend its name, or let time pass."""
    assert explained(*deliveries, **asked).notes == notes


def test_a_tool_reads_the_same_facts(explained):
    """Each delivery with its statuses; fifty at most."""
    details = explained(delivery(statuses=(503, 200)), delivery("call-2", state="queued")).details
    assert details["calls"] == ["call-1", "call-2"]
    assert details["deliveries"] == [
        {
            "call": "call-1",
            "destination": "crm",
            "state": "delivered",
            "reason": None,
            "statuses": [503, 200],
        },
        {
            "call": "call-2",
            "destination": "crm",
            "state": "queued",
            "reason": None,
            "statuses": [],
        },
    ]
    assert len(explained(*[delivery()] * 60).details["deliveries"]) == 50


@pytest.mark.parametrize(
    ("times", "wanted"), [(None, "1 or more requests"), (1, "1 request"), (0, "0 requests")]
)
def test_what_did_not_reach_a_vendor_is_told_with_what_did(times, wanted):
    """The last ten requests, or that there were none."""
    seen = [f"request {number}" for number in range(12)]
    explanation = explain_received("crm", "any", seen=seen, found=3, times=times)
    assert explanation.headline == f"expected {wanted} at crm: any; found 3."
    (section,) = explanation.sections
    assert (section.title, section.lines) == ("What reached it, 12 requests:", tuple(seen[2:]))
    assert (explanation.notes, explanation.details) == ((), {"found": 3, "received": 12})
    nothing = explain_received("crm", "any", seen=[], found=0, times=times)
    assert nothing.notes == (
        "Nothing reached it at all: source.deliveries() has the fate of each call.",
    )
