"""What the server finds when calls are not there: the nearest, the dropped, the refused."""

from __future__ import annotations

import asyncio
import random

import msgspec
import pytest

from mockseg.clock import breathe
from mockseg.errors import OperationError
from mockseg.json_types import encode
from mockseg.matching.evidence import evidence_of
from mockseg.matching.explain import explain
from mockseg.matching.matchers import page, track

E = {"source": "k", "event": "E"}


@pytest.fixture
def explained(machine, run):
    """Give a function that asks for an explanation."""

    def ask(**asked):
        return run(machine.perform("explain_calls", **({"match": E} | asked)))

    return ask


async def refused_wait(machine, **asked):
    """Wait in vain; give the explanation of the refusal."""
    with pytest.raises(OperationError) as caught:
        await machine.perform("wait_calls", **({"match": E, "timeout": 0} | asked))
    assert caught.value.status == 406
    return caught.value.details["explanation"]


async def test_a_wait_in_vain_names_the_nearest_call(machine):
    """Its 406 carries call, path, expected and actual, and the whole as text."""
    machine.track(event="Order Completed", properties={"plan": "free"})
    machine.track(event="Order Completed", properties={"plan": "free"})
    machine.track(event="Other")
    match = {"source": "k", "event": "Order Completed", "properties": {"plan": "pro"}}
    said = await refused_wait(machine, match=match)
    (near,) = said["nearest"]
    assert near["call"] == msgspec.to_builtins(machine.calls()[1])
    (difference,) = near["differences"]
    assert (difference["path"], difference["expected"], difference["actual"]) == (
        "properties.plan",
        "pro",
        "free",
    )
    assert near["alike"] == 1
    assert "properties.plan: expected 'pro' (string), got 'free' (string)" in said["text"]
    assert said["kind"] == "nearest"
    assert "candidates" not in said
    assert encode(said)


async def test_a_wait_can_go_without_it(machine):
    """`explain: false` is for those who ask again and again."""
    with pytest.raises(OperationError) as caught:
        await machine.perform("wait_calls", match=E, timeout=0, explain=False)
    assert "explanation" not in caught.value.details


async def test_dropped_and_refused_ones_are_named(machine):
    """A call that is right but for its verdict, and requests without a call."""
    machine.track(userId=...)
    machine.send("/v1/track", b"{", key="k")
    said = await refused_wait(machine)
    (dropped,) = said["dropped"]
    assert [finding["code"] for finding in dropped["findings"]] == ["no_user_anon_id"]
    (refused,) = said["refused"]
    assert (refused["status"], refused["method"], refused["path"]) == (400, "POST", "/v1/track")
    assert "Right, but not accepted" in said["text"]
    assert said["refusedCount"] == 1
    assert "1 request was refused: 400 POST /v1/track; malformed JSON" in said["text"]


async def test_too_many_and_too_noisy_are_explained_too(machine, run):
    """A wait for fewer lists what it found; one for silence the last that came."""
    for number in range(30):
        machine.track(messageId=f"m{number}")
    said = await refused_wait(machine, count={"exactly": 1})
    assert (said["kind"], said["found"], len(said["calls"])) == ("too_many", 30, 20)


def test_a_wait_for_silence_names_the_last_calls(machine, run):
    """What kept coming is told, the newest of it."""

    async def body():
        loop = asyncio.get_running_loop()
        for number in range(1, 10):
            loop.call_later(0.3 * number, lambda: machine.track(messageId="x"))
            loop.call_later(0.3 * number, lambda n=number: machine.track(messageId=f"m{n}"))
        return await refused_wait(machine, quiet=0.5, timeout=1)

    said = run(body())
    assert said["kind"] == "not_quiet"
    assert [call["messageId"] for call in said["calls"]] == ["x", "m1", "m2", "m3"]


def test_the_text_is_that_of_the_client(machine, explained):
    """What the server says of match keys is what a client says of the matcher, word for word."""
    for event, total, user in (("order_completed", 42, "u1"), ("Order Completed", 7, "u1")):
        machine.track(event=event, properties={"total": total}, userId=user)
    machine.send("/v1/page", {"userId": "u2", "name": "home"}, key="k")
    for matcher in (
        track("Order Completed", user_id="u1", properties={"total": 42}),
        page("Home", user_id="u2"),
        track("Order Completed", good=True, where="properties.total > 10"),
    ):
        match = msgspec.to_builtins(msgspec.structs.replace(matcher.match, source="k"))
        said = explained(match=match, waited=1)
        own = evidence_of(matcher, machine.calls("k"), source="k", waited=1.0)
        assert said.text == explain(own).text()


def test_what_came_just_after_the_wait_is_late(machine, explained, run):
    """A call that is there by now, or comes within `late` seconds, is named as late."""
    machine.track(messageId="m1")
    said = explained(late=0.2)
    assert (said.kind, said.found, [each.call.message_id for each in said.late]) == (
        "late",
        0,
        ["m1"],
    )

    async def body():
        asyncio.get_running_loop().call_later(0.1, lambda: machine.track(messageId="m2"))
        return await machine.perform("explain_calls", match=E, after=1, late=0.2)

    said = run(body())
    assert [(each.call.message_id, round(each.after_seconds, 3)) for each in said.late] == [
        ("m2", 0.1)
    ]


async def test_a_wait_for_any_source_looks_at_all(machine):
    """Without a source the explanation speaks of all of them, and of no other write key."""
    assert (
        "Does the app send to this server, and" in (await refused_wait(machine, match={}))["text"]
    )
    machine.track("one")
    machine.track("two")
    said = await refused_wait(machine, match={"event": "F"})
    assert "Recorded in all sources, 2 calls in all:" in said["text"]
    assert said["elsewhere"] == []


def test_what_is_as_expected_is_said_to_be(machine, explained):
    """A question why that needs no answer says that the calls are there."""
    machine.track()
    said = explained()
    assert (said.kind, said.found, said.headline) == (
        "met",
        1,
        "expected 1 or more calls where event='E'; found 1.",
    )


def test_what_was_evicted_may_be_what_was_not_to_come(make_machine, run):
    """None is left, and nobody can say that there was none."""
    machine = make_machine(max_calls=1)
    machine.track()
    machine.track(event="F")
    said = run(refused_wait(machine, count={"exactly": 0}))
    assert (said["kind"], said["found"], said["lost"]["calls"]) == ("evicted", 0, 1)
    assert "1 older call was evicted and could not be looked at" in said["text"]


# --- other sources


async def test_a_write_key_that_nobody_named_is_a_hint(machine):
    """The call is there under a stray key: the app uses a wrong one, or none."""
    await machine.perform("create_source", writeKey="k", name="mine")
    machine.track("stray")
    machine.track("")
    said = await refused_wait(machine)
    assert [(each["call"]["source"], each["claimed"]) for each in said["elsewhere"]] == [
        ("", False),
        ("stray", False),
    ]
    assert said["kind"] == "wrong_source"
    assert "Does the app use another write key? This source has 'k'." in said["text"]


async def test_calls_from_before_the_source_was_opened_are_no_hint(machine):
    """What earlier tests caused under any key says nothing of this one."""
    machine.track("stray")
    machine.track("of a test")
    await machine.perform("create_source", writeKey="k")
    said = await refused_wait(machine)
    assert said["elsewhere"] == []
    assert "write key 'k'" in said["text"]
    assert said["kind"] == "nothing_recorded"


async def test_calls_from_before_a_window_are_no_hint(machine):
    """A window begins where it was opened."""
    machine.track("stray")
    window = await machine.perform("open_window", writeKey="k")
    assert (await refused_wait(machine, after=window.cursor))["elsewhere"] == []
    machine.track("stray")
    assert len((await refused_wait(machine, after=window.cursor))["elsewhere"]) == 1


async def test_sources_of_other_tests_are_named_as_theirs(machine):
    """A call in a source that a client opened is no wrong write key; it is told with its name."""
    await machine.perform("create_source", writeKey="k")
    await machine.perform("create_source", writeKey="other", name="test_shop.py::test_first")
    machine.track("other")
    machine.track(event="F")
    said = await refused_wait(machine)
    (each,) = said["elsewhere"]
    assert (each["claimed"], each["name"]) == (True, "test_shop.py::test_first")
    assert said["kind"] == "missing"
    assert "in the source of test_shop.py::test_first" in said["text"]
    assert "Does the app use another write key" not in said["text"]


async def test_the_nearest_call_of_this_source_comes_before_other_sources(machine):
    """A value that differs here is the likelier mistake."""
    await machine.perform("create_source", writeKey="k")
    machine.track(properties={"n": 2})
    machine.track("stray", properties={"n": 1})
    text = (await refused_wait(machine, match=E | {"properties": {"n": 1}}))["text"]
    assert text.index("Nearest:") < text.index("Recorded under another write key")


# --- windows


async def test_calls_from_before_the_window_are_named(machine):
    """A timestamp, corrected for the client's clock, that is earlier than the window's opening."""
    window = await machine.perform("open_window", writeKey="k")
    machine.track(messageId="m1", timestamp="2026-01-31T11:59:58.000Z")
    machine.track(messageId="m2", timestamp="2026-01-31T12:00:00.000Z")
    # Its clock is a minute ahead: by the server's clock it happened a second before.
    machine.track(
        messageId="m3", timestamp="2026-01-31T12:00:59.000Z", sentAt="2026-01-31T12:01:00.000Z"
    )
    asked = {"count": {"exactly": 1}, "after": window.cursor, "openedAt": window.opened_at}
    said = await refused_wait(machine, **asked)
    assert said["beforeWindow"] == ["call-1", "call-3"]
    assert "call-1, call-3 have timestamps from before this window was opened" in said["text"]
    del asked["openedAt"]
    assert (await refused_wait(machine, **asked))["beforeWindow"] == []


# --- candidates


def test_a_client_that_judges_more_gets_the_nearest_calls(machine, explained):
    """Those that match first, then the dropped, the similar and the newest others."""
    for message in (
        {"messageId": "other", "event": "Quite different"},
        {"messageId": "similar", "event": "e"},
        {"messageId": "right"},
        {"messageId": "dropped", "userId": ...},
    ):
        machine.track(**message)
    said = explained(candidates=9)
    assert [call.message_id for call in said.candidates] == ["right", "dropped", "similar", "other"]
    assert [call.message_id for call in explained(candidates=2).candidates] == ["right", "dropped"]
    assert explained().candidates == []


async def test_the_loop_goes_on_while_a_long_journal_is_looked_at(machine):
    """Thousands of calls are ranked in portions: other work gets its turn in between."""
    chance = random.Random(1)
    for _ in range(3):
        machine.batch(
            *(
                {"type": "track", "userId": "u", "event": "E", "properties": {"n": chance.random()}}
                for _ in range(1000)
            )
        )
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await breathe()

    counting = asyncio.ensure_future(count())
    said = await machine.perform("explain_calls", match=E | {"properties": {"n": 2}})
    counting.cancel()
    assert said.recorded == 3000
    assert turns > 90


@pytest.mark.parametrize("asked", [{"match": {"where": "event ="}}, {"count": {}}])
async def test_what_makes_no_sense_is_refused(machine, asked):
    """422, as a wait is."""
    with pytest.raises(OperationError) as caught:
        await machine.perform("explain_calls", **asked)
    assert caught.value.status == 422
