"""Candu: the event webhook, which Segment and other clients post to alike.

Source: Candu's page on its REST API, and Segment's on the destination. Their words do not
settle how alias is treated, nor values that are neither text, number nor boolean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mockseg.destinations import inlet
from mockseg.destinations.inlet import INLET, basic_key, call_from, text_id
from mockseg.destinations.records import (
    StateRecord,
    check_keys,
    copied,
    fill_keys,
    plain,
    record_from,
)
from mockseg.destinations.userdata import (
    BEGINNING,
    Occurrences,
    Scalar,
    flat_values,
    moment_text,
    occur,
)
from mockseg.destinations.vendor import (
    PARTNER_ERRORS,
    Action,
    Arguments,
    Imitation,
    Setup,
    VendorError,
    VendorRequest,
    VendorResponse,
    not_allowed,
    partner_error,
    reply,
)
from mockseg.domain.delivery import Note
from mockseg.errors import VendorStateError
from mockseg.json_types import Json, JsonObject

EVENTS = "/api/eventWebhook"
CONTENT = "/api/contentMetadata"
_METHODS = {INLET: "POST", EVENTS: "POST", CONTENT: "GET"}


class CanduSetup(Setup, frozen=True, kw_only=True):
    """How it is set up.

    Attributes:
        anonymous_users: take events without a user id for the user of their anonymous id; else
            they are answered 400, as the documents make the user id a must.
        content: what ``GET /api/contentMetadata`` returns from the start.
    """

    anonymous_users: bool = True
    content: list[dict[str, Json]] = []


class User(StateRecord, kw_only=True):
    """A user.

    Attributes:
        user_id: or None for one who is known by the anonymous id only.
        anonymous_id: the last one seen with it, or None.
        identified: whether an identify call came, which segments of Candu need.
        email: of the traits, shown in Candu's list of users.
        traits: by name.
        events, pages, screens: by name; of pages and screens without one, the empty name.
        created_at, updated_at: ISO 8601.
    """

    user_id: str | None
    anonymous_id: str | None = None
    identified: bool = False
    email: str | None = None
    traits: dict[str, Scalar] = {}
    events: dict[str, Occurrences] = {}
    pages: dict[str, Occurrences] = {}
    screens: dict[str, Occurrences] = {}
    created_at: str = BEGINNING
    updated_at: str = BEGINNING


class Group(StateRecord, kw_only=True):
    """A group; its members are keys in `State.users`, in the order in which they came."""

    group_id: str
    traits: dict[str, Scalar] = {}
    members: list[str] = []


class State(StateRecord, kw_only=True):
    """The whole.

    Attributes:
        users: by user id, or by anonymous id without one.
        groups: by group id.
        content: the metadata of contents, as ``GET /api/contentMetadata`` returns them.
        authorization_schemes: how often events came with each way to authenticate.
    """

    users: dict[str, User] = {}
    groups: dict[str, Group] = {}
    content: list[dict[str, Json]] = []
    authorization_schemes: dict[str, int] = {}


class SetContent(Arguments, frozen=True, kw_only=True):
    """The metadata of all contents, in place of those before."""

    content: list[dict[str, Json]]


def _set_content(candu: Candu, given: SetContent, _: int) -> JsonObject:
    candu.store.content = given.content
    return plain(given)


class Candu(Imitation[CanduSetup, State]):
    setup_type: ClassVar[type[Setup]] = CanduSetup
    actions: ClassVar[Mapping[str, Action]] = {
        "set_content": Action(
            "Publish these contents, in place of those before.", SetContent, _set_content
        )
    }
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        code: answer for code, answer in PARTNER_ERRORS.items() if code != "unsupported_type"
    }

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: Basic with the colon or without it, or Bearer; all three are in use."""
        scheme, credentials = request.authorization
        if scheme == "bearer":
            return credentials or None
        return basic_key(request, colon_optional=True)

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer 401, as Segment's contract with partners has it."""
        sentence = "This API key is unknown"
        if Candu.key_of(request) is None:
            sentence = "Expected Basic or Bearer with the API key"
        return partner_error(401, sentence, code="unauthorized", field="Authorization")

    def first_state(self) -> State:
        return record_from({"content": self.setup.content}, State)

    def restored(self, state: JsonObject) -> State:
        """Read a state; a user may be as little as its key."""
        given = copied(state)
        if isinstance(given, dict):
            fill_keys(given.get("users"), "userId")
            fill_keys(given.get("groups"), "groupId")
        wanted = record_from(given, State)
        check_keys("users", wanted.users, "user_id", "anonymous_id")
        check_keys("groups", wanted.groups, "group_id")
        for key, group in wanted.groups.items():
            for index, member in enumerate(group.members):
                if member not in wanted.users:
                    place = f"groups.{key}.members[{index}]"
                    raise VendorStateError(f"unknown user {member[:100]!r}", place=place)
        return wanted

    def handle(self, request: VendorRequest) -> VendorResponse:
        if self.key_of(request) != self.key:
            return self.stranger(request)
        method = _METHODS.get(request.path)
        if method is None:
            sentence = f"Unknown path {request.path[:100]!r}; known: {', '.join(_METHODS)}"
            return partner_error(404, sentence, code="not_found")
        if request.method != method:
            return not_allowed(request, (method,))
        if request.path == CONTENT:
            return reply(200, self.store.content)
        value = inlet.decoded_body(request)
        notes: list[Note] = []
        # All are read before the first is applied.
        for call, key, place in self._read(value):
            notes += self._apply(call, key, place=place, received_ns=request.received_ns)
        counts = self.store.authorization_schemes
        scheme = "Basic" if basic_key(request) is not None else "Basic without colon"
        if request.authorization[0] == "bearer":
            scheme = "Bearer"
        counts[scheme] = counts.get(scheme, 0) + 1
        return reply(200, {"success": True}, notes=notes)

    def _read(self, value: Json) -> list[tuple[inlet.Call, str | None, str]]:
        """Read one event or an array of them.

        Returns:
            Each call with the key of its user, None for a group without a user, and its place.
        """
        if not isinstance(value, list):
            return [self._read_one(value, "")]
        return [self._read_one(item, f"[{index}]") for index, item in enumerate(value)]

    def _read_one(self, item: Json, place: str) -> tuple[inlet.Call, str | None, str]:
        call = call_from(item, inlet.CALLS, place=place)
        prefix = f"{place}." if place else ""
        key = text_id(call.user_id)
        if key is None and self.setup.anonymous_users:
            key = text_id(call.anonymous_id)
        if key is None and not isinstance(call, inlet.Group):
            field = f"{prefix}userId"
            answer = partner_error(
                400, f"`{field}` is missing", code="missing_user_id", field=field
            )
            raise VendorError(answer)
        return call, key, prefix

    def _apply(
        self, call: inlet.Call, key: str | None, *, place: str, received_ns: int
    ) -> list[Note]:
        moment_ns = inlet.moment_of((call.timestamp, call.sent_at), received_ns=received_ns)
        user = None if key is None else self._user(key, call, moment=moment_text(moment_ns))
        notes: list[Note] = []
        if isinstance(call, inlet.Group):
            group_id = str(text_id(call.group_id))
            group = self.store.groups.setdefault(group_id, Group(group_id=group_id))
            traits, notes = flat_values(call.traits or {}, place=f"{place}traits")
            group.traits.update(traits)
            if key is not None and key not in group.members:
                group.members.append(key)
        elif user is None:
            return []
        elif isinstance(call, inlet.Identify):
            traits, notes = flat_values(call.traits or {}, place=f"{place}traits")
            user.identified = True
            user.traits.update(traits)
            email = traits.get("email")
            user.email = email if isinstance(email, str) else user.email
        elif isinstance(call, inlet.Track):
            occur(user.events, call.event, moment_ns=moment_ns, properties=call.properties)
        elif isinstance(call, inlet.Page):
            kept = user.screens if isinstance(call, inlet.Screen) else user.pages
            occur(kept, call.name or "", moment_ns=moment_ns, properties=call.properties)
        elif isinstance(call, inlet.Alias):
            sentence = "An alias selects its user and changes nothing: no merge is documented"
            notes = [Note("previous_id_ignored", f"{place}previousId", sentence)]
        return notes

    def _user(self, key: str, call: inlet.Call, *, moment: str) -> User:
        new = User(user_id=text_id(call.user_id), created_at=moment, updated_at=moment)
        user = self.store.users.setdefault(key, new)
        user.user_id = text_id(call.user_id) or user.user_id
        user.anonymous_id = text_id(call.anonymous_id) or user.anonymous_id
        user.updated_at = max(user.updated_at, moment)
        return user
