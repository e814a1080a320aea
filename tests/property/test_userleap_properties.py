"""UserLeap: arbitrary calls against a small model of its rules."""

from __future__ import annotations

import base64
import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mockseg import json_types
from mockseg.destinations.userleap.imitation import UserLeap
from mockseg.destinations.userleap.state import UserLeapSetup
from mockseg.destinations.vendor import VendorRequest

KEYS = {None: "own", "development": "dev"}
ENVIRONMENTS = st.sampled_from([None, "development"])
USERS = st.sampled_from(["u1", "u2", "u3"])
EVENTS = st.sampled_from(["A", "B", "C"])
URLS = st.sampled_from(["https://a.example/x", "https://a.example/dash/1", "dash", ""])
SCALARS = st.integers(-5, 5) | st.booleans() | st.sampled_from(["x", "", "pro"])
TRAITS = st.dictionaries(
    st.sampled_from(["plan", "seats", "email", "!own"]),
    SCALARS | st.none() | st.lists(SCALARS, max_size=1) | st.dictionaries(st.just("in"), SCALARS),
    max_size=3,
)
STAMPS = st.integers(0, 10**6)
SECOND = 1_000_000_000


def basic(key):
    """Give the header that Segment sends."""
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


class Model:
    """What the rules say, as plainly as possible."""

    def __init__(self, auto):
        self.auto = auto
        self.users = {}
        self.accepted = set()
        self.pending = set()

    def user(self, user_id):
        """Find or make."""
        return self.users.setdefault(user_id, {"attributes": {}, "email": None, "events": {}})

    def write(self, user_id, traits):
        """Merge the scalars, one level of objects flattened."""
        user = self.user(user_id)
        for name, value in traits.items():
            flat = value if isinstance(value, dict) else {None: value}
            for inner, scalar in flat.items():
                full = name if inner is None else f"{name}.{inner}"
                if not full.startswith("!") and isinstance(scalar, (str, int)):
                    user["attributes"][full] = scalar
        if isinstance(traits.get("email"), str) and traits["email"]:
            user["email"] = traits["email"]

    def tracked(self, event):
        """Tell whether an event is tracked, and define it on arrival."""
        if event not in self.accepted | self.pending:
            (self.accepted if self.auto else self.pending).add(event)
        return event in self.accepted

    def count(self, user_id, event, moment):
        """Add one occurrence."""
        self.users[user_id]["events"].setdefault(event, []).append(moment)


class Calls(RuleBasedStateMachine):
    """Two environments, three users, three events, and everything that can happen to them."""

    @initialize(auto=st.booleans(), alias=st.booleans())
    def _begin(self, auto, alias):
        self.alias = alias
        self.setup = UserLeapSetup(
            environments={"development": "dev"},
            auto_accept=auto,
            alias_creates_users=alias,
            page_url_events={"Dashboard": "dash(/|$)"},
        )
        self.leap = self._fresh()
        self.models = {name: Model(auto) for name in KEYS}
        for model in self.models.values():
            model.accepted.add("Dashboard")
        self.now_ms = 10**12

    def _fresh(self):
        return UserLeap(self.setup, key="own", random=random.Random(3))

    def _ask(self, path, body, authorization):
        return self.leap.answer(
            VendorRequest(
                method="POST",
                path=path,
                received_ns=self.now_ms * 1_000_000,
                headers=(("Authorization", authorization),),
                body=json_types.encode(body),
            )
        )

    def _send(self, environment, message, *, moment=None):
        if moment is not None:
            message["timestamp"] = f"1970-01-01T00:{moment // 60 % 60:02}:{moment % 60:02}Z"
        answered = self._ask("/segment", message, basic(KEYS[environment]))
        assert answered.status == 200
        return answered

    @rule(environment=ENVIRONMENTS, user=USERS, traits=TRAITS)
    def identify(self, environment, user, traits):
        """Attributes are merged."""
        self._send(environment, {"type": "identify", "userId": user, "traits": traits})
        self.models[environment].write(user, traits)

    @rule(environment=ENVIRONMENTS, user=USERS)
    def alias_call(self, environment, user):
        """The user is made, or not, by the switch."""
        self._send(environment, {"type": "alias", "userId": user, "previousId": "u9"})
        if self.alias:
            self.models[environment].user(user)

    @rule(environment=ENVIRONMENTS, user=USERS, event=EVENTS, moment=STAMPS)
    def track(self, environment, user, event, moment):
        """Counted for known users, while the event is tracked."""
        message = {"type": "track", "userId": user, "event": event}
        answered = self._send(environment, message, moment=moment)
        model = self.models[environment]
        if user not in model.users:
            assert [note.code for note in answered.notes] == ["unknown_user"]
        elif model.tracked(event):
            model.count(user, event, moment % 3600 * 1000)

    @rule(environment=ENVIRONMENTS, user=USERS, url=URLS)
    def page(self, environment, user, url):
        """A pageview, and what its URL matches."""
        self._send(environment, {"type": "page", "userId": user, "properties": {"url": url}})
        model = self.models[environment]
        if user in model.users:
            model.count(user, "pageview", self.now_ms)
            if "dash/" in url or url.endswith("dash"):
                model.count(user, "Dashboard", self.now_ms)

    @rule(environment=ENVIRONMENTS, user=USERS, events=st.lists(EVENTS, max_size=3))
    def post_v2(self, environment, user, events):
        """Creates the user, whatever becomes of the events."""
        body = {"userId": user, "events": [{"event": event} for event in events]}
        assert self._ask("/v2/users", body, f"API-Key {KEYS[environment]}").status == 202
        model = self.models[environment]
        model.user(user)
        for event in events:
            if model.tracked(event):
                model.count(user, event, self.now_ms)

    @rule(environment=ENVIRONMENTS, user=USERS, event=EVENTS)
    def post_v1_event(self, environment, user, event):
        """Only for known users and configured events."""
        path = f"/v1/users/{user}/events"
        answered = self._ask(path, {"name": event}, f"API-Key {KEYS[environment]}")
        model = self.models[environment]
        if user in model.users and event in model.accepted:
            assert answered.status == 201
            model.count(user, event, self.now_ms)
        else:
            assert answered.status == 404

    @rule(environment=ENVIRONMENTS, user=USERS, event=EVENTS)
    def link_and_track(self, environment, user, event):
        """The SDK makes users, and is held to the same list of events."""
        where = {} if environment is None else {"environment": environment}
        now_ns = self.now_ms * 1_000_000
        linked = {"user": user, "visitorId": "v", **where}
        self.leap.act("link_sdk_user", linked, now_ns=now_ns)
        said = self.leap.act("sdk_track", {"user": user, "event": event, **where}, now_ns=now_ns)
        model = self.models[environment]
        model.user(user)
        tracked = model.tracked(event)
        assert said["tracked"] is tracked
        if tracked:
            model.count(user, event, self.now_ms)

    @rule(environment=ENVIRONMENTS, enabled=st.booleans())
    def set_auto_accept(self, environment, enabled):
        """Only for events to come."""
        where = {} if environment is None else {"environment": environment}
        self.leap.act("set_auto_accept", {"enabled": enabled, **where}, now_ns=0)
        self.models[environment].auto = enabled

    @rule(environment=ENVIRONMENTS, data=st.data())
    def accept(self, environment, data):
        """A pending event is tracked from now on."""
        model = self.models[environment]
        if model.pending:
            where = {} if environment is None else {"environment": environment}
            name = data.draw(st.sampled_from(sorted(model.pending)))
            self.leap.act("accept_event", {"name": name, **where}, now_ns=0)
            model.pending.discard(name)
            model.accepted.add(name)

    @rule(seconds=st.integers(0, 3600))
    def wait(self, seconds):
        """Time goes on."""
        self.now_ms += seconds * 1000

    @rule()
    def save_and_restore(self):
        """Another imitation goes on from the saved state."""
        saved = json_types.encode(self.leap.state())
        self.leap = self._fresh()
        self.leap.restore(json_types.decode(saved))
        assert json_types.encode(self.leap.state()) == saved

    @rule(
        environment=ENVIRONMENTS,
        message=st.sampled_from(
            [
                {"type": "group", "userId": "u1", "groupId": "g"},
                {"type": "screen", "userId": "u1", "name": "s"},
                {"type": "identify", "userId": "u1", "traits": 5},
                {"type": "track", "userId": "u1"},
                {"type": "identify", "anonymousId": "a", "traits": {"plan": "x"}},
                {"type": "track", "userId": "u1", "event": "A", "properties": "x"},
            ]
        ),
    )
    def refuse(self, environment, message):
        """What is answered with an error changes nothing."""
        before = self.leap.state()
        answered = self._ask("/segment", message, basic(KEYS[environment]))
        assert answered.status in {400, 501}
        assert answered.notes
        assert self.leap.state() == before

    @invariant()
    def agrees(self):
        """Users, their attributes and events, and the lists of events are the same."""
        state = self.leap.state()
        for name, model in self.models.items():
            environment = state if name is None else state["environments"][name]
            seen = {
                key: {
                    "attributes": user["attributes"],
                    "email": user["emailAddress"],
                    "events": {
                        event["event"]: (event["count"], event["createdAt"], event["updatedAt"])
                        for event in user["events"].values()
                    },
                }
                for key, user in environment["users"].items()
            }
            assert seen == {
                key: {
                    **user,
                    "events": {
                        event: (len(moments), min(moments), max(moments))
                        for event, moments in user["events"].items()
                    },
                }
                for key, user in model.users.items()
            }
            status = {event: found["status"] for event, found in environment["events"].items()}
            assert {event for event in status if status[event] == "accepted"} == model.accepted
            assert {event for event in status if status[event] == "pending"} == model.pending


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=40, stateful_step_count=30)
