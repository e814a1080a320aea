"""Verbs about the people of a source, as Segment computes them: audiences, traits, deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mockseg.client.operation_call import OperationCall
from mockseg.operations.destinations import ChangeAudience, RequestDeletion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.client.operation_call import Steps
    from mockseg.client.scope import Scope
    from mockseg.json_types import JsonObject
    from mockseg.operations.destinations import AudienceChanged, DeletionRequested


class NamedAudience(NamedTuple):
    scope: Scope
    name: str


def enter(audience: NamedAudience, user_ids: Iterable[str]) -> Steps[AudienceChanged]:
    """Let users enter; those who are in it already bring no call."""
    return (yield from _change(audience.scope, audience=audience.name, enter=list(user_ids)))


def leave(audience: NamedAudience, user_ids: Iterable[str]) -> Steps[AudienceChanged]:
    """Let users leave; they are identified with false, not deleted."""
    return (yield from _change(audience.scope, audience=audience.name, leave=list(user_ids)))


def sync(audience: NamedAudience, members: Iterable[str]) -> Steps[AudienceChanged]:
    """Let exactly these be its members; only changes since the last sync bring calls."""
    return (yield from _change(audience.scope, audience=audience.name, members=list(members)))


def computed_trait(scope: Scope, name: str, values: JsonObject) -> Steps[AudienceChanged]:
    """Set a computed trait; users whose value changed are identified with it.

    Args:
        name: of the trait.
        values: by user id.
    """
    return (yield from _change(scope, computed_trait=name, values=values))


def request_deletion(scope: Scope, user_id: str) -> Steps[list[str]]:
    """Tell webhooks that a user is to be deleted; return the ids of those that are told."""
    requested: DeletionRequested = yield OperationCall(
        "request_deletion", RequestDeletion(write_key=scope.write_key, user_id=user_id)
    )
    return requested.destinations


def _change(scope: Scope, **change: Any) -> Steps[AudienceChanged]:
    changed: AudienceChanged = yield OperationCall(
        "change_audience", ChangeAudience(write_key=scope.write_key, **change)
    )
    return changed
