"""Any sequence of calls leaves UserEngage as the rules say, told once more in a small model."""

from __future__ import annotations

import base64
import json
import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mockseg.destinations.userengage.imitation import UserEngage
from mockseg.destinations.userengage.setup import UserEngageSetup
from mockseg.destinations.vendor import VendorRequest

IDS = st.sampled_from(["u1", "u2", "a1", None, ""])
MOMENTS = st.integers(1, 9)
VALUES = st.sampled_from([None, True, 0, 7, 2.5, "7", " 8 ", "true", "seven", "", [1]])
NAMES = st.sampled_from(["age", "vip", "Hat", "hat", "new"])
TRAITS = st.dictionaries(NAMES, VALUES, max_size=3)
EVENTS = st.sampled_from(["Paid", "Seen"])
DEFINED = {"age": "number", "vip": "boolean"}


def as_text(value):
    """The text of a value, as JSON has it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def converted(value, kind):
    """A list with the value as that type, or an empty one."""
    if kind == "string":
        return [as_text(value)]
    if kind == "boolean":
        known = {"true": True, "false": False, "True": True, "0": False, "1": True}
        text = str(value) if not isinstance(value, str) else value
        if isinstance(value, str) and value not in ("true", "false"):
            return []
        return [known[text]] if text in known else []
    if isinstance(value, bool | list) or value == "":
        return []
    try:
        number = float(value)
    except ValueError:
        return []
    return [int(number) if number == int(number) else number]


def key_of(name):
    """Under which an attribute is kept: the model's names have one word each."""
    return name.lower()


class Model:
    """The rules in plain dictionaries, written without a look at the code."""

    def __init__(self):
        self.users = {}
        self.companies = {}
        self.types = {"user": dict(DEFINED), "company": {"size2": "number"}}
        self.events = {"Paid": {"age": "number"}}
        self.occurrences = []
        self.views = 0

    def select(self, user_id, anonymous_id):
        """UE-05, UE-06."""
        return self.users.setdefault(
            user_id or anonymous_id,
            {"attributes": {}, "page_views": 0, "last_seen": None, "companies": [], "email": None},
        )

    @staticmethod
    def put(types, values, traits):
        """UE-11 to UE-16."""
        for name, value in traits.items():
            if value is None:
                continue
            kind = types.setdefault(key_of(name), "string")
            for result in converted(value, kind):
                values[key_of(name)] = result


class Sequences(RuleBasedStateMachine):
    """Calls at the inlet and at the REST API, side by side with the model."""

    def __init__(self):
        super().__init__()
        setup = UserEngageSetup(
            attributes=DEFINED,
            company_attributes={"size2": "number"},
            events={"Paid": {"age": "number"}},
            rest_unknown_attributes="create",
        )
        self.vendor = UserEngage(setup, key="k", random=random.Random(0))
        self.model = Model()
        self.now = 100

    def send(self, kind, user_id, anonymous_id, **fields):
        """Post a call; tell whether it was taken."""
        message = {"type": kind, "userId": user_id, "anonymousId": anonymous_id, **fields}
        credentials = base64.b64encode(b"k:").decode()
        answer = self._ask("POST", "/segment", message, f"Basic {credentials}")
        assert answer.status == (200 if user_id or anonymous_id else 400)
        return answer.status == 200

    def rest(self, method, path, body=None):
        """Ask the REST API of version 2."""
        return self._ask(method, f"/api/public/{path}", body, "Token k")

    def _ask(self, method, path, body, authorization):
        self.now += 1
        return self.vendor.answer(
            VendorRequest(
                method=method,
                path=path,
                received_ns=self.now * 10**9,
                headers=(("Authorization", authorization), ("Accept", "*/*; version=2")),
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )

    @rule(user=IDS, anonymous=IDS, traits=TRAITS, email=st.sampled_from([None, "a@b.c", "x"]))
    def identify(self, user, anonymous, traits, email):
        """Traits are typed; the counters stay."""
        if self.send("identify", user, anonymous, traits={**traits, "Email": email}):
            chosen = self.model.select(user, anonymous)
            Model.put(self.model.types["user"], chosen["attributes"], traits)
            chosen["email"] = email or chosen["email"]

    @rule(user=IDS, anonymous=IDS, moment=MOMENTS)
    def page(self, user, anonymous, moment):
        """One more, and only forward."""
        if self.send("page", user, anonymous, timestamp=f"2024-01-01T00:00:0{moment}Z"):
            chosen = self.model.select(user, anonymous)
            chosen["page_views"] += 1
            chosen["last_seen"] = max(chosen["last_seen"] or 0, moment)
            self.model.views += 1

    @rule(user=IDS, anonymous=IDS, event=EVENTS, properties=TRAITS)
    def track(self, user, anonymous, event, properties):
        """An occurrence, typed by its event."""
        if self.send("track", user, anonymous, event=event, properties=properties):
            self.model.select(user, anonymous)
            self._occur(user or anonymous, event, properties)

    def _occur(self, user, event, properties):
        values = {}
        Model.put(self.model.events.setdefault(event, {}), values, properties)
        self.model.occurrences.append((user, event, values))

    @rule(
        user=IDS,
        anonymous=IDS,
        group=st.sampled_from(["g1", "g2"]),
        traits=st.dictionaries(st.sampled_from(["size2", "hat"]), VALUES, max_size=2),
    )
    def group(self, user, anonymous, group, traits):
        """A company and one membership."""
        if self.send("group", user, anonymous, groupId=group, traits=traits):
            chosen = self.model.select(user, anonymous)
            Model.put(
                self.model.types["company"], self.model.companies.setdefault(group, {}), traits
            )
            if group not in chosen["companies"]:
                chosen["companies"].append(group)

    @rule(user=st.sampled_from(["u1", "u2"]), age=VALUES)
    def put_over_rest(self, user, age):
        """404 for nobody, 400 for what does not convert; then nothing is changed."""
        answer = self.rest("PUT", f"users-by-id/{user}/", {"age": age, "city": "Leeds"})
        if user not in self.model.users:
            assert answer.status == 404
        elif age is not None and not converted(age, "number"):
            assert answer.status == 400
        else:
            assert answer.status == 200
            values = self.model.users[user]["attributes"]
            Model.put(self.model.types["user"], values, {"age": age})

    @rule(user=st.sampled_from(["u1", "u2"]))
    def update_or_create_over_rest(self, user):
        """`created` tells whether there was none."""
        answer = self.rest("POST", "users/update_or_create/", {"custom_id": user})
        assert json.loads(answer.body)["created"] is (user not in self.model.users)
        self.model.select(user, None)

    @rule(user=st.sampled_from(["u1", "u2"]), event=EVENTS, data=TRAITS)
    def event_over_rest(self, user, event, data):
        """`created` tells whether the event never occurred before."""
        answer = self.rest("POST", f"users-by-id/{user}/events/", {"name": event, "data": data})
        if user not in self.model.users:
            assert answer.status == 404
            return
        known = any(each[1] == event for each in self.model.occurrences)
        # What was deleted did occur, so a new one is not the first; only the other way is sure.
        if known:
            assert json.loads(answer.body)["created"] is False
        self._occur(user, event, data)

    @rule(user=st.sampled_from(["u1", "u2"]))
    def delete_over_rest(self, user):
        """The user and its records are gone; companies stay."""
        answer = self.rest("DELETE", f"users-by-id/{user}/")
        gone = self.model.users.pop(user, None)
        assert answer.status == (404 if gone is None else 204)
        if gone is not None:
            self.model.views -= gone["page_views"]
            kept = [each for each in self.model.occurrences if each[0] != user]
            self.model.occurrences = kept

    @rule(user=st.sampled_from(["u1", "u2"]), group=st.sampled_from(["g1", "g2"]))
    def remove_member_over_rest(self, user, group):
        """One who is none stays none."""
        path = f"companies-by-id/{group}/remove_member/"
        answer = self.rest("POST", path, {"user_custom_id": user})
        if group in self.model.companies and user in self.model.users:
            assert answer.status == 200
            companies = self.model.users[user]["companies"]
            self.model.users[user]["companies"] = [each for each in companies if each != group]
        else:
            assert answer.status in (400, 404)

    @rule()
    def put_the_state_back(self):
        """Nothing is lost by it."""
        self.vendor.restore(json.loads(json.dumps(self.vendor.state())))

    @invariant()
    def the_state_is_the_models(self):
        """One user for each custom id, page views as sent, one membership each, typed values."""
        state = self.vendor.state()
        users = {user["id"]: user for user in state["users"]}
        assert [user["custom_id"] for user in state["users"]] == list(self.model.users)
        for user in state["users"]:
            expected = self.model.users[user["custom_id"]]
            seen = expected["last_seen"]
            assert user["page_views"] == expected["page_views"]
            assert user["email"] == expected["email"]
            assert user["last_seen"] == (seen and f"2024-01-01T00:00:0{seen}.000Z")
            assert [each["custom_id"] for each in user["companies"]] == expected["companies"]
            assert values_of(user) == exactly(expected["attributes"])
        assert {each["custom_id"]: values_of(each) for each in state["companies"]} == {
            name: exactly(values) for name, values in self.model.companies.items()
        }
        assert len(state["page_views"]) == self.model.views
        occurrences = [
            (
                users[each["user_id"]]["custom_id"],
                each["name"],
                exactly({key_of(name): value for name, value in each["data"].items()}),
            )
            for each in state["event_occurrences"]
        ]
        assert occurrences == [(u, e, exactly(v)) for u, e, v in self.model.occurrences]
        types = {"clientuser": {}, "company": {}}
        for each in state["attributes"]:
            types[each["content_type"]][each["name_std"]] = each["value_type"]
        assert types == {
            "clientuser": self.model.types["user"],
            "company": self.model.types["company"],
        }


def values_of(record):
    """The custom attributes of a user or a company, with their types."""
    return exactly({each["name_std"]: each["value"] for each in record["attributes"]})


def exactly(values):
    """Values with their types: true is not 1."""
    return {name: (type(value).__name__, value) for name, value in values.items()}


TestSequences = Sequences.TestCase
TestSequences.settings = settings(max_examples=40, stateful_step_count=20)
