"""UserGuiding: identify and track from Segment, the User API, and the SDK's paths.

Sources: Segment's page on the destination; UserGuiding's page on its JavaScript API: attributes
are text, numbers and booleans; arrays and nested objects are not accepted; a company is in
an object of its own, and its id is a must; events need no identification.

**Provisional**: what the User API can do, its header, its limit and its paging are known, its
paths, bodies and errors are not; those here are made up. The SDK's two paths were seen in use,
their bodies were not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from mockseg import json_types
from mockseg.clock import NANOSECONDS
from mockseg.destinations.inlet import (
    CALLS,
    INLET,
    Identify,
    Track,
    basic_key,
    body_as,
    moment_of,
    read_message,
    segment_settings,
    stranger_at_inlet,
    text_id,
)
from mockseg.destinations.rate_limit import RateLimit
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
    Hook,
    Imitation,
    Routes,
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

_KEY_HEADER = "UG-API-KEY"
_SDK = "/sdk/"
"""What is below comes from browsers, which have no API key."""

_COMPANY = "company"
_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000
_CALLS = {name: CALLS[name] for name in ("identify", "track")}
_Text = Annotated[str, Meta(min_length=1)]


class UserGuidingSetup(Setup, frozen=True, kw_only=True):
    """How it is set up.

    Attributes:
        region: where its data are; another one in Segment's settings is noted.
        nested_values: how arrays, nested objects and null are treated, which are not accepted:
            each is ignored, or the whole request is refused with 400.
        rate_limit: requests in 10 seconds; one more blocks for a minute; 0 for any number.
        limits_inlet: count what Segment posts as well; the documents speak of the User API.
        webhook_url: where its webhook posts, see the action ``send_webhook``.
    """

    region: Literal["us", "eu"] = "us"
    nested_values: Literal["ignore", "refuse"] = "ignore"
    rate_limit: Annotated[int, Meta(ge=0)] = 50
    limits_inlet: bool = False
    webhook_url: Annotated[str, Meta(pattern=r"^https?://[!-~]{1,2000}\Z")] | None = None


class User(StateRecord, kw_only=True):
    """A user.

    Attributes:
        user_id: or None for one who was never identified with an id.
        anonymous_id: or None.
        attributes: by name.
        company: an id in `State.companies`, or None.
        events: by name.
        created_at: ISO 8601.
        interactions_reset_at: ISO 8601, or None while that never happened.
    """

    user_id: str | None
    anonymous_id: str | None = None
    attributes: dict[str, Scalar] = {}
    company: str | None = None
    events: dict[str, Occurrences] = {}
    created_at: str = BEGINNING
    interactions_reset_at: str | None = None


class Company(StateRecord, kw_only=True):
    """A company; its id is not among its attributes."""

    id: str
    attributes: dict[str, Scalar] = {}


class State(StateRecord, kw_only=True):
    """The whole.

    Attributes:
        users: by user id, or by anonymous id without one.
        companies: by id.
        region: that came last with Segment's settings, or None.
    """

    users: dict[str, User] = {}
    companies: dict[str, Company] = {}
    region: str | None = None


class DeleteUser(Arguments, frozen=True, kw_only=True):
    user: _Text


class SendWebhook(Arguments, frozen=True, kw_only=True):
    """Something that happened in the product, which the webhook tells.

    Attributes:
        event: its name, with the suffix or without it.
        user: whose id is in the payload.
        payload: the rest of it, such as ``guideId``, ``guideName`` and ``pageUrl``.
    """

    event: Annotated[str, Meta(pattern=r"^[a-z][a-z ]{0,98}( \(userguiding\))?\Z")]
    user: _Text
    payload: dict[str, Json] = {}


class _UserSent(msgspec.Struct, frozen=True, rename="camel"):
    user_id: _Text
    attributes: dict[str, Json] = {}


class _AttributesSent(msgspec.Struct, frozen=True, rename="camel"):
    attributes: dict[str, Json] = {}


class _EventSent(msgspec.Struct, frozen=True, rename="camel"):
    user_id: _Text
    event: _Text
    metadata: dict[str, Json] = {}


def _delete_in_panel(guiding: UserGuiding, given: DeleteUser, _: int) -> JsonObject:
    user = guiding.store.users.pop(given.user, None)
    if user is None:
        raise VendorStateError(f"unknown user {given.user[:100]!r}", place="user")
    return plain(user)


_SUFFIX = " (userguiding)"
WEBHOOK_EVENTS = tuple(
    name + _SUFFIX
    for name in ("guide started", "guide completed", "nps survey shown", "nps score submit")
)
"""Source: UserGuiding's help article on webhooks; other events have the same form."""


def _send_webhook(guiding: UserGuiding, given: SendWebhook, _: int) -> JsonObject:
    """Post an event as the webhook does: once and unsigned, as far as its article says."""
    url = guiding.setup.webhook_url
    if url is None:
        raise VendorStateError("set up webhookUrl first: it says where to post to", place="event")
    event = given.event.removesuffix(_SUFFIX) + _SUFFIX
    told: JsonObject = {"event": event, "payload": {"userId": given.user, **given.payload}}
    body = json_types.encode(told)
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    guiding.outbox.append(Hook(url=url, headers=headers, body=body))
    return told | {"documented": event in WEBHOOK_EVENTS}


class UserGuiding(Imitation[UserGuidingSetup, State]):
    setup_type: ClassVar[type[Setup]] = UserGuidingSetup
    actions: ClassVar[Mapping[str, Action]] = {
        "delete_user": Action("Delete a user in the panel.", DeleteUser, _delete_in_panel),
        "send_webhook": Action(
            "Have the webhook tell an event to your service.", SendWebhook, _send_webhook
        ),
    }
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        **PARTNER_ERRORS,
        "not_found": partner_error(404, "Unknown user", code="not_found"),
        "rate_limited": partner_error(
            429, "Over 50 requests in 10 seconds: blocked for 1 minute", code="rate_limited"
        ),
    }

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        super().__init__(setup, key=key, random=random)
        # Source: UserGuiding's help article on the limits of the User API.
        self._limit = RateLimit(
            self.setup.rate_limit, window_ns=10 * NANOSECONDS, block_ns=60 * NANOSECONDS
        )

    @property
    def rate_limits(self) -> Iterable[RateLimit]:
        return (self._limit,)

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: Basic at the inlet, the header UG-API-KEY elsewhere."""
        if request.path == INLET:
            return basic_key(request)
        return (request.header(_KEY_HEADER) or "").strip() or None

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        if request.path == INLET:
            return stranger_at_inlet(request)
        sentence = "This API key is unknown"
        if request.header(_KEY_HEADER) is None:
            sentence = f"The header {_KEY_HEADER} is missing"
        return partner_error(401, sentence, code="unauthorized", field=_KEY_HEADER)

    def restored(self, state: JsonObject) -> State:
        """Read a state; a user may be as little as its key."""
        given = copied(state)
        if isinstance(given, dict):
            fill_keys(given.get("users"), "userId")
            fill_keys(given.get("companies"), "id")
        wanted = record_from(given, State)
        check_keys("users", wanted.users, "user_id", "anonymous_id")
        check_keys("companies", wanted.companies, "id")
        for key, user in wanted.users.items():
            if user.company is not None and user.company not in wanted.companies:
                sentence = f"unknown company {user.company[:100]!r}"
                raise VendorStateError(sentence, place=f"users.{key}.company")
        return wanted

    def handle(self, request: VendorRequest) -> VendorResponse:
        key, at_sdk = self.key_of(request), request.path.startswith(_SDK)
        # Browsers have no key to send.
        if key != self.key and not (key is None and at_sdk):
            return self.stranger(request)
        at_inlet = request.path == INLET
        counted = self.setup.limits_inlet if at_inlet else not at_sdk
        if counted and self._limit.refuses(request.received_ns):
            sentence = f"Over {self.setup.rate_limit} requests in 10 seconds: blocked for 1 minute"
            return partner_error(429, sentence, code="rate_limited")
        found = _ROUTES.find(request.path if at_inlet else request.path.rstrip("/"))
        if found is None:
            return partner_error(404, f"Unknown path {request.path[:100]!r}", code="not_found")
        methods, names = found
        if request.method not in methods:
            return not_allowed(request, methods)
        user_id = names.get("user_id", "")
        if names and user_id not in self.store.users:
            return partner_error(404, f"Unknown user {user_id[:100]!r}", code="not_found")
        return methods[request.method](self, request, user_id)

    # -- what Segment posts

    def accept_call(self, request: VendorRequest, _: str) -> VendorResponse:
        settings = segment_settings(request)
        call = read_message(request, _CALLS)
        user_id = text_id(call.user_id)
        key = user_id or text_id(call.anonymous_id)
        if key is None:
            sentence = "`userId` and `anonymousId` are missing"
            return partner_error(400, sentence, code="missing_user_id", field="userId")
        if isinstance(call, Identify):
            traits, now_ns = call.traits or {}, request.received_ns
            ignored = self._identify(key, user_id, traits, place="traits", now_ns=now_ns)[1]
        else:
            assert isinstance(call, Track)  # noqa: S101  (the table has no other)
            given = call.properties or {}
            stamps = (call.timestamp, call.sent_at)
            now_ns = moment_of(stamps, received_ns=request.received_ns)
            ignored = self._track(
                key, user_id, call.event, given, place="properties", now_ns=now_ns
            )
        return reply(200, {}, notes=[*ignored, *self._region(settings)])

    def _region(self, settings: JsonObject) -> list[Note]:
        """Keep the region of Segment's settings; note another than the destination's."""
        given, region = settings.get("region"), self.setup.region
        if not isinstance(given, str):
            return []
        self.store.region = given
        if given.lower() == region:
            return []
        sentence = f"The region is {given[:100]!r}; this destination is in {region!r}"
        return [Note("other_region", "X-Segment-Settings.region", sentence)]

    # -- the User API and the SDK

    def upsert(self, request: VendorRequest, _: str) -> VendorResponse:
        sent = body_as(request, _UserSent)
        return self._write(request, sent.user_id, sent.user_id, sent.attributes)

    def update(self, request: VendorRequest, user_id: str) -> VendorResponse:
        sent = body_as(request, _AttributesSent)
        return self._write(request, user_id, self.store.users[user_id].user_id, sent.attributes)

    def _write(
        self, request: VendorRequest, key: str, user_id: str | None, given: JsonObject
    ) -> VendorResponse:
        now_ns = request.received_ns
        user, ignored = self._identify(key, user_id, given, place="attributes", now_ns=now_ns)
        return reply(200, plain(user), notes=ignored)

    def post_event(self, request: VendorRequest, _: str) -> VendorResponse:
        sent = body_as(request, _EventSent)
        now_ns, key = request.received_ns, sent.user_id
        given = sent.metadata
        ignored = self._track(key, key, sent.event, given, place="metadata", now_ns=now_ns)
        return reply(200, {}, notes=ignored)

    def list_users(self, request: VendorRequest, _: str) -> VendorResponse:
        text = request.argument("page_size") or str(_DEFAULT_PAGE)
        size = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
        if not 0 < size <= _LARGEST_PAGE:
            sentence = f"`page_size` is a whole number from 1 to {_LARGEST_PAGE}"
            return partner_error(400, sentence, code="invalid_request", field="page_size")
        users, start = self.store.users, 0
        keys = list(users)
        after = request.argument("search_after")
        if after:
            if after not in users:
                sentence = "`search_after` is the last user of the page before"
                return partner_error(400, sentence, code="invalid_request", field="search_after")
            start = keys.index(after) + 1
        page = keys[start : start + size]
        following = page[-1] if start + size < len(keys) else None
        return reply(200, {"results": [users[key] for key in page], "search_after": following})

    def show(self, _: VendorRequest, user_id: str) -> VendorResponse:
        return reply(200, plain(self.store.users[user_id]))

    def delete(self, _: VendorRequest, user_id: str) -> VendorResponse:
        del self.store.users[user_id]
        return VendorResponse(204)

    def reset_interactions(self, request: VendorRequest, user_id: str) -> VendorResponse:
        self.store.users[user_id].interactions_reset_at = moment_text(request.received_ns)
        return reply(200, {})

    # -- changes, from wherever they come

    def _identify(
        self, key: str, user_id: str | None, given: JsonObject, *, place: str, now_ns: int
    ) -> tuple[User, list[Note]]:
        """Merge attributes into a user, made now if it is new, and into its company.

        Returns:
            The user, and what was ignored.

        Raises:
            VendorError: a value cannot be kept, and the setup refuses such.
        """
        others = {name: value for name, value in given.items() if name != _COMPANY}
        attributes, ignored = flat_values(others, place=place)
        where, found = f"{place}.{_COMPANY}", given.get(_COMPANY)
        company = None
        if isinstance(found, dict):
            company_id = found.get("id")
            if isinstance(company_id, bool) or not isinstance(company_id, str | int):
                company_id = ""
            own = {name: value for name, value in found.items() if name != "id"}
            if company_id == "":
                sentence = "A company needs an `id` that is text or a number"
                ignored.append(Note("company_without_id", f"{where}.id", sentence))
            else:
                kept, more = flat_values(own, place=where)
                company = Company(id=str(company_id), attributes=kept)
                ignored += more
        elif _COMPANY in given:
            # As text it is an attribute like any other.
            kept, more = flat_values({_COMPANY: found}, place=place)
            attributes |= kept
            ignored += more
        self._refuse(ignored)
        user = self._user(key, user_id, now_ns=now_ns)
        user.attributes.update(attributes)
        if company is not None:
            known = self.store.companies.setdefault(company.id, Company(id=company.id))
            known.attributes.update(company.attributes)
            user.company = known.id
        return user, ignored

    def _track(
        self,
        key: str,
        user_id: str | None,
        event: str,
        given: JsonObject | list[Json],
        *,
        place: str,
        now_ns: int,
    ) -> list[Note]:
        """Count an event of a user, made now if it is new; return what was ignored.

        Raises:
            VendorError: a value cannot be kept, and the setup refuses such.
        """
        metadata: dict[str, Scalar] = {}
        if isinstance(given, list):
            sentence = "The properties are an array; allowed: an object"
            ignored = [Note("value_ignored", place, sentence)]
        else:
            metadata, ignored = flat_values(given, place=place)
        self._refuse(ignored)
        user = self._user(key, user_id, now_ns=now_ns)
        occur(user.events, event, moment_ns=now_ns, properties=metadata)
        return ignored

    def _refuse(self, ignored: list[Note]) -> None:
        if ignored and self.setup.nested_values == "refuse":
            first = ignored[0]
            sentence = f"`{first.field}`: {first.description}"
            answer = partner_error(400, sentence, code="value_refused", field=first.field)
            raise VendorError(answer)

    def _user(self, key: str, user_id: str | None, *, now_ns: int) -> User:
        new = User(user_id=user_id, created_at=moment_text(now_ns))
        user = self.store.users.setdefault(key, new)
        user.user_id = user_id or user.user_id
        if user_id is None:
            user.anonymous_id = key
        return user


_USER = r"/users/(?P<user_id>.+)"
_ROUTES: Routes[Callable[[UserGuiding, VendorRequest, str], VendorResponse]] = Routes(
    {
        INLET: {"POST": UserGuiding.accept_call},
        "/users": {"GET": UserGuiding.list_users, "POST": UserGuiding.upsert},
        "/sdk/identify": {"POST": UserGuiding.upsert},
        "/events|/sdk/event": {"POST": UserGuiding.post_event},
        f"{_USER}/reset-interactions": {"POST": UserGuiding.reset_interactions},
        _USER: {
            "GET": UserGuiding.show,
            "PATCH": UserGuiding.update,
            "DELETE": UserGuiding.delete,
        },
    }
)
