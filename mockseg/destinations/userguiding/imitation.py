"""UserGuiding: identify and track from Segment, the User API, and the SDK's paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from mockseg.destinations.inlet import INLET, basic_key, not_allowed, refused, stranger_at_inlet
from mockseg.destinations.occurrences import BEGINNING, fill_occurrences
from mockseg.destinations.records import Arguments, arguments_of, copied, fill, plain, record_from
from mockseg.destinations.userguiding.rest import SDK, answer_rest
from mockseg.destinations.userguiding.segment import accept_call
from mockseg.destinations.userguiding.state import State
from mockseg.destinations.vendor import Action, Setup, VendorRequest, VendorResponse
from mockseg.errors import VendorStateError

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from mockseg.json_types import Json, JsonObject


_KEY_HEADER = "UG-API-KEY"
_SECOND = 1_000_000_000


class UserGuidingSetup(Setup, frozen=True, kw_only=True):
    """How it is set up.

    Attributes:
        region: where its data are; another one in Segment's settings is noted.
        nested_values: what becomes of arrays, nested objects and null, which are not accepted:
            each is ignored, or the whole request is refused with 400.
        rate_limit: requests in 10 seconds; one more blocks for a minute; 0 for any number.
        limits_inlet: count what Segment posts as well; the documents speak of the User API.
    """

    region: Literal["us", "eu"] = "us"
    nested_values: Literal["ignore", "refuse"] = "ignore"
    rate_limit: Annotated[int, Meta(ge=0)] = 50
    limits_inlet: bool = False


class DeleteUser(Arguments, frozen=True, kw_only=True):
    """A user to delete in the panel."""

    user: Annotated[str, Meta(min_length=1)]


class Limit:
    """UserGuiding's rate limit: over `requests` in 10 seconds, the key is blocked for a minute.

    Source: its help article on the limits of the User API.

    Args:
        requests: maximum in a window; 0 for no limit.
    """

    WINDOW_NS = 10 * _SECOND
    BLOCK_NS = 60 * _SECOND

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._opened_ns = 0
        self._count = 0
        self._blocked_ns: int | None = None

    def blocks(self, now_ns: int) -> bool:
        """Count a request; return whether it is refused.

        The first request opens a window, and so does the first after a block or after the
        clock was set back. What comes while blocked does not make the block longer.
        """
        if not self._requests:
            return False
        if self._blocked_ns is not None:
            if 0 <= now_ns - self._blocked_ns < self.BLOCK_NS:
                return True
            self._blocked_ns = None
            self._count = 0
        if not self._count or not 0 <= now_ns - self._opened_ns < self.WINDOW_NS:
            self._opened_ns, self._count = now_ns, 0
        self._count += 1
        if self._count <= self._requests:
            return False
        self._blocked_ns = now_ns
        return True


class UserGuiding:
    """Imitates UserGuiding. Pure; see `Imitation`."""

    setup_type: ClassVar[type[Setup]] = UserGuidingSetup
    actions: ClassVar[Mapping[str, Action]] = {
        "delete_user": Action("Delete a user in the panel.", DeleteUser)
    }
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        "bad_request": refused(400, "The request is malformed", code="bad_request"),
        "unauthorized": refused(401, "This API key is unknown", code="unauthorized"),
        "forbidden": refused(403, "This API key has no permission", code="forbidden"),
        "not_found": refused(404, "There is no such user", code="not_found"),
        "rate_limited": refused(
            429, "Over 50 requests in 10 seconds: blocked for 1 minute", code="rate_limited"
        ),
        "server_error": refused(500, "Internal error", code="server_error"),
        "unsupported_type": refused(
            501, "Calls of this type are not supported", code="unsupported_type"
        ),
        "maintenance": refused(503, "Down for maintenance", code="maintenance"),
    }

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        assert isinstance(setup, UserGuidingSetup)  # noqa: S101  (the registry goes by setup_type)
        del random
        self._setup = setup
        self._key = key
        self._state = State()
        self._limit = Limit(setup.rate_limit)

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the key: Basic at the inlet, the header UG-API-KEY elsewhere."""
        if request.path == INLET:
            return basic_key(request)
        return (request.header(_KEY_HEADER) or "").strip() or None

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer 401."""
        if request.path == INLET:
            return stranger_at_inlet(request)
        given = request.header(_KEY_HEADER) is not None
        sentence = "This API key is unknown" if given else f"The header {_KEY_HEADER} is missing"
        return refused(401, sentence, code="unauthorized", field=_KEY_HEADER)

    def knows(self, key: str) -> bool:
        """Tell whether this is its key."""
        return key == self._key

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Apply a request; never raises."""
        key = self.key_of(request)
        # Browsers have no key to send.
        if key != self._key and not (key is None and request.path.startswith(SDK)):
            return self.stranger(request)
        at_inlet = request.path == INLET
        counted = self._setup.limits_inlet if at_inlet else not request.path.startswith(SDK)
        if counted and self._limit.blocks(request.received_ns):
            sentence = f"Over {self._setup.rate_limit} requests in 10 seconds: blocked for 1 minute"
            return refused(429, sentence, code="rate_limited")
        refuses = self._setup.nested_values == "refuse"
        if not at_inlet:
            return answer_rest(self._state, request, refuses=refuses)
        if request.method != "POST":
            return not_allowed(request, ("POST",))
        return accept_call(self._state, request, region=self._setup.region, refuses=refuses)

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Do what the panel would.

        Raises:
            VendorStateError: no such action or user, or wrong arguments.
        """
        del now_ns
        given = arguments_of(self.actions, action, arguments)
        assert isinstance(given, DeleteUser)  # noqa: S101  (there is one action)
        user = self._state.users.pop(given.user, None)
        if user is None:
            raise VendorStateError(f"there is no user {given.user[:100]!r}", place="user")
        return plain(user)

    def state(self) -> JsonObject:
        """Give users, companies and the region."""
        return plain(self._state)

    def restore(self, state: JsonObject) -> None:
        """Have these users and companies instead; a user may be as little as its key.

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
            if user.company is not None and user.company not in wanted.companies:
                raise VendorStateError(
                    f"there is no company {user.company[:100]!r}", place=f"users.{key}.company"
                )
        for key, company in wanted.companies.items():
            if key != company.id:
                raise VendorStateError("the key of a company is its id", place=f"companies.{key}")
        self._state = wanted


def _filled(state: Json) -> Json:
    """Add what was left out: ids are the keys, moments the beginning of time."""
    given = copied(state)
    if isinstance(given, dict):
        fill(given.get("users"), lambda key: {"userId": key, "createdAt": BEGINNING})
        fill_occurrences(given.get("users"), "events")
        fill(given.get("companies"), lambda key: {"id": key})
    return given
