"""A call as the journal keeps it, and as readers see it."""

from __future__ import annotations

import pytest
from msgspec import Raw

from mockseg.domain.call import KeptCall, Remark, call_cursor, call_id
from mockseg.domain.findings import Discard, Violation, discard
from mockseg.domain.message import Shared
from mockseg.domain.request import Answer, KeptRequest
from mockseg.domain.timestamps import parse_moment

RECEIVED = "2026-01-31T12:00:00.000Z"
PARTS = ("properties", "traits", "context", "integrations")


def kept(raw, *, shared=None, **fields):
    """Return a call that was track number 3 of a batch."""
    received_ns = parse_moment(RECEIVED)
    assert received_ns is not None
    request = KeptRequest(
        number=9,
        source="key",
        method="POST",
        path="/v1/Batch",
        query="",
        headers=(),
        body=b"",
        sent_bytes=0,
        received_ns=received_ns,
        answer=Answer(200, b"{}"),
        shared=shared,
    )
    whole = {
        "cursor": 17,
        "request": request,
        "index": 3,
        "raw": Raw(raw),
        "type": "track",
        "event": "E",
        "user_id": "u1",
        "message_id": "m1",
    }
    return KeptCall(**(whole | fields))


def test_a_call_is_seen_whole():
    """A reader finds who, what, when and which request, as they were sent and as normalised."""
    raw = b'{"event":"E","userId":"u1","anonymousId":"a1","groupId":"g1","writeKey":"key"}'
    call = kept(raw, shared=Shared(context=b'{"app":1}')).view()
    assert (call.id, call.cursor, call.source) == ("call-17", 17, "key")
    assert (call.type, call.event, call.message_id) == ("track", "E", "m1")
    assert (call.user_id, call.anonymous_id, call.group_id) == ("u1", "a1", "g1")
    assert (call.request.id, call.request.path, call.request.index) == ("req-9", "/v1/Batch", 3)
    assert call.received_at == RECEIVED
    assert call.raw["writeKey"] == "key"
    assert "writeKey" not in call.message
    assert call.context == {"app": 1}


def test_a_call_without_a_remark_is_good_and_new():
    """Nothing is noted of the usual call: accepted, no findings, the first attempt."""
    call = kept(b'{"event":"E"}')
    seen = call.view()
    assert (call.verdict, call.good) == ("accepted", True)
    assert (seen.verdict, seen.good, seen.findings) == ("accepted", True, ())
    assert (seen.request.attempt, seen.duplicate_of) == (1, None)


@pytest.mark.parametrize(
    ("remark", "good"),
    [
        (Remark(), True),
        (Remark(attempt=2), True),
        (Remark(findings=(discard("no_user_anon_id"),)), False),
        (Remark(verdict="dropped"), False),
        (Remark(verdict="blocked", findings=(discard("no_user_anon_id"),)), False),
    ],
)
def test_good_is_accepted_without_findings(remark, good):
    """A call is good when it was accepted and nothing was found; a retry does not change that."""
    call = kept(b"{}", remark=remark)
    assert call.good is good
    assert call.view().good is good
    assert call.verdict == remark.verdict
    assert call.view().findings == remark.findings


def test_a_repeated_call_names_its_attempt_and_what_it_repeats():
    """A call whose messageId came before says how often, and the id of the call before."""
    seen = kept(b"{}", remark=Remark(attempt=3, duplicate_of=1)).view()
    assert (seen.request.attempt, seen.duplicate_of) == (3, "call-1")


def test_an_altered_message_is_seen_instead_of_the_one_sent():
    """Where the plan's settings changed a message, raw is what was sent, message what is left."""
    seen = kept(
        b'{"event":"E","properties":{"a":1}}', remark=Remark(altered=b'{"event":"E"}')
    ).view()
    assert seen.message == {"event": "E"}
    assert seen.raw == {"event": "E", "properties": {"a": 1}}


@pytest.mark.parametrize("raw", [b"5", b"null", b"[]", b'"x"'])
def test_what_is_no_object_has_an_empty_message(raw):
    """A recorded value that is not an object is raw only."""
    seen = kept(raw, event=None, user_id=None, type="").view()
    assert seen.message == {}
    assert [getattr(seen, part) for part in PARTS] == [{}, {}, {}, {}]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("sent", "expected"), [(b'{"a":1}', {"a": 1}), (b"null", {}), (b"[1]", {}), (b'"x"', {})]
)
def test_a_part_of_the_message_is_an_object(part, sent, expected):
    """Properties, traits, context and integrations are empty where the message has no object."""
    seen = kept(b'{"%b":%b}' % (part.encode(), sent)).view()
    assert getattr(seen, part) == expected
    assert getattr(kept(b"{}").view(), part) == {}


@pytest.mark.parametrize("field", ["anonymousId", "groupId"])
def test_ids_that_are_no_strings_are_none(field):
    """Only a string is an id; what was sent is in the message."""
    seen = kept(b'{"%b":5}' % field.encode()).view()
    assert (seen.anonymous_id, seen.group_id) == (None, None)
    assert seen.message[field] == 5


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        (call_id(17), 17),
        ("17", 17),
        ("call-0", 0),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("", None),
        ("call-", None),
        ("call--1", None),
        ("call-call-1", None),
        ("req-1", None),
        ("1.5", None),
        ("\u0661", None),
        ("\u00b2", None),
    ],
)
def test_a_call_is_found_by_its_id_or_its_number(text, cursor):
    """`call-17` and `17` are the call at cursor 17; anything else is no call's id."""
    assert call_cursor(text) == cursor


def test_a_finding_is_a_value():
    """Two findings with the same code, place and words are equal."""
    assert isinstance(discard("no_user_anon_id"), Discard)
    assert discard("no_user_anon_id") == discard("no_user_anon_id")
    assert discard("no_user_anon_id") != discard("missing_type")


def test_only_a_repeated_message_id_makes_a_duplicate():
    """A call that was dropped for another reason is none."""
    assert kept(b"{}").is_duplicate is False
    assert kept(b"{}", remark=Remark(findings=(discard("bad_request"),))).is_duplicate is False
    repeated = Remark(verdict="dropped", findings=(discard("duplicate_message_id"),))
    assert kept(b"{}", remark=repeated).is_duplicate is True


def test_the_memory_of_a_call_grows_with_what_is_kept_of_it():
    """Each character of its ids and event, and of every text that its findings hold."""
    remark = Remark(findings=(discard("bad_request", "", "w" * 10),))

    def size(**fields):
        return kept(b"{}", **({"remark": remark} | fields)).size_bytes

    usual = size()
    assert size(user_id="u1" + "x" * 7) == usual + 7
    assert size(event="E" + "x" * 7) == usual + 7
    assert size(message_id="m1" + "x" * 7) == usual + 7
    assert size(user_id=None, event=None) == usual - 3
    longer = Remark(findings=(discard("bad_request", "", "w" * 20),))
    assert size(remark=longer) == usual + 10
    assert size(remark=Remark(altered=b"x" * 9)) == size(remark=Remark()) + 9
    assert kept(b"{}").size_bytes < size(remark=Remark())


def violations(**texts):
    """Return two violations that differ in their fields only, with these texts."""
    return tuple(
        Violation(code="c", type="C", field=field, description="d", **texts) for field in "fg"
    )


@pytest.mark.parametrize(
    ("changed", "more"),
    [
        ({"instance_path": "/" + "x" * 99}, 100),
        ({"schema_path": "/" + "x" * 99}, 100),
        ({"plan": "p" * 100}, 100),
        ({"plan": "é" * 100}, 400),
    ],
)
def test_every_text_of_a_finding_counts_and_a_shared_one_once(changed, more):
    """Where it is wrong, whose rule it is: not only what is said of it."""
    sizes = [
        kept(b"{}", remark=Remark(findings=violations(**texts))).size_bytes
        for texts in ({}, changed)
    ]
    # The text itself, and what any text takes.
    assert more < sizes[1] - sizes[0] < more + 100
