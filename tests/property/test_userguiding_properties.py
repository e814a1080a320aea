"""UserGuiding: arbitrary calls and pauses against a small model of its rules and its limit."""

from __future__ import annotations

import base64
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mockseg import json_types
from mockseg.destinations.rate_limit import RateLimit
from mockseg.destinations.userguiding import UserGuiding, UserGuidingSetup
from mockseg.destinations.vendor import VendorRequest

BASIC = "Basic " + base64.b64encode(b"key:").decode()
USERS = st.sampled_from(["u1", "u2"])
VALUES = (
    st.integers(-5, 5)
    | st.booleans()
    | st.sampled_from(["x", ""])
    | st.none()
    | st.just([1])
    | st.just({"a": 1})
)
NAMED = st.dictionaries(st.sampled_from(["plan", "seats", "name"]), VALUES, max_size=3)
COMPANIES = st.none() | st.builds(
    lambda values, own: values | own, NAMED, st.sampled_from([{"id": "c1"}, {"id": 2}, {}])
)


def flat(values):
    """Keep what UserGuiding keeps."""
    return {name: value for name, value in values.items() if isinstance(value, (str, int))}


class Calls(RuleBasedStateMachine):
    """Two users who identify and track, from Segment and over the User API."""

    @initialize(refuses=st.booleans())
    def _begin(self, refuses):
        setup = UserGuidingSetup(
            nested_values="refuse" if refuses else "ignore", rate_limit=0, region="eu"
        )
        self.make = lambda: UserGuiding(setup, key="key", random=random.Random(1))
        self.refuses = refuses
        self.guiding = self.make()
        self.users = {}
        self.companies = {}

    def _ask(self, path, body):
        header = ("Authorization", BASIC) if path == "/segment" else ("UG-API-KEY", "key")
        return self.guiding.answer(
            VendorRequest(
                method="POST",
                path=path,
                received_ns=0,
                headers=(header,),
                body=json_types.encode(body),
            )
        )

    def _expect(self, answered, ignored):
        """Tell whether the call was applied, after checking that it says what it left out."""
        assert answered.status == (400 if self.refuses and ignored else 200)
        assert len(answered.notes) == (min(ignored, 1) if self.refuses else ignored)
        return answered.status == 200

    @rule(user=USERS, traits=NAMED, company=COMPANIES, rest=st.booleans())
    def identify(self, user, traits, company, rest):
        """Attributes are merged; a company needs its id."""
        sent = traits if company is None else {**traits, "company": company}
        if rest:
            answered = self._ask("/users", {"userId": user, "attributes": sent})
        else:
            message = {"type": "identify", "userId": user, "traits": sent}
            answered = self._ask("/segment", message)
        ignored = len(traits) - len(flat(traits))
        if company is not None:
            whole = "id" in company
            ignored += len(company) - len(flat(company)) if whole else 1
        if self._expect(answered, ignored):
            found = self.users.setdefault(user, {"attributes": {}, "company": None, "events": {}})
            found["attributes"].update(flat(traits))
            if company is not None and "id" in company:
                values = flat(company)
                company_id = str(values.pop("id"))
                self.companies.setdefault(company_id, {}).update(values)
                found["company"] = company_id

    @rule(user=USERS, event=st.sampled_from(["A", "B"]), metadata=NAMED, rest=st.booleans())
    def track(self, user, event, metadata, rest):
        """Counted, with the metadata of the last."""
        if rest:
            sent = {"userId": user, "event": event, "metadata": metadata}
            answered = self._ask("/events", sent)
        else:
            message = {"type": "track", "userId": user, "event": event, "properties": metadata}
            answered = self._ask("/segment", message)
        if self._expect(answered, len(metadata) - len(flat(metadata))):
            found = self.users.setdefault(user, {"attributes": {}, "company": None, "events": {}})
            found["events"].setdefault(event, []).append(flat(metadata))

    @rule(user=USERS)
    def delete(self, user):
        """In the panel."""
        if user in self.users:
            self.guiding.act("delete_user", {"user": user}, now_ns=0)
            del self.users[user]

    @rule(message=st.sampled_from([{"type": "page", "userId": "u1"}, {"type": "track"}, []]))
    def refuse(self, message):
        """What is answered with an error changes nothing."""
        assert self._ask("/segment", message).status in {400, 501}

    @rule()
    def save_and_restore(self):
        """Another imitation goes on from the saved state."""
        saved = json_types.encode(self.guiding.state())
        self.guiding = self.make()
        self.guiding.restore(json_types.decode(saved))

    @invariant()
    def agrees(self):
        """Users, attributes, events and companies are the same."""
        state = self.guiding.state()
        seen = {key: found["attributes"] for key, found in state["companies"].items()}
        assert seen == self.companies
        assert set(state["users"]) == set(self.users)
        for key, expected in self.users.items():
            user = state["users"][key]
            assert user["attributes"] == expected["attributes"]
            assert user["company"] == expected["company"]
            assert {
                name: (event["count"], event["properties"])
                for name, event in user["events"].items()
            } == {name: (len(found), found[-1]) for name, found in expected["events"].items()}


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=30, stateful_step_count=20)


@given(pauses=st.lists(st.integers(0, 70), max_size=40), most=st.integers(1, 4))
def test_the_limit_is_kept_to_the_second(pauses, most):
    """Against a list of all moments: over the limit since the window opened, then a minute."""
    limit = RateLimit(most, window_ns=10 * 10**9, block_ns=60 * 10**9)
    now = 0
    window, blocked_until = [], None
    for pause in pauses:
        now += pause
        if blocked_until is not None and now < blocked_until:
            refused = True
        else:
            if blocked_until is not None:
                window, blocked_until = [], None
            if window and now - window[0] >= 10:
                window = []
            window.append(now)
            refused = len(window) > most
            if refused:
                blocked_until = now + 60
        assert limit.refuses(now * 1_000_000_000) is refused
