"""The parts of a source: its audiences, its warehouse, and destinations with the vendor's side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.client.verb import Awaiting, AwaitingPart, Blocking, BlockingPart, verb
from mockseg.client.verbs import changing, vendor, warehouse
from mockseg.client.verbs.changing import NamedAudience
from mockseg.client.verbs.vendor import Connected
from mockseg.client.verbs.warehouse import WarehouseOfSource

if TYPE_CHECKING:
    from mockseg.client.scope import Scope
    from mockseg.operations.destinations import DestinationView


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
        return AsyncAudience(self._source.aio, self.name)

    enter = verb(changing.enter)
    leave = verb(changing.leave)
    sync = verb(changing.sync)


class AsyncAudience(AwaitingPart[NamedAudience]):
    """The same with awaitable verbs; see :class:`Audience`."""

    _called = "source.audience(...)"

    def __init__(self, source: Awaiting[Scope], name: str) -> None:
        super().__init__(source, NamedAudience(source._subject, name))
        self.name = name

    enter = verb(changing.enter)
    leave = verb(changing.leave)
    sync = verb(changing.sync)


class Warehouse(BlockingPart[WarehouseOfSource]):
    """Calls as rows of Segment's warehouse schema; ``source.warehouse()`` returns it."""

    _called = "source.warehouse()"

    @property
    def aio(self) -> AsyncWarehouse:
        return AsyncWarehouse(self._source.aio, self._subject)

    query = verb(warehouse.query, waits=True)
    show = verb(warehouse.show, waits=True)


class AsyncWarehouse(AwaitingPart[WarehouseOfSource]):
    """The same with awaitable verbs; see :class:`Warehouse`."""

    _called = "source.warehouse()"

    query = verb(warehouse.query)
    show = verb(warehouse.show)


class _Vendor:
    _subject: Connected

    @property
    def view(self) -> DestinationView:
        """How the destination was when it was last asked about."""
        return self._subject.view

    @property
    def id(self) -> str:
        """Its id; its state belongs to it."""
        return self.view.id

    @property
    def type(self) -> str:
        """Its kind, such as ``userengage``."""
        return self.view.type

    @property
    def api_key(self) -> str:
        """The key that Segment, and whoever calls the vendor directly, has to send."""
        key: str = self.view.settings.get("apiKey", "")
        return key

    @property
    def url(self) -> str | None:
        """The base URL of the imitated vendor; None when it is a service of your own."""
        return None if self.view.path is None else self._subject.server_url + self.view.path

    def __repr__(self) -> str:
        return f"<{self.type} destination {self.id!r} of source {self.view.source!r}>"


class Destination(_Vendor, BlockingPart[Connected]):
    """One destination, for threads; ``source.destination(...)`` returns it.

    Every verb raises :class:`~mockseg.errors.OperationError` when the server refuses it.
    """

    _called = "source.destination(...)"

    @property
    def aio(self) -> AsyncDestination:
        return AsyncDestination(self._source.aio, self._subject)

    state = verb(vendor.state)
    put_state = verb(vendor.put_state)
    act = verb(vendor.act)
    fail = verb(vendor.fail)
    eligible = verb(vendor.eligible)
    requests = verb(vendor.requests)
    assert_received = verb(vendor.assert_received)
    update = verb(vendor.update)
    remove = verb(vendor.remove)


class AsyncDestination(_Vendor, AwaitingPart[Connected]):
    """One destination, for event loops; see :class:`Destination`."""

    _called = "source.destination(...)"

    state = verb(vendor.state)
    put_state = verb(vendor.put_state)
    act = verb(vendor.act)
    fail = verb(vendor.fail)
    eligible = verb(vendor.eligible)
    requests = verb(vendor.requests)
    assert_received = verb(vendor.assert_received)
    update = verb(vendor.update)
    remove = verb(vendor.remove)
