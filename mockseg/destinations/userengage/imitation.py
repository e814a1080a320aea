"""The imitation: a destination with its application behind two surfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mockseg import json_types
from mockseg.destinations.inlet import basic_key
from mockseg.destinations.userengage.actions import ACTIONS, mint_secret, perform
from mockseg.destinations.userengage.answers import ERRORS, rest_error
from mockseg.destinations.userengage.building import bare_app, check_setup
from mockseg.destinations.userengage.inlet import (
    INLET_PATH,
    credentials_error,
    key_error,
    receive,
)
from mockseg.destinations.userengage.objects import state_of
from mockseg.destinations.userengage.rest.door import REST_PREFIX, RestDoor, token_error, token_of
from mockseg.destinations.userengage.restoring import fill
from mockseg.destinations.userengage.setup import UserEngageSetup

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from mockseg.destinations.vendor import (
        Action,
        Setup,
        VendorRequest,
        VendorResponse,
    )
    from mockseg.json_types import JsonObject


class UserEngage:
    """One application at UserEngage; see `mockseg.destinations.vendor.Imitation`."""

    setup_type: ClassVar[type[Setup]] = UserEngageSetup
    actions: ClassVar[Mapping[str, Action]] = ACTIONS
    errors: ClassVar[Mapping[str, VendorResponse]] = ERRORS

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        if not isinstance(setup, UserEngageSetup):
            raise TypeError(
                f"UserEngage is set up with UserEngageSetup, not {type(setup).__name__}"
            )
        check_setup(setup)
        self._setup = setup
        self._key = key
        self._random = random
        self._rest_token = setup.rest_token or mint_secret(random)
        self._door = RestDoor(setup)
        self.restore({})

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: of Basic credentials at the inlet, of ``Token`` at the REST API."""
        return basic_key(request) if request.path == INLET_PATH else token_of(request)

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer a request whose key belongs to no application, or that has none."""
        if request.path == INLET_PATH:
            if basic_key(request) is None:
                return credentials_error()
            return key_error(revoked=False)
        if request.path.startswith(REST_PREFIX):
            return token_error(request)
        return _nowhere()

    def knows(self, key: str) -> bool:
        """Tell whether this is or was one of its Segment API keys, or its REST token."""
        return key in self._app.segment_keys or key == self._app.rest_token

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Apply a request, at the inlet or at the REST API; never raises."""
        if request.path == INLET_PATH:
            return receive(self._app, self._setup, request)
        if request.path.startswith(REST_PREFIX):
            return self._door.answer(self._app, request)
        return _nowhere()

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Do what a page at app.userengage.com would; the moment is not kept.

        Raises:
            VendorStateError: no such action, or wrong arguments; nothing is changed.
        """
        _ = now_ns
        return perform(self._app, action, arguments, random=self._random)

    def state(self) -> JsonObject:
        """Give the whole state as JSON, in the names of REST version 2."""
        state: JsonObject = json_types.decode(json_types.encode(state_of(self._app)))
        return state

    def restore(self, state: JsonObject) -> None:
        """Have this state instead.

        Users, companies and records that are left out begin empty; keys, the token, domains
        and definitions begin as they were set up. The destination's own key stays known.

        Raises:
            VendorStateError: names the place and what is allowed; nothing is changed.
        """
        app = bare_app(self._setup, key=self._key, rest_token=self._rest_token, random=self._random)
        fill(app, self._setup, state)
        self._app = app


def _nowhere() -> VendorResponse:
    return rest_error(
        404, "not_found", f"Not found. Here are {INLET_PATH} and {REST_PREFIX}…, nothing else."
    )
