"""Candu: arbitrary events, one by one and many at a time, against a small model."""

from __future__ import annotations

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mockseg import json_types
from mockseg.destinations.candu import Candu, CanduSetup
from mockseg.destinations.vendor import VendorRequest

USERS = st.sampled_from(["u1", "u2", 3])
SCALARS = st.integers(-5, 5) | st.booleans() | st.sampled_from(["x", "", "a@b.example"])
TRAITS = st.dictionaries(
    st.sampled_from(["email", "plan", "seats"]),
    SCALARS | st.none() | st.lists(SCALARS, max_size=1) | st.just({"a": 1}),
    max_size=3,
)
IDENTIFIES = st.builds(
    lambda user, traits: {"type": "identify", "userId": user, "traits": traits}, USERS, TRAITS
)
TRACKS = st.builds(
    lambda user, event, seconds: {
        "type": "track",
        "userId": user,
        "event": event,
        "timestamp": f"2024-01-01T00:00:{seconds:02}Z",
    },
    USERS,
    st.sampled_from(["A", "B"]),
    st.integers(0, 59),
)
PAGES = st.builds(
    lambda user, kind: {"type": kind, "userId": user, "name": "Home"},
    USERS,
    st.sampled_from(["page", "screen"]),
)
GROUPS = st.builds(
    lambda user, group, traits: {
        "type": "group",
        "groupId": group,
        "traits": traits,
        **({} if user is None else {"userId": user}),
    },
    st.none() | USERS,
    st.sampled_from(["g1", 2]),
    TRAITS,
)
ALIASES = st.builds(lambda user: {"type": "alias", "userId": user, "previousId": "u2"}, USERS)
EVENTS = IDENTIFIES | TRACKS | PAGES | GROUPS | ALIASES
BROKEN = st.sampled_from(
    [
        {"type": "identify", "traits": {"plan": "x"}},
        {"type": "track", "userId": "u1"},
        {"type": "identify", "userId": "u1", "traits": "x"},
        {"type": "group", "userId": "u1"},
        {"type": "nothing", "userId": "u1"},
        5,
    ]
)


def scalars(traits):
    """Keep what Candu keeps."""
    return {name: value for name, value in traits.items() if isinstance(value, (str, int))}


class Events(RuleBasedStateMachine):
    """Three users and two groups."""

    @initialize()
    def _begin(self):
        self.candu = Candu(CanduSetup(), key="key", random=random.Random(1))
        self.users = {}
        self.groups = {}

    def _send(self, body):
        return self.candu.answer(
            VendorRequest(
                method="POST",
                path="/api/eventWebhook",
                received_ns=0,
                headers=(("Authorization", "Bearer key"),),
                body=json_types.encode(body),
            )
        )

    def _expect(self, event):
        """Apply one event to the model."""
        user = None
        if "userId" in event:
            blank = {"identified": False, "email": None, "traits": {}, "events": {}, "homes": 0}
            user = self.users.setdefault(str(event["userId"]), blank)
        match event["type"]:
            case "identify":
                kept = scalars(event["traits"])
                user["identified"] = True
                user["traits"].update(kept)
                if isinstance(kept.get("email"), str):
                    user["email"] = kept["email"]
            case "track":
                stamp = event["timestamp"].replace("Z", ".000Z")
                user["events"].setdefault(event["event"], []).append(stamp)
            case "page" | "screen":
                user["homes"] += 1
            case "group":
                blank = {"traits": {}, "members": []}
                group = self.groups.setdefault(str(event["groupId"]), blank)
                group["traits"].update(scalars(event["traits"]))
                member = str(event["userId"]) if "userId" in event else None
                if member is not None and member not in group["members"]:
                    group["members"].append(member)

    @rule(event=EVENTS)
    def send_one(self, event):
        """One object."""
        assert self._send(event).status == 200
        self._expect(event)

    @rule(events=st.lists(EVENTS, max_size=4))
    def send_many(self, events):
        """An array is as its events one after the other."""
        assert self._send(events).status == 200
        for event in events:
            self._expect(event)

    @rule(events=st.lists(EVENTS, max_size=3), broken=BROKEN, place=st.integers(0, 3))
    def send_broken(self, events, broken, place):
        """One that cannot be read, and nothing of the array is applied."""
        events.insert(place, broken)
        answered = self._send(events)
        assert answered.status in {400, 501}
        assert answered.notes[0].field.startswith(f"[{events.index(broken)}]")

    @rule()
    def save_and_restore(self):
        """Another imitation goes on from the saved state."""
        saved = json_types.encode(self.candu.state())
        self.candu = Candu(CanduSetup(), key="key", random=random.Random(1))
        self.candu.restore(json_types.decode(saved))

    @invariant()
    def agrees(self):
        """Users, their traits and events, groups and their members are the same."""
        state = self.candu.state()
        assert state["groups"] == {
            key: {"groupId": key, **group} for key, group in self.groups.items()
        }
        assert list(state["users"]) == list(self.users)
        for key, expected in self.users.items():
            user = state["users"][key]
            assert user["userId"] == key
            for name in ("identified", "email", "traits"):
                assert user[name] == expected[name]
            seen = {
                name: (event["count"], event["firstAt"], event["lastAt"])
                for name, event in user["events"].items()
            }
            assert seen == {
                name: (len(stamps), min(stamps), max(stamps))
                for name, stamps in expected["events"].items()
            }
            homes = (user["pages"].get("Home"), user["screens"].get("Home"))
            assert sum(home["count"] for home in homes if home) == expected["homes"]


TestEvents = Events.TestCase
TestEvents.settings = settings(max_examples=30, stateful_step_count=20)
