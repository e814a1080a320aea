"""The same seed gives the same faults, whoever sends and in whatever order."""

from __future__ import annotations

import asyncio
import random
import uuid

import aiohttp
import msgspec
from arrivals import arrival_at
from hypothesis import given, settings
from hypothesis import strategies as st

from mockseg.config import Settings
from mockseg.domain.request import Answer
from mockseg.errors import OperationError
from mockseg.faults.effect import Effect
from mockseg.faults.routes import SETTINGS, TOKEN
from mockseg.hub.hub import Hub
from mockseg.operations.base import OfSource
from mockseg.operations.faults import AddFault
from mockseg.server import serve

USERS = [f"u{number}" for number in range(8)]
EACH = 12
TRIES = 4


def arrival(user, event, message_id):
    """Make a request with one track call."""
    message = {"writeKey": "k", "userId": user, "event": event, "messageId": message_id}
    return arrival_at("/v1/track", message)


def outcomes(seed, order):
    """Send in this order, each message with its retries; give what became of each attempt."""
    hub = Hub(Settings(seed=99))
    asyncio.run(hub.perform("add_fault", AddFault(source="k", scenario="flaky-network", seed=seed)))
    sent = {}
    for user, event in order:
        place = len([key for key in sent if key[:2] == (user, event)])
        message_id = str(uuid.uuid4())
        tries = []
        for _ in range(TRIES):
            _, broken = hub.accept(arrival(user, event, message_id))
            tries.append(None if broken is None else (broken.effect.words, broken.delay))
            if broken is None or broken.effect.reset is None:
                break
        sent[(user, event, place)] = tries
    return sent


@settings(max_examples=40)
@given(st.integers(0, 2**63 - 1), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(seed, order):
    """Shuffled traffic with other messageIds has the same faults, attempt by attempt."""
    traffic = [(user, event) for user in USERS for event in ("A", "B") for _ in range(3)]
    shuffled = list(traffic)
    order.shuffle(shuffled)
    assert outcomes(seed, traffic) == outcomes(seed, shuffled)


def test_another_seed_gives_other_faults():
    """Chance there is, after all."""
    traffic = [(user, "A") for user in USERS for _ in range(EACH)]
    assert outcomes(1, traffic) != outcomes(2, traffic)


async def _sent_by_a_client(url, user, seen):
    # Clients run at their own pace; which is first is up to the machine.
    async with aiohttp.ClientSession(url) as session:
        for number in range(EACH):
            message = {
                "writeKey": "k",
                "userId": user,
                "event": "A",
                "messageId": str(uuid.uuid4()),
            }
            for attempt in range(TRIES):
                try:
                    async with session.post("/v1/track", json=message) as answer:
                        await answer.read()
                        seen[(user, number, attempt)] = answer.status
                except aiohttp.ClientError:
                    seen[(user, number, attempt)] = 0
                if seen[(user, number, attempt)] == 200:
                    break


async def _run_of_eight(order):
    seen = {}
    async with serve(Settings(port=0, seed=5)) as running:
        for effect in ({"status": 503}, {"reset": "before"}, {"reset": "after"}):
            fault = msgspec.convert(
                {"source": "k", "effect": effect, "probability": 0.25, "seed": 11}, AddFault
            )
            await running.hub.perform("add_fault", fault)
        await asyncio.gather(*(_sent_by_a_client(running.url, user, seen) for user in order))
    return seen


async def test_eight_clients_at_once_meet_the_same_faults_in_the_next_run():
    """Over real connections, in two runs, started in another order: status by status."""
    first = await _run_of_eight(USERS)
    second = await _run_of_eight(random.Random(1).sample(USERS, len(USERS)))
    assert first == second
    assert {0, 200, 503} == set(first.values())


async def test_a_number_of_times_is_exact_under_eight_clients():
    """`times` is a counter: so many requests are hit, whichever those are."""
    async with serve(Settings(port=0, seed=5)) as running:
        await running.hub.perform(
            "add_fault", AddFault(source="k", effect=Effect(status=503), times=17)
        )
        seen = {}
        await asyncio.gather(*(_sent_by_a_client(running.url, user, seen) for user in USERS))
    assert list(seen.values()).count(503) == 17


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 700)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_LIKELY = {
    "status": st.sampled_from([200, 204, 304, 429, 503, 599]),
    "body": st.sampled_from(["json", "text", "html", "empty", "garbage", "truncated"])
    | st.fixed_dictionaries({"json": _JSON}),
    "headers": st.dictionaries(
        st.sampled_from(["Retry-After", "X-A", "content-length"]),
        st.sampled_from([1, "a", None, {"after": 1}, {"after": 1, "form": "epoch-seconds"}]),
    ),
    "retryAfter": st.integers(0, 3),
    "delay": st.sampled_from([0, 1.5, {"uniform": [0, 1]}, {"lognormal": {"median": 1}}]),
    "dribble": st.just(0.1),
    "hang": st.booleans(),
    "reset": st.sampled_from(["before", "after"]),
    "close": st.sampled_from(["head", "body"]),
    "badGzip": st.sampled_from(["corrupt", "truncated"]),
    "store": st.booleans(),
    "settings": st.dictionaries(st.text(max_size=4), _JSON, max_size=2),
    "httpConfig": st.dictionaries(st.text(max_size=4), _JSON, max_size=2),
    "token": st.dictionaries(st.text(max_size=4), _JSON, max_size=2),
}
_EFFECTS = st.lists(st.sampled_from(sorted(_LIKELY)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _LIKELY[name] | _JSON for name in names})
)
_FAULTS = st.fixed_dictionaries(
    {"effect": _EFFECTS},
    optional={
        "match": st.dictionaries(
            st.sampled_from(
                ["route", "type", "event", "userId", "attempt", "every", "where", "good"]
            ),
            st.sampled_from(["/v1/track", "settings", "track", "E", "u1", 1, 2, "type = 'x'"]),
            max_size=2,
        ),
        "times": st.sampled_from([1, 5, "unlimited", 0]),
        "probability": st.sampled_from([0.5, 1, 0, 2]),
        "until": st.sampled_from([5, "2001-01-01T00:00:00Z", "x", -1]),
    },
)


def _added(hub, asked):
    """Ask for a fault; give it, or why there is none; both are None for a wrong type."""
    try:
        return hub.faults.add(msgspec.convert(asked, AddFault)), None
    except msgspec.ValidationError:
        return None, None
    except OperationError as refusal:
        return None, refusal


@settings(max_examples=400)
@given(_FAULTS)
def test_whatever_is_asked_for_is_put_in_force_or_refused_with_its_field(asked):
    """A fault that is taken can be carried out and shown; any other names what is wrong."""
    hub = Hub(Settings(seed=1))
    fault, refusal = _added(hub, asked)
    if fault is None:
        assert hub.faults.armed is False
        assert refusal is None or (refusal.status, bool(refusal.details["parameter"])) == (
            422,
            True,
        )
        return
    usual, broken = hub.accept(arrival("u1", "E", "m1"))
    if broken is None:
        broken = hub.faults.hit_fetch(SETTINGS, "k") or hub.faults.hit_fetch(TOKEN, "")
        usual = Answer(status=200, body=b'{"a":{"b":1}}')
    if broken is not None:
        served = broken.serve(usual)
        assert isinstance(served.answer.body, bytes)
        assert all("\r" not in value and "\n" not in value for _, value in served.headers)
        assert broken.delay >= 0
    listed = asyncio.run(hub.perform("list_faults", OfSource()))
    assert [view.id for view in listed.faults] == [fault.id]
    assert msgspec.json.encode(listed)
