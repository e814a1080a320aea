"""UserLeap, now Sprig: one destination with its environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mockseg.destinations.inlet import INLET, authorization, not_allowed, refused
from mockseg.destinations.records import arguments_of, plain
from mockseg.destinations.userleap import rest, v1, v2
from mockseg.destinations.userleap.actions import ACTIONS, HANDLERS, OfEnvironment
from mockseg.destinations.userleap.export import export
from mockseg.destinations.userleap.rest import TOO_MANY, route_of
from mockseg.destinations.userleap.restoring import restored_state
from mockseg.destinations.userleap.segment import Context, accept_call
from mockseg.destinations.userleap.setup import OWN, UserLeapSetup, empty_state
from mockseg.destinations.vendor import Action, Setup, VendorRequest, VendorResponse
from mockseg.domain.delivery import Note
from mockseg.errors import VendorStateError

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from mockseg.destinations.userleap.rest import Route
    from mockseg.json_types import JsonObject


_WINDOW_NS = 300 * 1_000_000_000


class UserLeap:
    """Imitates UserLeap: Segment inlet, REST v1 and v2, surveys. Pure; see `Imitation`."""

    setup_type: ClassVar[type[Setup]] = UserLeapSetup
    actions: ClassVar[Mapping[str, Action]] = ACTIONS
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        "bad_request": rest.with_error("The request is invalid"),
        "forbidden": VendorResponse(403),
        "not_found": rest.as_text(404, "Not Found"),
        "unprocessable": VendorResponse(422),
        "rate_limited": rest.as_text(429, TOO_MANY),
        "server_error": VendorResponse(500),
        "unsupported_type": refused(
            501, "Calls of this type are not supported", code="unsupported_type"
        ),
        "maintenance": refused(503, "Down for maintenance", code="maintenance"),
        "unauthorized": refused(401, "This API key is unknown", code="unauthorized"),
    }

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        assert isinstance(setup, UserLeapSetup)  # noqa: S101  (the registry goes by setup_type)
        if OWN in setup.environments:
            raise VendorStateError(
                f"{OWN} is the environment of the destination's own key",
                place=f"environments.{OWN}",
            )
        keys = [key, *setup.environments.values()]
        if len(set(keys)) != len(keys) or not all(keys):
            raise VendorStateError("each environment has a key of its own", place="environments")
        self._setup = setup
        self._random = random
        self._names: dict[str, str | None] = {key: None}
        self._names |= {own: name for name, own in setup.environments.items()}
        self._state = empty_state(setup)
        self._windows: dict[str, tuple[int, int]] = {}

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: Basic at the inlet, ``API-Key`` or ``Bearer`` at the REST API."""
        return rest.key_of(request)

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer 401 at the inlet, and 403 without a message at the REST API."""
        return rest.stranger(request)

    def knows(self, key: str) -> bool:
        """Tell whether this key is one of its environments'."""
        return key in self._names

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Apply a request; never raises."""
        key = rest.key_of(request)
        if key is None or key not in self._names:
            return rest.stranger(request)
        context = self._context(self._names[key], now_ns=request.received_ns)
        v2.apply_purges(context.environment, now_ms=context.now_ms)
        if request.path == INLET:
            if request.method != "POST":
                return not_allowed(request, ("POST",))
            return accept_call(context, request)
        route = route_of(request.path)
        if self._over_limit(key, request.received_ns):
            return self._too_many(request)
        if route is None:
            return rest.not_found(f"There is no {request.path[:100]!r}")
        return self._answer_rest(context, request, route)

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Do what the dashboard or the SDK would.

        Raises:
            VendorStateError: no such action or environment, or wrong arguments.
        """
        given = arguments_of(ACTIONS, action, arguments)
        assert isinstance(given, OfEnvironment)  # noqa: S101  (all of them are)
        name = None if given.environment in {None, OWN} else given.environment
        if name is not None and name not in self._state.environments:
            known = ", ".join((OWN, *self._state.environments))
            raise VendorStateError(
                f"there is no environment {name[:100]!r}; known: {known}", place="environment"
            )
        context = self._context(name, now_ns=now_ns)
        v2.apply_purges(context.environment, now_ms=context.now_ms)
        return HANDLERS[action](context, given)

    def state(self) -> JsonObject:
        """Give the state: of the own environment, and of the others by name."""
        return plain(self._state)

    def restore(self, state: JsonObject) -> None:
        """Have this state instead; it may be seeded with as little as the keys of users.

        Raises:
            VendorStateError: names the place and what is allowed.
        """
        self._state = restored_state(state, setup=self._setup, random=self._random)

    def _context(self, name: str | None, *, now_ns: int) -> Context:
        environment = self._state if name is None else self._state.environments[name]
        return Context(
            setup=self._setup, environment=environment, random=self._random, now_ns=now_ns
        )

    def _answer_rest(
        self, context: Context, request: VendorRequest, route: Route
    ) -> VendorResponse:
        scheme = (authorization(request) or ("", ""))[0]
        if scheme not in route.schemes:
            wanted = " or ".join(
                "API-Key" if one == "api-key" else "Bearer" for one in route.schemes
            )
            sentence = f"{request.path[:100]!r} takes the key after {wanted}"
            return VendorResponse(403, notes=(Note("forbidden", "Authorization", sentence),))
        if request.method not in route.methods:
            return not_allowed(request, route.methods)
        answered = _answered(context, request, route)
        if len(route.schemes) > 1 and answered.status < 300:
            shown = "API-Key" if scheme == "api-key" else "Bearer"
            counts = context.environment.authorization_schemes
            counts[shown] = counts.get(shown, 0) + 1
        return answered

    def _over_limit(self, key: str, now_ns: int) -> bool:
        """Count a REST request in its window of 5 minutes, which the first one opens."""
        most = self._setup.rate_limit
        if not most:
            return False
        opened, count = self._windows.get(key, (now_ns, 0))
        # A clock that was set back opens a new window, too.
        if not 0 <= now_ns - opened < _WINDOW_NS:
            opened, count = now_ns, 0
        self._windows[key] = (opened, count + 1)
        return count >= most

    def _too_many(self, request: VendorRequest) -> VendorResponse:
        sentence = f"Over {self._setup.rate_limit} requests in 5 minutes with this key"
        notes = (Note("rate_limited", "", sentence),)
        if request.path.startswith("/v1/"):
            return VendorResponse(429, notes=notes)
        return rest.as_text(429, TOO_MANY, notes=notes)


def _answered(context: Context, request: VendorRequest, route: Route) -> VendorResponse:
    user_id = route.user_id
    match route.name:
        case "users_v1":
            return v1.create_user(context, request)
        case "user_v1" if request.method == "GET":
            return v1.get_user(context, user_id)
        case "user_v1":
            return v1.update_user(context, request, user_id)
        case "user_events":
            return v1.post_event(context, request, user_id)
        case "bulk":
            return v1.bulk(context, request)
        case "users_v2":
            return v2.post_users(context, request)
        case "user_v2":
            return v2.get_user(context, user_id)
        case "purge":
            return v2.purge_visitors(context, request)
        case "surveys" | "responses" | "themes":
            return export(context.environment, request, of=route.name)
