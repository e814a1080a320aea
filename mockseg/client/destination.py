"""A destination of a source: what tests hold to look at the vendor's side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mockseg.client import verbs_destinations
from mockseg.client.unused import AwaitableVerbs
from mockseg.client.verbs_destinations import Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Unpack

    from mockseg.client.ask import Steps
    from mockseg.client.unused import Unused
    from mockseg.client.verbs_destinations import DestinationOptions
    from mockseg.json_types import Json, JsonObject
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.destinations import DestinationView, VendorRequestView


class _Connected:
    """What both kinds of destination know.

    Attributes:
        view: how the destination was when it was last asked about.
    """

    def __init__(self, view: DestinationView, *, server_url: str, unused: Unused) -> None:
        self.view = view
        self._server_url = server_url
        self._of_server = unused

    @property
    def id(self) -> str:
        """Give its id; its state belongs to it."""
        return self.view.id

    @property
    def type(self) -> str:
        """Give its kind, such as ``userengage``."""
        return self.view.type

    @property
    def api_key(self) -> str:
        """Give the key that Segment, and whoever calls the vendor directly, has to send."""
        key: str = self.view.settings.get("apiKey", "")
        return key

    @property
    def url(self) -> str | None:
        """Give the base URL of the imitated vendor; None when it is a service of your own."""
        return None if self.view.path is None else self._server_url + self.view.path

    def __repr__(self) -> str:
        return f"<{self.type} destination {self.id!r} of source {self.view.source!r}>"


class Destination(_Connected):
    """One destination, for threads; ``source.destination(...)`` makes it.

    Every verb raises :class:`~mockseg.errors.OperationError` when the server refuses it.
    """

    def __init__(
        self,
        view: DestinationView,
        *,
        server_url: str,
        read: Callable[[str, Steps[Any]], Any],
        wait: Callable[[str, Steps[Any]], Any],
        awaitable: Callable[[], Callable[[Steps[Any]], Coroutine[Any, Any, Any]]],
        unused: Unused,
    ) -> None:
        super().__init__(view, server_url=server_url, unused=unused)
        self._carry_out = read
        self._carry_out_waiting = wait
        self._awaitable = awaitable

    @property
    def aio(self) -> AsyncDestination:
        """Give the same destination with awaitable verbs."""
        return AsyncDestination(
            self.view,
            server_url=self._server_url,
            carry_out=self._awaitable(),
            unused=self._of_server,
        )

    def state(self) -> JsonObject:
        """Give what the imitated vendor has, in the names of its REST API."""
        state: JsonObject = self._read("state", verbs_destinations.state(self.id))
        return state

    def put_state(self, state: JsonObject) -> JsonObject:
        """Let the imitated vendor have this; what is left out begins empty."""
        steps = verbs_destinations.put_state(self.id, state)
        now: JsonObject = self._read("put_state", steps)
        return now

    def act(self, action: str, **arguments: Any) -> JsonObject:
        """Do what only the vendor's own page or SDK could; ``view.actions`` names it all."""
        steps = verbs_destinations.act(self.id, action, arguments)
        result: JsonObject = self._read("act", steps)
        return result

    def fail(self, error: str, *, times: int = 1) -> None:
        """Let the vendor answer the next requests with one of its errors, ``view.errors``."""
        self.act("fail", error=error, times=times)

    def eligible(self, survey: str, user: str) -> bool:
        """Tell whether a user may be shown a survey; of a vendor that has surveys."""
        return bool(self.act("eligible", survey=survey, user=user)["eligible"])

    def requests(self) -> list[VendorRequestView]:
        """Give everything that reached the imitated vendor, oldest first."""
        steps = verbs_destinations.requests(self.id)
        seen: list[VendorRequestView] = self._read("requests", steps)
        return seen

    def assert_received(
        self,
        matcher: Matcher | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        json: Json = None,
        status: int | None = None,
        sender: Literal["segment", "client"] | None = None,
        times: int | None = None,
        wait: float = 1.0,
    ) -> list[VendorRequestView]:
        """Give the requests that reached the vendor and are meant, oldest first.

        Args:
            matcher: of the message that the body is, such as ``track("Signed Up")``.
            method: exact.
            path: exact, below the destination's own prefix.
            json: what the body must contain.
            status: that it was answered.
            sender: ``segment``, or ``client`` when it came without Segment.
            times: so many and no more; one or more without.
            wait: seconds in which they must come; 0 is now.

        Raises:
            UnmetExpectationError: with what did reach it.
        """
        __tracebackhide__ = True
        expected = Expected(
            matcher=matcher, method=method, path=path, json=json, status=status, sender=sender
        )
        steps = verbs_destinations.assert_received(self.view, expected, times=times, wait=wait)
        meant: list[VendorRequestView] = self._wait("assert_received", steps)
        return meant

    def update(self, **options: Unpack[DestinationOptions]) -> None:
        """Change how calls are forwarded; what is not given stays."""
        steps = verbs_destinations.patch(self.id, dict(options))
        self.view = self._read("update", steps)

    def remove(self) -> None:
        """Take the destination away with all that the vendor has."""
        self._read("remove", verbs_destinations.remove(self.id))

    def _read(self, verb: str, steps: Steps[Any]) -> Any:
        __tracebackhide__ = True
        return self._carry_out(f"destination(...).{verb}", steps)

    def _wait(self, verb: str, steps: Steps[Any]) -> Any:
        __tracebackhide__ = True
        return self._carry_out_waiting(f"destination(...).{verb}", steps)


class AsyncDestination(_Connected, AwaitableVerbs):
    """One destination, for event loops; see :class:`Destination`."""

    def __init__(
        self,
        view: DestinationView,
        *,
        server_url: str,
        carry_out: Callable[[Steps[Any]], Coroutine[Any, Any, Any]],
        unused: Unused,
    ) -> None:
        super().__init__(view, server_url=server_url, unused=unused)
        self._carry_out = carry_out

    @property
    def _unused(self) -> Unused:
        return self._of_server

    async def state(self) -> JsonObject:
        """Give what the imitated vendor has, in the names of its REST API."""
        state: JsonObject = await self._carry_out(verbs_destinations.state(self.id))
        return state

    async def put_state(self, state: JsonObject) -> JsonObject:
        """Let the imitated vendor have this; what is left out begins empty."""
        now: JsonObject = await self._carry_out(verbs_destinations.put_state(self.id, state))
        return now

    async def act(self, action: str, **arguments: Any) -> JsonObject:
        """Do what only the vendor's own page or SDK could; ``view.actions`` names it all."""
        steps = verbs_destinations.act(self.id, action, arguments)
        result: JsonObject = await self._carry_out(steps)
        return result

    async def fail(self, error: str, *, times: int = 1) -> None:
        """Let the vendor answer the next requests with one of its errors, ``view.errors``."""
        await self.act("fail", error=error, times=times)

    async def eligible(self, survey: str, user: str) -> bool:
        """Tell whether a user may be shown a survey; of a vendor that has surveys."""
        return bool((await self.act("eligible", survey=survey, user=user))["eligible"])

    async def requests(self) -> list[VendorRequestView]:
        """Give everything that reached the imitated vendor, oldest first."""
        seen: list[VendorRequestView] = await self._carry_out(verbs_destinations.requests(self.id))
        return seen

    async def assert_received(
        self,
        matcher: Matcher | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        json: Json = None,
        status: int | None = None,
        sender: Literal["segment", "client"] | None = None,
        times: int | None = None,
        wait: float = 1.0,
    ) -> list[VendorRequestView]:
        """Give the requests that reached the vendor and are meant; see :class:`Destination`."""
        __tracebackhide__ = True
        expected = Expected(
            matcher=matcher, method=method, path=path, json=json, status=status, sender=sender
        )
        steps = verbs_destinations.assert_received(self.view, expected, times=times, wait=wait)
        meant: list[VendorRequestView] = await self._carry_out(steps)
        return meant

    async def update(self, **options: Unpack[DestinationOptions]) -> None:
        """Change how calls are forwarded; what is not given stays."""
        self.view = await self._carry_out(verbs_destinations.patch(self.id, dict(options)))

    async def remove(self) -> None:
        """Take the destination away with all that the vendor has."""
        await self._carry_out(verbs_destinations.remove(self.id))
