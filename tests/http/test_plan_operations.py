"""Plans over the control plane: choose, judge, block, omit, forward, cover, validate."""

from __future__ import annotations

from typing import Any

import pytest

PREFIX = "/_mockseg/v1"

SURVEY = {
    "surveyId": "1",
    "surveyName": "Survey Name",
    "questionId": "q-1",
    "questionType": "NPS Rating",
    "surveyQuestion": "How likely?",
    "pageUrl": "https://panel.example.com/",
}


async def ask(client: Any, method: str, path: str, **how: Any) -> tuple[int, Any]:
    """Send a request; give status and JSON."""
    async with client.request(method, path, **how) as answer:
        return answer.status, await answer.json()


async def send(client: Any, key: str, event: str, properties: dict[str, Any], **more: Any) -> None:
    """Send one track call."""
    message = {"userId": "u1", "event": event, "properties": properties, "writeKey": key, **more}
    status, _ = await ask(client, "POST", "/v1/track", json=message)
    assert status == 200


async def calls(client: Any, key: str) -> list[dict[str, Any]]:
    """Give a source's calls."""
    _, answer = await ask(client, "GET", f"{PREFIX}/calls?source={key}")
    found: list[dict[str, Any]] = answer["calls"]
    return found


async def open_source(client: Any, **settings: Any) -> str:
    """Open a source with these settings; give its write key."""
    status, answer = await ask(client, "POST", f"{PREFIX}/sources", json=settings)
    assert status == 201, answer
    key: str = answer["writeKey"]
    return key


async def test_a_source_without_plans_judges_nothing(client: Any) -> None:
    """By default no plan looks at a call."""
    key = await open_source(client)
    await send(client, key, "Anything", {"a": 1})
    assert [call["good"] for call in await calls(client, key)] == [True]


async def test_a_violation_is_a_finding_and_the_call_is_accepted(client: Any) -> None:
    """Plans are lenient and nothing is blocked by default: the call goes on, but is not good."""
    key = await open_source(client, catalogue=["userguiding"])
    await send(client, key, "survey question answer (userguiding)", {**SURVEY, "score": 9})
    await send(client, key, "survey question answer (userguiding)", {**SURVEY, "score": "9"})
    good, bad = await calls(client, key)
    assert (good["verdict"], good["good"], good["findings"]) == ("accepted", True, [])
    assert (bad["verdict"], bad["good"]) == ("accepted", False)
    finding = bad["findings"][0]
    assert finding["kind"] == "violation"
    assert (finding["code"], finding["field"]) == ("invalid_type", "properties.score")
    assert "did the SDK stringify it?" in finding["description"]
    assert finding["plan"] == "userguiding"


async def test_an_unplanned_event_names_the_nearest(client: Any) -> None:
    """A misspelt event is unplanned, and the finding says what was probably meant."""
    key = await open_source(client, catalogue=["userguiding"], strictness="strict")
    await send(client, key, "guide startd (userguiding)", {})
    finding = (await calls(client, key))[0]["findings"][0]
    assert finding["code"] == "unplanned_event"
    assert "guide started (userguiding)" in finding["description"]


async def test_blocked_calls_say_so_with_segments_code(client: Any) -> None:
    """With events on violation off, a call that violates its rule is blocked."""
    key = await open_source(
        client,
        catalogue=["userguiding"],
        protocols={"track": {"allowEventOnViolations": False, "allowUnplannedEvents": False}},
    )
    await send(client, key, "guide started (userguiding)", {"guideId": True})
    await send(client, key, "No Such Event", {})
    first, second = await calls(client, key)
    assert (first["verdict"], first["findings"][0]["code"]) == ("blocked", "schema_violation")
    assert (second["verdict"], second["findings"][0]["code"]) == ("blocked", "unplanned")
    _, summary = await ask(client, "GET", f"{PREFIX}/summary?source={key}")
    assert summary["blocked"] == 2


async def test_omitted_properties_are_gone_from_the_message_not_from_what_was_sent(
    client: Any,
) -> None:
    """What the settings omit is out of the normalised message; the raw one keeps it."""
    plan = {
        "name": "Shop",
        "rules": [
            {
                "type": "TRACK",
                "key": "Order Completed",
                "version": 1,
                "jsonSchema": {
                    "type": "object",
                    "properties": {
                        "properties": {
                            "type": "object",
                            "properties": {"total": {"type": "number"}},
                            "required": ["total"],
                        }
                    },
                },
            }
        ],
    }
    key = await open_source(
        client, plan=plan, protocols={"track": {"allowUnplannedEventProperties": False}}
    )
    await send(client, key, "Order Completed", {"total": 1, "secret": "x"})
    call = (await calls(client, key))[0]
    assert call["message"]["properties"] == {"total": 1}
    assert call["raw"]["properties"] == {"total": 1, "secret": "x"}
    assert call["message"]["context"]["protocols"]["omitted"] == ["properties.secret"]


async def test_violations_and_blocked_calls_are_forwarded(client: Any) -> None:
    """Other sources get `Violation Generated` in the documented shape, and the blocked call."""
    key = await open_source(
        client,
        name="Web",
        catalogue=["userguiding"],
        protocols={
            "track": {"allowEventOnViolations": False},
            "forwardingViolationsTo": "violations-key",
            "forwardingBlockedEventsTo": "blocked-key",
        },
    )
    await send(client, key, "guide started (userguiding)", {"guideId": True}, messageId="m-1")
    generated = await calls(client, "violations-key")
    assert {call["event"] for call in generated} == {"Violation Generated"}
    message = generated[0]["message"]
    assert message["userId"] == "schema-violations"
    assert message["properties"]["eventMessageID"] == "m-1"
    assert message["properties"]["eventName"] == "guide started (userguiding)"
    assert message["properties"]["sourceName"] == "Web"
    assert message["forwardedFromProject"] == key
    blocked = await calls(client, "blocked-key")
    assert [call["event"] for call in blocked] == ["guide started (userguiding)"]


async def test_forwarding_to_itself_ends(client: Any) -> None:
    """A source that forwards to itself does not go round for ever."""
    key = await open_source(client, writeKey="loop", catalogue=["userguiding"])
    status, _ = await ask(
        client,
        "PUT",
        f"{PREFIX}/sources/{key}/plan",
        json={"protocols": {"forwardingViolationsTo": "loop"}},
    )
    assert status == 200
    await send(client, key, "No Such Event", {})
    assert [call["event"] for call in await calls(client, key)] == [
        "No Such Event",
        "Violation Generated",
    ]


async def test_putting_a_plan_replaces_the_one_before(client: Any) -> None:
    """PUT sets what judges from now on; earlier verdicts stay."""
    key = await open_source(client)
    await send(client, key, "No Such Event", {})
    status, answer = await ask(
        client, "PUT", f"{PREFIX}/sources/{key}/plan", json={"catalogue": ["candu"]}
    )
    assert status == 200
    assert [plan["slug"] for plan in answer["plans"]] == ["candu"]
    await send(client, key, "No Such Event", {}, messageId="m-2")
    assert [call["good"] for call in await calls(client, key)] == [True, False]
    _, view = await ask(client, "GET", f"{PREFIX}/sources/{key}")
    assert view["plans"] == ["candu"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"catalogue": ["userguidng"]}, "userguiding"),
        ({"plan": {"rules": [{"type": "TRAK"}]}}, "TRACK"),
        ({"plan": {"rules": [{"type": "TRACK", "key": "A", "jsonSchema": {"type": 5}}]}}, "rules"),
        ({"protocols": {"trak": {}}}, "track"),
        ({"strictness": "loose"}, "strict"),
    ],
)
async def test_a_wrong_plan_is_422_and_changes_nothing(
    client: Any, settings: dict[str, Any], said: str
) -> None:
    """A plan that cannot be used names what is wrong, and no source opens by it."""
    status, answer = await ask(
        client, "POST", f"{PREFIX}/sources", json={"writeKey": "wrong", **settings}
    )
    assert status == 422
    assert said in str(answer["error"])
    status, _ = await ask(client, "GET", f"{PREFIX}/sources/wrong")
    assert status == 404


@pytest.mark.parametrize("event", [["x"], {"a": 1}, 7, None, True])
async def test_an_odd_event_of_another_type_is_no_trouble(client: Any, event: Any) -> None:
    """A plan judges an identify call whatever stands in its `event`, which it should not have."""
    key = await open_source(client, catalogue=["spec", "userguiding"])
    message = {"type": "identify", "userId": "u1", "event": event}
    status, _ = await ask(client, "POST", "/v1/batch", json={"batch": [message], "writeKey": key})
    assert status == 200
    assert [call["verdict"] for call in await calls(client, key)] == ["accepted"]


async def test_coverage_tells_seen_asserted_and_never_seen(client: Any) -> None:
    """Coverage counts what came, what assertions matched, and what is missing."""
    key = await open_source(client, catalogue=["candu"])
    properties = {"tutorialId": 1, "segmentId": "s", "portalId": 2, "versionId": "v"}
    await send(client, key, "tutorial.interaction", {**properties, "eventName": "click"})
    _, before = await ask(client, "GET", f"{PREFIX}/sources/{key}/coverage")
    assert 'SCREEN "tutorial.view"' in before["neverSeen"]
    assert before["neverAsserted"] == ['TRACK "tutorial.interaction"']
    cursor = (await calls(client, key))[0]["cursor"]
    _, marked = await ask(
        client, "POST", f"{PREFIX}/sources/{key}/asserted", json={"cursors": [cursor, cursor + 100]}
    )
    assert marked == {"marked": 1}
    _, after = await ask(client, "GET", f"{PREFIX}/sources/{key}/coverage")
    assert after["neverAsserted"] == []
    assert 0 < after["percent"] < 100


async def test_validating_records_nothing(client: Any) -> None:
    """A dry run judges by the plans named, in order, duplicates included."""
    good = {
        "type": "track",
        "userId": "u",
        "event": "tutorial.interaction",
        "messageId": "m",
        "properties": {
            "tutorialId": 1,
            "segmentId": "s",
            "portalId": 2,
            "versionId": "v",
            "eventName": "click",
        },
    }
    status, answer = await ask(
        client,
        "POST",
        f"{PREFIX}/plans/validate",
        json={"catalogue": ["candu"], "messages": [good, good, {"type": "track"}, 7]},
    )
    assert status == 200
    assert (answer["good"], answer["bad"]) == (1, 3)
    codes = [[finding["code"] for finding in result["findings"]] for result in answer["results"]]
    assert codes == [
        [],
        ["duplicate_message_id"],
        ["no_user_anon_id", "event_not_defined"],
        ["bad_request"],
    ]
    _, summary = await ask(client, "GET", f"{PREFIX}/summary")
    assert summary["total"] == 0
