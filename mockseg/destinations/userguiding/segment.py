"""The Segment inlet: identify and track, and nothing else.

Source: Segment's page on the destination; the region is a setting, which the generic contract
sends along in ``X-Segment-Settings``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.inlet import (
    Identify,
    Track,
    moment_of,
    read_message,
    refused,
    reply,
    segment_settings,
    text_id,
)
from mockseg.destinations.occurrences import moment_text
from mockseg.destinations.userguiding.changes import (
    apply_event,
    apply_identify,
    read_attributes,
    read_metadata,
)
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from mockseg.destinations.userguiding.state import State
    from mockseg.destinations.vendor import VendorRequest
    from mockseg.json_types import JsonObject


def accept_call(
    state: State, request: VendorRequest, *, region: str, refuses: bool
) -> VendorResponse:
    """Apply one Segment message.

    Args:
        state: to change.
        request: that came.
        region: of the destination.
        refuses: answer 400 to values that cannot be kept, instead of ignoring them.
    """
    settings = segment_settings(request)
    if isinstance(settings, VendorResponse):
        return settings
    call = read_message(request, supported=("identify", "track"))
    if isinstance(call, VendorResponse):
        return call
    user_id = text_id(call.user_id)
    key = user_id or text_id(call.anonymous_id)
    if key is None:
        sentence = "`userId` and `anonymousId` are missing"
        return refused(400, sentence, code="missing_user_id", field="userId")
    if isinstance(call, Identify):
        ignored = _identify(state, call, key, user_id, request=request, refuses=refuses)
    else:
        assert isinstance(call, Track)  # noqa: S101  (nothing else is supported)
        ignored = _track(state, call, key, user_id, request=request, refuses=refuses)
    if refuses and ignored:
        return value_refused(ignored[0])
    return reply(200, {}, notes=[*ignored, *_region(state, settings.value, region=region)])


def value_refused(ignored: Note) -> VendorResponse:
    """Answer 400 to what would be ignored otherwise."""
    sentence = f"`{ignored.field}`: {ignored.description}"
    return refused(400, sentence, code="value_refused", field=ignored.field)


def _identify(
    state: State,
    call: Identify,
    key: str,
    user_id: str | None,
    *,
    request: VendorRequest,
    refuses: bool,
) -> list[Note]:
    given = read_attributes(call.traits or {}, place="traits")
    if not (refuses and given.ignored):
        now = moment_text(request.received_ns)
        apply_identify(state, key, user_id, given, now=now)
    return given.ignored


def _track(
    state: State,
    call: Track,
    key: str,
    user_id: str | None,
    *,
    request: VendorRequest,
    refuses: bool,
) -> list[Note]:
    properties = call.properties if isinstance(call.properties, dict) else None
    metadata, ignored = read_metadata(properties, place="properties")
    if isinstance(call.properties, list):
        sentence = "The properties are an array; allowed: an object"
        ignored.append(Note("value_ignored", "properties", sentence))
    if not (refuses and ignored):
        moment_ns = moment_of(call, received_ns=request.received_ns)
        apply_event(state, key, user_id, call.event, metadata, moment_ns=moment_ns)
    return ignored


def _region(state: State, settings: JsonObject, *, region: str) -> list[Note]:
    """Keep the region of Segment's settings; note another than the destination's."""
    given = settings.get("region")
    if not isinstance(given, str):
        return []
    state.region = given
    if given.lower() == region:
        return []
    sentence = f"The region is {given[:100]!r}; this destination is in {region!r}"
    return [Note("other_region", "X-Segment-Settings.region", sentence)]
