"""UserEngage, later User.com: the application that Segment's destination writes to.

Two surfaces share one state: the inlet ``/segment``, which takes one Segment message a
request, and the vendor's REST API under ``/api/public/``. The rules are those of Segment's
page "UserEngage Destination"; what it leaves open is chosen in `UserEngageSetup`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from mockseg import json_types
from mockseg.destinations.inlet import INLET, basic_key
from mockseg.destinations.userengage.actions import ACTIONS, mint_secret
from mockseg.destinations.userengage.app import App
from mockseg.destinations.userengage.inlet import credentials_error, key_error, receive
from mockseg.destinations.userengage.objects import state_of
from mockseg.destinations.userengage.rest.call import rest_error
from mockseg.destinations.userengage.rest.door import REST_PREFIX, RestDoor, token_error, token_of
from mockseg.destinations.userengage.restoring import fill
from mockseg.destinations.userengage.setup import UserEngageSetup, check_setup
from mockseg.destinations.vendor import (
    Action,
    Headers,
    Imitation,
    Setup,
    VendorRequest,
    VendorResponse,
    reply,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.json_types import JsonObject


def _demanded(status: int, message: str, *, headers: Headers = ()) -> VendorResponse:
    """Make an error that suits both surfaces: Segment reads `message`, REST clients `detail`."""
    answer = reply(status, {"message": message, "detail": message})
    return dataclasses.replace(answer, headers=(*answer.headers, *headers))


class UserEngage(Imitation[UserEngageSetup, App]):
    """One application at UserEngage."""

    setup_type: ClassVar[type[Setup]] = UserEngageSetup
    actions: ClassVar[Mapping[str, Action]] = ACTIONS
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        "bad_request": _demanded(400, "The request is malformed."),
        "unauthorized": _demanded(401, "The API key is missing or malformed."),
        "forbidden": _demanded(403, "The API key is revoked or the domain is not trusted."),
        "not_found": _demanded(404, "Not found."),
        "rate_limited": _demanded(429, "Too many requests.", headers=(("Retry-After", "1"),)),
        "server_error": _demanded(500, "Internal error."),
        "unsupported": _demanded(501, "This type of call is not supported."),
        "unavailable": _demanded(503, "Maintenance.", headers=(("Retry-After", "1"),)),
    }

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: of Basic credentials at the inlet, of ``Token`` at the REST API."""
        return basic_key(request) if request.path == INLET else token_of(request)

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer by surface a request whose key belongs to no application, or that has none."""
        if request.path == INLET:
            if basic_key(request) is None:
                return credentials_error()
            return key_error(revoked=False)
        if request.path.startswith(REST_PREFIX):
            return token_error(request)
        return _nowhere()

    def first_state(self) -> App:
        check_setup(self.setup)
        self._rest_token = self.setup.rest_token or mint_secret(self.random)
        self._door = RestDoor(self.setup)
        return self.restored({})

    def restored(self, state: JsonObject) -> App:
        """Make an application from a state.

        Users, companies and records that are left out begin empty; keys, the token, domains
        and definitions begin as they were set up. The destination's own key stays known.
        """
        app = App(
            random=self.random,
            key=self.key,
            rest_token=self._rest_token,
            shares=self.setup.event_namespace == "global",
            most_records=self.setup.most_records,
        )
        fill(app, self.setup, state)
        return app

    def knows(self, key: str) -> bool:
        """Return whether this is or was one of its Segment API keys, or its REST token."""
        return key in self.kept.segment_keys or key == self.kept.rest_token

    def handle(self, request: VendorRequest) -> VendorResponse:
        if request.path == INLET:
            return receive(self, request)
        if request.path.startswith(REST_PREFIX):
            return self._door.answer(self.kept, request)
        return _nowhere()

    def state(self) -> JsonObject:
        """Return the whole state as JSON, in the names of REST version 2."""
        state: JsonObject = json_types.decode(json_types.encode(state_of(self.kept)))
        return state


def _nowhere() -> VendorResponse:
    return rest_error(
        404, "not_found", f"Not found. Here are {INLET} and {REST_PREFIX}…, nothing else."
    )
