"""Which requests a fault hits, what is refused, and the doors beside the control plane."""

from __future__ import annotations

import json

import pytest

from mockseg.config import Settings
from mockseg.errors import ConfigError
from mockseg.hub.hub import Hub

V1 = "/_mockseg/v1"


async def add(client, **fault):
    """Ask for a fault; give status and body."""
    answer = await client.post(f"{V1}/faults", json=fault)
    return answer.status, await answer.json()


async def send(client, *, path="/v1/track", key="k", **fields):
    """Send a track call; give the status."""
    body = {"writeKey": key, "userId": "u1", "event": "E", **fields}
    async with client.post(path, json=body) as answer:
        await answer.read()
        return answer.status


@pytest.mark.parametrize(
    ("match", "hit", "missed"),
    [
        ({"event": "A"}, {"event": "A"}, {"event": "B"}),
        ({"userId": "u2"}, {"userId": "u2"}, {"userId": "u1"}),
        ({"messageId": "m"}, {"messageId": "m"}, {"messageId": "n"}),
        ({"type": "identify"}, {"path": "/v1/identify"}, {"path": "/v1/track"}),
        ({"route": "/v1/t"}, {"path": "/v1/t"}, {"path": "/v1/track"}),
        ({"route": "/V1/Track/"}, {"path": "/v1/track"}, {"path": "/v1/t"}),
        ({"where": 'properties.plan = "pro"'}, {"properties": {"plan": "pro"}}, {}),
        ({"properties": {"a": 1}}, {"properties": {"a": 1, "b": 2}}, {"properties": {"a": 2}}),
        ({"anonymousId": "a"}, {"anonymousId": "a"}, {"anonymousId": "b"}),
    ],
)
async def test_a_rule_hits_what_it_matches_and_nothing_else(client, match, hit, missed):
    """Each match key selects."""
    status, _ = await add(client, source="k", match=match, effect={"status": 503}, times=9)
    assert status == 201
    assert [await send(client, **missed), await send(client, **hit)] == [200, 503]


async def test_other_sources_are_left_alone(client):
    """A fault of a source hits no other; one without a source hits each, counted for each."""
    await add(client, source="k", effect={"status": 503}, times=1)
    assert [await send(client, key="other"), await send(client)] == [200, 503]
    await add(client, effect={"status": 500}, times=1)
    statuses = [await send(client, key=key) for key in ("a", "a", "b", "b")]
    assert statuses == [500, 200, 500, 200]


async def test_every_kth_and_the_nth_attempt(client):
    """`every` counts requests that match, `attempt` those that carry the same messageId."""
    await add(client, source="k", match={"every": 3}, effect={"status": 503})
    assert [await send(client) for _ in range(6)] == [200, 200, 503, 200, 200, 503]
    await add(client, source="j", match={"attempt": 1}, effect={"status": 503})
    sent = [await send(client, key="j", messageId=id_) for id_ in ("a", "b", "a", "b", "c")]
    assert sent == [503, 503, 200, 200, 503]


async def test_a_fault_ends_at_its_moment(client):
    """After `until`, by the clock of the source, nothing is hit."""
    await add(client, source="k", effect={"status": 503}, until=60)
    before = [await send(client) for _ in range(3)]
    client.hub.clock.advance(61)
    assert (before, await send(client)) == ([503, 503, 503], 200)


async def test_the_first_fault_that_hits_is_carried_out(client):
    """A source's own fault comes before that of every source; the later one is not used up."""
    await add(client, effect={"status": 500}, times=1)
    await add(client, source="k", effect={"status": 503}, times=1)
    assert [await send(client) for _ in range(3)] == [503, 500, 200]


async def test_clearing_a_source_counts_from_nothing(client):
    """After a clear the same fault hits again."""
    await add(client, source="k", effect={"status": 503}, times=1)
    first = [await send(client) for _ in range(2)]
    await client.request("DELETE", f"{V1}/calls?source=k")
    assert first == [await send(client) for _ in range(2)] == [503, 200]


async def test_deleting_a_source_takes_its_faults_away(client):
    """What is forgotten is forgotten with its faults."""
    await add(client, source="k", effect={"status": 503}, times=9)
    assert await send(client) == 503
    await client.request("DELETE", f"{V1}/sources/k")
    assert (await send(client), client.hub.faults.armed) == (200, False)


async def test_settings_are_patched(client):
    """`settings` is merged into what the CDN answers, `httpConfig` put where SDKs look."""
    patch = {"integrations": {"Segment.io": {"apiHost": "elsewhere/v1", "retryQueue": None}}}
    config = {"backoffConfig": {"enabled": True, "statusCodeOverrides": {"400": "retry"}}}
    await add(client, source="k", effect={"settings": patch, "httpConfig": config})
    answer = await client.get("/v1/projects/k/settings")
    settings = await answer.json()
    segment = settings["integrations"]["Segment.io"]
    assert (segment["apiHost"], segment["apiKey"]) == ("elsewhere/v1", "k")
    assert "retryQueue" not in segment
    assert segment["httpConfig"] == settings["httpConfig"] == config


@pytest.mark.parametrize(
    ("effect", "status", "body"),
    [
        ({"status": 404}, 404, None),
        ({"body": "garbage"}, 200, None),
        ({"status": 500, "body": "empty"}, 500, b""),
    ],
)
async def test_settings_fail_where_tracking_does_not(client, effect, status, body):
    """A fault of the settings route leaves calls alone, one without a route the settings."""
    await add(client, source="k", match={"route": "settings"}, effect=effect)
    assert await send(client) == 200
    answer = await client.get("/v1/projects/k/settings")
    assert answer.status == status
    assert body is None or await answer.read() == body
    await add(client, source="k", effect={"status": 503})
    assert (await client.get("/v1/projects/k/settings")).status == 200


async def test_tokens_expire_and_lack_members(client):
    """`token` is merged into a token's answer; a status refuses it."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "a.b.c",
    }
    await add(client, effect={"token": {"expires_in": None}}, times=1)
    await add(client, effect={"token": {"expires_in": -1}}, times=1)
    await add(client, match={"route": "token"}, effect={"status": 429, "retryAfter": 1})
    first, second, third = [await client.post("/token", data=form) for _ in range(3)]
    assert "expires_in" not in await first.json()
    assert (await second.json())["expires_in"] == -1
    assert (third.status, third.headers["Retry-After"]) == (429, "1")
    kept = [request.answer.body for request in client.hub.journal.requests_after(0, limit=9)]
    assert all(b"redacted" in body or b"rate_limited" in body for body in kept)


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({}, "effect"),
        ({"effect": {}}, "effect"),
        ({"effect": {"status": 42}}, "effect.status"),
        ({"effect": {"status": 600}}, "effect.status"),
        ({"effect": {"stauts": 503}}, "effect.stauts"),
        ({"effect": {"delay": -1}}, "effect.delay"),
        ({"effect": {"delay": 4000}}, "effect.delay"),
        ({"effect": {"delay": {"uniform": [2, 1]}}}, "effect.delay.uniform"),
        ({"effect": {"delay": {}}}, "effect.delay"),
        ({"effect": {"dribble": 0}}, "effect.dribble"),
        ({"effect": {"hang": True, "status": 503}}, "effect.status"),
        ({"effect": {"hang": True, "reset": "after"}}, "effect.reset"),
        ({"effect": {"reset": "after", "store": False}}, "effect.store"),
        ({"effect": {"reset": "sometime"}}, "effect.reset"),
        ({"effect": {"status": 204, "body": "json"}}, "effect.body"),
        ({"effect": {"body": {"json": 1, "text": "a"}}}, "effect.body"),
        ({"effect": {"headers": {"Content-Length": "3"}}}, "effect.headers.Content-Length"),
        ({"effect": {"headers": {"A": "b\r\nC: d"}}}, "effect.headers.A"),
        ({"effect": {"headers": {"a b": "c"}}}, "effect.headers.a b"),
        (
            {"effect": {"status": 429, "retryAfter": 1, "headers": {"retry-after": "2"}}},
            "effect.retryAfter",
        ),
        ({"effect": {"settings": {}, "status": 500}}, "effect.settings"),
        ({"effect": {"settings": {}}, "match": {"route": "/v1/batch"}}, "effect.settings"),
        ({"effect": {"status": 503}, "match": {"verdict": "accepted"}}, "match.verdict"),
        ({"effect": {"status": 503}, "match": {"type": "trakc"}}, "match.type"),
        ({"effect": {"status": 503}, "match": {"type": "page", "event": "E"}}, "match.event"),
        (
            {"effect": {"status": 503}, "match": {"type": "page", "route": "/v1/track"}},
            "match.type",
        ),
        ({"effect": {"status": 503}, "match": {"route": "/v1/bacth"}}, "match.route"),
        (
            {"effect": {"status": 503}, "match": {"route": "settings", "event": "E"}},
            "match.event",
        ),
        ({"effect": {"status": 503}, "match": {"where": "event ="}}, "match.where"),
        ({"effect": {"status": 503}, "match": {"every": 0}}, "match.every"),
        ({"effect": {"status": 503}, "source": "a", "match": {"source": "b"}}, "match.source"),
        ({"effect": {"status": 503}, "probability": 0}, "probability"),
        ({"effect": {"status": 503}, "probability": 1.5}, "probability"),
        ({"effect": {"status": 503}, "times": 0}, "times"),
        ({"effect": {"status": 503}, "until": "2001-01-01T00:00:00Z"}, "until"),
        ({"effect": {"status": 503}, "until": "soon"}, "until"),
        ({"scenario": "lost-akc"}, "scenario"),
        ({"scenario": "lost-ack", "times": 2}, "times"),
        ({"scenario": "lost-ack", "effect": {"status": 503}}, "effect"),
        ({"effect": {"status": 503}, "times": "often"}, "times"),
        ({"scenario": "settings-down", "match": {"event": "E"}}, "match.event"),
        ({"effect": {"status": 401}, "match": {"route": "token"}, "source": "k"}, "source"),
    ],
    ids=str,
)
async def test_a_fault_that_cannot_be_is_refused_whole(client, fault, field):
    """422 with the field and what is allowed; nothing is in force after it."""
    status, body = await add(client, **fault)
    assert status == 422, body
    details = body["error"]["details"]
    assert details["parameter"] == field
    assert "allowed" in details or "reason" in details
    assert client.hub.faults.armed is False


async def test_there_are_so_many_faults_at_most(client):
    """The one too many is refused."""
    for _ in range(1000):
        assert (await add(client, effect={"status": 503}))[0] == 201
    status, body = await add(client, effect={"status": 503})
    assert (status, body["error"]["code"]) == (422, "too_many_faults")


async def test_faults_are_listed_and_cleared(client):
    """A list shows rules with what they hit; clearing needs exactly one of its three ways."""
    _, one = await add(client, source="k", effect={"status": 503}, times=2, seed=7)
    _, two = await add(client, scenario="flaky-network")
    assert (one["seed"], two["seed"], len(two["rules"])) == (7, client.hub.seed, 3)
    await send(client)
    listed = (await (await client.get(f"{V1}/faults?source=k")).json())["faults"]
    assert [(fault["id"], fault["fired"]) for fault in listed] == [(one["id"], 1), (two["id"], 0)]
    assert listed[0]["rules"][0]["times"] == 2
    for query, status in (("", 422), ("?all=true&source=k", 422), ("?id=fault-99", 404)):
        assert (await client.request("DELETE", f"{V1}/faults{query}")).status == status
    answer = await client.request("DELETE", f"{V1}/faults?source=k")
    assert [fault["id"] for fault in (await answer.json())["faults"]] == [one["id"]]
    await client.request("DELETE", f"{V1}/faults?all=true")
    assert (await (await client.get(f"{V1}/faults")).json())["faults"] == []


async def test_the_page_shows_faults_and_the_truth(client):
    """One view lists the rules, one says what became of a source's messages."""
    await add(client, source="k", match={"event": "<E>"}, effect={"status": 503}, times=3)
    await send(client, event="<E>", messageId="m")
    text = await (await client.get("/_mockseg/faults?source=k")).text()
    assert "Faults in force" in text
    assert "event &lt;E&gt;" in text
    assert "status 503" in text
    assert "1 of 3" in text
    text = await (await client.get("/_mockseg/truth?source=k")).text()
    assert "1 call: 0 delivered once, 1 never retried (503)" in text


@pytest.mark.parametrize("name", ["faults.json", "faults.toml"])
def test_faults_can_stand_in_a_file(tmp_path, name):
    """A server begins with the faults of its file."""
    file = tmp_path / name
    if name.endswith("json"):
        faults = [{"source": "k", "effect": {"status": 503}, "times": 4}]
        file.write_text(json.dumps({"faults": faults}))
    else:
        file.write_text('[[faults]]\nsource = "k"\ntimes = 4\neffect = { status = 503 }\n')
    (fault,) = Hub(Settings(faults=str(file))).faults
    (rule,) = fault.rules
    assert (fault.source, rule.times, rule.effect.status) == ("k", 4, 503)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "must be an object"),
        ("{}", "`faults` is missing"),
        ("{", "it is not JSON"),
        ('{"faults":[{"effect":{"status":1}}]}', "faults"),
        ('{"faults":[{"effect":{"hang":true,"status":503}}]}', "effect.status"),
    ],
)
def test_a_wrong_file_of_faults_stops_the_start(tmp_path, content, said):
    """One sentence with the file and the place."""
    file = tmp_path / "faults.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match="faults") as caught:
        Hub(Settings(faults=str(file)))
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_of_faults_that_is_not_there(tmp_path):
    """The sentence names it."""
    with pytest.raises(ConfigError, match="cannot read"):
        Hub(Settings(faults=str(tmp_path / "none.json")))
