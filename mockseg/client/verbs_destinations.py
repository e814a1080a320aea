"""Verbs about destinations: connect them, look at what the vendor has, act there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import msgspec

from mockseg.client.ask import Ask
from mockseg.client.scope import Deadline
from mockseg.client.verbs_reading import PAGE, check_matcher
from mockseg.client.verbs_waiting import check_count, let_settle
from mockseg.conversion import convert
from mockseg.destinations.snake_case import snake_case
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.render import counted
from mockseg.operations.destinations import (
    Act,
    AddDestination,
    ChangeAudience,
    GetDestination,
    ListDestinations,
    ListVendorRequests,
    PatchDestination,
    PutVendorState,
    RequestDeletion,
    WaitVendorRequests,
)
from mockseg.suggestions import unknown_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.json_types import Json, JsonObject
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.destinations import (
        Acted,
        AudienceChanged,
        DeletionRequested,
        DestinationList,
        DestinationView,
        VendorRequestPage,
        VendorRequestView,
        VendorState,
    )


class DestinationOptions(TypedDict, total=False):
    """How a destination is connected and set up.

    What each means stands in :class:`~mockseg.operations.destinations.AddDestination`.
    ``api_key``, ``url``, ``urls``, ``headers`` and ``shared_secret`` are settings by
    themselves; whatever else is given is set up at the vendor (``trusted_domains=``).
    """

    name: str
    enabled: bool
    api_key: str
    url: str
    urls: list[str]
    headers: dict[str, str]
    shared_secret: str
    settings: JsonObject
    filters: list[JsonObject]
    consent_categories: list[str]
    retry: JsonObject
    concurrency: int
    timeout_seconds: float
    attributes: JsonObject
    events: Any
    setup: JsonObject


_SETTINGS = ("api_key", "url", "urls", "headers", "shared_secret", "method", "batch_size")
_OWN = tuple(field.name for field in msgspec.structs.fields(AddDestination))
_CHANGED = tuple(field.name for field in msgspec.structs.fields(PatchDestination))
# What the verb itself says: never an option.
_SAID = frozenset({"type", "source", "id"})


def add(scope: Scope, type_: str, options: dict[str, Any]) -> Steps[DestinationView]:
    """Connect a destination to the source.

    Raises:
        UnknownOptionError: an option that there is not, and nothing to set up at the vendor.
        OperationError: 422 with the field and what is allowed; 409 the key is in use.
    """
    for name in options:
        if name in _SAID:
            raise unknown_option("destination", name, _options(_OWN))
    own = {name: value for name, value in options.items() if name in _OWN}
    own["settings"] = {**_settings(options), **options.get("settings", {})}
    rest = {
        _camel(name): value
        for name, value in options.items()
        if name not in _OWN and name not in _SETTINGS
    }
    own["setup"] = {**rest, **options.get("setup", {})}
    wire = msgspec.to_builtins({_camel(name): value for name, value in own.items()})
    asked = {**wire, "type": type_, "source": scope.write_key}
    params = convert(asked, AddDestination, where="destination()")
    view: DestinationView
    try:
        view = yield Ask("add_destination", params)
    except OperationError as refusal:
        # Only the server knows what can be set up at each vendor.
        allowed = refusal.details.get("allowed")
        name = str(refusal.details.get("parameter")).removeprefix("setup.")
        if name not in rest or not isinstance(allowed, list) or name in allowed:
            raise
        raise unknown_option(
            "destination",
            next(option for option in options if _camel(option) == name),
            _options((*_OWN, *map(snake_case, allowed))),
        ) from None
    return view


def connected(scope: Scope) -> Steps[list[DestinationView]]:
    """Give the destinations of the source."""
    listed: DestinationList = yield Ask(
        "list_destinations", ListDestinations(source=scope.write_key)
    )
    return listed.destinations


def patch(id_: str, options: dict[str, Any]) -> Steps[DestinationView]:
    """Change what is given; what is not stays."""
    settings = {**_settings(options), **options.get("settings", {})}
    own = {name: value for name, value in options.items() if name not in _SETTINGS}
    for name in own:
        if name not in _CHANGED or name in _SAID:
            raise unknown_option("update", name, _options(_CHANGED))
    own |= {"settings": settings} if settings else {}
    wire = msgspec.to_builtins({_camel(name): value for name, value in own.items()})
    params = convert({**wire, "id": id_}, PatchDestination, where="update()")
    view: DestinationView = yield Ask("patch_destination", params)
    return view


def remove(id_: str) -> Steps[None]:
    """Take a destination away with all that it has."""
    yield Ask("delete_destination", GetDestination(id=id_))


def state(id_: str) -> Steps[JsonObject]:
    """Give what the vendor has."""
    view: VendorState = yield Ask("get_destination_state", GetDestination(id=id_))
    return view.state


def put_state(id_: str, wanted: JsonObject) -> Steps[JsonObject]:
    """Let the vendor have this; give what it has then."""
    view: VendorState = yield Ask("put_destination_state", PutVendorState(id=id_, state=wanted))
    return view.state


def act(id_: str, action: str, arguments: JsonObject) -> Steps[JsonObject]:
    """Do what only the vendor's own page or SDK could."""
    wire = {_camel(name): value for name, value in arguments.items()}
    acted: Acted = yield Ask("act", Act(id=id_, action=action, arguments=wire))
    return acted.result


def requests(id_: str) -> Steps[list[VendorRequestView]]:
    """Give everything that reached the vendor, oldest first."""
    seen: list[VendorRequestView] = []
    number: int | None = 0
    while number is not None:
        page: VendorRequestPage = yield Ask(
            "list_vendor_requests", ListVendorRequests(id=id_, after=number, limit=PAGE)
        )
        seen += page.requests
        number = page.next
    return seen


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Which requests to a vendor are meant; every part that is given must hold.

    Attributes:
        matcher: of the message that the body is, or of one in its array.
        method, path: exact; the path below the destination's own prefix.
        json: what the body must contain.
        status: that it was answered.
        sender: ``segment`` or ``client``.
    """

    matcher: Matcher | None = None
    method: str | None = None
    path: str | None = None
    json: Json = None
    status: int | None = None
    sender: Literal["segment", "client"] | None = None

    def compiled(self) -> Callable[[VendorRequestView], bool]:
        """Check what is expected, and give what judges a request.

        Raises:
            TypeError, ValueError: a part is of the wrong type, or no JSON.
        """
        from mockseg.matching.admission import admit
        from mockseg.matching.differences import compare

        if self.matcher is not None:
            check_matcher(self.matcher)
        wanted = None if self.json is None else admit(self.json, "json")

        def judge(request: VendorRequestView) -> bool:
            exact = (
                (self.method, request.method),
                (self.path, request.path),
                (self.status, request.answer.status),
                (self.sender, request.sender),
            )
            if any(asked is not None and asked != seen for asked, seen in exact):
                return False
            if wanted is not None and next(compare(wanted, request.json, "json"), None):
                return False
            return self.matcher is None or any(
                isinstance(each, dict) and self.matcher.matches_message(each)
                for each in (request.json if isinstance(request.json, list) else [request.json])
            )

        return judge

    def describe(self) -> str:
        """Say in words which requests are meant."""
        from mockseg.matching.render import shown

        said = [] if self.matcher is None else [self.matcher.describe()]
        said += [] if self.method is None and self.path is None else [self._line()]
        said += [] if self.json is None else [f"json={shown(self.json, limit=120)}"]
        said += [] if self.status is None else [f"answered {self.status}"]
        said += [] if self.sender is None else [f"sent by {self.sender}"]
        return ", ".join(said) or "any request"

    def _line(self) -> str:
        return " ".join(part for part in (self.method, self.path) if part is not None)


def assert_received(
    destination: DestinationView, expected: Expected, *, times: int | None, wait: float
) -> Steps[list[VendorRequestView]]:
    """Give the requests that reached the vendor and are meant; fail when there are too few.

    Args:
        destination: the vendor's.
        expected: which requests are meant.
        times: exactly this many, when nothing more is under way; one or more if omitted.
        wait: seconds in which it must be.

    Raises:
        UnmetExpectationError: with what did reach it.
    """
    judge = expected.compiled()
    if times is not None:
        check_count(times, name="times", least=0)
    id_ = destination.id
    deadline = Deadline(wait)
    seen = yield from requests(id_)
    while True:
        meant = [request for request in seen if judge(request)]
        if len(meant) >= (1 if times is None else times):
            break
        try:
            page: VendorRequestPage = yield Ask(
                "wait_vendor_requests",
                WaitVendorRequests(
                    id=id_, after=seen[-1].number if seen else 0, timeout=deadline.left()
                ),
            )
        except OperationError as refusal:
            if refusal.status != 406:
                raise
            break
        seen = [request for request in seen if request.number > page.cleared] + page.requests
    if times is not None:
        # More may be under way; and what counts is what is there then, for some may be cleared.
        yield from let_settle(destination.source, deadline)
        seen = yield from requests(id_)
        meant = [request for request in seen if judge(request)]
    if len(meant) == times or (times is None and meant):
        if times is not None:
            yield from _refuse_if_evicted(id_, expected, times=times)
        return meant
    # Only a failure pays for these.
    from mockseg.client.verbs_unmet import raise_unmet
    from mockseg.matching.explain_delivery import explain_received

    lines = [_line_of(request) for request in seen]
    raise_unmet(
        explain_received(id_, expected.describe(), seen=lines, found=len(meant), times=times)
    )


def _refuse_if_evicted(id_: str, expected: Expected, *, times: int) -> Steps[None]:
    """Fail when requests were evicted, so that there may have been more."""
    page: VendorRequestPage = yield Ask("list_vendor_requests", ListVendorRequests(id=id_, limit=1))
    if page.evicted:
        raise UnmetExpectationError(
            f"cannot confirm that {id_} received {expected.describe()} exactly"
            f" {counted(times, 'time')}: {counted(page.evicted, 'request')} that reached it"
            " cannot be checked, because they were evicted.\nclear() the source earlier."
        )


def _line_of(request: VendorRequestView) -> str:
    """Write a request to a vendor in a line."""
    from mockseg.matching.render import clip

    said = [f"{request.sender} {request.method} {request.path} answered {request.answer.status}"]
    said += [f"{note.code}: {note.description}" for note in request.notes[:1]]
    body = clip(" ".join(request.body.split()), 100)
    return "; ".join([*said, *([body] if body else [])])


def audience(
    scope: Scope,
    name: str,
    *,
    enter: Iterable[str] = (),
    leave: Iterable[str] = (),
    members: Iterable[str] | None = None,
) -> Steps[AudienceChanged]:
    """Change who is in an audience; the source's destinations hear of it in identify calls."""
    changed: AudienceChanged = yield Ask(
        "change_audience",
        ChangeAudience(
            write_key=scope.write_key,
            audience=name,
            enter=list(enter),
            leave=list(leave),
            members=None if members is None else list(members),
        ),
    )
    return changed


def computed_trait(scope: Scope, name: str, values: JsonObject) -> Steps[AudienceChanged]:
    """Set a computed trait; users whose value is another than before are identified with it."""
    changed: AudienceChanged = yield Ask(
        "change_audience",
        ChangeAudience(write_key=scope.write_key, computed_trait=name, values=values),
    )
    return changed


def request_deletion(scope: Scope, user_id: str) -> Steps[list[str]]:
    """Let destinations hear that a user is to be deleted; give the ids of those that do."""
    asked = RequestDeletion(write_key=scope.write_key, user_id=user_id)
    told: DeletionRequested = yield Ask("request_deletion", asked)
    return told.destinations


def _options(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (*names, *_SETTINGS) if name not in _SAID))


def _settings(options: dict[str, Any]) -> JsonObject:
    return {_camel(name): options[name] for name in _SETTINGS if name in options}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
