"""A state that somebody gives: filled up where it is short, and checked."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from mockseg.destinations.records import copied, fill, record_from
from mockseg.destinations.userleap.changes import mint_uuid
from mockseg.destinations.userleap.setup import check_definition
from mockseg.destinations.userleap.state import Environment, State
from mockseg.destinations.userleap.surveys import check_survey
from mockseg.errors import VendorStateError

if TYPE_CHECKING:
    import random

    from mockseg.destinations.userleap.setup import UserLeapSetup
    from mockseg.json_types import Json, JsonObject


def restored_state(state: Json, *, setup: UserLeapSetup, random: random.Random) -> State:
    """Make a state of JSON.

    Names are taken from the keys where they are left out, ids are minted, moments are 0; the
    settings are those of the setup.

    Args:
        state: as it is read, or less.
        setup: whose environments there may be.
        random: mints ids.

    Raises:
        VendorStateError: names the place and what is allowed.
    """
    given = copied(state)
    if isinstance(given, dict):
        _fill(given, setup=setup, random=random)
        others = given.setdefault("environments", {})
        if isinstance(others, dict):
            for name in setup.environments:
                others.setdefault(name, {})
            for other in others.values():
                _fill(other, setup=setup, random=random)
    wanted = record_from(given, State)
    for name in wanted.environments:
        if name not in setup.environments:
            raise VendorStateError(
                f"there is no environment {name[:100]!r}: none has been set up with its key",
                place=f"environments.{name}",
            )
    _check_environment(wanted, place="")
    for name, environment in wanted.environments.items():
        _check_environment(environment, place=f"environments.{name}.")
    return wanted


def _fill(environment: Json, *, setup: UserLeapSetup, random: random.Random) -> None:
    if not isinstance(environment, dict):
        return
    environment.setdefault("autoAccept", setup.auto_accept)
    users = environment.get("users")
    fill(users, partial(_user, random=random))
    if isinstance(users, dict):
        for user in users.values():
            if isinstance(user, dict):
                fill(user.get("events"), _event)
    fill(environment.get("events"), lambda name: {"name": name})
    surveys = environment.get("surveys")
    if isinstance(surveys, dict):
        numbers = count(_highest(surveys) + 1)
        fill(
            surveys,
            lambda name: {"name": name, "id": next(numbers), "createdAt": 0, "updatedAt": 0},
        )


def _highest(surveys: JsonObject) -> int:
    """Give the highest number that is taken."""
    given = (survey.get("id") for survey in surveys.values() if isinstance(survey, dict))
    return max((number for number in given if isinstance(number, int)), default=0)


def _user(key: str, *, random: random.Random) -> JsonObject:
    return {"id": mint_uuid(random), "externalUserId": key, "createdAt": 0, "visibleAt": 0}


def _event(name: str) -> JsonObject:
    return {"event": name, "count": 1, "createdAt": 0, "updatedAt": 0}


def _check_environment(environment: Environment, *, place: str) -> None:
    """Check what the types of a state cannot say."""
    for key, user in environment.users.items():
        wanted = user.id if user.external_user_id is None else user.external_user_id
        if not key or key != wanted:
            raise VendorStateError(
                f"the key of a user is its externalUserId, or its id without one: {wanted!r}",
                place=f"{place}users.{key}",
            )
    blank = Environment()
    for key, definition in environment.events.items():
        where = f"{place}events.{key}"
        if key != definition.name:
            raise VendorStateError(
                f"the key of an event is its name: {definition.name!r}", place=where
            )
        check_definition(definition, blank, place=where)
    for key, survey in environment.surveys.items():
        where = f"{place}surveys.{key}"
        if key != survey.name:
            raise VendorStateError(f"the key of a survey is its name: {survey.name!r}", place=where)
        try:
            check_survey(triggers=survey.triggers, filters=survey.filters, groups=survey.groups)
        except VendorStateError as error:
            raise VendorStateError(error.reason, place=f"{where}.{error.place}") from None
