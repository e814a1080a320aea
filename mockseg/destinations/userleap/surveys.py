"""Surveys: who may be asked, and what makes one appear.

Filters decide who is eligible. A trigger decides when, and only the SDK triggers: an event that
came through Segment never does (UL-10, UL-X1). Surveys by email and by link need neither the
SDK nor a trigger (UL-11). Source: UserLeap's pages on Segment and on filters and triggers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.destinations.userleap.filters import fault_of, holds, sentence_of
from mockseg.errors import VendorStateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mockseg.destinations.userleap.filters import Filter
    from mockseg.destinations.userleap.state import Environment, Survey, User


_SDKS = {"web": frozenset({"web"}), "mobile": frozenset({"ios", "android"})}


def check_survey(
    *, triggers: Sequence[str], filters: Sequence[Filter], groups: Sequence[Sequence[Filter]]
) -> None:
    """Check a survey that is to be defined.

    Raises:
        VendorStateError: names the place and what is allowed.
    """
    if len(set(triggers)) != len(triggers):
        raise VendorStateError("triggers are unique", place="triggers")
    for place, conditions in (
        ("filters", filters),
        *((f"groups[{number}]", group) for number, group in enumerate(groups)),
    ):
        for index, condition in enumerate(conditions):
            fault = fault_of(condition)
            if fault is not None:
                raise VendorStateError(fault[1], place=f"{place}[{index}].{fault[0]}")
    if any(not group for group in groups):
        raise VendorStateError("a logic group has at least one filter", place="groups")


def obstacles(survey: Survey, user: User) -> list[str]:
    """Say why a user is not eligible for a survey, a sentence each; nothing for one who is."""
    reasons = []
    if survey.status != "IN_PROGRESS":
        reasons.append(f"the survey is {survey.status}, not IN_PROGRESS")
    sdks = _SDKS.get(survey.platform)
    if sdks is not None and not any(visitor.platform in sdks for visitor in user.visitors):
        reasons.append(
            f"no {survey.platform} SDK has set this user's id, and a survey on"
            f" {survey.platform} is shown by the SDK"
        )
    if survey.platform == "email" and not user.email_address:
        reasons.append("the user has no email address")
    reasons += [
        f"filter: {sentence_of(condition)}"
        for condition in survey.filters
        if not holds(condition, user)
    ]
    if survey.groups and not any(
        all(holds(condition, user) for condition in group) for group in survey.groups
    ):
        groups = " or ".join(
            "(" + " and ".join(map(sentence_of, group)) + ")" for group in survey.groups
        )
        reasons.append(f"no logic group holds: {groups}")
    return reasons


def shown_by(
    environment: Environment, user: User, *, events: Iterable[str], platform: str
) -> list[str]:
    """Show the surveys that these events of the SDK trigger, once per user; give their names.

    Args:
        environment: whose surveys.
        user: whose visitor it is.
        events: that the SDK has just reported.
        platform: of the SDK.
    """
    reported = set(events)
    shown = [
        survey.name
        for survey in environment.surveys.values()
        if platform in _SDKS.get(survey.platform, frozenset())
        and not reported.isdisjoint(survey.triggers)
        and survey.name not in user.surveys_shown
        and not obstacles(survey, user)
    ]
    user.surveys_shown.extend(shown)
    return shown
