"""Candu: the event webhook, which Segment and other clients post to alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mockseg.destinations.candu.events import apply_events, read_events
from mockseg.destinations.candu.state import State
from mockseg.destinations.inlet import (
    INLET,
    authorization,
    basic_key,
    decoded_body,
    not_allowed,
    refused,
    reply,
)
from mockseg.destinations.occurrences import BEGINNING, fill_occurrences
from mockseg.destinations.records import Arguments, arguments_of, copied, fill, plain, record_from
from mockseg.destinations.vendor import Action, Setup, VendorRequest, VendorResponse
from mockseg.errors import VendorStateError
from mockseg.json_types import Json

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from mockseg.json_types import JsonObject


EVENTS = "/api/eventWebhook"
CONTENT = "/api/contentMetadata"


class CanduSetup(Setup, frozen=True, kw_only=True):
    """How it is set up.

    Attributes:
        anonymous_users: take events without a user id for the user of their anonymous id; else
            they are answered 400, as the documents make the user id a must.
        content: what ``GET /api/contentMetadata`` gives from the start.
    """

    anonymous_users: bool = True
    content: list[dict[str, Json]] = []


class SetContent(Arguments, frozen=True, kw_only=True):
    """The metadata of all contents, in place of those before."""

    content: list[dict[str, Json]]


class Candu:
    """Imitates Candu. Pure; see `Imitation`."""

    setup_type: ClassVar[type[Setup]] = CanduSetup
    actions: ClassVar[Mapping[str, Action]] = {
        "set_content": Action("Publish these contents, in place of those before.", SetContent)
    }
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        "bad_request": refused(400, "The request is malformed", code="bad_request"),
        "unauthorized": refused(401, "This API key is unknown", code="unauthorized"),
        "forbidden": refused(403, "This API key has no permission", code="forbidden"),
        "rate_limited": refused(429, "Too many requests", code="rate_limited"),
        "server_error": refused(500, "Internal error", code="server_error"),
        "maintenance": refused(503, "Down for maintenance", code="maintenance"),
    }

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        assert isinstance(setup, CanduSetup)  # noqa: S101  (the registry goes by setup_type)
        del random
        self._setup = setup
        self._key = key
        self._state = record_from({"content": setup.content}, State)

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: Basic with the colon or without it, or Bearer; all three are in use."""
        given = authorization(request)
        if given is not None and given[0] == "bearer":
            return given[1] or None
        return basic_key(request, colon_optional=True)

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer 401, as Segment's contract with partners has it."""
        known = Candu.key_of(request) is not None
        sentence = (
            "This API key is unknown" if known else "Expected Basic or Bearer with the API key"
        )
        return refused(401, sentence, code="unauthorized", field="Authorization")

    def knows(self, key: str) -> bool:
        """Tell whether this is its key."""
        return key == self._key

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Apply a request; never raises."""
        if self.key_of(request) != self._key:
            return self.stranger(request)
        methods = {INLET: "POST", EVENTS: "POST", CONTENT: "GET"}
        method = methods.get(request.path)
        if method is None:
            paths = ", ".join(methods)
            return refused(
                404, f"There is no {request.path[:100]!r}; there are: {paths}", code="not_found"
            )
        if request.method != method:
            return not_allowed(request, (method,))
        if request.path == CONTENT:
            return reply(200, self._state.content)
        return self._accept(request)

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Do what Candu's editor would.

        Raises:
            VendorStateError: no such action, or wrong arguments.
        """
        del now_ns
        given = arguments_of(self.actions, action, arguments)
        assert isinstance(given, SetContent)  # noqa: S101  (there is one action)
        self._state.content = given.content
        return plain(given)

    def state(self) -> JsonObject:
        """Give users, groups and contents."""
        return plain(self._state)

    def restore(self, state: JsonObject) -> None:
        """Have these users, groups and contents instead; a user may be as little as its key.

        Raises:
            VendorStateError: names the place and what is allowed.
        """
        wanted = record_from(_filled(state), State)
        for key, user in wanted.users.items():
            if key != (user.anonymous_id if user.user_id is None else user.user_id):
                raise VendorStateError(
                    "the key of a user is its userId, or its anonymousId without one",
                    place=f"users.{key}",
                )
        for key, group in wanted.groups.items():
            if key != group.group_id:
                raise VendorStateError("the key of a group is its groupId", place=f"groups.{key}")
            for index, member in enumerate(group.members):
                if member not in wanted.users:
                    raise VendorStateError(
                        f"there is no user {member[:100]!r}",
                        place=f"groups.{key}.members[{index}]",
                    )
        self._state = wanted

    def _accept(self, request: VendorRequest) -> VendorResponse:
        decoded = decoded_body(request)
        if isinstance(decoded, VendorResponse):
            return decoded
        anonymous = self._setup.anonymous_users
        calls = read_events(decoded.value, anonymous_users=anonymous)
        if isinstance(calls, VendorResponse):
            return calls
        notes = apply_events(
            self._state, calls, received_ns=request.received_ns, anonymous_users=anonymous
        )
        scheme = _scheme(request)
        counts = self._state.authorization_schemes
        counts[scheme] = counts.get(scheme, 0) + 1
        return reply(200, {"success": True}, notes=notes)


def _scheme(request: VendorRequest) -> str:
    if (authorization(request) or ("",))[0] == "bearer":
        return "Bearer"
    return "Basic" if basic_key(request) is not None else "Basic without colon"


def _filled(state: Json) -> Json:
    """Add what was left out: ids are the keys, moments the beginning of time."""
    given = copied(state)
    if isinstance(given, dict):
        moments = {"createdAt": BEGINNING, "updatedAt": BEGINNING}
        fill(given.get("users"), lambda key: {"userId": key, **moments})
        fill_occurrences(given.get("users"), "events", "pages", "screens")
        fill(given.get("groups"), lambda key: {"groupId": key})
    return given
