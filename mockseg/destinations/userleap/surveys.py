"""Surveys: who may be asked, and what makes one appear.

Filters decide who is eligible; events and attributes filter, they never trigger. A trigger
decides when, and only the SDK triggers: an event that came through Segment never does (UL-10,
UL-X1). Surveys by email and by link need neither the SDK nor a trigger (UL-11). Source:
UserLeap's pages on Segment and on filters and triggers.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping

from mockseg import json_types
from mockseg.destinations.userdata import Scalar
from mockseg.destinations.userleap.state import (
    Environment,
    Event,
    Filter,
    Operator,
    Survey,
    User,
    Value,
)
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import VendorStateError

_UNEQUAL = frozenset({"!=", "≠"})
_COMPARISONS = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    **dict.fromkeys(_UNEQUAL, operator.ne),
}
_MILLISECOND = 1_000_000


def _problem_of(condition: Filter) -> tuple[str, str] | None:
    """Return the field and the sentence of what is wrong with a filter, or None."""
    if (condition.event is None) == (condition.attribute is None):
        return "event", "a filter names either an event or an attribute"
    value, comparison = condition.value, condition.operator
    shown = json_types.encode(value).decode()[:100]
    if comparison == "is set":
        if value is not None and not isinstance(value, bool):
            return "value", f"`is set` compares with true or false, not {shown}"
        return None
    if condition.attribute is not None:
        return ("value", f"`{comparison}` needs a value to compare with") if value is None else None
    if comparison in _UNEQUAL:
        return "operator", "events are compared by is set, =, >, >=, < or <="
    if condition.of == "occurrences":
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            return "value", f"occurrences are compared with a whole number from 0, not {shown}"
    elif _moment(value) is None:
        return (
            "value",
            f"moments are compared with ISO 8601 text or milliseconds since 1970, not {shown}",
        )
    return None


def holds(condition: Filter, user: User) -> bool:
    """Return whether a well-made filter holds for a user.

    An event that never occurred has 0 occurrences, and no moment that compares; an attribute
    that is not set is unequal to everything, and compares otherwise with nothing.
    """
    if condition.event is not None:
        return _event_holds(condition, user.events)
    assert condition.attribute is not None  # noqa: S101  (a filter has one of the two)
    stored = user.attributes.get(condition.attribute)
    if condition.operator == "is set":
        return (stored is not None) == (condition.value is not False)
    if stored is None:
        return condition.operator in _UNEQUAL
    return _attribute_holds(stored, condition.operator, condition.value)


def sentence_of(condition: Filter) -> str:
    if condition.event is not None:
        subject = f"event {condition.event!r}"
        if condition.operator != "is set":
            subject += f" {condition.of}"
    else:
        subject = f"attribute {condition.attribute!r}"
    if condition.operator == "is set":
        return f"{subject} is {'not ' if condition.value is False else ''}set"
    return f"{subject} {condition.operator} {json_types.encode(condition.value).decode()}"


def _event_holds(condition: Filter, events: Mapping[str, Event]) -> bool:
    assert condition.event is not None  # noqa: S101  (the caller looked)
    event = events.get(condition.event)
    if condition.operator == "is set":
        return (event is not None) == (condition.value is not False)
    wanted: float | None
    if condition.of == "occurrences":
        count_or_moment: float | None = 0 if event is None else event.count
        wanted = condition.value if isinstance(condition.value, int) else None
    else:
        count_or_moment = None
        if event is not None:
            first = condition.of == "first occurred"
            count_or_moment = event.created_at if first else event.updated_at
        wanted = _moment(condition.value)
    if count_or_moment is None or wanted is None:
        return False
    return bool(_COMPARISONS[condition.operator](count_or_moment, wanted))


def _attribute_holds(stored: Scalar, comparison: Operator, wanted: Value) -> bool:
    """Compare as numbers where both are, numeric text too; else texts for equality only."""
    left, right = _number(stored), _number(wanted)
    if left is not None and right is not None:
        return bool(_COMPARISONS[comparison](left, right))
    same = _text(stored) == _text(wanted)
    return same if comparison == "=" else comparison in _UNEQUAL and not same


def _moment(value: Value) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    moment = parse_moment(value)
    return None if moment is None else moment / _MILLISECOND


def _number(value: Value) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            # Far longer numbers are texts, and slow to read.
            number = float(value) if len(value) <= 40 else math.nan
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return value


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json_types.encode(value).decode()


_SDKS = {"web": frozenset({"web"}), "mobile": frozenset({"ios", "android"})}


def check_survey(survey: Survey) -> None:
    """Check a survey that is to be defined.

    Raises:
        VendorStateError: names the place and what is allowed.
    """
    if len(set(survey.triggers)) != len(survey.triggers):
        raise VendorStateError("duplicate trigger: each must be unique", place="triggers")
    for place, conditions in (
        ("filters", survey.filters),
        *((f"groups[{number}]", group) for number, group in enumerate(survey.groups)),
    ):
        for index, condition in enumerate(conditions):
            problem = _problem_of(condition)
            if problem is not None:
                field, sentence = problem
                raise VendorStateError(sentence, place=f"{place}[{index}].{field}")
    if any(not group for group in survey.groups):
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
    """Show the surveys that these events of the SDK trigger, once per user; return their names.

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
