"""The Segment inlet: how each call changes an environment.

Source: UserLeap's page on Segment (rules UL-02 to UL-09). What it leaves open is a switch of
`UserLeapSetup`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mockseg.destinations.inlet import (
    Alias,
    Identify,
    Page,
    Screen,
    Track,
    moment_of,
    read_message,
    refused,
    reply,
    text_id,
)
from mockseg.destinations.userleap.changes import (
    LONGEST_URL,
    attributes_from,
    create_user,
    merge_attributes,
    record_event,
    track_or_hold,
    url_events,
)
from mockseg.destinations.userleap.state import PAGEVIEW
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    import random

    from mockseg.destinations.inlet import Call
    from mockseg.destinations.userleap.setup import UserLeapSetup
    from mockseg.destinations.userleap.state import Environment, User
    from mockseg.destinations.vendor import VendorRequest


SUPPORTED = {
    "userleap-classic": ("identify", "track", "page", "alias"),
    "sprig-actions": ("identify", "track", "screen"),
}
"""Call types by profile; the others are answered 501 (UL-09)."""

_MILLISECOND = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is needed to apply a request or an action.

    Attributes:
        setup: of the destination.
        environment: that the key selects.
        random: mints ids.
        now_ns: when it came.
    """

    setup: UserLeapSetup
    environment: Environment
    random: random.Random
    now_ns: int

    @property
    def now_ms(self) -> int:
        """Give when the request came, in milliseconds."""
        return self.now_ns // _MILLISECOND

    def user(self, user_id: str | None, *, lags: bool = False) -> User:
        """Give the user, made now if there is none.

        Args:
            user_id: or None for a new one without.
            lags: reads find a new one only after a while (UL-14).
        """
        known = None if user_id is None else self.environment.users.get(user_id)
        if known is not None:
            return known
        return create_user(
            self.environment,
            user_id,
            now_ms=self.now_ms,
            visible_ms=self.now_ms + (round(self.setup.visible_after * 1000) if lags else 0),
            random=self.random,
        )


def accept_call(context: Context, request: VendorRequest) -> VendorResponse:
    """Apply one Segment message; what is dropped is answered 200, with a note."""
    call = read_message(request, supported=SUPPORTED[context.setup.profile])
    if isinstance(call, VendorResponse):
        return call
    user_id = text_id(call.user_id)
    if user_id is None:
        sentence = "`userId` is missing: UserLeap knows users by nothing else"
        if context.setup.anonymous_calls == "drop":
            return reply(200, {}, notes=[Note("missing_user_id", "userId", sentence)])
        return refused(400, sentence, code="missing_user_id", field="userId")
    return reply(200, {}, notes=_apply(context, call, user_id))


def _apply(context: Context, call: Call, user_id: str) -> list[Note]:
    if isinstance(call, Identify):
        return _identify(context, call, user_id)
    creates = context.setup.profile == "sprig-actions"
    if isinstance(call, Alias):
        creates = context.setup.alias_creates_users
    known = context.environment.users.get(user_id)
    if known is None and not creates:
        sentence = f"There is no user {user_id[:100]!r}; only identify creates users"
        return [Note("unknown_user", "userId", sentence)]
    moment_ms = moment_of(call, received_ns=context.now_ns) // _MILLISECOND
    if isinstance(call, Screen):
        if call.name is None or not call.name:
            return [Note("missing_name", "name", "A screen without a name is no event")]
        return _event(context, context.user(user_id, lags=True), call.name, moment_ms=moment_ms)
    if isinstance(call, Page):
        return _page(context, context.user(user_id, lags=True), call, moment_ms=moment_ms)
    if isinstance(call, Track):
        notes = _event(context, context.user(user_id, lags=True), call.event, moment_ms=moment_ms)
        if call.properties:
            sentence = "Properties of events are not kept; only the event filters surveys"
            notes.append(Note("properties_ignored", "properties", sentence))
        return notes
    context.user(user_id, lags=True)
    if isinstance(call, Alias) and call.previous_id is not None:
        sentence = "An alias is an identify without attributes; the previous id is not used"
        return [Note("previous_id_ignored", "previousId", sentence)]
    return []


def _identify(context: Context, call: Identify, user_id: str) -> list[Note]:
    traits = call.traits or {}
    attributes, notes = attributes_from(traits, place="traits")
    user = context.user(user_id, lags=True)
    limit = context.setup.attribute_limit
    notes += merge_attributes(user, attributes, limit=limit, place="traits")
    email = traits.get("email")
    if isinstance(email, str) and email:
        user.email_address = email
    return notes


def _event(context: Context, user: User, name: str, *, moment_ms: int) -> list[Note]:
    held = None if name == PAGEVIEW else track_or_hold(context.environment, name)
    if held is not None:
        return [held]
    record_event(user, name, moment_ms=moment_ms)
    return []


def _page(context: Context, user: User, call: Page, *, moment_ms: int) -> list[Note]:
    url = (call.properties or {}).get("url")
    for name in url_events(context.environment, url if isinstance(url, str) else None):
        record_event(user, name, moment_ms=moment_ms)
    if isinstance(url, str) and len(url) > LONGEST_URL:
        sentence = f"URLs of over {LONGEST_URL} characters match no Page URL event"
        return [Note("url_ignored", "properties.url", sentence)]
    if url is not None and not isinstance(url, str):
        sentence = "The URL is not text and matches no Page URL event"
        return [Note("url_ignored", "properties.url", sentence)]
    return []
