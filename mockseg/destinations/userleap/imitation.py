"""UserLeap, now Sprig: one destination with its environments; its Segment inlet.

Source: UserLeap's page on Segment (rules UL-02 to UL-09). What it leaves open is a switch of
`UserLeapSetup`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any, ClassVar

from mockseg.clock import NANOSECONDS
from mockseg.destinations.inlet import (
    CALLS,
    INLET,
    Alias,
    Call,
    Identify,
    Page,
    Screen,
    Track,
    basic_key,
    moment_of,
    read_message,
    stranger_at_inlet,
    text_id,
)
from mockseg.destinations.rate_limit import RateLimit
from mockseg.destinations.records import check_keys, copied, fill_keys, record_from
from mockseg.destinations.userleap.actions import ACTIONS
from mockseg.destinations.userleap.context import LONGEST_URL, Context, RestCall
from mockseg.destinations.userleap.rest import ROUTES, as_text, not_found, with_error
from mockseg.destinations.userleap.state import (
    OWN,
    Environment,
    State,
    User,
    UserLeapSetup,
    check_definition,
    empty_state,
    mint_uuid,
)
from mockseg.destinations.userleap.surveys import check_survey
from mockseg.destinations.vendor import (
    PARTNER_ERRORS,
    Action,
    Imitation,
    Setup,
    VendorRequest,
    VendorResponse,
    not_allowed,
    partner_error,
    reply,
)
from mockseg.domain.delivery import Note
from mockseg.errors import VendorStateError
from mockseg.json_types import Json, JsonObject
from mockseg.suggestions import unknown

_TOO_MANY = "Your application has made too many requests in too short a time."
_WINDOW_NS = 300 * NANOSECONDS
_MILLISECOND = 1_000_000
_CALLS = {
    "userleap-classic": {name: CALLS[name] for name in ("identify", "track", "page", "alias")},
    "sprig-actions": {name: CALLS[name] for name in ("identify", "track", "screen")},
}
"""Call types by profile; the others are answered 501 (UL-09)."""


def _at_environment(
    do: Callable[[Context, Any], JsonObject],
) -> Callable[[UserLeap, Any, int], JsonObject]:
    """Make a function of an action from one that is given the environment that it names."""
    return lambda leap, given, now_ns: do(leap.context_of(given.environment, now_ns=now_ns), given)


class UserLeap(Imitation[UserLeapSetup, State]):
    setup_type: ClassVar[type[Setup]] = UserLeapSetup
    actions: ClassVar[Mapping[str, Action]] = {
        name: Action(summary, arguments, _at_environment(do))
        for name, (summary, arguments, do) in ACTIONS.items()
    }
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        **PARTNER_ERRORS,
        "bad_request": with_error("The request is invalid"),
        "forbidden": VendorResponse(403),
        "not_found": as_text(404, "Not Found"),
        "unprocessable": VendorResponse(422),
        "rate_limited": as_text(429, _TOO_MANY),
        "server_error": VendorResponse(500),
    }

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        super().__init__(setup, key=key, random=random)
        self._names: dict[str, str | None] = {key: None}
        self._names |= {own: name for name, own in self.setup.environments.items()}
        most = self.setup.rate_limit
        self._limits = {name: RateLimit(most, window_ns=_WINDOW_NS) for name in self._names}

    @property
    def rate_limits(self) -> Iterable[RateLimit]:
        return self._limits.values()

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: Basic at the inlet, ``API-Key`` or ``Bearer`` at the REST API."""
        if request.path == INLET:
            return basic_key(request)
        scheme, key = request.authorization
        return key or None if scheme in {"api-key", "bearer"} else None

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer 401 at the inlet, and 403 without a message at the REST API."""
        if request.path == INLET:
            return stranger_at_inlet(request)
        return _forbidden(
            "The API key is missing or invalid; expected `API-Key <key>` or `Bearer <key>`"
        )

    def first_state(self) -> State:
        environments = self.setup.environments
        if OWN in environments:
            raise VendorStateError(
                f"{OWN} is the environment of the destination's own key",
                place=f"environments.{OWN}",
            )
        keys = [self.key, *environments.values()]
        if len(set(keys)) != len(keys) or not all(keys):
            raise VendorStateError(
                "duplicate or empty key: each environment needs its own", place="environments"
            )
        return empty_state(self.setup)

    def restored(self, state: JsonObject) -> State:
        return _restored_state(state, setup=self.setup, random=self.random)

    def knows(self, key: str) -> bool:
        return key in self._names

    def context_of(self, name: str | None, *, now_ns: int) -> Context:
        """Return what an action or a request at this moment works on.

        Args:
            name: of an environment; None for the destination's own.
            now_ns: the moment.

        Raises:
            VendorStateError: unknown environment.
        """
        environment = None if name in {None, OWN} else self.store.environments.get(name or "")
        if name not in {None, OWN} and environment is None:
            known = (OWN, *self.store.environments)
            raise VendorStateError(
                unknown("environment", name, known, label="Known"), place="environment"
            )
        context = Context(
            setup=self.setup,
            environment=environment or self.store,
            random=self.random,
            now_ns=now_ns,
        )
        context.apply_purges()
        return context

    def handle(self, request: VendorRequest) -> VendorResponse:
        key = self.key_of(request)
        if key is None or key not in self._names:
            return self.stranger(request)
        context = self.context_of(self._names[key], now_ns=request.received_ns)
        if request.path == INLET:
            if request.method != "POST":
                return not_allowed(request, ("POST",))
            return _accept_call(context, request)
        if self._limits[key].refuses(request.received_ns):
            return self._too_many(request)
        return _answer_rest(context, request)

    def _too_many(self, request: VendorRequest) -> VendorResponse:
        sentence = f"Over {self.setup.rate_limit} requests in 5 minutes with this key"
        notes = (Note("rate_limited", "", sentence),)
        if request.path.startswith("/v1/"):
            return VendorResponse(429, notes=notes)
        return as_text(429, _TOO_MANY, notes=notes)


def _forbidden(sentence: str) -> VendorResponse:
    return VendorResponse(403, notes=(Note("forbidden", "Authorization", sentence),))


def _answer_rest(context: Context, request: VendorRequest) -> VendorResponse:
    found = ROUTES.find(request.path)
    if found is None:
        return not_found(f"Unknown path {request.path[:100]!r}")
    methods, names = found
    endpoint = methods.get(request.method) or next(iter(methods.values()))
    scheme = endpoint.schemes.get(request.authorization[0])
    if scheme is None:
        wanted = " or ".join(endpoint.schemes.values())
        return _forbidden(f"{request.path[:100]!r} takes the key after {wanted}")
    if request.method not in methods:
        return not_allowed(request, methods)
    call = RestCall(
        setup=context.setup,
        environment=context.environment,
        random=context.random,
        now_ns=context.now_ns,
        request=request,
        user_id=names.get("user_id", ""),
    )
    answer = endpoint.do(call)
    if len(endpoint.schemes) > 1 and answer.status < 300:
        counts = context.environment.authorization_schemes
        counts[scheme] = counts.get(scheme, 0) + 1
    return answer


# --- what Segment posts


def _accept_call(context: Context, request: VendorRequest) -> VendorResponse:
    """Apply one Segment message; what is dropped is answered 200, with a note."""
    call = read_message(request, _CALLS[context.setup.profile])
    user_id = text_id(call.user_id)
    if user_id is None:
        sentence = "`userId` is missing: UserLeap knows users by it only"
        if context.setup.anonymous_calls == "drop":
            return reply(200, {}, notes=[Note("missing_user_id", "userId", sentence)])
        return partner_error(400, sentence, code="missing_user_id", field="userId")
    return reply(200, {}, notes=_apply(context, call, user_id))


def _apply(context: Context, call: Call, user_id: str) -> list[Note]:
    if isinstance(call, Identify):
        return _identify(context, call, user_id)
    creates = context.setup.profile == "sprig-actions"
    if isinstance(call, Alias):
        creates = context.setup.alias_creates_users
    if user_id not in context.environment.users and not creates:
        sentence = f"Unknown user {user_id[:100]!r}; only identify creates users"
        return [Note("unknown_user", "userId", sentence)]
    if isinstance(call, Screen) and not call.name:
        return [Note("missing_name", "name", "A screen without a name is not an event")]
    user = context.user(user_id, lags=True)
    stamps = (call.timestamp, call.sent_at)
    moment_ms = moment_of(stamps, received_ns=context.now_ns) // _MILLISECOND
    notes: list[Note | None] = []
    if isinstance(call, Screen):
        notes = [context.record(user, call.name or "", moment_ms=moment_ms)]
    elif isinstance(call, Page):
        notes = [_page(context, user, call, moment_ms=moment_ms)]
    elif isinstance(call, Track):
        notes = [context.record(user, call.event, moment_ms=moment_ms)]
        if call.properties:
            sentence = "Properties of events are not kept; only the event filters surveys"
            notes.append(Note("properties_ignored", "properties", sentence))
    elif isinstance(call, Alias) and call.previous_id is not None:
        sentence = "An alias is an identify without attributes; the previous id is not used"
        notes = [Note("previous_id_ignored", "previousId", sentence)]
    return [note for note in notes if note is not None]


def _identify(context: Context, call: Identify, user_id: str) -> list[Note]:
    traits = call.traits or {}
    user = context.user(user_id, lags=True)
    notes = context.merge(user, traits, place="traits")
    email = traits.get("email")
    if isinstance(email, str) and email:
        user.email_address = email
    return notes


def _page(context: Context, user: User, call: Page, *, moment_ms: int) -> Note | None:
    url = (call.properties or {}).get("url")
    context.record_page(user, url if isinstance(url, str) else None, moment_ms=moment_ms)
    sentence = ""
    if isinstance(url, str) and len(url) > LONGEST_URL:
        sentence = f"URLs of over {LONGEST_URL} characters match no Page URL event"
    elif url is not None and not isinstance(url, str):
        sentence = "The URL is not text and matches no Page URL event"
    return Note("url_ignored", "properties.url", sentence) if sentence else None


# --- a state that a person may have written


def _restored_state(state: Json, *, setup: UserLeapSetup, random: random.Random) -> State:
    """Make a state of JSON.

    Names are taken from the keys where they are left out, ids are minted, moments are 0; the
    settings are those of the setup.

    Args:
        state: as it is read, or less.
        setup: whose environments there may be.
        random: mints ids.

    Raises:
        VendorStateError: names the place and what is allowed.
    """
    given = copied(state)
    if isinstance(given, dict):
        others = given.setdefault("environments", {})
        if isinstance(others, dict):
            others |= {name: {} for name in setup.environments if name not in others}
            for other in others.values():
                _fill(other, setup)
        _fill(given, setup)
    wanted = record_from(given, State)
    for name in wanted.environments:
        if name not in setup.environments:
            raise VendorStateError(
                f"unknown environment {name[:100]!r}: none has been set up with its key",
                place=f"environments.{name}",
            )
    _finish(wanted, "", random=random)
    for name, environment in wanted.environments.items():
        _finish(environment, f"environments.{name}.", random=random)
    return wanted


def _fill(environment: Json, setup: UserLeapSetup) -> None:
    if not isinstance(environment, dict):
        return
    environment.setdefault("autoAccept", setup.auto_accept)
    users = environment.get("users")
    fill_keys(users, "externalUserId")
    fill_keys(environment.get("events"), "name")
    fill_keys(environment.get("surveys"), "name")
    for user in users.values() if isinstance(users, dict) else ():
        if isinstance(user, dict):
            fill_keys(user.get("events"), "event")


def _finish(environment: Environment, place: str, *, random: random.Random) -> None:
    """Mint the ids that are missing, and check what the types of a state cannot say."""
    for user in environment.users.values():
        user.id = user.id or mint_uuid(random)
    numbers = count(max((survey.id for survey in environment.surveys.values()), default=0) + 1)
    for survey in environment.surveys.values():
        survey.id = survey.id or next(numbers)
    check_keys(f"{place}users", environment.users, "external_user_id", "id")
    check_keys(f"{place}events", environment.events, "name")
    check_keys(f"{place}surveys", environment.surveys, "name")
    for key, definition in environment.events.items():
        check_definition(definition, {}, place=f"{place}events.{key}")
    for key, survey in environment.surveys.items():
        try:
            check_survey(survey)
        except VendorStateError as error:
            where = f"{place}surveys.{key}.{error.place}"
            raise VendorStateError(error.reason, place=where) from None
