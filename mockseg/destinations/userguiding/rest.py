"""The User API and the paths that the SDK posts to.

**Provisional**: what the User API can do, its header, its limit and its paging are known, its
paths, bodies and errors are not; those here are made up. The SDK's two paths were seen in use,
their bodies were not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from mockseg.destinations.inlet import Unreadable, body_as, not_allowed, refused, reply
from mockseg.destinations.occurrences import moment_text
from mockseg.destinations.userguiding.changes import (
    apply_event,
    apply_identify,
    read_attributes,
    read_metadata,
)
from mockseg.destinations.userguiding.segment import value_refused
from mockseg.destinations.vendor import VendorResponse
from mockseg.json_types import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.destinations.userguiding.state import State
    from mockseg.destinations.vendor import VendorRequest


SDK = "/sdk/"
"""What is below comes from browsers, which have no API key."""

_PAGE, _MOST = 100, 1000


class _UserSent(msgspec.Struct, frozen=True, rename="camel"):
    user_id: Annotated[str, Meta(min_length=1)]
    attributes: dict[str, Json] = {}


class _AttributesSent(msgspec.Struct, frozen=True, rename="camel"):
    attributes: dict[str, Json] = {}


class _EventSent(msgspec.Struct, frozen=True, rename="camel"):
    user_id: Annotated[str, Meta(min_length=1)]
    event: Annotated[str, Meta(min_length=1)]
    metadata: dict[str, Json] = {}


def answer_rest(state: State, request: VendorRequest, *, refuses: bool) -> VendorResponse:
    """Apply a request to the User API, or to the SDK's paths.

    Args:
        state: to read and change.
        request: that came.
        refuses: answer 400 to values that cannot be kept, instead of ignoring them.
    """
    path = request.path.rstrip("/")
    method = request.method
    if (method, path) in {("POST", "/users"), ("POST", "/sdk/identify")}:
        return _upsert(state, request, refuses=refuses)
    if (method, path) in {("POST", "/events"), ("POST", "/sdk/event")}:
        return _event(state, request, refuses=refuses)
    if (method, path) == ("GET", "/users"):
        return _list(state, request)
    user_id = path.removeprefix("/users/")
    if user_id == path or not user_id:
        return refused(404, f"There is no {request.path[:100]!r}", code="not_found")
    reset = method == "POST" and user_id.endswith("/reset-interactions")
    user_id = user_id.removesuffix("/reset-interactions") if reset else user_id
    handlers: dict[str, Callable[[], VendorResponse]] = {
        "GET": lambda: reply(200, state.users[user_id]),
        "PATCH": lambda: _update(state, request, user_id, refuses=refuses),
        "DELETE": lambda: _delete(state, user_id),
    }
    if reset:
        handlers["POST"] = lambda: _reset(state, request, user_id)
    if method not in handlers:
        return not_allowed(request, handlers)
    if user_id not in state.users:
        return refused(404, f"There is no user {user_id[:100]!r}", code="not_found")
    return handlers[method]()


def _upsert(state: State, request: VendorRequest, *, refuses: bool) -> VendorResponse:
    sent = body_as(request, _UserSent)
    if isinstance(sent, Unreadable):
        return _refused(sent)
    given = read_attributes(sent.attributes, place="attributes")
    if refuses and given.ignored:
        return value_refused(given.ignored[0])
    now = moment_text(request.received_ns)
    user = apply_identify(state, sent.user_id, sent.user_id, given, now=now)
    return reply(200, user, notes=given.ignored)


def _update(state: State, request: VendorRequest, user_id: str, *, refuses: bool) -> VendorResponse:
    sent = body_as(request, _AttributesSent)
    if isinstance(sent, Unreadable):
        return _refused(sent)
    given = read_attributes(sent.attributes, place="attributes")
    if refuses and given.ignored:
        return value_refused(given.ignored[0])
    known = state.users[user_id]
    now = moment_text(request.received_ns)
    user = apply_identify(state, user_id, known.user_id, given, now=now)
    return reply(200, user, notes=given.ignored)


def _event(state: State, request: VendorRequest, *, refuses: bool) -> VendorResponse:
    sent = body_as(request, _EventSent)
    if isinstance(sent, Unreadable):
        return _refused(sent)
    metadata, ignored = read_metadata(sent.metadata, place="metadata")
    if refuses and ignored:
        return value_refused(ignored[0])
    apply_event(
        state,
        sent.user_id,
        sent.user_id,
        sent.event,
        metadata,
        moment_ns=request.received_ns,
    )
    return reply(200, {}, notes=ignored)


def _list(state: State, request: VendorRequest) -> VendorResponse:
    text = request.argument("page_size") or str(_PAGE)
    size = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
    if not 0 < size <= _MOST:
        sentence = f"`page_size` is a whole number from 1 to {_MOST}"
        return refused(400, sentence, code="invalid_request", field="page_size")
    keys = list(state.users)
    after = request.argument("search_after")
    start = 0
    if after:
        if after not in state.users:
            sentence = "`search_after` is the last user of the page before"
            return refused(400, sentence, code="invalid_request", field="search_after")
        start = keys.index(after) + 1
    page = keys[start : start + size]
    following = page[-1] if start + size < len(keys) else None
    return reply(200, {"results": [state.users[key] for key in page], "search_after": following})


def _delete(state: State, user_id: str) -> VendorResponse:
    del state.users[user_id]
    return VendorResponse(204)


def _reset(state: State, request: VendorRequest, user_id: str) -> VendorResponse:
    state.users[user_id].interactions_reset_at = moment_text(request.received_ns)
    return reply(200, {})


def _refused(fault: Unreadable) -> VendorResponse:
    return refused(400, fault.sentence, code=fault.code, field=fault.field)
