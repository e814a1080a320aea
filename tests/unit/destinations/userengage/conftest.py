"""An application at UserEngage, and the two ways to reach it."""

from __future__ import annotations

import base64
import dataclasses
import json
import random

import pytest

from mockseg.destinations.userengage.imitation import UserEngage
from mockseg.destinations.userengage.setup import UserEngageSetup
from mockseg.destinations.vendor import VendorRequest

KEY = "segment-key"
NOW_NS = 1_700_000_000_000_000_000  # 2023-11-14T22:13:20Z


@dataclasses.dataclass
class Reply:
    """An answer, decoded."""

    status: int
    body: object
    notes: tuple
    headers: dict


class Vendor:
    """One destination with short ways to send to it and to look inside."""

    def __init__(self, **setup):
        self.imitation = UserEngage(UserEngageSetup(**setup), key=KEY, random=random.Random(1))

    def request(self, method, path, body=b"", *, headers=(), query=(), now_ns=NOW_NS):
        """Send anything at all."""
        answer = self.imitation.answer(
            VendorRequest(
                method=method,
                path=path,
                query=tuple(query),
                headers=tuple(headers),
                body=body if isinstance(body, bytes) else json.dumps(body).encode(),
                received_ns=now_ns,
            )
        )
        return Reply(
            answer.status,
            json.loads(answer.body) if answer.body else None,
            answer.notes,
            dict(answer.headers),
        )

    def send(self, message, *, key=KEY, headers=(), now_ns=NOW_NS):
        """Post a message to the inlet as Segment does."""
        credentials = base64.b64encode(f"{key}:".encode()).decode()
        headers = (("Authorization", f"Basic {credentials}"), *headers)
        return self.request("POST", "/segment", message, headers=headers, now_ns=now_ns)

    def call(self, kind, user="u1", **fields):
        """Post a sound message of a user; it has to be taken."""
        reply = self.send({"type": kind, "userId": user, **fields})
        assert (reply.status, reply.body) == (200, {})
        return reply

    def rest(self, method, path, body=b"", *, v1=False, token=KEY, query=(), now_ns=NOW_NS):
        """Ask the REST API, of version 2 unless told."""
        headers = [("Authorization", f"Token {token}")]
        if not v1:
            headers.append(("Accept", "*/*; version=2"))
        path = f"/api/public/{path}"
        return self.request(method, path, body, headers=headers, query=query, now_ns=now_ns)

    @property
    def state(self):
        """The whole state."""
        return self.imitation.state()

    def user(self, custom_id="u1"):
        """The one user with this custom id."""
        (user,) = [user for user in self.state["users"] if user["custom_id"] == custom_id]
        return user

    def attributes(self, custom_id="u1"):
        """The custom attributes of a user: values by name."""
        return {each["name"]: each["value"] for each in self.user(custom_id)["attributes"]}

    def company(self, custom_id="acme"):
        """The one company with this custom id."""
        (found,) = [each for each in self.state["companies"] if each["custom_id"] == custom_id]
        return found

    def types(self, content_type="clientuser"):
        """The types of the attributes that are defined, by name."""
        return {
            each["name"]: each["value_type"]
            for each in self.state["attributes"]
            if each["content_type"] == content_type
        }

    def events(self):
        """The types of each event's attributes, by name."""
        return {
            event["name"]: {each["name"]: each["value_type"] for each in event["attributes"]}
            for event in self.state["events"]
        }


@pytest.fixture
def make():
    """Make an application that is set up like that."""
    return Vendor


@pytest.fixture
def vendor():
    """Give an application that nothing is set up for."""
    return Vendor()
