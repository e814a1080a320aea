"""How a UserLeap destination is set up, with the switches for what nothing public settles."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from mockseg.destinations.userleap.state import (
    PAGEVIEW,
    Environment,
    EventDefinition,
    State,
)
from mockseg.destinations.vendor import Setup
from mockseg.errors import VendorStateError
from mockseg.schemas.search import compile_search

OWN = "production"
"""The environment that the destination's own key selects."""

LONGEST_PATTERN = 250


class UserLeapSetup(Setup, frozen=True):
    """How it is set up.

    Attributes:
        environments: further environments by name, with the key of each; the destination's own
            key is that of ``production``.
        auto_accept: events that nobody defined are tracked (UL-12).
        events: code events that are accepted from the start.
        page_url_events: patterns by event name (UL-08).
        alias_creates_users: alias is like identify in this, too (UL-04, UL-X2).
        anonymous_calls: calls without a user id are answered 400, or dropped with 200 (UL-18).
        visible_after: seconds until reads find a user whom Segment or v2 has just created (UL-14).
        attribute_limit: attributes a user may have; more are ignored (UL-19).
        rate_limit: REST requests a key may make in 5 minutes; 0 for any number.
        profile: ``userleap-classic`` maps calls as UserLeap's own page says, ``sprig-actions``
            as the newer Sprig Cloud (Actions) does: identify, track and screen, each of which
            creates the user (UL-X5).
    """

    environments: dict[str, str] = {}
    auto_accept: bool = True
    events: list[str] = []
    page_url_events: dict[str, str] = {}
    alias_creates_users: bool = True
    anonymous_calls: Literal["refuse", "drop"] = "refuse"
    visible_after: Annotated[float, Meta(ge=0, le=10**9)] = 0
    attribute_limit: Annotated[int, Meta(ge=0)] = 100
    rate_limit: Annotated[int, Meta(ge=0)] = 1000
    profile: Literal["userleap-classic", "sprig-actions"] = "userleap-classic"


def empty_state(setup: UserLeapSetup) -> State:
    """Give the state of a destination to which nothing has come yet.

    Raises:
        VendorStateError: the setup contradicts itself.
    """
    state = State(auto_accept=setup.auto_accept)
    state.environments = {
        name: Environment(auto_accept=setup.auto_accept) for name in setup.environments
    }
    for environment in (state, *state.environments.values()):
        for index, name in enumerate(setup.events):
            definition = EventDefinition(name=name)
            check_definition(definition, environment, place=f"events[{index}]")
            environment.events[name] = definition
        for name, pattern in setup.page_url_events.items():
            definition = EventDefinition(name=name, kind="page_url", pattern=pattern)
            check_definition(definition, environment, place=f"pageUrlEvents.{name}")
            environment.events[name] = definition
    return state


def check_definition(definition: EventDefinition, environment: Environment, *, place: str) -> None:
    """Check an event that is to be added to an environment.

    Raises:
        VendorStateError: its name is empty, taken or ``pageview``; a Page URL event without a
            pattern, or with one that is too long or none; a code event with one.
    """
    name, pattern = definition.name, definition.pattern
    if not name or name == PAGEVIEW:
        raise VendorStateError(
            f"an event cannot be called {name!r}: a name is needed, and {PAGEVIEW!r} is UserLeap's",
            place=place,
        )
    known = environment.events.get(name)
    if known is not None and known.status == "accepted":
        raise VendorStateError(f"there is an event {name!r} already; names are unique", place=place)
    if definition.kind == "code":
        if pattern is not None:
            raise VendorStateError("only Page URL events have a pattern", place=place)
        return
    if pattern is None or not 0 < len(pattern) <= LONGEST_PATTERN:
        raise VendorStateError(
            f"a Page URL event has a pattern of 1 to {LONGEST_PATTERN} characters,"
            f" not {0 if pattern is None else len(pattern)}",
            place=place,
        )
    if compile_search(pattern) is None:
        raise VendorStateError(
            f"the pattern {pattern[:100]!r} is no regular expression", place=place
        )
