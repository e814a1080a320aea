"""An audience of a source, as Segment computes it: who enters and who leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.client import verbs_destinations
from mockseg.client.unused import AwaitableVerbs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.client.unused import Unused
    from mockseg.operations.destinations import AudienceChanged


class Audience:
    """``source.audience(name)``; each verb is one sync, and brings one identify for each change.

    Attributes:
        name: as a person called it; the trait is its snake_case.
    """

    def __init__(self, scope: Scope, name: str, *, read: Callable[[str, Steps[Any]], Any]) -> None:
        self._scope = scope
        self._read = read
        self.name = name

    def enter(self, user_ids: Iterable[str]) -> AudienceChanged:
        """Let users enter; those who are in it already bring no call."""
        return self._change(
            "enter", verbs_destinations.audience(self._scope, self.name, enter=user_ids)
        )

    def leave(self, user_ids: Iterable[str]) -> AudienceChanged:
        """Let users leave; they are identified with false, not deleted."""
        return self._change(
            "leave", verbs_destinations.audience(self._scope, self.name, leave=user_ids)
        )

    def sync(self, members: Iterable[str]) -> AudienceChanged:
        """Let exactly these be its members; only changes since the last sync bring calls."""
        return self._change(
            "sync", verbs_destinations.audience(self._scope, self.name, members=members)
        )

    def _change(self, verb: str, steps: Steps[AudienceChanged]) -> AudienceChanged:
        changed: AudienceChanged = self._read(f"audience(...).{verb}", steps)
        return changed


class AsyncAudience(AwaitableVerbs):
    """The same with awaitable verbs; see :class:`Audience`."""

    def __init__(
        self,
        scope: Scope,
        name: str,
        *,
        carry_out: Callable[[Steps[Any]], Coroutine[Any, Any, Any]],
    ) -> None:
        self._scope = scope
        self._carry_out = carry_out
        self.name = name

    @property
    def _unused(self) -> Unused:
        return self._scope.unused

    async def enter(self, user_ids: Iterable[str]) -> AudienceChanged:
        """Let users enter; those who are in it already bring no call."""
        return await self._change(
            verbs_destinations.audience(self._scope, self.name, enter=user_ids)
        )

    async def leave(self, user_ids: Iterable[str]) -> AudienceChanged:
        """Let users leave; they are identified with false, not deleted."""
        return await self._change(
            verbs_destinations.audience(self._scope, self.name, leave=user_ids)
        )

    async def sync(self, members: Iterable[str]) -> AudienceChanged:
        """Let exactly these be its members; only changes since the last sync bring calls."""
        return await self._change(
            verbs_destinations.audience(self._scope, self.name, members=members)
        )

    async def _change(self, steps: Steps[AudienceChanged]) -> AudienceChanged:
        changed: AudienceChanged = await self._carry_out(steps)
        return changed
