"""Judges of the conformance suite against single mistakes on the wire, sent as they are."""

from __future__ import annotations

import base64
import copy
import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg import MockSegment
from mockseg.conformance.check import EVENT, Judgement
from mockseg.conformance.contract import CliResult
from mockseg.conformance.evidence import Evidence, Outcome, evidence_of
from mockseg.conformance.verdicts import CHECKS, verdict_of
from mockseg.domain.timestamps import format_moment, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.client.source import Source

BY_ID = {check.id: check for check in CHECKS}
OUTCOME = Outcome(CliResult(success=True, error=""), "", "", 0, 0.1)
TRIAL = BY_ID["types-arrive"].trial
Body = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[MockSegment]:
    """Run a server."""
    with MockSegment() as running:
        yield running


@pytest.fixture
def source(server: MockSegment) -> Source:
    """Mint a source."""
    return server.source()


@pytest.fixture
def body(source: Source) -> Body:
    """Make the body of a batch with all that the trial of six types sends, right."""
    now = source.clock().now
    items = [
        {
            "messageId": f"m-{number}",
            "timestamp": now,
            "context": {"library": {"name": "mine", "version": "1"}},
            **copy.deepcopy(event),
        }
        for number, event in enumerate(TRIAL.sequences[0]["events"])
    ]
    return {"writeKey": source.write_key, "sentAt": now, "batch": items}


def post(source: Source, body: Body | bytes, **headers: str) -> Evidence:
    """Send a body, and look at what came as the suite does."""
    connection = http.client.HTTPConnection(urlsplit(source.url).netloc)
    basic = base64.b64encode(f"{source.write_key}:".encode()).decode()
    sent = {"Authorization": f"Basic {basic}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", "/v1/batch", content, sent)
    connection.getresponse().read()
    connection.close()
    return evidence_of(
        source.requests(),
        calls=source.calls(),
        truth=source.truth(),
        outcome=OUTCOME,
        write_key=source.write_key,
        sent=TRIAL.sequences,
    )


def test_what_only_a_cli_adds_is_held_against_no_sdk(source: Source, body: Body) -> None:
    """Python's CLI sends ids that are empty, Kotlin's and C#'s an empty category."""
    for message in body["batch"]:
        message |= {"anonymousId": "", "category": ""}
    evidence = post(source, body)
    found = {id_: BY_ID[id_].judge(evidence) for id_ in OF_THE_TRIAL}
    assert {id_: judgement.saw for id_, judgement in found.items() if not judgement.passed} == {}


OF_THE_TRIAL = [check.id for check in CHECKS if check.trial is TRIAL]


def test_a_right_batch_passes_every_check_of_its_trial(source: Source, body: Body) -> None:
    """So that what fails below fails for the one thing that is wrong."""
    evidence = post(source, body)
    found = {id_: BY_ID[id_].judge(evidence) for id_ in OF_THE_TRIAL}
    assert {id_: judgement.saw for id_, judgement in found.items() if not judgement.passed} == {}


def of_track(body: Body) -> Body:
    """Give the track call of a batch."""
    (found,) = [item for item in body["batch"] if item["type"] == "track"]
    return found


def hours_ago(text: str) -> str:
    """Give a time as a clock in another zone without an offset has it."""
    return format_moment((parse_moment(text) or 0) - 2 * 3600 * 1_000_000_000)


WRONG: dict[str, tuple[str, Callable[[Body], object], str]] = {
    "a type twice": (
        "types-arrive",
        lambda body: body["batch"].append(of_track(body) | {"messageId": "m-9"}),
        "1 identify, 2 track",
    ),
    "a number as text": (
        "track-fields",
        lambda body: of_track(body)["properties"].update(revenue="25.5"),
        'properties.revenue is "25.5", not 25.5',
    ),
    "a field lost": (
        "track-fields",
        lambda body: of_track(body).pop("properties"),
        "properties is missing",
    ),
    "no messageId": (
        "message-id",
        lambda body: of_track(body).pop("messageId"),
        "track: messageId is null",
    ),
    "a messageId twice": (
        "message-id",
        lambda body: of_track(body).update(messageId="m-0"),
        '"m-0" came 2 times',
    ),
    "nobody": ("identity", lambda body: of_track(body).update(userId=None), "track has neither"),
    "milliseconds": (
        "timestamps",
        lambda body: of_track(body).update(timestamp=1_767_225_600_000),
        "track: timestamp is 1767225600000",
    ),
    "another zone": (
        "timestamps",
        lambda body: of_track(body).update(timestamp=hours_ago(body["sentAt"])),
        "received",
    ),
    "no version": (
        "library",
        lambda body: of_track(body)["context"]["library"].pop("version"),
        'track: context.library is {"name":"mine"}',
    ),
    "a call that is dropped": (
        "good",
        lambda body: of_track(body).update(event=7),
        "track: event_not_string",
    ),
    "another key": (
        "write-key",
        lambda body: of_track(body).update(writeKey="another"),
        'writeKey of a message is "another"',
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_one_thing_that_is_wrong_fails_its_check(source: Source, body: Body, mistake: str) -> None:
    """And the report names it."""
    id_, break_it, saw = WRONG[mistake]
    break_it(body)
    judgement = BY_ID[id_].judge(post(source, body))
    assert (judgement.passed, saw in judgement.saw) == (False, True), judgement.saw


@pytest.mark.parametrize(
    ("id_", "headers", "saw"),
    [
        ("auth-header", {"Authorization": "Bearer token"}, "Authorization is Bearer"),
        ("auth-header", {"Authorization": "Basic b3RoZXI6"}, "Authorization is Basic b3RoZXI6"),
        ("write-key", {"Authorization": "Basic b3RoZXI6"}, 'Basic user is "other"'),
        ("first-attempt", {"X_Retry_Count": "0"}, "X-Retry-Count: 0"),
    ],
)
def test_a_wrong_header_fails_its_check(
    source: Source, body: Body, id_: str, headers: dict[str, str], saw: str
) -> None:
    """Keys that disagree, and a first attempt that calls itself a retry."""
    judgement = BY_ID[id_].judge(post(source, body, **headers))
    assert (judgement.passed, saw in judgement.saw) == (False, True), judgement.saw


def two_events(source: Source, *stamps: Any) -> Evidence:
    """Send the two events of the trial of two sequences, each with what stands as its time."""
    items = [
        {"type": "track", "event": "Numbered", "userId": "u", "properties": {"number": number}}
        | ({} if stamp is None else {"timestamp": stamp})
        for number, stamp in stamps
    ]
    return post(source, {"writeKey": source.write_key, "batch": items})


# As an SDK writes it that knows no fractions.
WHOLE = "2026-01-01T02:00:00+02:00"
FIRST, SECOND = "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.400Z"


@pytest.mark.parametrize(
    ("stamps", "judgement"),
    [
        ([(1, FIRST), (2, SECOND)], Judgement(True, "tracked 0.40 s apart, in order")),
        ([(1, FIRST), (2, FIRST)], Judgement(False, "tracked 0.00 s apart, in order")),
        ([(1, WHOLE), (2, WHOLE)], Judgement(True, "tracked 0.00 s apart, in order")),
        ([(2, SECOND), (1, FIRST)], Judgement(False, "sent in the wrong order")),
        ([(2, None), (1, None)], Judgement(False, "sent in the wrong order")),
        ([(1, None), (2, None)], Judgement(None, "not judged: the SDK sends no timestamp")),
        ([(1, FIRST), (2, None)], Judgement(None, "not judged: the SDK sends no timestamp")),
        ([(1, FIRST), (2, "soon")], Judgement(False, f'timestamps are "{FIRST}" and "soon"')),
        ([(1, 1), (2, [])], Judgement(False, "timestamps are 1 and []")),
        ([(1, FIRST)], Judgement(False, "1 of 2 events")),
    ],
)
def test_the_delay_of_a_sequence_is_judged_by_timestamps_where_there_are_any(
    source: Source, stamps: list[Any], judgement: Judgement
) -> None:
    """Without them only the order is judged; the report says why, and nothing fails for it."""
    check = BY_ID["order-of-sequences"]
    evidence = two_events(source, *stamps)
    assert check.judge(evidence) == judgement
    status = {True: "pass", False: "fail", None: "not applicable"}[judgement.passed]
    assert verdict_of(check, evidence).status == status


@pytest.mark.parametrize("value", [[], {}, ["a"], {"a": [1]}, 7, None])
def test_ids_that_are_no_text_are_compared_all_the_same(
    source: Source, body: Body, value: Any
) -> None:
    """Any JSON value may stand where an id or a name belongs."""
    body["batch"] = [of_track(body) | {"messageId": value, "event": value}]
    post(source, body)
    evidence = post(source, body)
    judgement = BY_ID["message-id-is-kept"].judge(evidence)
    assert judgement.passed is True, judgement.saw
    of_track(body).update(messageId="another")
    assert BY_ID["message-id-is-kept"].judge(post(source, body)).passed is False


@pytest.mark.parametrize(
    ("id_", "reason"),
    [
        ("message-id-is-kept", "there was no retry"),
        ("body-is-kept", "there was no retry"),
        ("retry-count", "there was no retry"),
        ("backoff-grows", "there was no third retry"),
    ],
)
def test_what_a_retry_looks_like_is_not_judged_without_one(
    source: Source, body: Body, id_: str, reason: str
) -> None:
    """What the SDK sent does not tell; that it has to retry is the matter of `recovers`."""
    of_track(body)["event"] = EVENT
    verdict = verdict_of(BY_ID[id_], post(source, body))
    assert verdict.status == "not applicable"
    assert f"not judged: {reason}" in verdict.saw
    assert verdict_of(BY_ID["recovers"], post(source, body)).status == "fail"


def test_long_ids_that_differ_at_their_ends_are_two(source: Source, body: Body) -> None:
    """A report cuts what it quotes; a judge compares the whole."""
    for number, item in enumerate(body["batch"]):
        item["messageId"] = "m" * 90 + str(number)
    assert BY_ID["message-id"].judge(post(source, body)).passed is True


def test_messages_of_a_body_that_is_not_utf8_are_seen(source: Source, body: Body) -> None:
    """Segment reads it, so the judges do; broken bytes become U+FFFD."""
    of_track(body)["properties"]["text"] = "BROKEN"
    evidence = post(source, json.dumps(body).encode().replace(b"BROKEN", b"\xff"))
    assert len(evidence.messages) == len(body["batch"])
    assert BY_ID["types-arrive"].judge(evidence).passed is True
    assert BY_ID["bodies-are-json"].judge(evidence).passed is True
