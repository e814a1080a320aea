"""An audience of a source, as Segment computes it: who enters and who leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.client.verb import AwaitingPart, BlockingPart, verb
from mockseg.client.verbs import people
from mockseg.client.verbs.people import NamedAudience

if TYPE_CHECKING:
    from mockseg.client.scope import Scope
    from mockseg.client.verb import Awaiting, Blocking


class Audience(BlockingPart[NamedAudience]):
    """``source.audience(name)``; each verb is one sync, and brings one identify for each change.

    Attributes:
        name: as a person called it; the trait is its snake_case.
    """

    _called = "source.audience(...)"

    def __init__(self, source: Blocking[Scope], name: str) -> None:
        super().__init__(source, NamedAudience(source._subject, name))
        self.name = name

    @property
    def aio(self) -> AsyncAudience:
        """The same audience with awaitable verbs."""
        return AsyncAudience(self._source.aio, self.name)

    enter = verb(people.enter)
    leave = verb(people.leave)
    sync = verb(people.sync)


class AsyncAudience(AwaitingPart[NamedAudience]):
    """The same with awaitable verbs; see :class:`Audience`."""

    _called = "source.audience(...)"

    def __init__(self, source: Awaiting[Scope], name: str) -> None:
        super().__init__(source, NamedAudience(source._subject, name))
        self.name = name

    enter = verb(people.enter)
    leave = verb(people.leave)
    sync = verb(people.sync)
