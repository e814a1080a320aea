"""Verbs about destinations: connect them, look at what the vendor has, act there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import msgspec

from mockseg.client.operation_call import OperationCall, Steps, ask
from mockseg.client.scope import WAIT, Deadline, Scope
from mockseg.client.verbs.reading import PAGE, check_matcher, pages
from mockseg.client.verbs.unmet import raise_unmet
from mockseg.client.verbs.waiting import check_count, let_settle
from mockseg.conversion import camel, convert
from mockseg.destinations.snake_case import snake_case
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.render import clip, counted, shown
from mockseg.operations.destinations import (
    Act,
    AddDestination,
    DestinationView,
    GetDestination,
    ListDestinations,
    ListVendorRequests,
    PatchDestination,
    PutVendorState,
    VendorRequestPage,
    VendorRequestView,
    WaitVendorRequests,
)
from mockseg.suggestions import unknown_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Unpack

    from mockseg.json_types import Json, JsonObject
    from mockseg.matching.matcher import Matcher

# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


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
    filters: list[JsonObject] | JsonObject
    invalid_filters: Literal["refuse", "store"]
    forwards: list[str]
    connection_mode: Literal["cloud", "device"]
    consent_categories: list[str]
    retry: JsonObject
    concurrency: int
    timeout_seconds: float
    attributes: JsonObject
    events: Any
    setup: JsonObject


_SETTINGS = (
    "api_key",
    "url",
    "urls",
    "headers",
    "shared_secret",
    "method",
    "batch_size",
    "batch_signature",
)
_OWN = tuple(field.name for field in msgspec.structs.fields(AddDestination))
_CHANGED = tuple(field.name for field in msgspec.structs.fields(PatchDestination))
# What the verb itself says: never an option.
_SAID = frozenset({"type", "source", "id"})


@dataclasses.dataclass(slots=True)
class Connected:
    """A destination of a source.

    Attributes:
        view: how it was when it was last asked about.
        server_url: of the server that imitates the vendor.
    """

    view: DestinationView
    server_url: str


def connect(scope: Scope, /, type_: str, **options: Any) -> Steps[DestinationView]:
    """Connect a destination to the source; calls from now on are forwarded to it.

    Args:
        type_: ``userengage``, ``userleap``, ``candu``, ``userguiding``, ``webhook``,
            ``webhook-actions`` or ``warehouse``.
        options: see :class:`~mockseg.client.verbs.vendor.DestinationOptions`;
            whatever else is set up at the vendor, ``trusted_domains=["shop.example"]``.

    Raises:
        UnknownOptionError: an option is unknown, and cannot be set up at the vendor either.
        OperationError: 422 with the field and what is allowed; 409 the key is in use.
    """
    for name in options:
        if name in _SAID:
            raise unknown_option("destination", name, _options(_OWN))
    own = {name: value for name, value in options.items() if name in _OWN}
    own["settings"] = {**_settings(options), **options.get("settings", {})}
    rest = {
        camel(name): value
        for name, value in options.items()
        if name not in _OWN and name not in _SETTINGS
    }
    own["setup"] = {**rest, **options.get("setup", {})}
    wire = msgspec.to_builtins({camel(name): value for name, value in own.items()})
    asked = {**wire, "type": type_, "source": scope.write_key}
    params = convert(asked, AddDestination, where="destination()")
    view: DestinationView
    try:
        view = yield OperationCall("add_destination", params)
    except OperationError as refusal:
        # Only the server knows what can be set up at each vendor.
        allowed = refusal.details.get("allowed")
        name = str(refusal.details.get("parameter")).removeprefix("setup.")
        if name not in rest or not isinstance(allowed, list) or name in allowed:
            raise
        raise unknown_option(
            "destination",
            next(option for option in options if camel(option) == name),
            _options((*_OWN, *map(snake_case, allowed))),
        ) from None
    return view


def connected(scope: Scope) -> Steps[list[DestinationView]]:
    """Return the destinations of the source, in the order in which they were connected."""
    return ask("list_destinations", ListDestinations(source=scope.write_key), field="destinations")


def update(destination: Connected, /, **options: Unpack[DestinationOptions]) -> Steps[None]:
    """Change how calls are forwarded; what is not given stays."""
    given: dict[str, Any] = dict(options)
    settings = {**_settings(given), **given.get("settings", {})}
    own = {name: value for name, value in given.items() if name not in _SETTINGS}
    for name in own:
        if name not in _CHANGED or name in _SAID:
            raise unknown_option("update", name, _options(_CHANGED))
    own |= {"settings": settings} if settings else {}
    wire = msgspec.to_builtins({camel(name): value for name, value in own.items()})
    params = convert({**wire, "id": destination.view.id}, PatchDestination, where="update()")
    destination.view = yield OperationCall("patch_destination", params)


def remove(destination: Connected) -> Steps[None]:
    """Remove the destination with all that the vendor has."""
    yield OperationCall("delete_destination", GetDestination(id=destination.view.id))


def state(destination: Connected) -> Steps[JsonObject]:
    """Return what the imitated vendor has, in the names of its REST API."""
    return ask("get_destination_state", GetDestination(id=destination.view.id), field="state")


def put_state(destination: Connected, state: JsonObject) -> Steps[JsonObject]:
    """Replace what the imitated vendor has, and return it; what is left out begins empty."""
    return ask(
        "put_destination_state", PutVendorState(id=destination.view.id, state=state), field="state"
    )


def act(destination: Connected, /, action: str, **arguments: Any) -> Steps[JsonObject]:
    """Do what only the vendor's own page or SDK could; ``view.actions`` lists it all."""
    wire = {camel(name): value for name, value in arguments.items()}
    return ask("act", Act(id=destination.view.id, action=action, arguments=wire), field="result")


def fail(destination: Connected, error: str, *, times: int = 1) -> Steps[None]:
    """Let the vendor answer the next requests with one of its errors, ``view.errors``."""
    yield from act(destination, "fail", error=error, times=times)


def eligible(destination: Connected, survey: str, user: str) -> Steps[bool]:
    """Return whether a user may be shown a survey; of a vendor that has surveys."""
    result = yield from act(destination, "eligible", survey=survey, user=user)
    return bool(result["eligible"])


def requests(destination: Connected) -> Steps[list[VendorRequestView]]:
    """Return all requests that reached the imitated vendor, oldest first."""
    first = ListVendorRequests(id=destination.view.id, limit=PAGE)
    return (yield from pages("list_vendor_requests", first, "requests"))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
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
        """Check what is expected, and return what judges a request.

        Raises:
            TypeError, ValueError: a part is of the wrong type, or not JSON.
        """
        from mockseg.matching.differences import compare
        from mockseg.matching.values import admit

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
        said = [] if self.matcher is None else [self.matcher.describe()]
        said += [] if self.method is None and self.path is None else [self._line()]
        said += [] if self.json is None else [f"json={shown(self.json, limit=120)}"]
        said += [] if self.status is None else [f"answered {self.status}"]
        said += [] if self.sender is None else [f"sent by {self.sender}"]
        return ", ".join(said) or "any request"

    def _line(self) -> str:
        return " ".join(part for part in (self.method, self.path) if part is not None)


def assert_received(
    destination: Connected,
    matcher: Matcher | None = None,
    *,
    method: str | None = None,
    path: str | None = None,
    json: Json = None,
    status: int | None = None,
    sender: Literal["segment", "client"] | None = None,
    times: int | None = None,
    wait: float = WAIT,
) -> Steps[list[VendorRequestView]]:
    """Return the matching requests that reached the vendor, oldest first.

    Args:
        matcher: of the message that the body is, such as ``track("Signed Up")``.
        method: exact.
        path: exact, below the destination's own prefix.
        json: what the body must contain.
        status: that it was answered.
        sender: ``segment``, or ``client`` when it came without Segment.
        times: exactly this many; one or more if omitted.
        wait: seconds in which they must come; 0 is now.

    Raises:
        UnmetExpectationError: with what did reach it.
    """
    expected = _Expected(
        matcher=matcher, method=method, path=path, json=json, status=status, sender=sender
    )
    judge = expected.compiled()
    if times is not None:
        check_count(times, name="times", least=0)
    deadline = Deadline(wait)
    least = 1 if times is None else times
    received = yield from _gather(destination, judge, least=least, deadline=deadline)
    if times is not None:
        # More may be under way; and what counts is what is there then, for some may be cleared.
        yield from let_settle(destination.view.source, deadline)
        received = yield from requests(destination)
    found = [request for request in received if judge(request)]
    if len(found) == times or (times is None and found):
        if times is not None:
            yield from _refuse_if_evicted(destination.view.id, expected, times=times)
        return found
    # Only a failure pays for this.
    from mockseg.matching.explain import explain_received

    raise_unmet(
        explain_received(
            destination.view.id,
            expected.describe(),
            seen=[_line_of(request) for request in received],
            found=len(found),
            times=times,
        )
    )


def _gather(
    destination: Connected,
    judge: Callable[[VendorRequestView], bool],
    *,
    least: int,
    deadline: Deadline,
) -> Steps[list[VendorRequestView]]:
    """Return what reached the vendor as soon as enough of it is meant, or when the time is up."""
    received = yield from requests(destination)
    while sum(map(judge, received)) < least:
        try:
            page: VendorRequestPage = yield OperationCall(
                "wait_vendor_requests",
                WaitVendorRequests(
                    id=destination.view.id,
                    after=received[-1].number if received else 0,
                    timeout=deadline.left(),
                ),
            )
        except OperationError as refusal:
            if refusal.status != 406:
                raise
            break
        kept = [request for request in received if request.number > page.cleared]
        received = kept + page.requests
    return received


def _refuse_if_evicted(id_: str, expected: _Expected, *, times: int) -> Steps[None]:
    page: VendorRequestPage = yield OperationCall(
        "list_vendor_requests", ListVendorRequests(id=id_, limit=1)
    )
    if page.evicted:
        raise UnmetExpectationError(
            f"cannot confirm that {id_} received {expected.describe()} exactly"
            f" {counted(times, 'time')}: {counted(page.evicted, 'request')} that reached it"
            " cannot be checked, because they were evicted.\nclear() the source earlier."
        )


def _line_of(request: VendorRequestView) -> str:
    said = [f"{request.sender} {request.method} {request.path} answered {request.answer.status}"]
    said += [f"{note.code}: {note.description}" for note in request.notes[:1]]
    body = clip(" ".join(request.body.split()), 100)
    return "; ".join([*said, *([body] if body else [])])


def _options(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (*names, *_SETTINGS) if name not in _SAID))


def _settings(options: dict[str, Any]) -> JsonObject:
    return {camel(name): options[name] for name in _SETTINGS if name in options}
